"""Subscriptions as lists for people.

Law: read-only; every row is a plain record.

Source: docs/model-b.md.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.rules.subscription import benefit_until, grace_until, paid_until
from server_stub.store import tables
from server_stub.store.subscription_rows import Kept, look_at
from server_stub.store.subscription_tables import charge, subscription, subscription_notice
from server_stub.subscribing.charging import open_cycle

Record = dict[str, Any]
ROWS_MOST = 1_000


def load_subscriptions(connection: Connection, now: Instant) -> list[Record]:
    """The newest subscriptions."""
    rows = connection.execute(
        select(subscription.c.subscription_id, tables.customer.c.email)
        .join(tables.customer, tables.customer.c.customer_id == subscription.c.customer_id)
        .order_by(subscription.c.created_at.desc(), subscription.c.subscription_id)
        .limit(ROWS_MOST)
    ).all()
    return [_record(look_at(connection, row.subscription_id, now), row.email) for row in rows]


def load_subscription(connection: Connection, subscription_id: str, now: Instant) -> Record:
    """One subscription.

    Raises:
        InputError: ``subscription_unknown``.
    """
    kept = look_at(connection, subscription_id, now)
    email = connection.execute(
        select(tables.customer.c.email).where(tables.customer.c.customer_id == kept.customer_id)
    ).scalar_one()
    return _record(kept, email)


def load_of_customer(connection: Connection, customer_id: str, now: Instant) -> list[Record]:
    """The subscriptions of one customer, the newest first."""
    rows = connection.execute(
        select(subscription.c.subscription_id)
        .where(subscription.c.customer_id == customer_id)
        .order_by(subscription.c.created_at.desc(), subscription.c.subscription_id)
        .limit(ROWS_MOST)
    ).scalars()
    return [load_subscription(connection, one, now) for one in rows.all()]


def load_story(connection: Connection, subscription_id: str, now: Instant) -> list[Record]:
    """What was charged and told, in order.

    Raises:
        InputError: ``subscription_unknown``.
    """
    look_at(connection, subscription_id, now)
    charges = connection.execute(select(charge).where(charge.c.subscription_id == subscription_id))
    told = connection.execute(
        select(subscription_notice).where(subscription_notice.c.subscription_id == subscription_id)
    )
    story = [
        *(
            {
                "happened_at": row.asked_at,
                "what": f"charge ({row.purpose})",
                "amount_minor": row.amount_minor,
                "answer": row.answer,
                "sent_at": None,
                "key": row.key,
            }
            for row in charges
        ),
        *(
            {
                "happened_at": row.at,
                "what": row.kind,
                "amount_minor": row.amount_minor,
                "answer": None,
                "sent_at": row.sent_at,
                "key": row.key,
            }
            for row in told
        ),
    ]
    return sorted(story, key=lambda record: (record["happened_at"], record["key"]))


def _record(kept: Kept, email: str | None) -> Record:
    now, moment = kept.subscription, kept.moment
    has_started = now.started_at is not None
    return {
        "subscription_id": now.subscription_id,
        "plan": kept.plan_name,
        "email": email,
        "state": now.state.value,
        "paid_by": kept.provider.value,
        "paid_until": paid_until(now, moment) if has_started else None,
        "grace_until": grace_until(now, moment) if has_started else None,
        "benefit_until": benefit_until(now, moment),
        "ends_at": now.ends_at,
        "credit_minor": now.credit_minor,
        "due_minor": _due_minor(kept),
        "currency": kept.currency,
    }


def _due_minor(kept: Kept) -> int | None:
    """What a payment would be for now; None = nothing is open."""
    try:
        return open_cycle(kept)[1]
    except InputError:
        return None
