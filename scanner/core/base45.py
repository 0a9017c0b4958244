"""Base45: bytes as text in the QR code's alphanumeric alphabet, three letters for two bytes.

Law: total and strict. Two texts never decode to the same bytes; a letter outside the alphabet, a group that is too
large for its bytes or a lone letter at the end is no Base45.

Source: RFC 9285.
"""

from __future__ import annotations

from functools import lru_cache

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

_FOREIGN = 0xFF
_VALUES = bytes(ALPHABET.index(letter) if letter in ALPHABET else _FOREIGN for letter in range(256))
_LANE_BYTES = 3  # a group's value is below 45 ** 3 = 91,125


def decode(text: bytes) -> bytes | None:
    """The bytes that a text stands for; None where it is no Base45.

    The text is read as one big integer with a lane of three bytes for each group, and all groups are computed at once:
    a loop over the groups takes four times as long, a tenth of a signature's verification.
    """
    values = text.translate(_VALUES)
    groups, letters_over = divmod(len(text), 3)
    if letters_over == 1 or _FOREIGN in values:
        return None
    is_odd = letters_over > 0
    groups += is_odd
    letters = int.from_bytes(values + b"\0" if is_odd else values)
    lowest = _lowest_bytes(groups)
    numbers = (letters >> 16 & lowest) + 45 * (letters >> 8 & lowest) + 45 * 45 * (letters & lowest)
    if numbers >> 16 & lowest:
        return None
    raw = bytearray(numbers.to_bytes(groups * _LANE_BYTES))
    del raw[::_LANE_BYTES]
    if is_odd and raw[-2]:
        return None
    if is_odd:
        del raw[-2]
    return bytes(raw)


def encode(raw: bytes) -> bytes:
    """The text for some bytes."""
    text = bytearray()
    for at in range(0, len(raw) - 1, 2):
        rest, low = divmod(int.from_bytes(raw[at : at + 2]), 45)
        high, middle = divmod(rest, 45)
        text += bytes((ALPHABET[low], ALPHABET[middle], ALPHABET[high]))
    if len(raw) % 2:
        high, low = divmod(raw[-1], 45)
        text += bytes((ALPHABET[low], ALPHABET[high]))
    return bytes(text)


@lru_cache(maxsize=512)
def _lowest_bytes(groups: int) -> int:
    """A mask for the lowest byte of each lane."""
    return int.from_bytes(b"\0\0\xff" * groups)
