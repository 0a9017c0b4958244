"""`portillon`, command by command."""
