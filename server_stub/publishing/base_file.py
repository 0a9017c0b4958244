"""The base: one SQLite file that holds everything a gate may know.

Law: the tables are `sync.snapshot`'s, the rows are `sync.base_rows`'. Rows are written in key order, straight from the
database, a few thousand in memory at a time. Nothing about a person, an amount or a tag has a column here.

Source: docs/sync-protocol.md, "Snapshot"; docs/privacy.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, select

from scanner.core.grants import Event, SnapshotMark
from scanner.core.units import DAY_S, SECOND_MS, Direction, Instant
from server_stub.gates.tallies import Counted, Vector, load_counted, load_offsets
from server_stub.selling.catalogue import load_events, load_gates, load_rules, load_types
from server_stub.selling.codes import ACTIVE, REVOKED
from server_stub.site import Site
from server_stub.store import tables
from server_stub.store.season_tables import grant_event
from sync.base_rows import (
    encode_config,
    encode_event,
    encode_gate,
    encode_meta,
    encode_rule,
    encode_type,
)
from sync.snapshot import FORMAT, REVOKED_PREFIX_BYTES, schema_sql
from sync.tally_rows import encode_tally

EVENTS_AHEAD_MS = 400 * DAY_S * SECOND_MS
DETAIL_DAYS = 2
"""Tallies keep the marks of so many business days before today."""

Rows = Iterable[tuple[Any, ...]]


Watch = Callable[[int, int], None]
"""Hears (rights and codes written, of how many in all) now and then."""

WATCH_EVERY_ROWS = 5_000


def unwatched(_done: int, _of_all: int) -> None:
    """Nobody looks."""


def build_base(
    connection: Connection,
    path: Path,
    site: Site,
    mark: SnapshotMark,
    vector: Vector,
    watch: Watch = unwatched,
) -> int:
    """Writes a base and returns how many grants it has."""
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("PRAGMA journal_mode = OFF")
        base.execute("PRAGMA synchronous = OFF")
        for statement in schema_sql():
            base.execute(statement)
        base.execute("BEGIN")
        _write_rights(connection, base, site.pepper_id, watch)
        write_site(connection, base, site, mark)
        _write_counts(connection, base, site, mark, vector)
        grants = int(base.execute("SELECT count(*) FROM access_grant").fetchone()[0])
        _insert(base, "meta", encode_meta(site.name, mark, site.pepper_id, grants, FORMAT))
        base.execute("COMMIT")
    return grants


def _write_rights(
    connection: Connection, base: sqlite3.Connection, pepper_id: str, watch: Watch
) -> None:
    progress = _Progress(_count_rights(connection, pepper_id), watch)
    for table, rows in (
        ("access_grant", select(tables.access_grant).order_by(tables.access_grant.c.grant_no)),
        ("credential", _credentials(pepper_id)),
        ("grant_credential", _shared_credentials(pepper_id)),
    ):
        streamed: Rows = map(tuple, _streamed(connection, rows))
        _insert(base, table, streamed if table == "grant_credential" else progress.of(streamed))
    prefixes = {
        bytes(key[:REVOKED_PREFIX_BYTES]) for (key,) in _streamed(connection, _revoked(pepper_id))
    }
    _insert(base, "revoked", ((prefix,) for prefix in sorted(prefixes)))


def _count_rights(connection: Connection, pepper_id: str) -> int:
    """Rights and codes that open for them: the rows that take long."""
    codes = _credentials(pepper_id).order_by(None).subquery()
    return sum(
        connection.execute(select(func.count()).select_from(rows)).scalar_one()
        for rows in (tables.access_grant, codes)
    )


class _Progress:
    """Tells a watcher now and then how many rows of all have been written."""

    def __init__(self, of_all: int, watch: Watch) -> None:
        self._done = 0
        self._of_all = of_all
        self._watch = watch

    def of(self, rows: Rows) -> Rows:
        for row in rows:
            yield row
            self._done += 1
            if self._done % WATCH_EVERY_ROWS == 0:
                self._watch(self._done, self._of_all)
        self._watch(self._done, self._of_all)


def _credentials(pepper_id: str) -> Select[Any]:
    key, pointing, one = tables.credential_key, tables.credential_grant, tables.credential
    return (
        select(key.c.key, pointing.c.grant_no)
        .join(one, one.c.credential_no == key.c.credential_no)
        .join(pointing, pointing.c.credential_no == key.c.credential_no)
        .where(key.c.pepper_id == pepper_id, one.c.state == ACTIVE)
        .order_by(key.c.key, pointing.c.grant_no)
    )


def _shared_credentials(pepper_id: str) -> Select[Any]:
    """Of grants with more than one credential, active or not: an old card's entries count for the new card."""
    key, pointing = tables.credential_key, tables.credential_grant
    shared = select(pointing.c.grant_no).group_by(pointing.c.grant_no).having(func.count() > 1)
    return (
        select(pointing.c.grant_no, key.c.key)
        .join(key, key.c.credential_no == pointing.c.credential_no)
        .where(key.c.pepper_id == pepper_id, pointing.c.grant_no.in_(shared))
        .order_by(pointing.c.grant_no, key.c.key)
    )


def _revoked(pepper_id: str) -> Select[Any]:
    key, one = tables.credential_key, tables.credential
    return (
        select(key.c.key)
        .join(one, one.c.credential_no == key.c.credential_no)
        .where(key.c.pepper_id == pepper_id, one.c.state == REVOKED)
    )


def write_site(
    connection: Connection, base: sqlite3.Connection, site: Site, mark: SnapshotMark
) -> None:
    """The small tables: what is of the whole site."""
    now = mark.created_at
    events = load_events(connection, now, Instant(now + EVENTS_AHEAD_MS))
    numbers = {event.event_no for event, _name, _version in events}
    scope_events = connection.execute(select(tables.scope_event)).all()
    for table, rows in (
        ("zone", _plain(connection, tables.zone)),
        ("scope", _plain(connection, tables.scope)),
        ("operator", _plain(connection, tables.operator)),
        ("rule", (encode_rule(rule, version) for rule, version in load_rules(connection))),
        ("type", (encode_type(kind, version) for kind, version in load_types(connection))),
        ("gate", (encode_gate(gate, version) for gate, version in load_gates(connection))),
        ("event", (encode_event(*event) for event in events)),
        ("scope_event", (tuple(row) for row in scope_events if row.event_no in numbers)),
        ("grant_event", (row for row in _exceptions(connection) if row[1] in numbers)),
        ("ticket_key", _ticket_keys(connection, site)),
        ("config", encode_config(site.policy)),
    ):
        _insert(base, table, rows)


def _exceptions(connection: Connection) -> Rows:
    """What differs for a right at one event."""
    one = grant_event.c
    return map(
        tuple,
        _streamed(connection, select(grant_event).order_by(one.grant_no, one.event_no)),
    )


def _ticket_keys(connection: Connection, site: Site) -> Rows:
    for row in connection.execute(select(tables.ticket_key)):
        yield bytes.fromhex(row.kid), row.public, row.state, site.name, None, row.version


def _write_counts(
    connection: Connection,
    base: sqlite3.Connection,
    site: Site,
    mark: SnapshotMark,
    vector: Vector,
) -> None:
    offsets = load_offsets(connection)
    events = load_events(connection, mark.created_at, Instant(mark.created_at + EVENTS_AHEAD_MS))
    open_events: dict[int, Event] = {event.event_no: event for event, _name, _version in events}
    detail_from = detail_start(site, mark)
    for counted in load_counted(connection, vector, offsets, site.calendar):
        if not _is_held(base, counted.grant_no):
            continue
        _insert(base, *tally_rows(counted, detail_from))
        _insert(base, "seat_entry", seat_entries(counted, open_events))
    _insert(base, "vector", ((*of, seq) for of, seq in sorted(vector.items()) if seq))
    _insert(base, "clock_offset", ((*of, offset) for of, offset in sorted(offsets.items())))


def _is_held(base: sqlite3.Connection, grant_no: int | None) -> bool:
    """False for the right of somebody who was erased: its facts count in reports, but for no gate."""
    found = base.execute("SELECT 1 FROM access_grant WHERE grant_no = ?", (grant_no,))
    return grant_no is None or found.fetchone() is not None


def detail_start(site: Site, mark: SnapshotMark) -> Instant:
    """From when on tallies say which fact a day began and ended with."""
    today = site.calendar.business_date(mark.created_at)
    return site.calendar.day_start(today - timedelta(days=DETAIL_DAYS))


def tally_rows(counted: Counted, detail_from: Instant) -> tuple[str, Rows]:
    """The table and rows of what was counted on one grant, or on one key."""
    table: str = "tally"
    owner: int | bytes | None = counted.grant_no
    if owner is None:
        table, owner = "key_tally", bytes.fromhex(counted.key or "")
    return table, [
        (owner, zone_no, encode_tally(tally, detail_from))
        for zone_no, tally in counted.tallies.items()
    ]


def seat_entries(counted: Counted, open_events: Mapping[int, Event]) -> Rows:
    """Who has entered on a seat, at events that are not over."""
    standing = {movement.mark[1:4] for movement in counted.movements}
    return sorted(
        {
            (
                one.event_no,
                one.seat,
                one.grant_no,
                None if one.key is None else bytes.fromhex(one.key),
            )
            for one in counted.facts
            if one.movement is Direction.IN
            and one.seat is not None
            and one.event_no in open_events
            and (one.device, one.epoch, one.seq) in standing
        },
        key=repr,
    )


def _plain(connection: Connection, table: Any) -> Rows:
    """A table whose columns are the base's, as they stand."""
    return map(tuple, connection.execute(select(table)))


def _streamed(connection: Connection, rows: Select[Any]) -> Iterable[Any]:
    return connection.execution_options(yield_per=5_000).execute(rows)


def _insert(base: sqlite3.Connection, table: str, rows: Rows) -> None:
    width = len(base.execute(f"PRAGMA table_info({table})").fetchall())
    marks = ", ".join("?" * width)
    base.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own names
