"""`portillon-central seat`.

Source: docs/model-c.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from scanner.core.units import Instant
from server_stub.api.form_reading import parse_form
from server_stub.api.forms import PaidBy
from server_stub.api.season_forms import ChangeSeatForm, OfferForm, SeatForm, UpgradeSeatForm
from server_stub.central import Central
from server_stub.commands.pictures import draw, png_option
from server_stub.commands.terminal import answer, answer_list, central_command, given_fields
from server_stub.seating import seasons, seat_transfers
from server_stub.seating.seat_rights import Kept
from server_stub.seating.seat_sale import SeatSaleForm, sell_seat
from server_stub.seating.seat_upgrades import undo_upgrade, upgrade_seat
from server_stub.selling.amounts import format_minor, parse_minor
from server_stub.selling.checkout import Completed, Issued
from server_stub.site import load_currency

Change = Callable[[Connection, int, str, Instant], Kept]


@click.group()
def seat() -> None:
    """Seats: sell one, hand one match of it on."""


@seat.command("sell")
@click.argument("season")
@click.argument("seat")
@click.option("--email", help="The customer; none = a nameless one.")
@click.option("--event", type=int, help="One match, by its number; none = the whole season.")
@click.option("--per-event", is_flag=True, help="The season as one ticket a match, no card.")
@click.option("--code", help="The number already printed on a card.")
@click.option("--symbology", help="Of an EAN/UPC card: ean13, ean8, upca ...")
@click.option("--holder", help="A name. It stays here.")
@click.option("--flag", "flags", multiple=True, help="concession, id_check or highlight.")
@click.option(
    "--by",
    "paid_by",
    type=click.Choice([one.value for one in PaidBy]),
    help="How it is paid: cash (default), transfer, nothing.",
)
@png_option
@central_command
def sell(central: Central, png: Path | None, *, as_json: bool, **fields: Any) -> None:
    """Sell a seat for a season, or for one match. It is sold once."""
    raw = given_fields(fields)
    with central.database.write() as connection:
        done = sell_seat(connection, central, parse_form(SeatSaleForm, raw))
        total = format_minor(done.total_minor, load_currency(connection))
    answer(done, _sentence(done, total), as_json=as_json)
    draw([one.code.payload for one in done.tickets], png)


@seat.command("list")
@central_command
def list_seats(central: Central, *, as_json: bool) -> None:
    """List who has which seat at which match."""
    answer_list(central, "match_seats", as_json=as_json)


@seat.command("card")
@click.argument("season")
@click.argument("seat")
@click.option("--card", required=True, help="The number of a test card.")
@central_command
def card(central: Central, season: str, seat: str, card: str, *, as_json: bool) -> None:
    """Note the card that a seat's renewal is charged to."""
    with central.database.write() as connection:
        seasons.set_card(connection, season, seat, card)
    answer({"done": True}, f"✔ the renewal of {seat} is charged to this card", as_json=as_json)


@seat.command("offer")
@click.argument("event", type=int)
@click.argument("seat")
@click.option("--to", "email", required=True, help="The e-mail address of who may have it.")
@central_command
def offer(central: Central, *, as_json: bool, **fields: Any) -> None:
    """Offer one match to somebody. Until they accept, the card admits."""
    form = parse_form(OfferForm, fields)
    with central.database.write() as connection:
        now = central.clock.now_ms()
        kept = seat_transfers.offer(connection, form.event, form.seat, form.email, now)
    _answer_kept(kept, as_json=as_json)


@seat.command("accept")
@click.argument("event", type=int)
@click.argument("seat")
@png_option
@central_command
def accept(central: Central, event: int, seat: str, png: Path | None, *, as_json: bool) -> None:
    """Accept an offer: a ticket for whom it was offered to; the card is refused there."""
    form = parse_form(SeatForm, {"event": event, "seat": seat})
    with central.database.write() as connection:
        issued: Issued = seat_transfers.accept(connection, central, form.event, form.seat)
    text = f"✔ ticket {issued.ticket_id}, credential {issued.code.credential_no}"
    answer(issued, f"{text}\n{issued.code.payload}", as_json=as_json)
    draw([issued.code.payload], png)


@seat.command("change")
@click.argument("event", type=int)
@click.argument("seat")
@click.option("--to", "to_seat", required=True, help="The other seat.")
@central_command
def change(central: Central, *, as_json: bool, **fields: Any) -> None:
    """Sit somewhere else at one match; the old seat is for sale there."""
    form = parse_form(ChangeSeatForm, fields)
    with central.database.write() as connection:
        now = central.clock.now_ms()
        kept = seat_transfers.change_seat(connection, form.event, form.seat, form.to_seat, now)
    _answer_kept(kept, as_json=as_json)


@seat.command("upgrade")
@click.argument("event", type=int)
@click.argument("seat")
@click.option("--price", help="The difference to the full price: 5.00.")
@click.option("--undo", is_flag=True, help="Take it back; says what money to give back.")
@click.option(
    "--by",
    "paid_by",
    type=click.Choice([one.value for one in PaidBy]),
    default=PaidBy.CASH.value,
    help="How it is paid: cash (default), transfer, nothing.",
)
@central_command
def upgrade(
    central: Central, price: str | None, *, undo: bool, as_json: bool, **fields: Any
) -> None:
    """Pay up a concession for one match: there the gate asks for no proof any more."""
    if undo:
        _undo_upgrade(central, fields["event"], fields["seat"], as_json=as_json)
        return
    if price is None:
        raise click.UsageError("say the difference with --price, or --undo to take it back")
    with central.database.write() as connection:
        minor = parse_minor(price, load_currency(connection))
        form = parse_form(UpgradeSeatForm, {**fields, "price_minor": minor})
        kept = upgrade_seat(connection, form, central.clock.now_ms())
    _answer_kept(kept, as_json=as_json)


def _undo_upgrade(central: Central, event: int, seat: str, *, as_json: bool) -> None:
    form = parse_form(SeatForm, {"event": event, "seat": seat})
    with central.database.write() as connection:
        done = undo_upgrade(connection, form.event, form.seat, central.clock.now_ms())
    money = format_minor(done.refund_minor, done.currency)
    text = f"✔ seat {done.seat} at event {done.event} is a concession again; give back {money}"
    answer(done, text, as_json=as_json)


@seat.command("upgrades")
@central_command
def list_upgrades(central: Central, *, as_json: bool) -> None:
    """List what was paid for concessions at single matches."""
    answer_list(central, "upgrades", as_json=as_json)


@seat.command("credits")
@central_command
def list_credits(central: Central, *, as_json: bool) -> None:
    """List what holders are to be given for matches that were sold for them."""
    answer_list(central, "credits", as_json=as_json)


@seat.command("waiting")
@central_command
def list_waiting(central: Central, *, as_json: bool) -> None:
    """List who would like a seat that somebody else has."""
    answer_list(central, "waiting", as_json=as_json)


def _add_change(name: str, act: Change, text: str) -> None:
    @seat.command(name)
    @click.argument("event", type=int)
    @click.argument("seat")
    @central_command
    def change_(central: Central, *, as_json: bool, **fields: Any) -> None:
        form = parse_form(SeatForm, fields)
        with central.database.write() as connection:
            kept = act(connection, form.event, form.seat, central.clock.now_ms())
        _answer_kept(kept, as_json=as_json)

    change_.help = text


for _name, _act, _text in (
    ("reject", seat_transfers.reject, "Refuse an offer: the card admits as before."),
    ("recall", seat_transfers.recall, "Take one match back from whom it was given to."),
    ("release", seat_transfers.release, "Give one match to public sale: the card is refused."),
    ("take-back", seat_transfers.take_back, "Take one match off public sale."),
):
    _add_change(_name, _act, _text)


def _sentence(done: Completed, total: str) -> str:
    lines = [f"✔ order {done.order_id}, {total}"]
    for one in done.tickets:
        lines += [f"ticket {one.ticket_id}, credential {one.code.credential_no}", one.code.payload]
    return "\n".join(lines)


def _answer_kept(kept: Kept, *, as_json: bool) -> None:
    state = kept.right.state.value
    record = {
        "event": kept.right.event_no,
        "seat": kept.seat,
        "state": state,
        "ticket_id": kept.ticket_id,
    }
    answer(record, f"✔ seat {kept.seat} at event {kept.right.event_no}: {state}", as_json=as_json)
