"""What a visitor sees and buys over HTTP: nothing secret without a way in (S30, S31, S83's log in)."""

from __future__ import annotations

import email
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from server_stub.central import Central
from support.central_site import CentralClock, museum, served, signed_in

TIMEOUT_S = 20
TAG, SHOP, ANN = "Membre 2025", "Friends", "ann@example.org"


class Caller:
    """Somebody at the central's API."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.keys = 0

    def post(self, path: str, body: Any = None) -> requests.Response:
        self.keys += 1
        headers = self.headers | {"Idempotency-Key": f"wish-{self.keys:06}"}
        return requests.post(self.url + path, json=body or {}, headers=headers, timeout=TIMEOUT_S)

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, headers=self.headers, timeout=TIMEOUT_S)

    def tell(self, path: str, body: Any = None) -> Any:
        reply = self.post(path, body)
        assert reply.ok, reply.text
        return reply.json()


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


def sign_in(central: Central, url: str) -> Caller:
    """Ann, with the code of the letter that was written for her."""
    visitor = Caller(url)
    visitor.tell("/v1/shop/codes", {"email": ANN})
    (letter,) = central.folder.mail.glob("*.eml")
    code = str(email.message_from_bytes(letter.read_bytes()).get_payload()).split()[0]
    return Caller(url, visitor.tell("/v1/shop/sessions", {"email": ANN, "code": code})["token"])


def test_a_member_signs_in_sees_the_shop_and_pays_less(
    central: Central, url: str, desk: Caller
) -> None:
    nobody, ann = Caller(url), sign_in(central, url)

    assert nobody.get("/v1/shop/shops").json() == []
    assert nobody.post("/v1/shop/carts", {"shop": SHOP}).status_code == 403
    assert [one["name"] for one in ann.get("/v1/shop/shops").json()] == [SHOP]
    assert ann.get("/v1/shop/me").json() == {"tags": [TAG]}

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
    ann = sign_in(central, url)
    order = ann.tell("/v1/shop/carts", {"shop": SHOP})["order_id"]
    ann.tell(f"/v1/shop/carts/{order}/tickets", {"type": "dinner"})
    ann.tell(f"/v1/shop/carts/{order}/place")
    desk.tell(f"/v1/admin/orders/{sale_of(desk)}/refund")
    late = desk.post(f"/v1/admin/orders/{order}/pay", {"paid_by": "cash"})

    assert (late.status_code, late.json()["code"]) == (409, "price_changed")
    assert ann.get("/v1/shop/shops").json() == []


def sale_of(desk: Caller) -> str:
    """The order of ann's pass."""
    items = desk.get("/v1/admin/list/tickets").json()["items"]
    return str(next(row["order_id"] for row in items if row["type"] == "pass"))


def test_a_session_that_is_none_is_refused(url: str) -> None:
    reply = Caller(url, "made up").get("/v1/shop/me")

    assert (reply.status_code, reply.json()["code"]) == (401, "customer_session_refused")
