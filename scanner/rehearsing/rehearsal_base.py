"""A rehearsal's snapshot as a lane gets it: a base file in the cache, and the papers that let this device read it.

Law: the tables are `sync.snapshot`'s and the rows `sync.base_rows`', as a central publishes them; the file is placed
beside the old one and then named, as sync does it. No tallies: what lanes have recorded is told as facts.

Source: docs/sync-protocol.md, "Snapshot".
"""

from __future__ import annotations

import base64
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from scanner.core.rehearsal_codes import MASTER, PEPPER, PEPPER_ID, SITE, TICKET_KEYS, keys_of
from scanner.core.rehearsal_script import Script
from scanner.core.rehearsal_site import Snapshot
from scanner.core.units import GateNo
from sync.base_rows import (
    encode_config,
    encode_event,
    encode_exception,
    encode_gate,
    encode_grant,
    encode_meta,
    encode_rule,
    encode_ticket_key,
    encode_type,
)
from sync.device import Device, save_device
from sync.durable import save_atomically
from sync.snapshot import FORMAT, REVOKED_PREFIX_BYTES, schema_sql

Row = tuple[Any, ...]


def enrol(cache: Path, device: str, gate_no: GateNo) -> None:
    """Make the cache that of a device of the rehearsal's site."""
    cache.mkdir(parents=True, mode=0o700)
    papers = Device(
        device=device,
        site=SITE,
        gate_no=gate_no,
        peppers={PEPPER_ID: base64.b64encode(PEPPER).decode()},
        event_master=base64.b64encode(MASTER).decode(),
        central_keys={},
        central_url="",
        root_version=1,
        root_sha256="",
    )
    save_device(cache / "device.json", papers)


def place(cache: Path, snapshot: Snapshot, script: Script, before: Snapshot | None) -> None:
    """Make this snapshot the current one, after the one that the cache holds."""
    name = f"{snapshot.mark.seq}.db"
    if before is not None and before.state is snapshot.state:
        _renew(cache / f"{before.mark.seq}.db", cache / name, snapshot)
    else:
        _write(cache / name, snapshot, script)
    pointer = {
        "file": name,
        "seq": snapshot.mark.seq,
        "created_at": snapshot.mark.created_at,
        "sha256": "",
    }
    save_atomically(cache / "current", msgspec.json.encode(pointer))
    if before is not None:
        (cache / f"{before.mark.seq}.db").unlink()


def _write(path: Path, snapshot: Snapshot, script: Script) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("BEGIN")
        for statement in schema_sql():
            connection.execute(statement)
        for table, rows in _tables(snapshot, script):
            _insert(connection, table, list(rows))
        connection.execute("COMMIT")


def _renew(old: Path, new: Path, snapshot: Snapshot) -> None:
    """The same rows said anew."""
    shutil.copyfile(old, new)
    said = {"snapshot_seq": snapshot.mark.seq, "created_at": snapshot.mark.created_at}
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for name, value in said.items():
            connection.execute("UPDATE meta SET value = ? WHERE name = ?", (str(value), name))


def _insert(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own names


def _tables(snapshot: Snapshot, script: Script) -> Iterator[tuple[str, Iterable[Row]]]:
    state = snapshot.state
    grants = list(state.listed())
    meta = encode_meta(SITE, snapshot.mark, PEPPER_ID, len(grants), FORMAT)
    keys = [(key, grant.grant.grant_no) for grant in grants for key in keys_of(grant)]
    yield "meta", meta
    yield "access_grant", (encode_grant(grant.grant) for grant in grants)
    yield "credential", keys
    yield "grant_credential", ((grant_no, key) for key, grant_no in keys)
    yield (
        "grant_event",
        (
            encode_exception(grant.grant.grant_no, exception)
            for grant in grants
            for exception in grant.exceptions
        ),
    )
    yield "rule", map(encode_rule, script.rules.values())
    yield "type", map(encode_type, script.types.values())
    yield "gate", (encode_gate(one.gate) for one in script.gates.values())
    yield "zone", ((number, name, 1) for name, number in script.zones.items())
    yield "event", (encode_event(e, script.event_names[e.event_no]) for e in state.events.values())
    # a scope without a list would be all events; one with no event at all is left out, which is the same as none
    listed = {no: events for no, events in script.scopes.items() if events is None or events}
    yield "scope", ((number, f"scope {number}", 1) for number in listed)
    yield "scope_event", ((no, event) for no, events in listed.items() for event in events or ())
    yield "revoked", ((prefix,) for prefix in {key[:REVOKED_PREFIX_BYTES] for key in state.revoked})
    yield "ticket_key", map(encode_ticket_key, TICKET_KEYS)
    yield "config", encode_config(script.policy)
