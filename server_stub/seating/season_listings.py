"""Seasons, their seats and their campaigns, as lists for people.

Law: as `server_stub.reporting.listings`.

Source: docs/model-c.md.
"""

from __future__ import annotations

from sqlalchemy import Select, and_, select

from server_stub.api.paging import Listing, Sorted
from server_stub.store.season_tables import (
    campaign,
    campaign_member,
    event_seat,
    season,
    season_seat,
    seat_credit,
    seat_right,
    seat_upgrade,
    waiting,
)
from server_stub.store.tables import customer, customer_order, event, ticket

_SEAT = (Sorted(season_seat.c.season_no), Sorted(season_seat.c.seat, str))
_HOLDER = customer.alias("holder")


def seats_of(season_no: int) -> Listing:
    """The map of one season, with who has what."""
    return Listing(_seats().where(season_seat.c.season_no == season_no), _SEAT)


def links_of(campaign_no: int) -> Listing:
    """Everybody whom a campaign asks, with the secret of their pay link."""
    rows = (
        select(
            campaign_member.c.seat,
            customer.c.email,
            campaign_member.c.choice,
            campaign_member.c.link,
        )
        .join(customer, customer.c.customer_id == campaign_member.c.customer_id)
        .where(campaign_member.c.campaign_no == campaign_no)
    )
    return Listing(rows, (Sorted(campaign_member.c.seat, str),))


def _seats() -> Select[tuple[object, ...]]:
    return (
        select(
            season.c.name.label("season"),
            season_seat.c.seat,
            season_seat.c.state,
            customer.c.email,
            season_seat.c.held_until,
            season_seat.c.is_on_map,
            season_seat.c.ticket_id,
        )
        .join(season, season.c.season_no == season_seat.c.season_no)
        .outerjoin(customer, customer.c.customer_id == season_seat.c.customer_id)
    )


def _matches() -> Select[tuple[object, ...]]:
    """Who has which seat at which match, and what became of it."""
    return (
        select(
            event_seat.c.event_no,
            event.c.name.label("match"),
            event_seat.c.seat,
            _HOLDER.c.email,
            seat_right.c.state.label("transfer"),
            customer.c.email.label("offered_to"),
            event_seat.c.held_until,
            event_seat.c.ticket_id,
            event_seat.c.released_by,
        )
        .join(event, event.c.event_no == event_seat.c.event_no)
        .outerjoin(ticket, ticket.c.ticket_id == event_seat.c.ticket_id)
        .outerjoin(customer_order, customer_order.c.order_id == ticket.c.order_id)
        .outerjoin(_HOLDER, _HOLDER.c.customer_id == customer_order.c.customer_id)
        .outerjoin(
            seat_right,
            and_(
                seat_right.c.ticket_id == event_seat.c.ticket_id,
                seat_right.c.event_no == event_seat.c.event_no,
            ),
        )
        .outerjoin(customer, customer.c.customer_id == seat_right.c.offered_to)
    )


SEASON_LISTINGS: dict[str, Listing] = {
    "seasons": Listing(
        select(
            season.c.season_no,
            season.c.name,
            season.c.first_day,
            season.c.last_day,
            season.c.cut_off_hours,
            season.c.allows_retransfer,
        ),
        (Sorted(season.c.season_no),),
    ),
    "seats": Listing(_seats(), _SEAT),
    "match_seats": Listing(
        _matches(), (Sorted(event_seat.c.event_no), Sorted(event_seat.c.seat, str))
    ),
    "campaigns": Listing(
        select(
            campaign.c.name,
            season.c.name.label("season"),
            campaign.c.mode,
            campaign.c.state,
            campaign.c.price_minor,
            campaign.c.currency,
            campaign.c.charge_at,
            campaign.c.priority_ends_on,
        ).join(season, season.c.season_no == campaign.c.season_no),
        (Sorted(campaign.c.name, str),),
    ),
    "credits": Listing(
        select(
            seat_credit.c.event_no,
            ticket.c.seat,
            customer.c.email,
            seat_credit.c.amount_minor,
            seat_credit.c.currency,
            seat_credit.c.at.label("sold_at"),
        )
        .join(ticket, ticket.c.ticket_id == seat_credit.c.ticket_id)
        .join(customer_order, customer_order.c.order_id == ticket.c.order_id)
        .join(customer, customer.c.customer_id == customer_order.c.customer_id),
        (Sorted(seat_credit.c.event_no), Sorted(seat_credit.c.ticket_id, str)),
    ),
    "upgrades": Listing(
        select(
            seat_upgrade.c.event_no,
            ticket.c.seat,
            seat_upgrade.c.amount_minor,
            seat_upgrade.c.currency,
            seat_upgrade.c.paid_by,
            seat_upgrade.c.at.label("paid_at"),
            seat_upgrade.c.undone_at,
        ).join(ticket, ticket.c.ticket_id == seat_upgrade.c.ticket_id),
        (Sorted(seat_upgrade.c.event_no), Sorted(seat_upgrade.c.ticket_id, str)),
    ),
    "waiting": Listing(
        select(
            season.c.name.label("season"),
            waiting.c.seat,
            customer.c.email,
            waiting.c.at.label("asked_at"),
        )
        .join(season, season.c.season_no == waiting.c.season_no)
        .join(customer, customer.c.customer_id == waiting.c.customer_id),
        (Sorted(waiting.c.at), Sorted(waiting.c.seat, str), Sorted(waiting.c.customer_id, str)),
    ),
}
