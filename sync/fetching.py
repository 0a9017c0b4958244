"""A new snapshot, from the look at the central's repository to the base in place.

Law: verified before anything is believed, placed before it is said; what cannot be had changes nothing. Deltas where
they lead on from what is here and are few, else the base. Downloads that were verified wait in ``parts/`` for the next
contact, and only those of the newest manifest.

Source: docs/sync.md, "A new snapshot".
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from tuf.ngclient.fetcher import FetcherInterface

from scanner.core.errors import CentralError, GateError, InputError, StoreError
from sync.cache import Cache, Pointer
from sync.delta import DELTAS_MOST, Delta, parse_delta, rows_limit, walk
from sync.device import PUBLIC_KEY_BYTES, Device
from sync.durable import write_fault
from sync.holding import Hold, Why, clear_hold, is_shrunk, load_hold, must_wait, save_hold
from sync.manifest import DeltaFile, Manifest
from sync.settings import SyncSettings
from sync.trust import KEYS_FILE, Repository, verify_root
from sync.wire import parse_base64

_LOG = logging.getLogger("portillon.sync")


FALLS_TO_BASE = frozenset(
    {
        "base_not_as_announced",
        "delta_digest_wrong",
        "delta_not_applied",
        "delta_out_of_place",
        "delta_too_long",
        "delta_unreadable",
    }
)
"""Faults of deltas that a whole base mends."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a look at the repository brought: the sequence in place, and the device's papers with the newest keys.

    ``held``: what is newer, and waits for a person.
    """

    seq: int
    is_new: bool
    device: Device
    held: Hold | None = None


def fetch_snapshot(
    fetcher: FetcherInterface,
    settings: SyncSettings,
    device: Device,
    at_ms: int,
    *,
    is_thorough: bool = False,
) -> Fetched:
    """Bring the cache up to the newest snapshot.

    Args:
        fetcher: how files come, from the central or from a stick.
        settings: where they go.
        device: whose site, pinned root and peppers.
        at_ms: signed time, or the newest instant known to have passed.
        is_thorough: first see whether the base in use is still whole; a damaged one is fetched again.

    Raises:
        CentralError: it cannot be had, or not be trusted; the old state stays.
        StoreError: the disk, or ``cache_in_use``.
    """
    cache = Cache(settings.cache_dir)
    with cache.turn():
        repository = Repository(
            site=device.site,
            root=_load_root(settings.root_path, device),
            metadata=settings.tuf_dir,
            parts=settings.parts_dir,
            fetcher=fetcher,
            at_ms=at_ms,
        )
        manifest = repository.fetch_manifest()
        device = _with_keys(device, repository.fetch_central_keys().keys)
        if is_thorough and (aside := cache.set_aside_damaged()) is not None:
            _LOG.warning("the base in use was damaged", extra={"set_aside": aside.name})
        current = cache.settle()
        if current is not None and current.seq == manifest.seq:
            clear_hold(settings.hold_path)
            return Fetched(manifest.seq, is_new=False, device=device)
        cache.refuse_older(manifest.seq)
        _require_pepper(manifest, device)
        held = _hold(settings, cache, manifest, at_ms)
        if held is not None:
            seq = current.seq if current else 0
            return Fetched(seq, is_new=False, device=device, held=held)
        _put_in_place(repository, manifest, cache, settings.parts_dir)
        clear_hold(settings.hold_path)
        _clear(settings.parts_dir)
    return Fetched(manifest.seq, is_new=True, device=device)


def _hold(settings: SyncSettings, cache: Cache, manifest: Manifest, at_ms: int) -> Hold | None:
    """What has to wait for a yes, written down."""
    current, hold = cache.current(), load_hold(settings.hold_path)
    if current is None:
        return None
    before = cache.grants(current)
    is_suspicious = is_shrunk(before, manifest.grants, settings.max_shrink)
    if not must_wait(hold, seq=manifest.seq, rows=manifest.grants, is_suspicious=is_suspicious):
        return None
    if hold is not None and (hold.why is Why.GONE_BACK and not hold.is_accepted):
        return hold
    since = hold.since_ms if hold is not None and not hold.is_accepted else at_ms
    held = Hold(
        why=Why.SHRUNK,
        seq=manifest.seq,
        rows=manifest.grants,
        rows_before=before,
        since_ms=since,
    )
    if held != hold:
        save_hold(settings.hold_path, held)
    return held


def _put_in_place(
    repository: Repository, manifest: Manifest, cache: Cache, folder: Path
) -> Pointer:
    """By deltas where that is cheaper, and by the base where it is not, or where they do not fit."""
    current = cache.current()
    entries = None if current is None else choose_deltas(manifest, current.seq)
    if entries is not None:
        try:
            return cache.apply(manifest, _fetch_deltas(repository, entries))
        except GateError as fault:
            if fault.code not in FALLS_TO_BASE:
                raise
            _LOG.warning(fault.message, extra={"code": fault.code, "hint": fault.hint})
    deltas = _fetch_deltas(repository, list(walk(manifest.deltas, manifest.base_seq)))
    return cache.place(manifest, _fetch_parts(repository, manifest, cache, folder), deltas)


def choose_deltas(manifest: Manifest, at_seq: int) -> list[DeltaFile] | None:
    """The deltas that lead from a snapshot to the newest; None = the base is the way."""
    way = list(walk(manifest.deltas, at_seq))
    if not way or way[-1].to_seq != manifest.seq or len(way) > DELTAS_MOST:
        return None
    if sum(entry.rows for entry in way) > rows_limit(manifest.base.rows):
        return None
    return way


def _fetch_deltas(repository: Repository, entries: Sequence[DeltaFile]) -> list[Delta]:
    return [parse_delta(repository.fetch_delta(entry.target)) for entry in entries]


def _load_root(path: Path, device: Device) -> bytes:
    try:
        root = path.read_bytes()
    except OSError as error:
        raise StoreError(
            "root_missing",
            f"the pinned root {path.name!r} cannot be read ({error.strerror}); the old state stays",
            "revoke the device at the central, delete cache/device.json and enrol again",
        ) from error
    return verify_root(root, device.root_sha256)


def _with_keys(device: Device, keys: dict[str, str]) -> Device:
    """The signed list replaces ours: a key that is no longer in it signs nothing any more."""
    good: dict[str, str] = {}
    for kid, text in keys.items():
        with contextlib.suppress(InputError):
            parse_base64(text, PUBLIC_KEY_BYTES)
            good[kid] = text
    return msgspec.structs.replace(device, central_keys=good) if good else device


def _require_pepper(manifest: Manifest, device: Device) -> None:
    if manifest.pepper_id not in device.peppers:
        raise CentralError(
            "pepper_missing",
            f"snapshot {manifest.seq} needs pepper {manifest.pepper_id[:16]!r}, which this gate does not hold",
            "the next contact asks for it; if this stays, enrol the gate again",
        )


def _fetch_parts(
    repository: Repository, manifest: Manifest, cache: Cache, folder: Path
) -> list[Path]:
    names = manifest.base.parts
    cache.require_room(manifest.base.bytes + sum(repository.part_bytes(name) for name in names))
    parts = [repository.fetch_part(name) for name in names]
    _clear(folder, keep=parts)
    return parts


def _clear(folder: Path, keep: list[Path] | None = None) -> None:
    """Delete downloads that nothing waits for."""
    try:
        for path in folder.iterdir():
            if path.name != KEYS_FILE and path not in (keep or []):
                path.unlink()
    except OSError as error:
        raise write_fault(error, folder.name) from error
