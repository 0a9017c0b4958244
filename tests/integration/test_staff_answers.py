"""Staff at a lane: an answer to a question, a forced entry, a passage nobody waits for any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.simulated import Visitor
from scanner.core.events import FactKind
from scanner.core.grants import GrantFlag
from scanner.core.override import OverrideProblem, Role, StaffAnswer
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import Direction
from support.lanes import LaneRig
from support.rights import grant, rule
from support.snapshots import CARD, Site

ACCEPT, REFUSE, FORCE = StaffAnswer.ACCEPT, StaffAnswer.REFUSE, StaffAnswer.FORCE
OPERATOR, SUPERVISOR = Role.OPERATOR, Role.SUPERVISOR
ASKED = Site(grants=(grant(flags=frozenset({GrantFlag.DETAILS_REQUIRED})),))
ONCE = Site(rules=(rule(max_total=1),))


def test_an_accepted_question_opens_and_is_charged_once(tmp_path: Path) -> None:
    with LaneRig(tmp_path, ASKED) as rig:
        rig.show(CARD)
        override, fact = rig.lane.override(ACCEPT, OPERATOR, "ada")
        again, nothing = rig.lane.override(ACCEPT, OPERATOR, "ada")
        rig.wait(3_000)

        assert fact is not None
        assert (fact.kind, fact.movement, fact.charged) == (FactKind.OVERRIDE, Direction.IN, 1)
        assert (fact.outcome, fact.reason) == (Outcome.ACTION, Reason.DETAILS_REQUIRED)
        assert (fact.operator, fact.note, fact.refers_to) == ("ada", "accept", fact.seq - 1)
        assert (override.problem, again.problem) == (None, OverrideProblem.NOT_ASKED)
        assert (nothing, rig.pulses) == (None, 1)
        assert rig.facts()[-1].kind is FactKind.PASSED


def test_a_refused_question_is_recorded_and_opens_nothing(tmp_path: Path) -> None:
    with LaneRig(tmp_path, ASKED) as rig:
        rig.show(CARD)
        _override, fact = rig.lane.override(REFUSE, OPERATOR)

        assert fact is not None
        assert (fact.note, fact.movement, fact.charged, rig.pulses) == ("refuse", None, 0, 0)


@pytest.mark.parametrize(
    ("role", "problem"), [(OPERATOR, OverrideProblem.NEEDS_SUPERVISOR), (SUPERVISOR, None)]
)
def test_only_a_supervisor_forces_a_refusal(
    tmp_path: Path, role: Role, problem: OverrideProblem | None
) -> None:
    with LaneRig(tmp_path, ONCE) as rig:
        rig.admit(CARD)
        rig.show(CARD)
        override, fact = rig.lane.override(FORCE, role, "eve")

        assert override.problem is problem
        assert (fact is None, rig.pulses) == (problem is not None, 1 if problem else 2)


def test_an_answer_that_does_not_count_may_be_given_better(tmp_path: Path) -> None:
    with LaneRig(tmp_path, ASKED) as rig:
        rig.show(CARD)
        rig.lane.override(FORCE, SUPERVISOR)
        override, _fact = rig.lane.override(ACCEPT, OPERATOR)

        assert override.problem is None


def test_without_a_scan_there_is_nothing_to_answer(tmp_path: Path) -> None:
    with LaneRig(tmp_path) as rig:
        override, fact = rig.lane.override(ACCEPT, OPERATOR)

        assert (override.problem, fact) == (OverrideProblem.NOT_ASKED, None)


def test_giving_up_a_passage_gives_the_entry_back_at_once(tmp_path: Path) -> None:
    with LaneRig(tmp_path, ONCE) as rig:
        rig.expect(Visitor(persons=0), Visitor())
        rig.show(CARD)
        rig.lane.give_up()
        again = rig.show(CARD)

        assert again is not None
        assert again.decision.outcome is Outcome.SUCCESS
        assert [fact.kind for fact in rig.facts()][-2:] == [FactKind.NOT_PASSED, FactKind.SCAN]


def test_giving_up_nothing_changes_nothing(tmp_path: Path) -> None:
    with LaneRig(tmp_path) as rig:
        rig.admit(CARD)
        before = rig.facts()
        rig.lane.give_up()

        assert rig.facts() == before
