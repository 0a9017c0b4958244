"""A gate's facts that came on a stick: the intake of the network, batch by batch.

Law: the same replay, fork and reject as over the network, because it is the same code; one batch is one transaction,
so a crash leaves whole batches and the same stick goes on from there. Nothing is taken before the whole bundle was read
and its seal is the device's own. The receipts go back in the next letter.

Source: docs/sync-protocol.md, "On a stick"; docs/central.md, "Gates without a network".
"""

from __future__ import annotations

from typing import IO

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, insert, select, update

from scanner.core.errors import InputError
from server_stub.central import Central
from server_stub.gates.devices import SIGNATURE_BYTES, Device, load_device
from server_stub.gates.intake import apply_batch, verify_batch
from server_stub.site import load_site
from server_stub.store import tables
from sync.bundle_format import Bundle, BundleKind, open_bundle
from sync.wire import Batch, parse_base64


class TakenBundle(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a bundle's rows. ``have``: up to where the central holds that ledger now.

    ``has_gap``: rows before the bundle's are missing here; the next letter makes the gate send them again.
    """

    device: str
    gate_no: int
    epoch: str
    rows: int = 0
    new: int = 0
    replayed: int = 0
    rejected: int = 0
    forked: int = 0
    have: int = 0
    has_gap: bool = False


def take_bundle(central: Central, file: IO[bytes]) -> TakenBundle:
    """Stores what is new of a bundle.

    Raises:
        InputError: ``bundle_unreadable``, ``bundle_cut_off``, ``bundle_too_long``, ``bundle_wrong_kind``,
            ``bundle_wrong_site``, ``bundle_foreign``, ``bundle_signature``: nothing was stored.
    """
    with open_bundle(file, BundleKind.FACTS) as bundle:
        device = _prove(central, bundle)
        for batch in bundle.messages(Batch):
            verify_batch(device, batch)
        taken = TakenBundle(device=device.device, gate_no=device.gate_no, epoch="")
        for batch in bundle.messages(Batch):
            taken = _take(central, device, batch, taken)
    with central.database.write() as connection:
        _remember(connection, bundle, taken, central.clock.now_ms())
    return taken


def _prove(central: Central, bundle: Bundle) -> Device:
    """The device that sealed a bundle, in whatever state: a revoked one's facts are for review."""
    with central.database.read() as connection:
        site, device = load_site(connection).name, load_device(connection, bundle.head.device)
    if bundle.head.site != site:
        raise InputError(
            "bundle_wrong_site",
            f"the bundle is of site {bundle.head.site[:64]!r}, this central is {site!r}'s; nothing was stored",
            "take it to the central where that gate was enrolled",
        )
    if device is None:
        raise InputError(
            "bundle_foreign",
            f"no device {bundle.head.device[:64]!r} has enrolled here; nothing was stored",
            "see `portillon-central device list`; was this central restored from before the gate enrolled?",
        )
    try:
        signature = parse_base64(bundle.seal.signature, SIGNATURE_BYTES)
        key = Ed25519PublicKey.from_public_bytes(device.public_key)
        key.verify(signature, bundle.statement)
    except (InvalidSignature, InputError) as error:
        raise InputError(
            "bundle_signature",
            "the bundle is not as its device sealed it; nothing was stored",
            "write it again at the gate; if that is refused too, somebody altered it or the device's key",
        ) from error
    return device


def _take(central: Central, device: Device, batch: Batch, taken: TakenBundle) -> TakenBundle:
    with central.database.write() as connection:
        plan, rejected = apply_batch(connection, device, batch, central.clock.now_ms())
    return msgspec.structs.replace(
        taken,
        epoch=batch.epoch,
        rows=taken.rows + len(batch.rows),
        new=taken.new + len(plan.new),
        replayed=taken.replayed + plan.replayed,
        rejected=taken.rejected + len(rejected),
        forked=taken.forked + len(plan.forked),
        have=plan.have,
        has_gap=taken.has_gap or bool(batch.rows and batch.rows[0].seq > plan.have + 1),
    )


def _remember(connection: Connection, bundle: Bundle, taken: TakenBundle, now: int) -> None:
    """What the next letter leads on from; an older stick of an earlier ledger, shown again, says nothing new."""
    table = tables.device_bundle
    of = table.c.device == taken.device
    epoch = connection.execute(select(table.c.epoch).where(of)).scalar()
    values = {
        "epoch": taken.epoch,
        "vector": msgspec.json.encode(bundle.head.vector).decode(),
        "taken_at": now,
    }
    if epoch is None:
        connection.execute(insert(table).values(device=taken.device, **values))
    elif taken.new or epoch == taken.epoch:
        connection.execute(update(table).where(of).values(**values))
