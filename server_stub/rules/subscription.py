"""A subscription: its plan, its states as a table, and the right and the benefits that follow.

Law: the state changes in `subscription_steps.step` and nowhere else, by `SUBSCRIPTION_TABLE`. Nothing is given before
the first payment. The right of a running subscription is the paid period and then the grace, both instants in
the row, so that a gate without contact lets it run out by its own clock.

    draft ─▶ incomplete ─▶ active ◀─▶ past_due ─▶ suspended ─▶ ended
                  └▶ expired  ├◀─▶ paused
                              └◀─▶ pending_cancellation ─▶ ended

A cancellation is kept as the instant it takes effect (``ends_at``), also while a payment is outstanding: paying then
leads back to the cancelled state, and giving up ends it at once.

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Subscriptions".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.grants import AccessGrant, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import GrantNo, Instant, RuleNo, TypeNo, ZoneNo
from server_stub.rules.cycles import Period, cycle, cycle_no, cycle_start
from server_stub.rules.machine import Row, Table
from server_stub.rules.money import half_up
from server_stub.rules.refusals import Refusal


class SubscriptionState(StrEnum):
    """Where a subscription stands."""

    DRAFT = "draft"
    INCOMPLETE = "incomplete"
    EXPIRED = "expired"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    PENDING_CANCELLATION = "pending_cancellation"
    ENDED = "ended"


class SubscriptionEvent(StrEnum):
    """What can happen to a subscription. ``terminated``: by staff, or where the law lets the customer go at once."""

    ASKED_TO_PAY = "asked_to_pay"
    TIMED_OUT = "timed_out"
    PAYMENT_SUCCEEDED = "payment_succeeded"
    PAYMENT_FAILED = "payment_failed"
    GAVE_UP_SUSPENDING = "gave_up_suspending"
    GAVE_UP_CANCELLING = "gave_up_cancelling"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLATION_ASKED = "cancellation_asked"
    CANCELLATION_UNDONE = "cancellation_undone"
    PERIOD_ENDED = "period_ended"
    TERMINATED = "terminated"


_S, _E = SubscriptionState, SubscriptionEvent

SUBSCRIPTION_TABLE: Table[SubscriptionState, SubscriptionEvent] = {
    _S.DRAFT: Row(
        {_E.ASKED_TO_PAY: _S.INCOMPLETE, _E.CANCELLATION_ASKED: _S.EXPIRED}, Refusal.NOT_STARTED
    ),
    _S.INCOMPLETE: Row(
        {
            _E.PAYMENT_SUCCEEDED: _S.ACTIVE,
            _E.PAYMENT_FAILED: _S.INCOMPLETE,
            _E.TIMED_OUT: _S.EXPIRED,
            _E.CANCELLATION_ASKED: _S.EXPIRED,
        },
        Refusal.NOT_STARTED,
    ),
    _S.EXPIRED: Row({}, Refusal.SUBSCRIPTION_OVER),
    _S.ACTIVE: Row(
        {
            _E.PAYMENT_SUCCEEDED: _S.ACTIVE,
            _E.PAYMENT_FAILED: _S.PAST_DUE,
            _E.PAUSED: _S.PAUSED,
            _E.CANCELLATION_ASKED: _S.PENDING_CANCELLATION,
            _E.CANCELLATION_UNDONE: Refusal.NOT_CANCELLED,
            _E.TERMINATED: _S.ENDED,
        },
        Refusal.SUBSCRIPTION_RUNS,
    ),
    _S.PAST_DUE: Row(
        {
            _E.PAYMENT_SUCCEEDED: _S.ACTIVE,
            _E.PAYMENT_FAILED: _S.PAST_DUE,
            _E.GAVE_UP_SUSPENDING: _S.SUSPENDED,
            _E.GAVE_UP_CANCELLING: _S.ENDED,
            _E.CANCELLATION_ASKED: _S.PAST_DUE,
            _E.CANCELLATION_UNDONE: _S.PAST_DUE,
            _E.PERIOD_ENDED: _S.ENDED,
            _E.TERMINATED: _S.ENDED,
        },
        Refusal.PAYMENT_OPEN,
    ),
    _S.SUSPENDED: Row(
        {
            _E.PAYMENT_SUCCEEDED: _S.ACTIVE,
            _E.PAYMENT_FAILED: _S.SUSPENDED,
            _E.CANCELLATION_ASKED: _S.ENDED,
            _E.CANCELLATION_UNDONE: Refusal.NOT_CANCELLED,
            _E.TERMINATED: _S.ENDED,
        },
        Refusal.SUBSCRIPTION_SUSPENDED,
    ),
    _S.PAUSED: Row(
        {
            _E.RESUMED: _S.ACTIVE,
            _E.CANCELLATION_ASKED: _S.ENDED,
            _E.CANCELLATION_UNDONE: Refusal.NOT_CANCELLED,
            _E.TERMINATED: _S.ENDED,
        },
        Refusal.SUBSCRIPTION_PAUSED,
    ),
    _S.PENDING_CANCELLATION: Row(
        {
            _E.PAYMENT_SUCCEEDED: _S.PENDING_CANCELLATION,
            _E.PAYMENT_FAILED: _S.PAST_DUE,
            _E.CANCELLATION_UNDONE: _S.ACTIVE,
            _E.PERIOD_ENDED: _S.ENDED,
            _E.TERMINATED: _S.ENDED,
        },
        Refusal.CANCELLATION_PENDING,
    ),
    _S.ENDED: Row({}, Refusal.SUBSCRIPTION_OVER),
}
"""What each event does in each state."""

RUNNING = frozenset({_S.ACTIVE, _S.PAST_DUE, _S.PENDING_CANCELLATION})
"""The states in which cycles are billed and the right stands."""

DENIED: dict[SubscriptionState, Reason] = {
    _S.SUSPENDED: Reason.SUSPENDED,
    _S.PAUSED: Reason.PAUSED,
    _S.ENDED: Reason.ENDED,
}
"""What a gate is told in the states that have a right no more."""


class WhenUnpaid(StrEnum):
    """What becomes of a subscription whose last retry has failed."""

    SUSPEND = "suspend"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is subscribed to.

    Attributes:
        admits: it opens gates; False = benefits only.
        minimum_cycles: a cancellation takes effect after so many at the earliest.
        benefit_grace: benefits go on while the right is in grace.
        needs_renewal_notice: a fixed term under French law (`server_stub.rules.renewal_notice`).
    """

    period: Period
    price_minor: int
    type_no: TypeNo
    rule_no: RuleNo
    zones: frozenset[ZoneNo] = frozenset()
    admits: bool = True
    minimum_cycles: int = 0
    grace_days: int = 7
    benefit_grace: bool = True
    when_unpaid: WhenUnpaid = WhenUnpaid.SUSPEND
    needs_renewal_notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What the central knows of one.

    Attributes:
        asked_at: when the first payment was asked for.
        started_at: the first payment.
        anchor_at: what its cycles are counted from: the first payment, or the last resumption or reinstatement.
        paid_cycles: so many from the anchor are paid.
        minimum_until: the end of the minimum term.
        ends_at: when a cancellation takes effect.
        credit_minor: what a pause left unused; taken off the next charge.
    """

    subscription_id: str
    state: SubscriptionState = SubscriptionState.DRAFT
    asked_at: Instant | None = None
    started_at: Instant | None = None
    anchor_at: Instant | None = None
    paid_cycles: int = 0
    minimum_until: Instant | None = None
    ends_at: Instant | None = None
    credit_minor: int = 0


class Moment(NamedTuple):
    """What an effect may know beside the subscription."""

    now: Instant
    plan: Plan
    site: SiteCalendar


def paid_until(subscription: Subscription, moment: Moment) -> Instant:
    """The end of the last paid cycle: where the right ends and the next charge is due."""
    return cycle_start(
        anchor_of(subscription), moment.plan.period, subscription.paid_cycles, moment.site
    )


def grace_until(subscription: Subscription, moment: Moment) -> Instant | None:
    """The end of the grace after the paid period; None where no cycle is to follow, or no grace is given."""
    paid = paid_until(subscription, moment)
    if moment.plan.grace_days == 0 or subscription.state not in RUNNING:
        return None
    end = moment.site.add(paid, moment.plan.grace_days, Unit.DAYS)
    if subscription.ends_at is None:
        return end
    return None if subscription.ends_at <= paid else min(end, subscription.ends_at)


def grant_of_subscription(
    subscription: Subscription, moment: Moment, grant_no: GrantNo, version: int
) -> AccessGrant | None:
    """The right it gives; None = it never gave one. ``moment.now`` is not looked at."""
    if subscription.started_at is None or not moment.plan.admits:
        return None
    deny_reason = DENIED.get(subscription.state)
    return AccessGrant(
        grant_no=grant_no,
        rule_no=moment.plan.rule_no,
        type_no=moment.plan.type_no,
        zones=moment.plan.zones,
        valid_from=subscription.started_at,
        valid_until=paid_until(subscription, moment),
        grace_until=grace_until(subscription, moment),
        state=GrantState.ALLOW if deny_reason is None else GrantState.DENY,
        deny_reason=deny_reason,
        version=version,
    )


def benefit_until(subscription: Subscription, moment: Moment) -> Instant | None:
    """When its benefits end if nothing more is paid; None = it gives none. ``moment.now`` is not looked at."""
    if subscription.started_at is None or subscription.state not in RUNNING:
        return None
    grace = grace_until(subscription, moment) if moment.plan.benefit_grace else None
    return grace or paid_until(subscription, moment)


def gives_benefit(subscription: Subscription, moment: Moment) -> bool:
    """True while its benefits apply: by the clock, whether or not a billing run came by."""
    until = benefit_until(subscription, moment)
    return until is not None and moment.now < until


def unused_minor(subscription: Subscription, moment: Moment) -> int:
    """What the rest of the current paid cycle is worth."""
    if subscription.anchor_at is None or moment.now >= paid_until(subscription, moment):
        return 0
    number = cycle_no(subscription.anchor_at, moment.plan.period, moment.now, moment.site)
    start, until = cycle(subscription.anchor_at, moment.plan.period, number, moment.site)
    return half_up(moment.plan.price_minor * (until - max(moment.now, start)), until - start)


def anchor_of(subscription: Subscription) -> Instant:
    """What the cycles of a subscription that has started are counted from."""
    if subscription.anchor_at is None:
        raise RuntimeError(f"a {subscription.state.value} subscription has no cycles")
    return subscription.anchor_at
