"""What a lane has to record beside its scans: passages, alarms, the clock, and what a full disk would not take.

Law: what cannot be recorded yet stays, oldest first, and is tried again at every tick. That nothing can be recorded is
told once, and is itself written down as soon as it can be.

Source: docs/ledger.md, "When it cannot record".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from scanner import notices
from scanner.core.answer import Decision
from scanner.core.clock import ClockReading
from scanner.core.errors import StoreError
from scanner.core.events import Fact, FactKind, Identity
from scanner.core.lane_facts import clock_fact, happened, scanned
from scanner.core.question import Facts
from scanner.core.units import Direction
from scanner.logs import OnceLog
from scanner.ports import ClockPort, LedgerPort, LookupsPort

Draft = Callable[[Identity], Fact]
"""A fact but for its place in the ledger."""


def unwritten(decision: Decision, facts: Facts, clock: ClockReading) -> Draft:
    """An exit that opened before it could be recorded; no report of its passage follows, it is written after it."""

    def draft(identity: Identity) -> Fact:
        presented, gate, way = facts.presented, facts.gate, Direction.OUT
        return scanned(decision, presented, identity, clock, gate, way, is_watched=False)

    return draft


class Notebook:
    """Of one lane. ``doubts``: that nothing can be recorded; ``publish`` tells those who watch."""

    def __init__(
        self,
        clock: ClockPort,
        ledger: LedgerPort,
        lookups: LookupsPort,
        doubts: OnceLog,
        publish: Callable[[notices.Notice], None],
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._lookups = lookups
        self._doubts = doubts
        self._publish = publish
        self._drafts: deque[Draft] = deque()

    def now(self) -> ClockReading:
        """The reading to go by; what it says of the clock itself is recorded first."""
        reading = self._clock.reading()
        for fact in self._clock.facts():
            self._drafts.append(self._draft(reading, clock_fact(fact)))
            self.try_again()
        return reading

    def note(self, kind: FactKind, **fields: Any) -> None:
        """Record something that is no scan."""
        self.write(self._draft(self.now(), {"kind": kind, **fields}))

    def write(self, draft: Draft) -> None:
        """Record it now, or as soon as the disk takes it."""
        self._drafts.append(draft)
        self.try_again()

    def try_again(self) -> None:
        """Record what waits; what cannot be recorded yet stays."""
        while self._drafts:
            try:
                self._ledger.append((self._drafts[0](self._ledger.next_identity()),))
            except StoreError as error:
                self.cannot_record(error)
                return
            self._drafts.popleft()

    def cannot_record(self, error: StoreError) -> None:
        """Told once, and recorded too: of a full disk the reserve is left for just that."""
        if self._doubts.doubt(error):
            self._publish(notices.alarm(error.code, error.message))
            alarm = {"kind": FactKind.ALARM, "note": error.code}
            self._drafts.append(self._draft(self._clock.reading(), alarm))

    def _draft(self, reading: ClockReading, fields: dict[str, Any]) -> Draft:
        return partial(happened, clock=reading, gate=self._lookups.gate, **fields)
