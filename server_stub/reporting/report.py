"""What was counted, for people: by gate, by answer, by ticket type; and whether anything is missing.

Law: read-only, sums of stored facts and of what purged ones have left. Facts under review are told apart, never mixed
in. No row of a report names a person or a code.

Source: docs/central.md, "Counts".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Select, Subquery, and_, case, cast, func, select

from scanner.core.events import FactKind
from scanner.core.units import Direction
from server_stub.publishing.publisher import load_newest_seq
from server_stub.reporting.overuses import OveruseEntry, load_overuse
from server_stub.store import tables
from server_stub.store.retention_tables import daily_count

SUMS = ("entries", "persons", "charged", "given_back", "exits")


class AnswerCount(msgspec.Struct, frozen=True):
    """How often a gate gave an answer."""

    gate: str
    outcome: str
    reason: str
    scans: int


class EntryCount(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one ticket type at one gate. ``charged`` and ``persons`` are without those given back."""

    gate: str
    type: str | None
    entries: int
    persons: int
    charged: int
    given_back: int
    exits: int


class LedgerCount(msgspec.Struct, frozen=True, kw_only=True):
    """One device's ledger: rows 1..``have`` arrived; so many are facts, rejected, purged or (beside them) forked."""

    device: str
    epoch: str
    have: int
    head: str
    facts: int
    rejected: int
    purged: int
    forked: int
    under_review: int


class ConflictCount(msgspec.Struct, frozen=True):
    """Accepted entries that the central would have refused."""

    reason: str
    entries: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at one instant."""

    snapshot_seq: int
    answers: list[AnswerCount]
    entries: list[EntryCount]
    ledgers: list[LedgerCount]
    conflicts: list[ConflictCount]
    overuse: list[OveruseEntry]
    open_alerts: int


def load_counts(connection: Connection) -> Counts:
    """The counts as they stand."""
    return Counts(
        snapshot_seq=load_newest_seq(connection),
        answers=_answers(connection),
        entries=_entries(connection),
        ledgers=_ledgers(connection),
        conflicts=_conflicts(connection),
        overuse=load_overuse(connection),
        open_alerts=connection.execute(
            select(func.count()).where(tables.alert.c.resolved_at.is_(None))
        ).scalar_one(),
    )


def _answers(connection: Connection) -> list[AnswerCount]:
    fact = tables.fact
    rows = connection.execute(
        select(tables.gate.c.name, fact.c.outcome, fact.c.reason, func.count())
        .join(tables.gate, tables.gate.c.gate_no == fact.c.gate_no)
        .where(fact.c.kind == FactKind.SCAN, fact.c.is_under_review == 0)
        .group_by(tables.gate.c.name, fact.c.outcome, fact.c.reason)
        .order_by(tables.gate.c.name, fact.c.outcome, fact.c.reason)
    )
    found: Counter[tuple[str, str, str]] = Counter()
    for gate, outcome, reason, scans in (*rows, *connection.execute(_kept_answers())):
        found[gate, outcome or "", reason or ""] += scans
    return [
        AnswerCount(gate, outcome, reason, scans)
        for (gate, outcome, reason), scans in sorted(found.items())
    ]


def _kept_answers() -> Select[Any]:
    """Answers of purged facts."""
    kept = daily_count
    return (
        select(tables.gate.c.name, kept.c.outcome, kept.c.reason, kept.c.scans)
        .join(tables.gate, tables.gate.c.gate_no == kept.c.gate_no)
        .where(kept.c.scans > 0)
    )


def _entries(connection: Connection) -> list[EntryCount]:
    fact, returned = tables.fact, returned_persons()
    back = func.coalesce(returned.c.persons, 0)
    is_in = fact.c.movement == Direction.IN
    stays = case((back >= fact.c.persons, 0), else_=fact.c.persons - back)
    charged = case((back >= fact.c.charged, 0), else_=fact.c.charged - back)
    sums = (
        select(
            tables.gate.c.name.label("gate"),
            tables.ticket_type.c.name.label("type"),
            whole_sum(and_(is_in, stays > 0), 1).label("entries"),
            whole_sum(is_in, stays).label("persons"),
            whole_sum(is_in, charged).label("charged"),
            whole_sum(is_in, back).label("given_back"),
            whole_sum(fact.c.movement == Direction.OUT, 1).label("exits"),
        )
        .group_by(tables.gate.c.name, tables.ticket_type.c.name)
        .order_by(tables.gate.c.name, tables.ticket_type.c.name)
    )
    rows = connection.execute(
        with_returned(sums, returned)
        .join(tables.gate, tables.gate.c.gate_no == fact.c.gate_no)
        .outerjoin(tables.ticket_type, tables.ticket_type.c.type_no == fact.c.type_no)
    )
    found: dict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
    for row in (*rows, *connection.execute(_kept_entries())):
        amounts = row._asdict()
        found[amounts.pop("gate"), amounts.pop("type")].update(amounts)
    return [
        EntryCount(gate=gate, type=kind, **dict.fromkeys(SUMS, 0) | found[gate, kind])
        for gate, kind in sorted(found, key=lambda of: (of[0], of[1] or ""))
    ]


def _kept_entries() -> Select[Any]:
    """Entries and exits of purged facts."""
    kept = daily_count
    return (
        select(
            tables.gate.c.name.label("gate"),
            tables.ticket_type.c.name.label("type"),
            *(kept.c[name] for name in SUMS),
        )
        .join(tables.gate, tables.gate.c.gate_no == kept.c.gate_no)
        .outerjoin(tables.ticket_type, tables.ticket_type.c.type_no == kept.c.type_no)
        .where((kept.c.entries > 0) | (kept.c.exits > 0) | (kept.c.given_back > 0))
    )


def returned_persons() -> Subquery:
    """Persons given back, by the entry that they did not use."""
    fact = tables.fact
    return (
        select(
            fact.c.device, fact.c.epoch, fact.c.refers_to, func.sum(fact.c.persons).label("persons")
        )
        .where(fact.c.kind == FactKind.NOT_PASSED, fact.c.refers_to.is_not(None))
        .group_by(fact.c.device, fact.c.epoch, fact.c.refers_to)
        .subquery()
    )


def with_returned(rows: Select[Any], returned: Subquery) -> Select[Any]:
    """The movements that count, each beside what was given back of it (`returned_persons`), if anything was."""
    fact = tables.fact
    is_its = and_(
        returned.c.device == fact.c.device,
        returned.c.epoch == fact.c.epoch,
        returned.c.refers_to == fact.c.seq,
    )
    return (
        rows.select_from(fact)
        .outerjoin(returned, is_its)
        .where(fact.c.movement.is_not(None), fact.c.is_under_review == 0)
    )


def whole_sum(where: Any, amount: Any) -> Any:
    """A sum as a whole number: PostgreSQL's sum of bigint is a decimal."""
    return cast(func.coalesce(func.sum(case((where, amount), else_=0)), 0), BigInteger)


def _ledgers(connection: Connection) -> list[LedgerCount]:
    counts = {
        name: _rows_by_ledger(connection, table)
        for name, table in (
            ("facts", tables.fact),
            ("rejected", tables.rejected_row),
            ("forked", tables.forked_row),
        )
    }
    reviewed = _rows_by_ledger(connection, tables.fact, tables.fact.c.is_under_review == 1)
    table = tables.ledger
    return [
        LedgerCount(
            device=row.device,
            epoch=row.epoch,
            have=row.have,
            head=row.head.hex(),
            purged=row.purged,
            under_review=reviewed.get((row.device, row.epoch), 0),
            **{name: found.get((row.device, row.epoch), 0) for name, found in counts.items()},
        )
        for row in connection.execute(select(table).order_by(table.c.device, table.c.epoch))
    ]


def _rows_by_ledger(connection: Connection, table: Any, *where: Any) -> dict[tuple[str, str], int]:
    rows = connection.execute(
        select(table.c.device, table.c.epoch, func.count())
        .where(*where)
        .group_by(table.c.device, table.c.epoch)
    )
    return {(device, epoch): count for device, epoch, count in rows}


def _conflicts(connection: Connection) -> list[ConflictCount]:
    fact = tables.fact
    rows = connection.execute(
        select(fact.c.conflict, func.count())
        .where(fact.c.conflict.is_not(None), fact.c.is_under_review == 0)
        .group_by(fact.c.conflict)
        .order_by(fact.c.conflict)
    )
    return [ConflictCount(*row) for row in rows]
