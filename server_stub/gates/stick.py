"""What goes to gates without a network: the newest publication and a letter for each of them, in one archive.

Law: a gate believes it for its signatures, as over the network. A letter holds what an exchange would have brought down
to its device: receipts, and other lanes' facts above what the device was last known to know; so a stick that got lost
costs nothing. Written beside its place, then renamed: a stick pulled too early holds the old archive or none.

Source: docs/sync-protocol.md, "On a stick"; docs/central.md, "Gates without a network".
"""

from __future__ import annotations

import contextlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from sqlalchemy import Connection, select

from scanner.core.errors import InputError, StoreError
from server_stub.central import Central
from server_stub.gates.devices import Device
from server_stub.gates.intake import sign_receipt
from server_stub.gates.peers import load_peer_facts
from server_stub.publishing.publisher import publish
from server_stub.publishing.repository import Repository
from server_stub.rules.chain import Intake
from server_stub.site import load_site
from server_stub.store import tables
from sync.bundle_format import (
    FORMAT,
    BundleHead,
    BundleKind,
    LetterPart,
    letter_name,
    write_bundle,
)
from sync.wire import GENESIS, Batch, DeviceState, Rejected, to_base64

PART_FACTS = 500
"""In one line: with the longest facts it stays below a line's limit."""
Vector = list[tuple[str, str, int]]


class Stick(msgspec.Struct, frozen=True):
    """What an archive holds."""

    seq: int
    letters: int
    bytes: int


def write_stick(central: Central, path: Path) -> Stick:
    """Publishes the state of now, and writes it with all letters to ``path``, a ``.tar``.

    Raises:
        StoreError: ``stick_not_written``.
        InputError: ``stick_not_named``.
    """
    if not path.name:
        raise InputError(
            "stick_not_named",
            "the bundle has no file name; nothing was written",
            "name a file, such as /media/stick/central.tar",
        )
    seq = publish(central).seq
    with central.database.read() as connection:
        site = load_site(connection).name
    repository = Repository(central.folder, site, central.clock)
    beside = path.with_name(f".{path.name}.new")
    try:
        with TemporaryDirectory() as folder:
            letters = _write_letters(central, site, Path(folder))
            with repository.turn():
                _pack(beside, repository.visible_files() | letters)
        beside.replace(path)
        return Stick(seq, len(letters), path.stat().st_size)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise StoreError(
            "stick_not_written",
            f"{path.name!r} cannot be written ({error.strerror}); what was there is there still",
            "is the stick full, pulled or locked against writing?",
        ) from error


def _pack(path: Path, files: dict[str, Path]) -> None:
    """Not compressed: what is inside is, and gates unpack nothing before they look at it."""
    with path.open("wb") as file:
        with tarfile.TarFile(fileobj=file, mode="w") as archive:
            for name, source in files.items():
                archive.add(source, name, recursive=False)
        file.flush()
        os.fsync(file.fileno())


def _write_letters(central: Central, site: str, folder: Path) -> dict[str, Path]:
    """A letter for each device that has enrolled, by its name in the archive."""
    known = tables.device.c.public_key.is_not(None)
    with central.database.read() as connection:
        devices = connection.execute(select(tables.device).where(known)).all()
    written = {}
    for row in devices:
        path = folder / f"{row.device}.bundle"
        device = Device(row.device, row.gate_no, DeviceState(row.state), row.public_key)
        _write_letter(central, site, device, path)
        written[letter_name(row.device)] = path
    return written


def _write_letter(central: Central, site: str, device: Device, path: Path) -> None:
    signer = central.secrets.receipts
    with central.database.read() as connection, path.open("wb") as file:
        epoch, vector = _load_said(connection, device.device)
        head = BundleHead(
            format=FORMAT,
            kind=BundleKind.LETTER,
            site=site,
            device=device.device,
            made_at=central.clock.now_ms(),
            vector=vector,
            state=device.state,
        )
        parts = _parts(connection, central, device, epoch, vector)
        write_bundle(file, head, parts, lambda text: (signer.kid, to_base64(signer.sign(text))))


def _load_said(connection: Connection, device: str) -> tuple[str, Vector]:
    """What a device said last: its epoch and its vector; nothing, if it never wrote a bundle."""
    table = tables.device_bundle
    row = connection.execute(
        select(table.c.epoch, table.c.vector).where(table.c.device == device)
    ).first()
    return ("", []) if row is None else (row.epoch, msgspec.json.decode(row.vector, type=Vector))


def _parts(
    connection: Connection, central: Central, device: Device, epoch: str, vector: Vector
) -> Iterator[LetterPart]:
    """Receipts of all its ledgers first: the gate keeps the one of the ledger it has."""
    ledger = tables.ledger
    of_device = select(ledger).where(ledger.c.device == device.device)
    for row in connection.execute(of_device.order_by(ledger.c.epoch)).all():
        plan = Intake(row.have, row.head or GENESIS)
        receipt = sign_receipt(central, device.device, row.epoch, plan, central.clock.now_ms())
        yield LetterPart(receipt, _load_rejected(connection, device.device, row.epoch))
    known = {(name, of): seq for name, of, seq in vector}
    more = True
    while more:
        asked = Batch(epoch, [], 0, "", "", [(*of, seq) for of, seq in known.items()])
        facts, more = load_peer_facts(connection, device, asked)
        known |= {(one.device, one.epoch): one.seq for one in facts}
        for first in range(0, len(facts), PART_FACTS):
            yield LetterPart(facts=facts[first : first + PART_FACTS])


def _load_rejected(connection: Connection, device: str, epoch: str) -> list[Rejected]:
    table = tables.rejected_row
    found = select(table.c.seq, table.c.code).where(
        table.c.device == device, table.c.epoch == epoch
    )
    return [Rejected(row.seq, row.code) for row in connection.execute(found.order_by(table.c.seq))]
