"""What a desk or a customer does with a subscription: begin, pay, pause, resume, cancel, change its plan, leave.

Law: the rules decide, this carries out. Whatever changes a right writes it in the same transaction, for exactly this
subscription, and the publisher hears of it. Nothing is given before the first payment.

Source: docs/model-b.md; docs/membership-rules.md, "Subscriptions".
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, insert, select

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.api.forms import Strict
from server_stub.central import Central
from server_stub.rules.billing import Answer, Proration, upgrade
from server_stub.rules.refusals import Refusal
from server_stub.rules.renewal_notice import FreeLeave, free_leave
from server_stub.rules.subscription import (
    RUNNING,
    SubscriptionEvent,
    SubscriptionState,
    gives_benefit,
    paid_until,
)
from server_stub.selling.orders import find_or_add_customer
from server_stub.selling.payments import ProviderName, Providers
from server_stub.selling.simulated_card import save_card
from server_stub.selling.till import Means, record_payment
from server_stub.store.subscription_rows import (
    CYCLE,
    UPGRADE,
    Kept,
    apply_event,
    load_kept,
    look_at,
    refused,
)
from server_stub.store.subscription_tables import charge, subscription, subscription_notice
from server_stub.subscribing.billing_run import advance
from server_stub.subscribing.charging import (
    REFUND_DUE,
    ask,
    ask_unknown,
    change_plan,
    open_cycle,
    record_charge,
    record_notice,
    record_open_cycle,
)
from server_stub.subscribing.plans import find_plan, load_plan, load_plan_row

ID_BYTES = 16
_E = SubscriptionEvent


class SubscribeForm(Strict, frozen=True):
    """Who subscribes to what. ``card``: the number of a test card; without it staff take the money (manual)."""

    plan: str
    email: str | None = None
    card: str | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """What became of a payment. ``answer`` None: a credit covered it, nobody was asked."""

    subscription_id: str
    state: SubscriptionState
    answer: Answer | None


def subscribe(
    central: Central,
    providers: Providers,
    form: SubscribeForm,
    subscription_id: str | None = None,
) -> Paid:
    """A new subscription; with a card the first payment is asked for at once.

    Args:
        central: where.
        providers: who is asked for the money.
        form: who, what, and how it is paid.
        subscription_id: what it will be called; where it exists already its first payment is only gone on with.

    Raises:
        InputError: ``name_unknown``, ``email_bad``, ``card_not_simulated``.
    """
    subscription_id = subscription_id or secrets.token_hex(ID_BYTES)
    with central.database.read() as connection:
        known = connection.execute(
            select(subscription.c.state).where(subscription.c.subscription_id == subscription_id)
        ).first()
    if known is not None:
        return _go_on(central, providers, subscription_id)
    with central.database.write() as connection:
        kept = _begin(connection, form, subscription_id, central.clock.now_ms())
        key = None if form.card is None else record_open_cycle(connection, kept)
    return _asked(central, providers, subscription_id, key)


def pay(
    central: Central, providers: Providers, subscription_id: str, card: str | None = None
) -> Paid:
    """The customer pays what is open now, with the card that is known or with another one from now on.

    Raises:
        InputError: ``subscription_unknown``, ``subscription_refused``, ``payment_means_missing``,
            ``card_not_simulated``.
    """
    if (CYCLE, None) in ask_unknown(central, providers, subscription_id):
        return _heard(central, subscription_id)
    with central.database.write() as connection:
        kept = load_kept(connection, subscription_id, central.clock.now_ms())
        if card is not None:
            kept = _take_card(connection, kept, card)
        _require_card(kept)
        key = record_open_cycle(connection, kept)
    return _asked(central, providers, subscription_id, key)


def take_payment(
    central: Central,
    providers: Providers,
    subscription_id: str,
    means: Means,
    *,
    reference: str | None = None,
    is_in_advance: bool = False,
) -> Paid:
    """Staff have the money for what is open now, or (in advance) for the next cycle.

    Raises:
        InputError: ``subscription_unknown``, ``subscription_refused``, ``payment_not_manual``, ``payment_waits``.
    """
    ask_unknown(central, providers, subscription_id)
    with central.database.write() as connection:
        kept = load_kept(connection, subscription_id, central.clock.now_ms())
        _require_manual(kept)
        amount_minor = _next_amount(kept) if is_in_advance else open_cycle(kept)[1]
        due = (amount_minor, kept.currency)
        record_payment(connection, subscription_id, due, means, reference, kept.moment.now)
        if is_in_advance:
            return Paid(subscription_id, kept.subscription.state, None)
        key = record_open_cycle(connection, kept)
    return _asked(central, providers, subscription_id, key)


def change_card(central: Central, subscription_id: str, number: str) -> None:
    """From now on paid by this card.

    Raises:
        InputError: ``subscription_unknown``, ``card_not_simulated``.
    """
    with central.database.write() as connection:
        kept = load_kept(connection, subscription_id, central.clock.now_ms())
        _take_card(connection, kept, number)


def pause(central: Central, subscription_id: str) -> Kept:
    """Gates refuse, nothing is billed, what is left of the cycle is credited."""
    return _apply(central, subscription_id, _E.PAUSED)


def resume(central: Central, providers: Providers, subscription_id: str) -> Kept:
    """A new period from now on, charged at once less the credit."""
    _apply(central, subscription_id, _E.RESUMED)
    advance(central, providers, subscription_id)
    return look(central, subscription_id)


def cancel(central: Central, subscription_id: str) -> Kept:
    """At the end of the period, or of the minimum term."""
    return _apply(central, subscription_id, _E.CANCELLATION_ASKED)


def undo_cancellation(central: Central, subscription_id: str) -> Kept:
    """As if it had never been cancelled."""
    return _apply(central, subscription_id, _E.CANCELLATION_UNDONE)


def end(central: Central, subscription_id: str) -> tuple[Kept, int]:
    """At once, by staff; gives what is to be paid back, where the law lets the customer leave for free."""
    with central.database.write() as connection:
        kept = load_kept(connection, subscription_id, central.clock.now_ms())
        leave = _free_leave(connection, kept)
        kept = apply_event(connection, kept, _E.TERMINATED)
        refund_minor = 0 if leave is None else leave.refund_minor
        if refund_minor:
            key = f"{subscription_id}:{kept.moment.now}:leave"
            record_notice(connection, kept, key, REFUND_DUE, refund_minor)
    return kept, refund_minor


def upgrade_plan(central: Central, providers: Providers, subscription_id: str, name: str) -> Paid:
    """A dearer plan with the same rhythm, from now on, for the difference of the rest of the cycle.

    Raises:
        InputError: ``subscription_unknown``, ``subscription_refused``, ``name_unknown``.
    """
    heard = ask_unknown(central, providers, subscription_id)
    with central.database.write() as connection:
        kept = load_kept(connection, subscription_id, central.clock.now_ms())
        to_plan_no = find_plan(connection, name)
        if (UPGRADE, to_plan_no) in heard and kept.plan_no == to_plan_no:
            return Paid(subscription_id, kept.subscription.state, Answer.SUCCEEDED)
        price = _price_of_upgrade(connection, kept, to_plan_no)
        key = None
        if price.charge_minor == 0:
            change_plan(connection, kept, to_plan_no)
        else:
            key = _record_upgrade(connection, kept, to_plan_no, price.charge_minor)
            if kept.provider is ProviderName.MANUAL:
                due = (price.charge_minor, kept.currency)
                record_payment(connection, subscription_id, due, Means.CASH, None, kept.moment.now)
    return _asked(central, providers, subscription_id, key)


def quote_upgrade(central: Central, subscription_id: str, name: str) -> tuple[Kept, Proration]:
    """What `upgrade_plan` would cost now.

    Raises:
        InputError: ``subscription_unknown``, ``subscription_refused``, ``name_unknown``.
    """
    with central.database.read() as connection:
        kept = look_at(connection, subscription_id, central.clock.now_ms())
        return kept, _price_of_upgrade(connection, kept, find_plan(connection, name))


def look(central: Central, subscription_id: str) -> Kept:
    """A subscription as it stands.

    Raises:
        InputError: ``subscription_unknown``.
    """
    with central.database.read() as connection:
        return look_at(connection, subscription_id, central.clock.now_ms())


def load_benefits(connection: Connection, customer_id: str, now: Instant) -> frozenset[str]:
    """The plans whose benefits a customer has at this instant: by the clock, whether or not a billing run came by."""
    running = connection.execute(
        select(subscription.c.subscription_id).where(
            subscription.c.customer_id == customer_id, subscription.c.state.in_(sorted(RUNNING))
        )
    ).scalars()
    kept = [look_at(connection, one, now) for one in running.all()]
    return frozenset(k.plan_name for k in kept if gives_benefit(k.subscription, k.moment))


def _begin(connection: Connection, form: SubscribeForm, subscription_id: str, now: Instant) -> Kept:
    plan_no = find_plan(connection, form.plan)
    method = None if form.card is None else save_card(connection, form.card)
    connection.execute(
        insert(subscription).values(
            subscription_id=subscription_id,
            customer_id=find_or_add_customer(connection, form.email, now),
            plan_no=plan_no,
            provider=ProviderName.MANUAL if method is None else ProviderName.CARD,
            method=method,
            state=SubscriptionState.DRAFT,
            paid_cycles=0,
            credit_minor=0,
            created_at=now,
        )
    )
    return apply_event(connection, load_kept(connection, subscription_id, now), _E.ASKED_TO_PAY)


def _go_on(central: Central, providers: Providers, subscription_id: str) -> Paid:
    """It was begun before, and whoever began it heard no answer."""
    ask_unknown(central, providers, subscription_id)
    with central.database.read() as connection:
        answer = connection.execute(
            select(charge.c.answer)
            .where(charge.c.subscription_id == subscription_id)
            .order_by(charge.c.asked_at)
            .limit(1)
        ).scalar_one_or_none()
    state = look(central, subscription_id).subscription.state
    return Paid(subscription_id, state, None if answer is None else Answer(answer))


def _heard(central: Central, subscription_id: str) -> Paid:
    """A request that waited for its answer has paid what was open."""
    state = look(central, subscription_id).subscription.state
    return Paid(subscription_id, state, Answer.SUCCEEDED)


def _take_card(connection: Connection, kept: Kept, number: str) -> Kept:
    method = save_card(connection, number)
    connection.execute(
        subscription.update()
        .where(subscription.c.subscription_id == kept.subscription.subscription_id)
        .values(provider=ProviderName.CARD, method=method)
    )
    return replace(kept, provider=ProviderName.CARD, method=method)


def _asked(central: Central, providers: Providers, subscription_id: str, key: str | None) -> Paid:
    answer = None if key is None else ask(central, providers, key, is_off_session=False)
    if answer is Answer.DECLINED:
        advance(central, providers, subscription_id)
    return Paid(subscription_id, look(central, subscription_id).subscription.state, answer)


def _apply(central: Central, subscription_id: str, event: SubscriptionEvent) -> Kept:
    with central.database.write() as connection:
        kept = load_kept(connection, subscription_id, central.clock.now_ms())
        return apply_event(connection, kept, event)


def _require_card(kept: Kept) -> None:
    if kept.provider is not ProviderName.CARD:
        raise InputError(
            "payment_means_missing",
            "this subscription is paid by hand; nothing was recorded",
            "say what was handed over: --means cash or --means transfer",
        )


def _require_manual(kept: Kept) -> None:
    if kept.provider is not ProviderName.MANUAL:
        raise InputError(
            "payment_not_manual",
            "this subscription is paid by card; no cash or transfer was recorded",
            "use `subscription pay` without --means, or give it another card",
        )


def _next_amount(kept: Kept) -> int:
    if kept.subscription.state not in RUNNING:
        raise refused(Refusal.NOT_STARTED)
    return max(kept.moment.plan.price_minor - kept.subscription.credit_minor, 0)


def _free_leave(connection: Connection, kept: Kept) -> FreeLeave | None:
    notices = connection.execute(
        select(subscription_notice.c.key, subscription_notice.c.sent_at).where(
            subscription_notice.c.subscription_id == kept.subscription.subscription_id,
            subscription_notice.c.sent_at.is_not(None),
        )
    )
    sent = {notice.key: Instant(notice.sent_at) for notice in notices}
    return free_leave(kept.subscription, kept.moment, sent)


def _price_of_upgrade(connection: Connection, kept: Kept, to_plan_no: int) -> Proration:
    if load_plan_row(connection, to_plan_no).currency != kept.currency:
        raise refused(Refusal.NO_UPGRADE)
    price = upgrade(kept.subscription, kept.moment, load_plan(connection, to_plan_no))
    if isinstance(price, Refusal):
        raise refused(price)
    return price


def _record_upgrade(connection: Connection, kept: Kept, to_plan_no: int, amount_minor: int) -> str:
    subscription_id = kept.subscription.subscription_id
    asked = connection.execute(
        select(func.count())
        .select_from(charge)
        .where(charge.c.subscription_id == subscription_id, charge.c.purpose == UPGRADE)
    ).scalar_one()
    cycle_at = paid_until(kept.subscription, kept.moment)
    return record_charge(
        connection,
        kept,
        f"{subscription_id}:{cycle_at}:upgrade:{asked + 1}",
        amount_minor,
        cycle_at=cycle_at,
        purpose=UPGRADE,
        to_plan_no=to_plan_no,
    )
