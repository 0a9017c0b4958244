"""A gate's facts for the central on a stick: what an exchange would have sent, in one sealed file.

Law: read-only but for the file it writes, whole or not at all; the running gate and sync need not be stopped.
Everything above the newest receipt goes along, also what an earlier bundle held: a stick that got lost loses nothing,
and the central counts nothing twice.

Source: docs/sync.md, "Without a network"; docs/sync-protocol.md, "On a stick".
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from scanner.core.errors import ConfigError
from sync.bundle_format import FORMAT, BundleHead, BundleKind, write_bundle
from sync.cache import Cache
from sync.clock_proof import Clock
from sync.device import load_device
from sync.device_key import Signer, load_signer
from sync.durable import flush, flush_folder, write_fault
from sync.ledger_format import connect_reader
from sync.outbox import Outbox
from sync.settings import SyncSettings
from sync.wire import Batch, key_id, to_base64

Vector = dict[tuple[str, str], int]


class Exported(msgspec.Struct, frozen=True):
    """What a bundle holds: rows ``first`` to ``last`` of a ledger; none when ``first`` is above ``last``."""

    device: str
    site: str
    first: int
    last: int
    bytes: int


def export_bundle(path: Path, settings: SyncSettings, clock: Clock) -> Exported:
    """Write the facts that the central has not receipted to ``path``.

    Raises:
        ConfigError: ``bundle_not_enrolled``.
        StoreError: the ledger, the device key, or ``file_not_written``.
    """
    device = load_device(settings.device_path)
    if device is None:
        raise ConfigError(
            "bundle_not_enrolled",
            "this device is not enrolled: a central would not know whose facts these are",
            "make a code at the central (portillon-central device add), then: portillon enrol CODE",
        )
    signer = load_signer(settings.key_path)
    with _open_outbox(settings.ledger_path) as outbox:
        outbox.require_device(device.device)
        have, peers = _known(settings.peers_path, outbox)
        head = BundleHead(
            format=FORMAT,
            kind=BundleKind.FACTS,
            site=device.site,
            device=device.device,
            made_at=clock.now_ms(),
            vector=[(*ledger, seq) for ledger, seq in _vector(settings, outbox, peers)],
        )
        last = _save(path, head, outbox, have, signer)
    return Exported(device.device, device.site, have + 1, last, path.stat().st_size)


def _open_outbox(path: Path) -> Outbox:
    """The ledger's; one that is not there is named by its own code."""
    return Outbox.open(path) or Outbox(connect_reader(path))


def _save(path: Path, head: BundleHead, outbox: Outbox, have: int, signer: Signer) -> int:
    """Beside its place, flushed, renamed over it. Returns the last row."""
    beside = path.with_name(f".{path.name}.new")
    last = have

    def batches() -> Iterator[Batch]:
        nonlocal last
        batch = outbox.build_batch(have, signer, {})
        yield batch
        while batch.rows:
            last = batch.last_seq
            batch = outbox.build_batch(last, signer, {})
            if batch.rows:
                yield batch

    def seal(statement: bytes) -> tuple[str, str]:
        return key_id(signer.public_key), to_base64(signer.sign(statement))

    try:
        with beside.open("wb") as file:
            write_bundle(file, head, batches(), seal)
            flush(file.fileno())
        beside.replace(path)
        flush_folder(path.absolute().parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise write_fault(error, path.name) from error
    return last


def _known(path: Path, outbox: Outbox) -> tuple[int, Vector]:
    """The newest receipt's ``have``, and other ledgers as ``peers.db`` knows them; sync may be at work in it."""
    if not path.is_file():
        return 0, {}
    uri = f"file:{quote(os.fspath(path.absolute()))}?mode=ro"
    of_ours = "SELECT have FROM receipt WHERE device = ? AND epoch = ?"
    of_others = "SELECT device, epoch, max(seq) FROM fact GROUP BY 1, 2"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            row = connection.execute(of_ours, (outbox.device, outbox.epoch)).fetchone()
            others = connection.execute(of_others).fetchall()
    except sqlite3.Error:
        # nothing in it is the only copy of anything: more is sent, and more is asked for
        return 0, {}
    return (row[0] if row else 0), {(device, epoch): seq for device, epoch, seq in others}


def _vector(
    settings: SyncSettings, outbox: Outbox, peers: Vector
) -> list[tuple[tuple[str, str], int]]:
    vector = known_vector(Cache(settings.cache_dir).vector(), peers)
    vector.pop((outbox.device, outbox.epoch), None)
    return sorted(vector.items())


def known_vector(bases: Vector, peers: Vector) -> Vector:
    """What is known of other ledgers: by the bases that are kept, and by facts that came since."""
    return {ledger: max(bases.get(ledger, 0), peers.get(ledger, 0)) for ledger in {*bases, *peers}}
