"""What organisers may ask of the central, over real sockets; and who may not."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from litestar.routes import HTTPRoute

from server_stub.api.http import build_litestar
from server_stub.central import Central
from server_stub.publishing.publisher import publish
from server_stub.store import tables
from support.central_site import CentralClock, museum, rows, sell_annual, served, signed_in
from support.databases import NewDatabase
from support.gate_facts import entry, not_passed, refusal, watched
from support.signed_caller import Caller, enrolled

VISITORS = ("/v1/shop/", "/v1/renewals/")
"""What customers may ask; the secret of a pay link is in its address."""
OPEN_TO_ALL = {"/v1/health", "/v1/nonce", "/v1/time", "/v1/enrol", "/v1/staff/login"}


@dataclass
class Organiser:
    central: Central
    clock: CentralClock
    url: str
    token: str

    def ask(self, method: str, path: str, token: str | None = None, **how: Any) -> Any:
        shown = self.token if token is None else token
        return requests.request(
            method,
            f"{self.url}/v1/admin/{path}",
            headers={"Authorization": f"Bearer {shown}", "Idempotency-Key": secrets.token_hex(8)},
            timeout=20,
            **how,
        )

    def tell(self, path: str, **fields: Any) -> Any:
        response = self.ask("POST", path, json=fields)
        assert response.ok, response.text
        return response.json()


@contextmanager
def organised(folder: Path, database_url: str | None) -> Iterator[Organiser]:
    clock = CentralClock()
    with museum(folder, clock, database_url) as central, served(central) as url:
        yield Organiser(central, clock, url, signed_in(central))


@pytest.fixture
def organiser(tmp_path: Path, new_database: NewDatabase) -> Iterator[Organiser]:
    with organised(tmp_path, new_database()) as made:
        yield made


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[Organiser]:
    """For what is refused, and so changes nothing."""
    with organised(tmp_path_factory.mktemp("organised"), new_database()) as made:
        yield made


def test_nothing_but_what_must_be_is_open_to_all(shared: Organiser) -> None:
    asked = [
        (method, route.path)
        for route in build_litestar().routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/v1")
        for method in route.methods
        if method != "OPTIONS"
    ]
    let_in = [
        (method, path)
        for method, path in asked
        if path not in OPEN_TO_ALL
        and not path.startswith(VISITORS)
        and requests.request(
            method,
            shared.url
            + path.replace("{", "").replace("}", "").replace(":int", "").replace("number", "1"),
            json={},
            timeout=20,
        ).status_code
        != 401
    ]

    assert len(asked) > 25
    assert let_in == []


@pytest.mark.parametrize("token", ["", "wrong", "x" * 5_000])
def test_a_wrong_token_does_nothing(shared: Organiser, token: str) -> None:
    response = shared.ask("POST", "zones", token, json={"name": "sneaky"})

    assert (response.status_code, response.json()["code"]) == (401, "session_refused")
    assert "sneaky" not in shared.ask("GET", "list/zones").text


def test_a_device_is_no_organiser_and_an_organiser_no_device(shared: Organiser) -> None:
    caller = enrolled(shared.central, shared.url)
    admin = {"Authorization": f"Bearer {shared.token}"}

    assert caller.call("GET", "/v1/admin/counts").status_code == 401
    assert requests.get(f"{shared.url}/v1/device", headers=admin, timeout=10).status_code == 401


def test_a_site_is_set_up_and_a_pass_sold_over_the_api(organiser: Organiser) -> None:
    organiser.tell("scopes", name="season")
    organiser.tell(
        "events",
        name="match",
        starts_at="2025-05-01T20:00",
        ends_at="2025-05-01T22:00",
        scopes=["season"],
    )
    organiser.tell(
        "types", name="club", validity="always", scope="season", rule={"max_total": None}
    )
    organiser.tell("gates", name="G3", zone="expo", direction=None, types=["club"])
    organiser.tell("operators", name="Ines", role="supervisor", pin="4711")
    organiser.tell("policies", name="soft_age_s", value="60")
    sold = organiser.tell("sales", type="club", email="ann@example.org", seat="A-12")
    shown = organiser.ask("GET", f"credentials/{sold['credential_no']}").json()
    ticket = organiser.ask("GET", "list/tickets").json()["items"][0]
    made = organiser.tell("publish")

    assert sold["payload"] == shown["payload"]
    assert (ticket["type"], ticket["email"], ticket["code"]) == (
        "club",
        "ann@example.org",
        "active",
    )
    assert made["grants"] == 1
    assert [gate["name"] for gate in organiser.ask("GET", "list/gates").json()["items"]] == [
        "G1",
        "G2",
        "G3",
    ]


def test_rights_are_taken_and_given_back_over_the_api(organiser: Organiser) -> None:
    sold = organiser.tell("sales", type="annual")
    ticket, credential = sold["ticket_id"], sold["credential_no"]
    organiser.tell(f"tickets/{ticket}/deny", reason="UNPAID")
    denied = organiser.ask("GET", "list/tickets").json()["items"][0]["deny_reason"]
    organiser.tell(f"tickets/{ticket}/deny", reason=None)
    allowed = organiser.ask("GET", "list/tickets").json()["items"][0]["deny_reason"]
    fresh = organiser.tell(f"credentials/{credential}/replace")
    organiser.tell(f"credentials/{fresh['credential_no']}/revoke")
    organiser.tell(f"orders/{sold['order_id']}/refund")
    codes = [t["code"] for t in organiser.ask("GET", "list/tickets").json()["items"]]

    assert (denied, allowed) == ("UNPAID", None)
    assert codes == ["revoked", "revoked"]
    assert organiser.ask("GET", "list/tickets").json()["items"][0]["order"] == "refunded"


@pytest.mark.parametrize(
    ("path", "fields", "status", "code", "says"),
    [
        ("zones", {"name": "hall"}, 409, "name_taken", "hall"),
        ("zones", {"nam": "x"}, 422, "field_wrong", "fields: name"),
        ("gates", {"name": "x", "zone": "nowhere"}, 422, "name_unknown", "'hall', 'expo'"),
        ("gates", {"name": "x", "zone": "hall", "direction": "up"}, 422, "field_wrong", "in, out"),
        ("types", {"name": "x", "validity": "for ever"}, 422, "validity_not_understood", "always"),
        (
            "types",
            {"name": "x", "validity": "always", "rule": {"unlisted": "maybe"}},
            422,
            "field_wrong",
            "accept, action, decline",
        ),
        (
            "types",
            {"name": "x", "validity": "always", "rule": {"max_total": 0}},
            422,
            "rule_wrong",
            "max_total 0",
        ),
        ("sales", {"type": "none"}, 422, "name_unknown", "'annual'"),
        ("sales", {"type": "annual", "kind": "opaque", "code": ""}, 422, "code_bad", ""),
        ("policies", {"name": "x", "value": "1"}, 422, "policy_unknown", "soft_age_s"),
        (
            "operators",
            {"name": "x", "role": "boss", "pin": "1234"},
            422,
            "field_wrong",
            "supervisor",
        ),
        ("operators", {"name": "x", "role": "operator", "pin": "12"}, 422, "pin_bad", ""),
        ("devices", {"gate": "G9"}, 422, "name_unknown", "'G1'"),
        ("devices/none/revoke", {}, 404, "device_unknown", ""),
        ("credentials/99/revoke", {}, 404, "credential_unknown", ""),
        ("tickets/none/deny", {"reason": "UNPAID"}, 404, "ticket_unknown", ""),
        ("orders/none/refund", {}, 404, "order_unknown", ""),
        ("events/99/cancel", {}, 404, "event_unknown", ""),
        ("alerts/99/resolve", {}, 404, "alert_unknown", ""),
        (
            "events",
            {"name": "x", "starts_at": "2025-05-01T20:00", "ends_at": "2025-05-01T19:00"},
            422,
            "event_times_wrong",
            "",
        ),
    ],
)
def test_a_mistake_is_answered_with_what_would_have_been_right(
    shared: Organiser, path: str, fields: dict[str, Any], status: int, code: str, says: str
) -> None:
    response = shared.ask("POST", path, json=fields)
    problem = response.json()

    assert (response.status_code, problem["code"]) == (status, code)
    assert says in problem["message"] + problem["hint"]


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("types", {"name": "x", "validity": "400 bananas after purchase"}, "validity"),
        ("types", {"name": "x", "validity": "1 year after 2026-02-30"}, "validity"),
        ("types", {"name": "x", "validity": "always", "zones": ["nowhere"]}, "zones"),
        (
            "types",
            {"name": "x", "validity": "always", "rule": {"requires_zone": "nowhere"}},
            "rule.requires_zone",
        ),
        ("events", {"name": "x", "starts_at": "soon", "ends_at": "2026-01-01T20:00"}, "starts_at"),
        ("shops", {"name": "x", "types": ["none"]}, "types"),
        ("shops", {"name": "x", "types": ["annual"], "opens_at": "soon"}, "opens_at"),
        ("sales", {"type": "annual", "seat": "\x07"}, "seat"),
        ("sales", {"type": "annual", "seat": "ü" * 40}, "seat"),
        ("sales", {"type": "annual", "holder": "a" * 81}, "holder"),
        ("sales", {"type": "annual", "starts_on": "soon"}, "starts_on"),
        ("sales", {"type": "annual", "renews": "none"}, "renews"),
        ("sales", {"type": "annual", "symbology": "ean13"}, "symbology"),
        ("types/annual/rule", {"max_per_day": 0}, "max_per_day"),
        ("types", {"name": "x", "validity": "always", "rule": {"max_total": 0}}, "rule.max_total"),
        ("imports/customers", {"content": "", "kind": "csv"}, "content"),
        (
            "seasons",
            {"name": "x", "first_day": "2026-08-01", "last_day": "2027-05-31", "follows": "none"},
            "follows",
        ),
    ],
)
def test_a_problem_names_the_field_that_is_wrong(
    shared: Organiser, path: str, fields: dict[str, Any], field: str
) -> None:
    response = shared.ask("POST", path, json=fields)

    assert (response.status_code in {404, 422}, response.json()["field"]) == (True, field)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "nothing", 404, "path_unknown"),
        ("DELETE", "zones", 405, "method_unknown"),
        ("GET", "list/people", 404, "list_unknown"),
        ("GET", "credentials/none", 404, "path_unknown"),
        ("GET", "credentials/0", 422, "field_wrong"),
    ],
)
def test_what_does_not_exist_is_said_in_our_words(
    shared: Organiser, method: str, path: str, status: int, code: str
) -> None:
    response = shared.ask(method, path)

    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"name": "caf\xe9"}', b"", b"{"])
def test_a_body_that_is_no_json_is_no_fault_of_ours(shared: Organiser, body: bytes) -> None:
    response = shared.ask("POST", "zones", data=body)

    assert (response.status_code, response.json()["code"]) == (400, "body_unreadable")


def test_nobody_is_sent_back_at_length_what_they_sent(shared: Organiser) -> None:
    unknown = shared.ask("POST", "devices", json={"gate": "x" * 100_000}).json()
    wrong = shared.ask("POST", "operators", json={"name": "x", "role": "y" * 100_000, "pin": "1"})
    far = shared.ask("GET", f"reports/entries?from={'9' * 5_000}").json()

    assert (unknown["field"], wrong.json()["field"], far["field"]) == ("gate", "role", "from")
    assert max(len(str(one)) for one in (unknown, wrong.json(), far)) < 2_000


def test_an_unforeseen_fault_is_named_and_keeps_its_secrets(
    organiser: Organiser, caplog: pytest.LogCaptureFixture
) -> None:
    with organiser.central.database.write() as connection:
        connection.execute(tables.setting.delete())
    response = organiser.ask("POST", "sales", json={"type": "annual"})

    assert (response.status_code, response.json()["code"]) == (500, "central_broken")
    assert "KeyError" not in response.text
    assert "unforeseen fault" in caplog.text


def test_the_counts_tell_what_happened_at_every_gate(organiser: Organiser) -> None:
    sell_annual(organiser.central)
    one = enrolled(organiser.central, organiser.url)
    one.record(
        entry(grant_no=1),
        watched(grant_no=1, persons=3, charged=3),
        not_passed(2, persons=1),
        watched(grant_no=1),
        not_passed(4),
        refusal(type_no=1),
        entry(grant_no=99),
    )
    one.push()
    counts = organiser.ask("GET", "counts").json()

    assert counts["entries"] == [
        {
            "gate": "G1",
            "type": "annual",
            "entries": 3,
            "persons": 4,
            "charged": 4,
            "given_back": 2,
            "exits": 0,
        }
    ]
    assert {(a["outcome"], a["reason"]): a["scans"] for a in counts["answers"]} == {
        ("SUCCESS", "OK"): 4,
        ("DECLINED", "EXPIRED"): 1,
    }
    assert counts["conflicts"] == [{"reason": "UNKNOWN", "entries": 1}]
    ((ledger),) = counts["ledgers"]
    assert (ledger["have"], ledger["facts"], ledger["rejected"], ledger["head"]) == (
        7,
        7,
        0,
        one.rows[-1][1],
    )


def test_every_path_is_described_for_integrators(shared: Organiser) -> None:
    described = requests.get(f"{shared.url}/schema/openapi.json", timeout=20).json()

    assert {
        "/v1/nonce",
        "/v1/time",
        "/v1/enrol",
        "/v1/device",
        "/v1/scans",
        "/v1/repo/metadata/{name}",
        "/v1/repo/targets/{site}/{name}",
        "/v1/admin/sales",
    } <= set(described["paths"])
    assert "rows" in described["components"]["schemas"]["Batch"]["properties"]
    undescribed = [
        (path, method)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if not operation.get("summary")
    ]
    assert undescribed == []


def test_no_log_line_holds_a_code_an_address_or_a_token(
    organiser: Organiser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sold = organiser.tell("sales", type="annual", email="ann@example.org", holder="Ann Onymous")
    added = organiser.tell("devices", gate="G1")
    publish(organiser.central)
    organiser.ask(
        "POST", "sales", json={"type": "annual", "kind": "opaque", "code": "bell\x07CARD"}
    )
    said = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("portillon")
    )

    for secret in (
        sold["payload"],
        "ann@example.org",
        "Onymous",
        added["enrolment"]["token"],
        organiser.token,
        "CARD",
    ):
        assert secret not in said


def test_a_quarantine_and_its_alert_end_when_a_person_has_looked(organiser: Organiser) -> None:
    caller = enrolled(organiser.central, organiser.url)
    caller.record(entry())
    caller.push()
    caller.rows = []
    caller.record(refusal())
    caller.push()
    (alert,) = organiser.ask("GET", "list/alerts").json()["items"]
    organiser.tell(f"devices/{caller.device}/release")
    organiser.tell(f"alerts/{alert['alert_no']}/resolve")
    (device,) = organiser.ask("GET", "list/devices").json()["items"]

    assert (device["state"], device["rows"]) == ("active", 1)
    assert organiser.ask("GET", "counts").json()["open_alerts"] == 0
    organiser.tell(f"devices/{caller.device}/revoke")
    assert caller.call("GET", "/v1/device").json()["state"] == "revoked"


def test_a_rule_is_changed_and_an_event_cancelled_over_the_api(organiser: Organiser) -> None:
    organiser.tell("types/annual/rule", max_total=3)
    number = organiser.tell(
        "events", name="match", starts_at="2025-05-01T20:00", ends_at="2025-05-01T22:00"
    )["number"]
    organiser.tell(f"events/{number}/cancel")

    assert '"max_total":3' in organiser.ask("GET", "list/types").json()["items"][0]["rule"]
    assert organiser.ask("GET", "list/events").json()["items"][0]["status"] == "cancelled"


def test_gates_desks_and_the_publisher_do_not_stand_in_each_others_way(
    organiser: Organiser,
) -> None:
    callers = [
        enrolled(organiser.central, organiser.url, gate, f"epoch-{gate}-{number}")
        for gate in ("G1", "G2")
        for number in range(2)
    ]
    for caller in callers:
        caller.record(*(entry(grant_no=1) for _ in range(60)))

    def send(caller: Caller) -> int:
        for first in range(1, 61, 10):
            caller.push(first, first + 9)
        return caller.push(61, 60).receipt.have

    with ThreadPoolExecutor(8) as together:
        sent = [together.submit(send, caller) for caller in callers]
        sold = [together.submit(sell_annual, organiser.central) for _ in range(10)]
        published = [together.submit(publish, organiser.central) for _ in range(3)]

    assert [done.result() for done in sent] == [60] * 4
    assert len({done.result().grant_no for done in sold}) == 10
    assert len({done.result().seq for done in published}) == 3
    assert rows(organiser.central, tables.fact) == 240
