"""Model B over HTTP, for staff: plans, subscriptions, payments, codes, the billing run.

Law: thin; the command line calls the same functions. What asks a payment provider takes several transactions, each of
them safe to repeat (`server_stub.subscribing.charging`); an answer that was not heard leaves no note, so the same
request asks again.

Source: docs/model-b.md, "Over HTTP".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from server_stub.api.idempotency import Once, act_in_steps, act_once, name_of
from server_stub.api.injected import TheCentral, TheOnce
from server_stub.api.staff_api import Done
from server_stub.api.subscription_forms import (
    CardCodeForm,
    CardForm,
    Ended,
    Happened,
    ReplaceForm,
    Seen,
    SettleForm,
    Story,
    Token,
    UpgradeForm,
    UpgradePrice,
)
from server_stub.central import Central
from server_stub.rules.billing import Answer
from server_stub.rules.subscription import paid_until
from server_stub.selling.card_checkout import CardPaid, settle_order
from server_stub.selling.codes import Code
from server_stub.subscribing import subscriptions
from server_stub.subscribing.billing_run import BillingReport, build_providers, run_billing
from server_stub.subscribing.plans import PlanForm, add_plan
from server_stub.subscribing.subscription_codes import apply_card, renewal_token, replace_card
from server_stub.subscribing.subscription_listings import load_story, load_subscription
from server_stub.subscribing.subscriptions import Paid, SubscribeForm

Payment = TypeVar("Payment", Paid, CardPaid)
PlanName = Annotated[str, QueryParameter(description="The dearer plan.")]


class AddedPlan(msgspec.Struct, frozen=True):
    """The number that a new plan got."""

    plan_no: int


@post("/plans", sync_to_thread=True, summary="Add a plan")
def make_plan(central: TheCentral, data: JSONBody[PlanForm]) -> AddedPlan:
    """It is never changed: a new price is a new plan."""
    with central.database.write() as connection:
        return AddedPlan(add_plan(connection, data, central.clock.now_ms()))


@post("/subscriptions", sync_to_thread=True, summary="Subscribe somebody")
def subscribe(central: TheCentral, once: TheOnce, data: JSONBody[SubscribeForm]) -> Paid:
    """With a card it is asked at once. Nothing is given before the first payment."""
    providers, name = build_providers(central), name_of(once)
    return pay_once(
        central, once, Paid, lambda: subscriptions.subscribe(central, providers, data, name)
    )


@get("/subscriptions/{subscription_id:str}", sync_to_thread=True, summary="A subscription")
def show_subscription(central: TheCentral, subscription_id: FromPath[str]) -> Story:
    """As it stands, with everything that was charged and told."""
    return load_whole(central, subscription_id)


@post(
    "/subscriptions/{subscription_id:str}/pay",
    sync_to_thread=True,
    status_code=200,
    summary="Pay what is open",
)
def pay(
    central: TheCentral, once: TheOnce, subscription_id: FromPath[str], data: JSONBody[SettleForm]
) -> Paid:
    """With the card that is known, or by what staff were handed."""

    def act() -> Paid:
        providers = build_providers(central)
        if data.means is None:
            return subscriptions.pay(central, providers, subscription_id)
        return subscriptions.take_payment(
            central,
            providers,
            subscription_id,
            data.means,
            reference=data.reference,
            is_in_advance=data.in_advance,
        )

    return pay_once(central, once, Paid, act)


@post(
    "/subscriptions/{subscription_id:str}/payment-card",
    sync_to_thread=True,
    status_code=200,
    summary="Have it paid by another card",
)
def change_card(
    central: TheCentral, subscription_id: FromPath[str], data: JSONBody[CardForm]
) -> Done:
    """From now on; nothing is charged."""
    subscriptions.change_card(central, subscription_id, data.card)
    return Done()


@post(
    "/subscriptions/{subscription_id:str}/pause",
    sync_to_thread=True,
    status_code=200,
    summary="Pause a subscription",
)
def pause(central: TheCentral, subscription_id: FromPath[str]) -> Seen:
    """Gates refuse, nothing is billed, the rest is credited."""
    subscriptions.pause(central, subscription_id)
    return load_seen(central, subscription_id)


@post(
    "/subscriptions/{subscription_id:str}/resume",
    sync_to_thread=True,
    status_code=200,
    summary="Resume a subscription",
)
def resume(central: TheCentral, once: TheOnce, subscription_id: FromPath[str]) -> Seen:
    """A new period from today, charged less the credit."""

    def act() -> Seen:
        subscriptions.resume(central, build_providers(central), subscription_id)
        return load_seen(central, subscription_id)

    return act_in_steps(central, once, Seen, act)


@post(
    "/subscriptions/{subscription_id:str}/cancel",
    sync_to_thread=True,
    status_code=200,
    summary="Cancel to the end of the period",
)
def cancel(central: TheCentral, subscription_id: FromPath[str]) -> Seen:
    """Or of the minimum term; `ends_at` says when."""
    subscriptions.cancel(central, subscription_id)
    return load_seen(central, subscription_id)


@post(
    "/subscriptions/{subscription_id:str}/undo",
    sync_to_thread=True,
    status_code=200,
    summary="Take a cancellation back",
)
def undo(central: TheCentral, subscription_id: FromPath[str]) -> Seen:
    """Before it takes effect."""
    subscriptions.undo_cancellation(central, subscription_id)
    return load_seen(central, subscription_id)


@post(
    "/subscriptions/{subscription_id:str}/end",
    sync_to_thread=True,
    status_code=200,
    summary="End a subscription at once",
)
def end(central: TheCentral, once: TheOnce, subscription_id: FromPath[str]) -> Ended:
    """Says what is to be given back, where the law lets the customer leave for free."""

    def act() -> Ended:
        _kept, refund_minor = subscriptions.end(central, subscription_id)
        return Ended(subscription=load_seen(central, subscription_id), refund_minor=refund_minor)

    return act_in_steps(central, once, Ended, act)


@get(
    "/subscriptions/{subscription_id:str}/upgrade",
    sync_to_thread=True,
    summary="What a dearer plan costs now",
)
def quote_upgrade(
    central: TheCentral, subscription_id: FromPath[str], plan: PlanName
) -> UpgradePrice:
    """For the rest of the cycle; the cycle stays."""
    kept, price = subscriptions.quote_upgrade(central, subscription_id, plan)
    return UpgradePrice(
        plan=plan,
        new_minor=price.new_minor,
        credit_minor=price.credit_minor,
        charge_minor=price.charge_minor,
        currency=kept.currency,
        paid_until=paid_until(kept.subscription, kept.moment),
    )


@post(
    "/subscriptions/{subscription_id:str}/upgrade",
    sync_to_thread=True,
    status_code=200,
    summary="Change to a dearer plan",
)
def upgrade(
    central: TheCentral, once: TheOnce, subscription_id: FromPath[str], data: JSONBody[UpgradeForm]
) -> Paid:
    """At once, for the difference. Paid by hand: staff have it in cash."""
    providers = build_providers(central)
    return pay_once(
        central,
        once,
        Paid,
        lambda: subscriptions.upgrade_plan(central, providers, subscription_id, data.plan),
    )


@post("/subscriptions/{subscription_id:str}/code", sync_to_thread=True, summary="Make its code")
def make_code(
    central: TheCentral,
    once: TheOnce,
    subscription_id: FromPath[str],
    data: JSONBody[CardCodeForm],
) -> Code:
    """What opens gates; one that exists is shown again."""
    return act_once(
        central,
        once,
        Code,
        lambda connection: apply_card(
            connection, central, subscription_id, data.code, data.symbology
        ),
    )


@post(
    "/subscriptions/{subscription_id:str}/code/replace",
    sync_to_thread=True,
    summary="Replace a lost card",
)
def replace_code(
    central: TheCentral, once: TheOnce, subscription_id: FromPath[str], data: JSONBody[ReplaceForm]
) -> Code:
    """The old one is revoked; the new one has the same right and the same counts."""
    return act_once(
        central,
        once,
        Code,
        lambda connection: replace_card(connection, central, subscription_id, data.code),
    )


@get(
    "/subscriptions/{subscription_id:str}/token",
    sync_to_thread=True,
    summary="A renewal token",
)
def show_token(central: TheCentral, subscription_id: FromPath[str]) -> Token:
    """For a gate that has not heard of a payment."""
    return Token(renewal_token(central, subscription_id))


@post("/billing/run", sync_to_thread=True, status_code=200, summary="Charge what is due")
def bill(central: TheCentral, once: TheOnce) -> BillingReport:
    """Also tells, suspends, ends, sends letters, and asks for answers of cards that are missing."""
    return act_in_steps(
        central, once, BillingReport, lambda: run_billing(central, build_providers(central))
    )


@post(
    "/orders/{order_id:str}/settle",
    sync_to_thread=True,
    status_code=200,
    summary="Ask for the answer of a card that is missing",
)
def settle(central: TheCentral, once: TheOnce, order_id: FromPath[str]) -> CardPaid:
    """The same request again, never a second one; an order without one is only shown."""
    providers = build_providers(central)
    return pay_once(central, once, CardPaid, lambda: settle_order(central, providers, order_id))


def pay_once(
    central: Central, once: Once, kind: type[Payment], act: Callable[[], Payment]
) -> Payment:
    """Acts in steps; while an answer is unknown the same request asks for it again."""
    return act_in_steps(
        central, once, kind, act, lambda payment: payment.answer is not Answer.UNKNOWN
    )


def load_seen(central: Central, subscription_id: str) -> Seen:
    """A subscription as it stands.

    Raises:
        InputError: ``subscription_unknown``.
    """
    with central.database.read() as connection:
        record = load_subscription(connection, subscription_id, central.clock.now_ms())
    return msgspec.convert(record, Seen)


def load_whole(central: Central, subscription_id: str) -> Story:
    """A subscription with what happened.

    Raises:
        InputError: ``subscription_unknown``.
    """
    now = central.clock.now_ms()
    with central.database.read() as connection:
        record = load_subscription(connection, subscription_id, now)
        happened = load_story(connection, subscription_id, now)
    return Story(
        subscription=msgspec.convert(record, Seen),
        happened=msgspec.convert(happened, list[Happened]),
    )


ROUTES: list[HTTPRouteHandler] = [
    make_plan,
    subscribe,
    show_subscription,
    pay,
    change_card,
    pause,
    resume,
    cancel,
    undo,
    end,
    quote_upgrade,
    upgrade,
    make_code,
    replace_code,
    show_token,
    bill,
    settle,
]
