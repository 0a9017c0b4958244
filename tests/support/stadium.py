"""A club with a season of three matches and a small stand: what the tests of model C share."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import select

from scanner.core.grants import AccessGrant, EventException
from scanner.core.units import EventNo
from server_stub.api.forms import PaidBy, SaleForm
from server_stub.api.season_forms import CampaignForm, MatchForm, SeasonForm
from server_stub.central import Central, open_central
from server_stub.rules.campaign import CampaignMode, Choice
from server_stub.seating import seasons
from server_stub.seating.campaign_report import CampaignReport, load_report
from server_stub.seating.campaign_run import CampaignRun, run_campaigns
from server_stub.seating.campaigns import add_campaign, choose, open_campaign
from server_stub.seating.seat_map import import_map
from server_stub.selling import checkout, orders
from server_stub.selling.checkout import Completed
from server_stub.selling.payments import Providers
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.store.season_tables import (
    campaign_charge,
    campaign_member,
    event_seat,
    grant_event,
    season_seat,
)
from server_stub.subscribing.billing_run import build_providers
from support.central_site import CentralClock, museum
from support.instants import wall
from sync.base_rows import parse_exception

GOOD, BAD, SILENT = "4242424242424242", "4000000000000002", "4000000000000119"
SEASON, NEXT = "Season 2026", "Season 2027"
MATCH = f"{SEASON}, one match"
STAND = "seat\n" + "\n".join(f"A-{number}" for number in range(1, 21)) + "\n"
MATCHES = (EventNo(1), EventNo(2), EventNo(3))
BEGUN = "2026-08-01T10:00"
DAYS = ("2026-09-05", "2026-10-03", "2026-11-07")


@dataclass
class Stadium:
    """An opened central, its clock, its payment providers."""

    central: Central
    clock: CentralClock
    providers: Providers

    def at(self, text: str) -> None:
        """It is now this wall time in Paris."""
        self.clock.now = wall(text)

    def do(self, change: Any, *arguments: Any) -> Any:
        """One transaction."""
        with self.central.database.write() as connection:
            return change(connection, *arguments)

    def buy(
        self, seat: str, email: str = "ann@example.org", event: int | None = None, **fields: Any
    ) -> Completed:
        """A season's seat, or (event) one match, from an open order to the code."""
        season = fields.pop("season", SEASON)
        kind = season if event is None else f"{season}, one match"
        form = SaleForm(type=kind, seat=seat, event=event, **fields)
        with self.central.database.write() as connection:
            now = self.clock.now_ms()
            order_id = orders.create_order(connection, email, now)
            checkout.add_line(connection, order_id, form, now)
            checkout.place(connection, order_id, now)
            return checkout.complete(connection, self.central, order_id, PaidBy.CASH)

    def card(self, seat: str, number: str, season: str = SEASON) -> None:
        self.do(seasons.set_card, season, seat, number)

    def right(self, ticket_id: str) -> AccessGrant:
        with self.central.database.read() as connection:
            return orders.load_grant(connection, ticket_id)

    def exceptions(self, ticket_id: str) -> list[EventException]:
        grant_no = self.right(ticket_id).grant_no
        with self.central.database.read() as connection:
            rows = connection.execute(
                select(grant_event).where(grant_event.c.grant_no == grant_no)
            ).all()
        found = [parse_exception(tuple(row)) for row in rows]
        return [one for one in found if one != EventException(event_no=one.event_no)]

    def holders(self, event: int) -> dict[str, str | None]:
        """Who has which seat at a match: a ticket, or None where it is for sale."""
        with self.central.database.read() as connection:
            rows = connection.execute(select(event_seat).where(event_seat.c.event_no == event))
            return {row.seat: row.ticket_id for row in rows}

    def state(self, seat: str, season_no: int = 1) -> tuple[str, str | None]:
        with self.central.database.read() as connection:
            row = connection.execute(
                select(season_seat.c.state, tables.customer.c.email)
                .outerjoin(
                    tables.customer, tables.customer.c.customer_id == season_seat.c.customer_id
                )
                .where(season_seat.c.season_no == season_no, season_seat.c.seat == seat)
            ).one()
        return row.state, row.email

    def next_season(self, stand: str = STAND) -> None:
        """The season that follows, with a match and the same seats."""
        self.do(
            seasons.add_season,
            SeasonForm(
                name=NEXT,
                first_day=date(2027, 8, 1),
                last_day=date(2028, 5, 31),
                price_minor=30_000,
                match_price_minor=2_500,
                follows=SEASON,
            ),
            self.clock.now_ms(),
            self.calendar,
        )
        self.do(import_map, NEXT, stand, self.clock.now_ms())
        self.do(seasons.add_match, self.central, NEXT, match("2027-09-04"))

    def campaign(self, mode: CampaignMode = CampaignMode.OPT_OUT, **fields: Any) -> None:
        """Opened; charged from 1 June 2027, 09:00; to the end of 30 June."""
        form = CampaignForm(
            name="Renewals",
            season=NEXT,
            mode=mode,
            charge_at="2027-06-01T09:00",
            priority_ends_on=date(2027, 6, 30),
            **fields,
        )
        self.do(add_campaign, form, self.clock.now_ms(), self.calendar)
        self.do(open_campaign, "Renewals", self.clock.now_ms())

    def says(self, seat: str, choice: Choice) -> None:
        self.do(choose, "Renewals", seat, choice)

    def run(self) -> CampaignRun:
        (done,) = run_campaigns(self.central, self.providers)
        return done

    def report(self) -> CampaignReport:
        with self.central.database.read() as connection:
            return load_report(connection, "Renewals")

    def charges(self) -> list[str]:
        """The answers, by key."""
        with self.central.database.read() as connection:
            return list(
                connection.execute(
                    select(campaign_charge.c.answer).order_by(campaign_charge.c.key)
                ).scalars()
            )

    def link(self, seat: str) -> str:
        with self.central.database.read() as connection:
            return str(
                connection.execute(
                    select(campaign_member.c.link).where(campaign_member.c.seat == seat)
                ).scalar_one()
            )

    @property
    def calendar(self) -> Any:
        with self.central.database.read() as connection:
            return load_site(connection).calendar


def match(day: str, **fields: Any) -> MatchForm:
    """Kick-off at 20:00."""
    times = {"starts_at": f"{day}T20:00", "ends_at": f"{day}T22:00"}
    return MatchForm(**({"name": f"Match {day}"} | times | fields))


@cache
def _built() -> Path:
    """A stadium that nobody opens: setting it up takes far longer than copying it."""
    folder = Path(mkdtemp(prefix="portillon-stadium-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    clock = CentralClock(wall(BEGUN))
    with museum(folder, clock) as central:
        _set_up(Stadium(central, clock, build_providers(central)))
    return folder / "central"


def _set_up(made: Stadium) -> None:
    form = SeasonForm(
        name=SEASON,
        first_day=date(2026, 8, 1),
        last_day=date(2027, 5, 31),
        price_minor=25_000,
        match_price_minor=2_000,
    )
    made.do(seasons.add_season, form, made.clock.now_ms(), made.calendar)
    made.do(import_map, SEASON, STAND, made.clock.now_ms())
    for day in DAYS:
        made.do(seasons.add_match, made.central, SEASON, match(day))


@contextmanager
def stadium(folder: Path, database_url: str | None = None) -> Iterator[Stadium]:
    """On 1 August 2026, 10:00: a season of three matches, 250.00 or 20.00 each, and twenty seats."""
    clock = CentralClock(wall(BEGUN))
    if database_url is None:
        shutil.copytree(_built(), folder / "central")
        with open_central(folder / "central", clock) as central:
            yield Stadium(central, clock, build_providers(central))
        return
    with museum(folder, clock, database_url) as central:
        made = Stadium(central, clock, build_providers(central))
        _set_up(made)
        yield made
