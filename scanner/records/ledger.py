"""The ledger: every scan and every later fact, appended, chained by hashes, durable before anything moves.

Law: `Ledger.append` returns when the fact is on the disk, with one fsync; when it raises, nothing was recorded and the
arm stays shut. Rows are added, never updated. One process writes and checkpoints (`checkpoint` is for idle moments, so
that no scan pays for it). Raw sqlite3 only: this is the scan path.

Source: docs/ledger.md; https://sqlite.org/wal.html.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from scanner.core.errors import StoreError
from scanner.core.events import Fact, FactKind, Identity
from scanner.core.units import DeviceId, Direction, Epoch, Instant, Seq
from scanner.own_facts import OwnFacts, open_passages
from scanner.records.ledger_faults import ledger_fault, reserve_fault
from scanner.records.ledger_files import Reserve, SetAside, build_folder, lock_writer, mark_damaged
from scanner.records.ledger_opening import build_connection
from sync.filing import corrected_boot, floor_after, load_filing
from sync.ledger_format import LOCAL_BYTES, Head, Origin, load_head, load_rows
from sync.wire import BODY_BYTES, chain, encode_fact, parse_fact

OPENING_KINDS = frozenset({FactKind.SCAN, FactKind.OVERRIDE, FactKind.INSPECTED})
"""What may precede an opening arm."""

OPEN_PASSAGE_ROWS = 2_000
"""A lane settles one passage before the next, so what is unsettled lies within the last rows."""

CHECKPOINT_ROWS = 250
LOG_BYTES = 4 * 1024 * 1024
"""The write-ahead log's file is made this long at start: a commit inside it makes no file longer, which halves it."""

_INSERT = "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Ledger:
    """The one writer of a gate's facts. Use from one thread at a time."""

    def __init__(
        self,
        folder: Path,
        lock: int,
        connection: sqlite3.Connection,
        origin: Origin,
        aside: SetAside | None,
    ) -> None:
        self._folder = folder
        self._lock: int | None = lock
        self._connection = connection
        self._origin = origin
        self._reserve = Reserve(folder)
        self._head: Head | None = None
        self._floor_at: Instant | None = None
        self._rows_in_log = 0
        self.set_aside = aside
        """What was found unusable at start, to be recorded as an alarm."""
        self.own = OwnFacts(connection, origin.device, origin.epoch, self._fault)
        """The reading side, for look-ups on the writer's thread."""
        _lengthen_log(connection)
        self._end()

    @classmethod
    def open(cls, folder: Path, device: DeviceId) -> Self:
        """Open (or make) the ledger of this device in ``folder``.

        Raises:
            StoreError: ``ledger_in_use``, ``ledger_newer``, ``ledger_read_only``, ``ledger_full`` or ``ledger_io``.
        """
        build_folder(folder)
        lock = lock_writer(folder)
        try:
            return cls(folder, lock, *build_connection(folder, device))
        except BaseException:
            os.close(lock)
            raise

    @property
    def device(self) -> DeviceId:
        """Whose facts these are."""
        return self._origin.device

    @property
    def epoch(self) -> Epoch:
        """Which life of the ledger this is."""
        return self._origin.epoch

    @property
    def head(self) -> Head:
        """Number and hash of the last fact."""
        return self._end()

    @property
    def floor_at(self) -> Instant | None:
        """The newest instant recorded under a trusted or holdover clock."""
        return self._floor_at

    def next_identity(self) -> Identity:
        """The identity of the fact that will be appended next."""
        return Identity(self.device, self.epoch, Seq(self._end().seq + 1))

    def append(self, facts: Sequence[Fact], local: bytes | None = None) -> None:
        """Record facts, consecutive from `next_identity`: one transaction, one fsync, durable on return.

        Args:
            facts: all of them are recorded, or none.
            local: what the gate keeps beside the first for `explain`, at most ``LOCAL_BYTES``; never uploaded.

        Raises:
            StoreError: nothing was recorded: ``ledger_full``, ``ledger_read_only``, ``ledger_io``,
                ``ledger_busy`` or ``ledger_damaged``.
        """
        self._require_next(facts)
        may_let_in = any(map(needs_room, facts))
        if may_let_in and not self._reserve.is_kept and not self._reserve.try_keep():
            raise reserve_fault(self._folder)
        try:
            self._insert(facts, local)
        except StoreError as fault:
            if fault.code != "ledger_full" or may_let_in or not self._reserve.is_kept:
                raise
            self._reserve.release()
            self._insert(facts, local)

    def open_passages(self) -> tuple[Fact, ...]:
        """What awaits its passage still: neither passed, nor given back, nor flagged as unknown."""
        end = self._end().seq
        try:
            rows = load_rows(self._connection, end - OPEN_PASSAGE_ROWS, OPEN_PASSAGE_ROWS)
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return open_passages(parse_fact(row.body) for row in rows)

    def checkpoint(self, after_rows: int = CHECKPOINT_ROWS) -> bool:
        """Move the log into the file if it holds at least ``after_rows`` facts; call it when the lane is idle.

        Raises:
            StoreError: the disk did not take it; every fact is still safe in the log.
        """
        if self._rows_in_log < after_rows:
            return False
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            # the first write into an emptied log syncs its header: let that be now, not at a scan
            self._connection.execute("UPDATE ledger SET checkpoint_seq = ?", (self._end().seq,))
        except sqlite3.Error as error:
            raise self._fault(error) from error
        self._rows_in_log = 0
        return True

    def close(self) -> None:
        """Close the file and let another writer in."""
        if self._lock is None:
            return
        self._connection.close()
        os.close(self._lock)
        self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _require_next(self, facts: Sequence[Fact]) -> None:
        device, epoch, seq = self.next_identity()
        for number, fact in enumerate(facts, start=seq):
            if (fact.device, fact.epoch, fact.seq) != (device, epoch, number):
                raise RuntimeError(
                    f"fact {fact.seq} of {fact.epoch!r} is not {number} of {epoch!r}"
                )

    def _insert(self, facts: Sequence[Fact], local: bytes | None) -> None:
        """One transaction; until the disk has answered, the end of the chain is not known."""
        head, floor_at = self._end(), self._floor_at
        self._head = None
        try:
            if len(facts) > 1:
                self._connection.execute("BEGIN IMMEDIATE")
            for fact in facts:
                head, floor_at = self._insert_row(fact, local, head, floor_at)
                local = None
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        except BaseException as error:
            self._connection.rollback()
            if isinstance(error, sqlite3.Error):
                raise self._fault(error) from error
            raise
        self._head, self._floor_at = head, floor_at
        self._rows_in_log += len(facts)
        self.own.learn(facts)

    def _insert_row(
        self, fact: Fact, local: bytes | None, head: Head, floor_at: Instant | None
    ) -> tuple[Head, Instant | None]:
        body = encode_fact(fact)
        if len(body) > BODY_BYTES or (local is not None and len(local) > LOCAL_BYTES):
            raise RuntimeError(f"a fact of {len(body)} bytes, local {local and len(local)} bytes")
        row_hash, floor_at = chain(head.hash, body), floor_after(fact, floor_at)
        filing = load_filing(self._connection, fact)
        self._connection.execute(
            _INSERT,
            (fact.seq, body.decode(), row_hash, floor_at, *filing, corrected_boot(fact), local),
        )
        return Head(fact.seq, row_hash), floor_at

    def _end(self) -> Head:
        if self._head is None:
            try:
                self._head, self._floor_at = _load_end(self._connection)
            except sqlite3.Error as error:
                raise self._fault(error) from error
        return self._head

    def _fault(self, error: Exception) -> StoreError:
        fault = ledger_fault(error, self._folder)
        if fault.code == "ledger_damaged":
            mark_damaged(self._folder, fault.message)
        return fault


def needs_room(fact: Fact) -> bool:
    """True for what is never recorded on the reserve: an answer, unless it lets somebody out."""
    return fact.kind in OPENING_KINDS and fact.movement is not Direction.OUT


def _load_end(connection: sqlite3.Connection) -> tuple[Head, Instant | None]:
    row = connection.execute("SELECT floor_at FROM fact ORDER BY seq DESC LIMIT 1").fetchone()
    return load_head(connection), None if row is None else row[0]


def _lengthen_log(connection: sqlite3.Connection) -> None:
    """Write ``LOG_BYTES`` into the log and take them back. A disk without room for it is no fault yet."""
    try:
        connection.execute("PRAGMA cache_size = 16")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE filler (zeros BLOB)")
        connection.execute("INSERT INTO filler VALUES (zeroblob(?))", (LOG_BYTES,))
    except sqlite3.OperationalError:
        return
    finally:
        connection.rollback()
        connection.execute("PRAGMA cache_size = -2000")
