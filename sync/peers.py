"""``peers.db``: receipts, rejected rows and other lanes' facts; what sync knows and the lane may read.

Law: sync is the only writer, one exchange is one transaction, the lane opens ``mode=ro``. Nothing here is the only copy
of anything: a damaged file is set aside and comes back from the central. Migrations only add.

Source: docs/sync.md, "peers.db".
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self, cast

from sqlite_utils import Database
from sqlite_utils.db import Table
from sqlite_utils.migrations import Migrations

from scanner.core.errors import InputError, StoreError
from sync.durable import OWNER_FILE, make_folder
from sync.filing import corrected_boot, load_peer_filing
from sync.wire import Exchange, PeerFact, Receipt, Rejected, parse_fact

MIGRATIONS = Migrations("portillon.peers")
SIDE_FILES = ("-wal", "-shm", "-journal")
Vector = dict[tuple[str, str], int]
"""(device, epoch) → the last fact known here."""


@MIGRATIONS()
def m001_receipts_rejects_and_facts(db: Database) -> None:
    """The first tables; ``of_grant`` and ``of_key`` say under what a peer's fact is looked up."""
    _table(db, "receipt").create(
        {
            "device": str,
            "epoch": str,
            "have": int,
            "head": str,
            "at": int,
            "kid": str,
            "signature": str,
        },
        pk=("device", "epoch"),
        not_null={"have", "head", "at", "kid", "signature"},
    )
    _table(db, "rejected").create(
        {"device": str, "epoch": str, "seq": int, "code": str}, pk=("device", "epoch", "seq")
    )
    fact = _table(db, "fact").create(
        {
            "device": str,
            "epoch": str,
            "seq": int,
            "body": str,
            "of_grant": int,
            "of_key": bytes,
        },
        pk=("device", "epoch", "seq"),
        not_null={"body"},
    )
    fact.create_index(["of_grant"], index_name="fact_of_grant")
    fact.create_index(["of_key"], index_name="fact_of_key")


@MIGRATIONS()
def m002_seats_boots_and_give_backs(db: Database) -> None:
    """What the lane asks for: seats, clock corrections, and a give-back under what it gives back."""
    for column, kind in (("of_event", int), ("of_seat", str), ("of_boot", str)):
        _table(db, "fact").add_column(column, kind)
    for name, columns in (("fact_of_seat", "of_event, of_seat"), ("fact_of_boot", "of_boot")):
        where = columns.rpartition(" ")[2]
        db.conn.execute(f"CREATE INDEX {name} ON fact ({columns}) WHERE {where} IS NOT NULL")
    rows = db.conn.execute("SELECT device, epoch, seq, body FROM fact ORDER BY device, epoch, seq")
    for row in rows.fetchall():
        _file(db.conn, PeerFact(*row))


class Peers:
    """The opened ``peers.db``. Close it, or use it as a context."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = Database(connection)
        MIGRATIONS.apply(self._db)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._db.close()

    def receipt(self, device: str, epoch: str) -> Receipt | None:
        """The newest receipt of a ledger."""
        with _faults_named():
            rows = _table(self._db, "receipt").rows_where(
                "device = ? AND epoch = ?", [device, epoch]
            )
            return next((Receipt(**row) for row in rows), None)

    def vector(self) -> Vector:
        """Up to where each other ledger is known here."""
        with _faults_named():
            rows = self._db.query("SELECT device, epoch, max(seq) AS seq FROM fact GROUP BY 1, 2")
            return {(row["device"], row["epoch"]): row["seq"] for row in rows}

    def apply_exchange(self, exchange: Exchange) -> None:
        """Store a verified receipt and what came with it: all of it, or nothing.

        Raises:
            StoreError: ``peers_unusable``.
        """
        self.apply(exchange.receipt, exchange.rejected, exchange.facts)

    def apply(
        self, receipt: Receipt | None, rejected: Iterable[Rejected], facts: Iterable[PeerFact]
    ) -> None:
        """Store what was verified, in one transaction; without a receipt of ours nothing was rejected of ours either.

        Raises:
            StoreError: ``peers_unusable``.
        """
        with _faults_named(), self._db.atomic():
            if receipt is not None:
                self._keep_receipt(receipt, rejected)
            for one in facts:
                _insert(self._db.conn, one)

    def _keep_receipt(self, receipt: Receipt, rejected: Iterable[Rejected]) -> None:
        owner = {"device": receipt.device, "epoch": receipt.epoch}
        _table(self._db, "receipt").upsert(
            owner
            | {
                "have": receipt.have,
                "head": receipt.head,
                "at": receipt.at,
                "kid": receipt.kid,
                "signature": receipt.signature,
            },
            pk=("device", "epoch"),
        )
        _table(self._db, "rejected").upsert_all(
            (owner | _rejected_row(one) for one in rejected), pk=("device", "epoch", "seq")
        )

    def erase_facts(self) -> None:
        """Forget other lanes' facts; receipts for our own stay.

        Raises:
            StoreError: ``peers_unusable``.
        """
        with _faults_named(), self._db.atomic():
            _table(self._db, "fact").delete_where()

    def count_facts(self) -> int:
        """How many facts of other ledgers are here."""
        count: int = _table(self._db, "fact").count
        return count

    def rejected(self, device: str, epoch: str) -> tuple[Rejected, ...]:
        """Rows the central could not read."""
        rows = _table(self._db, "rejected").rows_where(
            "device = ? AND epoch = ?", [device, epoch], order_by="seq"
        )
        return tuple(Rejected(row["seq"], row["code"]) for row in rows)


def _table(db: Database, name: str) -> Table:
    return cast("Table", db[name])


def _rejected_row(one: Rejected) -> dict[str, Any]:
    return {"seq": one.seq, "code": one.code[:64]}


def _insert(connection: sqlite3.Connection, one: PeerFact) -> None:
    stored = connection.execute(
        "INSERT OR IGNORE INTO fact (device, epoch, seq, body) VALUES (?, ?, ?, ?)",
        (one.device, one.epoch, one.seq, one.body),
    )
    if stored.rowcount:
        _file(connection, one)


def _file(connection: sqlite3.Connection, one: PeerFact) -> None:
    """Say under what a stored fact is found again."""
    try:
        fact = parse_fact(one.body.encode())
        filed = load_peer_filing(connection, fact)
    except (InputError, ValueError):
        # a newer gate's fact may be unreadable here: kept, and found by nobody until an update
        return
    if (fact.device, fact.epoch, fact.seq) != (one.device, one.epoch, one.seq):
        return
    connection.execute(
        "UPDATE fact SET of_grant = ?, of_key = ?, of_event = ?, of_seat = ?, of_boot = ?"
        " WHERE device = ? AND epoch = ? AND seq = ?",
        (
            filed.grant_no,
            filed.key,
            filed.event_no,
            filed.seat,
            corrected_boot(fact),
            one.device,
            one.epoch,
            one.seq,
        ),
    )


def open_peers(path: Path) -> tuple[Peers, Path | None]:
    """The database and, if the one that was there is damaged, where that was put.

    Raises:
        StoreError: ``peers_unusable``.
    """
    make_folder(path.parent)
    try:
        return Peers(_connect(path)), None
    except sqlite3.OperationalError as error:
        # the disk or a lock: the file itself may be in order
        raise _unusable(error) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        # damaged: also a text of SQLite's own about it may be no UTF-8
        pass
    aside = _set_aside(path)
    with _faults_named():
        return Peers(_connect(path)), aside


def _connect(path: Path) -> sqlite3.Connection:
    path.touch(mode=OWNER_FILE, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _require_whole(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_whole(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("quick_check found damage")


def _set_aside(path: Path) -> Path:
    numbers = (
        n for n in range(1, 1_000) if not path.with_name(f"{path.name}.damaged-{n}").exists()
    )
    aside = path.with_name(f"{path.name}.damaged-{next(numbers)}")
    for side in SIDE_FILES:
        path.with_name(path.name + side).unlink(missing_ok=True)
    path.rename(aside)
    return aside


@contextlib.contextmanager
def _faults_named() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _unusable(error) from error


def _unusable(error: Exception) -> StoreError:
    return StoreError(
        "peers_unusable",
        f"peers.db cannot be used ({error}); receipts and other lanes' facts are not stored",
        "look at the disk; if the file stays damaged, delete it: it comes back from the central",
    )
