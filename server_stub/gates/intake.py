"""Scans come in: one batch, one transaction, one signed receipt.

Law: an accepted entry is never refused, it happened. A row is stored once (same identity, same hash = sent again); the
other truth under a taken identity is stored beside it, the device quarantined and a person told. A row that cannot be
read never holds up the others: it is put aside and acknowledged. The receipt says what is durable here, and nothing
else: it is signed after the commit.

Source: docs/sync-protocol.md, "Facts up".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, insert, select, update

from scanner.core.errors import InputError
from scanner.core.events import Fact, FactKind
from scanner.core.reasons import Flag
from scanner.core.tally import corrected_at
from scanner.core.units import Instant
from server_stub.central import Central
from server_stub.gates.alerts import raise_alert
from server_stub.gates.devices import SIGNATURE_BYTES, Device, quarantine_device
from server_stub.gates.first_scans import note_first_scans
from server_stub.gates.known_rights import KnownRights, load_known_rights
from server_stub.gates.peers import counts_for_others, load_peer_facts
from server_stub.publishing.publisher import load_newest_seq
from server_stub.rules.chain import ChainedRow, Intake, plan_intake
from server_stub.rules.conflicts import conflict_of
from server_stub.store import tables
from server_stub.store.changes import note_facts_taken
from server_stub.store.fact_rows import parse_row
from sync.wire import (
    BATCH_ROWS,
    EPOCH_PATTERN,
    GENESIS,
    Batch,
    DeviceState,
    Exchange,
    Receipt,
    Rejected,
    batch_statement,
    parse_base64,
    receipt_statement,
    to_base64,
)

_EPOCH = re.compile(EPOCH_PATTERN)
_HASH = re.compile(r"[0-9a-f]{64}")


def take_batch(central: Central, device: Device, batch: Batch) -> Exchange:
    """Stores what is new of a batch and answers with everything the device should know.

    Raises:
        InputError: ``batch_wrong``, ``batch_signature``; nothing was stored.
    """
    verify_batch(device, batch)
    now = central.clock.now_ms()
    with central.database.write() as connection:
        plan, rejected = apply_batch(connection, device, batch, now)
    with central.database.read() as connection:
        facts, more = load_peer_facts(connection, device, batch)
        newest = load_newest_seq(connection)
    return Exchange(
        receipt=sign_receipt(central, device.device, batch.epoch, plan, now),
        rejected=rejected,
        facts=facts,
        snapshot_seq=newest,
        more=more,
    )


def apply_batch(
    connection: Connection, device: Device, batch: Batch, at: Instant
) -> tuple[Intake, list[Rejected]]:
    """Stores what is new of a verified batch, in the caller's transaction."""
    plan = _plan(connection, device, batch, at)
    return plan, _store(connection, device, batch.epoch, plan, at)


def verify_batch(device: Device, batch: Batch) -> None:
    """Shape and signature of a batch.

    Raises:
        InputError: ``batch_wrong``, ``batch_signature``.
    """
    if problem := _problem(batch):
        raise InputError(
            "batch_wrong",
            f"a batch of {len(batch.rows)} rows {problem}; nothing was stored",
            "the device runs another version: update the central first, then the gates",
        )
    statement = batch_statement(device.device, batch.epoch, batch.last_seq, batch.last_hash)
    try:
        signature = parse_base64(batch.signature, SIGNATURE_BYTES)
        Ed25519PublicKey.from_public_bytes(device.public_key).verify(signature, statement)
    except (InvalidSignature, InputError) as error:
        raise InputError(
            "batch_signature",
            "a batch is not signed by its device; nothing was stored",
            "look at the device: its ledger or its key is not its own",
        ) from error


def sign_receipt(central: Central, device: str, epoch: str, plan: Intake, at: Instant) -> Receipt:
    """What the device may forget, in writing."""
    head = plan.head.hex()
    statement = receipt_statement(device, epoch, plan.have, head, at)
    signer = central.secrets.receipts
    return Receipt(
        device=device,
        epoch=epoch,
        have=plan.have,
        head=head,
        at=at,
        kid=signer.kid,
        signature=to_base64(signer.sign(statement)),
    )


def _problem(batch: Batch) -> str | None:
    rows = batch.rows
    if len(rows) > BATCH_ROWS:
        return f"has more than {BATCH_ROWS}"
    if not _EPOCH.fullmatch(batch.epoch):
        return "has no proper epoch"
    if not all(_HASH.fullmatch(text) for text in (batch.last_hash, *(row.hash for row in rows))):
        return "has a hash that is not 64 of 0-9a-f"
    if not 0 <= batch.last_seq < 2**53:
        return f"ends at an impossible sequence ({batch.last_seq})"
    if not rows:
        return None
    if rows[0].seq < 1 or any(b.seq != a.seq + 1 for a, b in pairwise(rows)):
        return "is not consecutive from 1 up"
    if (rows[-1].seq, rows[-1].hash) != (batch.last_seq, batch.last_hash):
        return "is not signed for its last row"
    return None


def _plan(connection: Connection, device: Device, batch: Batch, now: Instant) -> Intake:
    """Locks the device, so that two batches of one ledger come one after the other, and judges the rows."""
    connection.execute(
        select(tables.device.c.device)
        .where(tables.device.c.device == device.device)
        .with_for_update()
    )
    of = (tables.ledger.c.device == device.device) & (tables.ledger.c.epoch == batch.epoch)
    row = connection.execute(select(tables.ledger).where(of)).first()
    have, head = (0, GENESIS) if row is None else (row.have, row.head)
    plan = plan_intake(have, head, _held(connection, device.device, batch), batch.rows)
    values = {"have": plan.have, "head": plan.head, "last_at": now}
    if row is None:
        named = {"device": device.device, "epoch": batch.epoch}
        connection.execute(insert(tables.ledger).values(**named, **values))
    else:
        connection.execute(update(tables.ledger).where(of).values(**values))
    connection.execute(
        update(tables.device)
        .where(tables.device.c.device == device.device)
        .values(last_contact_at=now)
    )
    return plan


def _held(connection: Connection, device: str, batch: Batch) -> dict[int, bytes]:
    """The hashes stored under the identities of a batch."""
    if not batch.rows:
        return {}
    held: dict[int, bytes] = {}
    for table in (tables.fact, tables.rejected_row):
        rows = connection.execute(
            select(table.c.seq, table.c.hash).where(
                table.c.device == device,
                table.c.epoch == batch.epoch,
                table.c.seq.between(batch.rows[0].seq, batch.rows[-1].seq),
            )
        )
        held.update({row.seq: row.hash for row in rows})
    return held


def _store(
    connection: Connection, device: Device, epoch: str, plan: Intake, now: Instant
) -> list[Rejected]:
    facts: list[tuple[ChainedRow, Fact]] = []
    refused: list[tuple[ChainedRow, str]] = []
    for row in plan.new:
        try:
            facts.append((row, parse_row(device.device, epoch, row)))
        except InputError as error:
            refused.append((row, error.code))
    _store_facts(connection, device, facts, now)
    _store_refused(connection, device.device, epoch, refused, now)
    _store_forked(connection, device.device, epoch, plan.forked, now)
    return [Rejected(row.seq, code) for row, code in refused]


def _store_facts(
    connection: Connection, device: Device, facts: list[tuple[ChainedRow, Fact]], now: Instant
) -> None:
    if not facts:
        return
    _keep_offsets(connection, [fact for _row, fact in facts])
    known = load_known_rights(connection, [fact for _row, fact in facts])
    connection.execute(
        insert(tables.fact), [_columns(device, row, fact, known, now) for row, fact in facts]
    )
    note_first_scans(connection, [fact for _row, fact in facts], known)
    if device.state is not DeviceState.REVOKED and any(
        counts_for_others(fact) for _row, fact in facts
    ):
        note_facts_taken(connection, device.device)


def _columns(
    device: Device, row: ChainedRow, fact: Fact, known: KnownRights, now: Instant
) -> dict[str, Any]:
    at = corrected_at(fact, known.offsets)
    conflict = conflict_of(
        fact, at, known.grant_behind(fact), known.revoked_at(fact), known.denied_there(fact)
    )
    return {
        "device": fact.device,
        "epoch": fact.epoch,
        "seq": row.seq,
        "hash": row.hash,
        "body": row.body,
        "received_at": now,
        "kind": fact.kind,
        "at": at,
        "gate_no": fact.gate_no,
        "zone_no": fact.zone_no,
        "movement": fact.movement,
        "charged": fact.charged,
        "persons": fact.persons,
        "key": fact.key,
        "grant_no": fact.grant_no,
        "type_no": fact.type_no,
        "outcome": fact.outcome,
        "reason": fact.reason,
        "refers_to": fact.refers_to,
        "awaits_passage": int(Flag.AWAITS_PASSAGE in fact.flags),
        "is_under_review": int(device.state is DeviceState.REVOKED),
        "conflict": conflict,
    }


def _keep_offsets(connection: Connection, facts: Iterable[Fact]) -> None:
    """The correction that was made last in each boot, in whatever order ledgers arrive."""
    table = tables.clock_offset
    for fact in facts:
        if fact.kind is not FactKind.CLOCK_OFFSET or fact.offset_ms is None:
            continue
        of_boot = (table.c.device == fact.device) & (table.c.boot == fact.boot)
        made_at = connection.execute(select(table.c.mono_ms).where(of_boot)).scalar()
        values = {"offset_ms": fact.offset_ms, "mono_ms": fact.mono_ms}
        if made_at is None:
            named = {"device": fact.device, "boot": fact.boot}
            connection.execute(insert(table).values(**named, **values))
        elif made_at <= fact.mono_ms:
            connection.execute(update(table).where(of_boot).values(**values))


def _store_refused(
    connection: Connection,
    device: str,
    epoch: str,
    refused: list[tuple[ChainedRow, str]],
    now: Instant,
) -> None:
    if not refused:
        return
    connection.execute(
        insert(tables.rejected_row),
        [_kept(device, epoch, row, now) | {"code": code} for row, code in refused],
    )
    note = f"{len(refused)} rows from {refused[0][0].seq} of epoch {epoch!r} cannot be read"
    raise_alert(connection, "rows_rejected", note, now, device=device)


def _store_forked(
    connection: Connection,
    device: str,
    epoch: str,
    forked: tuple[ChainedRow, ...],
    now: Instant,
) -> None:
    if not forked:
        return
    table = tables.forked_row
    known = {
        (row.seq, row.hash)
        for row in connection.execute(
            select(table.c.seq, table.c.hash).where(
                table.c.device == device,
                table.c.epoch == epoch,
                table.c.seq.between(forked[0].seq, forked[-1].seq),
            )
        )
    }
    fresh = [row for row in forked if (row.seq, row.hash) not in known]
    if not fresh:
        return
    connection.execute(insert(table), [_kept(device, epoch, row, now) for row in fresh])
    note = f"epoch {epoch!r} has another row {fresh[0].seq} than the one that is stored"
    quarantine_device(connection, device, note, now)


def _kept(device: str, epoch: str, row: ChainedRow, now: Instant) -> dict[str, Any]:
    return {
        "device": device,
        "epoch": epoch,
        "seq": row.seq,
        "hash": row.hash,
        "body": row.body,
        "received_at": now,
    }
