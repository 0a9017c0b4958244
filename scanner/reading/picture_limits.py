"""How light and how sharp a picture has to be, so that codes in it can be read: for whoever aims a camera.

Law: nothing but numbers, so that a screen can name them without loading what looks at pictures.

Source: tried with printed codes, docs/decoding.md.
"""

from __future__ import annotations

SHARP_SHARE = 40
"""Of the steepest edge that the light allows, in per cent: below it a code at arm's length is not read reliably."""
DARKEST, BRIGHTEST = 40, 215
"""Mean grey levels of 255 beyond which details drown."""
