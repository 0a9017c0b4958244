"""What a lane and its staff say to each other: the last answer, while they may answer it, and word of the next scan.

Law: values, no clock of its own. What was said of the next scan holds for one scan and for a short time only, so that
nobody who comes later is taken for somebody else.

Source: docs/decisions.md, "Overrides".
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.core.answer import Decision
from scanner.core.clock import ClockReading
from scanner.core.events import Fact
from scanner.core.override import possible_answers
from scanner.core.question import Facts, Scan
from scanner.core.units import MonoMs

PREPARED_MS = 30_000
"""How long staff's word of the next scan holds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision and its fact; ``fact`` None: it could not be recorded, and nothing opened but an exit."""

    decision: Decision
    fact: Fact | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A scan with everything it is decided by."""

    cleaned: bytes
    scan: Scan
    facts: Facts
    reading: ClockReading
    operator: str | None = None
    """Who has a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What staff have said of the next scan. ``inspector``: it is only a look, and this operator's."""

    until: MonoMs
    persons: int = 1
    inspector: str | None = None


@dataclass(slots=True)
class Asking:
    """Of one lane."""

    last: tuple[Asked, Answer] | None = None
    _prepared: Prepared | None = None

    def prepare(self, now: MonoMs, persons: int, inspector: str | None) -> None:
        """Staff say how many the next scan is for, or that it is only a look."""
        until = MonoMs(now + PREPARED_MS)
        self._prepared = Prepared(until=until, persons=persons, inspector=inspector)

    def prepared(self, now: MonoMs) -> Prepared | None:
        """What holds for the next scan."""
        said = self._prepared
        return None if said is None or now >= said.until else said

    def next_scan(self, now: MonoMs, otherwise: Scan) -> tuple[Scan, str | None]:
        """The scan as staff said, and who has a look; they have to say it again for another."""
        said, self._prepared = self.prepared(now), None
        if said is None:
            return otherwise, None
        is_look = said.inspector is not None
        scan = Scan(direction=otherwise.direction, party=said.persons, is_inspection=is_look)
        return scan, said.inspector

    @property
    def open(self) -> Answer | None:
        """The last answer, while staff may answer it."""
        answer = None if self.last is None else self.last[1]
        if answer is None or answer.fact is None or not possible_answers(answer.decision):
            return None
        return answer
