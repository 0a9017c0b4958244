from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from hardware.system_clock import SyncState, SystemClock, load_boot_id
from scanner.core.errors import DeviceError


class Libc:
    """A C library whose ``adjtimex`` answers as a kernel in the given state; the real one cannot be put out of step."""

    def __init__(self, answer: int, status: int) -> None:
        self.answer = answer
        self.status = status
        self.modes: int | None = None

    def adjtimex(self, pointer: object) -> int:
        timex = pointer._obj  # type: ignore[attr-defined]
        self.modes = timex.modes
        timex.status = self.status
        return self.answer


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        (0, 0x2001, SyncState.SYNCHRONISED),
        (5, 0x2041, SyncState.UNSYNCHRONISED),
        (0, 0x40, SyncState.UNSYNCHRONISED),
        (5, 0x0, SyncState.SYNCHRONISED),
        (-1, 0x0, SyncState.DENIED),
    ],
)
def test_the_kernels_status_bit_says_whether_time_is_kept(
    monkeypatch: pytest.MonkeyPatch, answer: int, status: int, expected: SyncState
) -> None:
    libc = Libc(answer, status)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: libc)
    clock = SystemClock()
    assert clock.sync_state() is expected
    assert clock.is_synchronised() is (expected is SyncState.SYNCHRONISED)
    assert libc.modes == 0, "asking must never set the clock"


def test_this_machines_kernel_gives_one_of_the_answers() -> None:
    assert SystemClock().sync_state() in set(SyncState)


def test_a_sample_holds_every_clock_at_once() -> None:
    clock = SystemClock()
    before, sample, after = clock.monotonic_ms(), clock.sample(), clock.monotonic_ms()
    assert before <= sample.mono_ms <= after
    assert sample.boot == clock.boot_id() == load_boot_id()
    assert abs(sample.wall_ms - clock.now_ms()) < 60_000
    assert len(sample.boot) == 36


def test_an_edges_timestamp_is_put_on_our_scale() -> None:
    clock = SystemClock()
    since_boot_ms, later_ms = clock.from_kernel_ns(0), clock.from_kernel_ns(5_000_000_000)
    assert 0 <= since_boot_ms <= clock.monotonic_ms(), "the time that was spent suspended"
    assert abs(later_ms - since_boot_ms - 5_000) <= 1


def test_a_pause_lets_at_least_that_much_time_go_by() -> None:
    clock = SystemClock()
    before_ms = clock.monotonic_ms()
    clock.pause_ms(3)
    assert clock.monotonic_ms() - before_ms >= 2


def test_without_a_boot_id_the_gate_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be read") as told:
        SystemClock(tmp_path / "missing")
    assert told.value.code == "boot_id_unreadable"
