"""One open base: its small tables in memory, its grants by index probe.

Law: read-only. Only sync's deltas change the file, each in one transaction; whoever asks more than one question asks
them in one `moment`, which sees all of a delta or nothing of it, small tables included. What is asked per scan is one
probe per table, none for a table that is empty.

Source: docs/sync-protocol.md, "Snapshot"; docs/architecture.md, "The life of a scan".
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scanner.core.errors import GateError, StoreError
from scanner.core.grants import EventException
from scanner.core.question import SeatEntry
from scanner.core.tally import Tally
from scanner.core.units import CredentialKey, EventNo, GrantNo, ZoneNo
from scanner.site_tables import SiteTables, load_site_tables
from sync.base_rows import parse_exception
from sync.snapshot import REVOKED_PREFIX_BYTES
from sync.tally_rows import parse_tally

UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a file that was damaged after it was opened raises."""

_SEQ = "SELECT value FROM meta WHERE name = 'snapshot_seq'"
_GRANTS = (
    "SELECT g.* FROM credential AS c CROSS JOIN access_grant AS g ON g.grant_no = c.grant_no"
    " WHERE c.key = ?"
)


class SnapshotBase:
    """A base that was opened and found good."""

    def __init__(self, connection: sqlite3.Connection, tables: SiteTables) -> None:
        self._connection = connection
        self.tables = tables

    @classmethod
    def open(cls, path: Path) -> SnapshotBase:
        """Open the base at ``path``.

        Raises:
            StoreError: ``snapshot_not_opened``.
        """
        try:
            connection = _connect(path)
        except sqlite3.Error as error:
            raise _unreadable(path, str(error)) from error
        try:
            return cls(connection, load_site_tables(connection))
        except (*UNREADABLE, KeyError, GateError) as error:
            connection.close()
            raise _unreadable(path, str(error)) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextlib.contextmanager
    def moment(self) -> Iterator[None]:
        """One state of the file for everything that is asked inside, whatever sync does meanwhile.

        Raises:
            sqlite3.DatabaseError: a delta brought what cannot be read; the base is of no use any more.
        """
        self._connection.execute("BEGIN")
        try:
            self._follow()
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _follow(self) -> None:
        (found,) = self._connection.execute(_SEQ).fetchone() or ("",)
        if found == str(self.tables.mark.seq):
            return
        try:
            self.tables = load_site_tables(self._connection)
        except (KeyError, GateError) as error:
            raise sqlite3.DatabaseError(f"after a delta: {error}") from error

    def is_known(self, key: CredentialKey) -> bool:
        """True when a grant stands behind this key."""
        sql = "SELECT 1 FROM credential WHERE key = ? LIMIT 1"
        return self._connection.execute(sql, (key,)).fetchone() is not None

    def grant_rows(self, key: CredentialKey) -> list[tuple[Any, ...]]:
        """The rows of the grants behind a key, by number; for `sync.base_rows.parse_grant`, one by one."""
        return self._connection.execute(_GRANTS, (key,)).fetchall()

    def keys_of(self, grant_no: GrantNo, presented: CredentialKey) -> list[CredentialKey]:
        """Every key a grant has or had; most have the presented one only."""
        if "grant_credential" not in self.tables.filled:
            return [presented]
        sql = "SELECT key FROM grant_credential WHERE grant_no = ?"
        found = {key for (key,) in self._connection.execute(sql, (grant_no,))}
        return sorted(found | {presented})

    def tallies_of_grant(self, grant_no: GrantNo) -> dict[ZoneNo, Tally]:
        """What was counted on a grant up to the vector, by zone."""
        return self._tallies("SELECT zone_no, counts FROM tally WHERE grant_no = ?", grant_no)

    def tallies_of_key(self, key: CredentialKey) -> dict[ZoneNo, Tally]:
        """What was counted on a key without a grant up to the vector, by zone."""
        if "key_tally" not in self.tables.filled:
            return {}
        return self._tallies("SELECT zone_no, counts FROM key_tally WHERE key = ?", key)

    def exceptions_of(self, grant_no: GrantNo) -> dict[EventNo, EventException]:
        """What differs for a grant at single events."""
        if "grant_event" not in self.tables.filled:
            return {}
        sql = "SELECT * FROM grant_event WHERE grant_no = ?"
        found = (parse_exception(row) for row in self._connection.execute(sql, (grant_no,)))
        return {exception.event_no: exception for exception in found}

    def is_revoked(self, key: CredentialKey) -> bool:
        """True when the key's prefix is in the revocation list."""
        if "revoked" not in self.tables.filled:
            return False
        sql = "SELECT 1 FROM revoked WHERE prefix = ?"
        prefix = key[:REVOKED_PREFIX_BYTES]
        return self._connection.execute(sql, (prefix,)).fetchone() is not None

    def entries_on(self, event_no: EventNo, seat: str) -> list[SeatEntry]:
        """Who has entered an event on a seat up to the vector."""
        if "seat_entry" not in self.tables.filled:
            return []
        sql = "SELECT grant_no, key FROM seat_entry WHERE event_no = ? AND seat = ?"
        return [
            SeatEntry(event_no, seat, grant_no, None if key is None else key.hex())
            for grant_no, key in self._connection.execute(sql, (event_no, seat))
        ]

    def _tallies(self, sql: str, of: object) -> dict[ZoneNo, Tally]:
        return {zone: parse_tally(counts) for zone, counts in self._connection.execute(sql, (of,))}


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    return connection


def _unreadable(path: Path, why: str) -> StoreError:
    return StoreError(
        "snapshot_not_opened",
        f"snapshot {path.name!r} cannot be used ({why}); the gate keeps the last one that can",
        "the next contact with the central fetches a new one; if this stays, look at its publisher",
    )
