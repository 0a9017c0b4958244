"""What each event makes of a subscription.

Law: `step` is the only way from one state to another: the table of `server_stub.rules.subscription` says where to, a
guard may refuse, an effect changes the rest. A refused event changes nothing.

Source: docs/membership-rules.md, "Subscriptions".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from scanner.core.calendar import HOUR_MS
from scanner.core.units import Instant
from server_stub.rules.cycles import cycle_no, cycle_start
from server_stub.rules.machine import next_state
from server_stub.rules.refusals import Refusal
from server_stub.rules.subscription import (
    RUNNING,
    SUBSCRIPTION_TABLE,
    Moment,
    Subscription,
    SubscriptionEvent,
    SubscriptionState,
    anchor_of,
    paid_until,
    unused_minor,
)

INCOMPLETE_MS = 23 * HOUR_MS
"""How long a first payment may take."""

_E = SubscriptionEvent


def step(
    before: Subscription, event: SubscriptionEvent, moment: Moment, cycle_at: Instant | None = None
) -> Subscription | Refusal:
    """What an event makes of a subscription.

    Args:
        before: as it stands.
        event: what happened.
        moment: when, and under which plan.
        cycle_at: of a payment for a running subscription, the start of the cycle it was for: so the same payment told
            twice pays one cycle.
    """
    state = next_state(SUBSCRIPTION_TABLE, before.state, event)
    if isinstance(state, Refusal):
        return state
    refusal = _guard(before, event, moment, cycle_at)
    if refusal is not None:
        return refusal
    effect = EFFECTS.get(event)
    after = effect(before, moment) if effect is not None else before
    return replace(after, state=_settled(state, after.ends_at))


def _settled(state: SubscriptionState, ends_at: Instant | None) -> SubscriptionState:
    """A cancellation that is kept decides where paying or giving up leads."""
    if ends_at is not None and state is SubscriptionState.ACTIVE:
        return SubscriptionState.PENDING_CANCELLATION
    if ends_at is not None and state is SubscriptionState.SUSPENDED:
        return SubscriptionState.ENDED
    return state


def _guard(
    before: Subscription, event: SubscriptionEvent, moment: Moment, cycle_at: Instant | None
) -> Refusal | None:
    if event in {_E.PAYMENT_SUCCEEDED, _E.PAYMENT_FAILED}:
        is_open = before.state not in RUNNING or cycle_at == paid_until(before, moment)
        return None if is_open else Refusal.CYCLE_NOT_OPEN
    guard = GUARDS.get(event)
    return None if guard is None else guard(before, moment)


def _is_too_early_to_expire(before: Subscription, moment: Moment) -> Refusal | None:
    asked_at = before.asked_at
    is_over = asked_at is not None and moment.now >= asked_at + INCOMPLETE_MS
    return None if is_over else Refusal.TOO_EARLY


def _is_bound(before: Subscription, moment: Moment) -> Refusal | None:
    """What no period is running of cannot be cancelled to its end: it ends at once, but not within the minimum."""
    if before.state in RUNNING or before.minimum_until is None:
        return None
    return None if moment.now >= before.minimum_until else Refusal.MINIMUM_TERM


def _is_within_the_cycles_start(before: Subscription, moment: Moment) -> Refusal | None:
    """The row of cycles that resuming begins must not begin where one that was paid did: a cycle is paid once."""
    if before.paid_cycles == 0:
        return None
    period, number = moment.plan.period, before.paid_cycles - 1
    last_paid = cycle_start(anchor_of(before), period, number, moment.site)
    return None if moment.now > last_paid else Refusal.TOO_EARLY


def _is_past_undoing(before: Subscription, moment: Moment) -> Refusal | None:
    if before.ends_at is None:
        return Refusal.NOT_CANCELLED
    return None if moment.now < before.ends_at else Refusal.TOO_LATE


def _is_before_the_end(before: Subscription, moment: Moment) -> Refusal | None:
    if before.ends_at is None:
        return Refusal.NOT_CANCELLED
    return None if moment.now >= before.ends_at else Refusal.TOO_EARLY


def _ask(before: Subscription, moment: Moment) -> Subscription:
    return replace(before, asked_at=moment.now)


def _pay(before: Subscription, moment: Moment) -> Subscription:
    credit_minor = max(before.credit_minor - moment.plan.price_minor, 0)
    if before.state in RUNNING:
        return replace(before, paid_cycles=before.paid_cycles + 1, credit_minor=credit_minor)
    started = replace(before, anchor_at=moment.now, paid_cycles=1, credit_minor=credit_minor)
    if before.started_at is not None:
        return started
    return replace(started, started_at=moment.now, minimum_until=_minimum_until(moment.now, moment))


def _minimum_until(start: Instant, moment: Moment) -> Instant | None:
    if moment.plan.minimum_cycles == 0:
        return None
    return cycle_start(start, moment.plan.period, moment.plan.minimum_cycles, moment.site)


def _pause(before: Subscription, moment: Moment) -> Subscription:
    return replace(before, credit_minor=before.credit_minor + unused_minor(before, moment))


def _resume(before: Subscription, moment: Moment) -> Subscription:
    """A new row of cycles, the first of which is due now."""
    return replace(before, anchor_at=moment.now, paid_cycles=0)


def _cancel(before: Subscription, moment: Moment) -> Subscription:
    """To the end of the period that is running or paid, and of the one in which the minimum term ends."""
    if before.state not in RUNNING or before.ends_at is not None:
        return before
    until = _end_of_cycle(before, moment.now, moment)
    ends_at = max(until, paid_until(before, moment))
    if before.minimum_until is not None and before.minimum_until > ends_at:
        ends_at = _end_of_cycle(before, Instant(before.minimum_until - 1), moment)
    return replace(before, ends_at=ends_at)


def _end_of_cycle(before: Subscription, at: Instant, moment: Moment) -> Instant:
    anchor_at, period = anchor_of(before), moment.plan.period
    number = cycle_no(anchor_at, period, at, moment.site)
    return cycle_start(anchor_at, period, number + 1, moment.site)


def _undo(before: Subscription, _moment: Moment) -> Subscription:
    return replace(before, ends_at=None)


Guard: TypeAlias = Callable[[Subscription, Moment], Refusal | None]
Effect: TypeAlias = Callable[[Subscription, Moment], Subscription]

GUARDS: dict[SubscriptionEvent, Guard] = {
    _E.TIMED_OUT: _is_too_early_to_expire,
    _E.RESUMED: _is_within_the_cycles_start,
    _E.CANCELLATION_ASKED: _is_bound,
    _E.CANCELLATION_UNDONE: _is_past_undoing,
    _E.PERIOD_ENDED: _is_before_the_end,
}
"""What must hold beside the state."""

EFFECTS: dict[SubscriptionEvent, Effect] = {
    _E.ASKED_TO_PAY: _ask,
    _E.PAYMENT_SUCCEEDED: _pay,
    _E.PAUSED: _pause,
    _E.RESUMED: _resume,
    _E.CANCELLATION_ASKED: _cancel,
    _E.CANCELLATION_UNDONE: _undo,
}
"""What an event changes beside the state."""
