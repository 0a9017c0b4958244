"""What gates may know, signed: bases, deltas, the repository and its keys."""
