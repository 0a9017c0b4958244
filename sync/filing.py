"""Under what a fact is found again, in a ledger and among peers: the columns beside a body, all functions of bodies.

Law: a refusal is filed nowhere. An entry or exit is filed under its grant; under its key where it has no grant or used
up a rotating code's step; under its seat where it entered an event. A give-back is filed under what it gives back, so
that one probe finds both. Only instants of a trusted or holdover clock move the floor.

Source: docs/ledger.md, "Finding facts again"; docs/decisions.md, "Time".
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from scanner.core.clock import ClockState
from scanner.core.events import Fact, FactKind
from scanner.core.units import BootId, Direction, EventNo, GrantNo, Instant

FILING_OF_SEQ = "SELECT of_grant, of_key, of_step, of_event, of_seat FROM fact WHERE seq = ?"
FILING_OF_PEER = (
    "SELECT of_grant, of_key, NULL, of_event, of_seat FROM fact"
    " WHERE device = ? AND epoch = ? AND seq = ?"
)
"""Steps of rotating codes are one gate's own matter."""


class Filing(NamedTuple):
    """Under what a row is found again; all None for a row that counts nothing."""

    grant_no: GrantNo | None = None
    key: bytes | None = None
    step: int | None = None
    event_no: EventNo | None = None
    seat: str | None = None


UNFILED = Filing()


def filing_of(fact: Fact) -> Filing:
    """The filing of a fact that counts by itself."""
    if fact.movement is None:
        return UNFILED
    key = None
    if fact.key is not None and (fact.grant_no is None or fact.step is not None):
        key = bytes.fromhex(fact.key)
    if fact.movement is Direction.IN and fact.seat is not None and fact.event_no is not None:
        return Filing(fact.grant_no, key, fact.step, fact.event_no, fact.seat)
    return Filing(fact.grant_no, key, fact.step)


def load_filing(connection: sqlite3.Connection, fact: Fact) -> Filing:
    """The filing of a fact, given the rows before it."""
    if fact.kind is not FactKind.NOT_PASSED:
        return filing_of(fact)
    row = connection.execute(FILING_OF_SEQ, (fact.refers_to,)).fetchone()
    return UNFILED if row is None else Filing(*row)


def load_peer_filing(connection: sqlite3.Connection, fact: Fact) -> Filing:
    """The filing of another ledger's fact, given those of its facts that were stored before."""
    if fact.kind is not FactKind.NOT_PASSED:
        return filing_of(fact)
    entry = (fact.device, fact.epoch, fact.refers_to)
    row = connection.execute(FILING_OF_PEER, entry).fetchone()
    return UNFILED if row is None else Filing(*row)


def floor_after(fact: Fact, floor_before: Instant | None) -> Instant | None:
    """The newest instant recorded under a clock that may move the floor, as of this fact."""
    return floor_before if fact.clock is ClockState.UNTRUSTED else fact.at


def corrected_boot(fact: Fact) -> BootId | None:
    """The boot whose times this fact corrects."""
    return fact.boot if fact.kind is FactKind.CLOCK_OFFSET else None
