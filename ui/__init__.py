"""The console and the lane display, their own process: they see status, never machinery."""
