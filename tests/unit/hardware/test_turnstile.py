from __future__ import annotations

import pytest

from hardware.pins import OutputLine
from hardware.settings import InputSettings, TurnstileSettings, WaySettings
from hardware.simulated import SimulatedTurnstile, VirtualClock, simulated_settings
from hardware.simulated_pins import SimulatedBank, SimulatedChip
from hardware.turnstile import Turnstile
from scanner.core.errors import DeviceError

BOTH = simulated_settings(directions=("in", "out"))


def open_turnstile(settings: TurnstileSettings = BOTH) -> tuple[SimulatedTurnstile, VirtualClock]:
    clock = VirtualClock()
    return SimulatedTurnstile(settings, clock), clock


def test_each_way_pulses_its_own_relay() -> None:
    turnstile, clock = open_turnstile()
    turnstile.pulse("out")
    assert (turnstile.is_pulsing("in"), turnstile.is_pulsing("out")) == (False, True)
    assert turnstile.chip.is_closed("GPIO18")
    assert not turnstile.chip.is_closed("GPIO17")
    clock.advance(300)
    assert not turnstile.is_pulsing("out")


def test_locking_ends_pulses_and_holding_and_may_be_repeated() -> None:
    turnstile, clock = open_turnstile()
    turnstile.hold_open("in")
    clock.advance(60_000)
    assert turnstile.chip.is_closed("GPIO17")
    turnstile.lock()
    turnstile.lock()
    assert not turnstile.chip.is_closed("GPIO17")
    turnstile.hold_open("out")
    turnstile.release()
    assert not turnstile.chip.is_closed("GPIO18")


def test_levels_can_be_asked_for_without_waiting() -> None:
    turnstile, clock = open_turnstile()
    assert not turnstile.sensor_active("in")
    assert not turnstile.fire_active()
    turnstile.stand_in("in")
    turnstile.set_fire(active=True)
    clock.advance(5)
    assert turnstile.sensor_active("in")
    assert not turnstile.sensor_active("out")
    assert turnstile.fire_active()


def test_it_says_which_ways_are_watched() -> None:
    turnstile, _ = open_turnstile(simulated_settings(watched=False))
    assert not turnstile.has_sensor("in")
    assert not turnstile.sensor_active("in")
    assert open_turnstile()[0].has_sensor("out")


def test_a_way_that_is_not_there_is_our_mistake() -> None:
    turnstile, _ = open_turnstile(simulated_settings())
    with pytest.raises(RuntimeError, match="no way 'out'"):
        turnstile.pulse("out")


def test_closing_locks_gives_lines_back_and_may_be_repeated() -> None:
    turnstile, clock = open_turnstile()
    assert turnstile.is_live()
    with turnstile:
        turnstile.hold_open("in")
    turnstile.close()
    assert not turnstile.chip.is_closed("GPIO17")
    assert not turnstile.is_live()
    SimulatedTurnstile(BOTH, clock, turnstile.chip).close()


def test_a_second_daemon_is_told_and_the_first_goes_on() -> None:
    first, clock = open_turnstile()
    with pytest.raises(DeviceError, match="another daemon holds the line") as told:
        SimulatedTurnstile(BOTH, clock, first.chip)
    assert told.value.code == "line_busy"
    first.pulse("in")
    assert first.chip.is_closed("GPIO17")


def test_a_relay_left_on_by_a_killed_daemon_is_off_before_anything_else() -> None:
    clock = VirtualClock()
    chip = SimulatedChip(clock)
    killed = SimulatedBank(chip)
    killed.request_outputs([OutputLine(line="GPIO17")])
    killed.set("GPIO17", True)
    killed.abandon()
    clock.advance(10)
    assert chip.is_closed("GPIO17")
    turnstile = SimulatedTurnstile(BOTH, clock, chip)
    assert not chip.is_closed("GPIO17")
    assert turnstile.left_on == ("GPIO17",)
    assert [c.level for c in chip.history if c.line == "GPIO17"] == [True, False]


def test_an_active_low_relay_never_blips() -> None:
    clock = VirtualClock()
    relay = OutputLine(line="GPIO17", active_low=True)
    settings = TurnstileSettings(backend="simulated", way_in=WaySettings(relay=relay))
    turnstile = SimulatedTurnstile(settings, clock)
    assert turnstile.chip.measure("GPIO17")
    turnstile.pulse("in")
    assert turnstile.chip.is_closed("GPIO17")
    clock.advance(300)
    turnstile.close()
    assert [c.level for c in turnstile.chip.history] == [True, False, True]


def test_when_an_input_cannot_be_had_the_relays_are_given_back_too() -> None:
    clock = VirtualClock()
    chip = SimulatedChip(clock)
    chip.occupy("GPIO22", "somebody")
    sensor = InputSettings(line="GPIO22")
    settings = TurnstileSettings(
        backend="gpiod",
        way_in=WaySettings(relay=OutputLine(line="GPIO17"), passage=sensor),
    )
    with pytest.raises(DeviceError, match="held by 'somebody'"):
        Turnstile(SimulatedBank(chip), settings, clock)
    assert chip.consumer("GPIO17") == ""
