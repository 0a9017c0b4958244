"""What a subscription gives beside its right: tags, and the plan as something held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.units import Instant, RuleNo, TypeNo
from scanner.core.validity import parse_offset
from server_stub.rules.cycles import Period
from server_stub.rules.segments import MembershipState
from server_stub.rules.subscription import Moment, Plan, Subscription, SubscriptionState
from server_stub.rules.subscription_gifts import held_plan, tags_of_subscription
from server_stub.rules.tags import TagExpiry, TagRule, present_tags
from support.instants import wall

S = SubscriptionState
PARIS = SiteCalendar("Europe/Paris")
PLAN = Plan(period=Period(1, Unit.MONTHS), price_minor=1_000, type_no=TypeNo(1), rule_no=RuleNo(1))
START = wall("2026-01-31T10:00")
PAID, GRACE = wall("2026-02-28T10:00"), wall("2026-03-07T10:00")
RULES = (
    TagRule("Friend"),
    TagRule("Once a friend", TagExpiry.NEVER),
    TagRule("Fresh", parse_offset("10 days")),
)
RUNS = Subscription(
    subscription_id="s", state=S.ACTIVE, started_at=START, anchor_at=START, paid_cycles=1
)


def moment(at: int, **plan: bool) -> Moment:
    return Moment(Instant(at), replace(PLAN, **plan), PARIS)


def tags(subscription: Subscription, at: int, **plan: bool) -> frozenset[str]:
    made = tags_of_subscription(RULES, "subscription:s", subscription, moment(at, **plan))
    return present_tags(made, Instant(at))


@pytest.mark.parametrize("state", [S.DRAFT, S.INCOMPLETE, S.EXPIRED])
def test_before_the_first_payment_there_is_nothing(state: SubscriptionState) -> None:
    unpaid = Subscription(subscription_id="s", state=state, asked_at=START)

    assert tags(unpaid, START) == frozenset()
    assert held_plan("Friends", unpaid, moment(START)) is None


def test_tags_end_with_the_benefits_by_the_clock_or_as_their_rule_says() -> None:
    assert tags(RUNS, START) == {"Friend", "Once a friend", "Fresh"}
    assert tags(RUNS, PAID) == {"Friend", "Once a friend"}
    assert tags(RUNS, GRACE - 1) == {"Friend", "Once a friend"}
    assert tags(RUNS, GRACE) == {"Once a friend"}
    assert tags(RUNS, PAID, benefit_grace=False) == {"Once a friend"}


@pytest.mark.parametrize("state", [S.PAUSED, S.SUSPENDED, S.ENDED])
def test_what_does_not_run_pins_no_tag_that_ends_with_it(state: SubscriptionState) -> None:
    assert "Friend" not in tags(replace(RUNS, state=state), START)


@pytest.mark.parametrize(
    ("state", "at", "held"),
    [
        (S.ACTIVE, START, MembershipState.ACTIVE),
        (S.PENDING_CANCELLATION, PAID - 1, MembershipState.ACTIVE),
        (S.PAST_DUE, PAID, MembershipState.GRACE),
        (S.PAST_DUE, GRACE, MembershipState.LAPSED),
        (S.SUSPENDED, GRACE, MembershipState.LAPSED),
        (S.ENDED, PAID, MembershipState.LAPSED),
        (S.ENDED, PAID - 1, None),
        (S.PAUSED, START, None),
        (S.PAUSED, GRACE, None),
    ],
)
def test_a_plan_is_held_as_long_as_its_benefits(
    state: SubscriptionState, at: Instant, held: MembershipState | None
) -> None:
    right = held_plan("Friends", replace(RUNS, state=state), moment(at))

    assert (None if right is None else right.state_at(at)) == held


def test_without_benefit_grace_a_plan_lapses_where_the_paid_time_ends() -> None:
    right = held_plan("Friends", RUNS, moment(PAID, benefit_grace=False))

    assert right is not None
    assert right.state_at(PAID) is MembershipState.LAPSED
