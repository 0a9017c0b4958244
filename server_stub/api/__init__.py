"""The central over HTTP: routes, their forms, who may call them, how they refuse."""
