"""The manual adapter: cash and transfers, as staff record them.

Law: a payment is recorded before anything is made of it, and is taken for at most one charge. What nobody has recorded
counts as declined, so an unpaid member goes the same way as one whose card fails: notice, grace, suspension.

Source: docs/model-b.md, "Payments".
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.faults import FieldError
from server_stub.rules.billing import Answer
from server_stub.selling.payments import MoneyRequest, require_same
from server_stub.store.database import Database, inserted_no
from server_stub.store.subscription_tables import till_charge, till_payment

REFERENCE_CHARACTERS = 80


class Means(StrEnum):
    """What was handed over."""

    CASH = "cash"
    TRANSFER = "transfer"


def record_payment(
    connection: Connection,
    subscription_id: str,
    due: tuple[int, str],
    means: Means,
    reference: str | None,
    at: Instant,
) -> int:
    """Staff have the money: part of the caller's transaction.

    Raises:
        InputError: ``payment_waits``, ``payment_reference_long``.
    """
    if reference is not None and len(reference) > REFERENCE_CHARACTERS:
        raise FieldError(
            "payment_reference_long",
            f"a reference of {len(reference)} characters is longer than {REFERENCE_CHARACTERS}; nothing was kept",
            "write the number of the receipt or of the transfer, no names",
            field="reference",
        )
    waiting = connection.execute(_unused(subscription_id)).scalar()
    if waiting is not None:
        raise InputError(
            "payment_waits",
            f"payment {waiting} of this subscription was recorded and not used yet; nothing was recorded",
            "the next billing run takes it when its cycle is due",
        )
    return inserted_no(
        connection.execute(
            insert(till_payment).values(
                subscription_id=subscription_id,
                means=means,
                reference=reference,
                amount_minor=due[0],
                currency=due[1],
                recorded_at=at,
            )
        )
    )


class Till:
    """The adapter."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def charge(self, request: MoneyRequest) -> Answer:
        """As `PaymentProvider`: succeeded where a payment of this amount lay there for it."""
        with self._database.write() as connection:  # one writer at a time: nobody asks in between
            known = _find(connection, request.key)
            if known is None:
                return _take(connection, request)
        require_same(
            request.key,
            (known.amount_minor, known.currency),
            (request.amount_minor, request.currency),
        )
        return Answer.DECLINED if known.payment_no is None else Answer.SUCCEEDED


def _find(connection: Connection, key: str) -> Row[Any] | None:
    return connection.execute(select(till_charge).where(till_charge.c.key == key)).first()


def _take(connection: Connection, request: MoneyRequest) -> Answer:
    waiting = connection.execute(
        _unused(request.subscription_id).where(
            till_payment.c.amount_minor == request.amount_minor,
            till_payment.c.currency == request.currency,
        )
    ).scalar()
    connection.execute(
        insert(till_charge).values(
            key=request.key,
            payment_no=waiting,
            amount_minor=request.amount_minor,
            currency=request.currency,
            at=request.at,
        )
    )
    return Answer.DECLINED if waiting is None else Answer.SUCCEEDED


def _unused(subscription_id: str | None) -> Select[Any]:
    return (
        select(till_payment.c.payment_no)
        .outerjoin(till_charge, till_charge.c.payment_no == till_payment.c.payment_no)
        .where(till_payment.c.subscription_id == subscription_id, till_charge.c.key.is_(None))
        .order_by(till_payment.c.payment_no)
        .limit(1)
    )
