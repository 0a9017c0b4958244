"""`portillon-central`, command by command."""
