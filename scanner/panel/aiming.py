"""What the camera sees, small enough for a terminal: to aim it, to focus it, and to see what a reader adds to a code.

Law: read-only pixels in, a reply out. The picture is too small for a code to be read from it, and of what was read only
the shape is told: kinds of characters, never the characters.

Source: docs/console.md, "Hardware"; docs/privacy.md.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from string import punctuation
from typing import Any

import cv2
import numpy as np

from hardware.frames import Frame, Grey
from scanner.control import Reply
from scanner.reading.candidate import Candidate, Quad

WIDTH_PX = 96
SEEN_FOR_MS = 1_500
"""How long the outline of a code stays after it was read."""
READS_KEPT = 10
SHAPE_HEAD, SHAPE_TAIL = 18, 5
"""What is shown of a long read: prefixes stand at the head, what a scanner adds at the tail."""
SHARP_SPREAD = 12.0
"""Spread of the differences to the neighbours at which an edge is as sharp as a camera makes it: 100."""
STEP_PX = 2


@dataclass(slots=True)
class Sight:
    """The newest frame and the last codes of one camera. Written by the lane's thread, read by any."""

    frame: Frame | None = None
    codes: tuple[Candidate, ...] = ()
    codes_ms: int = 0
    reads: deque[tuple[int, Candidate]] = field(default_factory=lambda: deque(maxlen=READS_KEPT))

    def note(self, frame: Frame, codes: Sequence[Candidate]) -> None:
        """A frame was looked at."""
        self.frame = frame
        if codes:
            is_new = codes[0].payload not in {one.payload for one in self.codes}
            if is_new or frame.captured_ms - self.codes_ms > SEEN_FOR_MS:
                self.reads.append((frame.captured_ms, codes[0]))
            self.codes, self.codes_ms = tuple(codes), frame.captured_ms

    def tell(self, state: str, mono_ms: int, now_ms: int) -> Reply:
        """The reply to ``{"do": "camera"}``."""
        frame, codes = self.frame, self.codes if mono_ms - self.codes_ms < SEEN_FOR_MS else ()
        reads = [
            {
                "at": now_ms - (mono_ms - at_ms),
                "symbology": one.symbology,
                "bytes": len(one.payload),
                "shape": shape_of(one.payload),
            }
            for at_ms, one in reversed(list(self.reads))
        ]
        reply: dict[str, Any] = {"state": state, "reads": reads}
        if frame is not None:
            reply |= _picture(frame.grey, [one.quad for one in codes])
            reply["code"] = codes[0].symbology if codes else None
        return reply


def _picture(grey: Grey, quads: Sequence[Quad]) -> dict[str, Any]:
    height, width = grey.shape
    rows = max(1, round(WIDTH_PX * height / width))
    small = cv2.resize(grey, (WIDTH_PX, rows), interpolation=cv2.INTER_AREA)
    outlines = [[[x / width, y / height] for x, y in quad] for quad in quads]
    encoded = base64.b64encode(small.tobytes()).decode()
    return {
        "picture": {"width": WIDTH_PX, "height": rows, "grey": encoded, "outlines": outlines},
        "sharpness": sharpness(grey),
        "exposure": {"mean": round(float(small.mean()))},
    }


def sharpness(grey: Grey) -> int:
    """0 to 100: how steep the steepest edges are, whatever the light."""
    part = grey[::STEP_PX].astype(np.int16)
    steps = np.abs(np.diff(part, axis=1))
    contrast = float(np.percentile(part, 99) - np.percentile(part, 1))
    steepest = float(np.percentile(steps, 99.8))
    return 0 if contrast < SHARP_SPREAD else min(100, round(100 * steepest / contrast))


def shape_of(payload: bytes) -> str:
    """``9`` a digit, ``A`` and ``a`` a letter, a control character's picture, a sign itself, ``·`` any other byte."""
    marks = [_mark(byte) for byte in payload]
    if len(marks) > SHAPE_HEAD + SHAPE_TAIL:
        marks = [*marks[:SHAPE_HEAD], "…", *marks[-SHAPE_TAIL:]]
    return "".join(marks)


def _mark(byte: int) -> str:
    character = chr(byte)
    if character.isascii() and character.isdigit():
        return "9"
    if character.isascii() and character.isalpha():
        return "A" if character.isupper() else "a"
    if byte <= 0x20:  # noqa: PLR2004 - space and the control characters below it
        return chr(0x2400 + byte)
    return character if character in punctuation else "·"
