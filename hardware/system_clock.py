"""The machine's clocks, and the one place where our code asks the system for the time or sleeps.

Law: wall time may be wrong and may jump; monotonic time counts suspend (``CLOCK_BOOTTIME``) and never goes back within
a boot. Nothing here decides whether time is trusted: it reports what the kernel says. No network is ever waited for.

Source: adjtimex(2); clock_gettime(2); docs/hardware.md, "Clock".
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from hardware.deadlines import Keeper, ThreadKeeper
from scanner.core.errors import DeviceError

BOOT_ID_PATH = Path("/proc/sys/kernel/random/boot_id")
STA_UNSYNC = 0x40
NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class ClockSample:
    """One look at every clock."""

    wall_ms: int
    mono_ms: int
    boot: str
    synchronised: bool


class SyncState(StrEnum):
    """What the kernel says of its own clock."""

    SYNCHRONISED = "synchronised"
    UNSYNCHRONISED = "unsynchronised"
    DENIED = "denied"
    """The call is filtered (a container, ``ProtectClock=yes``): nothing is known, so nothing is trusted."""


class Clock(Protocol):
    """What hardware asks of a clock: the system's, or the virtual one of the simulation."""

    def now_ms(self) -> int:
        """Wall time, ms since 1970-01-01T00:00Z."""

    def monotonic_ms(self) -> int:
        """Ms since boot."""

    def boot_id(self) -> str:
        """The boot that `monotonic_ms` belongs to."""

    def is_synchronised(self) -> bool:
        """True when the kernel says that wall time is kept by a time source."""

    def sample(self) -> ClockSample:
        """All of them at once."""

    def pause_ms(self, ms: int) -> None:
        """Let ``ms`` go by."""

    def keeper(self, name: str) -> Keeper:
        """What wakes when a deadline of this clock is due."""


class _Timex(ctypes.Structure):
    """The head of ``struct timex``; the kernel fills the rest of the buffer, which nobody reads."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


class SystemClock:
    """The real clocks of this machine."""

    def __init__(self, boot_id_path: Path = BOOT_ID_PATH) -> None:
        self._boot_id = load_boot_id(boot_id_path)

    def now_ms(self) -> int:
        return time.time_ns() // NS_PER_MS

    def monotonic_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // NS_PER_MS

    def boot_id(self) -> str:
        return self._boot_id

    def is_synchronised(self) -> bool:
        return self.sync_state() is SyncState.SYNCHRONISED

    def sync_state(self) -> SyncState:
        """What the kernel says of its clock, for the doctor."""
        return _kernel_sync_state()

    def sample(self) -> ClockSample:
        synchronised = self.is_synchronised()
        return ClockSample(self.now_ms(), self.monotonic_ms(), self._boot_id, synchronised)

    def pause_ms(self, ms: int) -> None:
        time.sleep(ms / 1_000)

    def keeper(self, name: str) -> Keeper:
        return ThreadKeeper(self.monotonic_ms, name)

    def from_kernel_ns(self, timestamp_ns: int) -> int:
        """An edge's ``CLOCK_MONOTONIC`` timestamp on our scale, which also counts suspend."""
        return (timestamp_ns + _suspended_ns()) // NS_PER_MS


def load_boot_id(path: Path = BOOT_ID_PATH) -> str:
    """The kernel's random id of this boot."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise DeviceError(
            "boot_id_unreadable",
            f"{str(path)!r} cannot be read ({error.strerror}): the gate does not start, because intervals"
            " within a boot would mean nothing",
            "mount /proc, and run on Linux",
        ) from error


def _suspended_ns() -> int:
    """By how much the two clocks differ. We may be interrupted between two readings, but not three times."""
    readings = [_boottime_after_monotonic_ns() for _ in range(3)]
    return min(readings)


def _boottime_after_monotonic_ns() -> int:
    monotonic_ns = time.monotonic_ns()
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - monotonic_ns


def _kernel_sync_state() -> SyncState:
    timex = _Timex(modes=0)
    if ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) < 0:
        return SyncState.DENIED
    if timex.status & STA_UNSYNC:
        return SyncState.UNSYNCHRONISED
    return SyncState.SYNCHRONISED
