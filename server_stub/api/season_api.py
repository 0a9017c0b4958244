"""Seasons, seats and campaigns: what staff call, and the pay link that a holder opens.

Law: thin, one transaction each; what moves money or creates a right asks for `TheOnce`. A pay link is its own secret:
whoever has it may look and pay, and learns nothing but the seat and the price.

Source: docs/central.md, "API"; docs/model-c.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, PathParameter
from sqlalchemy import Connection

from scanner.core.units import Instant
from server_stub.api.idempotency import Once, act_in_steps, act_once
from server_stub.api.injected import TheCentral, TheOnce
from server_stub.api.member_api import prove_once
from server_stub.api.paging import NUMBER_MOST
from server_stub.api.season_forms import (
    CampaignForm,
    ChangeSeatForm,
    ChoiceForm,
    LinkForm,
    MatchForm,
    OfferForm,
    RenewForm,
    SeasonForm,
    SeatCardForm,
    SeatForm,
    SeatMapForm,
    TimesForm,
    UpgradeSeatForm,
)
from server_stub.api.staff_api import Done
from server_stub.central import Central
from server_stub.rules.billing import Answer
from server_stub.seating import campaigns, seasons, seat_transfers, seat_upgrades
from server_stub.seating.campaign_report import CampaignReport, load_report
from server_stub.seating.campaign_run import CampaignRun, begin_charging, run_campaign
from server_stub.seating.seat_map import SeatMapResult, import_map
from server_stub.seating.seat_rights import Kept
from server_stub.seating.seat_sale import SeatSaleForm, sell_seat
from server_stub.seating.seat_upgrades import GivenBack
from server_stub.selling.checkout import Completed, Issued
from server_stub.site import load_site
from server_stub.subscribing.billing_run import build_providers

Number = Annotated[int, PathParameter(ge=1, le=NUMBER_MOST)]


class Added(msgspec.Struct, frozen=True):
    """The number that something new got."""

    number: int


class MatchSeat(msgspec.Struct, frozen=True):
    """A seat at a match, and what became of it. ``state``: of its ticket there."""

    event: int
    seat: str
    state: str
    ticket_id: str


class Opened(msgspec.Struct, frozen=True):
    """How many holders have a claim now."""

    holders: int


class Renewed(msgspec.Struct, frozen=True):
    """What became of a payment. ``ticket_id``: the new card, where it was paid at the desk."""

    answer: str
    ticket_id: str | None = None


class BehindLink(msgspec.Struct, frozen=True):
    """What a click does now: ``pay``, ``renewed``, ``buy``, ``waitlist`` or ``seat_gone``.

    ``paid``: what the provider said, where it was asked.
    """

    seat: str
    price_minor: int
    currency: str
    does: str
    paid: str | None = None


@post("/seasons", sync_to_thread=True, summary="Add a season")
def add_season(central: TheCentral, data: JSONBody[SeasonForm]) -> Added:
    """With its card and its ticket for one match."""
    with central.database.write() as connection:
        now, calendar = central.clock.now_ms(), load_site(connection).calendar
        return Added(seasons.add_season(connection, data, now, calendar))


@post("/seasons/{name:str}/map", sync_to_thread=True, status_code=200, summary="Import a seat map")
def map_seats(
    central: TheCentral, name: FromPath[str], data: JSONBody[SeatMapForm]
) -> SeatMapResult:
    """All of it, or nothing and every mistake with its line."""
    with central.database.write() as connection:
        return import_map(connection, name, data.csv, central.clock.now_ms())


@post("/seasons/{name:str}/matches", sync_to_thread=True, summary="Add a match to a season")
def add_match(
    central: TheCentral, once: TheOnce, name: FromPath[str], data: JSONBody[MatchForm]
) -> Added:
    """All holders have it at once."""
    return act_once(
        central,
        once,
        Added,
        lambda connection: Added(seasons.add_match(connection, central, name, data)),
    )


@post("/events/{number:int}/move", sync_to_thread=True, status_code=200, summary="Move an event")
def move_event(central: TheCentral, number: Number, data: JSONBody[TimesForm]) -> Done:
    """No card needs a new code."""
    with central.database.write() as connection:
        now, calendar = central.clock.now_ms(), load_site(connection).calendar
        seasons.move_match(connection, number, data, now, calendar)
    return Done()


@post("/seats/sell", sync_to_thread=True, summary="Sell a seat")
def sell(central: TheCentral, once: TheOnce, data: JSONBody[SeatSaleForm]) -> Completed:
    """For a season or one match, once. The codes are in this answer."""
    return act_once(
        central, once, Completed, lambda connection: sell_seat(connection, central, data)
    )


@post("/seats/card", sync_to_thread=True, status_code=200, summary="Note a card for renewals")
def set_card(central: TheCentral, data: JSONBody[SeatCardForm]) -> Done:
    """The number of a test card; it is not kept."""
    with central.database.write() as connection:
        seasons.set_card(connection, data.season, data.seat, data.card)
    return Done()


@post("/seats/offer", sync_to_thread=True, status_code=200, summary="Offer one match")
def offer(central: TheCentral, data: JSONBody[OfferForm]) -> MatchSeat:
    """Until it is accepted the card admits."""
    with central.database.write() as connection:
        now = central.clock.now_ms()
        return _match_seat(seat_transfers.offer(connection, data.event, data.seat, data.email, now))


@post("/seats/accept", sync_to_thread=True, summary="Accept an offer")
def accept(central: TheCentral, once: TheOnce, data: JSONBody[SeatForm]) -> Issued:
    """The recipient's ticket and its code are in this answer."""
    return act_once(
        central,
        once,
        Issued,
        lambda connection: seat_transfers.accept(connection, central, data.event, data.seat),
    )


@post("/seats/reject", sync_to_thread=True, status_code=200, summary="Refuse an offer")
def reject(central: TheCentral, data: JSONBody[SeatForm]) -> MatchSeat:
    """As if it had not been made."""
    with central.database.write() as connection:
        now = central.clock.now_ms()
        return _match_seat(seat_transfers.reject(connection, data.event, data.seat, now))


@post("/seats/recall", sync_to_thread=True, status_code=200, summary="Take one match back")
def recall(central: TheCentral, once: TheOnce, data: JSONBody[SeatForm]) -> MatchSeat:
    """Also from who has accepted it, and neither used it nor passed it on."""
    return _changed_once(
        central,
        once,
        lambda connection, now: seat_transfers.recall(connection, data.event, data.seat, now),
    )


@post("/seats/release", sync_to_thread=True, status_code=200, summary="Give to public sale")
def release(central: TheCentral, once: TheOnce, data: JSONBody[SeatForm]) -> MatchSeat:
    """The card is refused at this match from now on."""
    return _changed_once(
        central,
        once,
        lambda connection, now: seat_transfers.release(connection, data.event, data.seat, now),
    )


@post("/seats/take-back", sync_to_thread=True, status_code=200, summary="Take off public sale")
def take_back(central: TheCentral, once: TheOnce, data: JSONBody[SeatForm]) -> MatchSeat:
    """While nobody has bought it."""
    return _changed_once(
        central,
        once,
        lambda connection, now: seat_transfers.take_back(connection, data.event, data.seat, now),
    )


@post("/seats/change", sync_to_thread=True, status_code=200, summary="Another seat at one match")
def change_seat(central: TheCentral, once: TheOnce, data: JSONBody[ChangeSeatForm]) -> MatchSeat:
    """The old one is for sale at that match, and only there."""
    return _changed_once(
        central,
        once,
        lambda connection, now: seat_transfers.change_seat(
            connection, data.event, data.seat, data.to_seat, now
        ),
    )


@post("/seats/upgrade", sync_to_thread=True, status_code=200, summary="Pay up a concession")
def upgrade(central: TheCentral, once: TheOnce, data: JSONBody[UpgradeSeatForm]) -> MatchSeat:
    """At this match the seat is no concession any more; at all others it still is."""
    return _changed_once(
        central,
        once,
        lambda connection, now: seat_upgrades.upgrade_seat(connection, data, now),
    )


@post(
    "/seats/upgrade/undo",
    sync_to_thread=True,
    status_code=200,
    summary="Take a paid-up concession back",
)
def undo_upgrade(central: TheCentral, once: TheOnce, data: JSONBody[SeatForm]) -> GivenBack:
    """The money to hand back is in the answer; not after the seat was entered."""
    return act_once(
        central,
        once,
        GivenBack,
        lambda connection: seat_upgrades.undo_upgrade(
            connection, data.event, data.seat, central.clock.now_ms()
        ),
    )


@post("/campaigns", sync_to_thread=True, summary="Add a campaign")
def add_campaign(central: TheCentral, data: JSONBody[CampaignForm]) -> Added:
    """It asks nobody before it is opened."""
    with central.database.write() as connection:
        now, site = central.clock.now_ms(), load_site(connection).calendar
        return Added(campaigns.add_campaign(connection, data, now, site))


@post("/campaigns/{name:str}/open", sync_to_thread=True, status_code=200, summary="Open a campaign")
def open_campaign(central: TheCentral, name: FromPath[str]) -> Opened:
    """Every holder has a claim on their seat, or nobody has."""
    with central.database.write() as connection:
        return Opened(campaigns.open_campaign(connection, name, central.clock.now_ms()))


@post("/campaigns/{name:str}/choice", sync_to_thread=True, status_code=200, summary="Yes or no")
def choose(central: TheCentral, name: FromPath[str], data: JSONBody[ChoiceForm]) -> Done:
    """What a holder said."""
    with central.database.write() as connection:
        campaigns.choose(connection, name, data.seat, data.choice)
    return Done()


@post("/campaigns/{name:str}/pay", sync_to_thread=True, status_code=200, summary="Renew one seat")
def pay(
    central: TheCentral, once: TheOnce, name: FromPath[str], data: JSONBody[RenewForm]
) -> Renewed:
    """At the desk, or with the card that is known."""
    if data.paid_by is None:
        providers = build_providers(central)
        return act_in_steps(
            central,
            once,
            Renewed,
            lambda: Renewed(campaigns.renew_by_card(central, providers, name, data.seat).value),
        )
    paid_by = data.paid_by
    return act_once(
        central,
        once,
        Renewed,
        lambda connection: Renewed(
            "succeeded", campaigns.renew_at_desk(connection, central, name, data.seat, paid_by)
        ),
    )


@post("/campaigns/{name:str}/charge", sync_to_thread=True, status_code=200, summary="Charge now")
def charge(central: TheCentral, once: TheOnce, name: FromPath[str]) -> CampaignRun:
    """Everybody who is to be charged, whatever the hour that was set."""

    def run() -> CampaignRun:
        with central.database.write() as connection:
            number = begin_charging(connection, name)
        return run_campaign(central, build_providers(central), number)

    return act_in_steps(central, once, CampaignRun, run)


@get("/campaigns/{name:str}", sync_to_thread=True, summary="What came of a campaign")
def give_report(central: TheCentral, name: FromPath[str]) -> CampaignReport:
    """Where everybody stands, and whom somebody should write to."""
    with central.database.read() as connection:
        return load_report(connection, name)


@get("/{link:str}", sync_to_thread=True, summary="What a pay link does now")
def look_at_link(central: TheCentral, link: FromPath[str]) -> BehindLink:
    """Nothing is charged."""
    with central.database.read() as connection:
        return _behind(campaigns.look_at_link(connection, link, central.clock.now_ms()), None)


@post("/{link:str}", sync_to_thread=True, status_code=200, summary="Pay behind a link")
def pay_link(
    central: TheCentral, once: TheOnce, link: FromPath[str], data: JSONBody[LinkForm]
) -> BehindLink:
    """Too late, nothing is charged: the seat is for sale, or its holder waits for it."""

    def pay() -> BehindLink:
        found, said = campaigns.pay_link(central, build_providers(central), link, data.card)
        return _behind(found, None if said is None else said.value)

    return act_in_steps(central, once, BehindLink, pay, lambda done: done.paid != Answer.UNKNOWN)


def build_link_routes() -> Router:
    """The routes under ``/v1/renewals``."""
    return Router(
        "/v1/renewals",
        route_handlers=[look_at_link, pay_link],
        dependencies={"once": Provide(prove_once, sync_to_thread=False)},
        tags=["renewals"],
    )


def _changed_once(
    central: Central, once: Once, act: Callable[[Connection, Instant], Kept]
) -> MatchSeat:
    return act_once(
        central,
        once,
        MatchSeat,
        lambda connection: _match_seat(act(connection, central.clock.now_ms())),
    )


def _match_seat(kept: Kept) -> MatchSeat:
    return MatchSeat(kept.right.event_no, kept.seat, kept.right.state.value, kept.ticket_id)


def _behind(link: campaigns.Link, paid: str | None) -> BehindLink:
    return BehindLink(link.seat, link.price_minor, link.currency, link.answer, paid)


ROUTES: list[HTTPRouteHandler] = [
    add_season,
    map_seats,
    add_match,
    move_event,
    sell,
    set_card,
    offer,
    accept,
    reject,
    recall,
    release,
    take_back,
    change_seat,
    upgrade,
    undo_upgrade,
    add_campaign,
    open_campaign,
    choose,
    pay,
    charge,
    give_report,
]
