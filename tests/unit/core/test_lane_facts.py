"""What a lane says where no disk takes its fact, and of an arm that staff opened."""

from __future__ import annotations

import pytest

from scanner.core.answer import Decision
from scanner.core.events import FactKind, Identity
from scanner.core.grants import Gate
from scanner.core.lane_facts import not_recorded, release_fact, unseen
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import DeviceId, Direction, Epoch, GateNo, LaneReadiness, Seq, ZoneNo
from support.rights import reading

IN, OUT = Direction.IN, Direction.OUT


@pytest.mark.parametrize("movement", [IN, None])
def test_what_cannot_be_recorded_lets_nobody_in(movement: Direction | None) -> None:
    decision = Decision(
        outcome=Outcome.HIGHLIGHTED,
        reason=Reason.GRACE,
        flags=("STALE",),
        movement=movement,
        charged=1,
        remaining=3,
    )
    shut = not_recorded(decision)
    assert (shut.outcome, shut.reason) == (Outcome.DECLINED, Reason.NOT_RECORDED)
    assert (shut.flags, shut.movement, shut.charged, shut.remaining) == ((), None, 0, None)


def test_an_exit_that_cannot_be_recorded_opens_and_says_so() -> None:
    decision = Decision(
        outcome=Outcome.CHECKED_OUT, reason=Reason.EXIT, flags=("EXPIRED",), movement=OUT
    )
    left = not_recorded(decision)
    assert (left.outcome, left.movement) == (Outcome.CHECKED_OUT, OUT)
    assert left.flags == ("EXPIRED", "NOT_RECORDED")


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("lane", list(LaneReadiness))
def test_where_nothing_can_be_looked_up_only_a_ready_lane_lets_somebody_out(
    direction: Direction, lane: LaneReadiness
) -> None:
    said = unseen(direction, lane, reading())
    opens = direction is OUT and lane is LaneReadiness.READY
    assert (said.movement is OUT) is opens
    assert (said.outcome is Outcome.CHECKED_OUT) is opens


def test_an_arm_that_staff_opened_names_who_and_why_and_counts_nothing() -> None:
    identity = Identity(DeviceId("gate-1"), Epoch("e"), Seq(7))
    gate = Gate(gate_no=GateNo(1), name="North 1", zone_no=ZoneNo(1))
    fact = release_fact(identity, reading(), gate, OUT, "Ines", "wheelchair")
    assert (fact.kind, fact.direction, fact.operator) == (FactKind.OVERRIDE, OUT, "Ines")
    assert (fact.movement, fact.charged, fact.refers_to, fact.key) == (None, 0, None, None)
    assert fact.note == "release: wheelchair"


def test_a_technicians_try_is_service_with_a_name_and_nobodys_passage() -> None:
    identity = Identity(DeviceId("gate-1"), Epoch("e"), Seq(8))
    gate = Gate(gate_no=GateNo(1), name="North 1", zone_no=ZoneNo(1))
    fact = release_fact(identity, reading(), gate, OUT, "Theo", None)
    assert (fact.kind, fact.direction, fact.operator) == (FactKind.SERVICE, OUT, "Theo")
    assert (fact.movement, fact.charged, fact.flags, fact.note) == (None, 0, (), "pulse")
