"""Modes and hands at a lane: free for a while, closed and out of order across a power cut, opened once by staff."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.core.errors import InputError
from scanner.core.events import Fact, FactKind
from scanner.core.lane_state import Block, LaneMode, Phase
from scanner.core.override import Operator, Role
from scanner.core.reasons import Reason
from scanner.core.units import Direction
from scanner.gate_commands import build_commands
from scanner.lane_memory import LaneMemory
from scanner.lane_start import begin
from scanner.staff_commands import build_staff_commands
from support.lanes import RELAY_IN, RELAY_OUT, LaneRig
from support.tickets import ticket

CARD = ticket()
INES = Operator("Ines", Role.SUPERVISOR, "")
THEO = Operator("Theo", Role.TECHNICIAN, "")
BOB = Operator("Bob", Role.OPERATOR, "")
MINUTE_MS = 60_000


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LaneRig]:
    with LaneRig(tmp_path) as rig:
        yield rig


def of_kind(rig: LaneRig, kind: FactKind) -> list[Fact]:
    return [fact for fact in rig.facts() if fact.kind is kind]


def notes(rig: LaneRig, kind: FactKind) -> list[str | None]:
    return [fact.note for fact in of_kind(rig, kind)]


def test_free_ends_by_itself_is_recorded_and_locks_the_arm(rig: LaneRig) -> None:
    rig.lane.set_mode(LaneMode.FREE, operator="Ada", for_ms=MINUTE_MS)
    rig.wait(MINUTE_MS - 100)
    assert rig.turnstile.chip.is_closed(RELAY_IN)
    rig.wait(200)
    assert not rig.turnstile.chip.is_closed(RELAY_IN)
    told = [(fact.note, fact.operator) for fact in of_kind(rig, FactKind.LANE_MODE)]
    assert told == [("free", "Ada"), ("normal", None)]
    assert rig.notices[-1]["mode"] == "normal"


def test_free_does_not_outlive_the_process_that_held_the_arm(rig: LaneRig) -> None:
    rig.lane.set_mode(LaneMode.FREE)
    rig.wait(1_000)
    rig.restart()
    assert rig.lane.state.mode is LaneMode.NORMAL
    assert not rig.turnstile.chip.is_closed(RELAY_IN)


def test_closed_outlives_a_power_cut_and_is_recorded_again(rig: LaneRig) -> None:
    rig.lane.set_mode(LaneMode.CLOSED, operator="Ada")
    rig.wait(100)
    rig.restart()
    begin(rig.lane, rig.ledger, "simulated")
    refused = rig.show(CARD)
    assert refused is not None
    assert refused.decision.reason is Reason.LANE_CLOSED
    assert notes(rig, FactKind.LANE_MODE) == ["closed", "closed"]


def test_out_of_order_outlives_a_power_cut_until_a_technician_clears_it(rig: LaneRig) -> None:
    rig.turnstile.chip.break_line("GPIO22")
    rig.wait(31_000)
    assert rig.lane.state.blocks == {Block.OUT_OF_ORDER}
    rig.restart()
    begin(rig.lane, rig.ledger, "simulated")
    assert rig.lane.state.phase is Phase.BLOCKED
    repaired = build_staff_commands(rig.lane)["repaired"]
    assert repaired({"operator": INES}) == {"phase": "IDLE"}
    rig.wait(100)
    rig.restart()
    assert rig.lane.state.blocks == frozenset()
    assert notes(rig, FactKind.ALARM) == ["no_report", "no_report"]
    assert [(f.note, f.operator) for f in of_kind(rig, FactKind.LANE_MODE)] == [
        ("repaired", "Ines")
    ]


def test_a_lane_in_order_has_nothing_to_clear(rig: LaneRig) -> None:
    with pytest.raises(InputError, match="not out of order"):
        build_staff_commands(rig.lane)["repaired"]({"operator": INES})


@pytest.mark.parametrize(("way", "relay"), [("in", RELAY_IN), ("out", RELAY_OUT)])
def test_staff_open_the_arm_once_with_a_reason_and_nobody_is_counted(
    rig: LaneRig, way: str, relay: str
) -> None:
    release = build_staff_commands(rig.lane)["release"]
    reply = release({"operator": INES, "why": "wheelchair", "direction": way})
    rig.wait(10_000)
    released = of_kind(rig, FactKind.OVERRIDE)[0]
    assert (released.seq, released.operator, released.note) == (
        reply["seq"],
        "Ines",
        "release: wheelchair",
    )
    assert (released.movement, released.charged, released.refers_to) == (None, 0, None)
    assert [f.refers_to for f in of_kind(rig, FactKind.PASSED)] == [released.seq]
    switched = [c.level for c in rig.turnstile.chip.history if c.line == relay]
    assert switched == [True, False]


@pytest.mark.parametrize(("way", "relay"), [("in", RELAY_IN), ("out", RELAY_OUT)])
def test_a_technician_tries_the_arm_and_it_is_nobodys_passage(
    rig: LaneRig, way: str, relay: str
) -> None:
    rig.lane.set_mode(LaneMode.CLOSED)
    before = len(rig.facts())
    reply = build_staff_commands(rig.lane)["pulse"]({"operator": THEO, "direction": way})
    assert rig.notices[-1] == {"event": "pulse", "seq": reply["seq"], "direction": way}
    rig.wait(10_000)
    (tried,) = rig.facts()[before:]
    assert (tried.kind, tried.seq, tried.operator, tried.note) == (
        *(FactKind.SERVICE, reply["seq"]),
        *("Theo", "pulse"),
    )
    switched = [c.level for c in rig.turnstile.chip.history if c.line == relay]
    assert switched == [True, False]
    assert rig.lane.state.phase is Phase.IDLE


def test_the_arm_is_not_tried_while_somebody_is_between_nor_by_anybody_else(rig: LaneRig) -> None:
    pulse = build_staff_commands(rig.lane)["pulse"]
    with pytest.raises(InputError, match="operator_not_technician"):
        pulse({"operator": INES, "direction": "in"})
    rig.show(CARD)
    with pytest.raises(InputError, match="pulse_lane_not_idle"):
        pulse({"operator": THEO, "direction": "in"})
    rig.wait(10_000)
    assert of_kind(rig, FactKind.SERVICE) == []
    assert len(of_kind(rig, FactKind.PASSED)) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"direction": "in"}, "release_without_reason"),
        ({"direction": "in", "why": "  "}, "release_without_reason"),
        ({"why": "x"}, "lane_way_unknown"),
        ({"why": "x", "direction": "up"}, "lane_way_unknown"),
    ],
)
def test_a_release_that_says_too_little_opens_nothing(
    rig: LaneRig, body: dict[str, str], code: str
) -> None:
    with pytest.raises(InputError) as told:
        build_staff_commands(rig.lane)["release"]({"operator": INES, **body})
    assert (told.value.code, rig.pulses, rig.facts()) == (code, 0, [])


@pytest.mark.parametrize("act", ["release", "repaired"])
def test_an_operator_answers_questions_and_opens_nothing_else(rig: LaneRig, act: str) -> None:
    body = {"operator": BOB, "why": "x", "direction": "in"}
    with pytest.raises(InputError) as told:
        build_staff_commands(rig.lane)[act](body)
    assert (told.value.code, rig.pulses, rig.facts()) == ("operator_not_technician", 0, [])


def test_nobody_is_released_into_a_fire_or_a_lane_that_is_busy(rig: LaneRig) -> None:
    rig.show(CARD)
    assert rig.lane.release(Direction.IN, "x") is None
    rig.wait(10_000)
    rig.turnstile.set_fire(active=True)
    rig.wait(1_000)
    with pytest.raises(InputError, match="cannot let anybody in"):
        build_staff_commands(rig.lane)["release"]({"operator": INES, "why": "x", "direction": "in"})
    assert of_kind(rig, FactKind.OVERRIDE) == []


def test_a_relay_that_was_left_on_is_an_alarm_of_the_next_start(rig: LaneRig) -> None:
    begin(rig.lane, rig.ledger, "simulated", ("GPIO17",))
    assert notes(rig, FactKind.ALARM) == ["relay_left_on"]


def test_minutes_of_a_mode_are_the_lanes(rig: LaneRig) -> None:
    def status() -> dict[str, object]:
        until_ms = rig.lane.state.free_until_ms
        left_s = None if until_ms is None else (until_ms - rig.clock.monotonic_ms()) // 1_000
        return {"lane": {"free_for_s": left_s}}

    mode = build_commands(rig.lane, status, None)["mode"]
    assert mode({"mode": "free", "minutes": 2}) == {"mode": "free", "free_for_s": 120}
    assert mode({"mode": "normal"}) == {"mode": "normal"}


def test_a_memory_that_cannot_be_read_is_told_and_the_lane_starts(tmp_path: Path) -> None:
    (tmp_path / "lane.json").write_bytes(b"{")
    memory = LaneMemory(tmp_path / "lane.json")
    assert not memory.load().is_closed
    assert memory.doubts.open_codes == ("lane_memory_unreadable",)


def test_a_disk_that_takes_no_memory_is_a_doubt_until_it_does(tmp_path: Path, rig: LaneRig) -> None:
    in_the_way = tmp_path / "other.json"
    in_the_way.mkdir()
    memory = LaneMemory(in_the_way)
    rig.lane.set_mode(LaneMode.CLOSED)
    memory.follow(rig.lane.state)
    assert memory.doubts.open_codes == ("file_not_written",)
    in_the_way.rmdir()
    memory.follow(rig.lane.state)
    assert not memory.kept.is_closed
    memory.try_again()
    memory.follow(rig.lane.state)
    assert memory.kept.is_closed
    assert memory.doubts.open_codes == ()
