"""Batches of a real ledger, and receipts for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scanner.core.errors import CentralError, StoreError
from scanner.core.units import DeviceId
from scanner.records.ledger import Ledger
from support.ledgers import DEVICE, ENTRY, fact, record
from sync.device_key import FileSigner
from sync.outbox import ROWS_BYTES, Outbox
from sync.wire import (
    BATCH_ROWS,
    GENESIS,
    REQUEST_BYTES,
    Receipt,
    batch_statement,
    chain,
    encode_message,
    parse_base64,
    receipt_statement,
    to_base64,
)

SIGNER = FileSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CENTRAL = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = {"k1": CENTRAL.public_key().public_bytes_raw()}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(tmp_path / "ledger", DeviceId(DEVICE))
    yield ledger
    ledger.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "ledger.db"


def opened(path: Path) -> Outbox:
    outbox = Outbox.open(path)
    assert outbox is not None
    return outbox


def receipt_for(ledger: Ledger, have: int, head: str, **changes: object) -> Receipt:
    fields = {"device": ledger.device, "epoch": ledger.epoch, "have": have, "head": head, "at": 7}
    fields |= changes
    signature = to_base64(CENTRAL.sign(receipt_statement(**fields)))  # type: ignore[arg-type]
    return Receipt(**fields, kid="k1", signature=signature)  # type: ignore[arg-type]


def test_before_the_gates_first_start_there_is_nothing_to_send(path: Path) -> None:
    assert Outbox.open(path) is None


def test_a_batch_carries_the_rows_after_a_number_chained_and_signed(
    ledger: Ledger, path: Path
) -> None:
    record(ledger, *[ENTRY] * 5)

    with opened(path) as outbox:
        batch = outbox.build_batch(2, SIGNER, {("d9", "e9"): 4})

    assert [row.seq for row in batch.rows] == [3, 4, 5]
    for before, row in zip(batch.rows, batch.rows[1:], strict=False):
        assert chain(bytes.fromhex(before.hash), row.body.encode()).hex() == row.hash
    assert (batch.epoch, batch.last_seq, batch.last_hash) == (
        ledger.epoch,
        5,
        ledger.head.hash.hex(),
    )
    assert batch.vector == [("d9", "e9", 4)]
    statement = batch_statement(ledger.device, ledger.epoch, 5, batch.last_hash)
    public = Ed25519PublicKey.from_public_bytes(SIGNER.public_key)
    public.verify(parse_base64(batch.signature), statement)


def test_without_rows_a_batch_is_a_look_under_the_newest_rows_hash(
    ledger: Ledger, path: Path
) -> None:
    with opened(path) as outbox:
        batch = outbox.build_batch(0, SIGNER, {})
        assert (batch.rows, batch.last_seq, batch.last_hash) == ([], 0, GENESIS.hex())

        record(ledger, ENTRY)
        batch = outbox.build_batch(1, SIGNER, {})
        assert (batch.rows, batch.last_seq, batch.last_hash) == ([], 1, ledger.head.hash.hex())


def test_a_batch_is_at_most_five_hundred_rows_and_one_request(ledger: Ledger, path: Path) -> None:
    ledger.append([fact(ledger, n, **ENTRY) for n in range(BATCH_ROWS + 3)])
    with opened(path) as outbox:
        assert len(outbox.build_batch(0, SIGNER, {}).rows) == BATCH_ROWS

    quotes = ENTRY | {"note": '"' * 1_800}
    ledger.append([fact(ledger, n, **quotes) for n in range(BATCH_ROWS)])
    with opened(path) as outbox:
        batch = outbox.build_batch(BATCH_ROWS + 3, SIGNER, {})
    assert 1 < len(batch.rows) < BATCH_ROWS
    assert len(encode_message(batch)) < ROWS_BYTES < REQUEST_BYTES


def test_a_receipt_for_this_history_counts(ledger: Ledger, path: Path) -> None:
    record(ledger, *[ENTRY] * 3)
    with opened(path) as outbox:
        hash_2 = outbox.build_batch(0, SIGNER, {}).rows[1].hash
        for receipt in (
            receipt_for(ledger, 0, GENESIS.hex()),
            receipt_for(ledger, 2, hash_2),
            receipt_for(ledger, 3, ledger.head.hash.hex()),
        ):
            assert outbox.verify_receipt(receipt, KEYS) == receipt


@pytest.mark.parametrize(
    ("have", "head", "changes", "code"),
    [
        (2, "ab" * 32, {}, "receipt_differs"),
        (0, "ab" * 32, {}, "receipt_differs"),
        (9, "ab" * 32, {}, "receipt_ahead"),
        (2, "ab" * 32, {"device": "d7"}, "receipt_wrong_ledger"),
        (2, "ab" * 32, {"epoch": "e7"}, "receipt_wrong_ledger"),
    ],
)
def test_a_receipt_for_another_history_does_not_count(
    ledger: Ledger, path: Path, have: int, head: str, changes: dict[str, object], code: str
) -> None:
    record(ledger, *[ENTRY] * 3)

    with opened(path) as outbox, pytest.raises(CentralError) as caught:
        outbox.verify_receipt(receipt_for(ledger, have, head, **changes), KEYS)
    assert caught.value.code == code


def test_a_receipt_that_was_altered_or_signed_by_a_stranger_does_not_count(
    ledger: Ledger, path: Path
) -> None:
    good = receipt_for(ledger, 0, GENESIS.hex())

    with opened(path) as outbox:
        for bad, code in (
            (msgspec.structs.replace(good, at=8), "receipt_signature_bad"),
            (msgspec.structs.replace(good, signature="AAAA"), "receipt_signature_bad"),
            (msgspec.structs.replace(good, kid="k2"), "central_key_unknown"),
        ):
            with pytest.raises(CentralError) as caught:
                outbox.verify_receipt(bad, KEYS)
            assert caught.value.code == code


def test_a_ledger_whose_pages_are_torn_is_named(ledger: Ledger, path: Path) -> None:
    ledger.append([fact(ledger, n, **ENTRY) for n in range(400)])
    ledger.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: 8 * 4_096] + bytes(len(whole) - 8 * 4_096))

    with opened(path) as outbox, pytest.raises(StoreError) as caught:
        outbox.build_batch(0, SIGNER, {})
    assert caught.value.code == "ledger_not_read"
