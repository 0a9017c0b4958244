"""The change test: is there anything new in front of the lens, and where?

Law: cheap enough for every frame (under a tenth of a millisecond at 1280 by 720), because a lane is empty most of
the day. It forgives what is no visitor: noise, flicker, auto exposure. It never says where a code is, only
where the picture differs from the slow background.

Source: docs/decoding.md, "The change test".
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.reading.candidate import Box

GRID_PX = 8
"""Every eighth pixel of every eighth row is looked at."""

_LEARNING_RATE = 1 / 64
_LEAST_THRESHOLD = 10.0
_MOST_THRESHOLD = 40.0
_THRESHOLD_NOISES = 8.0
"""Of the median difference, which is two thirds of a standard deviation of the noise."""

_LEAST_CHANGED_CELLS = 4


class ChangeTest:
    """Compares each frame with a background that follows slowly."""

    def __init__(self) -> None:
        self._background: NDArray[np.float32] | None = None
        self._noise = 1.0

    def changed_box(self, grey: NDArray[np.uint8]) -> Box | None:
        """The box around what differs from the background; None when nothing does.

        The first frame, and one of another size, differs all over.
        """
        cells = np.ascontiguousarray(grey[::GRID_PX, ::GRID_PX]).astype(np.float32)
        if self._background is None or self._background.shape != cells.shape:
            self._background = cells
            return Box(0, 0, grey.shape[1], grey.shape[0])
        difference = self._difference(cells, self._background)
        cv2.accumulateWeighted(cells, self._background, _LEARNING_RATE)
        return self._box_of(difference, grey.shape[1], grey.shape[0])

    def _difference(
        self, cells: NDArray[np.float32], background: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """How far each cell is from the background, a change of the whole picture's brightness undone."""
        signed = cells - background
        # The mean over a cell's neighbours: one noisy cell is no visitor.
        smooth = np.asarray(cv2.blur(signed, (3, 3)), np.float32)
        difference = np.abs(smooth - np.float32(_middle(signed)))
        # A visitor fills less than half of the picture, so the middle of all differences is noise.
        self._noise += (_middle(difference) - self._noise) / 8
        return np.asarray(difference)

    def _box_of(self, difference: NDArray[np.float32], width: int, height: int) -> Box | None:
        threshold = min(max(_THRESHOLD_NOISES * self._noise, _LEAST_THRESHOLD), _MOST_THRESHOLD)
        mask = (difference > threshold).view(np.uint8)
        if cv2.countNonZero(mask) < _LEAST_CHANGED_CELLS:
            return None
        left, top, columns, rows = cv2.boundingRect(mask)
        return Box(
            left * GRID_PX,
            top * GRID_PX,
            min((left + columns) * GRID_PX, width),
            min((top + rows) * GRID_PX, height),
        )


def _middle(cells: NDArray[np.float32]) -> float:
    """The median of a sample."""
    sample = cells[::4, ::4].ravel()
    half = sample.size // 2
    return float(np.partition(sample, half)[half])
