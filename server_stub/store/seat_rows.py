"""Who has which seat, in the database: taken for a cart, kept by a payment, freed again.

Law: each function is part of its caller's transaction. What may be sold is said by `server_stub.rules.season`; that it
is sold once is kept by the primary keys of ``season_seat`` and ``event_seat``, in whichever order buyers come. A hold
ends by the clock alone: whoever comes next takes its row over. A seat that a card has for the season has one row for
each of its matches, from the instant it is paid.

Source: docs/membership-rules.md, "Seasons and seats".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from scanner.core.errors import InputError
from scanner.core.grants import EventStatus
from scanner.core.units import DAY_S, SECOND_MS, EventNo, Instant
from server_stub.faults import FieldError
from server_stub.rules.refusals import MEANINGS, Refusal
from server_stub.rules.season import (
    Holding,
    HoldingEvent,
    HoldingState,
    buy,
    change,
    event_seat_is_sellable,
    hold,
    holding_at,
    season_seat_is_sellable,
)
from server_stub.store.season_tables import event_seat, season, season_seat, seat_ticket
from server_stub.store.tables import customer_order, event, scope_event, ticket, ticket_type

CART_HOLD_MS = 900 * SECOND_MS
PLACED_HOLD_MS = DAY_S * SECOND_MS
"""How long a seat is kept for who has it in a cart, and for who has placed the order and not paid."""
ASKED_HOLD_MS = 3_650 * DAY_S * SECOND_MS
"""While a bank is asked no clock frees a seat: its answer does, whenever it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A seat that a ticket is for: of one event, or (None) of the season, handed out as one ticket a match or not."""

    ticket_id: str
    season_no: int
    seat: str
    event_no: int | None = None
    is_per_event: bool = False


def reserve_seat(connection: Connection, wish: Wish, now: Instant) -> None:
    """Keeps a seat for a ticket that is in a cart.

    Raises:
        InputError: ``seat_unknown``, ``seat_refused``, ``match_not_in_season``.
    """
    _take(connection, wish, now, Instant(now + CART_HOLD_MS))
    connection.execute(
        insert(seat_ticket).values(
            ticket_id=wish.ticket_id,
            season_no=wish.season_no,
            seat=wish.seat,
            event_no=wish.event_no,
            is_per_event=int(wish.is_per_event),
            was_received=0,
        )
    )


def prolong_holds(
    connection: Connection, order_id: str, now: Instant, hold_ms: int = PLACED_HOLD_MS
) -> None:
    """The order is placed, or a bank is asked about it: its seats are kept until it can be paid.

    Raises:
        InputError: ``seat_refused``: a hold ran out, and somebody else has the seat.
    """
    for wish in _wishes(connection, order_id):
        _let_go(connection, wish)
        _take(connection, wish, now, Instant(now + hold_ms))


def keep_seats(connection: Connection, order_id: str, now: Instant) -> None:
    """The order is paid: its seats are its customer's from now on.

    Raises:
        InputError: ``seat_refused``: a hold ran out, and somebody else has the seat.
    """
    for wish in _wishes(connection, order_id):
        _let_go(connection, wish)
        _take(connection, wish, now, None)


def free_seats(connection: Connection, ticket_ids: list[str]) -> None:
    """The tickets are worth nothing any more, or never were bought: their seats can be sold again."""
    _free_matches(connection, ticket_ids)
    for row in connection.execute(
        select(season_seat).where(season_seat.c.ticket_id.in_(ticket_ids)).with_for_update()
    ).all():
        is_held = row.state == HoldingState.HELD
        event_of = HoldingEvent.LET_GO if is_held else HoldingEvent.TAKEN_BACK
        save_holding(connection, row.season_no, _changed(holding_of(row), event_of))


def take_match(
    connection: Connection, ticket_id: str, season_no: int, place: tuple[int, str], now: Instant
) -> None:
    """A ticket has (event, seat) from now on, if it is free.

    Raises:
        InputError: ``seat_unknown``, ``seat_refused``, ``match_not_in_season``.
    """
    event_no, seat = place
    wish = Wish(ticket_id=ticket_id, season_no=season_no, seat=seat, event_no=event_no)
    _take(connection, wish, now, None)


def forget_lines(connection: Connection, ticket_ids: list[str]) -> None:
    """Lines that go out of a cart: neither seat nor wish is left."""
    free_seats(connection, ticket_ids)
    connection.execute(delete(seat_ticket).where(seat_ticket.c.ticket_id.in_(ticket_ids)))


def find_seat(connection: Connection, season_no: int, seat: str, field: str = "seat") -> Row[Any]:
    """A seat's row, locked to be changed; ``field``: where its name stood in what was sent.

    Raises:
        InputError: ``seat_unknown``.
    """
    row = connection.execute(
        select(season_seat)
        .where(
            season_seat.c.season_no == season_no,
            season_seat.c.seat == seat,
            season_seat.c.is_on_map == 1,
        )
        .with_for_update()
    ).first()
    if row is None:
        raise FieldError(
            "seat_unknown",
            f"the map of this season has no seat {seat[:40]!r}; nothing was changed",
            "see `portillon-central season show`, or import the map that has it",
            field=field,
        )
    return row


def holding_of(row: Row[Any]) -> Holding:
    """A row of ``season_seat`` as the rules know it."""
    return Holding(
        seat=row.seat,
        state=HoldingState(row.state),
        customer_id=row.customer_id,
        held_until=row.held_until,
    )


def save_holding(
    connection: Connection, season_no: int, holding: Holding, ticket_id: str | None = None
) -> None:
    """Writes what became of a seat of a season; the renewal's card is forgotten with its owner."""
    values: dict[str, Any] = {} if holding.customer_id is not None else {"method": None}
    connection.execute(
        update(season_seat)
        .where(season_seat.c.season_no == season_no, season_seat.c.seat == holding.seat)
        .values(
            state=holding.state,
            customer_id=holding.customer_id,
            held_until=holding.held_until,
            ticket_id=ticket_id,
            **values,
        )
    )


def own_season_seat(
    connection: Connection, season_no: int, holding: Holding, ticket_id: str, now: Instant
) -> None:
    """Writes an owned seat, and its row at every match to come."""
    save_holding(connection, season_no, holding, ticket_id)
    events = coming_events(connection, season_no, now)
    connection.execute(
        delete(event_seat).where(
            event_seat.c.event_no.in_(events),
            event_seat.c.seat == holding.seat,
            event_seat.c.held_until <= now,
        )
    )
    if events:
        connection.execute(
            insert(event_seat),
            [{"event_no": no, "seat": holding.seat, "ticket_id": ticket_id} for no in events],
        )


def coming_events(connection: Connection, season_no: int, now: Instant) -> list[EventNo]:
    """The matches of a season whose doors are not closed for good."""
    return list(
        connection.execute(
            select(event.c.event_no)
            .join(scope_event, scope_event.c.event_no == event.c.event_no)
            .join(season, season.c.scope_no == scope_event.c.scope_no)
            .where(season.c.season_no == season_no, event.c.doors_until > now)
            .order_by(event.c.event_no)
        ).scalars()
    )


def refused(refusal: Refusal) -> InputError:
    """A refusal of the rules, for the person who asked."""
    return InputError(
        "seat_refused",
        f"{refusal.value}: {MEANINGS[refusal]} Nothing was changed.",
        "docs/membership-rules.md lists what may happen in each state",
    )


def seat_is_sold_singly(connection: Connection, season_no: int, seat: str, now: Instant) -> bool:
    """True where somebody has the seat at one match to come by itself."""
    return bool(_sold_singly(connection, season_no, seat, now))


def season_of_type(connection: Connection, type_no: int) -> Row[Any] | None:
    """The season that a ticket type is sold for; None = it has no seats."""
    return connection.execute(
        select(season)
        .join(ticket_type, ticket_type.c.scope_no == season.c.scope_no)
        .where(ticket_type.c.type_no == type_no)
    ).first()


def _take(connection: Connection, wish: Wish, now: Instant, until: Instant | None) -> None:
    if wish.event_no is None:
        _take_season(connection, wish, now, until)
    else:
        _take_match(connection, wish, wish.event_no, now, until)


def _take_season(connection: Connection, wish: Wish, now: Instant, until: Instant | None) -> None:
    row = find_seat(connection, wish.season_no, wish.seat)
    holding = holding_at(holding_of(row), now)
    if holding.state is HoldingState.HELD and row.ticket_id is None:
        raise refused(Refusal.RENEWAL_OPEN)
    sold_at = _sold_singly(connection, wish.season_no, wish.seat, now)
    refusal = season_seat_is_sellable(holding, sold_at)
    if refusal is not None:
        raise refused(refusal)
    customer_id = _buyer(connection, wish.ticket_id)
    after = (
        buy(holding, customer_id, now) if until is None else hold(holding, customer_id, now, until)
    )
    if isinstance(after, Refusal):
        raise refused(after)
    if until is None:
        own_season_seat(connection, wish.season_no, after, wish.ticket_id, now)
    else:
        save_holding(connection, wish.season_no, after, wish.ticket_id)


def _sold_singly(
    connection: Connection, season_no: int, seat: str, now: Instant
) -> dict[EventNo, str]:
    """The matches to come at which somebody has the seat by itself."""
    rows = connection.execute(
        select(event_seat).where(
            event_seat.c.event_no.in_(coming_events(connection, season_no, now)),
            event_seat.c.seat == seat,
            or_(event_seat.c.held_until.is_(None), event_seat.c.held_until > now),
        )
    )
    return {EventNo(row.event_no): row.ticket_id for row in rows}


def _take_match(
    connection: Connection, wish: Wish, event_no: int, now: Instant, until: Instant | None
) -> None:
    find_seat(connection, wish.season_no, wish.seat)
    require_match(connection, wish.season_no, event_no, now)
    here = (event_seat.c.event_no == event_no) & (event_seat.c.seat == wish.seat)
    row = connection.execute(select(event_seat).where(here).with_for_update()).first()
    if row is not None and not _is_free(row, now):
        raise refused(Refusal.SEAT_TAKEN)
    if row is None or row.released_by is None:
        refusal = event_seat_is_sellable(_holdings(connection, event_no, wish.seat), now)
        if refusal is not None:
            raise refused(refusal)
    values = {"ticket_id": wish.ticket_id, "held_until": until}
    if row is None:
        connection.execute(insert(event_seat).values(event_no=event_no, seat=wish.seat, **values))
    else:
        connection.execute(update(event_seat).where(here).values(**values))


def _is_free(row: Row[Any], now: Instant) -> bool:
    return row.ticket_id is None or (row.held_until is not None and row.held_until <= now)


def _holdings(connection: Connection, event_no: int, seat: str) -> tuple[Holding, ...]:
    """Of this seat, in every season that has the event."""
    rows = connection.execute(
        select(season_seat)
        .join(season, season.c.season_no == season_seat.c.season_no)
        .join(scope_event, scope_event.c.scope_no == season.c.scope_no)
        .where(scope_event.c.event_no == event_no, season_seat.c.seat == seat)
    )
    return tuple(holding_of(row) for row in rows)


def require_match(connection: Connection, season_no: int, event_no: int, now: Instant) -> None:
    """Raises `InputError` ``match_not_in_season`` where it is none, over or cancelled."""
    found = connection.execute(
        select(event.c.status).where(
            event.c.event_no == event_no,
            event.c.event_no.in_(coming_events(connection, season_no, now)),
        )
    ).scalar()
    if found != EventStatus.ON:
        raise FieldError(
            "match_not_in_season",
            f"event {event_no!r} is no match of this season that is on and still to come; nothing was changed",
            "see `portillon-central event list`",
            field="event",
        )


def _let_go(connection: Connection, wish: Wish) -> None:
    """What a ticket holds, before it is taken anew under what is true now."""
    _free_matches(connection, [wish.ticket_id])
    row = connection.execute(
        select(season_seat).where(
            season_seat.c.ticket_id == wish.ticket_id,
            season_seat.c.state == HoldingState.HELD,
        )
    ).first()
    if row is not None:
        save_holding(connection, row.season_no, _changed(holding_of(row), HoldingEvent.LET_GO))


def _free_matches(connection: Connection, ticket_ids: list[str]) -> None:
    """What somebody else gave to public sale is theirs to sell again, everything else is gone."""
    theirs, ours = event_seat.c.ticket_id.in_(ticket_ids), event_seat.c.released_by.in_(ticket_ids)
    connection.execute(delete(event_seat).where(theirs, event_seat.c.released_by.is_(None)))
    connection.execute(update(event_seat).where(theirs).values(ticket_id=None, held_until=None))
    connection.execute(delete(event_seat).where(ours, event_seat.c.ticket_id.is_(None)))
    connection.execute(update(event_seat).where(ours).values(released_by=None))


def _changed(holding: Holding, event_of: HoldingEvent) -> Holding:
    after = change(holding, event_of)
    if isinstance(after, Refusal):
        raise refused(after)
    return after


def _wishes(connection: Connection, order_id: str) -> list[Wish]:
    """The seats of an order's lines."""
    rows = connection.execute(
        select(seat_ticket)
        .join(ticket, ticket.c.ticket_id == seat_ticket.c.ticket_id)
        .where(ticket.c.order_id == order_id)
        .order_by(seat_ticket.c.ticket_id)
    )
    return [
        Wish(
            ticket_id=row.ticket_id,
            season_no=row.season_no,
            seat=row.seat,
            event_no=row.event_no,
            is_per_event=bool(row.is_per_event),
        )
        for row in rows
    ]


def _buyer(connection: Connection, ticket_id: str) -> str:
    customer_id: str = connection.execute(
        select(customer_order.c.customer_id)
        .join(ticket, ticket.c.order_id == customer_order.c.order_id)
        .where(ticket.c.ticket_id == ticket_id)
    ).scalar_one()
    return customer_id
