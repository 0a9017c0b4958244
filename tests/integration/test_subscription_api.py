"""Model B over HTTP: what staff do, and what members do for themselves (S34, S37, S41, S42, S43, S45)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from server_stub.api.staff_forms import StaffRole
from server_stub.central import Central
from server_stub.store.subscription_tables import simulated_charge
from support.api_caller import Caller, sign_in
from support.central_site import CentralClock, museum, rows, served, signed_in
from support.instants import wall
from support.subscribers import BAD, BAD_LATER, GOOD, SILENT

ADMIN = "/v1/admin"
START = wall("2026-01-31T10:00")


@dataclass
class Office:
    """A running central on a clock of ours, with two plans and a price for members."""

    central: Central
    clock: CentralClock
    url: str
    desk: Caller
    organiser: Caller

    def subscribe(self, email: str, card: str | None = GOOD, plan: str = "Friends") -> str:
        body = {"plan": plan, "email": email, "card": card}
        return str(self.desk.tell(f"{ADMIN}/subscriptions", body)["subscription_id"])

    def seen(self, who: str) -> dict[str, Any]:
        seen: dict[str, Any] = self.desk.ask(f"{ADMIN}/subscriptions/{who}")["subscription"]
        return seen

    def at(self, text: str) -> None:
        self.clock.now = wall(text)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    clock = CentralClock(START)
    with museum(tmp_path_factory.mktemp("site"), clock) as central, served(central) as url:
        organiser = Caller(url, signed_in(central, StaffRole.ORGANISER))
        friends = {"type": "Friend", "every": "month", "currency": "EUR"}
        for path, body in (
            ("types", {"name": "Friend", "validity": "always"}),
            ("types", {"name": "dinner", "validity": "always", "price_minor": 1_000}),
            ("plans", friends | {"name": "Friends", "price_minor": 1_000, "tags": [{"tag": "F"}]}),
            ("plans", friends | {"name": "Patrons", "price_minor": 3_000}),
            ("segments", {"name": "Club", "condition": {"plan": "Friends"}}),
            (
                "entitlements",
                {
                    "name": "tenth",
                    "condition": {"segment": "Club"},
                    "var_discount": {"share_bp": 1_000},
                },
            ),
            ("shops", {"name": "Cellar", "types": ["dinner"], "tags": ["F"]}),
        ):
            organiser.tell(f"{ADMIN}/{path}", body)
        desk = Caller(url, signed_in(central, StaffRole.DESK))
        yield Office(central, clock, url, desk, organiser)


@pytest.fixture
def office(shared: Office) -> Office:
    """The shared one, back at its start, with staff who sign in anew."""
    shared.clock.now = START
    shared.desk.headers["Authorization"] = f"Bearer {signed_in(shared.central, StaffRole.DESK)}"
    return shared


def sign_in_again(office: Office) -> None:
    """After days have passed a session of staff is over."""
    for caller, role in ((office.desk, StaffRole.DESK), (office.organiser, StaffRole.ORGANISER)):
        caller.headers["Authorization"] = f"Bearer {signed_in(office.central, role)}"


def test_a_member_has_benefits_as_soon_as_they_sign_in(office: Office) -> None:
    who = office.subscribe("s34@example.org")
    ann = sign_in(office.central, office.url, "s34@example.org")
    order = ann.tell("/v1/shop/carts", {"shop": "Cellar"})["order_id"]
    ann.tell(f"/v1/shop/carts/{order}/tickets", {"type": "dinner"})

    assert ann.ask("/v1/shop/me") == {"tags": ["F"], "holds": ["Friends"]}
    assert ann.ask(f"/v1/shop/carts/{order}")["total_minor"] == 900
    office.desk.tell(f"{ADMIN}/subscriptions/{who}/pause")
    assert ann.ask("/v1/shop/me") == {"tags": [], "holds": []}
    assert ann.ask(f"/v1/shop/carts/{order}")["total_minor"] == 1_000


def test_a_subscription_is_made_once_for_one_key_also_when_both_come_at_once(
    office: Office,
) -> None:
    body = {"plan": "Friends", "email": "once@example.org", "card": GOOD}
    before = rows(office.central, simulated_charge)
    heard: list[Any] = []

    def ask() -> None:
        heard.append(office.desk.post(f"{ADMIN}/subscriptions", body, key="one-wish-only").json())

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    other = office.desk.post(f"{ADMIN}/subscriptions", body | {"card": BAD}, key="one-wish-only")

    assert heard == [heard[0]] * 3
    assert heard[0]["state"] == "active"
    assert rows(office.central, simulated_charge) == before + 1
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_a_silent_card_is_asked_again_by_the_same_wish(office: Office) -> None:
    body = {"plan": "Friends", "email": "silent@example.org", "card": SILENT}
    first = office.desk.post(f"{ADMIN}/subscriptions", body, key="silent-wish").json()
    second = office.desk.post(f"{ADMIN}/subscriptions", body, key="silent-wish").json()

    assert (first["state"], first["answer"]) == ("incomplete", "unknown")
    assert second == first | {"state": "active", "answer": "succeeded"}


def test_an_open_bill_is_paid_by_hand_once_and_its_story_tells_it(office: Office) -> None:
    who = office.subscribe("cash@example.org", None)
    assert office.seen(who)["due_minor"] == 1_000
    path = f"{ADMIN}/subscriptions/{who}/pay"
    cash = {"means": "cash", "reference": "R-17"}
    paid = [office.desk.post(path, cash, key="cash-wish").json() for _ in range(2)]
    more = office.desk.post(path, cash)
    long = office.desk.post(path, {"means": "cash", "reference": "R" * 81})
    story = office.desk.ask(f"{ADMIN}/subscriptions/{who}")

    assert paid == [{"subscription_id": who, "state": "active", "answer": "succeeded"}] * 2
    assert (more.status_code, more.json()["code"]) == (409, "subscription_refused")
    assert (long.status_code, long.json()["field"]) == (422, "reference")
    assert story["subscription"]["due_minor"] is None
    assert [(one["what"], one["answer"]) for one in story["happened"]] == [
        ("charge (cycle)", "succeeded")
    ]


def test_an_upgrade_half_way_is_quoted_and_charged(office: Office) -> None:
    office.at("2026-04-01T00:00")
    sign_in_again(office)
    who = office.subscribe("up@example.org")
    office.at("2026-04-16T00:00")
    sign_in_again(office)
    path = f"{ADMIN}/subscriptions/{who}/upgrade"
    price = office.desk.ask(f"{path}?plan=Patrons")
    paid = office.desk.tell(path, {"plan": "Patrons"})
    unknown = office.desk.get(f"{path}?plan=Nobody")

    assert (price["new_minor"], price["credit_minor"], price["charge_minor"]) == (1_500, 500, 1_000)
    assert paid["answer"] == "succeeded"
    assert office.seen(who)["plan"] == "Patrons"
    assert office.seen(who)["paid_until"] == price["paid_until"] == wall("2026-05-01T00:00")
    assert (unknown.status_code, unknown.json()["field"]) == (422, "plan")


def test_a_pause_a_resumption_a_cancellation_and_its_undo(office: Office) -> None:
    who = office.subscribe("pause@example.org")
    path = f"{ADMIN}/subscriptions/{who}"
    office.at("2026-02-14T10:00")
    sign_in_again(office)
    paused = office.desk.tell(f"{path}/pause")
    resumed = office.desk.tell(f"{path}/resume")
    cancelled = office.desk.tell(f"{path}/cancel")
    undone = office.desk.tell(f"{path}/undo")
    ended = office.desk.tell(f"{path}/end")

    assert (paused["state"], paused["credit_minor"]) == ("paused", 500)
    assert (resumed["state"], resumed["paid_until"]) == ("active", wall("2026-03-14T10:00"))
    assert (cancelled["state"], cancelled["ends_at"]) == (
        "pending_cancellation",
        wall("2026-03-14T10:00"),
    )
    assert (undone["state"], undone["ends_at"]) == ("active", None)
    assert (ended["subscription"]["state"], ended["refund_minor"]) == ("ended", 0)


def test_a_card_is_made_replaced_and_renewed(office: Office) -> None:
    who = office.subscribe("card@example.org")
    path = f"{ADMIN}/subscriptions/{who}"
    none = office.desk.post(f"{path}/code/replace")
    made = office.desk.tell(f"{path}/code")
    shown = office.desk.tell(f"{path}/code")
    token = office.desk.ask(f"{path}/token")["payload"]
    other = office.desk.tell(f"{path}/code/replace")
    old = office.desk.tell(f"{path}/code")
    another = office.desk.post(f"{path}/code", {"code": "CARD-77"}).json()
    plastic = office.desk.tell(f"{path}/code/replace", {"code": "CARD-77"})

    assert (another["code"], another["field"]) == ("subscription_code_known", "code")
    assert (plastic["kind"], plastic["payload"]) == ("opaque", "CARD-77")
    assert (none.status_code, none.json()["code"]) == (409, "subscription_without_code")
    assert made == shown
    assert token not in {made["payload"], other["payload"]}
    assert other["credential_no"] != made["credential_no"]
    assert old == other


def test_a_billing_run_charges_what_is_due_once_and_sends_its_letters(office: Office) -> None:
    office.at("2026-06-01T10:00")
    sign_in_again(office)
    office.organiser.tell(f"{ADMIN}/billing/run")
    office.subscribe("bill@example.org", BAD_LATER)
    office.at("2026-07-01T10:00")
    sign_in_again(office)
    body: dict[str, Any] = {}
    first, second = (
        office.organiser.post(f"{ADMIN}/billing/run", body, key="night-run-1").json()
        for _ in range(2)
    )
    third = office.organiser.tell(f"{ADMIN}/billing/run")
    notices = office.organiser.ask(f"{ADMIN}/list/notices")["items"]
    told = [one for one in notices if one["email"] == "bill@example.org"]
    for letter in office.central.folder.mail.glob("*.eml"):
        letter.unlink()

    assert first == second
    assert first["declined"] >= 1
    assert (third["declined"], third["letters"]) == (0, 0)
    assert [(one["kind"], one["sent_at"]) for one in told] == [("payment_failed", office.clock.now)]
    refused = office.desk.post(f"{ADMIN}/billing/run")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_may_not")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"every": "fortnight"}, "plan_wrong", "every"),
        ({"currency": "euro"}, "plan_wrong", "currency"),
        ({"name": "Friends"}, "plan_exists", "name"),
        ({"type": "Nobody"}, "name_unknown", "type"),
        ({"when_unpaid": "forget"}, "field_wrong", "when_unpaid"),
        (
            {"tags": [{"tag": "T", "expiry": "never", "after": "9 days"}]},
            "tag_expiry_wrong",
            "tags",
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_its_field(
    office: Office, change: dict[str, Any], code: str, field: str
) -> None:
    body = {"name": "New", "type": "Friend", "every": "month", "price_minor": 1, "currency": "EUR"}
    organiser = Caller(office.url, signed_in(office.central, StaffRole.ORGANISER))
    refused = organiser.post(f"{ADMIN}/plans", body | change)

    assert refused.status_code in {409, 422}
    assert (refused.json()["code"], refused.json()["field"]) == (code, field)


def test_a_member_sees_pays_and_cancels_their_own_subscriptions_and_no_other(
    office: Office,
) -> None:
    mine, theirs = office.subscribe("me@example.org", None), office.subscribe("you@example.org")
    me = sign_in(office.central, office.url, "me@example.org")
    path = f"/v1/shop/me/subscriptions/{mine}"
    (seen,) = me.ask("/v1/shop/me/subscriptions")
    without_card = me.post(f"{path}/pay", {})
    declined = me.tell(f"{path}/pay", {"card": BAD})
    paid = [me.post(f"{path}/pay", {"card": GOOD}, key="my-own-wish").json() for _ in range(2)]
    twice = me.post(f"{path}/pay", {"card": GOOD})
    cancelled, undone = me.tell(f"{path}/cancel"), me.tell(f"{path}/undo")
    story = me.ask(path)["happened"]

    assert (seen["subscription_id"], seen["state"], seen["due_minor"]) == (
        mine,
        "incomplete",
        1_000,
    )
    assert without_card.json()["code"] == "payment_means_missing"
    assert (declined["answer"], [one["answer"] for one in paid]) == (
        "declined",
        ["succeeded", "succeeded"],
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "subscription_refused")
    assert (cancelled["state"], undone["state"]) == ("pending_cancellation", "active")
    assert [one["answer"] for one in story] == ["declined", "succeeded"]
    for reply in (
        me.get(f"/v1/shop/me/subscriptions/{theirs}"),
        *(
            me.post(f"/v1/shop/me/subscriptions/{theirs}/{act}")
            for act in ("cancel", "undo", "pay")
        ),
    ):
        assert (reply.status_code, reply.json()["code"]) == (404, "subscription_unknown")
    nobody = Caller(office.url).get("/v1/shop/me/subscriptions")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "customer_session_refused")


def test_no_answer_holds_what_a_card_is_called(office: Office) -> None:
    who = office.subscribe("least@example.org")
    with office.central.database.read() as connection:
        tokens = set(connection.execute(select(simulated_charge.c.token)).scalars())
    said = office.desk.get(f"{ADMIN}/subscriptions/{who}").text
    said += office.desk.get(f"{ADMIN}/list/subscriptions").text

    assert tokens
    assert [token for token in tokens if token in said or GOOD in said] == []
