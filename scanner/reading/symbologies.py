"""Symbologies: the kinds of code that can be switched on, by the names used everywhere.

Law: a name of this table is what a configuration, a command line and a candidate say; the decoders' own
names stay in the table's columns. Nothing heavy is imported here: a configuration is read without OpenCV.

Source: docs/decoding.md, "Formats".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scanner.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Symbology:
    """One kind of code.

    Args:
        name: ours.
        zxing: names in zxing-cpp's `BarcodeFormat`.
        zbar: names in pyzbar's `ZBarSymbol`; empty for matrix codes, which get no second opinion.
        is_self_checking: the symbol carries a check that random bars seldom pass.
    """

    name: str
    zxing: tuple[str, ...]
    zbar: tuple[str, ...] = ()
    is_self_checking: bool = True

    @property
    def is_linear(self) -> bool:
        """True for bars, False for a matrix of dots."""
        return bool(self.zbar)


_TABLE = (
    Symbology("qr", ("QRCodeModel2",)),
    Symbology("microqr", ("MicroQRCode",)),
    Symbology("datamatrix", ("DataMatrix",)),
    Symbology("aztec", ("AztecCode",)),
    Symbology("pdf417", ("PDF417",)),
    Symbology("code128", ("Code128",), ("CODE128",)),
    Symbology("ean13", ("EAN13",), ("EAN13", "UPCA")),
    Symbology("ean8", ("EAN8",), ("EAN8",)),
    Symbology("code39", ("Code39Std", "Code39Ext"), ("CODE39",), is_self_checking=False),
    Symbology("itf", ("ITF",), ("I25",), is_self_checking=False),
    Symbology("upca", ("UPCA",), ("EAN13", "UPCA")),
    Symbology("upce", ("UPCE",), ("UPCE",)),
    Symbology("codabar", ("Codabar",), ("CODABAR",), is_self_checking=False),
    Symbology("code93", ("Code93",), ("CODE93",)),
)

SYMBOLOGIES = {symbology.name: symbology for symbology in _TABLE}
ALL_FORMATS = tuple(SYMBOLOGIES)
MATRIX_FORMATS = tuple(name for name, symbology in SYMBOLOGIES.items() if not symbology.is_linear)
LINEAR_FORMATS = tuple(name for name, symbology in SYMBOLOGIES.items() if symbology.is_linear)
DEFAULT_FORMATS = ("qr", "aztec", "code128", "pdf417")
"""What a gate looks for unless it is told otherwise: each further format costs time on every change."""


def parse_formats(text: str) -> tuple[str, ...]:
    """The formats named by a comma list, or by `all`.

    Raises:
        ConfigError: `format_unknown`, with the names that are valid.
    """
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    return ALL_FORMATS if names == ["all"] else known_formats(names)


def known_formats(names: Iterable[str]) -> tuple[str, ...]:
    """The same names without repeats, in the table's order.

    Raises:
        ConfigError: `format_unknown`, also when no name is left.
    """
    wanted = set(names)
    unknown = sorted(wanted - SYMBOLOGIES.keys())
    if unknown or not wanted:
        what = ", ".join(map(repr, unknown)) or "an empty list"
        raise ConfigError(
            "format_unknown",
            f"code format {what} is not known (valid: {', '.join(ALL_FORMATS)}, or all)",
            "Name the formats with commas between them, for example qr,code128.",
        )
    return tuple(name for name in ALL_FORMATS if name in wanted)
