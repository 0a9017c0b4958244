from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from hardware.pins import OutputLine
from hardware.relay import RETRY_MS, PulseGuard, Relay
from hardware.simulated_pins import SimulatedBank, SimulatedChip
from hardware.system_clock import SystemClock
from hardware.virtual_clock import VirtualClock
from scanner.core.errors import DeviceError

IN, OUT = "GPIO17", "GPIO18"


class Bench:
    """Two relays on a simulated chip, in virtual time."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.chip = SimulatedChip(self.clock)
        self.bank = SimulatedBank(self.chip)
        self.bank.request_outputs([OutputLine(line=IN), OutputLine(line=OUT)])
        self.guard = PulseGuard(self.bank, self.clock)

    def history(self, line: str = IN) -> list[tuple[int, bool]]:
        return [(c.at_ms, c.level) for c in self.chip.history if c.line == line]


def test_a_pulse_is_on_at_once_and_off_at_its_exact_instant() -> None:
    bench = Bench()
    bench.clock.advance(1_000)
    bench.guard.pulse(IN, 300)
    assert bench.guard.is_on(IN)
    assert bench.chip.is_closed(IN)
    bench.clock.advance(299)
    assert bench.chip.is_closed(IN)
    bench.clock.advance(5_000)
    assert not bench.guard.is_on(IN)
    assert bench.history() == [(1_000, True), (1_300, False)]


def test_two_relays_keep_their_own_time() -> None:
    bench = Bench()
    bench.guard.pulse(IN, 1_000)
    bench.clock.advance(100)
    bench.guard.pulse(OUT, 200)
    bench.clock.advance(2_000)
    assert bench.history(OUT) == [(100, True), (300, False)]
    assert bench.history(IN) == [(0, True), (1_000, False)]


def test_a_pulse_during_a_pulse_ends_at_the_later_deadline() -> None:
    bench = Bench()
    bench.guard.pulse(IN, 300)
    bench.clock.advance(200)
    bench.guard.pulse(IN, 300)
    bench.clock.advance(2_000)
    assert bench.history() == [(0, True), (500, False)]


@pytest.mark.parametrize("duration_ms", [99, 2_001, 0, -5])
def test_a_pulse_outside_its_limits_is_our_mistake_and_moves_nothing(duration_ms: int) -> None:
    bench = Bench()
    with pytest.raises(RuntimeError, match=r"valid: 100\.\.2000 ms"):
        bench.guard.pulse(IN, duration_ms)
    assert bench.history() == []


def test_holding_open_outlasts_pulses_until_released() -> None:
    bench = Bench()
    bench.guard.hold(IN)
    bench.guard.pulse(IN, 300)
    bench.clock.advance(3_600_000)
    assert bench.chip.is_closed(IN)
    bench.guard.release(IN)
    assert bench.history() == [(0, True), (3_600_000, False)]
    assert not bench.guard.is_on(IN)


def test_force_safe_ends_everything_now_and_may_be_repeated() -> None:
    bench = Bench()
    bench.guard.pulse(IN, 2_000)
    bench.guard.hold(OUT)
    bench.clock.advance(50)
    bench.guard.force_safe()
    bench.guard.force_safe()
    assert bench.history(IN) == [(0, True), (50, False)]
    assert bench.history(OUT) == [(0, True), (50, False)]


def test_a_line_that_will_not_switch_off_is_tried_again_for_ever_and_told_to_the_watchdog() -> None:
    bench = Bench()
    bench.guard.pulse(IN, 300)
    bench.chip.break_line(IN)
    bench.clock.advance(1_000)
    assert not bench.guard.is_live()
    assert bench.chip.is_closed(IN)
    bench.chip.mend(IN)
    bench.clock.advance(RETRY_MS)
    assert not bench.chip.is_closed(IN)
    assert bench.guard.is_live()


def test_a_line_that_will_not_switch_on_is_told_and_left_off() -> None:
    bench = Bench()
    bench.chip.break_line(IN)
    with pytest.raises(DeviceError, match=IN):
        bench.guard.pulse(IN, 300)
    assert not bench.guard.is_live()
    bench.chip.mend(IN)
    bench.clock.advance(RETRY_MS)
    assert bench.guard.is_live()
    assert bench.history() == []


def test_force_safe_tries_every_line_before_it_complains() -> None:
    bench = Bench()
    bench.guard.hold(IN)
    bench.guard.hold(OUT)
    bench.chip.break_line(IN)
    with pytest.raises(DeviceError, match=IN):
        bench.guard.force_safe()
    assert not bench.chip.is_closed(OUT)
    bench.chip.mend(IN)
    bench.clock.advance(RETRY_MS)
    assert not bench.chip.is_closed(IN)


def test_closing_is_safe_even_where_a_line_fails_and_may_be_repeated() -> None:
    bench = Bench()
    bench.guard.hold(IN)
    bench.chip.break_line(IN)
    with pytest.raises(DeviceError):
        bench.guard.close()
    bench.guard.close()
    assert not bench.guard.is_live()


def test_a_relay_knows_its_line_and_its_pulse() -> None:
    bench = Bench()
    relay = Relay(bench.guard, IN, 250)
    relay.pulse()
    assert relay.is_on()
    bench.clock.advance(250)
    assert not relay.is_on()
    relay.hold()
    relay.release()
    assert bench.history() == [(0, True), (250, False), (250, True), (250, False)]


class SlowBank(SimulatedBank):
    """A bank whose driver hangs while it switches on."""

    def __init__(self, chip: SimulatedChip, while_switching_on: Callable[[], None]) -> None:
        super().__init__(chip)
        self._while_switching_on = while_switching_on

    def set(self, line: str, on: bool) -> None:  # noqa: FBT001 - as in the interface
        if on:
            self._while_switching_on()
        super().set(line, on)


def test_a_thread_that_comes_late_with_switching_on_leaves_the_relay_off() -> None:
    clock = VirtualClock()
    chip = SimulatedChip(clock)
    bank = SlowBank(chip, lambda: clock.advance(700))
    bank.request_outputs([OutputLine(line=IN)])
    guard = PulseGuard(bank, clock)
    guard.pulse(IN, 300)
    assert not chip.is_closed(IN)
    assert not guard.is_on(IN)


def test_the_guard_ends_a_pulse_while_the_thread_that_began_it_hangs() -> None:
    clock = SystemClock()
    chip = SimulatedChip(clock)
    hangs, free, is_off = threading.Event(), threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        free.wait(20)

    bank = SlowBank(chip, hang)
    bank.request_outputs([OutputLine(line=IN), OutputLine(line=OUT)])
    chip.watch(OUT, lambda is_closed, _: None if is_closed else is_off.set())
    guard = PulseGuard(bank, clock)
    hung = threading.Thread(target=guard.pulse, args=(IN, 100))
    free.set()
    guard.pulse(OUT, 150)
    free.clear()
    hangs.clear()
    hung.start()
    assert hangs.wait(20)
    assert is_off.wait(20), "the guard ended the other pulse although a thread hangs in the driver"
    assert guard.is_live()
    free.set()
    hung.join(20)
    assert not chip.is_closed(IN)
    guard.close()


def test_a_real_pulse_is_never_shorter_than_asked_for() -> None:
    clock = SystemClock()
    chip = SimulatedChip(clock)
    is_off = threading.Event()
    chip.watch(IN, lambda is_closed, _: None if is_closed else is_off.set())
    bank = SimulatedBank(chip)
    bank.request_outputs([OutputLine(line=IN)])
    guard = PulseGuard(bank, clock)
    guard.pulse(IN, 100)
    assert is_off.wait(20)
    (on_ms, _), (off_ms, _) = [(c.at_ms, c.level) for c in chip.history]
    assert off_ms - on_ms >= 100 - 1
    guard.close()
