"""A subscription's life, row by row (S34, S38–S43)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.core.calendar import Unit
from scanner.core.grants import AccessGrant, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import GrantNo, Instant, RuleNo, TypeNo
from server_stub.rules.cycles import Period
from server_stub.rules.machine import next_state
from server_stub.rules.refusals import Refusal
from server_stub.rules.subscription import (
    DENIED,
    SUBSCRIPTION_TABLE,
    Moment,
    Plan,
    Subscription,
    SubscriptionEvent,
    SubscriptionState,
    anchor_of,
    benefit_until,
    gives_benefit,
    grant_of_subscription,
    paid_until,
    unused_minor,
)
from server_stub.rules.subscription_steps import step
from support.instants import PARIS, wall

S, E = SubscriptionState, SubscriptionEvent
PLAN = Plan(period=Period(1, Unit.MONTHS), price_minor=1_000, type_no=TypeNo(4), rule_no=RuleNo(5))
PAID_AT, MONTH_END = wall("2026-01-31T10:00"), wall("2026-02-28T10:00")
GRACE_END = wall("2026-03-07T10:00")
MEMBER = Subscription(
    subscription_id="s",
    state=S.ACTIVE,
    asked_at=PAID_AT,
    started_at=PAID_AT,
    anchor_at=PAID_AT,
    paid_cycles=1,
)


def at(text: str, plan: Plan = PLAN) -> Moment:
    return Moment(wall(text), plan, PARIS)


def after(
    before: Subscription, event: E, text: str, cycle_at: Instant | None = None, plan: Plan = PLAN
) -> Subscription:
    result = step(before, event, at(text, plan), cycle_at)
    assert isinstance(result, Subscription)
    return result


def granted(subscription: Subscription, **changed: Any) -> AccessGrant | None:
    moment = at("2026-02-01T00:00", replace(PLAN, **changed))
    return grant_of_subscription(subscription, moment, GrantNo(7), 2)


def test_the_first_payment_anchors_the_cycles() -> None:
    asked = after(Subscription(subscription_id="s"), E.ASKED_TO_PAY, "2026-01-31T09:00")
    failed = after(asked, E.PAYMENT_FAILED, "2026-01-31T09:30")
    paid = after(failed, E.PAYMENT_SUCCEEDED, "2026-01-31T10:00")

    assert failed.state is S.INCOMPLETE
    assert paid == replace(MEMBER, asked_at=wall("2026-01-31T09:00"))
    assert paid_until(paid, at("2026-01-31T10:00")) == MONTH_END


def test_s43_a_first_payment_has_23_hours_and_then_gives_nothing() -> None:
    asked = after(Subscription(subscription_id="s"), E.ASKED_TO_PAY, "2026-01-31T09:00")

    assert step(asked, E.TIMED_OUT, at("2026-02-01T07:59:59")) is Refusal.TOO_EARLY
    expired = after(asked, E.TIMED_OUT, "2026-02-01T08:00")
    assert expired.state is S.EXPIRED
    for nothing in (asked, expired):
        assert granted(nothing) is None
        assert benefit_until(nothing, at("2026-02-01T08:00")) is None
    late = step(expired, E.PAYMENT_SUCCEEDED, at("2026-02-01T08:01"))
    assert late is Refusal.SUBSCRIPTION_OVER


def test_s38_s39_the_row_holds_the_paid_period_and_the_grace_before_anything_fails() -> None:
    grant = granted(MEMBER)

    assert grant == AccessGrant(
        grant_no=GrantNo(7),
        rule_no=RuleNo(5),
        type_no=TypeNo(4),
        valid_from=PAID_AT,
        valid_until=MONTH_END,
        grace_until=GRACE_END,
        version=2,
    )
    failed = after(MEMBER, E.PAYMENT_FAILED, "2026-02-28T10:00", MONTH_END)
    assert failed.state is S.PAST_DUE
    assert granted(failed) == grant


def test_without_grace_the_row_has_none() -> None:
    grant = granted(MEMBER, grace_days=0)
    assert grant is not None

    assert grant.grace_until is None


def test_a_plan_that_opens_no_gate_gives_no_row() -> None:
    assert granted(MEMBER, admits=False) is None


@pytest.mark.parametrize(("state", "reason"), DENIED.items())
def test_a_subscription_that_does_not_run_is_denied_by_name(state: S, reason: Reason) -> None:
    grant = granted(replace(MEMBER, state=state))
    assert grant is not None

    assert (grant.state, grant.deny_reason, grant.grace_until) == (GrantState.DENY, reason, None)


def test_a_payment_told_twice_pays_one_cycle() -> None:
    paid = after(MEMBER, E.PAYMENT_SUCCEEDED, "2026-02-28T10:01", MONTH_END)

    assert paid_until(paid, at("2026-02-28T10:01")) == wall("2026-03-31T10:00")
    again = step(paid, E.PAYMENT_SUCCEEDED, at("2026-02-28T10:02"), MONTH_END)
    assert again is Refusal.CYCLE_NOT_OPEN


def test_s40_paying_in_grace_continues_the_same_cycles() -> None:
    failed = after(MEMBER, E.PAYMENT_FAILED, "2026-02-28T10:00", MONTH_END)
    paid = after(failed, E.PAYMENT_SUCCEEDED, "2026-03-03T12:00", MONTH_END)

    assert paid.state is S.ACTIVE
    assert paid_until(paid, at("2026-03-03T12:00")) == wall("2026-03-31T10:00")


def test_paying_when_suspended_begins_new_cycles_that_day() -> None:
    back = after(replace(MEMBER, state=S.SUSPENDED), E.PAYMENT_SUCCEEDED, "2026-03-20T08:00")

    assert back.state is S.ACTIVE
    assert back.started_at == PAID_AT
    assert paid_until(back, at("2026-03-20T08:00")) == wall("2026-04-20T08:00")


def test_s41_a_cancellation_takes_effect_at_the_end_of_the_period() -> None:
    cancelled = after(MEMBER, E.CANCELLATION_ASKED, "2026-02-10T10:00")
    grant = granted(cancelled)
    assert grant is not None

    assert (cancelled.state, cancelled.ends_at) == (S.PENDING_CANCELLATION, MONTH_END)
    assert (grant.state, grant.valid_until, grant.grace_until) == (
        GrantState.ALLOW,
        MONTH_END,
        None,
    )
    assert step(cancelled, E.PERIOD_ENDED, at("2026-02-28T09:59:59")) is Refusal.TOO_EARLY
    assert after(cancelled, E.PERIOD_ENDED, "2026-02-28T10:00").state is S.ENDED


def test_s41_undone_before_the_end_everything_is_as_before() -> None:
    cancelled = after(MEMBER, E.CANCELLATION_ASKED, "2026-02-10T10:00")

    assert after(cancelled, E.CANCELLATION_UNDONE, "2026-02-28T09:59:59") == MEMBER
    late = step(cancelled, E.CANCELLATION_UNDONE, at("2026-02-28T10:00"))
    assert late is Refusal.TOO_LATE


def test_s41_within_the_minimum_term_it_takes_effect_at_its_end() -> None:
    bound = replace(PLAN, minimum_cycles=12)
    asked = after(Subscription(subscription_id="s"), E.ASKED_TO_PAY, "2026-01-31T10:00")
    paid = after(asked, E.PAYMENT_SUCCEEDED, "2026-01-31T10:00", plan=bound)
    cancelled = after(paid, E.CANCELLATION_ASKED, "2026-02-10T10:00", plan=bound)

    assert cancelled.ends_at == wall("2027-01-31T10:00")
    renewed = after(cancelled, E.PAYMENT_SUCCEEDED, "2026-02-28T10:00", MONTH_END, bound)
    assert renewed.state is S.PENDING_CANCELLATION
    grant = granted(renewed, minimum_cycles=12)
    assert grant is not None
    assert grant.grace_until == wall("2026-04-07T10:00")


def test_a_minimum_term_that_ends_within_a_cycle_ends_with_that_cycle() -> None:
    resumed = replace(
        MEMBER, anchor_at=wall("2026-03-10T10:00"), minimum_until=wall("2026-04-30T10:00")
    )
    cancelled = after(resumed, E.CANCELLATION_ASKED, "2026-03-11T10:00")

    assert cancelled.ends_at == wall("2026-05-10T10:00")


@pytest.mark.parametrize("state", [S.PAUSED, S.SUSPENDED])
def test_what_has_no_period_ends_at_once_but_not_within_the_minimum_term(state: S) -> None:
    idle = replace(MEMBER, state=state, minimum_until=MONTH_END)

    refused = step(idle, E.CANCELLATION_ASKED, at("2026-02-28T09:59:59"))
    assert refused is Refusal.MINIMUM_TERM
    assert after(idle, E.CANCELLATION_ASKED, "2026-02-28T10:00").state is S.ENDED


def test_a_cancellation_survives_a_failed_payment_and_its_success() -> None:
    cancelled = replace(MEMBER, state=S.PENDING_CANCELLATION, ends_at=wall("2026-03-31T10:00"))
    failed = after(cancelled, E.PAYMENT_FAILED, "2026-02-28T10:00", MONTH_END)
    paid = after(failed, E.PAYMENT_SUCCEEDED, "2026-03-01T10:00", MONTH_END)

    assert failed.state is S.PAST_DUE
    assert paid.state is S.PENDING_CANCELLATION
    assert after(failed, E.GAVE_UP_SUSPENDING, "2026-03-07T10:00").state is S.ENDED
    assert after(failed, E.PERIOD_ENDED, "2026-03-31T10:00").state is S.ENDED


def test_cancelled_while_past_due_it_ends_with_the_unpaid_cycle_and_stays_there() -> None:
    failed = replace(MEMBER, state=S.PAST_DUE)
    cancelled = after(failed, E.CANCELLATION_ASKED, "2026-03-01T10:00")

    assert (cancelled.state, cancelled.ends_at) == (S.PAST_DUE, wall("2026-03-31T10:00"))
    assert after(cancelled, E.CANCELLATION_ASKED, "2026-04-05T10:00") == cancelled
    assert after(cancelled, E.CANCELLATION_UNDONE, "2026-03-02T10:00") == failed


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (S.PAST_DUE, E.CANCELLATION_UNDONE),
        (S.PAST_DUE, E.PERIOD_ENDED),
        (S.ACTIVE, E.CANCELLATION_UNDONE),
    ],
)
def test_what_was_not_cancelled_is_not_undone_and_does_not_end(state: S, event: E) -> None:
    refused = step(replace(MEMBER, state=state), event, at("2026-03-01T10:00"))

    assert refused is Refusal.NOT_CANCELLED


def test_grace_does_not_run_past_the_end_of_a_cancelled_subscription() -> None:
    ends = replace(MEMBER, state=S.PAST_DUE, ends_at=wall("2026-03-02T10:00"))
    grant = granted(ends)
    assert grant is not None

    assert grant.grace_until == wall("2026-03-02T10:00")


def test_s42_paused_it_is_denied_and_resumed_it_begins_a_new_period_that_day() -> None:
    paused = after(MEMBER, E.PAUSED, "2026-02-14T10:00")
    grant = granted(paused)
    assert grant is not None

    assert grant.deny_reason is Reason.PAUSED
    resumed = after(paused, E.RESUMED, "2026-05-05T12:00")
    assert (resumed.state, resumed.anchor_at) == (S.ACTIVE, wall("2026-05-05T12:00"))
    paid = after(resumed, E.PAYMENT_SUCCEEDED, "2026-05-05T12:00", resumed.anchor_at)
    assert paid_until(paid, at("2026-05-05T12:00")) == wall("2026-06-05T12:00")


def test_what_a_pause_leaves_unused_is_credited_once() -> None:
    paused = after(MEMBER, E.PAUSED, "2026-02-14T10:00")
    resumed = after(paused, E.RESUMED, "2026-05-05T12:00")
    paid = after(resumed, E.PAYMENT_SUCCEEDED, "2026-05-05T12:00", resumed.anchor_at)

    assert paused.credit_minor == 500
    assert paid.credit_minor == 0
    assert unused_minor(MEMBER, at("2026-02-28T10:00")) == 0
    assert unused_minor(Subscription(subscription_id="s"), at("2026-02-14T10:00")) == 0


@pytest.mark.parametrize("clock", ["2026-01-31T10:00", "2026-01-31T09:59"])
def test_it_is_not_resumed_at_or_before_the_start_of_the_last_paid_cycle(clock: str) -> None:
    paused = after(MEMBER, E.PAUSED, "2026-01-31T10:00")

    assert step(paused, E.RESUMED, at(clock)) is Refusal.TOO_EARLY
    assert after(paused, E.RESUMED, "2026-01-31T10:00:00.001").paid_cycles == 0


def test_one_whose_resumption_was_never_paid_may_be_resumed_at_any_instant() -> None:
    resumed = after(after(MEMBER, E.PAUSED, "2026-02-14T10:00"), E.RESUMED, "2026-03-01T10:00")
    again = after(replace(resumed, state=S.PAUSED), E.RESUMED, "2026-03-01T10:00")

    assert again == resumed


def test_a_payment_must_come_before_a_pause() -> None:
    paused = step(replace(MEMBER, state=S.PAST_DUE), E.PAUSED, at("2026-03-01T10:00"))

    assert paused is Refusal.PAYMENT_OPEN


@pytest.mark.parametrize(
    ("state", "now", "benefit_grace", "gives"),
    [
        (S.ACTIVE, "2026-01-31T10:00:01", False, True),
        (S.ACTIVE, "2026-02-28T09:59:59", False, True),
        (S.ACTIVE, "2026-02-28T10:00", False, False),
        (S.PAST_DUE, "2026-03-07T09:59:59", True, True),
        (S.PAST_DUE, "2026-03-07T10:00", True, False),
        (S.PAST_DUE, "2026-03-01T10:00", False, False),
        (S.SUSPENDED, "2026-02-01T10:00", True, False),
        (S.PAUSED, "2026-02-01T10:00", True, False),
        (S.ENDED, "2026-02-01T10:00", True, False),
    ],
)
def test_s34_benefits_follow_the_state_the_clock_and_benefit_grace(
    state: S, now: str, *, benefit_grace: bool, gives: bool
) -> None:
    moment = at(now, replace(PLAN, benefit_grace=benefit_grace))

    assert gives_benefit(replace(MEMBER, state=state), moment) is gives


@pytest.mark.parametrize("state", [S.ENDED, S.EXPIRED])
@pytest.mark.parametrize("event", E)
def test_what_is_over_stays_over(state: S, event: E) -> None:
    assert next_state(SUBSCRIPTION_TABLE, state, event) is Refusal.SUBSCRIPTION_OVER


@pytest.mark.parametrize(
    "state", [S.ACTIVE, S.PAST_DUE, S.PENDING_CANCELLATION, S.SUSPENDED, S.PAUSED]
)
def test_what_has_begun_can_always_be_terminated(state: S) -> None:
    assert after(replace(MEMBER, state=state), E.TERMINATED, "2026-02-01T10:00").state is S.ENDED


def test_cycles_of_what_never_started_are_our_mistake() -> None:
    with pytest.raises(RuntimeError, match="no cycles"):
        anchor_of(Subscription(subscription_id="s"))
