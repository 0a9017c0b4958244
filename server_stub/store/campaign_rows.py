"""Campaigns in the database: found, moved, with everybody who is asked and everything that was charged.

Law: each function is part of its caller's transaction. Where a holder stands is computed by
`server_stub.rules.campaign` from what was recorded, never kept.

Source: docs/model-c.md, "The campaign"; docs/membership-rules.md, "Campaigns".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.faults import FieldError
from server_stub.rules.billing import Answer, Attempt
from server_stub.rules.campaign import (
    CAMPAIGN_TABLE,
    Campaign,
    CampaignEvent,
    CampaignMode,
    CampaignState,
    Choice,
    Member,
)
from server_stub.rules.machine import next_state
from server_stub.rules.refusals import MEANINGS, Refusal
from server_stub.selling.catalogue import find_no
from server_stub.site import load_site
from server_stub.store.season_tables import (
    campaign,
    campaign_charge,
    campaign_member,
    season,
    season_seat,
)

RENEWABLE = frozenset({CampaignState.OPEN, CampaignState.CHARGING, CampaignState.LATE})
"""The states in which a holder may say something or pay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A campaign as it stands. ``old_no``: the season whose holders are asked, ``season_no``: for which they are."""

    campaign_no: int
    name: str
    campaign: Campaign
    state: CampaignState
    old_no: int
    season_no: int
    card_type_no: int
    first_day: date
    currency: str
    keeps_codes: bool
    site: SiteCalendar


def load_campaign(connection: Connection, name: str) -> Kept:
    """A campaign by its name.

    Raises:
        InputError: ``name_unknown``.
    """
    return load_numbered(connection, find_no(connection, campaign, "campaign", name))


def load_numbered(connection: Connection, number: int) -> Kept:
    """A campaign by its number."""
    row = connection.execute(
        select(campaign, season.c.follows_no, season.c.card_type_no, season.c.first_day)
        .join(season, season.c.season_no == campaign.c.season_no)
        .where(campaign.c.campaign_no == number)
    ).one()
    return Kept(
        campaign_no=row.campaign_no,
        name=row.name,
        campaign=Campaign(
            campaign_id=str(row.campaign_no),
            mode=CampaignMode(row.mode),
            price_minor=row.price_minor,
            priority_ends_on=date.fromisoformat(row.priority_ends_on),
            charge_at=row.charge_at,
        ),
        state=CampaignState(row.state),
        old_no=row.follows_no,
        season_no=row.season_no,
        card_type_no=row.card_type_no,
        first_day=date.fromisoformat(row.first_day),
        currency=row.currency,
        keeps_codes=bool(row.keeps_codes),
        site=load_site(connection).calendar,
    )


def load_members(connection: Connection, kept: Kept, seat: str | None = None) -> list[Member]:
    """Everybody who is asked, or who has one seat, in the order of seats."""
    here, there = season_seat.alias("here"), season_seat.alias("there")
    one = campaign_member.c
    rows = connection.execute(
        select(
            campaign_member,
            here.c.is_on_map,
            (there.c.ticket_id == one.ticket_id).label("is_holder"),
        )
        .outerjoin(here, and_(here.c.season_no == kept.season_no, here.c.seat == one.seat))
        .outerjoin(there, and_(there.c.season_no == kept.old_no, there.c.seat == one.seat))
        .where(one.campaign_no == kept.campaign_no, *([] if seat is None else [one.seat == seat]))
        .order_by(one.seat)
    ).all()
    attempts = _attempts(connection, kept, seat)
    return [
        Member(
            holding_id=row.ticket_id,
            seat=row.seat,
            choice=Choice(row.choice),
            attempts=tuple(attempts.get(row.seat, ())),
            is_on_map=bool(row.is_on_map and row.is_holder),
            is_released=bool(row.is_released),
        )
        for row in rows
    ]


def load_member(connection: Connection, kept: Kept, seat: str) -> tuple[Member, Row[Any]]:
    """The holder of one seat, and their row.

    Raises:
        InputError: ``member_unknown``.
    """
    members = load_members(connection, kept, seat)
    if not members:
        raise FieldError(
            "member_unknown",
            f"campaign {kept.name!r} asks nobody for seat {seat[:40]!r}; nothing was changed",
            "see `portillon-central campaign report`",
            field="seat",
        )
    row = connection.execute(
        select(campaign_member).where(
            campaign_member.c.campaign_no == kept.campaign_no, campaign_member.c.seat == seat
        )
    ).one()
    return members[0], row


def load_old_seat(connection: Connection, kept: Kept, seat: str) -> Row[Any]:
    """A holder's seat in the season that they have now."""
    return connection.execute(
        select(season_seat).where(
            season_seat.c.season_no == kept.old_no, season_seat.c.seat == seat
        )
    ).one()


def move(connection: Connection, kept: Kept, what: CampaignEvent) -> Kept:
    """Changes a campaign's state.

    Raises:
        InputError: ``campaign_refused``.
    """
    state = next_state(CAMPAIGN_TABLE, kept.state, what)
    if isinstance(state, Refusal):
        raise refused(state)
    connection.execute(
        update(campaign).where(campaign.c.campaign_no == kept.campaign_no).values(state=state)
    )
    return load_numbered(connection, kept.campaign_no)


def require_renewable(kept: Kept) -> None:
    """Raises `InputError` ``campaign_refused`` where holders cannot say or pay anything."""
    if kept.state not in RENEWABLE:
        is_early = kept.state in {CampaignState.DRAFT, CampaignState.SCHEDULED}
        raise refused(Refusal.CAMPAIGN_NOT_READY if is_early else Refusal.RENEWAL_CLOSED)


def refused(refusal: Refusal) -> InputError:
    """A refusal of the rules, for the person who asked."""
    return InputError(
        "campaign_refused",
        f"{refusal.value}: {MEANINGS[refusal]} Nothing was changed.",
        "docs/membership-rules.md lists what may happen in each state",
    )


def _attempts(connection: Connection, kept: Kept, seat: str | None) -> dict[str, list[Attempt]]:
    one = campaign_charge.c
    rows = connection.execute(
        select(campaign_charge)
        .where(one.campaign_no == kept.campaign_no, *([] if seat is None else [one.seat == seat]))
        .order_by(one.asked_at, one.key)
    )
    found: dict[str, list[Attempt]] = {}
    for row in rows:
        at = Instant(row.asked_at)
        found.setdefault(row.seat, []).append(Attempt(row.key, at, at, Answer(row.answer)))
    return found
