"""Model C over HTTP: roles, keys that make a repeated wish one, and problems that name the field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from scanner.core.grants import EventException
from server_stub.api.staff_forms import StaffRole
from server_stub.store.season_tables import event_seat
from support.central_site import rows, served, signed_in
from support.stadium import GOOD, MATCHES, NEXT, SEASON, STAND, Stadium, stadium

BEN = "ben@example.org"


@dataclass
class Desk:
    club: Stadium
    url: str

    def post(
        self, path: str, body: Any = None, *, key: str | None = None, role: str = "organiser"
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {signed_in(self.club.central, StaffRole(role))}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return requests.post(self.url + path, json=body, headers=headers, timeout=30)

    def get(self, path: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {signed_in(self.club.central, StaffRole.VIEWER)}"}
        return requests.get(self.url + path, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with stadium(tmp_path_factory.mktemp("club")) as club, served(club.central) as url:
        yield Desk(club, url)


def test_a_seat_is_sold_once_however_often_the_request_is_sent(desk: Desk) -> None:
    wish = {"season": SEASON, "seat": "A-1", "email": "ann@example.org"}
    first = desk.post("/v1/admin/seats/sell", wish, key="ann-buys-a-1", role="desk")
    again = desk.post("/v1/admin/seats/sell", wish, key="ann-buys-a-1", role="desk")
    other = desk.post("/v1/admin/seats/sell", wish | {"email": BEN}, key="ben-buys-a-1")

    assert (first.status_code, first.json()) == (201, again.json())
    assert (other.status_code, other.json()["code"]) == (409, "seat_refused")
    assert desk.post("/v1/admin/seats/sell", wish, role="viewer").status_code == 403
    assert desk.post("/v1/admin/seats/sell", wish).json()["field"] == "Idempotency-Key"


def test_a_problem_names_the_field_and_every_line_of_a_map(desk: Desk) -> None:
    before = rows(desk.club.central, event_seat)
    wish = {"season": SEASON, "seat": "Z-9"}
    nowhere = desk.post("/v1/admin/seats/sell", wish, key="no-such-seat").json()
    torn = desk.post(f"/v1/admin/seasons/{SEASON}/map", {"csv": "seat\nA-1\nA-1\n,\n"})
    times = {"starts_at": "2029-01-01T20:00", "ends_at": "2029-01-01T22:00"}
    outside = desk.post(
        f"/v1/admin/seasons/{SEASON}/matches", {"name": "Far", **times}, key="far-away"
    )

    assert (nowhere["code"], nowhere["field"]) == ("seat_unknown", "seat")
    assert (torn.status_code, torn.json()["field"]) == (422, "csv")
    assert [(one["line"], one["message"]) for one in torn.json()["errors"] if one["line"]] == [
        (3, "seat 'A-1' stands in line 2 already"),
        (4, "has 2 values, the first line names 1 columns"),
    ]
    assert outside.json()["field"] == "starts_at"
    assert rows(desk.club.central, event_seat) == before


def test_a_match_is_offered_accepted_and_recalled(desk: Desk) -> None:
    sold = {"season": SEASON, "seat": "A-2", "email": "ann@example.org"}
    desk.post("/v1/admin/seats/sell", sold, key="ann-buys-a-2")
    place = {"event": MATCHES[1], "seat": "A-2"}
    offered = desk.post("/v1/admin/seats/offer", place | {"email": BEN}).json()
    taken = [desk.post("/v1/admin/seats/accept", place, key="ben-takes-it") for _ in range(2)]
    back = desk.post("/v1/admin/seats/recall", place, key="ann-wants-it").json()
    away = desk.post("/v1/admin/seats/release", place, key="away-with-it").json()
    home = desk.post("/v1/admin/seats/take-back", place, key="home-again").json()
    moved = desk.post("/v1/admin/seats/change", place | {"to_seat": "A-9"}, key="elsewhere").json()

    assert offered["state"] == "transfer_pending"
    assert (taken[0].status_code, taken[0].json()) == (201, taken[1].json())
    assert [one["state"] for one in (back, away, home, moved)] == ["own", "listed", "own", "own"]
    assert moved["seat"] == "A-9"


def test_s82_a_concession_is_paid_up_once_and_for_one_match(desk: Desk) -> None:
    sold = {"season": SEASON, "seat": "A-3", "email": "ann@example.org", "flags": ["concession"]}
    ticket = desk.post("/v1/admin/seats/sell", sold, key="ann-buys-a-3").json()["tickets"][0]
    wish = {"event": MATCHES[2], "seat": "A-3", "price_minor": 500}
    path = "/v1/admin/seats/upgrade"
    below = desk.post(path, wish | {"price_minor": -1}, key="below-nothing")
    unpaid = desk.post(path, wish | {"paid_by": "nothing"}, key="not-paid-yet")
    paid = [desk.post(path, wish, key="the-father", role="desk") for _ in range(2)]
    again = desk.post(path, wish, key="once-more")

    assert (below.status_code, below.json()["field"]) == (422, "price_minor")
    assert unpaid.json()["code"] == "payment_missing"
    assert (paid[0].status_code, paid[0].json()) == (200, paid[1].json())
    assert again.json()["message"].startswith("NO_CONCESSION")
    assert desk.post(path, wish, key="a-viewer", role="viewer").status_code == 403
    assert desk.post(path, wish).json()["field"] == "Idempotency-Key"
    assert desk.club.exceptions(ticket["ticket_id"]) == [
        EventException(event_no=MATCHES[2], flags=frozenset())
    ]
    undo = {"event": MATCHES[2], "seat": "A-3"}
    back = [desk.post(f"{path}/undo", undo, key="not-the-father") for _ in range(2)]
    assert (back[0].json(), back[0].json()["refund_minor"]) == (back[1].json(), 500)
    assert (
        desk.post(f"{path}/undo", undo, key="twice-back")
        .json()["message"]
        .startswith("NOT_PAID_UP")
    )
    assert desk.club.exceptions(ticket["ticket_id"]) == []
    assert desk.post(path, wish | {"price_minor": 700}, key="the-father-after-all").ok
    money = desk.get("/v1/admin/list/upgrades").json()["items"]
    assert [(row["amount_minor"], row["paid_by"], row["undone_at"]) for row in money] == [
        (700, "cash", None)
    ]
    cancelled = desk.post(f"/v1/admin/events/{MATCHES[2]}/cancel")
    assert (cancelled.status_code, desk.post(path, wish, key="too-late").json()["field"]) == (
        200,
        "event",
    )
    assert desk.post(f"{path}/undo", undo, key="it-is-off").json()["refund_minor"] == 700


def test_a_campaign_is_made_opened_charged_and_paid_behind_a_link(desk: Desk) -> None:
    for seat in ("A-5", "A-6", "A-7"):
        sold = {"season": SEASON, "seat": seat, "email": f"{seat}@example.org".lower()}
        desk.post("/v1/admin/seats/sell", sold, key=f"{seat}-is-bought")
    card = {"season": SEASON, "seat": "A-5", "card": GOOD}
    assert desk.post("/v1/admin/seats/card", card).status_code == 200
    season = {"name": NEXT, "first_day": "2027-08-01", "last_day": "2028-05-31"}
    season |= {"price_minor": 30_000, "follows": SEASON}
    assert desk.post("/v1/admin/seasons", season).status_code == 201
    assert desk.post(f"/v1/admin/seasons/{NEXT}/map", {"csv": STAND}).json()["added"] == 20
    wish = {"name": "R", "season": NEXT, "mode": "opt_out", "priority_ends_on": "2027-06-30"}
    desk.post("/v1/admin/campaigns", wish)
    holders = desk.post("/v1/admin/campaigns/R/open").json()["holders"]
    desk.post("/v1/admin/campaigns/R/choice", {"seat": "A-7", "choice": "out"})

    runs = [desk.post("/v1/admin/campaigns/R/charge", key="charge-them") for _ in range(2)]
    assert (runs[0].json(), runs[0].json()["renewed"]) == (runs[1].json(), 1)
    by_hand = {"seat": "A-7", "paid_by": "cash"}
    paid = [desk.post("/v1/admin/campaigns/R/pay", by_hand, key="seven-pays") for _ in range(2)]
    assert (paid[0].status_code, paid[0].json()) == (200, paid[1].json())
    link = f"{desk.url}/v1/renewals/{desk.club.link('A-6')}"
    looked = requests.get(link, timeout=30).json()
    clicks = [
        requests.post(
            link, json={"card": GOOD}, headers={"Idempotency-Key": key}, timeout=30
        ).json()
        for key in ("first-click", "first-click", "second-click")
    ]
    assert requests.post(link, json={"card": GOOD}, timeout=30).status_code == 422

    assert (looked["does"], looked["price_minor"], looked["seat"]) == ("pay", 30_000, "A-6")
    assert [(one["does"], one.get("paid")) for one in clicks] == [
        ("pay", "succeeded"),
        ("pay", "succeeded"),
        ("renewed", None),
    ]
    report = desk.get("/v1/admin/campaigns/R").json()
    assert (report["holders"], report["standings"]["renewed"]) == (holders, 3)
