"""A concession that is paid up for one match: its holder sits there at the full price, and the gate asks nothing.

Law: part of the caller's transaction: the money is recorded and the flag is gone, or neither. What the difference is,
staff say: a central knows one price of a seat. All other matches stay as they are.

Source: docs/model-c.md, "A concession for somebody else"; docs/membership-rules.md, "Transfers".
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, insert, select

from scanner.core.grants import GrantFlag
from scanner.core.units import Instant
from server_stub.api.season_forms import UpgradeSeatForm
from server_stub.rules.event_seat import upgraded
from server_stub.rules.refusals import Refusal
from server_stub.seating.seat_rights import Kept, find_admitting, keep, load_kept
from server_stub.selling.checkout import require_paid
from server_stub.site import load_currency
from server_stub.store.season_tables import seat_upgrade
from server_stub.store.seat_rows import refused
from server_stub.store.tables import ticket


def upgrade_seat(connection: Connection, form: UpgradeSeatForm, now: Instant) -> Kept:
    """Takes the money and clears the flag at this match.

    Raises:
        InputError: ``seat_unsold``, ``seat_refused``, ``payment_missing``.
    """
    row = find_admitting(connection, form.event, form.seat)
    if row.ticket_id is None:
        raise refused(Refusal.SEAT_LISTED)
    kept = load_kept(connection, row.ticket_id, form.event)
    right = upgraded(kept.right, _own_flags(connection, kept.ticket_id))
    if isinstance(right, Refusal):
        raise refused(right)
    require_paid(f"this upgrade of seat {kept.seat!r}", form.price_minor, form.paid_by)
    _record(connection, kept, form, now)
    kept = replace(kept, right=right)
    keep(connection, kept)
    return kept


def _own_flags(connection: Connection, ticket_id: str) -> frozenset[GrantFlag]:
    """At all its events; a ticket with a seat is never personal, so nothing is added to these."""
    flags = connection.execute(
        select(ticket.c.flags).where(ticket.c.ticket_id == ticket_id)
    ).scalar_one()
    return frozenset(map(GrantFlag, filter(None, flags.split(","))))


def _record(connection: Connection, kept: Kept, form: UpgradeSeatForm, now: Instant) -> None:
    connection.execute(
        insert(seat_upgrade).values(
            ticket_id=kept.ticket_id,
            event_no=kept.right.event_no,
            amount_minor=form.price_minor,
            currency=load_currency(connection),
            paid_by=form.paid_by,
            at=now,
        )
    )
