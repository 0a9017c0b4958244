"""The closed vocabulary holds together."""

from __future__ import annotations

import pytest

from scanner.core.meanings import MEANINGS
from scanner.core.reasons import (
    ACCEPT_ORDER,
    DENY_REASONS,
    FACES,
    OUTCOMES_OF,
    Flag,
    Outcome,
    Reason,
    outcome_of_acceptance,
    outcome_of_refusal,
)

BY_POLICY = {Reason.GRACE, Reason.UNLISTED, Reason.CLOCK_UNTRUSTED}


def test_every_reason_has_an_outcome_a_meaning_and_its_own_name() -> None:
    assert set().union(*OUTCOMES_OF.values()) == set(Reason)
    assert set(MEANINGS) == set(Reason)
    assert len(set(MEANINGS.values())) == len(MEANINGS)
    assert all(reason.value == reason.name for reason in Reason)


def test_only_what_a_policy_decides_has_more_than_one_outcome() -> None:
    for reason in Reason:
        outcomes = [outcome for outcome in Outcome if reason in OUTCOMES_OF[outcome]]
        assert (len(outcomes) > 1) is (reason in BY_POLICY)


def test_every_outcome_has_a_face_and_only_three_open() -> None:
    assert set(FACES) == set(Outcome)
    opening = {outcome for outcome, face in FACES.items() if face.opens}
    assert opening == {Outcome.SUCCESS, Outcome.HIGHLIGHTED, Outcome.CHECKED_OUT}


def test_colour_never_stands_alone() -> None:
    signs = [(face.icon, face.word, face.sound) for face in FACES.values()]
    assert all(all(sign) for sign in signs)
    assert len({face.icon for face in FACES.values()}) == len(FACES)


@pytest.mark.parametrize("reason", ACCEPT_ORDER)
def test_an_accept_reason_has_an_accepting_outcome(reason: Reason) -> None:
    assert reason in OUTCOMES_OF[outcome_of_acceptance(reason)]


@pytest.mark.parametrize("outcome", [Outcome.REPEATED, Outcome.DECLINED])
def test_a_refusal_has_the_outcome_of_its_row(outcome: Outcome) -> None:
    assert {outcome_of_refusal(reason) for reason in OUTCOMES_OF[outcome]} == {outcome}


def test_what_the_central_may_deny_for_is_red() -> None:
    assert set(DENY_REASONS) <= OUTCOMES_OF[Outcome.DECLINED]


def test_a_flag_is_not_the_name_of_a_reason() -> None:
    assert not {flag.value for flag in Flag} & {reason.value for reason in Reason}
