"""Plain grey pictures whose level says which one they are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def grey_of_level(level: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A picture of one level."""
    return np.full((height, width), level, np.uint8)


def write_level(folder: Path, name: str, level: int) -> Path:
    """A picture file of one level, put there by rename as a careful writer does."""
    partial = folder / f".{name}.part.png"
    assert cv2.imwrite(str(partial), grey_of_level(level))
    return partial.rename(folder / name)
