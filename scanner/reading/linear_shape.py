"""Linear shape: which values of bars can be a card of this site, and which are a longer one that was cut short.

Law: pure. Both decoders cut at the same place, so that they agree proves nothing here.

Source: docs/decoding.md, "What bars may say"; ISO/IEC 16390 (Interleaved 2 of 5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_PAIR = 2
"""ITF draws two digits at a time, so a part of it begins after an even number of digits."""


@dataclass(frozen=True, slots=True)
class LinearShape:
    """What the numbers of a site's bar cards look like; other bars are not read.

    Args:
        lengths: how many characters one may have; empty = any.
        prefixes: what one may begin with; empty = anything.
    """

    lengths: tuple[int, ...] = ()
    prefixes: tuple[str, ...] = ()

    def fits(self, payload: bytes) -> bool:
        """True for a value that a card of this site may hold."""
        is_long_enough = not self.lengths or len(payload) in self.lengths
        begins = tuple(prefix.encode() for prefix in self.prefixes) or (b"",)
        return is_long_enough and payload.startswith(begins)


ANY_SHAPE = LinearShape()


def is_cut_short(symbology: str, payload: bytes, others: Iterable[tuple[str, bytes]]) -> bool:
    """True for a part of a longer ITF value among the others.

    The signs that begin and end ITF also come up within its digits: a line that leaves the bars over their upper or
    lower edge reads a shorter value.
    """
    return symbology == "itf" and any(
        name == "itf" and _is_part(payload, value) for name, value in others
    )


def _is_part(payload: bytes, whole: bytes) -> bool:
    return len(payload) < len(whole) and any(
        whole.startswith(payload, at) for at in range(0, len(whole), _PAIR)
    )
