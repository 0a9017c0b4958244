"""The verdict over many readings of one picture: which of them to believe.

Law: a matrix code is proved by its own error correction; bars are not. A linear value is believed when two
unrelated decoders read it, or when many views of the picture say so and nothing in the same place says
otherwise. A part of a longer value is none. A wrong value is worse than none.

Source: docs/decoding.md, "What agreement buys".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scanner.reading.candidate import Candidate, Quad, bounds
from scanner.reading.linear_shape import is_cut_short
from scanner.reading.linear_values import is_same_value
from scanner.reading.symbologies import SYMBOLOGIES

AGREED_VOTES = 3
"""Readings, of both decoders together, that an agreed linear value needs."""

SINGLE_VOTES = 4
"""Views in which one decoder alone must have read a linear value."""

MATRIX_VOTES = {"microqr": 2}
"""Views that a matrix code needs where its error correction is weak; 1 for the others."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One symbol, read in one view by one decoder.

    Args:
        text: what zxing-cpp makes of the bytes, for display only; None from zbar.
        is_part: one of several QR codes that only together hold a message.
    """

    symbology: str
    payload: bytes
    quad: Quad
    view: str
    decoder: str
    text: str | None = None
    is_part: bool = False


@dataclass(slots=True)
class _Group:
    """All readings of one value."""

    first: Reading
    zxing: int = 0
    zbar: int = 0
    quads: list[Quad] = field(default_factory=list)

    @property
    def votes(self) -> int:
        return self.zxing + self.zbar

    @property
    def is_linear(self) -> bool:
        return SYMBOLOGIES[self.first.symbology].is_linear

    @property
    def is_agreed(self) -> bool:
        return self.zxing > 0 and self.zbar > 0

    def is_of(self, reading: Reading) -> bool:
        mine = self.first
        if mine.symbology != reading.symbology:
            return False
        # zbar readings come as zbar spells them; zxing's spelling, if there is one, came first.
        return is_same_value(mine.symbology, mine.payload, reading.payload)

    def add(self, reading: Reading) -> None:
        self.zxing += reading.decoder == "zxing"
        self.zbar += reading.decoder == "zbar"
        self.quads.append(reading.quad)

    def is_proved(self) -> bool:
        if not self.is_linear:
            return self.votes >= MATRIX_VOTES.get(self.first.symbology, 1)
        if self.is_agreed:
            return self.votes >= AGREED_VOTES
        return self.votes >= SINGLE_VOTES

    def meets(self, other: _Group) -> bool:
        """True when the two lie on top of each other in some view."""
        return any(
            _is_on_top(mine, theirs) for mine in self.quads[:4] for theirs in other.quads[:4]
        )

    def outvotes(self, other: _Group) -> bool:
        if self.is_agreed and not other.is_agreed:
            return self.votes > other.votes
        return self.votes >= 2 * other.votes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a picture holds.

    Args:
        believed: the candidates, with the reading that each was first seen in.
        doubtful: linear values that were read but not believed.
    """

    believed: tuple[tuple[Candidate, Reading], ...]
    doubtful: int

    @property
    def is_settled(self) -> bool:
        """True when more views could change nothing."""
        return bool(self.believed) and not self.doubtful


def judge(readings: Iterable[Reading]) -> Verdict:
    """Weigh all readings of a picture against each other."""
    groups = sorted(_whole(_group(readings)), key=_rank)
    believed: list[_Group] = []
    doubtful = 0
    for place, group in enumerate(groups):
        rivals = [
            rival
            for rival in groups[:place] + groups[place + 1 :]
            if group.is_linear and group.meets(rival)
        ]
        if group.is_proved() and all(rival.is_linear and group.outvotes(rival) for rival in rivals):
            believed.append(group)
        elif not any(rival in believed for rival in rivals):
            doubtful += 1
    return Verdict(tuple((_candidate(group), group.first) for group in believed), doubtful)


def _group(readings: Iterable[Reading]) -> list[_Group]:
    groups: list[_Group] = []
    for reading in sorted(readings, key=lambda reading: reading.decoder == "zbar"):
        group = next((group for group in groups if group.is_of(reading)), None)
        if group is None:
            group = _Group(reading)
            groups.append(group)
        group.add(reading)
    return groups


def _whole(groups: list[_Group]) -> list[_Group]:
    values = [(group.first.symbology, group.first.payload) for group in groups]
    return [
        group
        for group, (symbology, payload) in zip(groups, values, strict=True)
        if not is_cut_short(symbology, payload, values)
    ]


def _rank(group: _Group) -> tuple[bool, bool, int]:
    return group.is_linear, not group.is_agreed, -group.votes


def _candidate(group: _Group) -> Candidate:
    reading = group.first
    agreed = group.is_agreed if group.is_linear else None
    return Candidate(reading.payload, reading.symbology, reading.quad, agreed)


def _is_on_top(mine: Quad, theirs: Quad) -> bool:
    return _centre_is_in(mine, theirs) or _centre_is_in(theirs, mine)


def _centre_is_in(inner: Quad, outer: Quad, margin_px: int = 4) -> bool:
    x, y = (sum(axis) / 4 for axis in zip(*inner, strict=True))
    box = bounds(outer)
    return (
        box.left - margin_px <= x <= box.right + margin_px
        and box.top - margin_px <= y <= box.bottom + margin_px
    )
