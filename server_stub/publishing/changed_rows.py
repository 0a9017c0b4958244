"""What of a snapshot became different since the last publication, without looking at what did not.

Law: looks at the small tables, at the rights that were touched and at whoever was counted since, and compares them with
the mirror: the rows as gates have them. What it finds is what comparing everything would find (property test).

Source: docs/central.md, "Publishing".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, select

from scanner.core.events import FactKind
from scanner.core.grants import Event, SnapshotMark
from scanner.core.tally import Offsets
from scanner.core.units import Instant
from server_stub.gates.tallies import Counted, Ledger, Owners, Vector, load_counted
from server_stub.publishing.base_file import (
    EVENTS_AHEAD_MS,
    detail_start,
    seat_entries,
    tally_rows,
    write_site,
)
from server_stub.selling.catalogue import load_events
from server_stub.selling.codes import ACTIVE
from server_stub.site import Site
from server_stub.store import tables
from sync.delta import Change, Tombstone, Upsert
from sync.row_layout import layouts
from sync.snapshot import REVOKED_PREFIX_BYTES, schema_sql

AT_ONCE = 400
"""Rights of one question."""
OF_SITE = (
    "zone",
    "scope",
    "operator",
    "rule",
    "type",
    "gate",
    "event",
    "scope_event",
    "grant_event",
    "ticket_key",
    "config",
)

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is to be published. ``grants`` were touched since ``folded`` was what the mirror has counted."""

    site: Site
    mark: SnapshotMark
    vector: Vector
    offsets: Offsets
    folded: Vector
    grants: frozenset[int]


class _Counters(NamedTuple):
    """Whose counts moved: grants, and keys that had none."""

    grants: frozenset[int]
    keys: frozenset[str]


def changed_rows(
    connection: Connection, mirror: sqlite3.Connection, moment: Moment
) -> Iterator[Change]:
    """The changes since the mirror."""
    yield from _of_site(connection, mirror, moment)
    for numbers in _slices(sorted(moment.grants)):
        yield from _of_rights(connection, mirror, moment.site.pepper_id, numbers)
    yield from _of_counts(connection, mirror, moment)


def compared(table: str, wanted: Iterable[Values], held: Iterable[Values]) -> Iterator[Change]:
    """What makes the held rows of a table the wanted ones."""
    layout = layouts()[table]
    before = {layout.key_of(row): row for row in held}
    for row in wanted:
        if before.pop(layout.key_of(row), None) != row:
            yield Upsert(table, row)
    for key, row in before.items():
        yield Tombstone(table, key, layout.version_of(row))


def _of_site(
    connection: Connection, mirror: sqlite3.Connection, moment: Moment
) -> Iterator[Change]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        for statement in schema_sql():
            fresh.execute(statement)
        write_site(connection, fresh, moment.site, moment.mark)
        for table in OF_SITE:
            yield from compared(table, _all(fresh, table), _all(mirror, table))
    vector = [(*ledger, seq) for ledger, seq in sorted(moment.vector.items()) if seq]
    yield from compared("vector", vector, _all(mirror, "vector"))


def _all(connection: sqlite3.Connection, table: str) -> list[Values]:
    return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names


# --- rights -------------------------------------------------------------------------------------


def _of_rights(
    connection: Connection, mirror: sqlite3.Connection, pepper_id: str, numbers: list[int]
) -> Iterator[Change]:
    grant = tables.access_grant
    rows = connection.execute(select(grant).where(grant.c.grant_no.in_(numbers)))
    held = _held(mirror, "access_grant", ((number,) for number in numbers))
    yield from compared("access_grant", map(tuple, rows), held)
    pointing = _pointing(connection, pepper_id, numbers)
    keyed = [row for row in pointing if row.key is not None]
    pairs = [(bytes(row.key), row.grant_no) for row in keyed if row.state == ACTIVE]
    candidates = [(bytes(row.key), row.grant_no) for row in keyed]
    yield from compared("credential", pairs, _held(mirror, "credential", candidates))
    yield from _of_shared(mirror, pointing, numbers)
    gone = {(bytes(row.key)[:REVOKED_PREFIX_BYTES],) for row in keyed if row.state != ACTIVE}
    yield from compared("revoked", sorted(gone), _held(mirror, "revoked", gone))


def _of_shared(
    mirror: sqlite3.Connection, pointing: Sequence[Row[Any, Any, Any]], numbers: list[int]
) -> Iterator[Change]:
    """Of grants with more than one credential, active or not, as in a base."""
    of_grant: dict[int, list[Row[Any, Any, Any]]] = {}
    for row in pointing:
        of_grant.setdefault(row.grant_no, []).append(row)
    wanted = [
        (grant_no, bytes(row.key))
        for grant_no, rows in of_grant.items()
        if len(rows) > 1
        for row in rows
        if row.key is not None
    ]
    yield from compared("grant_credential", wanted, _held_of(mirror, "grant_credential", numbers))


def _pointing(
    connection: Connection, pepper_id: str, numbers: list[int]
) -> Sequence[Row[Any, Any, Any]]:
    """Every credential of some grants, with its key under a pepper."""
    key, one, pointing = tables.credential_key, tables.credential, tables.credential_grant
    is_its = and_(key.c.credential_no == pointing.c.credential_no, key.c.pepper_id == pepper_id)
    return connection.execute(
        select(pointing.c.grant_no, one.c.state, key.c.key)
        .join(one, one.c.credential_no == pointing.c.credential_no)
        .outerjoin(key, is_its)
        .where(pointing.c.grant_no.in_(numbers))
        .order_by(pointing.c.grant_no, key.c.key)
    ).all()


# --- counts -------------------------------------------------------------------------------------


def _of_counts(
    connection: Connection, mirror: sqlite3.Connection, moment: Moment
) -> Iterator[Change]:
    now = moment.mark.created_at
    events = load_events(connection, now, Instant(now + EVENTS_AHEAD_MS))
    is_open: dict[int, Event] = {event.event_no: event for event, _name, _version in events}
    seats = _all(mirror, "seat_entry")
    over = [row for row in seats if row[0] not in is_open]
    yield from compared("seat_entry", (), over)
    moved = _moved_since(connection, moment)
    detail_from, taken = detail_start(moment.site, moment.mark), _by_owner(seats)
    for counted in _counted_anew(connection, moment, moved):
        table, wanted = tally_rows(counted, detail_from)
        owner = counted.key if counted.grant_no is None else counted.grant_no
        held = _held_of(mirror, table, [_owner(counted)])
        yield from compared(table, wanted, held)
        entered = seat_entries(counted, is_open)
        before = [row for row in taken.get(owner, ()) if row[0] in is_open]
        yield from compared("seat_entry", entered, before)


def _owner(counted: Counted) -> int | bytes:
    return bytes.fromhex(counted.key or "") if counted.grant_no is None else counted.grant_no


def _by_owner(seats: Iterable[Values]) -> dict[int | str | None, list[Values]]:
    """Who has entered where, by whom a base counts it for."""
    found: dict[int | str | None, list[Values]] = {}
    for row in seats:
        _event_no, _seat, grant_no, key = row
        owner = key.hex() if grant_no is None and key is not None else grant_no
        found.setdefault(owner, []).append(row)
    return found


def _counted_anew(connection: Connection, moment: Moment, moved: _Counters) -> Iterator[Counted]:
    calendar, grant = moment.site.calendar, tables.access_grant.c.grant_no
    for numbers in _slices(sorted(moved.grants)):
        # rights of somebody who was erased count in reports, but for no gate
        held = connection.execute(select(grant).where(grant.in_(numbers))).scalars().all()
        chosen = Owners(grants=held)
        yield from load_counted(connection, moment.vector, moment.offsets, calendar, chosen)
    for keys in _slices(sorted(moved.keys)):
        chosen = Owners(keys=keys)
        yield from load_counted(connection, moment.vector, moment.offsets, calendar, chosen)


def _moved_since(connection: Connection, moment: Moment) -> _Counters:
    grants, keys = set[int](), set[str]()
    for ledger, seq in moment.vector.items():
        if seq > (folded := moment.folded.get(ledger, 0)):
            for grant_no, key in _movements(connection, ledger, folded, seq):
                if grant_no is not None:
                    grants.add(grant_no)
                elif key is not None:
                    keys.add(key)
    return _Counters(frozenset(grants), frozenset(keys))


def _movements(
    connection: Connection, ledger: Ledger, above: int, until: int
) -> Iterator[tuple[int | None, str | None]]:
    """For whom the facts of one ledger between two places count, those that are given back too."""
    fact, back = tables.fact, tables.fact.alias("back")
    returned = select(back.c.refers_to).where(
        back.c.device == ledger[0],
        back.c.epoch == ledger[1],
        back.c.seq > above,
        back.c.seq <= until,
        back.c.kind == FactKind.NOT_PASSED,
    )
    # one after the other: by "or" SQLite would walk the whole ledger
    for which in (and_(fact.c.seq > above, fact.c.seq <= until), fact.c.seq.in_(returned)):
        rows = connection.execute(
            select(fact.c.grant_no, fact.c.key)
            .where(
                fact.c.device == ledger[0],
                fact.c.epoch == ledger[1],
                fact.c.movement.is_not(None),
                which,
            )
            .distinct()
        )
        yield from ((row.grant_no, row.key) for row in rows)


# --- the mirror ---------------------------------------------------------------------------------


def _held(mirror: sqlite3.Connection, table: str, keys: Iterable[Values]) -> Iterator[Values]:
    """The mirror's rows of some keys."""
    select_one = layouts()[table].select
    for key in dict.fromkeys(keys):
        yield from mirror.execute(select_one, key)


def _held_of(
    mirror: sqlite3.Connection, table: str, owners: Iterable[int | bytes]
) -> Iterator[Values]:
    """The mirror's rows whose key begins so."""
    layout = layouts()[table]
    first = layout.columns[layout.keys[0]]
    for owner in owners:
        yield from mirror.execute(f"SELECT * FROM {table} WHERE {first} = ?", (owner,))  # noqa: S608


def _slices(values: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(values)
    while some := list(islice(left, AT_ONCE)):
        yield some


def folded_by(mirror: sqlite3.Connection) -> Mapping[Ledger, int]:
    """Up to where a mirror counts each ledger."""
    rows = mirror.execute("SELECT device, epoch, seq FROM vector")
    return {(device, epoch): seq for device, epoch, seq in rows}
