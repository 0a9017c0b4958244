"""What a billing run has to do for one subscription at ``now``.

Law: `plan_run` is a function of what is recorded: attempts, notices, state. Whatever was done and recorded is not asked
for again, so a run may be repeated, killed half-way or run twice at once. Each attempt has a key made of subscription,
cycle and number only: two runs ask the provider under one key, and one of them is told the other's answer. While an
answer is unknown nothing else is charged. At most one attempt of a cycle succeeds.

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Billing".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.units import Instant
from server_stub.rules.cycles import Cycle, cycle, cycle_no
from server_stub.rules.money import half_up
from server_stub.rules.refusals import Refusal
from server_stub.rules.renewal_notice import notice_due
from server_stub.rules.subscription import (
    RUNNING,
    Moment,
    Plan,
    Subscription,
    SubscriptionEvent,
    SubscriptionState,
    WhenUnpaid,
    anchor_of,
    grace_until,
    paid_until,
)
from server_stub.rules.subscription_steps import INCOMPLETE_MS

RETRY_DAYS = (1, 3, 7)
"""When a failed charge is tried again, in days after its first failure."""


class Answer(StrEnum):
    """What a payment provider said. ``unknown``: nothing yet, as after a time-out."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One charge as recorded, from before the provider was asked."""

    key: str
    cycle_at: Instant
    at: Instant
    answer: Answer


@dataclass(frozen=True, slots=True)
class Account:
    """A subscription with everything that a run looks at. ``notices``: the keys of those sent."""

    subscription: Subscription
    attempts: tuple[Attempt, ...] = ()
    notices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Charge:
    """Record an attempt under ``key`` and ask the provider for the money."""

    key: str
    cycle_at: Instant
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Ask the provider what became of an attempt; it is the same request under the same key."""

    key: str
    cycle_at: Instant


@dataclass(frozen=True, slots=True)
class Move:
    """Apply an event to the subscription. ``cycle_at``: of a payment, the cycle it was for."""

    event: SubscriptionEvent
    cycle_at: Instant | None = None


class NoticeKind(StrEnum):
    """What a customer is written about."""

    PAYMENT_FAILED = "payment_failed"
    LAST_RETRY_FAILED = "last_retry_failed"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True)
class SendNotice:
    """Write to the customer, and record it under ``key``."""

    key: str
    kind: NoticeKind


Action: TypeAlias = Charge | AskAgain | Move | SendNotice


@dataclass(frozen=True, slots=True)
class Proration:
    """What changing to a dearer plan costs for the rest of the cycle."""

    new_minor: int
    credit_minor: int

    @property
    def charge_minor(self) -> int:
        """What is charged now."""
        return self.new_minor - self.credit_minor


def attempt_key(subscription_id: str, cycle_at: Instant, number: int) -> str:
    """The idempotency key of attempt ``number`` (from 1) for a cycle."""
    return f"{subscription_id}:{cycle_at}:{number}"


def plan_run(account: Account, moment: Moment) -> tuple[Action, ...]:
    """What to do now, in this order; empty = nothing, and nothing again until time passes."""
    subscription = account.subscription
    if subscription.state is SubscriptionState.INCOMPLETE:
        return _incomplete(subscription, moment)
    if subscription.state not in RUNNING:
        return ()
    if subscription.ends_at is not None and moment.now >= subscription.ends_at:
        return (Move(SubscriptionEvent.PERIOD_ENDED),)
    return (*_renewal_notices(account, moment), *_collect(account, moment))


def prorate_upgrade(old: Plan, new: Plan, current: Cycle, now: Instant) -> Proration | Refusal:
    """The price of changing from one plan to a dearer one with the same rhythm; the period stays as it is.

    Args:
        old: the plan that is paid for.
        new: the plan from now on.
        current: the paid cycle that holds ``now``.
        now: when the change takes effect.
    """
    if new.price_minor <= old.price_minor or new.period != old.period:
        return Refusal.NO_UPGRADE
    if not current.contains(now):
        return Refusal.PAYMENT_OPEN
    left_ms, whole_ms = current.until - now, current.until - current.start
    return Proration(
        half_up(new.price_minor * left_ms, whole_ms), half_up(old.price_minor * left_ms, whole_ms)
    )


def upgrade(subscription: Subscription, moment: Moment, new: Plan) -> Proration | Refusal:
    """`prorate_upgrade` for a subscription as it stands, ``moment.plan`` being its plan until now."""
    if subscription.state is SubscriptionState.PENDING_CANCELLATION:
        return Refusal.CANCELLATION_PENDING
    if subscription.state is not SubscriptionState.ACTIVE:
        return Refusal.PAYMENT_OPEN
    if moment.now >= paid_until(subscription, moment):
        return Refusal.PAYMENT_OPEN
    anchor_at, period = anchor_of(subscription), moment.plan.period
    number = cycle_no(anchor_at, period, moment.now, moment.site)
    current = cycle(anchor_at, period, number, moment.site)
    return prorate_upgrade(moment.plan, new, current, moment.now)


def retry_at(failures: tuple[Instant, ...], site: SiteCalendar) -> Instant | None:
    """When the next retry is due after the declined attempts at these instants; None = there is none any more."""
    if len(failures) > len(RETRY_DAYS):
        return None
    return site.add(min(failures), RETRY_DAYS[len(failures) - 1], Unit.DAYS)


def _incomplete(subscription: Subscription, moment: Moment) -> tuple[Action, ...]:
    asked_at = subscription.asked_at
    is_over = asked_at is not None and moment.now >= asked_at + INCOMPLETE_MS
    return (Move(SubscriptionEvent.TIMED_OUT),) if is_over else ()


def _collect(account: Account, moment: Moment) -> tuple[Action, ...]:
    """The charge of the cycle after the last paid one, as far as it has come."""
    due_at = paid_until(account.subscription, moment)
    if moment.now < due_at:
        return ()
    attempts = tuple(a for a in account.attempts if a.cycle_at == due_at)
    if any(attempt.answer is Answer.SUCCEEDED for attempt in attempts):
        return (Move(SubscriptionEvent.PAYMENT_SUCCEEDED, due_at),)
    unknown = tuple(AskAgain(a.key, due_at) for a in attempts if a.answer is Answer.UNKNOWN)
    if unknown:
        return unknown
    failures = tuple(attempt.at for attempt in attempts)
    if not failures:
        return (_charge(account.subscription, due_at, 1, moment.plan),)
    is_told = account.subscription.state is SubscriptionState.PAST_DUE
    failed = () if is_told else (Move(SubscriptionEvent.PAYMENT_FAILED, due_at),)
    return (
        *failed,
        *_dunning(account, due_at, len(failures)),
        *_next_try(account.subscription, due_at, failures, moment),
    )


def _charge(subscription: Subscription, due_at: Instant, number: int, plan: Plan) -> Action:
    amount_minor = max(plan.price_minor - subscription.credit_minor, 0)
    if amount_minor == 0:
        return Move(SubscriptionEvent.PAYMENT_SUCCEEDED, due_at)
    return Charge(attempt_key(subscription.subscription_id, due_at, number), due_at, amount_minor)


def _next_try(
    subscription: Subscription, due_at: Instant, failures: tuple[Instant, ...], moment: Moment
) -> tuple[Action, ...]:
    next_at = retry_at(failures, moment.site)
    if next_at is not None:
        if moment.now < next_at:
            return ()
        return (_charge(subscription, due_at, len(failures) + 1, moment.plan),)
    if moment.now < (grace_until(subscription, moment) or due_at):
        return ()
    if moment.plan.when_unpaid is WhenUnpaid.SUSPEND:
        return (Move(SubscriptionEvent.GAVE_UP_SUSPENDING),)
    return (Move(SubscriptionEvent.GAVE_UP_CANCELLING),)


def _dunning(account: Account, due_at: Instant, failed: int) -> tuple[Action, ...]:
    """One notice for the newest failure; of one that a late run never told, the newer tells enough."""
    key = f"{attempt_key(account.subscription.subscription_id, due_at, failed)}:failed"
    if key in account.notices:
        return ()
    is_last = failed > len(RETRY_DAYS)
    return (
        SendNotice(key, NoticeKind.LAST_RETRY_FAILED if is_last else NoticeKind.PAYMENT_FAILED),
    )


def _renewal_notices(account: Account, moment: Moment) -> tuple[Action, ...]:
    key = notice_due(account.subscription, moment)
    if key is None or key in account.notices:
        return ()
    return (SendNotice(key, NoticeKind.RENEWAL),)
