"""`portillon-central sell | ticket | code | revoke`.

Source: docs/central.md, "Selling".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanner.core.errors import InputError
from scanner.core.reasons import DENY_REASONS, Reason
from server_stub.api.form_reading import parse_form
from server_stub.api.forms import DenyForm, SaleForm
from server_stub.central import Central
from server_stub.commands.pictures import draw, picture_options
from server_stub.commands.terminal import answer, answer_list, central_command, given_fields
from server_stub.rules.orders import OrderState
from server_stub.selling import checkout, codes, orders
from server_stub.selling.amounts import format_minor
from server_stub.selling.sales import sell as sell_one
from server_stub.site import load_currency, load_site


@click.command()
@click.option("--type", "type", required=True, help="The ticket type.")
@click.option("--email", help="The customer; none = a nameless one.")
@click.option("--kind", help="signed (default) or opaque.")
@click.option("--code", help="The number already printed on a card (makes it opaque).")
@click.option("--symbology", help="Of an EAN/UPC card: ean13, ean8, upca ...")
@click.option("--holder", help="A name, where the type asks for one. It stays here.")
@click.option("--seat", help="Of a season's map, where the type is one of a season.")
@click.option("--event", type=int, help="The match that a ticket for one match is for.")
@click.option("--starts-on", help="First business day, if it is not today: 2026-05-01.")
@click.option("--flag", "flags", multiple=True, help="concession, id_check or highlight.")
@click.option("--renews", help="A ticket whose code opens under this one too.")
@click.option("--by", "paid_by", help="How it is paid: cash (default) or transfer.")
@picture_options
@central_command
def sell(
    central: Central, png: Path | None, svg: Path | None, *, as_json: bool, **fields: Any
) -> None:
    """Sell a ticket and hand out its code, which is shown this once."""
    raw = given_fields(fields)
    if "code" in raw:
        raw.setdefault("kind", "opaque")
    sold = sell_one(central, parse_form(SaleForm, raw))
    with central.database.read() as connection:
        price = format_minor(sold.total_minor, load_currency(connection))
    answer(
        sold,
        f"✔ sold ticket {sold.ticket_id} for {price}, credential {sold.credential_no}\n{sold.payload}",
        as_json=as_json,
    )
    draw([sold.payload], png, svg)


@click.group()
def ticket() -> None:
    """What was sold."""


@ticket.command("list")
@central_command
def list_tickets(central: Central, *, as_json: bool) -> None:
    """List the newest tickets."""
    answer_list(central, "tickets", as_json=as_json)


@ticket.command("deny")
@click.argument("ticket_id")
@click.option("--reason", required=True, type=click.Choice([one.value for one in DENY_REASONS]))
@central_command
def deny(central: Central, ticket_id: str, reason: str, *, as_json: bool) -> None:
    """Refuse a ticket at every gate until it is allowed again."""
    form = parse_form(DenyForm, {"reason": reason})
    _deny(central, ticket_id, form.reason)
    answer({"done": True}, f"✔ ticket {ticket_id} is refused: {reason}", as_json=as_json)


@ticket.command("allow")
@click.argument("ticket_id")
@central_command
def allow(central: Central, ticket_id: str, *, as_json: bool) -> None:
    """Take a denial back."""
    _deny(central, ticket_id, None)
    answer({"done": True}, f"✔ ticket {ticket_id} is allowed", as_json=as_json)


def _deny(central: Central, ticket_id: str, reason: Reason | None) -> None:
    with central.database.write() as connection:
        orders.deny_ticket(connection, ticket_id, reason, load_site(connection).calendar)


@ticket.command("refund")
@click.argument("order_id")
@central_command
def refund(central: Central, order_id: str, *, as_json: bool) -> None:
    """Refund an order: its tickets are refused as CANCELLED."""
    with central.database.write() as connection:
        calendar, now = load_site(connection).calendar, central.clock.now_ms()
        orders.move_order(connection, order_id, OrderState.REFUNDED, now, calendar)
    answer({"done": True}, f"✔ order {order_id} is refunded", as_json=as_json)


@ticket.command("name")
@click.argument("ticket_id")
@click.argument("holder")
@central_command
def name(central: Central, ticket_id: str, holder: str, *, as_json: bool) -> None:
    """Name the holder: the gate asks for no details any more."""
    with central.database.write() as connection:
        checkout.name_holder(connection, ticket_id, holder, load_site(connection).calendar)
    answer({"done": True}, f"✔ ticket {ticket_id} has a holder", as_json=as_json)


@click.group()
def code() -> None:
    """Credentials in people's hands."""


@code.command("show")
@click.argument("credential_no", type=int)
@picture_options
@central_command
def show(
    central: Central, credential_no: int, png: Path | None, svg: Path | None, *, as_json: bool
) -> None:
    """Show a code once more, to print it again."""
    with central.database.read() as connection:
        found = codes.show_code(connection, central.secrets, credential_no)
    answer(found, found.payload, as_json=as_json)
    draw([found.payload], png, svg)


@code.command("replace")
@click.argument("credential_no", type=int)
@click.option("--code", "new_code", help="The number on the new card.")
@picture_options
@central_command
def replace(
    central: Central,
    credential_no: int,
    new_code: str | None,
    png: Path | None,
    svg: Path | None,
    *,
    as_json: bool,
) -> None:
    """Replace a lost card: same right, same counts, the old one is revoked."""
    with central.database.write() as connection:
        now = central.clock.now_ms()
        made = codes.replace_code(connection, central.secrets, credential_no, now, new_code)
    answer(
        made,
        f"✔ credential {made.credential_no} replaces {credential_no}\n{made.payload}",
        as_json=as_json,
    )
    draw([made.payload], png, svg)


@click.command()
@click.argument("credential_no", type=int, required=False)
@click.option("--ticket", "ticket_id", help="Every code of this ticket.")
@click.option("--code", "payload", help="The code itself, as a scanner reads it.")
@central_command
def revoke(
    central: Central,
    credential_no: int | None,
    ticket_id: str | None,
    payload: str | None,
    *,
    as_json: bool,
) -> None:
    """Make a code worthless at every gate, for ever."""
    with central.database.write() as connection:
        if ticket_id is not None:
            numbers = codes.find_by_ticket(connection, ticket_id)
        elif payload is not None:
            numbers = [codes.find_by_payload(connection, central.secrets, payload)]
        elif credential_no is not None:
            numbers = [credential_no]
        else:
            raise InputError(
                "nothing_named", "nothing to revoke was named", "give a number, --ticket or --code"
            )
        for number in numbers:
            codes.revoke_code(connection, number, central.clock.now_ms())
    named = ", ".join(map(str, numbers)) or "none was active"
    answer({"revoked": numbers}, f"✔ revoked: {named}", as_json=as_json)
