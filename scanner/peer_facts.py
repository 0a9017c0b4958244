"""The reading side of what sync heard of other lanes: their facts by grant, key and seat, and their clocks.

Law: read-only, index probes only, only facts above the base's vector. sync is the only writer and may be away, be
killed, or put another file in this one's place: one ``stat`` a probe tells. A file that cannot be read is a doubt, told
once; the lane then decides without other lanes' facts, as one whose line is down, and never waits for it.

Source: docs/sync.md, "peers.db"; docs/decisions.md, "Counting".
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from scanner.core.errors import InputError, StoreError
from scanner.core.events import Fact
from scanner.core.tally import Offsets
from scanner.core.units import CredentialKey, DeviceId, Epoch, EventNo, GrantNo, Seq
from scanner.fact_source import Vector
from scanner.logs import OnceLog
from sync.wire import parse_fact

LOG = logging.getLogger("portillon.lookups")

WAIT_S = 0.02
"""For a lock of sync's, at most; readers of a write-ahead log wait for next to nothing."""

UNREADABLE = (sqlite3.Error, UnicodeDecodeError, InputError, AttributeError, TypeError)
"""What a damaged file raises: its columns may hold anything."""

_COLUMNS = "SELECT device, epoch, seq, body FROM fact"
OF_GRANT = f"{_COLUMNS} WHERE of_grant = ?"
OF_KEY = f"{_COLUMNS} WHERE of_key = ? AND of_grant IS NULL"
ON_SEAT = f"{_COLUMNS} WHERE of_event = ? AND of_seat = ?"
OFFSETS = f"{_COLUMNS} INDEXED BY fact_of_boot WHERE of_boot IS NOT NULL"

_Stamp = tuple[int, int]


class PeerFacts:
    """Look-ups in ``peers.db``. Use from the lane's thread. Fits `scanner.fact_source.FactSource`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._stamp: _Stamp | None = None
        self._broken: tuple[object, ...] | None = None
        self._corrections: list[Fact] = []
        self._corrected_at: int | None = None
        self.doubts = OnceLog(LOG)
        """What cannot be read now."""

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._stamp = self._corrected_at = None

    def of_grant(self, grant_no: GrantNo, above: Vector) -> list[Fact]:
        """What counts on this grant, above the vector."""
        return self._facts(OF_GRANT, (grant_no,), above)

    def of_key(self, key: CredentialKey, above: Vector) -> list[Fact]:
        """What counts on this key without a grant, above the vector."""
        return self._facts(OF_KEY, (key,), above)

    def on_seat(self, event_no: EventNo, seat: str, above: Vector) -> list[Fact]:
        """Entries (and give-backs) on this seat at this event, above the vector."""
        return self._facts(ON_SEAT, (event_no, seat), above)

    def offsets(self, above: Vector) -> Offsets:
        """The newest clock correction of each boot, above the vector: those below it are the base's."""
        connection = self._follow()
        if connection is None:
            return {}
        try:
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            if version != self._corrected_at:
                self._corrections = sorted(_read(connection, OFFSETS, (), {}), key=_made_at)
                self._corrected_at = version
        except UNREADABLE as error:
            self._give_up(error)
            return {}
        return {
            (fact.device, fact.boot): fact.offset_ms
            for fact in self._corrections
            if fact.offset_ms is not None and _is_above(above, fact.device, fact.epoch, fact.seq)
        }

    def _facts(self, sql: str, values: tuple[object, ...], above: Vector) -> list[Fact]:
        connection = self._follow()
        if connection is None:
            return []
        try:
            found = _read(connection, sql, values, above)
        except UNREADABLE as error:
            self._give_up(error)
            return []
        self.doubts.all_settled()
        return found

    def _follow(self) -> sqlite3.Connection | None:
        """The connection to the file that is there now; None = there is nothing to be read."""
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            self.close()
            if stamp is None or self._is_still_broken():
                return None
            try:
                self._connection = _connect(self._path)
            except UNREADABLE as error:
                self._give_up(error)
            self._stamp = None if self._connection is None else stamp
        return self._connection

    def _is_still_broken(self) -> bool:
        """True while nobody has written to a file that could not be read: it is not tried at every scan."""
        return self._broken is not None and self._broken == _changes(self._path)

    def _give_up(self, error: Exception) -> None:
        self.close()
        self._broken = _changes(self._path)
        self.doubts.doubt(
            StoreError(
                "peers_not_read",
                f"{self._path.name!r} cannot be read ({error}); other lanes' entries do not count here",
                "sync sets a damaged file aside and fetches all again: restart portillon-sync",
            )
        )


def _connect(path: Path) -> sqlite3.Connection | None:
    """A read-only connection; None while sync has not made its tables yet."""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_S)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'fact_of_boot'")
        if made.fetchone() is not None:
            return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def _read(
    connection: sqlite3.Connection, sql: str, values: tuple[object, ...], above: Vector
) -> list[Fact]:
    return [
        parse_fact(body.encode())
        for device, epoch, seq, body in connection.execute(sql, values)
        if _is_above(above, device, epoch, seq)
    ]


def _is_above(
    above: Mapping[tuple[DeviceId, Epoch], Seq], device: DeviceId, epoch: Epoch, seq: Seq
) -> bool:
    return seq > above.get((device, epoch), 0)


def _made_at(fact: Fact) -> tuple[object, ...]:
    """The order of the corrections of one boot, also of one that began another ledger."""
    return fact.mono_ms, fact.epoch, fact.seq


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _changes(path: Path) -> tuple[object, ...]:
    """What any write to a file or to its log changes."""
    found: list[object] = []
    for one in (path, path.with_name(path.name + "-wal")):
        try:
            seen = one.stat()
        except OSError:
            found.append(None)
        else:
            found.append((seen.st_ino, seen.st_mtime_ns, seen.st_size))
    return tuple(found)
