"""From a keyboard's events to the characters that a scanner typed.

Law: pure. Keys mean what they mean on a US keyboard, which is how scanners leave the factory. When the kernel had to
drop events (``SYN_DROPPED``) that is told, because a key may be missing and a shift may have been let go unseen.

Source: linux/input.h and linux/input-event-codes.h (uAPI); docs/hardware.md, "Wired scanners".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

EVENT = struct.Struct("@llHHi")
"""`struct input_event` of a 64-bit machine: seconds, microseconds, type, code, value."""
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
SHIFTS = (42, 54)
RELEASED, PRESSED = 0, 1

_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (15, "\t", "\t"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (28, "\r", "\r"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (55, "*", "*"),
    (57, " ", " "),
    (71, "789", "789"),
    (74, "-456+1230.", "-456+1230."),
    (96, "\r", "\r"),
    (98, "/", "/"),
)
"""First key code of a run of neighbours, what they type, and what with shift; the last rows are the number pad."""

PLAIN = {first + n: char for first, plain, _ in _ROWS for n, char in enumerate(plain)}
SHIFTED = {first + n: char for first, _, shifted in _ROWS for n, char in enumerate(shifted)}


class Typist:
    """What one keyboard has typed."""

    def __init__(self) -> None:
        self._is_shifted = False

    def characters(self, data: bytes) -> bytes | None:
        """The characters of whole events; None when the kernel dropped some on the way."""
        typed, was_dropped = "", False
        for kind, code, value in events(data):
            if kind == EV_SYN and code == SYN_DROPPED:
                was_dropped, self._is_shifted = True, False
            elif kind == EV_KEY and code in SHIFTS:
                self._is_shifted = value != RELEASED
            elif kind == EV_KEY and value == PRESSED:
                typed += (SHIFTED if self._is_shifted else PLAIN).get(code, "")
        return None if was_dropped else typed.encode("ascii")


def events(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Type, code and value of each event; the kernel hands over whole ones only."""
    whole = len(data) - len(data) % EVENT.size
    for _seconds, _us, kind, code, value in EVENT.iter_unpack(data[:whole]):
        yield kind, code, value
