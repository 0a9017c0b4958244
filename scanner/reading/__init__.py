"""From pixels to payloads: decoders, opinions, symbologies."""
