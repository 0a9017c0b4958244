"""Terms that start with the first scan: known to the central once that scan has arrived.

Law: part of the transaction that takes the facts in. The earliest entry that stands defines the term, whichever lane it
came from and in whatever order ledgers arrive; an entry that is given back defines nothing. The row that gates have is
not touched: they derive the same term from the same facts. Tags that end with the ticket end with that term.

Source: docs/decisions.md, "Rights"; docs/membership-rules.md, "Tags".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.events import Fact, FactKind
from scanner.core.tally import Offsets, resolve
from scanner.core.units import Direction, Instant
from scanner.core.validity import Anchor, validity
from server_stub import tables
from server_stub.catalogue import parse_validity
from server_stub.known_rights import KnownRights
from server_stub.site import load_site
from server_stub.tables import fact, ticket, ticket_type
from server_stub.tag_rows import recompute_tags
from server_stub.tallies import load_offsets
from sync.wire import parse_fact


def note_first_scans(connection: Connection, facts: Sequence[Fact], known: KnownRights) -> None:
    """Computes the terms anew that some facts, just stored, may have changed."""
    types = _types_from_first_scan(connection)
    if not types:
        return
    touched = _touched(connection, facts, known)
    rows = connection.execute(
        select(ticket, ticket_type.c.validity)
        .join(ticket_type, ticket_type.c.type_no == ticket.c.type_no)
        .where(ticket.c.type_no.in_(types), ticket.c.grant_no.in_(touched))
    ).all()
    if rows:
        calendar, offsets = load_site(connection).calendar, load_offsets(connection)
        for row in rows:
            _write_term(connection, row, offsets, calendar)


def _types_from_first_scan(connection: Connection) -> list[int]:
    rows = connection.execute(select(ticket_type.c.type_no, ticket_type.c.validity))
    return [type_no for type_no, body in rows if parse_validity(body).anchor is Anchor.FIRST_SCAN]


def _touched(connection: Connection, facts: Iterable[Fact], known: KnownRights) -> set[int]:
    """The grants whose earliest entry may be another one now."""
    touched: set[int] = set()
    for one in facts:
        grant = known.grant_behind(one) if one.movement is not None else None
        if grant is not None:
            touched.add(grant.grant_no)
        elif one.kind is FactKind.NOT_PASSED and one.refers_to is not None:
            of_ledger = and_(fact.c.device == one.device, fact.c.epoch == one.epoch)
            touched |= _grants_of(connection, and_(of_ledger, fact.c.seq == one.refers_to))
        elif one.kind is FactKind.CLOCK_OFFSET:
            touched |= _grants_of(connection, fact.c.device == one.device)
    return touched


def _grants_of(connection: Connection, which: ColumnElement[bool]) -> set[int]:
    """The grants of stored entries, and those that the keys of grant-less ones point to."""
    rows = connection.execute(
        select(fact.c.grant_no, fact.c.key).where(which, fact.c.movement.is_not(None)).distinct()
    ).all()
    keys = [bytes.fromhex(row.key) for row in rows if row.grant_no is None and row.key is not None]
    one, pointing = tables.credential_key, tables.credential_grant
    behind = connection.execute(
        select(pointing.c.grant_no)
        .join(one, one.c.credential_no == pointing.c.credential_no)
        .where(one.c.key.in_(keys))
    ).scalars()
    return {row.grant_no for row in rows if row.grant_no is not None} | set(behind)


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
    returned = [back for one in entries for back in _load(connection, _gives_back(one))]
    moved = resolve([*entries, *returned], offsets)
    return min((one.mark.at for one in moved if one.direction is Direction.IN), default=None)


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
    return and_(
        fact.c.device == entry.device,
        fact.c.epoch == entry.epoch,
        fact.c.kind == FactKind.NOT_PASSED,
        fact.c.refers_to == entry.seq,
    )


def _load(connection: Connection, which: ColumnElement[bool]) -> list[Fact]:
    rows = connection.execute(select(fact.c.body).where(which, fact.c.is_under_review == 0))
    return [parse_fact(body) for body in rows.scalars()]
