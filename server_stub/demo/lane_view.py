"""The lane as the camera sees it when nobody shows anything: wall, floor, posts, perhaps somebody walking.

Law: the same seed gives the same pixels. No code is ever in it.

Source: docs/decoding.md, "Rendered frames".
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Layer = NDArray[np.float32]
"""Grey levels 0 to 255 with fractions, height by width."""


def draw_lane(seed: int, width: int, height: int, walker: float | None = None) -> Layer:
    """Wall, floor, posts and light; `walker` is where somebody stands, 0 left to 1 right."""
    random = np.random.default_rng(seed)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    lane = 150 - 40 * rows - 25 * columns**2
    horizon = int(height * 0.62)
    lane[horizon:] -= 25
    lane += _grain(random, width, height)
    for place in (0.08, 0.9):
        left = int(place * width)
        cv2.rectangle(lane, (left, height // 4), (left + width // 28, height), 70.0, -1)
    cv2.line(lane, (0, horizon), (width, horizon), 80.0, 3)
    if walker is not None:
        _draw_walker(lane, walker)
    return lane


def _grain(random: np.random.Generator, width: int, height: int) -> Layer:
    """The uneven look of plaster and stone: a few coarse blotches."""
    coarse = random.normal(0, 6, (height // 40 + 2, width // 40 + 2)).astype(np.float32)
    return np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    )


def _draw_walker(lane: Layer, place: float) -> None:
    height, width = lane.shape
    x = int(place * width)
    shoulder = height * 2 // 5
    cv2.ellipse(lane, (x, height), (width // 9, height - shoulder), 0, 180, 360, 60.0, -1)
    cv2.circle(lane, (x, shoulder - height // 12), height // 10, 120.0, -1)
