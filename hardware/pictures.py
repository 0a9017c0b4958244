"""Picture files: which files of a folder are pictures, and their pixels in grey.

Law: a file that is no picture is a None, not an exception. Transparent pixels count as white paper.

Source: docs/decoding.md, "Replaying pictures".
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from hardware.frames import Grey, read_only

# OpenCV writes to standard error, which is for our JSON lines; what it has to say is seen from what it returns.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".tif", ".tiff", ".webp"})


def list_pictures(folder: Path) -> list[Path]:
    """The folder's pictures in name order; other files and hidden ones are left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")
    )


def load_grey(path: Path) -> Grey | None:
    """The picture in grey, read-only; None when the file cannot be read as a picture."""
    try:
        picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
        return None if picture is None else read_only(to_grey(picture))
    except (OSError, cv2.error):
        return None


def to_grey(picture: np.ndarray) -> Grey:
    """One byte a pixel, from 8 or 16 bits, grey or BGR, with or without transparency."""
    if picture.dtype == np.uint16:
        picture = picture >> 8
    picture = picture.astype(np.uint8, copy=False)
    if picture.ndim < 3:  # noqa: PLR2004 - rows and columns only
        return picture
    channels = picture.shape[2]
    if channels in (1, 2):
        grey = picture[:, :, 0]
    else:
        grey = np.asarray(cv2.cvtColor(picture[:, :, :3], cv2.COLOR_BGR2GRAY), np.uint8)
    return _on_white(grey, picture[:, :, -1]) if channels in (2, 4) else np.ascontiguousarray(grey)


def _on_white(grey: Grey, alpha: Grey) -> Grey:
    opacity = alpha.astype(np.uint16)
    mixed = (grey.astype(np.uint16) * opacity + 255 * (255 - opacity)) // 255
    return mixed.astype(np.uint8)
