"""Who may say what against the gate, and what it costs."""

from __future__ import annotations

import pytest

from scanner.core.answer import Decision
from scanner.core.override import (
    OverrideProblem,
    Role,
    StaffAnswer,
    answer_note,
    apply_override,
    is_noted,
    possible_answers,
)
from scanner.core.reasons import OUTCOMES_OF, Outcome, Reason
from scanner.core.units import Direction

ACCEPT, REFUSE, FORCE = StaffAnswer.ACCEPT, StaffAnswer.REFUSE, StaffAnswer.FORCE
LANE = {Reason.LANE_CLOSED, Reason.LANE_BUSY, Reason.LANE_FAULT, Reason.NOT_RECORDED}


def asked(charged: int = 1, persons: int = 1, *, is_inspection: bool = False) -> Decision:
    return Decision(
        outcome=Outcome.ACTION,
        reason=Reason.DETAILS_REQUIRED,
        charged=charged,
        persons=persons,
        is_inspection=is_inspection,
    )


def refused(reason: Reason = Reason.EXPIRED, persons: int = 1) -> Decision:
    return Decision(outcome=Outcome.DECLINED, reason=reason, persons=persons)


@pytest.mark.parametrize("role", list(Role))
def test_any_operator_answers_a_question(role: Role) -> None:
    accepted = apply_override(asked(charged=3, persons=3), ACCEPT, role)
    assert (accepted.movement, accepted.charged, accepted.persons) == (Direction.IN, 3, 3)
    assert accepted.problem is None
    rejected = apply_override(asked(charged=3, persons=3), REFUSE, role)
    assert (rejected.movement, rejected.charged, rejected.problem) == (None, 0, None)


def test_an_accepted_free_entry_stays_free() -> None:
    accepted = apply_override(asked(charged=0), ACCEPT, Role.OPERATOR)
    assert (accepted.movement, accepted.charged) == (Direction.IN, 0)


@pytest.mark.parametrize("outcome", [Outcome.REPEATED, Outcome.DECLINED])
def test_a_supervisor_forces_every_refusal_but_those_of_lane_and_ledger(outcome: Outcome) -> None:
    for reason in OUTCOMES_OF[outcome]:
        decision = Decision(outcome=outcome, reason=reason, persons=2)
        forced = apply_override(decision, FORCE, Role.SUPERVISOR)
        if reason in LANE:
            assert (forced.problem, forced.movement) == (OverrideProblem.NOT_FORCEABLE, None)
        else:
            assert (forced.movement, forced.charged) == (Direction.IN, 2)


def test_an_operator_forces_nothing() -> None:
    forced = apply_override(refused(), FORCE, Role.OPERATOR)
    assert (forced.problem, forced.movement, forced.charged) == (
        OverrideProblem.NEEDS_SUPERVISOR,
        None,
        0,
    )


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.ACTION])
@pytest.mark.parametrize("answer", [ACCEPT, REFUSE])
def test_what_was_not_asked_is_not_answered(outcome: Outcome, answer: StaffAnswer) -> None:
    decision = Decision(outcome=outcome, reason=Reason.OK)
    assert apply_override(decision, answer, Role.SUPERVISOR).problem is OverrideProblem.NOT_ASKED


@pytest.mark.parametrize(
    "outcome", [Outcome.SUCCESS, Outcome.HIGHLIGHTED, Outcome.ACTION, Outcome.CHECKED_OUT]
)
def test_what_was_not_refused_is_not_forced(outcome: Outcome) -> None:
    decision = Decision(outcome=outcome, reason=Reason.OK)
    forced = apply_override(decision, FORCE, Role.SUPERVISOR)
    assert (forced.problem, forced.movement) == (OverrideProblem.NOT_REFUSED, None)


@pytest.mark.parametrize("answer", list(StaffAnswer))
def test_a_look_is_answered_by_nobody(answer: StaffAnswer) -> None:
    looked = apply_override(asked(is_inspection=True), answer, Role.SUPERVISOR)
    assert (looked.problem, looked.movement) == (OverrideProblem.INSPECTION, None)


@pytest.mark.parametrize(("answer", "decision"), [(ACCEPT, asked()), (FORCE, refused())])
def test_nobody_is_let_in_through_a_lane_that_cannot_turn_now(
    answer: StaffAnswer, decision: Decision
) -> None:
    kept_out = apply_override(decision, answer, Role.SUPERVISOR, is_lane_ready=False)
    assert (kept_out.problem, kept_out.movement) == (OverrideProblem.LANE_NOT_READY, None)


def test_a_question_may_be_refused_at_any_lane() -> None:
    rejected = apply_override(asked(), REFUSE, Role.OPERATOR, is_lane_ready=False)
    assert rejected.problem is None


@pytest.mark.parametrize(
    ("decision", "possible"),
    [
        (asked(), (ACCEPT, REFUSE)),
        (refused(), (FORCE,)),
        (refused(Reason.LANE_BUSY), ()),
        (asked(is_inspection=True), ()),
        (Decision(outcome=Outcome.SUCCESS, reason=Reason.OK), ()),
    ],
)
def test_staff_are_told_what_they_may_answer(
    decision: Decision, possible: tuple[StaffAnswer, ...]
) -> None:
    assert possible_answers(decision) == possible


@pytest.mark.parametrize("why", [None, "", "lost phone", "a: b"])
def test_an_answer_is_known_by_its_note_whatever_the_reason(why: str | None) -> None:
    note = answer_note(FORCE, why)
    assert is_noted(FORCE, note)
    assert not is_noted(ACCEPT, note)
    assert not is_noted(FORCE, None)
