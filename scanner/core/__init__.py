"""The pure core: facts in, decision out. No input/output, no clock, no randomness."""
