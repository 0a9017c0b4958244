"""One match of one ticket: what differs from the ticket there, and what gates must hear of it.

Law: each function is part of its caller's transaction. What may happen is said by `server_stub.rules.event_seat`; the
rows for the gates follow from it, are computed for exactly the ticket that is touched and written only where they came
out different. A row that says nothing more stays, with a higher version.

Source: docs/membership-rules.md, "Transfers".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from scanner.core.grants import EventException, GrantFlag
from scanner.core.units import EventNo, GrantNo, Instant
from server_stub.faults import FieldError
from server_stub.rules.event_seat import (
    EventSeat,
    SeatEvent,
    SeatState,
    TransferPolicy,
    exceptions_of,
    seat_after,
)
from server_stub.rules.refusals import Refusal
from server_stub.seating.seat_entries import has_entered
from server_stub.store.changes import note_rights_changed
from server_stub.store.season_tables import event_seat, grant_event, season, seat_right, seat_ticket
from server_stub.store.seat_rows import refused
from server_stub.store.tables import event, ticket
from sync.base_rows import encode_exception, parse_exception

GRANT_EVENT_COLUMNS = tuple(grant_event.columns.keys())
_E = SeatEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A ticket at one match, as it stands. ``offered_to`` and ``to_ticket_id``: to whom it goes or went."""

    ticket_id: str
    grant_no: GrantNo
    season_no: int
    seat: str
    right: EventSeat
    policy: TransferPolicy
    offered_to: str | None = None
    to_ticket_id: str | None = None


def find_admitting(connection: Connection, event_no: int, seat: str) -> Row[Any]:
    """Who has a seat at a match, locked to be changed.

    Raises:
        InputError: ``seat_unsold``.
    """
    row = connection.execute(
        select(event_seat)
        .where(
            event_seat.c.event_no == event_no,
            event_seat.c.seat == seat,
            event_seat.c.held_until.is_(None),
        )
        .with_for_update()
    ).first()
    if row is None:
        raise unsold(event_no, seat)
    return row


def unsold(event_no: int, seat: str) -> FieldError:
    """Nobody has it there: it was not sold, or there is no such seat or match."""
    return FieldError(
        "seat_unsold",
        f"nobody has seat {seat[:40]!r} at event {event_no!r}; nothing was changed",
        "see `portillon-central season show` and `event list`",
        field="seat",
    )


def load_kept(connection: Connection, ticket_id: str, event_no: int) -> Kept:
    """A ticket at one match; an entry that stands makes it used."""
    sold = connection.execute(
        select(seat_ticket, ticket.c.grant_no, season.c.cut_off_hours, season.c.allows_retransfer)
        .join(ticket, ticket.c.ticket_id == seat_ticket.c.ticket_id)
        .join(season, season.c.season_no == seat_ticket.c.season_no)
        .where(seat_ticket.c.ticket_id == ticket_id)
    ).one()
    row = connection.execute(_of(ticket_id, event_no)).first()
    right = _right(connection, sold, event_no, row)
    return Kept(
        ticket_id=ticket_id,
        grant_no=sold.grant_no,
        season_no=sold.season_no,
        seat=right.seat or sold.seat,
        right=right,
        policy=TransferPolicy(sold.cut_off_hours, bool(sold.allows_retransfer)),
        offered_to=None if row is None else row.offered_to,
        to_ticket_id=None if row is None else row.to_ticket_id,
    )


def apply_event(connection: Connection, kept: Kept, what: SeatEvent, now: Instant) -> Kept:
    """The ticket's match after an event; nothing is written yet.

    Raises:
        InputError: ``seat_refused``.
    """
    right = kept.right
    if has_entered(connection, kept.grant_no, right.event_no):
        right = replace(right, state=_entered(right, now, kept.policy))
    state = seat_after(right, what, now, kept.policy)
    if isinstance(state, Refusal):
        raise refused(state)
    return replace(kept, right=replace(right, state=state))


def keep(connection: Connection, kept: Kept) -> None:
    """Writes a ticket's match, and what gates must hear of it."""
    flags = kept.right.flags
    values = {
        "state": kept.right.state,
        "seat": kept.right.seat,
        "flags": None if flags is None else ",".join(sorted(flags)),
        "offered_to": kept.offered_to,
        "to_ticket_id": kept.to_ticket_id,
    }
    named = {"ticket_id": kept.ticket_id, "event_no": kept.right.event_no}
    here = (seat_right.c.ticket_id == kept.ticket_id) & (
        seat_right.c.event_no == kept.right.event_no
    )
    if not connection.execute(update(seat_right).where(here).values(**values)).rowcount:
        connection.execute(insert(seat_right).values(**named, **values))
    _write_exception(connection, kept)


def passed_on(connection: Connection, ticket_id: str | None, event_no: int) -> bool:
    """True where the recipient of a transfer has used it or given it away."""
    if ticket_id is None:
        return False
    theirs = load_kept(connection, ticket_id, event_no)
    is_own = theirs.right.state in {SeatState.OWN, SeatState.TRANSFER_PENDING}
    return not is_own or has_entered(connection, theirs.grant_no, event_no)


def _entered(right: EventSeat, now: Instant, policy: TransferPolicy) -> SeatState:
    state = seat_after(right, _E.ENTERED, now, policy)
    if isinstance(state, Refusal):
        raise RuntimeError(f"an entry was refused: {state}")  # noqa: TRY004 - a table of ours is wrong
    return state


def _right(
    connection: Connection, sold: Row[Any], event_no: int, row: Row[Any] | None
) -> EventSeat:
    starts_at = connection.execute(
        select(event.c.starts_at).where(event.c.event_no == event_no)
    ).scalar_one()
    right = EventSeat(
        event_no=EventNo(event_no),
        starts_at=Instant(starts_at),
        was_received=bool(sold.was_received),
    )
    if row is None:
        return right
    flags = row.flags
    return replace(
        right,
        state=SeatState(row.state),
        seat=row.seat,
        flags=None if flags is None else frozenset(map(GrantFlag, filter(None, flags.split(",")))),
        passed_on=passed_on(connection, row.to_ticket_id, event_no),
    )


def _write_exception(connection: Connection, kept: Kept) -> None:
    event_no = kept.right.event_no
    here = (grant_event.c.grant_no == kept.grant_no) & (grant_event.c.event_no == event_no)
    row = connection.execute(select(grant_event).where(here)).first()
    nothing = EventException(event_no=event_no)
    before = nothing if row is None else parse_exception(tuple(row))
    after = next(iter(exceptions_of([kept.right])), nothing)
    if after == before:
        return
    version = 1 if row is None else row.version + 1
    values = dict(
        zip(GRANT_EVENT_COLUMNS, encode_exception(kept.grant_no, after, version), strict=True)
    )
    if row is None:
        connection.execute(insert(grant_event).values(values))
    else:
        connection.execute(update(grant_event).where(here).values(values))
    note_rights_changed(connection, ())


def _of(ticket_id: str, event_no: int) -> Any:
    return select(seat_right).where(
        seat_right.c.ticket_id == ticket_id, seat_right.c.event_no == event_no
    )
