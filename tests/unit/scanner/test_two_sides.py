"""One card before sources that face different ways, on a whole lane: seen from behind it is nobody coming out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.simulated import Visitor
from scanner.core.events import FactKind
from scanner.core.reasons import Reason
from scanner.core.units import Direction
from scanner.lane_parts import Read
from scanner.two_sides import CODES_MAX, TwoSides
from support.lanes import LaneRig
from support.snapshots import CARD

IN, OUT = Direction.IN, Direction.OUT
STRANGER = b"40099999999999"
WINDOW_MS = 3_000


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LaneRig]:
    with LaneRig(tmp_path) as rig:
        yield rig


def before(rig: LaneRig) -> TwoSides:
    return TwoSides(rig.lane, rig.clock.monotonic_ms, lambda: WINDOW_MS)


def scans(rig: LaneRig) -> list[tuple[Direction | None, Reason | None]]:
    return [(f.direction, f.reason) for f in rig.facts() if f.kind is FactKind.SCAN]


def test_a_telephone_carried_through_lit_comes_out_only_once_it_was_out_of_view(
    rig: LaneRig,
) -> None:
    sides = before(rig)
    assert sides.read(Read(CARD), IN) is not None
    for _ in range(8):
        rig.wait(1_000)
        assert sides.read(Read(CARD), OUT) is None
    rig.wait(WINDOW_MS)
    assert sides.read(Read(CARD), OUT) is not None
    assert scans(rig) == [(IN, Reason.OK), (OUT, Reason.EXIT)]


def test_a_card_that_opened_nothing_is_kept_from_the_other_side_for_no_longer_than_a_moment(
    rig: LaneRig,
) -> None:
    """Held on before the way out it must open it at last, whatever the camera at the way in saw first."""
    sides = before(rig)
    assert sides.read(Read(STRANGER), IN) is not None
    answers = []
    for _ in range(4):
        rig.wait(1_000)
        answers.append(sides.read(Read(STRANGER), OUT) is not None)
    assert answers == [False, False, True, False]


def test_another_code_is_nobody_elses_and_whoever_did_not_turn_the_arm_tries_again_at_once(
    rig: LaneRig,
) -> None:
    sides = before(rig)
    rig.expect(Visitor(persons=0))
    assert sides.read(Read(CARD), IN) is not None
    assert sides.read(Read(STRANGER), OUT) is not None
    rig.wait(6_000)
    assert sides.read(Read(CARD), IN) is not None
    assert [way for way, _reason in scans(rig)] == [IN, OUT, IN]


def test_no_more_codes_are_remembered_than_a_lane_remembers(rig: LaneRig) -> None:
    sides = before(rig)
    for number in range(CODES_MAX + 9):
        sides.read(Read(b"4009%010d" % number), IN)
    assert sides.read(Read(b"4009%010d" % (CODES_MAX + 8)), OUT) is None
    assert sides.read(Read(b"4009%010d" % 0), OUT) is not None
