from __future__ import annotations

import pytest

from hardware.inputs import Signal
from hardware.pins import InputLine, OutputLine
from hardware.simulated import (
    Change,
    SimulatedBank,
    SimulatedChip,
    SimulatedTurnstile,
    VirtualClock,
    Visitor,
    simulated_settings,
)
from hardware.system_clock import SystemClock
from scanner.core.errors import ConfigError, DeviceError


def open_turnstile(**settings: object) -> tuple[SimulatedTurnstile, VirtualClock]:
    clock = VirtualClock()
    return SimulatedTurnstile(simulated_settings(**settings), clock), clock  # type: ignore[arg-type]


def passages(turnstile: SimulatedTurnstile) -> list[tuple[bool, int]]:
    return [(s.active, s.at_ms) for s in turnstile.signals() if s.kind == "passage"]


def test_the_usual_visitor_walks_through_after_the_release() -> None:
    turnstile, clock = open_turnstile()
    turnstile.pulse("in")
    clock.advance(800)
    assert passages(turnstile) == []
    clock.advance(5_000)
    assert passages(turnstile) == [(True, 825), (False, 1_105)]


def test_nobody_walks_by_himself() -> None:
    turnstile, clock = open_turnstile()
    clock.advance(3_600_000)
    assert turnstile.signals() == ()


def test_a_visitor_may_not_turn_the_arm_and_the_next_one_does() -> None:
    turnstile, clock = open_turnstile()
    turnstile.next_passage(False)
    turnstile.pulse("in")
    clock.advance(10_000)
    assert turnstile.signals() == ()
    turnstile.pulse("in")
    clock.advance(10_000)
    assert len(passages(turnstile)) == 2


def test_a_tailgater_follows_through_one_release() -> None:
    turnstile, clock = open_turnstile()
    turnstile.expect(Visitor(persons=2, walk_ms=100, turn_ms=200, gap_ms=300))
    turnstile.pulse("in")
    clock.advance(10_000)
    assert passages(turnstile) == [(True, 125), (False, 305), (True, 625), (False, 805)]


def test_each_way_has_its_own_people() -> None:
    turnstile, clock = open_turnstile(directions=("in", "out"))
    turnstile.next_passage(False, "out")
    turnstile.pulse("in")
    clock.advance(10_000)
    assert {s.direction for s in turnstile.signals()} == {"in"}
    turnstile.pulse("out")
    clock.advance(10_000)
    assert turnstile.signals() == ()


def test_somebody_pushes_without_being_let() -> None:
    turnstile, clock = open_turnstile()
    clock.advance(1_000)
    turnstile.push("in")
    clock.advance(1_000)
    assert passages(turnstile) == [(True, 1_025), (False, 1_305)]


def test_holding_open_makes_nobody_walk_and_locking_ends_that() -> None:
    turnstile, clock = open_turnstile()
    turnstile.hold_open("in")
    clock.advance(10_000)
    assert turnstile.signals() == ()
    turnstile.lock()
    turnstile.pulse("in")
    clock.advance(10_000)
    assert len(passages(turnstile)) == 2


def test_a_welded_relay_stays_closed_whatever_the_line_says() -> None:
    turnstile, clock = open_turnstile()
    turnstile.chip.weld("GPIO17")
    turnstile.pulse("in")
    clock.advance(10_000)
    assert not turnstile.is_pulsing("in")
    assert not turnstile.chip.measure("GPIO17")
    assert turnstile.chip.is_closed("GPIO17")
    turnstile.chip.mend("GPIO17")
    turnstile.pulse("in")
    clock.advance(10_000)
    assert not turnstile.chip.is_closed("GPIO17")


def test_a_stuck_sensor_and_its_repair() -> None:
    turnstile, clock = open_turnstile()
    turnstile.chip.stick("GPIO22", level=False)
    clock.advance(30_005)
    assert [s.kind for s in turnstile.signals()] == ["passage", "sensor_fault"]
    turnstile.chip.unstick("GPIO22")
    turnstile.stand_in("in", active=False)
    clock.advance(10)
    assert [(s.kind, s.active) for s in turnstile.signals()] == [
        ("passage", False),
        ("sensor_fault", False),
    ]


def test_a_relay_stuck_open_lets_nobody_through() -> None:
    turnstile, clock = open_turnstile()
    turnstile.chip.stick("GPIO17", level=False)
    turnstile.pulse("in")
    clock.advance(10_000)
    assert turnstile.signals() == ()


def test_fire_and_tamper_are_wired() -> None:
    turnstile, clock = open_turnstile()
    turnstile.set_fire(active=True)
    turnstile.set_tamper(active=True)
    clock.advance(200)
    assert {(s.kind, s.active) for s in turnstile.signals()} == {("fire", True), ("tamper", True)}
    turnstile.set_fire(active=False)
    clock.advance(200)
    assert turnstile.signals() == (Signal("fire", None, active=False, at_ms=205),)


def test_in_real_time_people_act_when_somebody_looks() -> None:
    clock = SystemClock()
    turnstile = SimulatedTurnstile(simulated_settings(pulse_ms=100, walk_ms=0), clock)
    turnstile.pulse("in")
    seen: list[Signal] = []
    until_ms = clock.monotonic_ms() + 20_000
    while len(seen) < 2 and clock.monotonic_ms() < until_ms:
        seen += turnstile.signals(wait_ms=50)
    assert [(s.kind, s.active) for s in seen] == [("passage", True), ("passage", False)]
    assert seen[1].at_ms - seen[0].at_ms == 280
    turnstile.close()


def test_what_does_not_exist_is_our_mistake() -> None:
    turnstile, _ = open_turnstile(watched=False)
    with pytest.raises(RuntimeError, match="no passage sensor 'in'"):
        turnstile.push("in")
    turnstile._wired.pop("fire")
    with pytest.raises(RuntimeError, match="no input 'fire'"):
        turnstile.set_fire(active=True)


def test_a_visitor_who_never_arrives_is_refused() -> None:
    with pytest.raises(ConfigError, match="walk_ms -1"):
        Visitor(walk_ms=-1)


def test_the_history_tells_every_change_with_its_instant() -> None:
    turnstile, clock = open_turnstile()
    turnstile.pulse("in")
    clock.advance(2_000)
    turnstile.signals()
    assert list(turnstile.chip.history) == [
        Change(0, "GPIO17", level=True),
        Change(300, "GPIO17", level=False),
        Change(800, "GPIO22", level=False),
        Change(1_100, "GPIO22", level=True),
    ]


def test_lines_go_by_label_and_number_too() -> None:
    chip = SimulatedChip(VirtualClock(), label="pinctrl-rp1")
    bank = SimulatedBank(chip)
    bank.request_outputs([OutputLine(line="pinctrl-rp1/17"), OutputLine(line="pinctrl-rp1/GPIO18")])
    bank.set("pinctrl-rp1/17", True)
    assert chip.measure("GPIO17")
    with pytest.raises(DeviceError, match="is not on chip 'pinctrl-rp1'"):
        bank.request_outputs([OutputLine(line="other/17")])


def test_several_lines_are_had_together_or_not_at_all() -> None:
    chip = SimulatedChip(VirtualClock())
    chip.occupy("GPIO18", "another")
    bank = SimulatedBank(chip)
    with pytest.raises(DeviceError, match="'GPIO18'"):
        bank.request_outputs([OutputLine(line="GPIO17"), OutputLine(line="GPIO18")])
    assert chip.consumer("GPIO17") == ""


def test_a_broken_line_fails_on_every_access_but_can_be_given_back() -> None:
    chip = SimulatedChip(VirtualClock())
    bank = SimulatedBank(chip)
    bank.request_outputs([OutputLine(line="GPIO17")])
    bank.request_inputs([InputLine(line="GPIO22")])
    chip.break_line("GPIO17")
    chip.break_line("GPIO22")
    for access in (
        lambda: bank.set("GPIO17", True),
        lambda: bank.level("GPIO22"),
        bank.edges,
        lambda: SimulatedBank(chip).request_outputs([OutputLine(line="GPIO17")]),
    ):
        with pytest.raises(DeviceError, match="failed: Input/output error"):
            access()
    bank.close()
    assert chip.consumer("GPIO17") == ""


def test_the_world_cannot_move_an_output() -> None:
    chip = SimulatedChip(VirtualClock())
    bank = SimulatedBank(chip)
    bank.request_outputs([OutputLine(line="GPIO17")])
    chip.drive("GPIO17", level=True)
    assert not chip.measure("GPIO17")


def test_a_year_of_visitors_takes_no_time() -> None:
    turnstile, clock = open_turnstile()
    day_ms = 86_400_000
    for _ in range(365):
        turnstile.pulse("in")
        clock.advance(day_ms)
        assert len(passages(turnstile)) == 2
    assert clock.monotonic_ms() == 365 * day_ms
