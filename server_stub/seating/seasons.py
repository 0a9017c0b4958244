"""Seasons: a list of matches with seats, its matches, and what becomes of everybody's right when one changes.

Law: each function is part of its caller's transaction. A season brings its own scope and two ticket types, a card for
all its matches and a ticket for one, and nothing else is sold for its seats. A match that is added, moved or cancelled
is so for all holders at once: no card needs a new code, and only tickets for that match are computed anew.

Source: docs/model-c.md; docs/membership-rules.md, "Seasons and seats".
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.units import EventNo, Instant
from server_stub.api.forms import EventForm, RuleForm, TypeForm
from server_stub.api.season_forms import MatchForm, SeasonForm, TimesForm
from server_stub.central import Central
from server_stub.faults import FieldError
from server_stub.rules.season import OWNED_STATES
from server_stub.seating.given_tickets import add_matches
from server_stub.selling import catalogue
from server_stub.selling.checkout import issue_ticket
from server_stub.selling.orders import recompute_grants
from server_stub.selling.simulated_card import save_card
from server_stub.site import load_site
from server_stub.store.changes import note_rights_changed
from server_stub.store.database import inserted_no
from server_stub.store.season_tables import (
    event_scope,
    event_seat,
    season,
    season_seat,
    seat_ticket,
)
from server_stub.store.tables import event, scope_event, ticket, type_zone, zone


def add_season(
    connection: Connection, form: SeasonForm, at: Instant, calendar: SiteCalendar
) -> int:
    """A new season, with its card and its ticket for one match.

    Raises:
        InputError: ``name_taken``, ``name_bad``, ``name_unknown``, ``season_days_wrong``.
    """
    if form.first_day > form.last_day:
        raise FieldError(
            "season_days_wrong",
            f"season {form.name!r} ends on {form.last_day} before it begins on {form.first_day}",
            "write first_day <= last_day",
            field="last_day",
        )
    follows = (
        None if form.follows is None else find_season(connection, form.follows, "follows").season_no
    )
    scope_no = catalogue.add_scope(connection, form.name)
    card, match = (catalogue.add_type(connection, kind, calendar) for kind in _types(form))
    return inserted_no(
        connection.execute(
            insert(season).values(
                name=form.name.strip(),
                scope_no=scope_no,
                card_type_no=card,
                match_type_no=match,
                first_day=form.first_day.isoformat(),
                last_day=form.last_day.isoformat(),
                follows_no=follows,
                cut_off_hours=form.cut_off_hours,
                allows_retransfer=int(form.allows_retransfer),
                created_at=at,
            )
        )
    )


def find_season(connection: Connection, name: str, field: str = "season") -> Row[Any]:
    """Raises `InputError` ``name_unknown``; ``field``: where it stood in what was sent."""
    number = catalogue.find_no(connection, season, "season", name, field)
    return connection.execute(select(season).where(season.c.season_no == number)).one()


def add_match(connection: Connection, central: Central, name: str, form: MatchForm) -> EventNo:
    """A match for all holders of a season; who has one ticket a match gets one more.

    Raises:
        InputError: ``name_unknown``, ``event_times_wrong``, ``date_bad``, ``match_outside_season``,
            ``match_over``.
    """
    now, calendar = central.clock.now_ms(), load_site(connection).calendar
    row = find_season(connection, name)
    zones = connection.execute(
        select(zone.c.name)
        .join(type_zone, type_zone.c.zone_no == zone.c.zone_no)
        .where(type_zone.c.type_no == row.card_type_no)
    ).scalars()
    times = {field: getattr(form, field) for field in TimesForm.__struct_fields__}
    whole = EventForm(name=form.name, zones=list(zones), **times)
    event_no = catalogue.add_event(connection, whole, calendar)
    _require_inside(connection, event_no, row, calendar)
    _require_to_come(connection, event_no, now, "would be over already")
    own = catalogue.add_scope(connection, f"{form.name.strip()[:60]} (event {event_no})")
    connection.execute(insert(event_scope).values(event_no=event_no, scope_no=own))
    connection.execute(
        insert(scope_event),
        [{"scope_no": scope_no, "event_no": event_no} for scope_no in (own, row.scope_no)],
    )
    _give_to_holders(connection, central, row.season_no, event_no, now)
    return event_no


def move_match(
    connection: Connection, event_no: int, form: TimesForm, now: Instant, calendar: SiteCalendar
) -> None:
    """Other times for an event: cards stay as they are, tickets for this one alone are computed anew.

    Raises:
        InputError: ``event_unknown``, ``event_times_wrong``, ``date_bad``, ``match_outside_season``, ``match_over``.
    """
    if _is_of_a_season(connection, event_no):
        _require_to_come(connection, event_no, now, "is over")
    catalogue.move_event(connection, event_no, form, calendar)
    for row in connection.execute(
        select(season)
        .join(scope_event, scope_event.c.scope_no == season.c.scope_no)
        .where(scope_event.c.event_no == event_no)
    ).all():
        _require_inside(connection, event_no, row, calendar)
    if _is_of_a_season(connection, event_no):
        _require_to_come(connection, event_no, now, "would be over already")
    of_event = select(seat_ticket.c.ticket_id).where(seat_ticket.c.event_no == event_no)
    recompute_grants(connection, ticket.c.ticket_id.in_(of_event), calendar)


def set_card(connection: Connection, name: str, seat: str, number: str) -> None:
    """The card that a seat's renewal is charged to.

    Raises:
        InputError: ``name_unknown``, ``seat_unowned``, ``card_not_simulated``.
    """
    row = find_season(connection, name)
    changed = connection.execute(
        update(season_seat)
        .where(
            season_seat.c.season_no == row.season_no,
            season_seat.c.seat == seat,
            season_seat.c.state.in_(sorted(OWNED_STATES)),
        )
        .values(method=save_card(connection, number))
    )
    if not changed.rowcount:
        raise FieldError(
            "seat_unowned",
            f"nobody has seat {seat[:40]!r} of season {name!r}; no card was kept",
            "see `portillon-central season show`",
            field="seat",
        )


def _types(form: SeasonForm) -> tuple[TypeForm, TypeForm]:
    """One entry a match, with either; a card's codes carry no dates, a ticket's those of its match."""
    rule = RuleForm(max_total=None, max_per_event=1)
    days = f"{form.first_day}..{form.last_day}"
    card = TypeForm(
        name=form.name,
        validity=days,
        rule=rule,
        zones=form.zones,
        scope=form.name.strip(),
        tags=form.tags,
        price_minor=form.price_minor,
    )
    match = TypeForm(
        name=f"{form.name.strip()}, one match",
        validity=days,
        rule=rule,
        zones=form.zones,
        scope=form.name.strip(),
        price_minor=form.match_price_minor,
        is_renewable=False,
    )
    return card, match


def _require_inside(
    connection: Connection, event_no: int, row: Row[Any], calendar: SiteCalendar
) -> None:
    """A card is valid from the season's first day to its last, so a match must be too."""
    found = connection.execute(
        select(event.c.name, event.c.doors_from, event.c.doors_until).where(
            event.c.event_no == event_no
        )
    ).one()
    first, last = date.fromisoformat(row.first_day), date.fromisoformat(row.last_day)
    starts, ends = calendar.day(first).start, calendar.day(last).until
    if found.doors_from < (starts or 0) or found.doors_until > (ends or 0):
        raise FieldError(
            "match_outside_season",
            f"match {found.name!r} is not within season {row.name!r} ({first} to {last}); nothing was changed",
            "choose a time within the season, doors included",
            field="starts_at",
        )


def _require_to_come(connection: Connection, event_no: int, now: Instant, why: str) -> None:
    """Seats of a match that is over may have been sold for the season since: it would come back with two holders."""
    over = select(event.c.name).where(event.c.event_no == event_no, event.c.doors_until <= now)
    name = connection.execute(over).scalar()
    if name is not None:
        raise FieldError(
            "match_over",
            f"match {name!r} {why}; nothing was changed",
            "write a time that is still to come; a replay is another match of the season",
            field="starts_at",
        )


def _is_of_a_season(connection: Connection, event_no: int) -> bool:
    found = select(event_scope.c.event_no).where(event_scope.c.event_no == event_no)
    return connection.execute(found).first() is not None


def _give_to_holders(
    connection: Connection, central: Central, season_no: int, event_no: EventNo, now: Instant
) -> None:
    """The seats that somebody has for the season are theirs at this match too."""
    calendar = load_site(connection).calendar
    owned = connection.execute(
        select(seat_ticket)
        .join(season_seat, season_seat.c.ticket_id == seat_ticket.c.ticket_id)
        .where(
            season_seat.c.season_no == season_no,
            season_seat.c.state.in_(sorted(OWNED_STATES)),
        )
    ).all()
    if not owned:
        return
    connection.execute(
        insert(event_seat),
        [{"event_no": event_no, "seat": one.seat, "ticket_id": one.ticket_id} for one in owned],
    )
    for card in owned:
        if card.is_per_event:
            for part in add_matches(connection, card, [event_no], now, calendar):
                issue_ticket(connection, central, part, now)
    note_rights_changed(connection)
