"""`portillon-central order | customer | segment | entitlement | shop`.

Source: docs/central.md, "Selling", "Benefits".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from server_stub.api.benefit_forms import EntitlementForm, SegmentForm, ShopForm
from server_stub.api.form_reading import parse_form
from server_stub.api.forms import PaidBy, SaleForm, parse_name, parse_wall
from server_stub.central import Central
from server_stub.commands.terminal import (
    answer,
    answer_list,
    central_command,
    given_fields,
    table,
)
from server_stub.rules.orders import OrderState
from server_stub.selling import benefits, card_checkout, carts, checkout, customers, orders, shops
from server_stub.selling.amounts import format_minor, parse_minor, parse_percent
from server_stub.site import load_currency, load_site
from server_stub.store import tag_rows
from server_stub.subscribing.billing_run import build_providers


@click.group()
def order() -> None:
    """Orders: draft, pending, completed, refunded or cancelled."""


@order.command("open")
@click.option("--email", help="The customer; none = a nameless one.")
@central_command
def open_order(central: Central, email: str | None, *, as_json: bool) -> None:
    """Open a draft."""
    with central.database.write() as connection:
        order_id = orders.create_order(connection, email, central.clock.now_ms())
    answer({"order_id": order_id}, f"✔ order {order_id} is open", as_json=as_json)


@order.command("add")
@click.argument("order_id")
@click.option("--type", "type", required=True, help="The ticket type.")
@click.option("--kind", help="signed (default) or opaque.")
@click.option("--holder", help="A name, where the type asks for one.")
@click.option("--seat", help="Of a season's map, where the type is one of a season.")
@click.option("--event", type=int, help="The match that a ticket for one match is for.")
@click.option("--per-event", is_flag=True, help="A season as one ticket a match, no card.")
@click.option("--renews", help="A ticket whose code opens under this one too.")
@central_command
def add_line(central: Central, order_id: str, *, as_json: bool, **fields: Any) -> None:
    """Put a ticket into a draft."""
    form = parse_form(SaleForm, given_fields(fields))
    with central.database.write() as connection:
        ticket_id = checkout.add_line(connection, order_id, form, central.clock.now_ms())
    answer({"ticket_id": ticket_id}, f"✔ ticket {ticket_id} is in the order", as_json=as_json)


@order.command("show")
@click.argument("order_id")
@central_command
def show_order(central: Central, order_id: str, *, as_json: bool) -> None:
    """Show an order and its price, each line explained."""
    with central.database.write() as connection:
        cart = carts.show_cart(connection, order_id, central.clock.now_ms())
    _answer_cart(cart, as_json=as_json)


@order.command("place")
@click.argument("order_id")
@central_command
def place_order(central: Central, order_id: str, *, as_json: bool) -> None:
    """Place an order at the price of now."""
    with central.database.write() as connection:
        cart = checkout.place(connection, order_id, central.clock.now_ms())
    _answer_cart(cart, as_json=as_json)


@order.command("agree")
@click.argument("order_id")
@central_command
def agree_order(central: Central, order_id: str, *, as_json: bool) -> None:
    """Agree to the price of now, after it changed."""
    with central.database.write() as connection:
        cart = carts.agree(connection, order_id, central.clock.now_ms())
    _answer_cart(cart, as_json=as_json)


@order.command("pay")
@click.argument("order_id")
@click.option("--by", "paid_by", default="cash", show_default=True, help="cash or transfer.")
@central_command
def pay_order(central: Central, order_id: str, paid_by: str, *, as_json: bool) -> None:
    """Take the money: rights, tags and codes exist from now on."""
    form = parse_form(SaleForm, {"type": "-", "paid_by": paid_by})
    with central.database.write() as connection:
        done = checkout.complete(connection, central, order_id, PaidBy(form.paid_by))
        currency = load_currency(connection)
    total = format_minor(done.total_minor, currency)
    lines = [f"✔ order {order_id} is completed, {total}"]
    lines += [f"{one.ticket_id} {one.code.payload}" for one in done.tickets]
    answer(done, "\n".join(lines), as_json=as_json)


@order.command("settle")
@click.argument("order_id")
@central_command
def settle_order(central: Central, order_id: str, *, as_json: bool) -> None:
    """Ask for the answer of a card that is missing."""
    paid = card_checkout.settle_order(central, build_providers(central), order_id)
    said = "no answer is missing" if paid.answer is None else f"the card says {paid.answer.value}"
    answer(paid, f"✔ order {order_id} is {paid.state.value} ({said})", as_json=as_json)


@order.command("cancel")
@click.argument("order_id")
@central_command
def cancel_order(central: Central, order_id: str, *, as_json: bool) -> None:
    """Cancel an order: what it gave is taken back."""
    with central.database.write() as connection:
        calendar, now = load_site(connection).calendar, central.clock.now_ms()
        orders.move_order(connection, order_id, OrderState.CANCELLED, now, calendar)
    answer({"done": True}, f"✔ order {order_id} is cancelled", as_json=as_json)


@order.command("refund")
@click.argument("order_id")
@click.option("--ticket", "ticket_id", help="Only this one of its tickets.")
@central_command
def refund_order(central: Central, order_id: str, ticket_id: str | None, *, as_json: bool) -> None:
    """Refund an order, or one of its tickets."""
    with central.database.write() as connection:
        calendar, now = load_site(connection).calendar, central.clock.now_ms()
        checkout.refund(connection, order_id, ticket_id, now, calendar)
    answer({"done": True}, f"✔ {ticket_id or f'order {order_id}'} is refunded", as_json=as_json)


@order.command("list")
@central_command
def list_orders(central: Central, *, as_json: bool) -> None:
    """List the newest orders."""
    answer_list(central, "orders", as_json=as_json)


@click.group()
def customer() -> None:
    """Customers with their tags and attributes."""


@customer.command("list")
@central_command
def list_customers(central: Central, *, as_json: bool) -> None:
    """List the newest customers."""
    answer_list(central, "customers", as_json=as_json)


@customer.command("tags")
@central_command
def list_tags(central: Central, *, as_json: bool) -> None:
    """List who has which tag, from where, until when; expired ones too."""
    answer_list(central, "tags", as_json=as_json)


@customer.command("tag")
@click.argument("email")
@click.argument("tag")
@click.option("--until", help="Local time: 2026-12-31T20:00; none = for ever.")
@click.option("--remove", is_flag=True, help="Take back what staff gave.")
@central_command
def pin_tag(
    central: Central, email: str, tag: str, until: str | None, *, remove: bool, as_json: bool
) -> None:
    """Give a customer a tag, or take it back."""
    with central.database.write() as connection:
        customer_id = customers.find_customer(connection, email).customer_id
        if remove:
            tag_rows.unpin_tag(connection, customer_id, tag)
        else:
            calendar = load_site(connection).calendar
            ends_at = (
                None if until is None else calendar.instant(parse_wall(until, "until"), second=True)
            )
            tag_rows.pin_tag(connection, customer_id, tag, central.clock.now_ms(), ends_at)
    answer(
        {"done": True}, f"✔ tag {tag!r} is {'taken back' if remove else 'given'}", as_json=as_json
    )


@customer.command("attribute")
@click.argument("email")
@click.argument("name")
@click.argument("value", required=False)
@central_command
def set_attribute(
    central: Central, email: str, name: str, value: str | None, *, as_json: bool
) -> None:
    """Note an attribute of a customer; without a value it is taken away."""
    with central.database.write() as connection:
        customer_id = customers.find_customer(connection, email).customer_id
        customers.set_attribute(connection, customer_id, name, value)
    answer({"done": True}, f"✔ attribute {name!r} is set", as_json=as_json)


@click.group()
def segment() -> None:
    """Named live conditions over customers."""


@segment.command("set")
@click.argument("name")
@click.option("--tag", "tags", multiple=True, help="In it: who has this tag (or another).")
@click.option(
    "--condition",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON instead.",
)
@central_command
def set_segment(
    central: Central, name: str, tags: tuple[str, ...], condition: Path | None, *, as_json: bool
) -> None:
    """Add a segment, or give one another condition."""
    raw = (
        {"any": [{"tag": parse_name("tag", tag)} for tag in tags]}
        if condition is None
        else _json(condition)
    )
    form = parse_form(SegmentForm, {"name": name, "condition": raw})
    with central.database.write() as connection:
        benefits.save_segment(connection, form)
    answer({"done": True}, f"✔ segment {name!r} is set", as_json=as_json)


@segment.command("list")
@central_command
def list_segments(central: Central, *, as_json: bool) -> None:
    """List the segments."""
    answer_list(central, "segments", as_json=as_json)


@click.group()
def entitlement() -> None:
    """Benefits: a condition, and what it grants."""


@entitlement.command("set")
@click.argument("name")
@click.option("--segment", help="For who is in this segment.")
@click.option(
    "--condition",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON instead.",
)
@click.option("--percent", help="A share off every line: 10 or 12.5.")
@click.option("--max", "most", help="Together at most this: 5.00.")
@click.option("--fixed", help="An amount off the cart: 3.00.")
@click.option("--waive-fees", is_flag=True, help="No fees.")
@central_command
def set_entitlement(
    central: Central,
    name: str,
    segment: str | None,
    condition: Path | None,
    percent: str | None,
    most: str | None,
    fixed: str | None,
    *,
    waive_fees: bool,
    as_json: bool,
) -> None:
    """Add an entitlement, or replace one."""
    with central.database.write() as connection:
        currency = load_currency(connection)
        raw: dict[str, Any] = {"name": name, "waive_fees": waive_fees}
        raw["condition"] = {"segment": segment or ""} if condition is None else _json(condition)
        if percent is not None:
            raw["var_discount"] = {"share_bp": parse_percent(percent)}
            if most is not None:
                raw["var_discount"]["max_minor"] = parse_minor(most, currency)
        if fixed is not None:
            raw["fix_discount_minor"] = parse_minor(fixed, currency)
        benefits.save_entitlement(connection, parse_form(EntitlementForm, raw))
    answer({"done": True}, f"✔ entitlement {name!r} is set", as_json=as_json)


@entitlement.command("switch")
@click.argument("name")
@click.argument("state", type=click.Choice(["on", "off"]))
@central_command
def switch(central: Central, name: str, state: str, *, as_json: bool) -> None:
    """Switch an entitlement on or off."""
    with central.database.write() as connection:
        benefits.set_active(connection, name, is_active=state == "on")
    answer({"done": True}, f"✔ entitlement {name!r} is {state}", as_json=as_json)


@entitlement.command("list")
@central_command
def list_entitlements(central: Central, *, as_json: bool) -> None:
    """List the entitlements."""
    answer_list(central, "entitlements", as_json=as_json)


@click.group()
def shop() -> None:
    """Places to buy, public or secret."""


@shop.command("set")
@click.argument("name")
@click.option("--type", "types", multiple=True, help="A ticket type it sells.")
@click.option("--tag", "tags", multiple=True, help="Open to who has this tag.")
@click.option("--segment", "segments", multiple=True, help="Open to who is in this segment.")
@click.option("--code", help="Open to who types this.")
@click.option("--link", is_flag=True, help="Open to who has the link, which is made now.")
@click.option("--opens-at", help="Local time: 2026-05-01T20:00.")
@click.option("--closes-at")
@central_command
def set_shop(
    central: Central, name: str, code: str | None, *, link: bool, as_json: bool, **fields: Any
) -> None:
    """Add a shop, or replace one."""
    raw = given_fields(fields)
    if code is not None:
        raw |= {"unlock": "code", "code": code}
    elif link:
        raw["unlock"] = "link"
    form = parse_form(ShopForm, {"name": name} | raw)
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        saved = shops.save_shop(connection, central.secrets, form, calendar)
    text = f"✔ shop {name!r} is set" + (f"; its link's secret: {saved.link}" if saved.link else "")
    answer(saved, text, as_json=as_json)


@shop.command("list")
@central_command
def list_shops(central: Central, *, as_json: bool) -> None:
    """List the shops."""
    answer_list(central, "shops", as_json=as_json)


def _answer_cart(cart: carts.Cart, *, as_json: bool) -> None:
    def money(minor: int) -> str:
        return format_minor(minor, cart.currency)

    rows = [
        {
            "ticket": line.ticket_id,
            "type": line.type,
            "price": money(line.price_minor),
            "fee": money(line.fee_minor),
            "off": ", ".join(f"{money(o.amount_minor)} {o.entitlement}" for o in line.off) or None,
            "total": money(line.total_minor),
        }
        for line in cart.lines
    ]
    head = f"order {cart.order_id} is {cart.state.value}"
    answer(
        cart,
        "\n".join([head, *([table(rows)] if rows else []), f"total {money(cart.total_minor)}"]),
        as_json=as_json,
    )


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{path} is no JSON: {error}") from error
