"""A concession that is paid up for one match: its holder sits there at the full price, and the gate asks nothing.

Law: part of the caller's transaction: the money is recorded and the flag is gone, or neither. What the difference is,
staff say: a central knows one price of a seat. All other matches stay as they are. Only a match that is still to come
is paid up; given back is also what was paid for one that was cancelled, but not for one that was entered.

Source: docs/model-c.md, "A concession for somebody else"; docs/membership-rules.md, "Transfers".
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
from sqlalchemy import Connection, insert, select, update

from scanner.core.grants import GrantFlag
from scanner.core.units import Instant
from server_stub.api.season_forms import UpgradeSeatForm
from server_stub.rules.event_seat import SeatState, downgraded, upgraded
from server_stub.rules.refusals import Refusal
from server_stub.seating.seat_entries import has_entered
from server_stub.seating.seat_rights import Kept, find_admitting, keep, load_kept
from server_stub.selling.checkout import require_paid
from server_stub.site import load_currency
from server_stub.store.season_tables import seat_upgrade
from server_stub.store.seat_rows import refused, require_match
from server_stub.store.tables import ticket


class GivenBack(msgspec.Struct, frozen=True):
    """What staff are to hand back for an upgrade that was undone."""

    event: int
    seat: str
    refund_minor: int
    currency: str


def upgrade_seat(connection: Connection, form: UpgradeSeatForm, now: Instant) -> Kept:
    """Takes the money and clears the flag at this match.

    Raises:
        InputError: ``seat_unsold``, ``seat_refused``, ``payment_missing``, ``match_not_in_season``.
    """
    row = find_admitting(connection, form.event, form.seat)
    if row.ticket_id is None:
        raise refused(Refusal.SEAT_LISTED)
    kept = load_kept(connection, row.ticket_id, form.event)
    require_match(connection, kept.season_no, form.event, now)
    right = upgraded(kept.right, _own_flags(connection, kept.ticket_id))
    if isinstance(right, Refusal):
        raise refused(right)
    require_paid(f"this upgrade of seat {kept.seat!r}", form.price_minor, form.paid_by)
    _record(connection, kept, form, now)
    kept = replace(kept, right=right)
    keep(connection, kept)
    return kept


def undo_upgrade(connection: Connection, event_no: int, seat: str, now: Instant) -> GivenBack:
    """The flag is back at this match; says how much money is to be given back.

    Raises:
        InputError: ``seat_unsold``, ``seat_refused``.
    """
    row = find_admitting(connection, event_no, seat)
    if row.ticket_id is None:
        raise refused(Refusal.SEAT_LISTED)
    kept = load_kept(connection, row.ticket_id, event_no)
    before = kept.right
    if has_entered(connection, kept.grant_no, event_no):
        before = replace(before, state=SeatState.USED)
    right = downgraded(before, _own_flags(connection, kept.ticket_id))
    if isinstance(right, Refusal):
        raise refused(right)
    keep(connection, replace(kept, right=right))
    here = (seat_upgrade.c.ticket_id == kept.ticket_id) & (seat_upgrade.c.event_no == event_no)
    connection.execute(update(seat_upgrade).where(here).values(undone_at=now))
    paid = connection.execute(select(seat_upgrade).where(here)).one()
    return GivenBack(event_no, kept.seat, paid.amount_minor, paid.currency)


def _own_flags(connection: Connection, ticket_id: str) -> frozenset[GrantFlag]:
    """At all its events; a ticket with a seat is never personal, so nothing is added to these."""
    flags = connection.execute(
        select(ticket.c.flags).where(ticket.c.ticket_id == ticket_id)
    ).scalar_one()
    return frozenset(map(GrantFlag, filter(None, flags.split(","))))


def _record(connection: Connection, kept: Kept, form: UpgradeSeatForm, now: Instant) -> None:
    """One row a ticket and match: what was undone before is paid anew."""
    event_no = kept.right.event_no
    paid = {
        "amount_minor": form.price_minor,
        "currency": load_currency(connection),
        "paid_by": form.paid_by,
        "at": now,
        "undone_at": None,
    }
    here = (seat_upgrade.c.ticket_id == kept.ticket_id) & (seat_upgrade.c.event_no == event_no)
    if not connection.execute(update(seat_upgrade).where(here).values(**paid)).rowcount:
        row = {"ticket_id": kept.ticket_id, "event_no": event_no} | paid
        connection.execute(insert(seat_upgrade).values(**row))
