"""What a gate tells its console, and what a technician may do from there."""
