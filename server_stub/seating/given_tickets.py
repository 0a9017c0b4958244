"""Tickets for one match that nobody pays for: a transfer's, and those that a season is handed out as.

Law: each function is part of its caller's transaction. Such a ticket is one of an order like any other, so its right,
its tags, its code and its end are computed by the same functions; only its price was never asked.

Source: docs/membership-rules.md, "Transfers"; docs/model-c.md, "Sell seats".
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from server_stub.api.forms import CodeKind, PaidBy
from server_stub.rules.orders import OrderState
from server_stub.seating.seat_ends import end_seats
from server_stub.selling.orders import ID_BYTES, move_order, open_order, recompute_grants
from server_stub.store.season_tables import event_seat, season, seat_ticket
from server_stub.store.seat_rows import coming_events
from server_stub.store.tables import customer_order, ticket

TRANSFER = "transfer"


def give_match(
    connection: Connection,
    customer_id: str,
    season_no: int,
    place: tuple[int, str],
    now: Instant,
    calendar: SiteCalendar,
) -> str:
    """A ticket of a transfer for (event, seat), in an order of its own that costs nothing."""
    order_id = open_order(connection, customer_id, now, channel=TRANSFER)
    ticket_id = _add(connection, order_id, season_no, place, now, was_received=1)
    connection.execute(
        update(customer_order)
        .where(customer_order.c.order_id == order_id)
        .values(paid_by=PaidBy.NOTHING)
    )
    move_order(connection, order_id, OrderState.PENDING, now, calendar)
    move_order(connection, order_id, OrderState.COMPLETED, now, calendar)
    return ticket_id


def hand_out(
    connection: Connection, order_id: str, now: Instant, calendar: SiteCalendar
) -> frozenset[str]:
    """Every season of an order that is wanted as one ticket a match becomes that; gives those that get no card."""
    cards = connection.execute(
        select(seat_ticket)
        .join(ticket, ticket.c.ticket_id == seat_ticket.c.ticket_id)
        .where(ticket.c.order_id == order_id, seat_ticket.c.is_per_event == 1)
    ).all()
    for card in cards:
        events = coming_events(connection, card.season_no, now)
        add_matches(connection, card, events, now, calendar)
    return frozenset(card.ticket_id for card in cards)


def add_matches(
    connection: Connection,
    card: Row[Any],
    events: Iterable[int],
    now: Instant,
    calendar: SiteCalendar,
) -> list[str]:
    """One ticket a match of a season that somebody has; from now on it is what admits there."""
    order_id = connection.execute(
        select(ticket.c.order_id).where(ticket.c.ticket_id == card.ticket_id)
    ).scalar_one()
    made = []
    for event_no in events:
        place = (event_no, card.seat)
        part = _add(connection, order_id, card.season_no, place, now, card=card.ticket_id)
        connection.execute(
            update(event_seat)
            .where(event_seat.c.event_no == event_no, event_seat.c.seat == card.seat)
            .values(ticket_id=part)
        )
        made.append(part)
    recompute_grants(connection, ticket.c.ticket_id.in_(made), calendar)
    return made


def end_ticket(
    connection: Connection, ticket_id: str, now: Instant, calendar: SiteCalendar
) -> None:
    """A ticket is worth nothing any more, and with it what was handed out or transferred of it."""
    connection.execute(
        update(ticket).where(ticket.c.ticket_id == ticket_id).values(refunded_at=now)
    )
    ended = [ticket_id, *end_seats(connection, [ticket_id], now)]
    recompute_grants(connection, ticket.c.ticket_id.in_(ended), calendar)


def _add(
    connection: Connection,
    order_id: str,
    season_no: int,
    place: tuple[int, str],
    now: Instant,
    *,
    was_received: int = 0,
    card: str | None = None,
) -> str:
    ticket_id = secrets.token_hex(ID_BYTES)
    match_type = select(season.c.match_type_no).where(season.c.season_no == season_no)
    connection.execute(
        insert(ticket).values(
            ticket_id=ticket_id,
            order_id=order_id,
            type_no=connection.execute(match_type).scalar_one(),
            sold_at=now,
            seat=place[1],
            flags="",
            code_kind=CodeKind.SIGNED,
        )
    )
    connection.execute(
        insert(seat_ticket).values(
            ticket_id=ticket_id,
            season_no=season_no,
            seat=place[1],
            event_no=place[0],
            is_per_event=0,
            was_received=was_received,
            card_ticket_id=card,
        )
    )
    return ticket_id
