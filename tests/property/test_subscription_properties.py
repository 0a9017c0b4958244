"""Whatever happens to a subscription in whatever order, its right and its benefits fit its state (S34, S41–S43)."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.core.calendar import Unit
from scanner.core.grants import GrantState
from scanner.core.units import GrantNo, Instant, RuleNo, TypeNo
from server_stub.rules.cycles import Period
from server_stub.rules.machine import successors
from server_stub.rules.refusals import Refusal
from server_stub.rules.subscription import (
    RUNNING,
    SUBSCRIPTION_TABLE,
    Moment,
    Plan,
    Subscription,
    SubscriptionEvent,
    SubscriptionState,
    benefit_until,
    gives_benefit,
    grant_of_subscription,
    paid_until,
)
from server_stub.rules.subscription_steps import step
from support.instants import PARIS, wall

plans = st.builds(
    Plan,
    period=st.builds(
        Period, st.integers(1, 3), st.sampled_from([Unit.DAYS, Unit.WEEKS, Unit.MONTHS])
    ),
    price_minor=st.integers(0, 5_000),
    type_no=st.just(TypeNo(1)),
    rule_no=st.just(RuleNo(1)),
    minimum_cycles=st.integers(0, 3),
    grace_days=st.integers(0, 10),
    benefit_grace=st.booleans(),
)
stories = st.lists(
    st.tuples(st.sampled_from(SubscriptionEvent), st.integers(0, 40 * 86_400_000)), max_size=40
)


def fits(subscription: Subscription, moment: Moment) -> None:
    grant = grant_of_subscription(subscription, moment, GrantNo(1), 1)
    assert (grant is None) is (subscription.started_at is None)
    if grant is None:
        assert benefit_until(subscription, moment) is None
        return
    assert (grant.state is GrantState.ALLOW) is (subscription.state in RUNNING)
    assert grant.valid_until is not None
    assert grant.grace_until is None or grant.grace_until > grant.valid_until
    ends = grant.grace_until or grant.valid_until
    if gives_benefit(subscription, moment):
        assert grant.state is GrantState.ALLOW
        assert moment.now < ends
    is_cancelled = subscription.state is SubscriptionState.PENDING_CANCELLATION
    assert not is_cancelled or subscription.ends_at is not None
    assert subscription.credit_minor >= 0


@given(plans, stories)
@settings(deadline=None)
def test_right_and_benefits_fit_the_state(
    plan: Plan, story: list[tuple[SubscriptionEvent, int]]
) -> None:
    now = wall("2026-01-31T10:00")
    subscription = Subscription(subscription_id="s")
    for event, later_ms in story:
        now = Instant(now + later_ms)
        moment = Moment(now, plan, PARIS)
        due_at = paid_until(subscription, moment) if subscription.state in RUNNING else None
        after = step(subscription, event, moment, due_at)
        if isinstance(after, Refusal):
            continue
        is_kept = after.state in {SubscriptionState.PENDING_CANCELLATION, SubscriptionState.ENDED}
        told = successors(SUBSCRIPTION_TABLE, subscription.state)
        assert after.state in told or (is_kept and after.ends_at is not None)
        subscription = after
        fits(subscription, moment)


@given(plans, st.integers(0, 200 * 86_400_000))
@settings(deadline=None)
def test_a_cancellation_undone_leaves_no_trace_and_ends_with_a_cycle(
    plan: Plan, later_ms: int
) -> None:
    start = wall("2026-01-31T10:00")
    moment = Moment(Instant(start + later_ms), plan, PARIS)
    begun = step(
        Subscription(subscription_id="s", state=SubscriptionState.INCOMPLETE),
        SubscriptionEvent.PAYMENT_SUCCEEDED,
        Moment(start, plan, PARIS),
    )
    assert isinstance(begun, Subscription)
    cancelled = step(begun, SubscriptionEvent.CANCELLATION_ASKED, moment)
    assert isinstance(cancelled, Subscription)
    assert cancelled.ends_at is not None
    cycles = (paid_until(replace(begun, paid_cycles=n), moment) for n in range(220))

    assert step(cancelled, SubscriptionEvent.CANCELLATION_UNDONE, moment) == begun
    assert cancelled.ends_at > moment.now
    assert cancelled.ends_at >= (begun.minimum_until or 0)
    assert cancelled.ends_at in set(cycles)
