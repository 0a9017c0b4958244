"""What a holder does with one match: offer it, take it back, give it to public sale, sit somewhere else.

Law: each function is part of its caller's transaction. At every instant one ticket admits to a seat at an event: its
holder's until the recipient accepts, nobody's while it is for sale, then the buyer's. The holder is credited once.

Source: docs/membership-rules.md, "Transfers"; docs/model-c.md, "One match to somebody else".
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, delete, select, update

from scanner.core.units import Instant
from server_stub.central import Central
from server_stub.rules.event_seat import SeatEvent, SeatState
from server_stub.rules.refusals import Refusal
from server_stub.seating.given_tickets import end_ticket, give_match
from server_stub.seating.seat_claims import forget_claims
from server_stub.seating.seat_rights import (
    Kept,
    apply_event,
    find_admitting,
    keep,
    load_kept,
    unsold,
)
from server_stub.selling.checkout import Issued, issue_ticket
from server_stub.selling.orders import find_or_add_customer
from server_stub.site import load_site
from server_stub.store.season_tables import event_seat, season_seat, seat_right, seat_ticket
from server_stub.store.seat_rows import find_seat, free_seats, refused, take_match

_E = SeatEvent


def offer(connection: Connection, event_no: int, seat: str, email: str, now: Instant) -> Kept:
    """Offers a match to somebody; until they accept, the card admits.

    Raises:
        InputError: ``seat_unsold``, ``seat_refused``, ``email_bad``.
    """
    kept = apply_event(connection, _admitting(connection, event_no, seat), _E.OFFERED, now)
    kept = replace(kept, offered_to=find_or_add_customer(connection, email, now))
    keep(connection, kept)
    return kept


def accept(connection: Connection, central: Central, event_no: int, seat: str) -> Issued:
    """The recipient takes it: a ticket of their own, and the card is refused at this match.

    Raises:
        InputError: ``seat_unsold``, ``seat_refused``.
    """
    now, calendar = central.clock.now_ms(), load_site(connection).calendar
    before = _admitting(connection, event_no, seat)
    kept = apply_event(connection, before, _E.ACCEPTED, now)
    if kept.offered_to is None:
        raise refused(Refusal.NO_OFFER)
    fresh = give_match(connection, kept.offered_to, kept.season_no, (event_no, seat), now, calendar)
    keep(connection, replace(kept, to_ticket_id=fresh))
    _hand_over(connection, event_no, seat, fresh)
    return issue_ticket(connection, central, fresh, now)


def reject(connection: Connection, event_no: int, seat: str, now: Instant) -> Kept:
    """The recipient does not want it: as if it had not been offered.

    Raises:
        InputError: ``seat_unsold``, ``seat_refused``.
    """
    return _undo(connection, _admitting(connection, event_no, seat), _E.REJECTED, now)


def recall(connection: Connection, event_no: int, seat: str, now: Instant) -> Kept:
    """The holder takes it back, also from who has accepted it and neither used it nor passed it on.

    Raises:
        InputError: ``seat_unsold``, ``seat_refused``.
    """
    admitting = _admitting(connection, event_no, seat)
    giver = _giver(connection, admitting.ticket_id, event_no)
    if giver is None or admitting.offered_to is not None:
        return _undo(connection, admitting, _E.RECALLED, now)
    kept = _undo(connection, giver, _E.RECALLED, now)
    _hand_over(connection, event_no, seat, kept.ticket_id)
    end_ticket(connection, admitting.ticket_id, now, load_site(connection).calendar)
    return kept


def release(connection: Connection, event_no: int, seat: str, now: Instant) -> Kept:
    """Gives a match to public sale: the card is refused there from now on.

    Raises:
        InputError: ``seat_unsold``, ``seat_refused``.
    """
    kept = apply_event(connection, _admitting(connection, event_no, seat), _E.LISTED, now)
    keep(connection, kept)
    _put_up(connection, event_no, seat, kept.ticket_id)
    return kept


def take_back(connection: Connection, event_no: int, seat: str, now: Instant) -> Kept:
    """Takes a match off public sale, while nobody has bought it or has it in a cart.

    Raises:
        InputError: ``seat_unsold``, ``seat_refused``.
    """
    here = (event_seat.c.event_no == event_no) & (event_seat.c.seat == seat)
    row = connection.execute(select(event_seat).where(here).with_for_update()).first()
    if row is None:
        raise unsold(event_no, seat)
    if row.released_by is None:
        raise refused(Refusal.NOT_LISTED)
    if row.ticket_id is not None and (row.held_until is None or row.held_until > now):
        raise refused(Refusal.SEAT_SOLD if row.held_until is None else Refusal.SEAT_TAKEN)
    kept = _undo(connection, load_kept(connection, row.released_by, event_no), _E.UNLISTED, now)
    _hand_over(connection, event_no, seat, kept.ticket_id)
    return kept


def give_up_seats(
    connection: Connection, customer_id: str, ticket_ids: list[str], now: Instant
) -> None:
    """Of who is forgotten: seats are free, what was offered to them goes back, what they gave away stays given."""
    offers = connection.execute(
        select(seat_right.c.ticket_id, seat_right.c.event_no).where(
            seat_right.c.offered_to == customer_id, seat_right.c.state == SeatState.TRANSFER_PENDING
        )
    ).all()
    for row in offers:
        _undo(connection, load_kept(connection, row.ticket_id, row.event_no), _E.REJECTED, now)
    free_seats(connection, ticket_ids)
    forget_claims(connection, ticket_ids)
    connection.execute(
        update(season_seat).where(season_seat.c.customer_id == customer_id).values(method=None)
    )


def change_seat(
    connection: Connection, event_no: int, seat: str, to_seat: str, now: Instant
) -> Kept:
    """Another seat at one match; the old one goes to that match's public sale, and only there.

    Raises:
        InputError: ``seat_unknown``, ``seat_unsold``, ``seat_refused``, ``match_not_in_season``.
    """
    kept = _admitting(connection, event_no, seat)
    own_seat = connection.execute(
        select(seat_ticket.c.seat).where(seat_ticket.c.ticket_id == kept.ticket_id)
    ).scalar_one()
    _require_untouched(connection, kept, now)
    find_seat(connection, kept.season_no, to_seat, "to_seat")
    take_match(connection, kept.ticket_id, kept.season_no, (event_no, to_seat), now)
    if seat == own_seat:
        _put_up(connection, event_no, seat, kept.ticket_id)
    else:
        _leave(connection, event_no, seat)
    if to_seat == own_seat:
        _hand_over(connection, event_no, to_seat, kept.ticket_id)
    elsewhere = None if to_seat == own_seat else to_seat
    kept = replace(kept, seat=to_seat, right=replace(kept.right, seat=elsewhere))
    keep(connection, kept)
    return kept


def _require_untouched(connection: Connection, kept: Kept, now: Instant) -> None:
    """Only a card's or a buyer's own match, which nobody was offered and nobody has entered, changes its seat."""
    if kept.right.was_received:
        raise refused(Refusal.RETRANSFER_NOT_ALLOWED)
    apply_event(connection, kept, _E.LISTED, now)


def _admitting(connection: Connection, event_no: int, seat: str) -> Kept:
    row = find_admitting(connection, event_no, seat)
    if row.ticket_id is None:
        raise refused(Refusal.SEAT_LISTED)
    return load_kept(connection, row.ticket_id, event_no)


def _giver(connection: Connection, ticket_id: str, event_no: int) -> Kept | None:
    """Who has transferred or sold what this ticket is for; None = nobody did."""
    found = connection.execute(
        select(seat_right.c.ticket_id).where(
            seat_right.c.to_ticket_id == ticket_id, seat_right.c.event_no == event_no
        )
    ).scalar()
    return None if found is None else load_kept(connection, found, event_no)


def _undo(connection: Connection, kept: Kept, what: SeatEvent, now: Instant) -> Kept:
    kept = apply_event(connection, kept, what, now)
    kept = replace(kept, offered_to=None, to_ticket_id=None)
    keep(connection, kept)
    return kept


def _put_up(connection: Connection, event_no: int, seat: str, ticket_id: str) -> None:
    """Nobody's, for sale."""
    _write(connection, event_no, seat, ticket_id=None, released_by=ticket_id)


def _hand_over(connection: Connection, event_no: int, seat: str, ticket_id: str) -> None:
    _write(connection, event_no, seat, ticket_id=ticket_id, released_by=None)


def _leave(connection: Connection, event_no: int, seat: str) -> None:
    """A seat that was somebody's for one match only."""
    here = (event_seat.c.event_no == event_no) & (event_seat.c.seat == seat)
    connection.execute(delete(event_seat).where(here, event_seat.c.released_by.is_(None)))
    connection.execute(update(event_seat).where(here).values(ticket_id=None))


def _write(connection: Connection, event_no: int, seat: str, **values: str | None) -> None:
    here = (event_seat.c.event_no == event_no) & (event_seat.c.seat == seat)
    connection.execute(update(event_seat).where(here).values(held_until=None, **values))
