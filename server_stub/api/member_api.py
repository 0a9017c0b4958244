"""What customers do for themselves: pay an order by card, and look after their subscriptions.

Law: thin. A subscription is shown and changed for whom it belongs to; somebody else's does not exist. What asks for
money wants an ``Idempotency-Key``, which belongs to the session that sent it.

Source: docs/model-b.md, "What members do themselves"; docs/central.md, "Paying by card".
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, RawBody
from sqlalchemy import Connection

from server_stub.api.idempotency import Once, build_once
from server_stub.api.injected import ShownKey, TheCentral, TheOnce
from server_stub.api.staff_api import route_of, shown_token
from server_stub.api.subscription_api import load_seen, load_whole, pay_once
from server_stub.api.subscription_forms import CardForm, MyPaymentForm, Seen, Story
from server_stub.central import Central
from server_stub.selling import carts, customer_login
from server_stub.selling.card_checkout import CardPaid, pay_by_card
from server_stub.selling.checkout import Issued, load_issued
from server_stub.store.subscription_rows import look_at, unknown_subscription
from server_stub.subscribing import subscriptions
from server_stub.subscribing.billing_run import build_providers
from server_stub.subscribing.subscription_listings import load_of_customer
from server_stub.subscribing.subscriptions import Paid

AnyRequest = Request[Any, Any, Any]


@post(
    "/carts/{order_id:str}/pay",
    sync_to_thread=True,
    status_code=200,
    summary="Pay a placed order by card",
)
def pay_cart(
    request: AnyRequest,
    central: TheCentral,
    once: TheOnce,
    order_id: FromPath[str],
    data: JSONBody[CardForm],
) -> CardPaid:
    """At the price of now. Without an answer of the card, send the same request again."""
    with central.database.read() as connection:
        carts.require_own(connection, order_id, find_customer(request, connection, central))
    providers = build_providers(central)
    return pay_once(
        central, once, CardPaid, lambda: pay_by_card(central, providers, order_id, data.card)
    )


@get("/carts/{order_id:str}/tickets", sync_to_thread=True, summary="The tickets of a paid order")
def show_tickets(
    request: AnyRequest, central: TheCentral, order_id: FromPath[str]
) -> tuple[Issued, ...]:
    """With the codes that open for them."""
    with central.database.write() as connection:
        carts.require_own(connection, order_id, find_customer(request, connection, central))
        return load_issued(connection, central, order_id)


@get("/me/subscriptions", sync_to_thread=True, summary="My subscriptions")
def list_mine(request: AnyRequest, central: TheCentral) -> list[Seen]:
    """Those that have ended, too; `due_minor` says what is open."""
    with central.database.read() as connection:
        customer_id = customer_login.require_customer(
            connection, shown_token(request.headers), central.clock.now_ms()
        )
        records = load_of_customer(connection, customer_id, central.clock.now_ms())
    return msgspec.convert(records, list[Seen])


@get("/me/subscriptions/{subscription_id:str}", sync_to_thread=True, summary="One of them")
def show_mine(request: AnyRequest, central: TheCentral, subscription_id: FromPath[str]) -> Story:
    """With its bills."""
    require_mine(request, central, subscription_id)
    return load_whole(central, subscription_id)


@post(
    "/me/subscriptions/{subscription_id:str}/cancel",
    sync_to_thread=True,
    status_code=200,
    summary="Cancel to the end of the period",
)
def cancel_mine(request: AnyRequest, central: TheCentral, subscription_id: FromPath[str]) -> Seen:
    """Or of the minimum term; `ends_at` says when."""
    require_mine(request, central, subscription_id)
    subscriptions.cancel(central, subscription_id)
    return load_seen(central, subscription_id)


@post(
    "/me/subscriptions/{subscription_id:str}/undo",
    sync_to_thread=True,
    status_code=200,
    summary="Take a cancellation back",
)
def undo_mine(request: AnyRequest, central: TheCentral, subscription_id: FromPath[str]) -> Seen:
    """Before it takes effect."""
    require_mine(request, central, subscription_id)
    subscriptions.undo_cancellation(central, subscription_id)
    return load_seen(central, subscription_id)


@post(
    "/me/subscriptions/{subscription_id:str}/pay",
    sync_to_thread=True,
    status_code=200,
    summary="Pay what is open",
)
def pay_mine(
    request: AnyRequest,
    central: TheCentral,
    once: TheOnce,
    subscription_id: FromPath[str],
    data: JSONBody[MyPaymentForm],
) -> Paid:
    """With the card that is known, or with another one from now on."""
    require_mine(request, central, subscription_id)
    providers = build_providers(central)
    return pay_once(
        central,
        once,
        Paid,
        lambda: subscriptions.pay(central, providers, subscription_id, data.card),
    )


def find_customer(request: AnyRequest, connection: Connection, central: Central) -> str | None:
    """Who is signed in; None = a visitor without a session.

    Raises:
        InputError: ``customer_session_refused``.
    """
    token, now = shown_token(request.headers), central.clock.now_ms()
    return customer_login.require_customer(connection, token, now) if token else None


def require_mine(request: AnyRequest, central: Central, subscription_id: str) -> None:
    """Refuses whoever it does not belong to, as if it did not exist.

    Raises:
        InputError: ``customer_session_refused``, ``subscription_unknown``.
    """
    now = central.clock.now_ms()
    with central.database.read() as connection:
        customer_id = customer_login.require_customer(connection, shown_token(request.headers), now)
        if look_at(connection, subscription_id, now).customer_id != customer_id:
            raise unknown_subscription(subscription_id)


def prove_once(
    request: AnyRequest,
    body: RawBody,
    idempotency_key: ShownKey = None,
) -> Once:
    """What tells a request that is repeated from a new one; a visitor's key belongs to the order."""
    route = f"{route_of(request)} {request.path_params}"
    session = shown_token(request.headers) or route
    owner = f"shop:{hashlib.sha256(session.encode()).hexdigest()}"
    return build_once(owner, idempotency_key, route, body)


ROUTES: list[HTTPRouteHandler] = [
    pay_cart,
    show_tickets,
    list_mine,
    show_mine,
    cancel_mine,
    undo_mine,
    pay_mine,
]
