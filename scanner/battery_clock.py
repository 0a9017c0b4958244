"""The clock with a battery: when it was last set from a trusted source, remembered across boots.

Law: the kernel itself writes its time to the chip every 11 minutes while a source keeps it; nobody here sets anything.
So a chip that gave this boot its time is worth what the last boot that was synchronised for a quarter of an hour left
in it. Without such a chip there is nothing to remember. A note that the disk does not take is left for an hour.

Source: Linux kernel/time/ntp.c (sync_hw_clock); docs/decisions.md, "Time" (T5); docs/hardware.md, "Clock".
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from scanner.core.errors import StoreError
from scanner.core.units import Instant
from sync.durable import save_atomically

FILE_NAME = "battery-clock.json"
FILE_BYTES = 1_024
KEPT_FOR_MS = 15 * 60_000
"""After so long the kernel has written its time to the chip at least once."""
AGAIN_MS = 60 * 60_000


class _Note(msgspec.Struct, frozen=True):
    set_at: int


class BatteryClock:
    """Of one machine.

    Args:
        path: where it is remembered.
        is_fitted: the machine has a chip, and took its time from it when it started.
    """

    def __init__(self, path: Path, *, is_fitted: bool) -> None:
        self._path = path
        self._is_fitted = is_fitted
        self.set_at: Instant | None = _load(path) if is_fitted else None
        self._kept_since_ms: int | None = None
        self._noted_ms: int | None = None

    def look(self, mono_ms: int, wall: Instant, *, is_synchronised: bool) -> None:
        """Time has gone by; ``wall`` is the kernel's."""
        if not (self._is_fitted and is_synchronised):
            self._kept_since_ms = None
            return
        if self._kept_since_ms is None:
            self._kept_since_ms = mono_ms
        was_set = mono_ms - self._kept_since_ms >= KEPT_FOR_MS
        is_due = self._noted_ms is None or mono_ms - self._noted_ms >= AGAIN_MS
        if was_set and is_due:
            self._noted_ms, self.set_at = mono_ms, wall
            with contextlib.suppress(StoreError):
                save_atomically(self._path, msgspec.json.encode(_Note(wall)))


def _load(path: Path) -> Instant | None:
    try:
        with path.open("rb") as file:
            return Instant(msgspec.json.decode(file.read(FILE_BYTES), type=_Note).set_at)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
