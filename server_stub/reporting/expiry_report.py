"""Members whose right ends soon: passes that nobody has renewed yet, and subscriptions that will not renew themselves.

Law: read-only. What is refused, refunded or erased is not listed, nor a subscription that is paid anew by itself. A day
is a business day of the site; a right that ends with a day is said to end on that day, not at the midnight after it.

Source: docs/central.md, "Reports".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from server_stub.faults import FieldError
from server_stub.rules.subscription import SubscriptionState
from server_stub.site import load_site
from server_stub.store.subscription_tables import plan, subscription
from server_stub.store.tables import access_grant, customer, customer_order, ticket, ticket_type

DAYS_UNLESS_SAID = 30
DAYS_MOST = 400
PASS, SUBSCRIPTION = "pass", "subscription"
ENDING = (
    SubscriptionState.PENDING_CANCELLATION,
    SubscriptionState.PAST_DUE,
)
"""The states of a subscription that end by themselves unless somebody does something."""


class ExpiryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One right. ``last_day``: the business day it still admits on; ``ends_at``: local time; ``why``: how it ends."""

    kind: str
    last_day: str
    ends_at: str
    name: str
    email: str | None
    id: str
    right: int
    why: str


class ExpiryReport(msgspec.Struct, frozen=True, kw_only=True):
    """Rights that end within ``days`` days from ``first``, today."""

    first: str
    days: int
    rows: list[ExpiryRow]


def load_expiring(connection: Connection, days: int, now: Instant) -> ExpiryReport:
    """The rights that end soon, the first to end first.

    Raises:
        InputError: ``days_wrong``.
    """
    if not 1 <= days <= DAYS_MOST:
        raise FieldError(
            "days_wrong",
            f"{days} days is not 1 to {DAYS_MOST}",
            "30 days unless said",
            field="days",
        )
    calendar = load_site(connection).calendar
    today = calendar.business_date(now)
    until = calendar.day_start(today + timedelta(days=days))
    found = [
        *_passes(connection, now, until, calendar),
        *_subscriptions(connection, now, until, calendar),
    ]
    rows = [row for _at, row in sorted(found, key=lambda one: (one[0], one[1].id))]
    return ExpiryReport(first=today.isoformat(), days=days, rows=rows)


def _passes(
    connection: Connection, now: Instant, until: Instant, calendar: SiteCalendar
) -> Iterator[tuple[int, ExpiryRow]]:
    renewed = ticket.alias("renewed")
    later = (
        select(renewed.c.ticket_id)
        .where(renewed.c.renews == ticket.c.ticket_id, renewed.c.grant_no.is_not(None))
        .exists()
    )
    rows = connection.execute(
        select(
            ticket.c.ticket_id.label("id"),
            ticket_type.c.name,
            customer.c.email,
            access_grant.c.grant_no,
            access_grant.c.valid_until.label("ends_at"),
        )
        .join(ticket_type, ticket_type.c.type_no == ticket.c.type_no)
        .join(customer_order, customer_order.c.order_id == ticket.c.order_id)
        .join(customer, customer.c.customer_id == customer_order.c.customer_id)
        .join(access_grant, access_grant.c.grant_no == ticket.c.grant_no)
        .where(access_grant.c.is_denied == 0, ~later)
        .where(access_grant.c.valid_until > now, access_grant.c.valid_until <= until)
    )
    for row in rows:
        yield row.ends_at, _told(PASS, row, "not renewed", calendar)


def _subscriptions(
    connection: Connection, now: Instant, until: Instant, calendar: SiteCalendar
) -> Iterator[tuple[int, ExpiryRow]]:
    for row in connection.execute(_ending()):
        if row.ends_at is not None and now < row.ends_at <= until:
            why = "unpaid" if row.state == SubscriptionState.PAST_DUE else "cancelled"
            yield row.ends_at, _told(SUBSCRIPTION, row, why, calendar)


def _ending() -> Select[Any]:
    ends_at = func.coalesce(
        subscription.c.ends_at, access_grant.c.grace_until, access_grant.c.valid_until
    )
    return (
        select(
            subscription.c.subscription_id.label("id"),
            plan.c.name,
            customer.c.email,
            func.coalesce(access_grant.c.grant_no, 0).label("grant_no"),
            subscription.c.state,
            ends_at.label("ends_at"),
        )
        .join(plan, plan.c.plan_no == subscription.c.plan_no)
        .join(customer, customer.c.customer_id == subscription.c.customer_id)
        .outerjoin(access_grant, access_grant.c.grant_no == subscription.c.grant_no)
        .where(subscription.c.state.in_(ENDING))
    )


def _told(kind: str, row: Any, why: str, calendar: SiteCalendar) -> ExpiryRow:
    ends_at = Instant(row.ends_at)
    return ExpiryRow(
        kind=kind,
        last_day=calendar.business_date(Instant(ends_at - 1)).isoformat(),
        ends_at=f"{calendar.wall(ends_at):%Y-%m-%d %H:%M}",
        name=row.name,
        email=row.email,
        id=row.id,
        right=row.grant_no,
        why=why,
    )
