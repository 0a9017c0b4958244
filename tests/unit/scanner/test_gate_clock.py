"""T5 and T6 with a machine's own readings: kernel, boot, battery clock, signed time."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hardware.virtual_clock import VirtualClock
from scanner.battery_clock import AGAIN_MS, KEPT_FOR_MS, BatteryClock
from scanner.core.clock import ClockOffset, ClockState, ClockStepped
from scanner.core.units import Instant
from scanner.gate_clock import LOOK_AGAIN_MS, GateClock

DAY_MS = 86_400_000
TRUSTED, HOLDOVER, UNTRUSTED = ClockState.TRUSTED, ClockState.HOLDOVER, ClockState.UNTRUSTED


def gate_clock(machine: VirtualClock, folder: Path, *, is_fitted: bool = False) -> GateClock:
    battery = BatteryClock(folder / "battery-clock.json", is_fitted=is_fitted)
    return GateClock(machine, folder / "time.json", Instant(0), battery)


def run(machine: VirtualClock, clock: GateClock, ms: int) -> None:
    for _ in range(ms // 60_000):
        machine.advance(60_000)
        clock.reading()


def test_the_kernels_word_is_trusted_and_its_loss_is_a_holdover(tmp_path: Path) -> None:
    machine = VirtualClock()
    clock = gate_clock(machine, tmp_path)
    assert clock.reading().state is TRUSTED
    machine.synchronised = False
    machine.advance(LOOK_AGAIN_MS)
    machine.jump_wall(-DAY_MS)
    held = clock.reading()
    assert (held.state, held.now) == (HOLDOVER, machine.now_ms() + DAY_MS)


def test_signed_time_of_this_boot_is_trusted_and_of_another_is_nothing(tmp_path: Path) -> None:
    machine = VirtualClock(synchronised=False)
    machine.advance(5_000)
    at = machine.now_ms() + DAY_MS
    proof = {"now_ms": at, "mono_ms": 5_000, "boot": machine.boot_id(), "kid": "k"}
    (tmp_path / "time.json").write_bytes(msgspec.json.encode(proof))
    clock = gate_clock(machine, tmp_path)
    assert (clock.reading().state, clock.reading().now) == (TRUSTED, at)
    assert [type(fact) for fact in clock.facts()] == [ClockOffset]
    machine.reboot()
    assert gate_clock(machine, tmp_path).reading().state is UNTRUSTED


def test_an_untrusted_step_back_is_held_and_recorded(tmp_path: Path) -> None:
    machine = VirtualClock(synchronised=False)
    clock = gate_clock(machine, tmp_path)
    before = clock.reading()
    machine.jump_wall(-3_600_000)
    after = clock.reading()
    assert (before.state, after.state, after.now) == (UNTRUSTED, UNTRUSTED, before.now)
    (stepped,) = clock.facts()
    assert isinstance(stepped, ClockStepped)
    assert stepped.is_held


def test_a_battery_clock_that_the_kernel_kept_is_believed_after_a_power_cut(tmp_path: Path) -> None:
    machine = VirtualClock()
    clock = gate_clock(machine, tmp_path, is_fitted=True)
    clock.reading()
    run(machine, clock, KEPT_FOR_MS)
    machine.reboot(synchronised=False)
    assert gate_clock(machine, tmp_path, is_fitted=True).reading().state is TRUSTED
    assert gate_clock(machine, tmp_path, is_fitted=False).reading().state is UNTRUSTED


def test_a_battery_clock_that_nobody_has_set_for_90_days_or_that_lost_its_power_is_not(
    tmp_path: Path,
) -> None:
    machine = VirtualClock()
    clock = gate_clock(machine, tmp_path, is_fitted=True)
    clock.reading()
    run(machine, clock, KEPT_FOR_MS)
    set_ms = machine.now_ms()
    for wall_ms in (set_ms + 91 * DAY_MS, 0):
        machine.reboot(synchronised=False)
        machine.set_wall(wall_ms)
        assert gate_clock(machine, tmp_path, is_fitted=True).reading().state is UNTRUSTED


def test_it_is_noted_once_an_hour_and_not_before_the_kernel_has_written_it(tmp_path: Path) -> None:
    machine = VirtualClock()
    path = tmp_path / "battery-clock.json"
    clock = gate_clock(machine, tmp_path, is_fitted=True)
    clock.reading()
    run(machine, clock, KEPT_FOR_MS - 60_000)
    assert not path.exists()
    run(machine, clock, 60_000)
    first = path.read_bytes()
    run(machine, clock, AGAIN_MS - 60_000)
    assert path.read_bytes() == first
    run(machine, clock, 60_000)
    assert path.read_bytes() != first


def test_a_note_that_cannot_be_read_or_written_is_no_note(tmp_path: Path) -> None:
    (tmp_path / "battery-clock.json").mkdir()
    machine = VirtualClock()
    clock = gate_clock(machine, tmp_path, is_fitted=True)
    clock.reading()
    run(machine, clock, KEPT_FOR_MS)
    assert clock.reading().state is TRUSTED
    machine.reboot(synchronised=False)
    assert gate_clock(machine, tmp_path, is_fitted=True).reading().state is UNTRUSTED
