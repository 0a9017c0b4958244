"""What visitors call: sign in, see shops, fill a cart, see its price, place it.

Law: thin, and open: a visitor without a session is nobody and has no benefits. A shop is asked for at every step. An
order is shown to whom it belongs; one without a customer's session to whoever knows its id (128 random bits). It is
paid by card (`server_stub.api.member_api`) or at the desk.

Source: docs/central.md, "Customers".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request, Router, get, post
from litestar.di import Provide
from litestar.params import FromPath, HeaderParameter, JSONBody
from sqlalchemy import Connection

from scanner.core.units import Instant
from server_stub.api import member_api
from server_stub.api.forms import EventNumber, PaidBy, SaleForm, Strict
from server_stub.api.idempotency import act_once
from server_stub.api.injected import TheCentral, TheOnce
from server_stub.api.member_api import find_customer, prove_once
from server_stub.api.order_api import AddedLine, Opened
from server_stub.api.staff_api import Done, shown_token
from server_stub.central import Central
from server_stub.rules.segments import ANONYMOUS, CURRENT
from server_stub.rules.tags import present_tags
from server_stub.seating.seat_wishes import require_map
from server_stub.selling import carts, checkout, customer_login, shops
from server_stub.selling.customers import load_customer
from server_stub.selling.mailer import FileMailer
from server_stub.selling.orders import find_or_add_customer, open_order

WEB = "web"
Answer = TypeVar("Answer")
ShopCode = Annotated[
    str | None,
    HeaderParameter(
        name="Portillon-Shop-Code", description="The code or link secret that opens a secret shop."
    ),
]


class EmailForm(Strict, frozen=True):
    """Where to send a one-time code."""

    email: str


class CodeForm(Strict, frozen=True):
    """The one-time code that came."""

    email: str
    code: str


class CartForm(Strict, frozen=True):
    """A cart of one shop."""

    shop: str


class LineForm(Strict, frozen=True):
    """One ticket. ``seat``, ``event`` and ``per_event`` as in `SaleForm`, for a type of a season."""

    type: str
    holder: str | None = None
    seat: str | None = None
    event: EventNumber | None = None
    per_event: bool = False


class MeCustomer(msgspec.Struct, frozen=True):
    """What a customer sees of themself: tags, and the ticket types and plans that are current."""

    tags: list[str]
    holds: list[str]


@post("/codes", sync_to_thread=True, status_code=202, summary="Ask for a one-time code by e-mail")
def ask_code(central: TheCentral, data: JSONBody[EmailForm]) -> Done:
    """The same answer for everybody."""
    customer_login.ask_code(central, FileMailer(central.folder.mail), data.email)
    return Done()


@post("/sessions", sync_to_thread=True, summary="Sign in with the code")
def sign_in(central: TheCentral, data: JSONBody[CodeForm]) -> customer_login.CustomerSession:
    """Benefits apply from the next request on."""
    return customer_login.sign_in(central, data.email, data.code)


@post("/sessions/end", sync_to_thread=True, status_code=200, summary="Sign out")
def sign_out(request: Request[Any, Any, Any], central: TheCentral) -> Done:
    """The token is worth nothing from now on."""
    with central.database.write() as connection:
        customer_login.sign_out(connection, shown_token(request.headers))
    return Done()


@get("/me", sync_to_thread=True, summary="Who is signed in")
def give_me(request: Request[Any, Any, Any], central: TheCentral) -> MeCustomer:
    """The tags of now."""
    with central.database.read() as connection:
        now = central.clock.now_ms()
        customer_id = customer_login.require_customer(connection, shown_token(request.headers), now)
        customer = load_customer(connection, customer_id, now)
    held = {one.name for one in customer.rights if one.state_at(now) in CURRENT}
    return MeCustomer(sorted(present_tags(customer.assignments, now)), sorted(held))


@get("/shops", sync_to_thread=True, summary="The shops that are open to the visitor")
def give_shops(
    request: Request[Any, Any, Any], central: TheCentral, shop_code: ShopCode = None
) -> list[shops.OpenShop]:
    """Secret ones only to whom they are open."""
    with central.database.read() as connection:
        now = central.clock.now_ms()
        customer_id = find_customer(request, connection, central)
        customer = ANONYMOUS if customer_id is None else load_customer(connection, customer_id, now)
        shown = shops.hmac_shown(central.secrets, shop_code)
        return shops.load_open_shops(connection, customer, shown, now)


@post("/carts", sync_to_thread=True, summary="Open a cart in a shop")
def open_cart(
    request: Request[Any, Any, Any],
    central: TheCentral,
    data: JSONBody[CartForm],
    shop_code: ShopCode = None,
) -> Opened:
    """Refused where the shop is not open to the visitor."""
    with central.database.write() as connection:
        now = central.clock.now_ms()
        customer_id = find_customer(request, connection, central)
        customer = ANONYMOUS if customer_id is None else load_customer(connection, customer_id, now)
        shown = shops.hmac_shown(central.secrets, shop_code)
        shops.require_open(connection, data.shop, customer, shown, now)
        buyer = customer_id or find_or_add_customer(connection, None, now)
        return Opened(
            open_order(connection, buyer, now, channel=WEB, shop=data.shop, shown_hmac=shown)
        )


@get("/carts/{order_id:str}", sync_to_thread=True, summary="A cart and its price")
def show_cart(
    request: Request[Any, Any, Any], central: TheCentral, order_id: FromPath[str]
) -> carts.Cart:
    """Each line explained."""
    return _of_cart(request, central, order_id, carts.show_cart)


@post("/carts/{order_id:str}/tickets", sync_to_thread=True, summary="Put a ticket into a cart")
def add_line(
    request: Request[Any, Any, Any],
    central: TheCentral,
    order_id: FromPath[str],
    data: JSONBody[LineForm],
) -> AddedLine:
    """Refused where the shop is no longer open to the visitor."""

    def add(connection: Connection, order_id: str, now: Instant) -> AddedLine:
        order = carts.require_draft(connection, order_id)
        customer = load_customer(connection, order.customer_id, now)
        shops.require_open(connection, order.shop, customer, order.shown_hmac, now)
        if data.seat is not None:
            require_map(connection, data.type)
        form = SaleForm(
            type=data.type,
            holder=data.holder,
            seat=data.seat,
            event=data.event,
            per_event=data.per_event,
        )
        return AddedLine(checkout.add_line(connection, order_id, form, now))

    return _of_cart(request, central, order_id, add)


@post("/carts/{order_id:str}/place", sync_to_thread=True, status_code=200, summary="Place an order")
def place_cart(
    request: Request[Any, Any, Any], central: TheCentral, order_id: FromPath[str]
) -> carts.Cart:
    """At the price of now; it is paid by card (`…/pay`) or at the desk."""
    return _of_cart(request, central, order_id, checkout.place)


@post(
    "/carts/{order_id:str}/agree",
    sync_to_thread=True,
    status_code=200,
    summary="Agree to the price of now",
)
def agree_cart(
    request: Request[Any, Any, Any], central: TheCentral, order_id: FromPath[str]
) -> carts.Cart:
    """After `price_changed`."""
    return _of_cart(request, central, order_id, carts.agree)


@post(
    "/carts/{order_id:str}/complete",
    sync_to_thread=True,
    status_code=200,
    summary="Complete an order that costs nothing",
)
def complete_cart(
    request: Request[Any, Any, Any], central: TheCentral, once: TheOnce, order_id: FromPath[str]
) -> checkout.Completed:
    """The codes are in this answer."""

    def act(connection: Connection) -> checkout.Completed:
        carts.require_own(connection, order_id, find_customer(request, connection, central))
        return checkout.complete(connection, central, order_id, PaidBy.NOTHING)

    return act_once(central, once, checkout.Completed, act)


def _of_cart(
    request: Request[Any, Any, Any],
    central: Central,
    order_id: str,
    act: Callable[[Connection, str, Instant], Answer],
) -> Answer:
    """Does something with a cart in one transaction, for whom it belongs to."""
    with central.database.write() as connection:
        customer_id = find_customer(request, connection, central)
        carts.require_own(connection, order_id, customer_id)
        return act(connection, order_id, central.clock.now_ms())


def build_shop_routes() -> Router:
    """The routes under ``/v1/shop``."""
    return Router(
        "/v1/shop",
        route_handlers=[
            ask_code,
            sign_in,
            sign_out,
            give_me,
            give_shops,
            open_cart,
            show_cart,
            add_line,
            place_cart,
            agree_cart,
            complete_cart,
            *member_api.ROUTES,
        ],
        dependencies={"once": Provide(prove_once, sync_to_thread=False)},
        security=[],
        tags=["shop"],
    )
