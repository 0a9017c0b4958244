"""Terms that start with the first scan: known to the central once that scan has arrived.

Law: part of the transaction that takes the facts in. The earliest entry that stands defines the term, whichever lane it
came from and in whatever order ledgers arrive; an entry that is given back defines nothing. The row that gates have is
not touched: they derive the same term from the same facts. Tags that end with the ticket end with that term. Only what
may have changed is looked at: a later entry of a term that has begun costs nothing.

Source: docs/decisions.md, "Rights"; docs/membership-rules.md, "Tags".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.events import Fact, FactKind
from scanner.core.tally import Offsets, corrected_at, resolve
from scanner.core.units import Direction, Instant
from scanner.core.validity import Anchor, validity
from server_stub.gates.known_rights import KnownRights, load_known_rights
from server_stub.gates.tallies import load_offsets
from server_stub.selling.catalogue import parse_validity
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.store.tables import fact, ticket, ticket_type
from server_stub.store.tag_rows import recompute_tags
from sync.wire import parse_fact

CHUNK = 500
"""So many numbers in one statement: SQLite takes 32,766 at most."""
FROM_THE_START = Instant(0)

Touched = dict[int, Instant]
"""Grant → the earliest instant at which something about it changed."""


def note_first_scans(connection: Connection, facts: Sequence[Fact], known: KnownRights) -> None:
    """Computes the terms anew that some facts, just stored, may have changed."""
    types = _types_from_first_scan(connection)
    if not types:
        return
    offsets = load_offsets(connection)
    touched: Touched = {}
    for one in facts:
        for grant_no, at in _touched_by(connection, one, known, offsets):
            touched[grant_no] = min(at, touched.get(grant_no, at))
    calendar = load_site(connection).calendar
    for row in _begun(connection, types, touched):
        if row.activated_at is None or touched[row.grant_no] <= row.activated_at:
            _write_term(connection, row, offsets, calendar)


def _types_from_first_scan(connection: Connection) -> list[int]:
    rows = connection.execute(select(ticket_type.c.type_no, ticket_type.c.validity))
    return [type_no for type_no, body in rows if parse_validity(body).anchor is Anchor.FIRST_SCAN]


def _touched_by(
    connection: Connection, one: Fact, known: KnownRights, offsets: Offsets
) -> Iterator[tuple[int, Instant]]:
    """The grants whose earliest entry may be another one by a fact."""
    if one.movement is Direction.IN:
        grant = known.grant_behind(one)
        if grant is not None:
            yield grant.grant_no, corrected_at(one, offsets)
    elif one.kind is FactKind.NOT_PASSED and one.refers_to is not None:
        for entry, grant_no in _entries(connection, one, fact.c.seq == one.refers_to):
            yield grant_no, corrected_at(entry, offsets)
    elif one.kind is FactKind.CLOCK_OFFSET:
        of_boot = fact.c.seq.between(_boot_began(connection, one), one.seq)
        for _entry, grant_no in _entries(connection, one, of_boot):
            yield grant_no, FROM_THE_START


def _entries(
    connection: Connection, of: Fact, which: ColumnElement[bool]
) -> Iterator[tuple[Fact, int]]:
    """Stored entries of the ledger that a fact is from, each with the grant that it used."""
    entries = _load(connection, and_(_of_ledger(of), which, fact.c.movement == Direction.IN))
    for start in range(0, len(entries), CHUNK):
        chunk = entries[start : start + CHUNK]
        known = load_known_rights(connection, chunk)
        for entry in chunk:
            grant = known.grant_behind(entry)
            if grant is not None:
                yield entry, grant.grant_no


def _boot_began(connection: Connection, one: Fact) -> int:
    """The first row of the boot that a fact is from: its lane may have been started more than once."""
    starts = connection.execute(
        select(fact.c.body)
        .where(_of_ledger(one), fact.c.kind == FactKind.LANE_STARTED, fact.c.seq < one.seq)
        .order_by(fact.c.seq.desc())
    ).scalars()
    for body in starts:
        start = parse_fact(body)
        if start.boot != one.boot:
            return start.seq + 1
    return 1


def _begun(connection: Connection, types: list[int], touched: Touched) -> Iterator[Row[Any]]:
    numbers = sorted(touched)
    for start in range(0, len(numbers), CHUNK):
        yield from connection.execute(
            select(ticket, ticket_type.c.validity)
            .join(ticket_type, ticket_type.c.type_no == ticket.c.type_no)
            .where(
                ticket.c.type_no.in_(types),
                ticket.c.grant_no.in_(numbers[start : start + CHUNK]),
            )
        ).all()


def _write_term(
    connection: Connection, row: Row[Any], offsets: Offsets, calendar: SiteCalendar
) -> None:
    first_at = _first_entry_at(connection, row.grant_no, offsets)
    if first_at == row.activated_at:
        return
    term = None if first_at is None else validity(parse_validity(row.validity), first_at, calendar)
    of_ticket = ticket.c.ticket_id == row.ticket_id
    connection.execute(
        update(ticket)
        .where(of_ticket)
        .values(activated_at=first_at, activated_until=None if term is None else term.until)
    )
    recompute_tags(connection, of_ticket, calendar)


def _first_entry_at(connection: Connection, grant_no: int, offsets: Offsets) -> Instant | None:
    """Of the earliest entry that stands, by every fact on the right and on its codes."""
    entries = _load(connection, _on_right(connection, grant_no))
    for entry in sorted(entries, key=lambda one: corrected_at(one, offsets)):
        if resolve([entry, *_load(connection, _gives_back(entry))], offsets):
            return corrected_at(entry, offsets)
    return None


def _on_right(connection: Connection, grant_no: int) -> ColumnElement[bool]:
    one, pointing = tables.credential_key, tables.credential_grant
    keys = connection.execute(
        select(one.c.key)
        .join(pointing, pointing.c.credential_no == one.c.credential_no)
        .where(pointing.c.grant_no == grant_no)
    ).scalars()
    grantless = and_(fact.c.grant_no.is_(None), fact.c.key.in_([key.hex() for key in keys]))
    return and_(or_(fact.c.grant_no == grant_no, grantless), fact.c.movement == Direction.IN)


def _gives_back(entry: Fact) -> ColumnElement[bool]:
    gives_back = and_(fact.c.kind == FactKind.NOT_PASSED, fact.c.refers_to == entry.seq)
    return and_(_of_ledger(entry), fact.c.seq > entry.seq, gives_back)


def _of_ledger(one: Fact) -> ColumnElement[bool]:
    return and_(fact.c.device == one.device, fact.c.epoch == one.epoch)


def _load(connection: Connection, which: ColumnElement[bool]) -> list[Fact]:
    rows = connection.execute(select(fact.c.body).where(which, fact.c.is_under_review == 0))
    return [parse_fact(body) for body in rows.scalars()]
