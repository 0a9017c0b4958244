"""How far a base may fold one ledger: below every entry whose passage is still open.

Law: pure. An entry that awaits its passage is closed by PASSED and NOT_PASSED facts for all its persons, by
PASSAGE_UNKNOWN, or by the start of the lane after it (a passage is never reported across a restart). A base holds a
fact's whole effect or nothing of it: if the vector stood between an entry and its NOT_PASSED, the gate would give back
an entry that it cannot see, and it would stay counted for ever.

Source: docs/decisions.md, "Counting"; docs/sync-protocol.md, "The vector".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scanner.core.events import FactKind

CLOSING = (FactKind.PASSED, FactKind.NOT_PASSED)


@dataclass(frozen=True, slots=True)
class PassageFact:
    """What matters of a fact here. ``awaits_passage``: an entry of a lane with a sensor."""

    seq: int
    kind: FactKind
    persons: int
    refers_to: int | None
    awaits_passage: bool


def foldable_until(have: int, facts: Iterable[PassageFact]) -> int:
    """The highest sequence at or below which no entry is open.

    Args:
        have: the ledger's last sequence.
        facts: in order of ``seq``; those that neither await nor close a passage may be left out.
    """
    open_persons: dict[int, int] = {}
    until = 0
    for fact in facts:
        if not open_persons:
            until = fact.seq - 1
        if fact.awaits_passage:
            open_persons[fact.seq] = fact.persons
        elif fact.kind is FactKind.LANE_STARTED:
            open_persons.clear()
        elif fact.refers_to in open_persons:
            _close(open_persons, fact)
    return until if open_persons else have


def _close(open_persons: dict[int, int], fact: PassageFact) -> None:
    if fact.refers_to is None:
        return
    left = open_persons[fact.refers_to] - fact.persons
    if fact.kind is FactKind.PASSAGE_UNKNOWN or (fact.kind in CLOSING and left <= 0):
        del open_persons[fact.refers_to]
    elif fact.kind in CLOSING:
        open_persons[fact.refers_to] = left
