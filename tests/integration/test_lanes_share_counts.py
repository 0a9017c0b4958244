"""Lanes of one venue, as real processes on real lines: what one admits counts at the others, and nothing is lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from server_stub.api.forms import CodeKind, RuleForm, TagForm, TypeForm
from server_stub.selling.catalogue import add_type
from server_stub.selling.sales import Sold
from server_stub.site import load_site
from support.disk_words import Piece, pieces_of
from support.eventually import eventually
from support.fault_table import Played
from support.real_central import machine_clock
from support.venue import Venue, VenueLane, venue
from sync.durable import save_atomically

WITHIN_S = 40.0
"""For what takes less than a second on a machine that has nothing else to do."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    with venue(tmp_path_factory.mktemp("venue"), "north", "south") as made:
        yield made


def sold(site: Venue, type_name: str, **form: Any) -> Sold:
    """A code that every lane knows: nothing but a notice can have told them, no poll comes in an hour."""
    made = site.sell(type_name, **form)
    seq = site.central.publish().seq
    for lane in site.lanes:
        assert eventually(lambda: lane.snapshot_seq() >= seq, WITHIN_S), f"{lane.name} has it not"  # noqa: B023
    return made


def heard(lane: VenueLane, ticket: Sold, used: int) -> bool:
    return eventually(lambda: lane.used(ticket) == used, WITHIN_S)


@pytest.mark.parametrize(("kind", "reason"), [("once", "USED"), ("daily", "LIMIT_DAY")])
def test_an_entry_at_one_lane_uses_up_the_right_at_the_other(
    site: Venue, kind: str, reason: str
) -> None:
    north, south = site.lanes
    ticket = sold(site, kind)

    assert north.scan(ticket) in {"OK", "LAST_ENTRY"}
    assert heard(south, ticket, 1)

    assert south.scan(ticket) == reason


def test_s62_a_stolen_box_tells_no_code_no_name_no_address_no_amount_and_no_tag(
    site: Venue,
) -> None:
    north, south = site.lanes
    secrets = {
        "code": "77001234567890123456",
        "email": "quidam@stolen.example",
        "name": "Quidam",
        "amount": "918273645",
        "tag": "Membre 2025",
    }
    priced = TypeForm(
        name="priced",
        validity="always",
        rule=RuleForm(max_total=50),
        price_minor=int(secrets["amount"]),
        tags=[TagForm(tag=secrets["tag"])],
    )
    with site.central.central.database.write() as connection:
        add_type(connection, priced, load_site(connection).calendar)
    card = sold(site, "priced", email=secrets["email"], holder="Quidam Perdu", code=secrets["code"])
    signed = sold(site, "daily", email=secrets["email"], kind=CodeKind.SIGNED)
    assert north.scan(card) == north.scan(signed) == "OK"
    assert heard(south, card, 1)

    for lane in (north, south):
        pieces = list(pieces_of(lane.rig.data)) + list(pieces_of(lane.rig.runtime))
        logs = [
            Piece(name, (lane.rig.folder / name).read_bytes()) for name in ("gate.log", "sync.log")
        ]
        for what, secret in {**secrets, "ticket": signed.payload}.items():
            found = [piece.where for piece in pieces + logs if secret.encode() in piece.content]
            assert found == [], f"{what} of {lane.name}"
        assert any(": access_grant." in piece.where for piece in pieces)
        assert any("ledger.db: fact." in piece.where for piece in pieces)


def test_a_revoked_code_is_refused_as_soon_as_the_lanes_have_heard(site: Venue) -> None:
    ticket = sold(site, "daily")
    site.revoke(ticket)
    seq = site.central.publish().seq

    for lane in site.lanes:
        assert eventually(lambda: lane.snapshot_seq() >= seq, WITHIN_S)  # noqa: B023
        assert lane.scan(ticket) == "REVOKED"


def test_lanes_that_cannot_hear_each_other_both_admit_and_the_central_says_who_when(
    site: Venue,
) -> None:
    north, south = site.lanes
    ticket = sold(site, "once")
    for lane in site.lanes:
        lane.cable.cut()

    assert [lane.scan(ticket) for lane in (north, south)] == ["OK", "OK"]
    assert (north.used(ticket), south.used(ticket)) == (1, 1)
    for lane in site.lanes:
        lane.cable.restore()

    assert heard(north, ticket, 2)
    assert heard(south, ticket, 2)
    first, second = (entry_of(lane, ticket) for lane in (north, south))
    (found,) = [one for one in site.overuse() if one.grant_no == ticket.grant_no]
    assert (found.persons, found.limits) == (1, ["USED"])
    assert (found.before_gate, found.gate) == ("north", "south")
    assert (found.before_at, found.at) == (first, second)
    assert {lane.scan(ticket) for lane in site.lanes} == {"USED"}


def entry_of(lane: VenueLane, ticket: Sold) -> int:
    (at,) = [f.at for f in lane.facts() if f.grant_no == ticket.grant_no and f.charged]
    return at


@pytest.mark.fault("gate: other lanes' facts corrupted")
def test_a_lane_that_lost_what_it_had_heard_gets_it_again(site: Venue) -> None:
    north, south = site.lanes
    ticket = sold(site, "thrice")
    assert north.scan(ticket) == "OK"
    assert heard(south, ticket, 1)

    south.stop_sync()
    for side in ("-wal", "-shm"):
        south.settings.peers_path.with_name(f"peers.db{side}").unlink()
    save_atomically(south.settings.peers_path, b"garbage" * 1_000)
    assert south.scan(ticket) == "OK"
    assert south.rig.logged("peers_not_read")
    south.start_sync()

    assert heard(south, ticket, 2)
    assert heard(north, ticket, 2)


@pytest.mark.fault("lanes whose cables are pulled")
@pytest.mark.faults
@pytest.mark.timeout(600)
def test_in_the_end_everybody_counts_the_same_whatever_the_lines_did(
    site: Venue, faults_rounds: int, played: Played
) -> None:
    for seed in range(1, 1 + faults_rounds // 20):
        disturbed_visits(site, random.Random(seed), played)


def disturbed_visits(site: Venue, dice: random.Random, played: Played) -> None:
    thrice = [site.sell("thrice") for _ in range(2)]
    daily = sold(site, "daily")
    tickets = [*thrice, daily]
    admitted = dict.fromkeys(tickets, 0)

    visits = [(lane, ticket) for lane in site.lanes for ticket in tickets]
    for lane, ticket in dice.sample(visits, len(visits)):
        disturb(dice, lane)
        admitted[ticket] += lane.scan(ticket) in {"OK", "LAST_ENTRY"}
    for lane in site.lanes:
        lane.cable.restore()
    begun = machine_clock().monotonic_ms()

    for ticket, count in admitted.items():
        for lane in site.lanes:
            assert heard(lane, ticket, count), (lane.name, lane.used(ticket), count)
        assert site.used(ticket) == count
    recovered_ms = machine_clock().monotonic_ms() - begun
    over = {one.grant_no: one.persons for one in site.overuse()}
    for ticket, limit in [*((one, 3) for one in thrice), (daily, 1)]:
        assert over.get(ticket.grant_no, 0) == max(0, admitted[ticket] - limit)
    played.add(recovered_ms=recovered_ms)


def disturb(dice: random.Random, lane: VenueLane) -> None:
    """Pull a cable, plug it in, or kill the network side in the middle of whatever it does."""
    what = dice.randrange(4)
    if what == 0:
        lane.cable.cut()
    elif what == 1:
        lane.cable.restore()
    elif what == 2:
        lane.stop_sync()
        lane.start_sync()
