"""Picture health: a camera that delivers frames and yet shows nothing.

Law: pure but for what it remembers of the last pictures. A lens that is covered, a lane without light and a
sensor that repeats one picture are faults of their own: the frames keep coming and no code can be read.

Source: docs/decoding.md, "Cameras".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hardware.frames import Grey

GRID_PX = 16
"""Every sixteenth pixel of every sixteenth row is looked at."""

DARK_LEVEL = 12
FLAT_SPREAD = 4.0
DARK_AFTER_MS = 2_000
FROZEN_AFTER_MS = 5_000
"""A living sensor's noise never repeats a picture; one that is repeated for so long is frozen."""


class PictureHealth:
    """Watches one camera's pictures."""

    def __init__(self) -> None:
        self._cells: NDArray[np.uint8] | None = None
        self._changed_ms = 0
        self._seen_well_ms: int | None = None
        self._now_ms = 0

    def note(self, grey: Grey, captured_ms: int) -> None:
        """Take in the next picture."""
        cells = grey[::GRID_PX, ::GRID_PX].copy()
        if self._cells is None or not np.array_equal(cells, self._cells):
            self._changed_ms = captured_ms
        self._cells = cells
        self._now_ms = captured_ms
        is_dark = float(cells.mean()) < DARK_LEVEL
        is_flat = float(cells.std()) < FLAT_SPREAD
        if self._seen_well_ms is None or not (is_dark or is_flat):
            self._seen_well_ms = captured_ms

    @property
    def fault(self) -> str | None:
        """`covered` (or in the dark), `frozen`, or None."""
        if self._seen_well_ms is None:
            return None
        if self._now_ms - self._seen_well_ms >= DARK_AFTER_MS:
            return "covered"
        if self._now_ms - self._changed_ms >= FROZEN_AFTER_MS:
            return "frozen"
        return None
