"""The lane's state machine on the simulated arm: people and faults, as 06.9's matrix wants them."""

from __future__ import annotations

import random

import pytest

from hardware.simulated import Visitor, simulated_settings
from scanner.core.lane_state import LaneMode, RecordNotPassed, RecordPassed
from scanner.core.units import Direction, LaneReadiness
from support.lane_bench import LaneBench

OUT = Direction.OUT


def test_a_visitor_walks_in_and_the_lane_is_ready_for_the_next() -> None:
    bench = LaneBench()
    seq = bench.grant()
    bench.run(2_000)
    assert bench.records == [RecordPassed(seq, 1)]
    assert bench.ready() is LaneReadiness.READY
    assert bench.alarms == []


def test_an_arm_that_is_not_turned_gives_the_entry_back_and_he_may_come_again() -> None:
    bench = LaneBench()
    bench.arm.next_passage(False)
    first = bench.grant()
    bench.run(6_000)
    second = bench.grant()
    bench.run(2_000)
    assert bench.records == [RecordNotPassed(first, 1), RecordPassed(second, 1)]


def test_a_visitor_at_the_last_moment_still_counts() -> None:
    bench = LaneBench()
    bench.arm.expect(Visitor(walk_ms=5_200))
    seq = bench.grant()
    bench.run(7_000)
    assert bench.records == [RecordPassed(seq, 1)]
    assert bench.alarms == []


def test_a_visitor_after_the_last_moment_is_given_back_and_forced() -> None:
    bench = LaneBench()
    bench.arm.expect(Visitor(walk_ms=5_400))
    seq = bench.grant()
    bench.run(7_000)
    assert bench.records == [RecordNotPassed(seq, 1)]
    assert bench.alarms == ["forced_passage"]


def test_a_family_walks_in_one_by_one() -> None:
    bench = LaneBench()
    seq = bench.grant(persons=4)
    bench.run(10_000)
    assert bench.records == [RecordPassed(seq, 4)]
    assert bench.pulses() == 4


def test_one_of_a_family_stays_outside() -> None:
    bench = LaneBench()
    bench.arm.expect(Visitor(), Visitor(), Visitor(persons=0))
    seq = bench.grant(persons=3)
    bench.run(12_000)
    assert bench.records == [RecordPassed(seq, 2), RecordNotPassed(seq, 1)]


def test_a_tailgater_is_told_once() -> None:
    bench = LaneBench()
    bench.arm.expect(Visitor(persons=2))
    seq = bench.grant()
    bench.run(6_000)
    assert bench.records == [RecordPassed(seq, 1)]
    assert bench.alarms == ["tailgate"]


def test_an_exit_pulses_the_other_relay() -> None:
    bench = LaneBench()
    seq = bench.grant(OUT)
    bench.run(3_000)
    assert bench.records == [RecordPassed(seq, 1)]
    assert (bench.pulses("GPIO17"), bench.pulses("GPIO18")) == (0, 1)


def test_a_welded_relay_shows_by_people_who_pass_without_a_grant() -> None:
    bench = LaneBench()
    bench.arm.chip.weld("GPIO17")
    bench.grant()
    bench.run(10_000)
    bench.arm.push("in")
    bench.run(1_000)
    assert bench.alarms == ["forced_passage"]


def test_a_stuck_sensor_stops_grants_before_they_are_recorded() -> None:
    bench = LaneBench()
    bench.arm.chip.stick("GPIO22", level=False)
    bench.run(31_000)
    assert bench.ready() is LaneReadiness.FAULT
    assert bench.ready(OUT) is LaneReadiness.READY
    assert bench.alarms == ["forced_passage", "sensor_stuck"]
    bench.arm.chip.unstick("GPIO22")
    bench.arm.stand_in("in", active=False)
    bench.run(100)
    assert bench.ready() is LaneReadiness.READY


def test_a_dead_sensor_is_told_after_ten_grants() -> None:
    bench = LaneBench()
    bench.arm.chip.stick("GPIO22", level=True)
    granted = []
    for number in range(12):
        granted.append(bench.grant())
        bench.run(6_000)
        assert bench.alarms == (["sensor_dead"] if number >= 9 else [])
    assert bench.records == [RecordNotPassed(seq, 1) for seq in granted]


def test_lost_edges_are_an_alarm_and_cost_nobody_an_entry() -> None:
    bench = LaneBench()
    bench.arm.chip.lose_edges("GPIO22", 1)
    first = bench.grant()
    bench.run(7_000)
    second = bench.grant()
    bench.run(3_000)
    assert bench.records == [RecordNotPassed(first, 1), RecordPassed(second, 1)]
    assert bench.alarms == ["lost_edge"]


def test_a_bouncing_contact_is_one_passage() -> None:
    bench = LaneBench()
    bench.arm.expect(Visitor(walk_ms=500))
    seq = bench.grant()
    bench.run(500)
    bench.arm.chip.bounce("GPIO22", times=5, spacing_ms=1)
    bench.run(4_000)
    assert bench.records == [RecordPassed(seq, 1)]
    assert bench.alarms == []


def test_fire_stops_grants_locks_our_relays_and_lets_people_flee_without_alarms() -> None:
    bench = LaneBench()
    seq = bench.grant()
    bench.run(100)
    bench.arm.set_fire(active=True)
    bench.run(200)
    assert not bench.arm.is_pulsing("in")
    assert bench.records == [RecordNotPassed(seq, 1)]
    for _ in range(5):
        bench.arm.push("out")
        bench.run(1_000)
    assert bench.ready(OUT) is LaneReadiness.FAULT
    assert bench.alarms == ["fire"]
    bench.arm.set_fire(active=False)
    bench.run(300)
    assert bench.ready() is LaneReadiness.READY


def test_pins_that_cannot_be_read_put_the_lane_out_of_order() -> None:
    bench = LaneBench()
    bench.run(100)
    bench.arm.chip.break_line("GPIO22")
    bench.run(31_000)
    bench.arm.chip.mend("GPIO22")
    bench.run(1_000)
    assert bench.alarms == ["no_report"]
    assert bench.ready(OUT) is LaneReadiness.FAULT


def test_a_free_lane_is_held_open_and_nobody_is_forced() -> None:
    bench = LaneBench()
    bench.set_mode(LaneMode.FREE)
    bench.arm.push("in", persons=3)
    bench.run(5_000)
    bench.grant()
    assert bench.arm.is_pulsing("in")
    assert bench.arm.is_pulsing("out")
    bench.set_mode(LaneMode.NORMAL)
    assert not bench.arm.is_pulsing("in")
    assert (bench.records, bench.alarms) == ([], [])


def test_a_lane_without_sensors_takes_the_entry_as_passed() -> None:
    bench = LaneBench(simulated_settings(directions=("in", "out"), watched=False))
    bench.grant()
    bench.run(310)
    assert bench.ready() is LaneReadiness.READY
    bench.grant(persons=3)
    bench.run(10_000)
    assert bench.records == []
    assert bench.pulses() == 4


@pytest.mark.parametrize("seed", range(2))
def test_a_random_day_loses_nobody(seed: int) -> None:
    chance, bench = random.Random(seed), LaneBench()
    granted = 0
    for _ in range(25):
        persons = chance.choice([1, 1, 1, 2, 3])
        bench.arm.expect(*(Visitor(persons=chance.choice([0, 1, 1, 1, 2])) for _ in range(persons)))
        if bench.ready() is LaneReadiness.READY:
            bench.grant(persons=persons)
            granted += persons
        bench.run(chance.choice([500, 1_500, 8_000, 20_000]))
    bench.run(30_000)
    assert sum(record.persons for record in bench.records) == granted
    assert bench.ready() is LaneReadiness.READY
