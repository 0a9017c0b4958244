"""A renewal that is paid: the same seat in the next season, and the code that opens it.

Law: one transaction with the answer that it was paid. It makes a completed order of one ticket for what was charged, so
its right, tags, code and refund are those of any other sale. Kept, the old code opens in both seasons; not kept, a new
one is made now and the old one is revoked when the new season starts.

Source: docs/membership-rules.md, "Campaigns"; `server_stub.rules.keeping_codes`.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from scanner.core.units import Instant
from server_stub.central import Central
from server_stub.rules.keeping_codes import CodePlan, plan_codes
from server_stub.rules.orders import OrderState
from server_stub.rules.season import Holding
from server_stub.seating.given_tickets import hand_out
from server_stub.seating.seat_claims import renew_claim
from server_stub.selling.checkout import issue_ticket
from server_stub.selling.codes import find_by_ticket, keep_codes, revoke_code
from server_stub.selling.orders import ID_BYTES, load_grant, move_order, open_order
from server_stub.store.campaign_rows import Kept, load_old_seat
from server_stub.store.season_tables import campaign_member, seat_ticket
from server_stub.store.tables import customer_order, ticket

CAMPAIGN = "campaign"


def renew(
    connection: Connection,
    central: Central,
    kept: Kept,
    claim: Holding,
    paid_by: str,
) -> str:
    """Makes the new season's card of a holder; gives its ticket."""
    now = central.clock.now_ms()
    old = load_old_seat(connection, kept, claim.seat)
    order_id = open_order(connection, claim.customer_id or "", now, channel=CAMPAIGN)
    ticket_id = _copy_ticket(connection, kept, old.ticket_id, order_id, now)
    renew_claim(connection, old, kept.season_no, claim, ticket_id, now)
    connection.execute(
        update(customer_order).where(customer_order.c.order_id == order_id).values(paid_by=paid_by)
    )
    for state in (OrderState.PENDING, OrderState.COMPLETED):
        move_order(connection, order_id, state, now, kept.site)
    is_superseded = _hand_codes(connection, central, kept, old.ticket_id, ticket_id)
    connection.execute(
        update(campaign_member)
        .where(
            campaign_member.c.campaign_no == kept.campaign_no, campaign_member.c.seat == claim.seat
        )
        .values(new_ticket_id=ticket_id, is_superseded=int(is_superseded))
    )
    return ticket_id


def revoke_superseded(connection: Connection, kept: Kept, now: Instant) -> int:
    """The new season has started: the codes that were not kept are worth nothing any more; says how many."""
    if now < kept.site.day_start(kept.first_day):
        return 0
    mine = campaign_member.c.campaign_no == kept.campaign_no
    cards = connection.execute(
        select(campaign_member.c.ticket_id).where(mine, campaign_member.c.is_superseded == 1)
    ).scalars()
    numbers = [number for card in cards.all() for number in find_by_ticket(connection, card)]
    for number in numbers:
        revoke_code(connection, number, now)
    connection.execute(update(campaign_member).where(mine).values(is_superseded=0))
    return len(numbers)


def _copy_ticket(
    connection: Connection, kept: Kept, old_id: str, order_id: str, now: Instant
) -> str:
    """Holder, marks and kind of code of the old card, on the new season's."""
    old = connection.execute(
        select(ticket, seat_ticket.c.is_per_event)
        .join(seat_ticket, seat_ticket.c.ticket_id == ticket.c.ticket_id)
        .where(ticket.c.ticket_id == old_id)
    ).one()
    ticket_id = secrets.token_hex(ID_BYTES)
    connection.execute(
        insert(ticket).values(
            ticket_id=ticket_id,
            order_id=order_id,
            type_no=kept.card_type_no,
            sold_at=now,
            holder=old.holder,
            seat=old.seat,
            flags=old.flags,
            code_kind=old.code_kind,
        )
    )
    connection.execute(
        insert(seat_ticket).values(
            ticket_id=ticket_id,
            season_no=kept.season_no,
            seat=old.seat,
            is_per_event=old.is_per_event,
            was_received=0,
        )
    )
    return ticket_id


def _hand_codes(
    connection: Connection, central: Central, kept: Kept, old_id: str, ticket_id: str
) -> bool:
    """The card's code, or one for each match; true where the old one is to be revoked later."""
    now = central.clock.now_ms()
    fresh = _ticket(connection, ticket_id)
    if ticket_id in hand_out(connection, fresh.order_id, now, kept.site):
        parts = select(seat_ticket.c.ticket_id).where(seat_ticket.c.card_ticket_id == ticket_id)
        for part in list(connection.execute(parts).scalars()):
            issue_ticket(connection, central, part, now)
        return False
    plan = _plan(connection, kept, old_id, ticket_id)
    keep_codes(connection, plan.linked)
    if plan.issues_new:
        issue_ticket(connection, central, ticket_id, now)
    return bool(plan.revoked)


def _plan(connection: Connection, kept: Kept, old_id: str, ticket_id: str) -> CodePlan:
    active = tuple(find_by_ticket(connection, old_id))
    starts_at = kept.site.day_start(kept.first_day)
    grant_no = load_grant(connection, ticket_id).grant_no
    return plan_codes(active, grant_no, starts_at, keep_codes=kept.keeps_codes)


def _ticket(connection: Connection, ticket_id: str) -> Row[Any]:
    return connection.execute(select(ticket).where(ticket.c.ticket_id == ticket_id)).one()
