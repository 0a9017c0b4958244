"""Going back a snapshot, and forgetting a site: what may be done to the cache by a person who stands at the gate.

Law: under the cache's own turn, so that the running sync need not be stopped. Loads no network client: the gate's own
process may do it on a technician's word.

Source: docs/sync.md, "Held snapshots".
"""

from __future__ import annotations

import msgspec

from sync.cache import Cache, Pointer
from sync.clock_proof import Clock
from sync.device import load_device, save_device
from sync.holding import Hold, Why, save_hold
from sync.settings import SyncSettings


def find_before(settings: SyncSettings) -> Pointer:
    """The base that `roll_back` would go to.

    Raises:
        StoreError: ``no_base_before``, ``cache_in_use``.
    """
    cache = Cache(settings.cache_dir)
    with cache.turn():
        return cache.find_before(cache.settle())


def roll_back(settings: SyncSettings, clock: Clock, by: str | None = None) -> Pointer:
    """Go back to the base before; what is newer waits for a yes from now on. ``by``: whose PIN was proven.

    Raises:
        StoreError: ``no_base_before``, ``cache_in_use``, or the disk.
    """
    cache = Cache(settings.cache_dir)
    with cache.turn():
        current = cache.settle()
        before = cache.find_before(current)
        hold = Hold(
            why=Why.GONE_BACK,
            seq=current.seq if current else 0,
            rows=cache.grants(current),
            rows_before=cache.grants(before),
            since_ms=clock.now_ms(),
            by=by,
        )
        save_hold(settings.hold_path, hold)
        return cache.point_to(before)


def erase_rights(settings: SyncSettings) -> None:
    """Forget the site's peppers and rights; name and recorded facts stay, which nobody can look up any more.

    Raises:
        StoreError: ``cache_in_use``, or the disk.
    """
    device = load_device(settings.device_path)
    if device is not None:
        gone = msgspec.structs.replace(device, peppers={}, event_master=None, is_revoked=True)
        save_device(settings.device_path, gone)
    cache = Cache(settings.cache_dir)
    with cache.turn():
        cache.erase()
