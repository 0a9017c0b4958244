"""Linear values: what two decoders call the same value, in one spelling.

Law: both decoders read the same bars but spell them differently. A spelling is undone only where the
symbology's own standard says that it stands for the same bars.

Source: docs/decoding.md, "The second opinion"; ISO/IEC 15417 (Code 128), 16388 (Code 39), 15420 (EAN/UPC).
"""

from __future__ import annotations

import re
from collections.abc import Container

_GROUP_SEPARATOR = 0x1D


def printed_as(symbology: str, payload: bytes, formats: Container[str]) -> tuple[str, bytes]:
    """The name and the digits that are printed on the card.

    A UPC-A symbol *is* the EAN-13 symbol with a leading 0: it goes by that name and its twelve digits where
    `upca` was asked for, as an EAN-13 everywhere else. Codabar's start and stop letters frame the value as
    Code 39's asterisks do; they are not part of it.
    """
    if symbology == "ean13" and payload[:1] == b"0" and "upca" in formats:
        return "upca", payload[1:]
    if symbology == "codabar":
        return symbology, payload[1:-1]
    return symbology, payload


def zbar_symbology(symbol: str, payload: bytes) -> tuple[str, bytes]:
    """Our name for a symbol of zbar's, and its digits before `printed_as`."""
    if symbol == "UPCA":
        return "ean13", b"0" + payload
    return "itf" if symbol == "I25" else symbol.lower(), payload


def is_same_value(symbology: str, zxing: bytes, zbar: bytes) -> bool:
    """True when both decoders read the same bars."""
    if zxing == zbar:
        return True
    if symbology == "code128":
        # zbar drops FNC4 (the upper half of Latin-1) and spells FNC1 its own way.
        return _plain_code128(zxing) == _plain_code128(zbar)
    return symbology == "code39" and zxing == full_ascii_code39(zbar)


def _plain_code128(payload: bytes) -> bytes:
    return bytes(byte & 0x7F for byte in payload if byte != _GROUP_SEPARATOR)


def full_ascii_code39(plain: bytes) -> bytes:
    """Code 39's pairs (`+A` for `a`) undone; a lone or unknown pair stays as it is."""
    return re.sub(rb"[$%/+][A-Z]", lambda pair: _FULL_ASCII.get(pair.group(), pair.group()), plain)


def _pairs(shift: str, letters: str, stand_for: str) -> dict[bytes, bytes]:
    return {
        (shift + letter).encode(): meant.encode()
        for letter, meant in zip(letters, stand_for, strict=True)
    }


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# ISO/IEC 16388, annex A: the full ASCII character set.
_FULL_ASCII = {
    **_pairs("$", _LETTERS, "".join(map(chr, range(1, 27)))),
    **_pairs("%", "ABCDE", "".join(map(chr, range(27, 32)))),
    **_pairs("%", "FGHIJ", ";<=>?"),
    **_pairs("%", "KLMNO", "[\\]^_"),
    **_pairs("%", "PQRST", "{|}~\x7f"),
    **_pairs("%", "UVWXYZ", "\0@`\x7f\x7f\x7f"),
    **_pairs("/", "ABCDEFGHIJKLMNO", "!\"#$%&'()*+,-./"),
    **_pairs("/", "Z", ":"),
    **_pairs("+", _LETTERS, _LETTERS.lower()),
}
