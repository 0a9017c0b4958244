"""The notice before a fixed term renews itself, as French consumer law asks for it.

Law: between three months and one month before the last day on which a customer can refuse the renewal, the customer is
told of it in writing. Where no such notice is recorded, the customer may leave at any moment after the renewal, free of
charge, and what was paid for the time after that is given back.

Source: Code de la consommation, articles L. 215-1 and L. 241-3; docs/membership-rules.md, "Renewal notice".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.units import Instant, Interval
from server_stub.rules.cycles import cycle, cycle_no
from server_stub.rules.subscription import (
    RUNNING,
    Moment,
    Subscription,
    SubscriptionState,
    anchor_of,
    paid_until,
    unused_minor,
)

NOTICE_MONTHS = (3, 1)
"""The window in months before the deadline: from the first, until the second."""


@dataclass(frozen=True, slots=True)
class FreeLeave:
    """The customer may leave now; ``refund_minor`` is what the rest of the paid term is worth."""

    refund_minor: int


def notice_window(deadline_at: Instant, site: SiteCalendar) -> Interval:
    """When the notice counts. The deadline is the end of the term: until then a cancellation stops the renewal."""
    first, last = NOTICE_MONTHS
    return Interval(
        site.add(deadline_at, -first, Unit.MONTHS), site.add(deadline_at, -last, Unit.MONTHS)
    )


def notice_key(subscription_id: str, deadline_at: Instant) -> str:
    """The name a notice is recorded under: one for each term."""
    return f"{subscription_id}:{deadline_at}:renewal"


def notice_due(subscription: Subscription, moment: Moment) -> str | None:
    """The key of the notice to be sent now, unless it is recorded already; None = none is due.

    One that is late is not sent: it would not count, and the free leave stands.
    """
    if not moment.plan.needs_renewal_notice or subscription.state not in RUNNING:
        return None
    if subscription.state is SubscriptionState.PENDING_CANCELLATION:
        return None
    deadline_at = paid_until(subscription, moment)
    if not notice_window(deadline_at, moment.site).contains(moment.now):
        return None
    return notice_key(subscription.subscription_id, deadline_at)


def free_leave(
    subscription: Subscription, moment: Moment, notices: Mapping[str, Instant]
) -> FreeLeave | None:
    """Whether the customer may leave at once; None = only as agreed.

    Args:
        subscription: running.
        moment: now, under its plan.
        notices: when each notice of this subscription was recorded, by key.
    """
    if not moment.plan.needs_renewal_notice or subscription.state not in RUNNING:
        return None
    renewed_at = _renewed_at(subscription, moment)
    if renewed_at is None:
        return None
    noticed_at = notices.get(notice_key(subscription.subscription_id, renewed_at))
    if noticed_at is not None and notice_window(renewed_at, moment.site).contains(noticed_at):
        return None
    return FreeLeave(unused_minor(subscription, moment))


def _renewed_at(subscription: Subscription, moment: Moment) -> Instant | None:
    """The start of the term that is running, if it followed another one."""
    anchor_at = anchor_of(subscription)
    number = cycle_no(anchor_at, moment.plan.period, moment.now, moment.site)
    if number == 0:
        return None
    return cycle(anchor_at, moment.plan.period, number, moment.site).start
