"""Opening a ledger for writing: make it, bring it to today's format, or set it aside and begin again.

Law: a ledger that is damaged, or another device's, is set aside and a new epoch begins: the gate must open. A ledger of
a newer format is left alone and the gate does not start: nothing of it may be lost by a downgrade. What a power cut can
tear (the end of the chain, the pages of a small file) is looked at on every start.

Source: docs/ledger.md, "At start".
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from pathlib import Path

from scanner.core.errors import StoreError
from scanner.core.units import DeviceId, Epoch
from scanner.records.chain import verify_tail
from scanner.records.ledger_faults import damage, folder_fault, ledger_fault
from scanner.records.ledger_files import RESERVE_NAME, SetAside, find_mark, set_aside
from sync.ledger_format import (
    APPLICATION_ID,
    FILE_NAME,
    FORMAT,
    START,
    UNREADABLE,
    Origin,
    load_origin,
    require_schema,
)

TAIL_ROWS = 200
"""Rows at the end whose chain is walked at every start."""

SMALL_BYTES = 8 * 1024 * 1024
"""Files up to this size are looked through page by page at every start."""

AUTOCHECKPOINT_PAGES = 8_000
"""SQLite moves the log into the file by itself only if nobody did for 32 MB."""

BUSY_MS = 500
EPOCH_BYTES = 16

_SET_ASIDE = ("ledger_damaged", "ledger_of_another_device")


def build_connection(
    folder: Path, device: DeviceId
) -> tuple[sqlite3.Connection, Origin, SetAside | None]:
    """The writing connection, whose ledger it is, and what was set aside on the way.

    Raises:
        StoreError: ``ledger_newer``, or the disk's fault.
    """
    aside = None
    lost = find_mark(folder) or _find_loss(folder)
    if lost is not None:
        aside = set_aside(folder, "ledger_damaged", lost)
    try:
        return *_connect(folder, device), aside
    except StoreError as fault:
        if fault.code not in _SET_ASIDE:
            raise
        aside = set_aside(folder, fault.code, fault.message)
    return *_connect(folder, device), aside


def _find_loss(folder: Path) -> str | None:
    """A ledger that was here and is not: its log or its reserve is left."""
    path = folder / FILE_NAME
    if path.exists() and path.stat().st_size:
        return None
    if (folder / f"{FILE_NAME}-wal").exists():
        return f"{FILE_NAME} is gone, its log is left"
    if (folder / RESERVE_NAME).exists():
        return f"{FILE_NAME} is gone or empty, its reserve is left"
    return None


def _connect(folder: Path, device: DeviceId) -> tuple[sqlite3.Connection, Origin]:
    path = folder / FILE_NAME
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except OSError as error:
        raise folder_fault(error, folder) from error
    try:
        origin = _prepare(connection, device)
    except UNREADABLE as error:
        connection.close()
        raise ledger_fault(error, folder) from error
    except BaseException:
        connection.close()
        raise
    return connection, origin


def _prepare(connection: sqlite3.Connection, device: DeviceId) -> Origin:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute("PRAGMA trusted_schema = OFF")
    _migrate_when_due(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}")
    require_schema(connection)
    _require_whole_pages(connection)
    origin = _adopt(connection, device)
    walk = verify_tail(connection, origin, TAIL_ROWS)
    if walk.broken is not None:
        raise damage(f"row {walk.broken.seq} {walk.broken.what}")
    return origin


def _migrate_when_due(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and tables and found:
        raise damage(f"it is not a ledger (application {application:#x})")
    if found > FORMAT:
        raise StoreError(
            "ledger_newer",
            f"the ledger has format {found}, this software writes {FORMAT}; the gate does not start",
            "install the newer portillon again, or let its facts be uploaded and move the file away",
        )
    if found < FORMAT:
        from scanner.records.ledger_schema import apply_migrations

        apply_migrations(connection)


def _require_whole_pages(connection: sqlite3.Connection) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
    if pages * page_bytes <= SMALL_BYTES:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise damage(str(found))


def _adopt(connection: sqlite3.Connection, device: DeviceId) -> Origin:
    """The origin in the file; an empty file gets this device and a new epoch."""
    if not connection.execute("SELECT count(*) FROM ledger").fetchone()[0]:
        if connection.execute("SELECT count(*) FROM fact").fetchone()[0]:
            raise damage("it has facts but does not say whose")
        return _found(connection, device)
    origin = load_origin(connection)
    if origin.device != device:
        raise StoreError(
            "ledger_of_another_device",
            f"the ledger is of device {origin.device!r}, this gate is {device!r}; it is set aside",
            "one device, one identity: was this disk copied, or the gate enrolled again?",
        )
    return origin


def _found(connection: sqlite3.Connection, device: DeviceId) -> Origin:
    origin = Origin(device, Epoch(secrets.token_urlsafe(EPOCH_BYTES)), START)
    connection.execute(
        "INSERT INTO ledger VALUES (?, ?, ?, ?, ?)",
        (origin.device, origin.epoch, *origin.anchor, START.seq),
    )
    return origin
