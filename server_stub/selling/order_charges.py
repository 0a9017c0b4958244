"""Requests for the money of orders, as rows.

Law: each function is part of its caller's transaction. A request is recorded as unknown before a card company is asked,
and answered once. An order has at most one request without an answer; while it has one, nothing else happens to it.

Source: docs/central.md, "Paying by card".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.rules.billing import Answer
from server_stub.store.subscription_tables import order_charge


def record_order_charge(
    connection: Connection, order_id: str, method: str, due: tuple[int, str], at: Instant
) -> str:
    """A request as unknown; gives its key."""
    asked = connection.execute(
        select(func.count()).select_from(order_charge).where(order_charge.c.order_id == order_id)
    ).scalar_one()
    key = f"order:{order_id}:{asked + 1}"
    connection.execute(
        insert(order_charge).values(
            key=key,
            order_id=order_id,
            method=method,
            amount_minor=due[0],
            currency=due[1],
            asked_at=at,
            answer=Answer.UNKNOWN,
        )
    )
    return key


def load_order_charge(connection: Connection, key: str) -> Row[Any]:
    """A request that was recorded."""
    return connection.execute(select(order_charge).where(order_charge.c.key == key)).one()


def answer_order_charge(connection: Connection, key: str, answer: Answer, at: Instant) -> bool:
    """Keeps an answer where none was kept before; True = this was the first time."""
    if answer is Answer.UNKNOWN:
        return False
    changed = connection.execute(
        update(order_charge)
        .where(order_charge.c.key == key, order_charge.c.answer == Answer.UNKNOWN)
        .values(answer=answer, answered_at=at)
    )
    return bool(changed.rowcount)


def find_unanswered(connection: Connection, order_id: str) -> str | None:
    """The request of an order that has no answer."""
    found: str | None = connection.execute(
        select(order_charge.c.key).where(
            order_charge.c.order_id == order_id, order_charge.c.answer == Answer.UNKNOWN
        )
    ).scalar_one_or_none()
    return found


def load_unanswered_orders(connection: Connection) -> list[str]:
    """The orders with a request that has no answer."""
    rows = connection.execute(
        select(order_charge.c.order_id)
        .where(order_charge.c.answer == Answer.UNKNOWN)
        .order_by(order_charge.c.asked_at, order_charge.c.key)
    )
    return list(rows.scalars())


def load_paid_minor(connection: Connection, order_id: str) -> int:
    """What a card paid of an order."""
    found: int | None = connection.execute(
        select(order_charge.c.amount_minor).where(
            order_charge.c.order_id == order_id, order_charge.c.answer == Answer.SUCCEEDED
        )
    ).scalar_one_or_none()
    return found or 0


def require_answered(connection: Connection, order_id: str) -> None:
    """Raises `InputError` ``payment_unanswered`` while nobody knows whether a card was charged."""
    if find_unanswered(connection, order_id) is not None:
        raise InputError(
            "payment_unanswered",
            f"a card was asked to pay order {order_id!r} and has not answered; nothing was changed",
            "ask again (`order settle`, or pay once more: it is the same request); then go on",
        )
