"""The set-up wizard of the console."""
