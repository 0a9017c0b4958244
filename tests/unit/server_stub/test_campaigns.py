"""Renewal campaigns in the store: charged once, a window to its last instant, public sale (S76–S78, S80, S81)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from scanner.core.errors import InputError
from scanner.core.reasons import Reason
from scanner.core.units import Instant
from server_stub.api.forms import PaidBy
from server_stub.rules.billing import Answer
from server_stub.rules.campaign import CampaignMode, Choice, renewal_key
from server_stub.seating.campaign_run import begin_charging, run_campaigns
from server_stub.seating.campaigns import (
    add_campaign,
    look_at_link,
    open_campaign,
    pay_link,
    renew_at_desk,
    renew_by_card,
)
from server_stub.seating.seat_map import import_map
from server_stub.selling import checkout
from server_stub.selling.codes import ACTIVE, REVOKED, find_by_ticket
from server_stub.selling.payments import MoneyRequest, PaymentProvider, ProviderName
from server_stub.store import tables
from server_stub.store.season_tables import campaign_charge, campaign_member, waiting
from server_stub.store.subscription_tables import simulated_charge
from support.central_site import rows
from support.databases import NewDatabase
from support.instants import wall
from support.stadium import BAD, GOOD, NEXT, SEASON, SILENT, STAND, Stadium, stadium

BEN = "ben@example.org"
OVER = wall("2027-07-01T00:00")
CHARGE_AT = "2027-06-01T09:00"


@pytest.fixture
def club(tmp_path: Path, new_database: NewDatabase) -> Iterator[Stadium]:
    with stadium(tmp_path, new_database()) as made:
        yield made


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Stadium]:
    """On SQLite only: what is tested is no matter of the database."""
    with stadium(tmp_path) as made:
        yield made


def held_by(club: Stadium, cards: dict[str, str | None]) -> dict[str, str]:
    """Season cards, each paid from its own bank card or none; gives their tickets."""
    tickets = {}
    for seat, number in cards.items():
        tickets[seat] = club.buy(seat, f"{seat.lower()}@example.org").tickets[0].ticket_id
        if number is not None:
            club.card(seat, number)
    club.at("2027-05-01T10:00")
    club.next_season()
    return tickets


def refusal(act: Any, *arguments: Any, **fields: Any) -> str:
    with pytest.raises(InputError) as caught:
        act(*arguments, **fields)
    code, message = caught.value.code, caught.value.message
    return message.partition(":")[0] if code.endswith("_refused") else code


def new_ticket(club: Stadium, seat: str) -> str:
    with club.central.database.read() as connection:
        return str(
            connection.execute(
                select(campaign_member.c.new_ticket_id).where(campaign_member.c.seat == seat)
            ).scalar_one()
        )


def moved_money(club: Stadium) -> int:
    with club.central.database.read() as connection:
        succeeded = simulated_charge.c.answer == Answer.SUCCEEDED
        counted = select(func.count()).select_from(simulated_charge).where(succeeded)
        return int(connection.execute(counted).scalar_one())


def test_s76_of_ten_holders_two_opt_out_eight_are_charged_once_and_who_failed_is_late(
    club: Stadium,
) -> None:
    cards = {f"A-{n}": BAD if n == 3 else None if n == 4 else GOOD for n in range(1, 11)}
    held_by(club, cards)
    club.campaign()
    for seat in ("A-1", "A-2"):
        club.says(seat, Choice.OUT)
    early = club.run()
    club.at(CHARGE_AT)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _n: club.run(), range(2)))
    again = club.run()
    made = club.report()

    assert (early.charged, early.state) == (0, "open")
    assert sum(one.charged for one in runs) == 8
    assert (again.charged, again.state) == (0, "late")
    assert moved_money(club) == 6
    assert {name: count for name, count in made.standings.items() if count} == {
        "renewed": 6,
        "opted_out": 2,
        "late": 2,
    }
    assert [(one.seat, one.failed, one.retry_at) for one in made.late] == [
        ("A-3", 1, wall("2027-06-02T09:00")),
        ("A-4", 1, wall("2027-06-02T09:00")),
    ]
    assert club.state("A-5", 2) == ("owned", "a-5@example.org")
    assert club.state("A-5") == ("renewed", "a-5@example.org")
    assert club.state("A-3", 2) == ("held", "a-3@example.org")

    club.card("A-3", GOOD)
    club.at("2027-06-02T09:00")
    assert club.run().charged == 2
    assert club.state("A-3", 2) == ("owned", "a-3@example.org")
    assert sorted(club.charges()) == ["declined"] * 3 + ["succeeded"] * 7


def test_a_run_that_is_killed_while_it_waits_for_an_answer_charges_nobody_twice(
    quick: Stadium,
) -> None:
    held_by(quick, {"A-1": SILENT, "A-2": GOOD})
    quick.campaign()
    quick.at(CHARGE_AT)
    first = quick.run()
    waits = quick.state("A-1", 2)
    second = quick.run()

    assert (first.unknown, first.state, waits[0]) == (1, "charging", "held")
    assert (second.charged, second.renewed, second.state) == (0, 1, "late")
    assert moved_money(quick) == 2


class Stumbling:
    """A provider of somebody else's make, which fails for one customer as nobody foresaw."""

    def __init__(self, provider: PaymentProvider, at: str) -> None:
        self._provider = provider
        self._at = at

    def charge(self, request: MoneyRequest) -> Answer:
        if self._at in request.key:
            raise ZeroDivisionError
        return self._provider.charge(request)


def test_a_broken_holder_is_named_and_the_others_are_charged(
    club: Stadium, caplog: pytest.LogCaptureFixture
) -> None:
    tickets = held_by(club, dict.fromkeys(("A-1", "A-2", "A-3", "A-4"), GOOD))
    club.campaign()
    odd = {"key": renewal_key("1", tickets["A-2"], 1), "campaign_no": 1, "seat": "?"}
    odd |= {"provider": "card", "amount_minor": 1, "currency": "EUR", "asked_at": 0}
    odd |= {"answer": "declined", "is_refund_due": 0}
    club.do(lambda connection: connection.execute(insert(campaign_charge).values(odd)))
    club.at(CHARGE_AT)
    stumbling = Stumbling(club.providers[ProviderName.CARD], tickets["A-3"])
    (done,) = run_campaigns(club.central, {ProviderName.CARD: stumbling})

    assert (done.renewed, done.broken) == (2, ["A-2", "A-3"])
    assert done.faults == {"renewal_broken": 2}
    assert {record.__dict__["seat"] for record in caplog.records} == {"A-2", "A-3"}
    assert club.state("A-4", 2) == ("owned", "a-4@example.org")
    (mended,) = run_campaigns(club.central, club.providers)
    assert (mended.renewed, mended.broken, moved_money(club)) == (1, ["A-2"], 3)


def test_s77_the_window_is_the_holders_to_its_last_millisecond_and_then_anybodys(
    club: Stadium,
) -> None:
    held_by(club, {"A-1": None, "A-2": None})
    club.campaign(CampaignMode.OPT_IN)
    club.clock.now = Instant(OVER - 1)
    assert club.run().released == 0
    assert refusal(club.buy, "A-1", BEN, season=NEXT) == "RENEWAL_OPEN"
    assert refusal(club.buy, "A-1", BEN, 4, season=NEXT) == "SEAT_TAKEN"
    club.do(renew_at_desk, club.central, "Renewals", "A-1", PaidBy.CASH)

    club.clock.now = OVER
    assert refusal(club.do, renew_at_desk, club.central, "Renewals", "A-2", PaidBy.CASH) == (
        "RENEWAL_CLOSED"
    )
    assert refusal(club.buy, "A-2", BEN, season=NEXT) == "RENEWAL_OPEN", "not released yet"
    done = club.run()
    assert (done.released, done.state) == (1, "completed")
    club.buy("A-2", BEN, season=NEXT)
    assert club.state("A-2", 2) == ("owned", BEN)
    assert club.state("A-1", 2) == ("owned", "a-1@example.org")
    assert club.state("A-2") == ("released", "a-2@example.org"), "this season is theirs to its end"


def test_s77_at_the_instant_the_window_ends_a_holder_and_a_buyer_get_one_right(
    club: Stadium,
) -> None:
    """A holder who pays, a run that releases and a buyer, all at once, on either side of the last instant."""
    held_by(club, {"A-1": GOOD, "A-2": GOOD})
    club.campaign(CampaignMode.PAY_LINK)

    def race(seat: str) -> list[str]:
        def attempt(act: Any) -> str:
            try:
                act()
            except InputError as error:
                return error.code
            return "done"

        acts = [
            lambda: renew_by_card(club.central, club.providers, "Renewals", seat),
            club.run,
            lambda: club.buy(seat, BEN, season=NEXT),
        ]
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(attempt, acts))

    club.clock.now = Instant(OVER - 1)
    assert (race("A-1")[0], club.state("A-1", 2)) == ("done", ("owned", "a-1@example.org"))
    club.clock.now = OVER
    assert race("A-2")[0] == "campaign_refused"
    assert moved_money(club) == 1
    club.run()
    assert club.state("A-2", 2) in {("owned", BEN), ("available", None)}


def test_s78_a_link_that_is_opened_too_late_charges_nothing_and_may_wait(quick: Stadium) -> None:
    held_by(quick, {"A-1": None, "A-2": None, "A-3": None})
    quick.campaign(CampaignMode.PAY_LINK)
    links = {seat: quick.link(seat) for seat in ("A-1", "A-2", "A-3")}
    pay = lambda seat: pay_link(quick.central, quick.providers, links[seat], GOOD)  # noqa: E731
    paid, answer = pay("A-1")
    again, _none = pay("A-1")
    quick.clock.now = OVER
    quick.run()
    quick.buy("A-2", BEN, season=NEXT)
    taken, free = pay("A-2"), pay("A-3")
    pay("A-2")

    assert (paid.answer, answer, again.answer) == ("pay", Answer.SUCCEEDED, "renewed")
    assert (taken[0].answer, taken[1], free[0].answer, free[1]) == ("waitlist", None, "buy", None)
    assert (moved_money(quick), rows(quick.central, waiting)) == (1, 1)
    assert refusal(quick.do, look_at_link, "no such link", quick.clock.now_ms()) == "link_unknown"


@pytest.mark.parametrize("keeps_codes", [True, False])
def test_s80_a_kept_code_opens_both_seasons_and_another_is_superseded_when_the_new_one_starts(
    quick: Stadium, *, keeps_codes: bool
) -> None:
    old = held_by(quick, {"A-1": GOOD})["A-1"]
    quick.campaign(keeps_codes=keeps_codes)
    quick.at(CHARGE_AT)
    quick.run()
    fresh = new_ticket(quick, "A-1")
    codes = [quick.do(find_by_ticket, one) for one in (old, fresh)]
    quick.at("2027-07-31T23:59")
    before = quick.run().revoked
    quick.at("2027-08-01T00:00")
    after = quick.run().revoked

    assert (codes[0] == codes[1]) is keeps_codes
    assert (before, after) == (0, 0 if keeps_codes else 1)
    with quick.central.database.read() as connection:
        state = select(tables.credential.c.state).where(
            tables.credential.c.credential_no == codes[0][0]
        )
        assert connection.execute(state).scalar_one() == (ACTIVE if keeps_codes else REVOKED)
    assert (quick.right(fresh).valid_from, quick.right(fresh).seat) == (
        wall("2027-08-01T00:00"),
        "A-1",
    )


def test_s81_a_seat_that_is_gone_stops_its_holder_and_nobody_else(quick: Stadium) -> None:
    held_by(quick, {"A-1": GOOD, "A-2": GOOD, "A-3": GOOD})
    quick.campaign()
    smaller = STAND.replace("A-1\n", "")
    quick.do(import_map, NEXT, smaller, quick.clock.now_ms())
    order_of = select(tables.ticket.c.order_id).where(tables.ticket.c.seat == "A-3")
    with quick.central.database.read() as connection:
        order_id = connection.execute(order_of).scalar_one()
    quick.do(checkout.refund, order_id, None, quick.clock.now_ms(), quick.calendar)
    quick.at(CHARGE_AT)
    quick.run()
    made = quick.report()

    assert [(one.seat, one.why.partition(":")[0]) for one in made.stopped] == [
        ("A-1", "SEAT_NOT_ON_MAP"),
        ("A-3", "ORDER_CLOSED"),
    ]
    assert made.standings["renewed"] == 1
    quick.buy("A-3", BEN, season=NEXT)
    quick.clock.now = OVER
    assert quick.run().state == "completed"


def test_a_renewal_of_one_ticket_a_match_makes_one_ticket_a_match_again(quick: Stadium) -> None:
    quick.buy("A-1", per_event=True)
    quick.card("A-1", GOOD)
    quick.at("2027-05-01T10:00")
    quick.next_season()
    quick.campaign()
    quick.at(CHARGE_AT)
    quick.run()

    part = quick.holders(4)["A-1"]
    assert part not in {None, new_ticket(quick, "A-1")}
    assert len(quick.do(find_by_ticket, part)) == 1


def test_what_is_renewed_is_an_order_that_can_be_given_back(quick: Stadium) -> None:
    held_by(quick, {"A-1": GOOD})
    quick.campaign()
    quick.at(CHARGE_AT)
    quick.run()
    fresh = new_ticket(quick, "A-1")
    with quick.central.database.read() as connection:
        order = connection.execute(
            select(tables.customer_order)
            .join(tables.ticket, tables.ticket.c.order_id == tables.customer_order.c.order_id)
            .where(tables.ticket.c.ticket_id == fresh)
        ).one()
    quick.do(checkout.refund, order.order_id, None, quick.clock.now_ms(), quick.calendar)

    assert (order.channel, order.state, order.paid_by) == ("campaign", "completed", "card")
    assert quick.right(fresh).deny_reason is Reason.CANCELLED
    assert quick.state("A-1", 2) == ("available", None)


def test_a_campaign_opens_for_everybody_or_for_nobody(quick: Stadium) -> None:
    held_by(quick, {"A-1": GOOD, "A-2": GOOD})
    quick.buy("A-2", BEN, season=NEXT)

    assert refusal(quick.campaign) == "SEAT_TAKEN"
    assert rows(quick.central, campaign_member) == 0
    assert quick.state("A-1", 2) == ("available", None)


def test_charging_may_begin_by_hand_and_only_of_a_campaign_that_is_open(quick: Stadium) -> None:
    held_by(quick, {"A-1": GOOD})
    quick.campaign()
    number = quick.do(begin_charging, "Renewals")

    assert number == 1
    assert refusal(quick.do, open_campaign, "Renewals", quick.clock.now_ms()) == "CAMPAIGN_RUNS"
    assert refusal(renew_by_card, quick.central, quick.providers, "Renewals", "A-9") == (
        "member_unknown"
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"season": SEASON}, "campaign_wrong"),
        ({"priority_ends_on": "2027-05-31"}, "campaign_wrong"),
        ({"season": "Season 1999"}, "name_unknown"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused(
    quick: Stadium, changed: dict[str, str], code: str
) -> None:
    from server_stub.api.form_reading import parse_form
    from server_stub.api.season_forms import CampaignForm

    quick.next_season()
    raw = {
        "name": "R",
        "season": NEXT,
        "mode": "opt_in",
        "charge_at": CHARGE_AT,
        "priority_ends_on": "2027-06-30",
    }
    form = parse_form(CampaignForm, raw | changed)

    assert refusal(quick.do, add_campaign, form, quick.clock.now_ms(), quick.calendar) == code
