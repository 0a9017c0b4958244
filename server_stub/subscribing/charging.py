"""Money for subscriptions: a request recorded, asked, and its answer made to count, each exactly once.

Law: a request is recorded as unknown before a provider is asked, in a transaction of its own; the provider is asked
outside any transaction; its answer is kept where none was kept before. Whoever is killed in between leaves an unknown
request, which the next one asks again under the same key. Money that comes too late for what it was meant for is
recorded as to be given back, never forgotten.

Source: docs/membership-rules.md, "Billing"; docs/model-b.md, "Payments".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from scanner.core.units import Instant
from server_stub.central import Central
from server_stub.rules.billing import Answer, attempt_key
from server_stub.rules.machine import next_state
from server_stub.rules.refusals import Refusal
from server_stub.rules.subscription import (
    RUNNING,
    SUBSCRIPTION_TABLE,
    SubscriptionEvent,
    SubscriptionState,
    paid_until,
)
from server_stub.rules.subscription_steps import step
from server_stub.selling.payments import MoneyRequest, ProviderName, Providers
from server_stub.store.subscription_rows import (
    CYCLE,
    Kept,
    apply_event,
    keep,
    load_account,
    load_kept,
    refused,
)
from server_stub.store.subscription_tables import charge, paid_cycle, subscription_notice
from server_stub.subscribing.plans import load_plan, load_plan_row

REFUND_DUE = "refund_due"


def record_charge(
    connection: Connection,
    kept: Kept,
    key: str,
    amount_minor: int,
    *,
    cycle_at: Instant,
    purpose: str = CYCLE,
    to_plan_no: int | None = None,
) -> str:
    """A request as unknown, before anybody is asked; gives its key."""
    connection.execute(
        insert(charge).values(
            key=key,
            subscription_id=kept.subscription.subscription_id,
            purpose=purpose,
            cycle_at=cycle_at,
            to_plan_no=to_plan_no,
            provider=kept.provider,
            method=kept.method,
            amount_minor=amount_minor,
            currency=kept.currency,
            asked_at=kept.moment.now,
            answer=Answer.UNKNOWN,
        )
    )
    return key


def ask(central: Central, providers: Providers, key: str, *, is_off_session: bool) -> Answer:
    """Asks a provider for a recorded request, for the first time or again, and keeps the answer."""
    with central.database.read() as connection:
        row = connection.execute(select(charge).where(charge.c.key == key)).one()
    request = MoneyRequest(
        key=row.key,
        subscription_id=row.subscription_id,
        method=row.method,
        amount_minor=row.amount_minor,
        currency=row.currency,
        is_off_session=is_off_session,
        at=central.clock.now_ms(),
    )
    answer = providers[ProviderName(row.provider)].charge(request)
    with central.database.write() as connection:
        settle(connection, row, answer, central.clock.now_ms())
    return answer


def ask_unknown(
    central: Central, providers: Providers, subscription_id: str
) -> frozenset[tuple[str, int | None]]:
    """Asks again for every request of a subscription that has no answer; gives what succeeded now.

    Each as its purpose and, of an upgrade, the number of the dearer plan.
    """
    with central.database.read() as connection:
        unknown = connection.execute(
            select(charge.c.key, charge.c.purpose, charge.c.to_plan_no)
            .where(charge.c.subscription_id == subscription_id, charge.c.answer == Answer.UNKNOWN)
            .order_by(charge.c.asked_at)
        ).all()
    return frozenset(
        (row.purpose, row.to_plan_no)
        for row in unknown
        if ask(central, providers, row.key, is_off_session=True) is Answer.SUCCEEDED
    )


def settle(connection: Connection, row: Row[Any], answer: Answer, now: Instant) -> None:
    """Keeps an answer, once, and lets it count."""
    kept = load_kept(connection, row.subscription_id, now)
    changed = connection.execute(
        update(charge)
        .where(charge.c.key == row.key, charge.c.answer == Answer.UNKNOWN)
        .values(answer=answer, answered_at=None if answer is Answer.UNKNOWN else now)
    )
    if not changed.rowcount or answer is not Answer.SUCCEEDED:
        return
    counted = _count_cycle if row.purpose == CYCLE else _count_upgrade
    if not counted(connection, kept, row):
        record_notice(connection, kept, f"{row.key}:refund", REFUND_DUE, row.amount_minor)


def pay_cycle(
    connection: Connection, kept: Kept, cycle_at: Instant, charge_key: str | None
) -> Kept:
    """A cycle is paid, by a charge or by a credit; a second time is stopped by the primary key."""
    connection.execute(
        insert(paid_cycle).values(
            subscription_id=kept.subscription.subscription_id,
            cycle_at=cycle_at,
            charge_key=charge_key,
            paid_at=kept.moment.now,
        )
    )
    return apply_event(connection, kept, SubscriptionEvent.PAYMENT_SUCCEEDED, cycle_at)


def record_notice(
    connection: Connection, kept: Kept, key: str, kind: str, amount_minor: int | None = None
) -> None:
    """What the customer is to be told, or given back."""
    connection.execute(
        insert(subscription_notice).values(
            key=key,
            subscription_id=kept.subscription.subscription_id,
            kind=kind,
            at=kept.moment.now,
            amount_minor=amount_minor,
        )
    )


def open_cycle(kept: Kept) -> tuple[Instant, int]:
    """The cycle that a payment would be for now, and what it costs.

    Raises:
        InputError: ``subscription_refused``.
    """
    now = kept.subscription
    refusal = next_state(SUBSCRIPTION_TABLE, now.state, SubscriptionEvent.PAYMENT_SUCCEEDED)
    if isinstance(refusal, Refusal):
        raise refused(refusal)
    amount_minor = max(kept.moment.plan.price_minor - now.credit_minor, 0)
    if now.state is SubscriptionState.INCOMPLETE:
        return Instant(now.asked_at or 0), amount_minor
    due_at = paid_until(now, kept.moment)
    if now.state in RUNNING and kept.moment.now < due_at:
        raise refused(Refusal.CYCLE_NOT_OPEN)
    return due_at, amount_minor


def record_open_cycle(connection: Connection, kept: Kept) -> str | None:
    """Records the request for what is open, or finds the one that waits for its answer; None = a credit paid it."""
    cycle_at, amount_minor = open_cycle(kept)
    account = load_account(connection, kept)
    attempts = [attempt for attempt in account.attempts if attempt.cycle_at == cycle_at]
    waiting = [attempt.key for attempt in attempts if attempt.answer is Answer.UNKNOWN]
    if waiting:
        return waiting[0]
    if amount_minor == 0:
        pay_cycle(connection, kept, cycle_at, None)
        return None
    key = attempt_key(kept.subscription.subscription_id, cycle_at, len(attempts) + 1)
    return record_charge(connection, kept, key, amount_minor, cycle_at=cycle_at)


def _count_cycle(connection: Connection, kept: Kept, row: Row[Any]) -> bool:
    event = SubscriptionEvent.PAYMENT_SUCCEEDED
    if isinstance(step(kept.subscription, event, kept.moment, row.cycle_at), Refusal):
        return False
    pay_cycle(connection, kept, row.cycle_at, row.key)
    return True


def _count_upgrade(connection: Connection, kept: Kept, row: Row[Any]) -> bool:
    """The dearer plan, from now on, if the cycle that it was paid for is still running."""
    runs = kept.subscription.state is SubscriptionState.ACTIVE
    if not runs or paid_until(kept.subscription, kept.moment) != row.cycle_at:
        return False
    change_plan(connection, kept, row.to_plan_no)
    return True


def change_plan(connection: Connection, kept: Kept, plan_no: int) -> Kept:
    """Another plan; its period is the same."""
    moment = kept.moment._replace(plan=load_plan(connection, plan_no))
    known = load_plan_row(connection, plan_no)
    return keep(connection, replace(kept, moment=moment, plan_no=plan_no, plan_name=known.name))
