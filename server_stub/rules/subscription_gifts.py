"""What a subscription gives beside its right: tags for its customer, and the plan as something the customer holds.

Law: pure. Nothing before the first payment. A tag that ends with its source ends where the benefits end, by the clock
alone; a suspended, paused or ended subscription pins it no more. One that outlives its source (never, or a while after
it was given) counts from the first payment.

Source: docs/membership-rules.md, "Tags", "Segments"; docs/model-b.md, "Benefits".
"""

from __future__ import annotations

from collections.abc import Iterable

from server_stub.rules.segments import HeldRight, RightKind
from server_stub.rules.subscription import (
    RUNNING,
    Moment,
    Subscription,
    SubscriptionState,
    benefit_until,
    paid_until,
)
from server_stub.rules.tags import Assignment, TagExpiry, TagRule, assign


def tags_of_subscription(
    rules: Iterable[TagRule], source: str, subscription: Subscription, moment: Moment
) -> frozenset[Assignment]:
    """The assignments that follow from a subscription as it stands. ``moment.now`` is not looked at."""
    if subscription.started_at is None:
        return frozenset()
    until = benefit_until(subscription, moment)
    return frozenset(
        assign(rule, source, subscription.started_at, until, moment.site)
        for rule in rules
        if until is not None or rule.expiry is not TagExpiry.SOURCE
    )


def held_plan(name: str, subscription: Subscription, moment: Moment) -> HeldRight | None:
    """The plan as a right that conditions may ask for; None = it is not held, and never was to its end."""
    if subscription.started_at is None:
        return None
    until = paid_until(subscription, moment)
    is_running = subscription.state in RUNNING
    is_over = subscription.state is not SubscriptionState.PAUSED and until <= moment.now
    if not is_running and not is_over:
        return None
    return HeldRight(
        kind=RightKind.PLAN,
        name=name,
        valid_from=subscription.started_at,
        valid_until=until,
        benefit_until=benefit_until(subscription, moment),
    )
