"""Setting a gate up: a few questions, and the configuration that follows from the answers."""
