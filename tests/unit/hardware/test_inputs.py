from __future__ import annotations

import pytest

from hardware.inputs import Inputs, Signal
from hardware.settings import InputSettings
from hardware.simulated_pins import SimulatedBank, SimulatedChip
from hardware.virtual_clock import VirtualClock
from scanner.core.errors import DeviceError

SENSOR = InputSettings(line="GPIO22", debounce_ms=0, min_ms=20)
WIRED = {
    "passage_in": SENSOR,
    "passage_out": InputSettings(line="GPIO23", debounce_ms=0, min_ms=0),
    "fire": InputSettings(line="GPIO24", contact="nc", debounce_ms=0, min_ms=100),
    "tamper": InputSettings(line="GPIO25", contact="nc", debounce_ms=0, min_ms=0),
}


class Bench:
    """Contacts on a simulated chip, all at rest."""

    def __init__(self, *, stuck_ms: int = 30_000, before: dict[str, bool] | None = None) -> None:
        self.clock = VirtualClock()
        self.chip = SimulatedChip(self.clock)
        for name in WIRED:
            self.touch(name, active=(before or {}).get(name, False))
        self.bank = SimulatedBank(self.chip)
        self.inputs = Inputs(self.bank, WIRED, self.clock, stuck_ms)

    def touch(self, name: str, *, active: bool) -> None:
        wired = WIRED[name]
        self.chip.drive(wired.line, level=active is not wired.as_line().active_low)

    def press(self, name: str, length_ms: int) -> None:
        self.touch(name, active=True)
        self.clock.advance(length_ms)
        self.touch(name, active=False)


def passage(active: bool, at_ms: int, direction: str = "in") -> Signal:  # noqa: FBT001 - a level
    return Signal("passage", direction, active, at_ms)  # type: ignore[arg-type]


def test_a_passage_is_told_when_it_is_certain_and_when_it_ends() -> None:
    bench = Bench()
    bench.touch("passage_in", active=True)
    bench.clock.advance(19)
    assert bench.inputs.signals() == ()
    bench.clock.advance(1)
    assert bench.inputs.signals() == (passage(True, 20),)
    bench.clock.advance(280)
    bench.touch("passage_in", active=False)
    assert bench.inputs.signals() == (passage(False, 300),)
    assert bench.inputs.signals() == ()


def test_a_whole_passage_between_two_looks_is_told_whole() -> None:
    bench = Bench()
    bench.press("passage_in", 300)
    bench.clock.advance(1_000)
    assert bench.inputs.signals() == (passage(True, 20), passage(False, 300))


def test_what_is_shorter_than_the_minimum_never_happened() -> None:
    bench = Bench()
    bench.press("passage_in", 19)
    bench.clock.advance(1_000)
    assert bench.inputs.signals() == ()


def test_signals_of_several_contacts_come_in_the_order_of_time() -> None:
    bench = Bench()
    bench.touch("fire", active=True)
    bench.clock.advance(10)
    bench.press("passage_out", 30)
    bench.clock.advance(500)
    assert bench.inputs.signals() == (
        passage(True, 10, "out"),
        passage(False, 40, "out"),
        Signal("fire", None, active=True, at_ms=100),
    )


def test_a_contact_that_is_active_at_the_start_is_told() -> None:
    bench = Bench(before={"fire": True, "passage_out": True})
    assert bench.inputs.signals() == (passage(True, 0, "out"),)
    bench.clock.advance(100)
    assert bench.inputs.signals() == (Signal("fire", None, active=True, at_ms=100),)


def test_a_cut_wire_of_a_normally_closed_contact_reads_as_active() -> None:
    bench = Bench()
    bench.touch("tamper", active=True)
    assert bench.inputs.signals() == (Signal("tamper", None, active=True, at_ms=0),)
    assert bench.inputs.is_active("tamper")


def test_a_sensor_active_for_longer_than_anybody_walks_is_a_fault_until_released() -> None:
    bench = Bench(stuck_ms=2_000)
    bench.press("passage_in", 5_000)
    assert bench.inputs.signals() == (
        passage(True, 20),
        Signal("sensor_fault", "in", active=True, at_ms=2_000),
        passage(False, 5_000),
        Signal("sensor_fault", "in", active=False, at_ms=5_000),
    )


def test_a_stuck_sensor_is_told_once_while_it_lasts() -> None:
    bench = Bench(stuck_ms=2_000)
    bench.chip.stick("GPIO22", level=False)
    bench.clock.advance(2_000)
    assert [s.kind for s in bench.inputs.signals()] == ["passage", "sensor_fault"]
    bench.clock.advance(600_000)
    assert bench.inputs.signals() == ()


def test_fire_lasts_as_long_as_it_lasts_and_is_no_fault() -> None:
    bench = Bench(stuck_ms=2_000)
    bench.touch("fire", active=True)
    bench.clock.advance(3_600_000)
    assert [s.kind for s in bench.inputs.signals()] == ["fire"]


def test_lost_edges_are_told_and_the_level_is_read_again() -> None:
    bench = Bench()
    bench.chip.lose_edges("GPIO23", 1)
    bench.touch("passage_out", active=True)
    bench.clock.advance(50)
    bench.touch("passage_out", active=False)
    bench.clock.advance(50)
    bench.touch("passage_out", active=True)
    assert bench.inputs.signals() == (
        Signal("lost_edge", "out", active=True, at_ms=50),
        passage(True, 100, "out"),
    )


def test_a_level_that_was_lost_for_good_is_found_again_after_the_gap() -> None:
    bench = Bench()
    bench.touch("passage_out", active=True)
    bench.chip.lose_edges("GPIO23", 2)
    for active in (False, True, False):
        bench.clock.advance(10)
        bench.touch("passage_out", active=active)
    signals = bench.inputs.signals()
    assert signals == (
        passage(True, 0, "out"),
        Signal("lost_edge", "out", active=True, at_ms=30),
        passage(False, 30, "out"),
    )
    assert not bench.inputs.is_active("passage_out")


def test_bouncing_within_the_minimum_length_is_one_passage() -> None:
    bench = Bench()
    bench.touch("passage_in", active=True)
    bench.chip.bounce("GPIO22", times=4)
    bench.clock.advance(300)
    bench.touch("passage_in", active=False)
    assert [s.active for s in bench.inputs.signals()] == [True, False]


def test_waiting_ends_when_a_contact_has_lasted_long_enough() -> None:
    bench = Bench()
    bench.touch("passage_in", active=True)
    assert bench.inputs.signals() == ()
    assert bench.inputs.signals(wait_ms=1_000) == (passage(True, 20),)
    assert bench.clock.monotonic_ms() < 100


def test_waiting_ends_with_the_next_edge_or_when_the_time_is_over() -> None:
    bench = Bench()
    assert bench.inputs.signals(wait_ms=40) == ()
    assert bench.clock.monotonic_ms() == 40
    bench.chip.drive("GPIO23", level=False, at_ms=50)
    assert bench.inputs.signals(wait_ms=1_000) == (passage(True, 50, "out"),)
    assert bench.clock.monotonic_ms() < 100
    assert bench.inputs.signals(wait_ms=20) == ()


def test_an_input_that_is_not_wired_is_never_active() -> None:
    clock = VirtualClock()
    inputs = Inputs(SimulatedBank(SimulatedChip(clock)), {"fire": WIRED["fire"]}, clock, 30_000)
    assert not inputs.has("passage_in")
    assert not inputs.is_active("passage_in")
    assert inputs.has("fire")


def test_a_driver_that_fails_is_told_and_nothing_is_lost() -> None:
    bench = Bench(before={"passage_out": True})
    bench.chip.break_line("GPIO24")
    with pytest.raises(DeviceError, match="'GPIO24'") as told:
        bench.inputs.signals()
    assert told.value.code == "line_failed"
    bench.chip.mend("GPIO24")
    assert bench.inputs.signals() == (passage(True, 0, "out"),)
