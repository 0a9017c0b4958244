"""What people read in their own language: the English texts, and a catalogue for each other language."""
