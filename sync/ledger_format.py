"""The ledger's format: tables and read-only access, one definition for the gate that writes and the sync that uploads.

Law: the gate is the only writer; whoever reads opens ``mode=ro`` and never checkpoints. A row's ``body`` is the fact's
JSON exactly as first encoded and ``hash`` is h_n of the chain; both are what the wire carries. The ``of_…`` columns say
under what a row is found again; they and ``floor_at`` follow from the bodies and are in no hash. ``local`` never leaves
the gate. Rows are added, never updated.

Source: docs/ledger.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from scanner.core.errors import StoreError
from scanner.core.units import DeviceId, Epoch, Seq
from sync.wire import GENESIS

FILE_NAME = "ledger.db"
FORMAT = 1
"""``PRAGMA user_version`` of a ledger this software writes."""

APPLICATION_ID = 0x504F_524C
"""``PRAGMA application_id``: "PORL", so that `file` and we know a ledger from any other database."""

LOCAL_BYTES = 1_024
"""What a row keeps beside its body for `explain`, at most."""

TABLES: dict[str, str] = {
    # one row: whose ledger this is, where its chain starts after a purge, and up to where the file
    # itself (without the write-ahead log) is known to hold it
    "ledger": (
        "CREATE TABLE ledger (device TEXT NOT NULL, epoch TEXT NOT NULL, anchor_seq INTEGER NOT NULL,"
        " anchor_hash BLOB NOT NULL, checkpoint_seq INTEGER NOT NULL)"
    ),
    # floor_at: newest instant recorded under a trusted or holdover clock, as of this row
    "fact": (
        "CREATE TABLE fact (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, hash BLOB NOT NULL,"
        " floor_at INTEGER, of_grant INTEGER, of_key BLOB, of_step INTEGER, of_event INTEGER,"
        " of_seat TEXT, of_boot TEXT, local BLOB)"
    ),
}

INDEXES: dict[str, str] = {
    # a refusal is in none of them: recording it touches one page
    "fact_of_grant": "CREATE INDEX fact_of_grant ON fact (of_grant) WHERE of_grant IS NOT NULL",
    "fact_of_key": "CREATE INDEX fact_of_key ON fact (of_key, of_step) WHERE of_key IS NOT NULL",
    "fact_of_seat": (
        "CREATE INDEX fact_of_seat ON fact (of_event, of_seat) WHERE of_seat IS NOT NULL"
    ),
    "fact_of_boot": "CREATE INDEX fact_of_boot ON fact (of_boot) WHERE of_boot IS NOT NULL",
}


UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a damaged file raises: its texts, also those in SQLite's own messages, may be no UTF-8."""


def schema_sql() -> tuple[str, ...]:
    """The statements that make an empty ledger of format 1, in order."""
    return (*TABLES.values(), *INDEXES.values())


class LedgerRow(NamedTuple):
    """One recorded fact as stored."""

    seq: Seq
    body: bytes
    hash: bytes


class Head(NamedTuple):
    """The end of a chain: the last number and its hash."""

    seq: Seq
    hash: bytes


START = Head(Seq(0), GENESIS)


@dataclass(frozen=True, slots=True)
class Origin:
    """Origin ledger, which epoch, and the row (no longer kept) after which the chain starts."""

    device: DeviceId
    epoch: Epoch
    anchor: Head


def connect_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection that works while the gate writes, and on a copy in a read-only folder.

    Raises:
        StoreError: ``ledger_missing`` or ``ledger_unreadable``.
    """
    if not path.is_file():
        raise StoreError(
            "ledger_missing",
            f"there is no ledger at {str(path)!r}",
            "name the file with --ledger PATH, or the gate's configuration with --config FILE",
        )
    with reading(path):
        return _connect_reader(path)


def _connect_reader(path: Path) -> sqlite3.Connection:
    """Without a log beside it a file in a read-only folder can only be opened as immutable."""
    try:
        return _probe(path, "mode=ro")
    except sqlite3.OperationalError:
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise
        return _probe(path, "mode=ro&immutable=1")


def _probe(path: Path, query: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{query}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        require_schema(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def require_schema(connection: sqlite3.Connection) -> None:
    """Refuse a file whose tables and indexes are not exactly those of this format.

    Raises:
        sqlite3.DatabaseError: another application, format or schema text.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID or found != FORMAT:
        raise sqlite3.DatabaseError(f"format {found} of application {application:#x}")
    texts = dict(connection.execute("SELECT name, sql FROM sqlite_master"))
    wrong = [name for name, text in (TABLES | INDEXES).items() if texts.get(name) != text]
    if wrong:
        raise sqlite3.DatabaseError(f"other tables than ours: {', '.join(wrong)}")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what a damaged file raises in between into the fault that it is.

    Raises:
        StoreError: ``ledger_unreadable``.
    """
    try:
        yield
    except UNREADABLE as error:
        raise unreadable(path, str(error)) from error


def unreadable(path: Path, why: str) -> StoreError:
    """The fault of a file that is no ledger, or whose first pages are damaged."""
    return StoreError(
        "ledger_unreadable",
        f"{str(path)!r} is not a ledger of format {FORMAT} ({why})",
        "a copy needs ledger.db and ledger.db-wal together; a newer gate's needs a newer portillon",
    )


def load_origin(connection: sqlite3.Connection) -> Origin:
    """Whose ledger this is.

    Raises:
        sqlite3.DatabaseError: its one row is missing or not of its types.
    """
    row = connection.execute("SELECT device, epoch, anchor_seq, anchor_hash FROM ledger").fetchone()
    if row is None or [type(value) for value in row] != [str, str, int, bytes]:
        raise sqlite3.DatabaseError("the ledger does not say whose it is")
    return Origin(DeviceId(row[0]), Epoch(row[1]), Head(Seq(row[2]), row[3]))


def load_head(connection: sqlite3.Connection) -> Head:
    """The last row's number and hash; the anchor when no row is kept."""
    row = connection.execute("SELECT seq, hash FROM fact ORDER BY seq DESC LIMIT 1").fetchone()
    if row is None:
        return load_origin(connection).anchor
    return Head(Seq(row[0]), bytes(row[1]))


def load_rows(connection: sqlite3.Connection, after: int, limit: int) -> list[LedgerRow]:
    """Up to ``limit`` rows above ``after``, in order: what an upload carries."""
    rows = connection.execute(
        "SELECT seq, CAST(body AS BLOB), CAST(hash AS BLOB) FROM fact WHERE seq > ? ORDER BY seq LIMIT ?",
        (after, limit),
    )
    return [LedgerRow(seq, body or b"", row_hash or b"") for seq, body, row_hash in rows]
