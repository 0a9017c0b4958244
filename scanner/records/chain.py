"""Walking a ledger's hash chain: is every row there, unedited, and filed where it will be found?

Law: h_n = SHA-256(h_{n-1} ‖ body), from the anchor. Numbers have no gaps; a body names its own device, epoch and
number; the columns beside a body follow from the bodies. The first row for which one of these is not true is named.
What a chain alone cannot show is a cut-off end: for that the central's receipts say how far it once went.

Source: docs/ledger.md, "The chain".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scanner.core.errors import InputError
from scanner.core.events import Fact
from scanner.core.units import Instant, Seq
from sync.filing import Filing, corrected_boot, floor_after, load_filing
from sync.ledger_format import UNREADABLE, Head, Origin, connect_reader, load_origin, reading
from sync.wire import chain, parse_fact


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """The first row that is not what it should be, and what is wrong with it."""

    seq: Seq
    what: str


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the chain holds: ``rows`` good rows up to ``head``, and the row that broke it."""

    origin: Origin
    rows: int
    head: Head
    broken: BrokenRow | None


class _Stored(NamedTuple):
    """A row with everything that must follow from the bodies."""

    seq: Seq
    body: bytes
    hash: bytes
    floor_at: Instant | None
    boot: str | None
    filing: Filing


_COLUMNS = (
    "SELECT seq, CAST(body AS BLOB), hash, floor_at, of_boot,"
    " of_grant, of_key, of_step, of_event, of_seat FROM fact"
)


def verify_file(path: Path) -> Walk:
    """Walk a ledger file from its anchor to its end, while the gate writes or on a copy.

    Raises:
        StoreError: ``ledger_missing`` or ``ledger_unreadable``: there is no chain to walk.
    """
    with reading(path), closing(connect_reader(path)) as connection:
        return verify_connection(connection)


def verify_connection(connection: sqlite3.Connection) -> Walk:
    """Walk from the anchor to the end in one view of the ledger, then its indexes.

    Raises:
        sqlite3.DatabaseError: it does not say whose it is.
    """
    connection.execute("BEGIN")
    try:
        origin = load_origin(connection)
        walk = _Walker(connection, origin, origin.anchor, None).walk()
        return walk if walk.broken else _with_indexes(connection, walk)
    finally:
        connection.rollback()


def verify_tail(connection: sqlite3.Connection, origin: Origin, rows: int) -> Walk:
    """Walk the last rows only, believing the one before them: where a power cut tears."""
    before = connection.execute(
        "SELECT seq, hash, floor_at FROM fact ORDER BY seq DESC LIMIT 1 OFFSET ?", (rows,)
    ).fetchone()
    if before is None:
        return _Walker(connection, origin, origin.anchor, None).walk()
    return _Walker(connection, origin, Head(before[0], before[1]), before[2]).walk()


class _Walker:
    """The state of one walk: the last good row and the clock's floor there."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        origin: Origin,
        start: Head,
        floor_at: Instant | None,
    ) -> None:
        self._connection = connection
        self._origin = origin
        self._head = start
        self._floor_at = floor_at
        self._rows = 0

    def walk(self) -> Walk:
        broken = None
        try:
            for row in self._load():
                wrong = self._wrong(row)
                if wrong is not None:
                    broken = self._broken(wrong)
                    break
                self._head, self._floor_at = Head(row.seq, row.hash), row.floor_at
                self._rows += 1
        except UNREADABLE as error:
            broken = self._broken(f"cannot be read ({error})")
        return Walk(self._origin, self._rows, self._head, broken)

    def _load(self) -> Iterator[_Stored]:
        sql = f"{_COLUMNS} WHERE seq > ? ORDER BY seq"
        for row in self._connection.execute(sql, (self._head.seq,)):
            seq, body, row_hash, floor_at, boot, *filing = row
            yield _Stored(seq, body, row_hash, floor_at, boot, Filing(*filing))

    def _broken(self, what: str) -> BrokenRow:
        return BrokenRow(Seq(self._head.seq + 1), what)

    def _wrong(self, row: _Stored) -> str | None:
        if row.seq != self._head.seq + 1:
            return f"is missing: after {self._head.seq} comes {row.seq}"
        if type(row.body) is not bytes or chain(self._head.hash, row.body) != row.hash:
            return "does not match its hash: it, its hash or the row before it was edited"
        try:
            fact = parse_fact(row.body)
        except InputError as error:
            return f"cannot be read: {error.message}"
        return self._wrong_name(fact, row.seq) or self._wrong_beside(fact, row)

    def _wrong_name(self, fact: Fact, seq: Seq) -> str | None:
        if (fact.device, fact.epoch, fact.seq) == (
            self._origin.device,
            self._origin.epoch,
            seq,
        ):
            return None
        return f"says it is row {fact.seq} of device {fact.device!r}, epoch {fact.epoch!r}"

    def _wrong_beside(self, fact: Fact, row: _Stored) -> str | None:
        """What is wrong with the columns, as far as the rows they follow from are still kept."""
        anchor = self._origin.anchor.seq
        is_filing_known = fact.refers_to is None or fact.refers_to > anchor
        if is_filing_known and row.filing != load_filing(self._connection, fact):
            return "is filed under another grant, key or seat than it names: counts would be wrong"
        is_floor_known = anchor == 0 or self._head.seq > anchor
        if is_floor_known and row.floor_at != floor_after(fact, self._floor_at):
            return "has another clock floor than the instants recorded up to it give"
        if row.boot != corrected_boot(fact):
            return "is filed as a clock correction of another boot than it names"
        return None


def _with_indexes(connection: sqlite3.Connection, walk: Walk) -> Walk:
    """The rows are good; but a decision asks the indexes over them."""
    try:
        found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except UNREADABLE as error:
        found = str(error)
    if found == "ok":
        return walk
    broken = BrokenRow(walk.head.seq, f"is readable, but the file is damaged ({found})")
    return Walk(walk.origin, walk.rows, walk.head, broken)
