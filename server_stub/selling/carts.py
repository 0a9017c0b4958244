"""Carts and their prices: a cart is an order that is still a draft; its price is a function of now.

Law: each function is part of its caller's transaction. A draft is priced whenever it is looked at; placing it keeps the
quote that the customer was shown; at payment it is priced again with the customer, shop and entitlements of that
instant (`server_stub.rules.pricing`), and where a benefit or a line was lost nothing is charged.

Source: docs/membership-rules.md, "Prices"; docs/central.md, "Benefits".
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, select, update

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.faults import FieldError
from server_stub.rules.entitlements import Entitlement, Purchase, applying
from server_stub.rules.orders import OrderState
from server_stub.rules.pricing import CartLine, Quote, Repriced, quote, reprice
from server_stub.rules.refusals import MEANINGS, Refusal
from server_stub.selling.benefits import load_entitlements, load_segments
from server_stub.selling.customers import load_customer
from server_stub.selling.event_attributes import load_attributes_in_order
from server_stub.selling.order_charges import require_answered
from server_stub.selling.orders import find_order, unknown_order, wrong_state
from server_stub.selling.shops import refusal_of
from server_stub.site import load_currency
from server_stub.store.benefit_tables import shop_type
from server_stub.store.seat_rows import forget_lines
from server_stub.store.tables import customer, customer_order, ticket, ticket_type


class Taken(msgspec.Struct, frozen=True):
    """An amount off a line, and the entitlement it comes from."""

    entitlement: str
    kind: str
    amount_minor: int


class CartRow(msgspec.Struct, frozen=True):
    """One ticket of a cart explained: price + fee − what is off = total."""

    ticket_id: str
    type: str
    price_minor: int
    fee_minor: int
    off: list[Taken]
    total_minor: int


class Cart(msgspec.Struct, frozen=True):
    """A priced order. ``discount_minor`` and ``fee_minor``: of all lines; fees that are waived are not in it."""

    order_id: str
    state: OrderState
    currency: str
    lines: list[CartRow]
    discount_minor: int
    fee_minor: int
    total_minor: int


def show_cart(connection: Connection, order_id: str, now: Instant) -> Cart:
    """An order and its price: of now while it is a draft, as agreed afterwards.

    Raises:
        InputError: ``order_unknown``.
    """
    order = find_order(connection, order_id)
    lines = _lines(connection, order_id)
    if order.agreed is not None:
        return _cart(connection, order, lines, _agreed(order))
    if order.state != OrderState.DRAFT:
        return _cart(connection, order, lines, quote(lines, ()))
    return _cart(connection, order, lines, quote(lines, _applying(connection, order, lines, now)))


def agree(connection: Connection, order_id: str, now: Instant) -> Cart:
    """Keeps the price of now as the one the customer agrees to; what cannot be bought any more goes out of the cart.

    Raises:
        InputError: ``order_unknown``, ``order_state``, ``cart_empty``, ``payment_unanswered``.
    """
    order = find_order(connection, order_id)
    require_answered(connection, order_id)
    if order.state not in {OrderState.DRAFT, OrderState.PENDING}:
        raise wrong_state(order, "and its price is settled")
    for line_id in _refused(connection, order, _lines(connection, order_id), now):
        forget_lines(connection, [line_id])
        connection.execute(delete(ticket).where(ticket.c.ticket_id == line_id))
    lines = _lines(connection, order_id)
    if not lines:
        raise InputError(
            "cart_empty", f"order {order_id!r} has nothing in it; nothing changed", "add a ticket"
        )
    fresh = quote(lines, _applying(connection, order, lines, now))
    connection.execute(
        update(customer_order)
        .where(customer_order.c.order_id == order_id)
        .values(agreed=msgspec.json.encode(fresh).decode())
    )
    return _cart(connection, order, lines, fresh)


def settle(connection: Connection, order_id: str, now: Instant) -> Quote:
    """What is to be charged now for an order that was placed.

    Raises:
        InputError: ``order_unknown``, ``order_state``, ``price_changed``; nothing may be charged.
    """
    order = find_order(connection, order_id)
    if order.agreed is None:
        raise wrong_state(order, "and its price was never agreed")
    lines = _lines(connection, order_id)
    again = reprice(
        _agreed(order),
        lines,
        _applying(connection, order, lines, now),
        _refused(connection, order, lines, now),
    )
    if again.refusal is not None:
        raise _price_changed(_agreed(order), again, load_currency(connection))
    return again.fresh


def load_agreed(connection: Connection, order_id: str) -> Quote:
    """What was agreed for an order that was placed.

    Raises:
        InputError: ``order_unknown``, ``order_state``.
    """
    order = find_order(connection, order_id)
    if order.agreed is None:
        raise wrong_state(order, "and its price was never agreed")
    return _agreed(order)


def require_own(connection: Connection, order_id: str, customer_id: str | None) -> None:
    """Refuses a visitor an order of somebody else, and one that was not made in a shop, as if it did not exist.

    Raises:
        InputError: ``order_unknown``.
    """
    order = find_order(connection, order_id)
    email = connection.execute(
        select(customer.c.email).where(customer.c.customer_id == order.customer_id)
    ).scalar_one()
    is_own = order.customer_id == customer_id or (email is None and customer_id is None)
    if order.shop is None or not is_own:
        raise unknown_order(order_id)


def require_draft(connection: Connection, order_id: str) -> Row[Any]:
    """Raises `InputError` ``order_unknown``, ``order_state``."""
    order = find_order(connection, order_id)
    if order.state != OrderState.DRAFT:
        raise wrong_state(order, "and no draft")
    return order


def require_sold_in(connection: Connection, order: Row[Any], type_no: int) -> None:
    """Raises `InputError` ``not_in_shop`` when the shop of an order does not sell a ticket type."""
    if order.shop is None:
        return
    if type_no not in _sold_in(connection, order.shop):
        raise FieldError(
            "not_in_shop",
            "this shop does not sell that; nothing was changed",
            "see the shop's list of types",
            field="type",
        )


def _price_changed(agreed: Quote, again: Repriced, currency: str) -> InputError:
    lost = [*sorted(again.lost_benefits), *(MEANINGS[one] for one in again.lost_lines.values())]
    return InputError(
        "price_changed",
        f"agreed {agreed.total_minor}, now {again.fresh.total_minor} minor units of {currency}"
        f" (no longer: {', '.join(lost) or 'the old price'}); nothing was charged",
        "look at the order again and agree to its new price",
    )


def _lines(connection: Connection, order_id: str) -> tuple[CartLine, ...]:
    rows = connection.execute(
        select(
            ticket.c.ticket_id,
            ticket_type.c.name,
            ticket_type.c.price_minor,
            ticket_type.c.fee_minor,
        )
        .join(ticket_type, ticket_type.c.type_no == ticket.c.type_no)
        .where(ticket.c.order_id == order_id)
        .order_by(ticket.c.sold_at, ticket.c.ticket_id)
    )
    return tuple(
        CartLine(
            line_id=row.ticket_id,
            product=row.name,
            unit_minor=row.price_minor,
            fee_minor=row.fee_minor,
        )
        for row in rows
    )


def _applying(
    connection: Connection, order: Row[Any], lines: tuple[CartLine, ...], now: Instant
) -> tuple[Entitlement, ...]:
    purchase = Purchase(
        customer=load_customer(connection, order.customer_id, now),
        now=now,
        segments=load_segments(connection),
        products=Counter(line.product for line in lines),
        channel=order.channel,
        event_attributes=load_attributes_in_order(connection, order.order_id),
    )
    return applying(load_entitlements(connection), purchase)


def _refused(
    connection: Connection, order: Row[Any], lines: tuple[CartLine, ...], now: Instant
) -> dict[str, Refusal]:
    """Lines that the customer may not buy now: the shop is closed to them, or sells this no more."""
    if order.shop is None:
        return {}
    customer = load_customer(connection, order.customer_id, now)
    refusal = refusal_of(connection, order.shop, customer, order.shown_hmac, now)
    if refusal is not None:
        return {line.line_id: refusal for line in lines}
    sold = {
        name
        for (name,) in connection.execute(
            select(ticket_type.c.name).where(
                ticket_type.c.type_no.in_(_sold_in(connection, order.shop))
            )
        )
    }
    return {line.line_id: Refusal.SHOP_CLOSED for line in lines if line.product not in sold}


def _sold_in(connection: Connection, shop: str) -> list[int]:
    return list(
        connection.execute(select(shop_type.c.type_no).where(shop_type.c.shop == shop)).scalars()
    )


def _agreed(order: Row[Any]) -> Quote:
    return msgspec.json.decode(order.agreed, type=Quote)


def _cart(connection: Connection, order: Row[Any], lines: tuple[CartLine, ...], at: Quote) -> Cart:
    names = {line.line_id: line.product for line in lines}
    return Cart(
        order_id=order.order_id,
        state=OrderState(order.state),
        currency=load_currency(connection),
        lines=[
            CartRow(
                ticket_id=line.line_id,
                type=names.get(line.line_id, ""),
                price_minor=line.gross_minor,
                fee_minor=line.fee_minor,
                off=[Taken(d.entitlement_id, d.kind, d.amount_minor) for d in line.deductions],
                total_minor=line.total_minor,
            )
            for line in at.lines
        ],
        discount_minor=at.discount_minor,
        fee_minor=at.fee_minor,
        total_minor=at.total_minor,
    )
