"""The letters that subscriptions are owed: what a billing run noted, told to the customer once.

Law: a notice is noted as sent in the transaction in which its letter was written down, and the letter is handed over
after that transaction. A process that dies in between leaves a letter that the next one hands over; none is sent twice
and none is lost. A customer without an address gets none: the notice stays open, and staff tell them.

Source: docs/model-b.md, "The billing run"; docs/membership-rules.md, "Renewal notice".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select, update

from scanner.core.units import Instant
from server_stub.central import Central
from server_stub.rules.billing import NoticeKind
from server_stub.rules.subscription import grace_until, paid_until
from server_stub.selling.amounts import format_minor
from server_stub.selling.mailer import Letter, Outbox
from server_stub.store.subscription_rows import Kept, look_at
from server_stub.store.subscription_tables import subscription, subscription_notice
from server_stub.store.tables import customer
from server_stub.subscribing.charging import REFUND_DUE

NAME_CHARACTERS = 32


def post_notices(central: Central, outbox: Outbox) -> int:
    """Sends what was not sent yet; how many letters.

    Raises:
        StoreError: ``mail_unsent``; what was handed over before stays so.
    """
    _hand_over_left(central, outbox)
    with central.database.read() as connection:
        keys = list(connection.execute(_unsent(subscription_notice.c.key)).scalars())
    return sum(_post(central, outbox, key) for key in keys)


def letter_name(key: str) -> str:
    """What the letter of a notice is called, always the same."""
    return f"notice-{hashlib.sha256(key.encode()).hexdigest()[:NAME_CHARACTERS]}"


def _post(central: Central, outbox: Outbox, key: str) -> bool:
    now = central.clock.now_ms()
    with central.database.write() as connection:
        row = connection.execute(
            _unsent(subscription_notice, customer.c.email).where(subscription_notice.c.key == key)
        ).first()
        if row is None:
            return False
        kept = look_at(connection, row.subscription_id, now)
        outbox.prepare(_letter(row, kept), letter_name(key))
        connection.execute(
            update(subscription_notice).where(subscription_notice.c.key == key).values(sent_at=now)
        )
    outbox.hand_over(letter_name(key))
    return True


def _hand_over_left(central: Central, outbox: Outbox) -> None:
    """Letters of a process that died after it had noted them as sent."""
    left = outbox.prepared()
    if not left:
        return
    with central.database.read() as connection:
        sent = _sent_keys(connection)
    for name in sorted(left & {letter_name(key) for key in sent}):
        outbox.hand_over(name)


def _sent_keys(connection: Connection) -> list[str]:
    is_sent = subscription_notice.c.sent_at.is_not(None)
    return list(connection.execute(select(subscription_notice.c.key).where(is_sent)).scalars())


def _unsent(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(subscription_notice)
        .join(
            subscription,
            subscription.c.subscription_id == subscription_notice.c.subscription_id,
        )
        .join(customer, customer.c.customer_id == subscription.c.customer_id)
        .where(subscription_notice.c.sent_at.is_(None), customer.c.email.is_not(None))
        .order_by(subscription_notice.c.at, subscription_notice.c.key)
    )


def _letter(row: Row[Any], kept: Kept) -> Letter:
    subject, told = LETTERS[row.kind]
    return Letter(row.email, f"{kept.plan_name}: {subject}", f"{told(row, kept)}\n")


def _day(kept: Kept, at: Instant | None) -> str:
    return "-" if at is None else f"{kept.moment.site.wall(at):%Y-%m-%d}"


def _failed(_row: Row[Any], kept: Kept) -> str:
    ends = _day(kept, grace_until(kept.subscription, kept.moment))
    return (
        f"The payment for your subscription {kept.plan_name} failed. It will be tried again.\n"
        f"Your card opens until {ends}. Give us another card, or pay at the desk."
    )


def _failed_last(_row: Row[Any], kept: Kept) -> str:
    return (
        f"The payment for your subscription {kept.plan_name} failed for the last time.\n"
        "Pay at the desk or with another card, or it will be suspended or end."
    )


def _renews(_row: Row[Any], kept: Kept) -> str:
    ends = _day(kept, paid_until(kept.subscription, kept.moment))
    return (
        f"Your subscription {kept.plan_name} renews itself on {ends}.\n"
        "If you do not want that, cancel it before that day. You need give no reason."
    )


def _refund(row: Row[Any], kept: Kept) -> str:
    amount = format_minor(row.amount_minor or 0, kept.currency)
    return f"We owe you {amount} of your subscription {kept.plan_name}. You need do nothing."


LETTERS: Mapping[str, tuple[str, Callable[[Row[Any], Kept], str]]] = {
    NoticeKind.PAYMENT_FAILED: ("your payment failed", _failed),
    NoticeKind.LAST_RETRY_FAILED: ("your payment failed for the last time", _failed_last),
    NoticeKind.RENEWAL: ("your subscription renews itself", _renews),
    REFUND_DUE: ("money back", _refund),
}
"""What each kind of notice says."""
