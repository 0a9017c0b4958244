"""What a person does with snapshots at a gate: bring one on a stick, say yes, go back, see what differs.

Law: the same verification and the same places as for what comes over the network, under the same turn; the running sync
need not be stopped. Nothing goes back but by `sync.going_back`, and after it nothing comes before a yes.

Source: docs/sync.md, "Held snapshots" and "Without a network".
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from scanner.core.errors import ConfigError, StoreError
from sync.base_diff import differences
from sync.bundle_format import letter_name
from sync.cache import Cache
from sync.clock_proof import Clock
from sync.contact import reference_ms
from sync.delta import Tombstone
from sync.device import Device, load_device, save_device
from sync.fetching import Fetched, fetch_snapshot
from sync.holding import Hold, accept
from sync.letters import WAITING, Letter, leave_letter, take_letter
from sync.settings import SyncSettings
from sync.stick import open_stick


class TableDiff(msgspec.Struct, frozen=True):
    """One table: rows that are new or different, and rows that are gone."""

    table: str
    written: int
    gone: int


class SnapshotDiff(msgspec.Struct, frozen=True):
    """Between the base before and the one in use."""

    before: int
    now: int
    tables: list[TableDiff]


def import_snapshot(
    path: Path, settings: SyncSettings, clock: Clock
) -> tuple[Fetched, Letter | None]:
    """Put the snapshot of a stick in place, then take in the letter for this gate, if there is one.

    Raises:
        InputError: ``import_unreadable``; the letter is none, or was cut off.
        CentralError: it is not trusted, or older than the one in use; the same of the letter.
        ConfigError: ``import_not_enrolled``.
        StoreError: the disk, or ``cache_in_use``.
    """
    device = _require_device(settings)
    at_ms = reference_ms(settings, Cache(settings.cache_dir), clock)
    with open_stick(path) as stick:
        fetched = fetch_snapshot(stick, settings, device, at_ms)
        if fetched.device != device:
            save_device(settings.device_path, fetched.device)
        file = stick.open_file(letter_name(device.device))
        if file is None:
            return fetched, None
        with file:
            leave_letter(file, settings)
    return fetched, _take_or_leave(settings)


def _take_or_leave(settings: SyncSettings) -> Letter | None:
    """As sync, if it does not run; otherwise it takes the letter itself."""
    from sync.peers import open_peers
    from sync.worker import only_worker

    try:
        with only_worker(settings.peers_dir):
            peers, _aside = open_peers(settings.peers_path)
            with peers:
                return take_letter(settings, peers)
    except StoreError as error:
        if error.code != "sync_already_running":
            raise
        return WAITING


def accept_held(settings: SyncSettings) -> Hold:
    """Say yes to what waits; the next contact or import puts it in place.

    Raises:
        StoreError: ``nothing_held``, ``cache_in_use``.
    """
    with Cache(settings.cache_dir).turn():
        return accept(settings.hold_path)


def diff_snapshots(settings: SyncSettings) -> SnapshotDiff:
    """What the base in use has that the one before has not, and the other way round.

    Raises:
        StoreError: ``no_base_before``.
    """
    cache = Cache(settings.cache_dir)
    current = cache.current()
    before = cache.find_before(current)
    written, gone = Counter[str](), Counter[str]()
    now = before if current is None else current
    for change in differences(cache.base_path(before), cache.base_path(now)):
        (gone if isinstance(change, Tombstone) else written)[change.table] += 1
    tables = [TableDiff(table, written[table], gone[table]) for table in sorted({*written, *gone})]
    return SnapshotDiff(before.seq, now.seq, tables)


def describe_diff(diff: SnapshotDiff) -> str:
    """The difference as a table for people."""
    lines = [f"✔ from snapshot {diff.before} to {diff.now}"]
    width = max((len(one.table) for one in diff.tables), default=0)
    lines += [
        f"  {one.table:<{width}}  {one.written:>8} new or changed  {one.gone:>8} gone"
        for one in diff.tables
    ]
    return "\n".join(lines if diff.tables else [*lines, "  no difference"])


def _require_device(settings: SyncSettings) -> Device:
    device = load_device(settings.device_path)
    if device is None or device.is_revoked:
        raise ConfigError(
            "import_not_enrolled",
            "this device is not enrolled; a snapshot could not be verified",
            "make a code at the central (portillon-central device add), then: portillon enrol CODE",
        )
    return device
