"""What an organiser and a holder do with a renewal campaign: make it, open it, say yes or no, pay.

Law: each function is part of its caller's transaction but those that ask a provider for money. Opening gives every
holder a claim on their seat in the next season, or opens nothing. A holder pays for a renewal at most once.

Source: docs/model-c.md, "The campaign"; docs/membership-rules.md, "Campaigns".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.api.forms import PaidBy, parse_name, parse_wall
from server_stub.api.season_forms import CampaignForm
from server_stub.central import Central
from server_stub.faults import FieldError
from server_stub.rules.billing import Answer
from server_stub.rules.campaign import (
    CampaignEvent,
    CampaignState,
    Choice,
    LinkAnswer,
    may_renew,
    open_link,
)
from server_stub.rules.refusals import Refusal
from server_stub.rules.season import HoldingState
from server_stub.seating.campaign_charging import ask, record, settle_by_hand
from server_stub.seating.seasons import find_season
from server_stub.seating.seat_claims import is_free, open_claim
from server_stub.selling.payments import Providers
from server_stub.selling.simulated_card import save_card
from server_stub.site import load_currency
from server_stub.store.campaign_rows import (
    Kept,
    load_campaign,
    load_member,
    load_numbered,
    load_old_seat,
    move,
    refused,
    require_renewable,
)
from server_stub.store.database import inserted_no
from server_stub.store.season_tables import campaign, campaign_member, season_seat, waiting
from server_stub.store.tables import ticket_type

LINK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Link:
    """What is behind a pay link. ``answer``: what a click on it does now."""

    campaign: str
    seat: str
    price_minor: int
    currency: str
    answer: str


def add_campaign(
    connection: Connection, form: CampaignForm, now: Instant, site: SiteCalendar
) -> int:
    """A draft: it asks nobody.

    Raises:
        InputError: ``name_unknown``, ``name_bad``, ``campaign_exists``, ``campaign_wrong``, ``date_bad``.
    """
    name = parse_name("campaign", form.name)
    season = find_season(connection, form.season)
    if connection.execute(select(campaign.c.name).where(campaign.c.name == name)).first():
        raise FieldError(
            "campaign_exists",
            f"campaign {name!r} exists already; nothing was changed",
            "choose another name",
            field="name",
        )
    if season.follows_no is None:
        raise _wrong("season", f"season {form.season!r} follows no other, so it has no holders")
    charge_at = (
        None if form.charge_at is None else site.instant(parse_wall(form.charge_at, "charge_at"))
    )
    ends_at = site.day(form.priority_ends_on).until or now
    if ends_at <= max(now, charge_at or now):
        raise _wrong("priority_ends_on", "the priority window ends before it can be charged in")
    card = select(ticket_type.c.price_minor).where(ticket_type.c.type_no == season.card_type_no)
    price = connection.execute(card).scalar_one()
    return inserted_no(
        connection.execute(
            insert(campaign).values(
                name=name,
                season_no=season.season_no,
                mode=form.mode,
                state=CampaignState.DRAFT,
                price_minor=price if form.price_minor is None else form.price_minor,
                currency=load_currency(connection),
                charge_at=charge_at,
                priority_ends_on=form.priority_ends_on.isoformat(),
                keeps_codes=int(form.keeps_codes),
                created_at=now,
            )
        )
    )


def schedule(connection: Connection, name: str) -> Kept:
    """It is meant; it still asks nobody.

    Raises:
        InputError: ``name_unknown``, ``campaign_refused``.
    """
    return move(connection, load_campaign(connection, name), CampaignEvent.SCHEDULED)


def open_campaign(
    connection: Connection,
    name: str,
    now: Instant,
    watch: Callable[[int, int], None] = lambda _n, _of: None,
) -> int:
    """Every holder has a claim from now on; says how many. ``watch`` is told how many of how many.

    Raises:
        InputError: ``name_unknown``, ``campaign_refused``, ``seat_refused``: a seat is somebody else's there.
    """
    kept = load_campaign(connection, name)
    if kept.state is CampaignState.DRAFT:
        kept = move(connection, kept, CampaignEvent.SCHEDULED)
    kept = move(connection, kept, CampaignEvent.OPENED)
    holders = connection.execute(
        select(season_seat)
        .where(season_seat.c.season_no == kept.old_no, season_seat.c.state == HoldingState.OWNED)
        .order_by(season_seat.c.seat)
        .with_for_update()
    ).all()
    for number, old in enumerate(holders, start=1):
        open_claim(connection, old, kept.season_no, now)
        watch(number, len(holders))
    members = [
        {
            "campaign_no": kept.campaign_no,
            "seat": old.seat,
            "ticket_id": old.ticket_id,
            "customer_id": old.customer_id,
            "choice": Choice.NONE,
            "link": secrets.token_urlsafe(LINK_BYTES),
            "is_released": 0,
            "is_superseded": 0,
        }
        for old in holders
    ]
    if members:
        connection.execute(insert(campaign_member), members)
    return len(members)


def choose(connection: Connection, name: str, seat: str, choice: Choice) -> None:
    """What a holder said; while nothing was charged they may change their mind.

    Raises:
        InputError: ``name_unknown``, ``member_unknown``, ``campaign_refused``.
    """
    kept = load_campaign(connection, name)
    require_renewable(kept)
    member, _row = load_member(connection, kept, seat)
    if any(attempt.answer is Answer.SUCCEEDED for attempt in member.attempts):
        raise refused(Refusal.ALREADY_RENEWED)
    connection.execute(
        update(campaign_member)
        .where(campaign_member.c.campaign_no == kept.campaign_no, campaign_member.c.seat == seat)
        .values(choice=choice)
    )


def renew_at_desk(
    connection: Connection, central: Central, name: str, seat: str, paid_by: PaidBy
) -> str:
    """A holder has paid at the desk; gives the new card's ticket.

    Raises:
        InputError: ``name_unknown``, ``member_unknown``, ``campaign_refused``, ``renewal_unpaid``.
    """
    kept = load_campaign(connection, name)
    require_payable(connection, kept, seat, central.clock.now_ms())
    if kept.campaign.price_minor and paid_by is PaidBy.NOTHING:
        raise FieldError(
            "renewal_unpaid",
            f"this renewal costs {kept.campaign.price_minor} minor units; nothing was done",
            "take the money and say how: cash or transfer",
            field="paid_by",
        )
    return settle_by_hand(connection, central, kept, seat, paid_by)


def renew_by_card(
    central: Central, providers: Providers, name: str, seat: str, card: str | None = None
) -> Answer:
    """A holder pays with the card that is known, or with another one from now on.

    Raises:
        InputError: ``name_unknown``, ``member_unknown``, ``campaign_refused``, ``renewal_cardless``,
            ``card_not_simulated``.
    """
    with central.database.write() as connection:
        kept = load_campaign(connection, name)
        now = central.clock.now_ms()
        require_payable(connection, kept, seat, now)
        if card is not None:
            _save_card(connection, kept, seat, card)
        if load_old_seat(connection, kept, seat).method is None:
            raise InputError(
                "renewal_cardless",
                f"no card is known for seat {seat!r}; nothing was charged",
                "give one with `seat card`, or say how it was paid at the desk",
            )
        member, _row = load_member(connection, kept, seat)
        key = record(connection, kept, member, now)
    return ask(central, providers, key, is_off_session=False)


def look_at_link(connection: Connection, link: str, now: Instant) -> Link:
    """What a pay link answers now.

    Raises:
        InputError: ``link_unknown``, ``campaign_refused``.
    """
    kept, seat = _behind(connection, link)
    member, _row = load_member(connection, kept, seat)
    free = is_free(connection, kept.season_no, seat, now)
    found = open_link(kept.campaign, member, now, kept.site, is_seat_free=free)
    if isinstance(found, Refusal):
        raise refused(found)
    return Link(kept.name, seat, kept.campaign.price_minor, kept.currency, found.value)


def pay_link(
    central: Central, providers: Providers, link: str, card: str
) -> tuple[Link, Answer | None]:
    """A holder pays behind the link; too late, nothing is charged, and where the seat is gone they wait for it.

    Raises:
        InputError: ``link_unknown``, ``campaign_refused``, ``card_not_simulated``.
    """
    with central.database.write() as connection:
        found = look_at_link(connection, link, central.clock.now_ms())
        kept, seat = _behind(connection, link)
        if found.answer == LinkAnswer.WAITLIST:
            _wait(connection, kept, seat, central.clock.now_ms())
    if found.answer != LinkAnswer.PAY:
        return found, None
    return found, renew_by_card(central, providers, found.campaign, found.seat, card)


def require_payable(connection: Connection, kept: Kept, seat: str, now: Instant) -> None:
    """Raises `InputError` ``campaign_refused``, ``member_unknown`` where a holder may not pay now."""
    require_renewable(kept)
    member, _row = load_member(connection, kept, seat)
    refusal = may_renew(kept.campaign, member, now, kept.site)
    if refusal is not None:
        raise refused(refusal)


def _save_card(connection: Connection, kept: Kept, seat: str, number: str) -> None:
    connection.execute(
        update(season_seat)
        .where(season_seat.c.season_no == kept.old_no, season_seat.c.seat == seat)
        .values(method=save_card(connection, number))
    )


def _behind(connection: Connection, link: str) -> tuple[Kept, str]:
    row = connection.execute(select(campaign_member).where(campaign_member.c.link == link)).first()
    if row is None:
        raise InputError(
            "link_unknown",
            "there is no renewal behind this link",
            "copy the whole link out of the letter, or ask at the desk",
        )
    return load_numbered(connection, row.campaign_no), row.seat


def _wait(connection: Connection, kept: Kept, seat: str, now: Instant) -> None:
    """Somebody else has the seat: whose it was is told when it comes free."""
    _member, row = load_member(connection, kept, seat)
    here = {"season_no": kept.season_no, "seat": seat, "customer_id": row.customer_id}
    known = select(waiting.c.at).where(*(waiting.c[name] == value for name, value in here.items()))
    if connection.execute(known).first() is None:
        connection.execute(insert(waiting).values(at=now, **here))


def _wrong(field: str, what: str) -> FieldError:
    return FieldError(
        "campaign_wrong",
        f"{what}; nothing was changed",
        "see docs/model-c.md, 'The campaign'",
        field=field,
    )
