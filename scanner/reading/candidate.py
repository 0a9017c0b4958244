"""A candidate: bytes that a decoder found in a picture, not yet believed.

Law: the payload is the symbol's own bytes. No charset is guessed, nothing is trimmed, a NUL is a byte.

Source: docs/decoding.md, "What a candidate is".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from scanner.reading.symbologies import SYMBOLOGIES

Quad: TypeAlias = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
"""Corners in pixels of the whole picture: top left, top right, bottom right, bottom left of the symbol."""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels: `left <= x < right`, `top <= y < bottom`."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """In pixels."""
        return self.width * self.height

    def grown(self, margin_px: int, within: Box) -> Box:
        """The box with a margin on every side, cut off at the edges of `within`."""
        return Box(
            max(within.left, self.left - margin_px),
            max(within.top, self.top - margin_px),
            min(within.right, self.right + margin_px),
            min(within.bottom, self.bottom + margin_px),
        )

    def joined(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def overlaps(self, other: Box) -> bool:
        """True when the two share a pixel."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def bounds(quad: Quad) -> Box:
    """The upright box around four corners; never empty, as a linear symbol's quad may be a line."""
    xs = [x for x, _ in quad]
    ys = [y for _, y in quad]
    return Box(min(xs), min(ys), max(xs) + 1, max(ys) + 1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one symbol in a frame says.

    Args:
        payload: the symbol's bytes; digits as printed for the EAN and UPC family.
        symbology: a name of `scanner.reading.symbologies`.
        quad: where it is.
        agreed: linear codes: True when two unrelated decoders read the same value, False when only one
            did. None for matrix codes, whose error correction is proof enough.
    """

    payload: bytes
    symbology: str
    quad: Quad
    agreed: bool | None = None

    @property
    def is_linear(self) -> bool:
        """True for bars, False for a matrix of dots."""
        return SYMBOLOGIES[self.symbology].is_linear
