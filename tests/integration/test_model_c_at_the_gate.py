"""Seats as gates meet them (S68–S74, S80, S82, S85): a real central's base, verified and looked up as gates do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.core.errors import InputError
from scanner.core.grants import GrantFlag
from scanner.core.reasons import Outcome, Reason
from server_stub.api.forms import EventForm, PaidBy
from server_stub.api.season_forms import TimesForm, UpgradeSeatForm
from server_stub.reporting.report import load_counts
from server_stub.rules.campaign import CampaignMode
from server_stub.seating import seasons, seat_transfers
from server_stub.seating.campaigns import renew_at_desk
from server_stub.seating.seat_upgrades import upgrade_seat
from server_stub.selling import catalogue
from server_stub.site import set_policy
from support.offline_gate import OfflineGate
from support.stadium import MATCHES, NEXT, SEASON, Stadium, match, stadium

BEN = "ben@example.org"
OPEN = (Outcome.SUCCESS, Reason.OK)


@pytest.fixture
def club(tmp_path: Path) -> Iterator[Stadium]:
    with stadium(tmp_path) as made:
        for policy in ("soft_age_s", "hard_age_s"):
            made.do(set_policy, policy, "40000000")  # weeks pass between two contacts
        yield made


@pytest.fixture
def gate(club: Stadium, tmp_path: Path) -> Iterator[OfflineGate]:
    folder = tmp_path / "gate"
    folder.mkdir()
    with OfflineGate(club.central, club.clock, folder) as made:
        yield made


def test_s68_s69_s70_a_card_opens_once_a_match_and_follows_every_change(
    club: Stadium, gate: OfflineGate
) -> None:
    card = club.buy("A-12").tickets[0].code.payload
    second = match(
        "2026-09-05", name="Evening", starts_at="2026-09-05T22:30", ends_at="2026-09-06T00:30"
    )
    club.do(seasons.add_match, club.central, SEASON, second)
    gala = EventForm(name="Gala", starts_at="2026-09-08T20:00", ends_at="2026-09-08T22:00")
    club.do(catalogue.add_event, gala, club.calendar)
    gate.sync()

    club.at("2026-09-05T19:30")
    first = gate.enter(card)
    assert ((first.outcome, first.reason), first.seat) == (OPEN, "A-12")
    assert gate.show(card) == (Outcome.REPEATED, Reason.LIMIT_EVENT)
    club.at("2026-09-05T22:00")
    assert gate.show(card) == OPEN, "the second match of the day"
    club.at("2026-09-08T20:00")
    assert gate.show(card) == (Outcome.DECLINED, Reason.WRONG_EVENT)

    times = TimesForm(starts_at="2026-10-04T18:00", ends_at="2026-10-04T20:00")
    club.do(seasons.move_match, MATCHES[1], times, club.clock.now_ms(), club.calendar)
    club.do(catalogue.cancel_event, MATCHES[2])
    added = club.do(seasons.add_match, club.central, SEASON, match("2026-12-05"))
    gate.sync()
    club.at("2026-10-03T20:00")
    assert gate.show(card) == (Outcome.DECLINED, Reason.NOT_YET_VALID)
    club.at("2026-10-04T18:00")
    assert gate.look(card).event_no == MATCHES[1]
    club.at("2026-11-07T20:00")
    assert gate.show(card) == (Outcome.DECLINED, Reason.EVENT_CANCELLED)
    club.at("2026-12-05T20:00")
    assert gate.look(card).event_no == added


def test_s71_s72_s73_a_transfer_at_a_gate_that_knows_and_at_one_that_does_not(
    club: Stadium, gate: OfflineGate
) -> None:
    card = club.buy("A-12").tickets[0].code.payload
    gate.sync()
    for event in MATCHES[1:]:
        club.do(seat_transfers.offer, event, "A-12", BEN, club.clock.now_ms())
    given = [club.do(seat_transfers.accept, club.central, event, "A-12") for event in MATCHES[1:]]

    club.at("2026-10-03T19:30")
    assert gate.enter(card).reason is Reason.OK, "this gate has heard nothing"
    early = gate.look(given[0].code.payload)
    assert (early.outcome, early.reason) == (Outcome.ACTION, Reason.SEAT_CONFLICT)
    gate.sync()
    with club.central.database.read() as connection:
        assert [one.reason for one in load_counts(connection).conflicts] == ["TRANSFERRED"]
    assert gate.show(card) == (Outcome.DECLINED, Reason.TRANSFERRED)

    club.at("2026-11-07T19:30")
    assert gate.show(card) == (Outcome.DECLINED, Reason.TRANSFERRED)
    theirs = gate.enter(given[1].code.payload)
    assert ((theirs.outcome, theirs.reason), theirs.seat) == (OPEN, "A-12")


def test_s73_what_has_entered_is_not_transferred_and_what_was_used_not_recalled(
    club: Stadium, gate: OfflineGate
) -> None:
    card = club.buy("A-12").tickets[0].code.payload
    club.do(seat_transfers.offer, MATCHES[1], "A-12", BEN, club.clock.now_ms())
    given = club.do(seat_transfers.accept, club.central, MATCHES[1], "A-12")
    gate.sync()
    club.at("2026-09-05T19:30")
    gate.enter(card)
    club.at("2026-10-03T19:30")
    gate.enter(given.code.payload)
    gate.sync()
    club.at("2026-09-05T12:00")

    with pytest.raises(InputError, match="ALREADY_ENTERED"):
        club.do(seat_transfers.offer, MATCHES[0], "A-12", BEN, club.clock.now_ms())
    with pytest.raises(InputError, match="PASSED_ON"):
        club.do(seat_transfers.recall, MATCHES[1], "A-12", club.clock.now_ms())


def test_s74_s75_s82_a_match_for_sale_another_seat_and_a_concession(
    club: Stadium, gate: OfflineGate
) -> None:
    card = club.buy("A-12", flags=[GrantFlag.CONCESSION]).tickets[0].code.payload
    club.do(seat_transfers.release, MATCHES[0], "A-12", club.clock.now_ms())
    club.do(seat_transfers.change_seat, MATCHES[1], "A-12", "A-15", club.clock.now_ms())
    paid_up = UpgradeSeatForm(event=MATCHES[2], seat="A-12", price_minor=500)
    club.do(upgrade_seat, paid_up, club.clock.now_ms())
    bought = club.buy("A-12", BEN, MATCHES[0]).tickets[0].code.payload
    gate.sync()

    club.at("2026-09-05T19:30")
    assert gate.show(card) == (Outcome.DECLINED, Reason.RESALE)
    assert gate.show(bought) == OPEN
    club.at("2026-10-03T19:30")
    moved = gate.look(card)
    assert (moved.reason, moved.seat) == (Reason.CONCESSION, "A-15")
    club.at("2026-11-07T19:30")
    assert Reason.CONCESSION not in {gate.look(card).reason, *gate.look(card).flags}


def test_s80_s85_a_season_from_its_first_match_to_the_next_one(
    club: Stadium, gate: OfflineGate
) -> None:
    card = club.buy("A-12").tickets[0].code.payload
    club.buy("A-13", "zoe@example.org")
    gate.sync()
    club.at("2026-09-05T19:30")
    assert gate.enter(card).reason is Reason.OK
    club.at("2026-09-20T10:00")
    club.do(seat_transfers.offer, MATCHES[1], "A-12", BEN, club.clock.now_ms())
    guest = club.do(seat_transfers.accept, club.central, MATCHES[1], "A-12").code.payload
    gate.sync()
    club.at("2026-10-03T19:30")
    assert (gate.show(card)[1], gate.enter(guest).reason) == (Reason.TRANSFERRED, Reason.OK)

    club.at("2027-05-01T10:00")
    club.next_season()
    club.campaign(CampaignMode.OPT_IN)
    club.do(renew_at_desk, club.central, "Renewals", "A-12", PaidBy.TRANSFER)
    club.at("2027-07-01T00:00")
    assert club.run().released == 1
    new = club.buy("A-13", BEN, season=NEXT).tickets[0].code.payload
    gate.sync()

    club.at("2027-09-04T19:30")
    again = gate.enter(card)
    assert ((again.outcome, again.reason), again.seat) == (OPEN, "A-12"), "the same card, from 0"
    assert gate.show(card) == (Outcome.REPEATED, Reason.LIMIT_EVENT)
    assert gate.look(new).seat == "A-13"
