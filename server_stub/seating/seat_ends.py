"""What else ends when a ticket with a seat does, and what comes of a match that was sold for its holder.

Law: each function is part of its caller's transaction. A seat is free again when the ticket that has it is worth
nothing any more; what was handed out or transferred of that ticket ends with it, what somebody bought is theirs. A
holder is credited once for a match, and no more once the buyer gave it back.

Source: docs/membership-rules.md, "Transfers".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, delete, insert, select, update

from scanner.core.units import Instant
from server_stub.rules.event_seat import SeatEvent, SeatState
from server_stub.seating.seat_claims import forget_claims
from server_stub.seating.seat_rights import apply_event, keep, load_kept
from server_stub.site import load_currency
from server_stub.store.season_tables import event_seat, seat_credit, seat_right, seat_ticket
from server_stub.store.seat_rows import free_seats
from server_stub.store.tables import ticket


def end_seats(connection: Connection, ticket_ids: list[str], now: Instant) -> list[str]:
    """Frees the seats of tickets that are worth nothing any more; gives the other tickets that end with them."""
    if not _has_seats(connection, ticket_ids):
        return []
    everything, fresh = set(ticket_ids), set(ticket_ids)
    while fresh:
        fresh = _derived(connection, fresh) - everything
        everything |= fresh
    others = sorted(everything - set(ticket_ids))
    connection.execute(
        update(ticket)
        .where(ticket.c.ticket_id.in_(others), ticket.c.refunded_at.is_(None))
        .values(refunded_at=now)
    )
    _return_sold(connection, sorted(everything), now)
    free_seats(connection, sorted(everything))
    forget_claims(connection, ticket_ids)
    return others


def settle_sold(
    connection: Connection, order_id: str, paid: Mapping[str, int], now: Instant
) -> None:
    """Of an order that is paid: what holders had given to public sale is sold, and they are credited."""
    bought = connection.execute(
        select(event_seat)
        .join(ticket, ticket.c.ticket_id == event_seat.c.ticket_id)
        .where(ticket.c.order_id == order_id, event_seat.c.released_by.is_not(None))
    ).all()
    for row in bought:
        kept = load_kept(connection, row.released_by, row.event_no)
        if kept.right.state is not SeatState.LISTED:
            continue
        kept = apply_event(connection, kept, SeatEvent.SOLD, now)
        keep(connection, replace(kept, to_ticket_id=row.ticket_id))
        connection.execute(
            insert(seat_credit).values(
                ticket_id=kept.ticket_id,
                event_no=row.event_no,
                amount_minor=paid.get(row.ticket_id, 0),
                currency=load_currency(connection),
                at=now,
            )
        )


def _has_seats(connection: Connection, ticket_ids: list[str]) -> bool:
    found = select(seat_ticket.c.ticket_id).where(seat_ticket.c.ticket_id.in_(ticket_ids)).limit(1)
    return connection.execute(found).first() is not None


def _derived(connection: Connection, ticket_ids: set[str]) -> set[str]:
    """What was handed out of tickets, and what was received from them."""
    parts = select(seat_ticket.c.ticket_id).where(seat_ticket.c.card_ticket_id.in_(ticket_ids))
    received = (
        select(seat_right.c.to_ticket_id)
        .join(seat_ticket, seat_ticket.c.ticket_id == seat_right.c.to_ticket_id)
        .where(seat_right.c.ticket_id.in_(ticket_ids), seat_ticket.c.was_received == 1)
    )
    return {str(one) for query in (parts, received) for one in connection.execute(query).scalars()}


def _return_sold(connection: Connection, ticket_ids: list[str], now: Instant) -> None:
    """What ended had been bought from holders: it is for sale again, and nobody is credited for it."""
    rows = connection.execute(
        select(seat_right.c.ticket_id, seat_right.c.event_no).where(
            seat_right.c.to_ticket_id.in_(ticket_ids), seat_right.c.state == SeatState.SOLD
        )
    ).all()
    for ticket_id, event_no in rows:
        kept = load_kept(connection, ticket_id, event_no)
        kept = apply_event(connection, kept, SeatEvent.RETURNED, now)
        keep(connection, replace(kept, to_ticket_id=None))
        connection.execute(
            delete(seat_credit).where(
                seat_credit.c.ticket_id == ticket_id, seat_credit.c.event_no == event_no
            )
        )
