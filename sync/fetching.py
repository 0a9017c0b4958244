"""A new snapshot, from the look at the central's repository to the base in place.

Law: verified before anything is believed, placed before it is said; what cannot be had changes nothing. Downloads that
were verified wait in ``parts/`` for the next contact, and only those of the newest manifest.

Source: docs/sync.md, "A new snapshot".
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

from scanner.core.errors import CentralError, InputError, StoreError
from sync.cache import Cache
from sync.client import CentralClient
from sync.device import PUBLIC_KEY_BYTES, Device
from sync.durable import write_fault
from sync.manifest import Manifest
from sync.settings import SyncSettings
from sync.trust import Repository, SignedFetcher, verify_root
from sync.wire import parse_base64

_LOG = logging.getLogger("portillon.sync")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a look at the repository brought: the sequence in place, and the device's papers with the newest keys."""

    seq: int
    is_new: bool
    device: Device


def fetch_snapshot(
    client: CentralClient,
    settings: SyncSettings,
    device: Device,
    at_ms: int,
    *,
    is_thorough: bool = False,
) -> Fetched:
    """Bring the cache up to the newest snapshot.

    Args:
        client: how files come.
        settings: where they go.
        device: whose site, pinned root and peppers.
        at_ms: signed time, or the newest instant known to have passed.
        is_thorough: first see whether the base in use is still whole; a damaged one is fetched again.

    Raises:
        CentralError: it cannot be had, or not be trusted; the old state stays.
        StoreError: the disk.
    """
    cache = Cache(settings.cache_dir)
    repository = Repository(
        site=device.site,
        root=_load_root(settings.root_path, device),
        metadata=settings.tuf_dir,
        parts=settings.parts_dir,
        fetcher=SignedFetcher(client),
        at_ms=at_ms,
    )
    manifest = repository.fetch_manifest()
    device = _with_keys(device, repository.fetch_central_keys().keys)
    if is_thorough and (aside := cache.set_aside_damaged()) is not None:
        _LOG.warning("the base in use was damaged", extra={"set_aside": aside.name})
    current = cache.current()
    if current is not None and current.seq == manifest.seq:
        return Fetched(manifest.seq, is_new=False, device=device)
    cache.refuse_older(manifest.seq)
    _require_pepper(manifest, device)
    cache.place(manifest, _fetch_parts(repository, manifest, cache, settings.parts_dir))
    _clear(settings.parts_dir)
    return Fetched(manifest.seq, is_new=True, device=device)


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
            if path not in (keep or []):
                path.unlink()
    except OSError as error:
        raise write_fault(error, folder.name) from error
