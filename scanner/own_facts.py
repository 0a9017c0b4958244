"""The reading side of a gate's own ledger: which of its facts belong to a grant, a key, a seat, a step.

Law: index probes only. What is returned are facts as recorded (entries, exits and give-backs), to be folded by
`scanner.core.tally`. A row that cannot be read makes the ledger damaged, never an answer wrong.

Source: docs/ledger.md, "Finding facts again"; docs/decisions.md, "Counting".
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable

from scanner.core.errors import InputError, StoreError
from scanner.core.events import Fact, FactKind
from scanner.core.reasons import Flag
from scanner.core.tally import Offsets
from scanner.core.units import (
    BootId,
    CredentialKey,
    DeviceId,
    Epoch,
    EventNo,
    GrantNo,
    Seq,
)
from scanner.fact_source import NO_VECTOR, Vector
from sync.wire import parse_fact

_SETTLING = (FactKind.PASSED, FactKind.NOT_PASSED, FactKind.PASSAGE_UNKNOWN)


class OwnFacts:
    """Look-ups in one ledger, on its own connection."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        device: DeviceId,
        epoch: Epoch,
        fault: Callable[[Exception], StoreError],
    ) -> None:
        self._connection = connection
        self._fault = fault
        self._identity = (device, epoch)
        self._offsets = _offsets_in(
            sorted(
                self._facts(
                    "SELECT body FROM fact INDEXED BY fact_of_boot WHERE of_boot IS NOT NULL", ()
                ),
                key=lambda fact: fact.seq,
            )
        )

    def of_grant(self, grant_no: GrantNo, above: Vector) -> list[Fact]:
        """What counts on this grant, above the vector."""
        return self._facts(
            "SELECT body FROM fact WHERE of_grant = ? AND seq > ?", (grant_no, self._after(above))
        )

    def of_key(self, key: CredentialKey, above: Vector) -> list[Fact]:
        """What counts on this key without a grant, above the vector."""
        return self._facts(
            "SELECT body FROM fact WHERE of_key = ? AND of_grant IS NULL AND seq > ?",
            (key, self._after(above)),
        )

    def on_seat(self, event_no: EventNo, seat: str, above: Vector) -> list[Fact]:
        """Entries (and give-backs) on this seat at this event, above the vector."""
        return self._facts(
            "SELECT body FROM fact WHERE of_event = ? AND of_seat = ? AND seq > ?",
            (event_no, seat, self._after(above)),
        )

    def of_step(self, key: CredentialKey, step: int) -> list[Fact]:
        """Entries (and give-backs) by this rotating code's time step, at this gate, ever."""
        return self._facts("SELECT body FROM fact WHERE of_key = ? AND of_step = ?", (key, step))

    def offsets(self, _above: Vector = NO_VECTOR) -> Offsets:
        """The newest clock correction of each boot."""
        return self._offsets

    def learn(self, facts: Iterable[Fact]) -> None:
        """Take note of clock corrections among facts just recorded."""
        self._offsets |= _offsets_in(facts)

    def _after(self, above: Vector) -> Seq:
        return above.get(self._identity, Seq(0))

    def _facts(self, sql: str, values: tuple[object, ...]) -> list[Fact]:
        try:
            return [parse_fact(body.encode()) for (body,) in self._connection.execute(sql, values)]
        except (sqlite3.Error, InputError) as error:
            raise self._fault(error) from error


def _offsets_in(facts: Iterable[Fact]) -> dict[tuple[DeviceId, BootId], int]:
    return {
        (fact.device, fact.boot): fact.offset_ms
        for fact in facts
        if fact.kind is FactKind.CLOCK_OFFSET and fact.offset_ms is not None
    }


def open_passages(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Of consecutive facts: those that await a passage and whose persons are not all accounted for."""
    awaiting: dict[Seq, Fact] = {}
    settled: Counter[Seq] = Counter()
    for fact in facts:
        if Flag.AWAITS_PASSAGE in fact.flags:
            awaiting[fact.seq] = fact
        elif fact.refers_to in awaiting and fact.kind in _SETTLING:
            is_all = fact.kind is FactKind.PASSAGE_UNKNOWN
            settled[fact.refers_to] += awaiting[fact.refers_to].persons if is_all else fact.persons
    return tuple(fact for seq, fact in awaiting.items() if settled[seq] < fact.persons)
