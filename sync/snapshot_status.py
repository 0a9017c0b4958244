"""Which snapshot this gate works from, for people and for screens.

Law: read-only; works while gate and sync run, and while neither does. An age is counted by the best time there is: the
central's signed time of this boot, else this device's clock, and it says which.

Source: docs/sync.md, "Status".
"""

from __future__ import annotations

import contextlib

import msgspec

from scanner.core.errors import StoreError
from sync.cache import Cache
from sync.clock_proof import Clock
from sync.contact import load_proof
from sync.holding import Hold, load_hold
from sync.report import SyncStatus, load_status
from sync.settings import SyncSettings

SECOND_MS = 1_000


class SnapshotStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``seq`` 0: none yet. ``is_age_proven``: the age is by signed time. ``last`` is the newest contact.

    ``base_seq``: the base that deltas brought to ``seq``. ``held``: what waits for a yes.
    """

    seq: int = 0
    created_at: int = 0
    age_s: int = 0
    is_age_proven: bool = False
    site: str = ""
    grants: int = 0
    bytes: int = 0
    sha256: str = ""
    base_seq: int = 0
    kept: list[int] = []
    held: Hold | None = None
    last: SyncStatus | None = None


def load_snapshot_status(settings: SyncSettings, clock: Clock) -> SnapshotStatus:
    """What is in place now.

    Raises:
        StoreError: ``cache_unreadable``: whether there is a snapshot is not known.
    """
    cache, last = Cache(settings.cache_dir), load_status(settings.status_path)
    pointer = cache.current()
    if pointer is None:
        _require_no_pointer(cache)
        return SnapshotStatus(last=last)
    proof = load_proof(settings)
    proven = proof.now_at(clock.boot_id(), clock.monotonic_ms()) if proof else None
    now = clock.now_ms() if proven is None else proven
    path = cache.base_path(pointer)
    meta = cache.meta(pointer)
    return SnapshotStatus(
        seq=pointer.seq,
        created_at=pointer.created_at,
        age_s=(now - pointer.created_at) // SECOND_MS,
        is_age_proven=proven is not None,
        site=meta.get("site", ""),
        grants=int(meta.get("grants", "0")),
        bytes=path.stat().st_size,
        sha256=pointer.sha256,
        base_seq=int(path.stem),
        kept=cache.kept(),
        held=load_hold(settings.hold_path),
        last=last,
    )


def _require_no_pointer(cache: Cache) -> None:
    """A pointer that this account may not read is not the same as none."""
    try:
        with contextlib.suppress(FileNotFoundError):
            cache.pointer_path.open("rb").close()
    except OSError as error:
        raise StoreError(
            "cache_unreadable",
            f"{str(cache.pointer_path)!r} cannot be read ({error.strerror})",
            "ask as the gate's account or as root, or mend gate.data_dir",
        ) from error


def describe_status(status: SnapshotStatus) -> str:
    """The status in a few lines for people."""
    if not status.seq:
        return "✖ no snapshot yet: this gate knows nobody\n  → portillon sync --once says why"
    by = "signed time" if status.is_age_proven else "this device's own clock"
    lines = [
        f"✔ snapshot {status.seq} of {status.site!r}: {status.grants} grants, {status.bytes} bytes",
        f"  age {status.age_s} s by {by}",
        f"  base {status.base_seq}; kept: {', '.join(str(seq) for seq in status.kept)}",
    ]
    if status.held is not None:
        doubt = status.held.doubt
        lines += [f"  {doubt.message} [{doubt.code}]", f"  → {doubt.hint}"]
    if status.last is not None:
        lines += [f"  {f.message} [{f.code}]" for f in status.last.report.faults]
    return "\n".join(lines)
