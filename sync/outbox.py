"""What goes up: rows of the ledger as signed batches, and what a receipt for them is worth.

Law: the ledger is only read; rows travel exactly as they were first encoded. A receipt counts only when a key of our
central signed it, it names this ledger, and its hash is the one this ledger has at that row. Nothing here decides what
to send next: that is `sync.session`.

Source: docs/sync-protocol.md, "Facts up".
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from scanner.core.errors import CentralError, StoreError
from sync.clock_proof import is_signed_by
from sync.device_key import Signer
from sync.ledger_format import (
    Head,
    LedgerRow,
    connect_reader,
    load_head,
    load_origin,
    load_rows,
)
from sync.wire import (
    BATCH_ROWS,
    GENESIS,
    REQUEST_BYTES,
    Batch,
    Receipt,
    Row,
    batch_statement,
    receipt_statement,
    to_base64,
)

ROWS_BYTES = REQUEST_BYTES - 512 * 1024
"""Room for rows in a request; the rest is for the vector."""
ROW_OVERHEAD_BYTES = 128
"""Field names, number and hash of one row in JSON, at most."""


class Outbox:
    """One ledger, opened for reading."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        with _faults_named():
            self._origin = load_origin(connection)

    @classmethod
    def open(cls, path: Path) -> Self | None:
        """The outbox of a ledger, or None before the gate's first start.

        Raises:
            StoreError: ``ledger_unreadable``, ``ledger_not_read``.
        """
        if not path.is_file():
            return None
        connection = connect_reader(path)
        try:
            return cls(connection)
        except BaseException:
            connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._connection.close()

    @property
    def device(self) -> str:
        """Whose facts these are."""
        return self._origin.device

    @property
    def epoch(self) -> str:
        """Which life of the ledger this is."""
        return self._origin.epoch

    def head(self) -> Head:
        """The newest row's number and hash."""
        with _faults_named():
            return load_head(self._connection)

    def require_device(self, device: str) -> None:
        """Refuse a ledger of somebody else.

        Raises:
            StoreError: ``ledger_not_ours``.
        """
        if self.device != device:
            raise StoreError(
                "ledger_not_ours",
                "the ledger belongs to an earlier identity of this device; nothing is sent",
                "start the gate: it sets that ledger aside and begins a new one",
            )

    def build_batch(
        self,
        after: int,
        signer: Signer,
        vector: Mapping[tuple[str, str], int],
    ) -> Batch:
        """Rows above ``after``, as many as one request holds, signed.

        Where none are left it is a look at what is new, under the newest row's hash.

        Raises:
            StoreError: ``ledger_not_read``.
        """
        with _faults_named():
            stored = _fitting(load_rows(self._connection, after, BATCH_ROWS))
            rows = [Row(row.seq, row.body.decode(), row.hash.hex()) for row in stored]
        last = Head(stored[-1].seq, stored[-1].hash) if stored else self.head()
        last_hash = last.hash.hex()
        statement = batch_statement(self.device, self.epoch, last.seq, last_hash)
        return Batch(
            epoch=self.epoch,
            rows=rows,
            last_seq=last.seq,
            last_hash=last_hash,
            signature=to_base64(signer.sign(statement)),
            vector=[(device, epoch, seq) for (device, epoch), seq in sorted(vector.items())],
        )

    def verify_receipt(self, receipt: Receipt, central_keys: Mapping[str, bytes]) -> Receipt:
        """The receipt, if it is one for this ledger.

        Raises:
            CentralError: ``receipt_signature_bad``, ``receipt_wrong_ledger``, ``receipt_ahead``, ``receipt_differs``,
                ``central_key_unknown``.
        """
        if (receipt.device, receipt.epoch) != (self.device, self.epoch):
            raise CentralError(
                "receipt_wrong_ledger",
                "the central's receipt is for another device or ledger; it does not count",
                "look at the central's log; two gates may share one identity",
            )
        statement = receipt_statement(
            receipt.device, receipt.epoch, receipt.have, receipt.head, receipt.at
        )
        if not is_signed_by(central_keys, receipt.kid, receipt.signature, statement):
            raise CentralError(
                "receipt_signature_bad",
                f"the receipt has a bad signature by key {receipt.kid[:16]!r}; it does not count",
                "the answer was altered on its way, or this is not our central",
            )
        self._require_same_history(receipt)
        return receipt

    def _require_same_history(self, receipt: Receipt) -> None:
        head = self.head()
        if receipt.have > head.seq:
            raise CentralError(
                "receipt_ahead",
                f"the central holds rows up to {receipt.have}, this ledger ends at {head.seq}",
                "the gate's disk was put back or copied: set the ledger aside, a new epoch begins",
            )
        own = self._hash_at(receipt.have)
        if own is not None and own.hex() != receipt.head.lower():
            raise CentralError(
                "receipt_differs",
                f"the central holds another history up to row {receipt.have} than this ledger",
                "a copy of this gate is in use (fork), or a row was altered: a person must judge",
            )

    def _hash_at(self, seq: int) -> bytes | None:
        """h_seq; None where the row is no longer kept."""
        if seq == 0:
            return GENESIS
        if seq == self._origin.anchor.seq:
            return self._origin.anchor.hash
        with _faults_named():
            rows = load_rows(self._connection, seq - 1, 1)
        return rows[0].hash if rows and rows[0].seq == seq else None


def _fitting(rows: list[LedgerRow]) -> list[LedgerRow]:
    """As many rows as a request holds, and at least one."""
    room = ROWS_BYTES
    for count, row in enumerate(rows):
        # JSON in JSON: every quote and backslash takes two bytes
        room -= 2 * len(row.body) + ROW_OVERHEAD_BYTES
        if room < 0 and count:
            return rows[:count]
    return rows


@contextlib.contextmanager
def _faults_named() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise StoreError(
            "ledger_not_read",
            f"the ledger cannot be read for sending ({error}); its facts wait",
            "the gate repairs its ledger, or sets it aside, when it starts again",
        ) from error
