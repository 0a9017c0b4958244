"""Orders, holders, customers and benefits: what staff call beside `server_stub.api.admin_api`.

Law: thin, one transaction each; what moves money or creates a right asks for `TheOnce`.

Source: docs/central.md, "API".
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, PathParameter
from sqlalchemy import Connection

from scanner.core.units import Instant
from server_stub.api.benefit_forms import ActiveForm, EntitlementForm, SegmentForm, ShopForm
from server_stub.api.forms import PaidBy, SaleForm, Strict, parse_wall
from server_stub.api.idempotency import act_once
from server_stub.api.injected import TheCentral, TheOnce
from server_stub.api.paging import NUMBER_MOST
from server_stub.api.staff_api import Done
from server_stub.rules.orders import OrderState
from server_stub.selling import (
    benefits,
    carts,
    checkout,
    customers,
    event_attributes,
    orders,
    shops,
)
from server_stub.site import load_site
from server_stub.store import tag_rows

EventNumber = Annotated[int, PathParameter(ge=1, le=NUMBER_MOST)]


class OrderForm(Strict, frozen=True):
    """A draft for a customer; without an e-mail address a nameless one."""

    email: str | None = None


class PayForm(Strict, frozen=True):
    """How the money came."""

    paid_by: PaidBy


class RefundForm(Strict, frozen=True):
    """One ticket of an order; null = all of it."""

    ticket_id: str | None = None


class HolderForm(Strict, frozen=True):
    """A holder's name."""

    holder: str


class PinForm(Strict, frozen=True):
    """A tag that staff give a customer, until a local time (``2026-12-31T20:00``) or for ever."""

    email: str
    tag: str
    expires_at: str | None = None


class AttributeForm(Strict, frozen=True):
    """An attribute of a customer; a value of null takes it away."""

    email: str
    name: str
    value: str | None


class NamedAttributeForm(Strict, frozen=True):
    """An attribute of an event; a value of null takes it away."""

    name: str
    value: str | None


class Opened(msgspec.Struct, frozen=True):
    """A new order."""

    order_id: str


class AddedLine(msgspec.Struct, frozen=True):
    """A new ticket of a draft."""

    ticket_id: str


@post("/orders", sync_to_thread=True, summary="Open an order")
def open_order(central: TheCentral, data: JSONBody[OrderForm]) -> Opened:
    """A draft: it gives nothing."""
    with central.database.write() as connection:
        return Opened(orders.create_order(connection, data.email, central.clock.now_ms()))


@get("/orders/{order_id:str}", sync_to_thread=True, summary="An order and its price")
def show_order(central: TheCentral, order_id: FromPath[str]) -> carts.Cart:
    """Of now while it is a draft, as agreed afterwards; each line explained."""
    with central.database.write() as connection:
        return carts.show_cart(connection, order_id, central.clock.now_ms())


@post("/orders/{order_id:str}/tickets", sync_to_thread=True, summary="Add a ticket to a draft")
def add_line(central: TheCentral, order_id: FromPath[str], data: JSONBody[SaleForm]) -> AddedLine:
    """Without `email` and `code`."""
    with central.database.write() as connection:
        now = central.clock.now_ms()
        return AddedLine(checkout.add_line(connection, order_id, data, now))


@post(
    "/orders/{order_id:str}/place", sync_to_thread=True, status_code=200, summary="Place an order"
)
def place_order(central: TheCentral, order_id: FromPath[str]) -> carts.Cart:
    """Draft → pending, at the price of now."""
    with central.database.write() as connection:
        return checkout.place(connection, order_id, central.clock.now_ms())


@post(
    "/orders/{order_id:str}/agree",
    sync_to_thread=True,
    status_code=200,
    summary="Agree to the price of now",
)
def agree_order(central: TheCentral, order_id: FromPath[str]) -> carts.Cart:
    """After `price_changed`: what cannot be bought any more goes out."""
    with central.database.write() as connection:
        return carts.agree(connection, order_id, central.clock.now_ms())


@post("/orders/{order_id:str}/pay", sync_to_thread=True, status_code=200, summary="Pay an order")
def pay_order(
    central: TheCentral, once: TheOnce, order_id: FromPath[str], data: JSONBody[PayForm]
) -> checkout.Completed:
    """Pending → completed. The codes are in this answer."""
    return act_once(
        central,
        once,
        checkout.Completed,
        lambda connection: checkout.complete(connection, central, order_id, data.paid_by),
    )


@post(
    "/orders/{order_id:str}/cancel", sync_to_thread=True, status_code=200, summary="Cancel an order"
)
def cancel_order(central: TheCentral, order_id: FromPath[str]) -> Done:
    """Whatever it gave is taken back."""
    with central.database.write() as connection:
        calendar, now = load_site(connection).calendar, central.clock.now_ms()
        orders.move_order(connection, order_id, OrderState.CANCELLED, now, calendar)
    return Done()


@post(
    "/orders/{order_id:str}/refund", sync_to_thread=True, status_code=200, summary="Refund an order"
)
def refund_order(
    central: TheCentral, once: TheOnce, order_id: FromPath[str], data: JSONBody[RefundForm]
) -> Done:
    """Takes back exactly what it gave, or what one of its tickets gave."""

    def refund(connection: Connection) -> Done:
        calendar, now = load_site(connection).calendar, central.clock.now_ms()
        checkout.refund(connection, order_id, data.ticket_id, now, calendar)
        return Done()

    return act_once(central, once, Done, refund)


@post("/tickets/{ticket_id:str}/holder", sync_to_thread=True, status_code=200, summary="Name it")
def name_holder(central: TheCentral, ticket_id: FromPath[str], data: JSONBody[HolderForm]) -> Done:
    """The gate asks for no details any more."""
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        checkout.name_holder(connection, ticket_id, data.holder, calendar)
    return Done()


@post("/customers/tags", sync_to_thread=True, status_code=200, summary="Give a customer a tag")
def pin_tag(central: TheCentral, data: JSONBody[PinForm]) -> Done:
    """Beside those that come with what was bought."""
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        customer_id = customers.find_customer(connection, data.email).customer_id
        ends_at: Instant | None = None
        if data.expires_at is not None:
            ends_at = calendar.instant(parse_wall(data.expires_at, "expires_at"), second=True)
        tag_rows.pin_tag(connection, customer_id, data.tag, central.clock.now_ms(), ends_at)
    return Done()


@post("/customers/attributes", sync_to_thread=True, status_code=200, summary="Note an attribute")
def set_attribute(central: TheCentral, data: JSONBody[AttributeForm]) -> Done:
    """For conditions of segments."""
    with central.database.write() as connection:
        customer_id = customers.find_customer(connection, data.email).customer_id
        customers.set_attribute(connection, customer_id, data.name, data.value)
    return Done()


@post(
    "/events/{number:int}/attributes",
    sync_to_thread=True,
    status_code=200,
    summary="Note an attribute of an event",
)
def set_event_attribute(
    central: TheCentral, number: EventNumber, data: JSONBody[NamedAttributeForm]
) -> Done:
    """For conditions of entitlements."""
    with central.database.write() as connection:
        event_attributes.set_event_attribute(connection, number, data.name, data.value)
    return Done()


@post("/segments", sync_to_thread=True, summary="Add or change a segment")
def save_segment(central: TheCentral, data: JSONBody[SegmentForm]) -> Done:
    """Refused where it would depend on itself."""
    with central.database.write() as connection:
        benefits.save_segment(connection, data)
    return Done()


@post("/entitlements", sync_to_thread=True, summary="Add or change an entitlement")
def save_entitlement(central: TheCentral, data: JSONBody[EntitlementForm]) -> Done:
    """A condition, and what it grants."""
    with central.database.write() as connection:
        benefits.save_entitlement(connection, data)
    return Done()


@post(
    "/entitlements/{name:str}/active",
    sync_to_thread=True,
    status_code=200,
    summary="Switch an entitlement on or off",
)
def switch_entitlement(
    central: TheCentral, name: FromPath[str], data: JSONBody[ActiveForm]
) -> Done:
    """Switched off it has no effect, at once."""
    with central.database.write() as connection:
        benefits.set_active(connection, name, is_active=data.is_active)
    return Done()


@post("/shops", sync_to_thread=True, summary="Add or change a shop")
def save_shop(central: TheCentral, data: JSONBody[ShopForm]) -> shops.SavedShop:
    """With unlock `link` the link's secret is in this answer and nowhere else."""
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        return shops.save_shop(connection, central.secrets, data, calendar)


ROUTES: list[HTTPRouteHandler] = [
    open_order,
    show_order,
    add_line,
    place_order,
    agree_order,
    pay_order,
    cancel_order,
    refund_order,
    name_holder,
    pin_tag,
    set_attribute,
    set_event_attribute,
    save_segment,
    save_entitlement,
    switch_entitlement,
    save_shop,
]
