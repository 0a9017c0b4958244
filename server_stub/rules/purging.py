"""How far a ledger's oldest facts may be purged, and what of them is counted by day.

Law: pure. Facts go from the front of a ledger only, so that what is left has no holes; never one that is young; never
above what the bases that gates may still use have folded; never an entry without everything that refers to it.

Source: docs/decisions.md, "Counting"; docs/privacy.md, "How long".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from scanner.core.units import Instant

Vector = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class OldFact:
    """What matters of a fact here. ``at``: when it happened, or if that is not known when it was received."""

    seq: int
    at: Instant
    refers_to: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """What facts of one day, gate, type and answer come to; as the columns of `daily_count`."""

    scans: int = 0
    entries: int = 0
    persons: int = 0
    charged: int = 0
    given_back: int = 0
    exits: int = 0


def purgeable_until(facts: Sequence[OldFact], folded: int, horizon: Instant) -> int:
    """The sequence up to which a ledger may be purged; 0 = nothing of it.

    Args:
        facts: its oldest ones that are left, in order; if these are not all, the last may be parted from what refers
            to it only where that is among them.
        folded: up to where every base in use has folded this ledger.
        horizon: facts from here on stay.
    """
    until = 0
    for fact in takewhile(lambda one: one.seq <= folded and one.at < horizon, facts):
        until = fact.seq
    while True:
        parted = [
            fact.refers_to
            for fact in facts
            if fact.seq > until and fact.refers_to is not None and fact.refers_to <= until
        ]
        if not parted:
            return until
        until = min(parted) - 1


def folded_by_all(vectors: Iterable[Vector], ledger: tuple[str, str]) -> int:
    """Up to where each of some bases has folded a ledger; without bases nothing is."""
    return min((vector.get(ledger, 0) for vector in vectors), default=0)


def standing_of(persons: int, charged: int, given_back: int, *, is_entry: bool) -> DayCount:
    """What an entry (or exit) comes to when so many of its persons were given back."""
    if not is_entry:
        return DayCount(exits=1)
    left = max(0, persons - given_back)
    return DayCount(
        entries=int(left > 0),
        persons=left,
        charged=max(0, charged - given_back),
        given_back=given_back,
    )
