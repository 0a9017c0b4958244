"""The three models from the first set-up to the last day, over real processes (S83, S84, S85)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.api_caller import Caller
from support.eventually import eventually
from support.town import WITHIN_S, Ticket, Town, town
from support.venue import VenueLane

pytestmark = [pytest.mark.early, pytest.mark.timeout(300)]

TAG, ANN = "Membre 2025", "ann@example.org"
PLAN_TAG, BEN = "Friend", "ben@example.org"
PAYS, REFUSES_LATER = "4242424242424242", "4000000000000341"
MONTHLY = {
    "name": "Friends",
    "type": "friend",
    "every": "month",
    "price_minor": 1_000,
    "currency": "EUR",
    "tags": [{"tag": PLAN_TAG}],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town with a lane, north, to its hall; there is a gate for another, south."""
    with town(tmp_path_factory.mktemp("town")) as made:
        desk = made.desk()
        desk.tell("/v1/admin/zones", {"name": "hall"})
        for gate in ("north", "south"):
            desk.tell("/v1/admin/gates", {"name": gate, "zone": "hall"})
        desk.tell("/v1/admin/publish")
        made.add_lane("north")
        yield made


def all_lanes_know(lanes: list[VenueLane], sold: Any, used: int) -> bool:
    return all(eventually(lambda: lane.used(sold) == used, WITHIN_S) for lane in lanes)  # noqa: B023


def dinner_for(place: Town, member: Caller) -> int:
    """What a dinner in the members' shop costs somebody, in cents."""
    order = member.tell("/v1/shop/carts", {"shop": "Friends"})["order_id"]
    member.tell(f"/v1/shop/carts/{order}/tickets", {"type": "dinner"})
    return int(member.tell(f"/v1/shop/carts/{order}/place")["total_minor"])


def set_up_annual_passes(desk: Caller) -> None:
    event = {"starts_at": "2020-01-01T00:00", "ends_at": "2099-01-01T00:00"}
    tenth = {"share_bp": 1_000, "max_minor": 500}
    for path, body in (
        ("scopes", {"name": "museum"}),
        ("events", {"name": "museum", "scopes": ["museum"]} | event),
        (
            "types",
            {
                "name": "annual",
                "validity": "365 days after purchase",
                "scope": "museum",
                "rule": {"max_total": 50},
                "tags": [{"tag": TAG}],
            },
        ),
        ("types", {"name": "dinner", "validity": "always", "price_minor": 8_000, "fee_minor": 200}),
        ("segments", {"name": "Members", "condition": {"tag": TAG}}),
        (
            "entitlements",
            {
                "name": "tenth",
                "condition": {"segment": "Members"},
                "var_discount": tenth,
                "waive_fees": True,
            },
        ),
        ("shops", {"name": "Friends", "types": ["dinner"], "tags": [TAG]}),
    ):
        desk.tell(f"/v1/admin/{path}", body)


def test_s83_an_annual_pass_from_its_sale_to_the_next_one(place: Town) -> None:
    north, south = place.lanes["north"], place.add_lane("south")
    set_up_annual_passes(place.desk())
    sold = place.sell("annual", email=ANN)
    place.publish()

    for lane in (north, south):
        lane.cable.cut()
    answers = [lane.scan(sold) for lane in (north, south, north)]
    for lane in (north, south):
        lane.cable.restore()
    assert answers == ["OK"] * 3
    assert all_lanes_know([north, south], sold, used=3)
    assert place.used(sold) == 3

    ann = place.member(ANN)
    assert [shop["name"] for shop in ann.ask("/v1/shop/shops")] == ["Friends"]
    assert dinner_for(place, ann) == 7_500

    place.let_pass(days=367)
    assert [lane.scan(sold) for lane in (north, south)] == ["EXPIRED"] * 2
    ann = place.member(ANN)
    assert ann.ask("/v1/shop/me")["tags"] == []
    assert ann.ask("/v1/shop/shops") == []

    place.close_lane("south")
    again = place.sell("annual", email=ANN)
    place.publish()
    assert north.scan(again) == "OK"
    assert [shop["name"] for shop in ann.ask("/v1/shop/shops")] == ["Friends"]


def test_s84_a_subscription_from_its_first_payment_to_the_archive(place: Town) -> None:
    desk, north = place.desk(), place.lanes["north"]
    for path, body in (
        ("types", {"name": "friend", "validity": "always", "rule": {"max_total": None}}),
        ("plans", MONTHLY),
        ("shops", {"name": "Friends of the hall", "types": ["friend"], "tags": [PLAN_TAG]}),
    ):
        desk.tell(f"/v1/admin/{path}", body)
    wish = {"plan": "Friends", "email": BEN, "card": REFUSES_LATER}
    paid = desk.tell("/v1/admin/subscriptions", wish)
    mine = f"/v1/admin/subscriptions/{paid['subscription_id']}"
    card = Ticket.of(desk.tell(f"{mine}/code"))
    assert (paid["state"], paid["answer"]) == ("active", "succeeded")
    ben = place.member(BEN)
    assert ben.ask("/v1/shop/me")["tags"] == [PLAN_TAG]
    assert [shop["name"] for shop in ben.ask("/v1/shop/shops")] == ["Friends of the hall"]
    place.publish()
    assert north.scan(card) == "OK"

    place.let_pass(days=32)
    desk = place.desk()
    desk.tell("/v1/admin/billing/run")
    place.publish()
    assert north.scan(card) == "GRACE"

    desk.tell(f"{mine}/payment-card", {"card": PAYS})
    desk.tell(f"{mine}/pay")
    place.publish()
    assert north.scan(card) == "OK"

    desk.tell(f"{mine}/cancel")
    place.publish()
    assert north.scan(card) == "OK"
    place.let_pass(days=32)
    assert north.scan(card) == "EXPIRED", (
        "by the gate's own clock: nothing has ended it at the central yet"
    )
    place.desk().tell("/v1/admin/billing/run")
    place.publish()
    assert north.scan(card) == "ENDED"
    assert place.member(BEN).ask("/v1/shop/me")["tags"] == []
    story = place.desk().ask(mine)
    assert story["subscription"]["state"] == "ended"
    assert [one["what"] for one in story["happened"]].count("payment_failed") == 1


def season(place: Town, name: str, *, days: tuple[int, ...], last: int, **more: Any) -> list[int]:
    """A season of matches that begin in so many days from now, with a stand of three seats; the matches' numbers."""
    desk = place.desk()
    first_day, last_day = (place.local(at)[:10] for at in (days[0], last))
    price = {"price_minor": 25_000, "match_price_minor": 2_000}
    term = {"first_day": first_day, "last_day": last_day}
    desk.tell("/v1/admin/seasons", {"name": name} | term | price | more)
    desk.tell(f"/v1/admin/seasons/{name}/map", {"csv": "seat\nA-12\nA-13\nA-14\n"})
    # doors open an hour before, so somebody who comes on the day comes in
    return [
        int(
            desk.tell(
                f"/v1/admin/seasons/{name}/matches",
                {
                    "name": f"{name}, match {number}",
                    "starts_at": place.local(in_days, 40),
                    "ends_at": place.local(in_days, 160),
                },
            )["number"]
        )
        for number, in_days in enumerate(days, 1)
    ]


def seat_of(desk: Caller, name: str, seat: str, email: str) -> Ticket:
    sold = desk.tell("/v1/admin/seats/sell", {"season": name, "seat": seat, "email": email})
    return Ticket.of(sold["tickets"][0]["code"])


def test_s85_a_seat_from_its_first_season_to_the_next_one(place: Town) -> None:
    desk, north = place.desk(), place.lanes["north"]
    _first, second, _third = season(place, "S1", days=(0, 30, 60), last=100)
    ann, bob = (seat_of(desk, "S1", seat, who) for seat, who in (("A-12", ANN), ("A-13", BEN)))
    taken = {"season": "S1", "seat": "A-12", "email": "eve@example.org"}
    assert desk.post("/v1/admin/seats/sell", taken).json()["code"] == "seat_refused"
    place.publish()
    assert north.scan(ann) == "OK"

    offer = {"event": second, "seat": "A-12"}
    desk.tell("/v1/admin/seats/offer", offer | {"email": "cleo@example.org"})
    cleo = Ticket.of(desk.tell("/v1/admin/seats/accept", offer)["code"])
    place.let_pass(days=30)
    assert [north.scan(one) for one in (ann, cleo)] == ["TRANSFERRED", "OK"]

    season(place, "S2", days=(90,), last=200, follows="S1")
    desk = place.desk()
    desk.tell("/v1/admin/seats/card", {"season": "S1", "seat": "A-12", "card": PAYS})
    campaign = {"name": "Renewals", "season": "S2", "mode": "opt_in"}
    desk.tell("/v1/admin/campaigns", campaign | {"priority_ends_on": place.local(40)[:10]})
    desk.tell("/v1/admin/campaigns/Renewals/open")
    desk.tell("/v1/admin/campaigns/Renewals/choice", {"seat": "A-12", "choice": "in"})
    desk.tell("/v1/admin/campaigns/Renewals/charge")
    wish = {"season": "S2", "seat": "A-13", "email": "dan@example.org"}
    assert desk.post("/v1/admin/seats/sell", wish).json()["code"] == "seat_refused"

    place.let_pass(days=90)
    place.run("campaign", "run")
    desk = place.desk()
    standings = desk.ask("/v1/admin/campaigns/Renewals")["standings"]
    assert {name: count for name, count in standings.items() if count} == {
        "renewed": 1,
        "released": 1,
    }
    dan = seat_of(desk, "S2", "A-13", "dan@example.org")
    place.publish()
    assert [north.scan(one) for one in (ann, dan, bob)] == ["OK", "OK", "EXPIRED"]
