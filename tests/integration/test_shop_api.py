"""What a visitor sees and buys over HTTP: nothing secret without a way in (S30, S31, S83's log in)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from server_stub.central import Central
from support.api_caller import TIMEOUT_S, Caller, sign_in
from support.central_site import CentralClock, museum, served, signed_in
from support.subscribers import GOOD, SILENT

TAG, SHOP, ANN = "Membre 2025", "Friends", "ann@example.org"


@pytest.fixture
def clock() -> CentralClock:
    return CentralClock()


@pytest.fixture
def central(tmp_path: Path, clock: CentralClock) -> Iterator[Central]:
    with museum(tmp_path, clock) as made:
        yield made


@pytest.fixture
def url(central: Central) -> Iterator[str]:
    with served(central) as address:
        yield address


@pytest.fixture
def desk(central: Central, url: str) -> Caller:
    """Staff who have done model A's set-up through the API."""
    made = Caller(url, signed_in(central))
    for path, body in (
        (
            "types",
            {"name": "pass", "validity": "365 days after purchase", "tags": [{"tag": TAG}]},
        ),
        ("types", {"name": "dinner", "validity": "always", "price_minor": 8000, "fee_minor": 200}),
        ("segments", {"name": "Members", "condition": {"tag": TAG}}),
        (
            "entitlements",
            {
                "name": "tenth",
                "condition": {"segment": "Members"},
                "var_discount": {"share_bp": 1000, "max_minor": 500},
                "waive_fees": True,
            },
        ),
        ("shops", {"name": SHOP, "types": ["dinner"], "tags": [TAG]}),
        ("sales", {"type": "pass", "email": ANN}),
    ):
        made.tell(f"/v1/admin/{path}", body)
    return made


def test_a_member_signs_in_sees_the_shop_and_pays_less(
    central: Central, url: str, desk: Caller
) -> None:
    nobody, ann = Caller(url), sign_in(central, url, ANN)

    assert nobody.get("/v1/shop/shops").json() == []
    assert nobody.post("/v1/shop/carts", {"shop": SHOP}).status_code == 403
    assert [one["name"] for one in ann.get("/v1/shop/shops").json()] == [SHOP]
    assert ann.get("/v1/shop/me").json() == {"tags": [TAG], "holds": ["pass"]}

    order = ann.tell("/v1/shop/carts", {"shop": SHOP})["order_id"]
    ann.tell(f"/v1/shop/carts/{order}/tickets", {"type": "dinner"})
    placed = ann.tell(f"/v1/shop/carts/{order}/place")
    stranger = nobody.get(f"/v1/shop/carts/{order}")
    paid = desk.tell(f"/v1/admin/orders/{order}/pay", {"paid_by": "cash"})

    assert (placed["total_minor"], paid["total_minor"]) == (7_500, 7_500)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "order_unknown")
    assert paid["tickets"][0]["code"]["payload"].startswith("TK1:")


def test_a_benefit_that_ended_before_the_payment_charges_nothing(
    central: Central, url: str, desk: Caller, clock: CentralClock
) -> None:
    ann = sign_in(central, url, ANN)
    order = ann.tell("/v1/shop/carts", {"shop": SHOP})["order_id"]
    ann.tell(f"/v1/shop/carts/{order}/tickets", {"type": "dinner"})
    ann.tell(f"/v1/shop/carts/{order}/place")
    desk.tell(f"/v1/admin/orders/{sale_of(desk)}/refund")
    late = desk.post(f"/v1/admin/orders/{order}/pay", {"paid_by": "cash"})

    assert (late.status_code, late.json()["code"]) == (409, "price_changed")
    assert ann.get("/v1/shop/shops").json() == []


def test_a_customer_pays_a_cart_by_card_and_finds_the_tickets_again(
    central: Central, url: str, desk: Caller
) -> None:
    """Repeated under its key a payment is the same one; what is somebody else's does not exist."""
    ann, nobody = sign_in(central, url, ANN), Caller(url)
    order = ann.tell("/v1/shop/carts", {"shop": SHOP})["order_id"]
    path = f"/v1/shop/carts/{order}"
    ann.tell(f"{path}/tickets", {"type": "dinner"})
    early = ann.post(f"{path}/pay", {"card": GOOD})
    ann.tell(f"{path}/place")
    stranger = nobody.post(f"{path}/pay", {"card": GOOD})
    real = ann.post(f"{path}/pay", {"card": "4111111111111111"})
    silent = ann.post(f"{path}/pay", {"card": SILENT}, key="wish-of-ann").json()
    barred = desk.post(f"/v1/admin/orders/{order}/pay", {"paid_by": "cash"})
    paid = ann.post(f"{path}/pay", {"card": SILENT}, key="wish-of-ann").json()
    again = ann.post(f"{path}/pay", {"card": SILENT}, key="wish-of-ann").json()
    other = ann.post(f"{path}/pay", {"card": GOOD}, key="wish-of-ann")
    listed = desk.ask("/v1/admin/list/card-payments")["items"]

    assert (early.status_code, early.json()["code"]) == (409, "order_state")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "order_unknown")
    assert (real.status_code, real.json()["field"]) == (422, "card")
    assert (silent["state"], silent["answer"], silent["tickets"]) == ("pending", "unknown", [])
    assert (barred.status_code, barred.json()["code"]) == (409, "payment_unanswered")
    assert (paid["state"], paid["answer"], paid["total_minor"]) == ("completed", "succeeded", 7_500)
    assert again == paid
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert ann.ask(f"{path}/tickets") == paid["tickets"]
    assert nobody.get(f"{path}/tickets").status_code == 404
    assert [(row["order_id"], row["answer"]) for row in listed] == [(order, "succeeded")]


def test_a_cart_that_costs_nothing_is_completed_once(
    central: Central, url: str, desk: Caller
) -> None:
    desk.tell("/v1/admin/types", {"name": "leaflet", "validity": "always"})
    desk.tell("/v1/admin/shops", {"name": "Free", "types": ["leaflet"]})
    ann, nobody = sign_in(central, url, ANN), Caller(url)
    path = f"/v1/shop/carts/{ann.tell('/v1/shop/carts', {'shop': 'Free'})['order_id']}"
    ann.tell(f"{path}/tickets", {"type": "leaflet"})
    ann.tell(f"{path}/place")
    stranger = nobody.post(f"{path}/complete", key="wish-of-nobody")
    done = [ann.post(f"{path}/complete", key="ann-takes-it") for _ in range(2)]
    other = ann.post(f"{path}/complete", key="ann-once-more")

    assert stranger.status_code == 404
    assert (done[0].status_code, done[0].json()) == (200, done[1].json())
    assert len(done[0].json()["tickets"]) == 1
    assert (other.status_code, other.json()["code"]) == (409, "order_state")


def test_a_payment_without_a_key_is_refused_and_says_which_header(url: str, desk: Caller) -> None:
    desk.tell("/v1/admin/shops", {"name": "Open", "types": ["dinner"]})
    order = Caller(url).tell("/v1/shop/carts", {"shop": "Open"})["order_id"]
    reply = requests.post(
        f"{url}/v1/shop/carts/{order}/pay", json={"card": GOOD}, timeout=TIMEOUT_S
    )

    assert (reply.status_code, reply.json()["field"]) == (422, "Idempotency-Key")


def sale_of(desk: Caller) -> str:
    """The order of ann's pass."""
    items = desk.get("/v1/admin/list/tickets").json()["items"]
    return str(next(row["order_id"] for row in items if row["type"] == "pass"))


def test_a_session_that_is_none_is_refused(url: str) -> None:
    reply = Caller(url, "made up").get("/v1/shop/me")

    assert (reply.status_code, reply.json()["code"]) == (401, "customer_session_refused")
