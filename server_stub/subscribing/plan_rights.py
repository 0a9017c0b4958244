"""What a customer's subscriptions give: the plans held, and the tags that each pins.

Law: each function is part of its caller's transaction. The tags of a subscription are written in the transaction that
changes it; the plans held are judged when they are asked for, so they are there with the very next request.

Source: docs/model-b.md, "Benefits"; docs/membership-rules.md, "Segments".
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from scanner.core.units import Instant
from server_stub.rules.segments import HeldRight
from server_stub.rules.subscription_gifts import held_plan
from server_stub.store.subscription_rows import look_at
from server_stub.store.subscription_tables import subscription


def load_held_plans(
    connection: Connection, customer_id: str, now: Instant
) -> tuple[HeldRight, ...]:
    """The plans that a customer holds or held to their end."""
    started = connection.execute(
        select(subscription.c.subscription_id)
        .where(subscription.c.customer_id == customer_id, subscription.c.started_at.is_not(None))
        .order_by(subscription.c.created_at, subscription.c.subscription_id)
    ).scalars()
    kept = [look_at(connection, one, now) for one in started.all()]
    held = (held_plan(one.plan_name, one.subscription, one.moment) for one in kept)
    return tuple(right for right in held if right is not None)
