"""The adapter to zxing-cpp: a grey picture in, candidates out.

Law: only `.bytes` is taken, never `.text`, whose charset is a guess. Coordinates come back in the picture
that was handed in. Nothing is kept between two calls.

Source: docs/decoding.md, "What a candidate is"; ISO/IEC 18004, 7.4 (the mode indicator of a part).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from scanner.reading.candidate import Quad
from scanner.reading.symbologies import SYMBOLOGIES

Grey = NDArray[np.uint8]
Formats = zxingcpp.BarcodeFormats
Binarizer = zxingcpp.Binarizer

_NAMES = {
    zxingcpp.BarcodeFormat.QRCode: "qr",
    zxingcpp.BarcodeFormat.QRCodeModel2: "qr",
    zxingcpp.BarcodeFormat.MicroQRCode: "microqr",
    zxingcpp.BarcodeFormat.DataMatrix: "datamatrix",
    zxingcpp.BarcodeFormat.Aztec: "aztec",
    zxingcpp.BarcodeFormat.AztecCode: "aztec",
    zxingcpp.BarcodeFormat.PDF417: "pdf417",
    zxingcpp.BarcodeFormat.Code128: "code128",
    zxingcpp.BarcodeFormat.EAN13: "ean13",
    zxingcpp.BarcodeFormat.EAN8: "ean8",
    zxingcpp.BarcodeFormat.Code39: "code39",
    zxingcpp.BarcodeFormat.Code39Std: "code39",
    zxingcpp.BarcodeFormat.Code39Ext: "code39",
    zxingcpp.BarcodeFormat.ITF: "itf",
    zxingcpp.BarcodeFormat.UPCA: "ean13",
    zxingcpp.BarcodeFormat.UPCE: "upce",
    zxingcpp.BarcodeFormat.Codabar: "codabar",
    zxingcpp.BarcodeFormat.Code93: "code93",
}


@dataclass(frozen=True, slots=True)
class Look:
    """How hard to look: each True costs time.

    Args:
        downscale: also look at smaller copies; without it most codes on screens are lost.
        invert: also look for light codes on dark ground (dark mode).
        rotate: also turn the picture by 90°, which only codes made of rows of bars need.
        binarizer: how grey becomes black and white.
    """

    downscale: bool = True
    invert: bool = True
    rotate: bool = True
    binarizer: Binarizer = Binarizer.LocalAverage


def build_formats(names: Iterable[str]) -> Formats:
    """zxing-cpp's form of our format names."""
    theirs = [name for ours in names for name in SYMBOLOGIES[ours].zxing]
    return Formats([getattr(zxingcpp.BarcodeFormat, name) for name in theirs])


def read_symbols(grey: Grey, formats: Formats, look: Look) -> list[zxingcpp.Barcode]:
    """Every symbol that zxing-cpp reads in the picture."""
    return zxingcpp.read_barcodes(
        grey,
        formats=formats,
        try_rotate=look.rotate,
        try_downscale=look.downscale,
        try_invert=look.invert,
        text_mode=zxingcpp.TextMode.Plain,
        binarizer=look.binarizer,
    )


def symbology_of(symbol: zxingcpp.Barcode) -> str | None:
    """Our name of the symbol's format; None for a format that was not asked for."""
    return _NAMES.get(symbol.format)


def quad_of(symbol: zxingcpp.Barcode) -> Quad:
    """The symbol's corners in the picture that was read."""
    at = symbol.position
    corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
    a, b, c, d = ((corner.x, corner.y) for corner in corners)
    return a, b, c, d


def payload_of(symbol: zxingcpp.Barcode) -> bytes:
    """The symbol's bytes; of UPC-E the eight digits that are printed, not the number they stand for."""
    if symbol.format == zxingcpp.BarcodeFormat.UPCE and isinstance(symbol.extra, dict):
        return str(symbol.extra["UPCE"]).encode()
    return symbol.bytes


# ISO/IEC 18004 table 10: the data mask patterns, True where a module is flipped.
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda row, column: (row + column) % 2 == 0,
    lambda row, _column: row % 2 == 0,
    lambda _row, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: row * column % 2 + row * column % 3 == 0,
    lambda row, column: (row * column % 2 + row * column % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2 == 0,
)
_STRUCTURED_APPEND = 0b0011


def is_structured_append_part(symbol: zxingcpp.Barcode) -> bool:
    """True for one of several QR codes that only together hold a message.

    zxing-cpp's Python side does not say so; the symbol's first twelve bits do: the mode 0011, then the
    part's number (from 0) and the number of the last part.
    """
    extra = symbol.extra
    if symbology_of(symbol) != "qr" or not isinstance(extra, dict) or "DataMask" not in extra:
        return False
    modules = np.asarray(symbol.to_image(scale=1, add_quiet_zones=False)) == 0
    last = modules.shape[0] - 1
    is_flipped = _MASKS[int(extra["DataMask"])]
    bits = 0
    # The first bits run upwards from the bottom right corner in a column two modules wide.
    for row in range(last, last - 6, -1):
        for column in (last, last - 1):
            bits = bits << 1 | (bool(modules[row, column]) ^ is_flipped(row, column))
    mode, part, final_part = bits >> 8, bits >> 4 & 0xF, bits & 0xF
    return mode == _STRUCTURED_APPEND and part <= final_part
