"""Picture views: the same picture enlarged, sharpened, turned, so that a decoder gets another chance.

Law: a view knows its way back, so that a position found in it is told in pixels of the picture. No view is
larger than `MAX_VIEW_PIXELS` unless the picture itself is.

Source: docs/decoding.md, "All the time it needs"; the views were chosen by `benchmarks/photos.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.reading.candidate import Box, Quad

Grey: TypeAlias = NDArray[np.uint8]

MAX_VIEW_PIXELS = 8_000_000
LEAST_SIDE_PX = 8


MakeView: TypeAlias = Callable[[Grey], "View | None"]
"""Makes a view; None where the picture is too large for it."""


@dataclass(frozen=True, slots=True)
class View:
    """A changed copy of a picture.

    Args:
        grey: its pixels.
        to_picture: 2 by 3, takes a point of the view to the picture.
    """

    grey: Grey
    to_picture: NDArray[np.float64]

    def seen_through(self, make: MakeView) -> View | None:
        """A view of this view, that knows its way back to the picture."""
        view = make(self.grey)
        if view is None:
            return None
        last_row = np.array([[0, 0, 1]], np.float64)
        return View(view.grey, self.to_picture @ np.vstack([view.to_picture, last_row]))

    def quad(self, corners: Quad) -> Quad:
        """Corners of the view as corners of the picture."""
        points = np.hstack([np.array(corners, np.float64), np.ones((4, 1))])
        a, b, c, d = ((round(x), round(y)) for x, y in points @ self.to_picture.T)
        return a, b, c, d

    def box_quad(self, box: Box) -> Quad:
        """A box of the view as corners of the picture."""
        return self.quad(
            (
                (box.left, box.top),
                (box.right, box.top),
                (box.right, box.bottom),
                (box.left, box.bottom),
            )
        )


def steepened(grey: Grey, sigma_px: float, amount: float) -> Grey:
    """Edges made steeper: the picture plus `amount` times what a blur of `sigma_px` takes from it."""
    soft = cv2.GaussianBlur(grey, (0, 0), sigma_px)
    return np.asarray(cv2.addWeighted(grey, 1 + amount, soft, -amount, 0), np.uint8)


def as_it_is(picture: Grey) -> View:
    """The picture itself."""
    return View(picture, _scaling(1))


def shrunk_to(picture: Grey, pixels: int) -> View:
    """The picture itself, or averaged down to about so many pixels."""
    factor = (pixels / picture.size) ** 0.5 if picture.size > pixels else 1.0
    view = scaled(factor)(picture) if factor < 1 else None
    return view or as_it_is(picture)


def scaled(factor: float) -> MakeView:
    """Larger (smoothly) or smaller (averaged)."""

    def make(picture: Grey) -> View | None:
        if factor > 1 and picture.size * factor * factor > MAX_VIEW_PIXELS:
            return None
        if min(picture.shape) * factor < LEAST_SIDE_PX:
            return None
        method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        grey = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=method)
        return View(np.asarray(grey, np.uint8), _scaling(1 / factor))

    return make


def sharpened(factor: float, sigma_px: float, amount: float) -> MakeView:
    """Scaled, then with edges steepened: against defocus."""
    return _then(scaled(factor), lambda grey: steepened(grey, sigma_px, amount))


def contrasted(factor: float) -> MakeView:
    """Scaled, then with the contrast of each neighbourhood evened out: against uneven light."""

    def change(grey: Grey) -> Grey:
        return np.asarray(cv2.createCLAHE(2, (8, 8)).apply(grey), np.uint8)

    return _then(scaled(factor), change)


def averaged_down(factor: float, height_px: int, sigma_px: float, amount: float) -> MakeView:
    """Scaled, rows averaged with their neighbours, then sharpened: against noise across upright bars."""

    def change(grey: Grey) -> Grey:
        return steepened(np.asarray(cv2.blur(grey, (1, height_px)), np.uint8), sigma_px, amount)

    return _then(scaled(factor), change)


def brightened(gamma: float) -> MakeView:
    """Dark levels drawn apart: against a dim screen or a shadow."""
    curve = (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return _then(as_it_is, lambda grey: np.asarray(cv2.LUT(grey, curve), np.uint8))


def softened(sigma_px: float) -> MakeView:
    """Blurred a little: against the moiré of a screen."""

    def change(grey: Grey) -> Grey:
        return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma_px), np.uint8)

    return _then(as_it_is, change)


def turned(degrees: float) -> MakeView:
    """Rotated counter-clockwise, the whole picture kept."""

    def make(picture: Grey) -> View | None:
        if picture.size > MAX_VIEW_PIXELS:
            return None
        height, width = picture.shape
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        new_width, new_height = int(height * sin + width * cos), int(height * cos + width * sin)
        matrix[:, 2] += (new_width - width) / 2, (new_height - height) / 2
        grey = cv2.warpAffine(
            picture, matrix, (new_width, new_height), borderMode=cv2.BORDER_REPLICATE
        )
        return View(np.asarray(grey, np.uint8), np.asarray(cv2.invertAffineTransform(matrix)))

    return make


def _scaling(factor: float) -> NDArray[np.float64]:
    return np.array([[factor, 0, 0], [0, factor, 0]], np.float64)


def _then(make: MakeView, change: Callable[[Grey], Grey]) -> MakeView:
    def both(picture: Grey) -> View | None:
        view = make(picture)
        return None if view is None else View(change(view.grey), view.to_picture)

    return both
