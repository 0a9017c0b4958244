"""Symbols: the dark and light modules of a code, before anything shows it.

Law: the payload is drawn byte for byte; whoever reads the symbol gets exactly these bytes back.

Source: docs/decoding.md, "Rendered frames".
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import segno
import zxingcpp
from numpy.typing import NDArray

_ZXING_NAMES = {
    "datamatrix": "DataMatrix",
    "aztec": "AztecCode",
    "pdf417": "PDF417",
    "code128": "Code128",
    "ean13": "EAN13",
    "ean8": "EAN8",
    "upca": "UPCA",
    "code39": "Code39",
    "code93": "Code93",
    "itf": "ITF",
    "codabar": "Codabar",
}
_MATRIX = frozenset({"qr", "microqr", "datamatrix", "aztec", "pdf417"})
_BAR_HEIGHT_MODULES = 40
_TEXT_PAYLOADS = frozenset(_ZXING_NAMES) - {"datamatrix", "aztec", "pdf417"}

DRAWABLE = ("qr", "microqr", *_ZXING_NAMES)


@lru_cache(maxsize=64)
def draw_modules(payload: bytes, symbology: str) -> NDArray[np.bool_]:
    """The symbol without its quiet zone, True where it is dark; bars are made 40 modules tall.

    Raises:
        ValueError: the symbology cannot be drawn or cannot hold the payload.
    """
    if symbology in ("qr", "microqr"):
        code = segno.make(payload, error="m", micro=symbology == "microqr", boost_error=False)
        return np.array(code.matrix, dtype=np.uint8) > 0
    if symbology not in _ZXING_NAMES:
        raise ValueError(f"symbology {symbology!r} cannot be drawn (valid: {', '.join(DRAWABLE)})")
    content = payload.decode("ascii") if symbology in _TEXT_PAYLOADS else payload
    wanted = getattr(zxingcpp.BarcodeFormat, _ZXING_NAMES[symbology])
    barcode = zxingcpp.create_barcode(content, wanted)
    modules = np.asarray(np.asarray(barcode.to_image(scale=1, add_quiet_zones=False)) == 0)
    if symbology in _MATRIX:
        return modules
    return np.repeat(modules[:1], _BAR_HEIGHT_MODULES, axis=0)


def quiet_zone_modules(symbology: str) -> int:
    """How much light margin the symbol's standard asks for."""
    if symbology == "qr":
        return 4
    return 2 if symbology in _MATRIX else 10
