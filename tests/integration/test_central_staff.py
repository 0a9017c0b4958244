"""Who may use the central's API: roles, sessions, one-time passwords, and how often a password may be guessed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from server_stub.api.accounts import create_one_time, reset_password
from server_stub.api.authorisation import ACT_OF, ACTS_OF, ONCE, ONCE_IN_SHOP, Act
from server_stub.api.login_limits import ACCOUNT_ATTEMPTS_MOST, WINDOW_MS
from server_stub.api.staff_forms import StaffRole
from server_stub.central import Central
from server_stub.store import staff_tables, tables
from support.central_site import CentralClock, museum, rows, served, signed_in
from support.databases import NewDatabase

CHOSEN = "four words nobody guesses"
OPEN_TO_ALL = {"POST /v1/staff/login"}


@dataclass
class Office:
    central: Central
    clock: CentralClock
    url: str

    def call(self, method: str, path: str, token: str = "", **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} | how.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=30, **how)

    def login(self, name: str, password: str) -> requests.Response:
        return self.call("POST", "/v1/staff/login", json={"name": name, "password": password})

    def described(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.call("GET", "/schema/openapi.json").json()["paths"]
        return {
            f"{method.upper()} {path}": operation
            for path, methods in found.items()
            for method, operation in methods.items()
        }


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[Office]:
    clock = CentralClock()
    folder = tmp_path_factory.mktemp("office")
    with museum(folder, clock, new_database()) as central, served(central) as url:
        yield Office(central, clock, url)


@pytest.fixture
def office(shared: Office) -> Office:
    """The shared one, a window later, so that no test throttles another."""
    shared.clock.pass_ms(WINDOW_MS)
    return shared


@pytest.fixture
def name() -> str:
    return f"n{secrets.token_hex(4)}"


def added(office: Office, name: str, role: str = "desk") -> str:
    """A new account's one-time password."""
    response = office.call(
        "POST", "/v1/admin/staff", signed_in(office.central), json={"name": name, "role": role}
    )
    assert response.status_code == 201, response.text
    return str(response.json()["password"])


def problem(response: requests.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def test_every_staff_route_of_the_description_has_its_act(office: Office) -> None:
    staffed = {
        route
        for route in office.described()
        if route.split()[1].startswith(("/v1/admin", "/v1/staff"))
    }

    assert staffed - OPEN_TO_ALL == set(ACT_OF)
    assert set(ONCE) <= set(ACT_OF)


def test_every_route_that_must_act_once_asks_for_a_key(office: Office) -> None:
    asks = {
        route
        for route, operation in office.described().items()
        for one in operation.get("parameters", [])
        if one["name"] == "Idempotency-Key" and one["required"]
    }

    assert asks == set(ONCE | ONCE_IN_SHOP)


@pytest.mark.parametrize("role", list(StaffRole))
def test_a_role_is_let_in_where_the_table_says_and_nowhere_else(
    office: Office, role: StaffRole
) -> None:
    token = signed_in(office.central, role)
    refused = {
        route
        for route in ACT_OF
        if "logout" not in route
        and office.call(
            route.split()[0], route.split()[1].replace("{number}", "1"), token, data=b"no json"
        ).status_code
        == 403
    }

    assert refused == {r for r, act in ACT_OF.items() if act not in ACTS_OF[role]} - {"logout"}


def test_a_refused_role_is_told_whom_to_ask(office: Office) -> None:
    token = signed_in(office.central, StaffRole.VIEWER)
    response = office.call("POST", "/v1/admin/zones", token, json={"name": "x"})

    assert problem(response) == (403, "role_may_not")
    assert "admin or organiser" in response.json()["hint"]


def test_a_one_time_password_opens_nothing_but_its_own_change(office: Office, name: str) -> None:
    first = office.login(name, added(office, name)).json()
    looked = office.call("GET", "/v1/admin/counts", first["token"])
    me = office.call("GET", "/v1/staff/me", first["token"]).json()

    assert first["must_change"] is True
    assert problem(looked) == (403, "password_must_change")
    assert me == {"name": name, "role": "desk", "must_change": True}


def test_a_chosen_password_ends_the_one_time_one_and_every_session(
    office: Office, name: str
) -> None:
    one_time = added(office, name)
    first = office.login(name, one_time).json()["token"]
    fresh = office.call(
        "POST", "/v1/staff/password", first, json={"old": one_time, "new": CHOSEN}
    ).json()["token"]

    assert problem(office.call("GET", "/v1/staff/me", first)) == (401, "session_refused")
    assert office.call("GET", "/v1/admin/counts", fresh).ok
    assert problem(office.login(name, one_time)) == (401, "login_refused")
    assert office.login(name, CHOSEN).ok


@pytest.mark.parametrize(
    ("new", "code"), [("short", "password_bad"), ("x" * 257, "password_bad"), ("", "password_bad")]
)
def test_a_password_that_is_easily_guessed_is_refused(
    office: Office, name: str, new: str, code: str
) -> None:
    one_time = added(office, name)
    token = office.login(name, one_time).json()["token"]
    refused = office.call("POST", "/v1/staff/password", token, json={"old": one_time, "new": new})
    same = office.call("POST", "/v1/staff/password", token, json={"old": one_time, "new": one_time})

    assert problem(refused) == (422, code)
    assert refused.json()["field"] == "new"
    assert problem(same) == (422, "password_same")


def test_an_unknown_name_is_answered_like_a_wrong_password(office: Office, name: str) -> None:
    added(office, name)
    known, unknown = office.login(name, "wrong"), office.login(f"{name}x", "wrong")

    assert problem(known) == problem(unknown) == (401, "login_refused")
    assert known.json() == unknown.json()


def test_guessing_a_password_is_slowed_down_and_says_until_when(office: Office, name: str) -> None:
    one_time = added(office, name)
    guesses = [office.login(name, "wrong").status_code for _ in range(ACCOUNT_ATTEMPTS_MOST)]
    stopped = office.login(name, one_time)
    office.clock.pass_ms(int(stopped.headers["Retry-After"]) * 1_000)

    assert set(guesses) == {401}
    assert problem(stopped) == (429, "login_throttled")
    assert office.login(name, one_time).ok


def test_guesses_made_at_once_are_counted_one_by_one(office: Office, name: str) -> None:
    with ThreadPoolExecutor(12) as together:
        answers = list(together.map(lambda _: office.login(name, "wrong").status_code, range(12)))

    assert answers.count(401) == ACCOUNT_ATTEMPTS_MOST


def test_a_session_ends_with_logout_and_after_twelve_hours(office: Office, name: str) -> None:
    added(office, name)
    one, other = (signed_in(office.central, name=name) for _ in range(2))
    office.call("POST", "/v1/staff/logout", one)
    left = office.call("GET", "/v1/staff/me", other).status_code
    office.clock.pass_ms(12 * 3_600_000)

    assert problem(office.call("GET", "/v1/staff/me", one)) == (401, "session_refused")
    assert left == 200
    assert problem(office.call("GET", "/v1/staff/me", other)) == (401, "session_refused")


def test_a_role_that_changes_and_an_account_that_ends_do_so_at_once(
    office: Office, name: str
) -> None:
    added(office, name)
    admin, token = signed_in(office.central), signed_in(office.central, name=name)
    with office.central.database.write() as connection:
        connection.execute(
            staff_tables.staff_account.update()
            .where(staff_tables.staff_account.c.name == name)
            .values(must_change=0)
        )
    before = office.call("POST", "/v1/admin/publish", token).status_code
    office.call("POST", f"/v1/admin/staff/{name}/role", admin, json={"role": "organiser"})
    raised = office.call("POST", "/v1/admin/publish", token).status_code
    office.call("POST", f"/v1/admin/staff/{name}/disable", admin)

    assert (before, raised) == (403, 200)
    assert problem(office.call("GET", "/v1/staff/me", token)) == (401, "session_refused")
    assert problem(office.login(name, CHOSEN)) == (401, "login_refused")


def test_a_reset_brings_a_disabled_account_back(office: Office, name: str) -> None:
    added(office, name)
    admin = signed_in(office.central)
    office.call("POST", f"/v1/admin/staff/{name}/disable", admin)
    again = office.call("POST", f"/v1/admin/staff/{name}/reset", admin).json()

    assert office.login(name, again["password"]).json()["must_change"] is True


def test_there_is_always_an_administrator(tmp_path: Path, new_database: NewDatabase) -> None:
    with museum(tmp_path, None, new_database()) as central, served(central) as url:
        office = Office(central, CentralClock(), url)
        token = signed_in(central, name="boss")
        ended = office.call("POST", "/v1/admin/staff/boss/disable", token)
        lowered = office.call("POST", "/v1/admin/staff/boss/role", token, json={"role": "desk"})

    assert problem(ended) == problem(lowered) == (409, "last_admin")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("staff", {"name": "Ann Smith", "role": "desk"}, 422, "staff_name_bad"),
        ("staff", {"name": "ann", "role": "boss"}, 422, "field_wrong"),
        ("staff/nobody/role", {"role": "desk"}, 404, "staff_unknown"),
        ("staff/nobody/reset", {}, 404, "staff_unknown"),
        ("staff/nobody/disable", {}, 404, "staff_unknown"),
    ],
)
def test_a_mistake_about_an_account_is_named(
    office: Office, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    response = office.call("POST", f"/v1/admin/{path}", signed_in(office.central), json=body)

    assert problem(response) == (status, code)


def test_a_name_is_never_given_to_a_second_person(office: Office, name: str) -> None:
    added(office, name)
    again = office.call(
        "POST",
        "/v1/admin/staff",
        signed_in(office.central),
        json={"name": name, "role": "viewer"},
    )
    listed = office.call("GET", "/v1/admin/staff", signed_in(office.central)).json()["items"]

    assert problem(again) == (409, "staff_name_taken")
    assert [one["role"] for one in listed if one["name"] == name] == ["desk"]


def test_neither_password_nor_token_is_in_the_database(office: Office, name: str) -> None:
    one_time = create_one_time()
    added(office, name)
    with office.central.database.write() as connection:
        reset_password(connection, name, one_time)
    token = office.login(name, one_time.password).json()["token"]
    with office.central.database.read() as connection:
        kept = repr(
            [
                connection.execute(select(table)).all()
                for table in (staff_tables.staff_account, staff_tables.staff_session)
            ]
        )

    assert "$argon2id$" in kept
    assert one_time.password not in kept
    assert token not in kept


def test_the_same_wish_twice_is_one_sale_and_one_answer(office: Office) -> None:
    token, key = signed_in(office.central, StaffRole.DESK), {"Idempotency-Key": "wish-0001"}
    before = rows(office.central, tables.ticket)
    one = office.call(
        "POST",
        "/v1/admin/sales",
        token,
        data=b'{"type": "annual", "seat": "A1"}',
        headers=key | {"Content-Type": "application/json"},
    )
    two = office.call(
        "POST", "/v1/admin/sales", token, json={"seat": "A1", "type": "annual"}, headers=key
    )
    other = office.call("POST", "/v1/admin/sales", token, json={"type": "annual"}, headers=key)

    assert one.status_code == two.status_code == 201
    assert one.json() == two.json()
    assert problem(other) == (409, "idempotency_key_reused")
    assert rows(office.central, tables.ticket) == before + 1


def test_the_same_wish_at_once_is_one_sale(office: Office) -> None:
    token, before = signed_in(office.central, StaffRole.DESK), rows(office.central, tables.ticket)

    def wish(_number: int) -> str:
        return office.call(
            "POST",
            "/v1/admin/sales",
            token,
            json={"type": "annual"},
            headers={"Idempotency-Key": "all-at-once"},
        ).text

    with ThreadPoolExecutor(8) as together:
        answers = set(together.map(wish, range(16)))

    assert len(answers) == 1
    assert rows(office.central, tables.ticket) == before + 1


def test_a_key_belongs_to_who_sent_it_and_a_refused_wish_may_be_mended(office: Office) -> None:
    desk, admin = signed_in(office.central, StaffRole.DESK), signed_in(office.central)
    key = {"Idempotency-Key": f"wish-{secrets.token_hex(4)}"}

    def sell(token: str, kind: str) -> requests.Response:
        return office.call("POST", "/v1/admin/sales", token, json={"type": kind}, headers=key)

    assert problem(sell(desk, "none")) == (422, "name_unknown")
    assert sell(desk, "annual").json()["ticket_id"] != sell(admin, "annual").json()["ticket_id"]


@pytest.mark.parametrize("key", [None, "short", "x" * 101, "with space"])
def test_without_a_proper_key_nothing_is_sold(office: Office, key: str | None) -> None:
    token, before = signed_in(office.central, StaffRole.DESK), rows(office.central, tables.ticket)
    headers = {} if key is None else {"Idempotency-Key": key}
    refused = office.call(
        "POST", "/v1/admin/sales", token, json={"type": "annual"}, headers=headers
    )

    assert problem(refused) == (422, "idempotency_key_missing")
    assert rows(office.central, tables.ticket) == before


def test_a_remembered_answer_is_sealed(office: Office) -> None:
    sold = office.call(
        "POST",
        "/v1/admin/sales",
        signed_in(office.central),
        json={"type": "annual"},
        headers={"Idempotency-Key": "sealed-answer"},
    ).json()
    with office.central.database.read() as connection:
        kept = connection.execute(select(staff_tables.idempotency.c.sealed_answer)).scalars().all()

    assert sold["payload"]
    assert not [answer for answer in kept if sold["payload"].encode() in answer]


def test_pages_follow_one_another_without_a_gap_or_a_repeat(office: Office) -> None:
    token = signed_in(office.central)
    for number in range(7):
        office.call(
            "POST",
            "/v1/admin/sales",
            token,
            json={"type": "annual"},
            headers={"Idempotency-Key": f"page-{secrets.token_hex(4)}-{number}"},
        )
    whole = office.call("GET", "/v1/admin/list/tickets?limit=1000", token).json()
    seen, cursor = [], ""
    while True:
        page = office.call("GET", f"/v1/admin/list/tickets?limit=3{cursor}", token).json()
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert whole["next"] is None
    assert seen == whole["items"]
    assert len(seen) >= 7


@pytest.mark.parametrize(
    "query",
    ["cursor=none", "cursor=W10", "cursor=WyJhIiwxLDJd", "limit=0", "limit=1001", "limit=x"],
)
def test_a_page_that_cannot_be_is_refused_by_its_field(office: Office, query: str) -> None:
    response = office.call("GET", f"/v1/admin/list/tickets?{query}", signed_in(office.central))

    assert response.status_code == 422
    assert response.json()["field"] == query.partition("=")[0]


def test_a_problem_names_the_field_and_what_may_stand_there(office: Office) -> None:
    body = {"name": "x", "validity": "always", "rule": {"unlisted": "maybe"}}
    told = office.call("POST", "/v1/admin/types", signed_in(office.central), json=body).json()

    assert (told["status"], told["field"]) == (422, "rule.unlisted")
    assert told["valid"] == ["accept", "action", "decline"]
    assert told["type"] == "urn:portillon:problem:field_wrong"


def test_the_acts_of_a_role_grow_with_it() -> None:
    ladder = [StaffRole.VIEWER, StaffRole.DESK, StaffRole.ORGANISER, StaffRole.ADMIN]
    acts = [ACTS_OF[role] for role in ladder]

    assert all(lower < higher for lower, higher in pairwise(acts))
    assert acts[-1] == frozenset(Act)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("sales", {"type": "annual", "seat": "A\0B"}),
        ("sales", {"type": "annual", "email": "a\0b@example.org"}),
        ("gates", {"name": "x", "zone": "hall", "types": ["an\0nual"]}),
        ("zones", {"name": "ha\0ll"}),
        ("tickets/a%00b/deny", {"reason": "UNPAID"}),
        ("orders/a%00b/refund", {}),
        ("staff/a%00b/reset", {}),
        ("events", {"name": "x", "starts_at": "9999-12-31T23:59", "ends_at": "9999-12-31T23:59"}),
        ("types", {"name": "x", "validity": "99999999999999999999 years after purchase"}),
        ("types", {"name": "x", "validity": "..9999-12-31"}),
        ("types", {"name": "x", "validity": "always", "rule": {"max_total": 2**70}}),
        ("policies", {"name": "soft_age_s", "value": "9" * 400}),
    ],
)
def test_what_no_database_can_hold_is_a_mistake_of_the_caller(
    office: Office, path: str, body: dict[str, Any]
) -> None:
    refused = office.call(
        "POST",
        f"/v1/admin/{path}",
        signed_in(office.central),
        json=body,
        headers={"Idempotency-Key": f"nul-{secrets.token_hex(4)}"},
    )

    assert refused.status_code in {404, 422}, refused.text
