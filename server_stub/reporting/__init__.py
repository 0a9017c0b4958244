"""What happened, for people: lists, sums, exceptions."""
