"""`portillon-central season`.

Source: docs/model-c.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanner.core.errors import InputError
from server_stub.api.form_reading import parse_form
from server_stub.api.season_forms import MatchForm, SeasonForm, TimesForm
from server_stub.central import Central
from server_stub.commands.terminal import (
    answer,
    answer_list,
    answer_records,
    central_command,
    mistakes_told,
    progress,
)
from server_stub.seating import seasons
from server_stub.seating.season_listings import seats_of
from server_stub.seating.seat_map import import_map
from server_stub.selling.amounts import parse_minor
from server_stub.site import load_currency, load_site


@click.group()
def season() -> None:
    """Seasons: matches sold together, with seats."""


@season.command("add")
@click.argument("name")
@click.option("--from", "first_day", required=True, help="Its first day: 2026-08-01.")
@click.option("--until", "last_day", required=True, help="Its last day: 2027-05-31.")
@click.option("--price", default="0", help="A card for all its matches: 250.00.")
@click.option("--match-price", default="0", help="A ticket for one match: 20.00.")
@click.option("--zone", "zones", multiple=True, help="Where it admits; none = everywhere.")
@click.option("--follows", help="The season whose holders may renew into this one.")
@click.option("--cut-off-hours", type=int, help="No transfer so long before a match (default 3).")
@click.option("--retransfer", is_flag=True, help="What was received may be passed on.")
@click.option("--tag", "tags", multiple=True, help="Pinned on who buys a card.")
@central_command
def add(
    central: Central,
    price: str,
    match_price: str,
    tags: tuple[str, ...],
    *,
    retransfer: bool,
    as_json: bool,
    **fields: Any,
) -> None:
    """Add a season, with its card and its ticket for one match."""
    raw = {n: list(v) if isinstance(v, tuple) else v for n, v in fields.items() if v is not None}
    raw |= {"allows_retransfer": retransfer, "tags": [{"tag": tag} for tag in tags]}
    with central.database.write() as connection:
        for field, amount in (("price_minor", price), ("match_price_minor", match_price)):
            raw[field] = parse_minor(amount, load_currency(connection))
        form = parse_form(SeasonForm, raw)
        now, calendar = central.clock.now_ms(), load_site(connection).calendar
        number = seasons.add_season(connection, form, now, calendar)
    answer({"number": number}, f"✔ season {form.name!r} is number {number}", as_json=as_json)


@season.command("list")
@central_command
def list_seasons(central: Central, *, as_json: bool) -> None:
    """List the seasons."""
    answer_list(central, "seasons", as_json=as_json)


@season.command("show")
@click.argument("name")
@central_command
def show(central: Central, name: str, *, as_json: bool) -> None:
    """Show a season's seats, and who has them."""
    with central.database.read() as connection:
        number = seasons.find_season(connection, name).season_no
    answer_records(central, seats_of(number), "seats", as_json=as_json)


@season.command("map")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@central_command
def map_seats(central: Central, name: str, file: Path, *, as_json: bool) -> None:
    """Import a seat map (CSV or JSON): all of it, or nothing and every mistake with its line."""
    text = _read(file)
    with (
        mistakes_told(as_json=as_json),
        progress("seats", is_quiet=as_json) as watch,
        central.database.write() as connection,
    ):
        done = import_map(connection, name, text, central.clock.now_ms(), watch)
    said = f"✔ {done.seats} seats: {done.added} new, {done.back} back, {done.removed} gone"
    answer(done, said, as_json=as_json)


def _times(function: Any) -> Any:
    for option in (
        click.option("--doors-until", help="Default: when it ends."),
        click.option("--doors-from", help="Default: an hour before it starts."),
        click.option("--ends-at", required=True),
        click.option("--starts-at", required=True, help="Local time: 2026-09-05T20:00."),
    ):
        function = option(function)
    return function


@season.command("match")
@click.argument("name")
@click.argument("match")
@_times
@central_command
def add_match(central: Central, name: str, match: str, *, as_json: bool, **times: Any) -> None:
    """Add a match to a season, for all its holders."""
    form = parse_form(MatchForm, {"name": match} | _given(times))
    with central.database.write() as connection:
        number = seasons.add_match(connection, central, name, form)
    answer({"number": number}, f"✔ match {match!r} is event {number}", as_json=as_json)


@season.command("move")
@click.argument("event", type=int)
@_times
@central_command
def move(central: Central, event: int, *, as_json: bool, **times: Any) -> None:
    """Move a match to another time: no card needs a new code."""
    form = parse_form(TimesForm, _given(times))
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        seasons.move_match(connection, event, form, central.clock.now_ms(), calendar)
    answer({"done": True}, f"✔ event {event} is moved", as_json=as_json)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "season_file_unreadable",
            f"{str(file)!r} cannot be read as UTF-8 text: {error}; nothing was imported",
            "save the table as CSV, UTF-8",
        ) from error
