"""A person is exported and forgotten (S63): nothing on the disk says who it was, and every count is what it was."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select

from scanner.core.errors import InputError
from scanner.core.grants import SnapshotMark
from scanner.core.units import SnapshotSeq
from server_stub.api.forms import CodeKind, SaleForm
from server_stub.central import Central
from server_stub.cli import main
from server_stub.people.erasure import erase_person
from server_stub.people.person_export import export_person
from server_stub.publishing.base_file import build_base
from server_stub.reporting.report import load_counts
from server_stub.rules.orders import OrderState
from server_stub.seating import seat_transfers
from server_stub.selling.carts import show_cart
from server_stub.selling.checkout import refund
from server_stub.selling.codes import show_code
from server_stub.selling.customer_login import ask_code, sign_in
from server_stub.selling.customers import find_customer, set_attribute
from server_stub.selling.mailer import FileMailer
from server_stub.selling.orders import create_order
from server_stub.selling.sales import sell
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.store.benefit_tables import customer_attribute, customer_session
from server_stub.store.person_rows import FORGOTTEN, NEUTRAL, PERSONAL, personal_tables, texts_of
from server_stub.store.subscription_tables import simulated_card, subscription
from server_stub.store.tables import (
    access_grant,
    credential,
    credential_key,
    customer,
    customer_order,
    ticket,
)
from server_stub.store.tag_rows import pin_tag
from server_stub.subscribing.billing_run import build_providers
from server_stub.subscribing.plans import add_plan
from server_stub.subscribing.subscriptions import SubscribeForm, end, subscribe
from support.central_site import museum, rows, sell_annual
from support.disk_words import pieces_of
from support.gate_facts import entry
from support.sent_facts import record
from support.stadium import stadium
from support.subscribers import changed

EMAIL = "zoe.quux@example.org"
HOLDER = "Zoe Quuxington"
TOWN = "Xyzzytown"
WORDS = (EMAIL, "zoe.quux", HOLDER, "Quuxington", TOWN, "A-77")


def known_everywhere(central: Central) -> Any:
    """Zoe, in every place that the central has for a person."""
    sold = sell_annual(central, email=EMAIL, holder=HOLDER, seat="A-77")
    sell_annual(central, email=EMAIL, kind=CodeKind.OPAQUE, code="9780201379624")
    mailer = FileMailer(central.folder.mail)
    ask_code(central, mailer, EMAIL)
    (letter,) = central.folder.mail.iterdir()
    code = letter.read_text().split("\n\n")[1].strip()
    sign_in(central, EMAIL, code)
    ask_code(central, mailer, EMAIL)
    with central.database.write() as connection:
        who = find_customer(connection, EMAIL).customer_id
        set_attribute(connection, who, "town", TOWN)
        pin_tag(connection, who, "Press", central.clock.now_ms(), None)
        create_order(connection, EMAIL, central.clock.now_ms())
    record(central, *(entry(grant_no=sold.grant_no) for _ in range(3)))
    return sold


@pytest.fixture(scope="module")
def forgotten(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A central with Zoe and Bob; Zoe is exported, then erased."""
    with museum(tmp_path_factory.mktemp("site")) as central:
        sold = known_everywhere(central)
        sell_annual(central, email="bob@example.org", holder="Bob")
        before = {word for word in WORDS if is_on_disk(central, word)}
        exported = export_person(central, EMAIL)
        with central.database.read() as connection:
            counts = load_counts(connection)
        done = erase_person(central, EMAIL)
        yield central, sold, before, exported, counts, done


def is_on_disk(central: Central, word: str) -> bool:
    wanted = (word.encode(), word.encode("utf-16-le"))
    return any(one in piece.content for piece in pieces_of(central.folder.path) for one in wanted)


def test_before_it_every_word_was_on_the_disk_and_afterwards_none_is(forgotten: Any) -> None:
    central, _sold, before, _exported, _counts, done = forgotten

    assert before == set(WORDS)
    assert done.is_scrubbed
    assert [word for word in WORDS if is_on_disk(central, word)] == []
    assert is_on_disk(central, "bob@example.org")


def test_the_export_held_all_of_it_and_no_key(forgotten: Any) -> None:
    _central, sold, _before, exported, _counts, _done = forgotten
    held = exported.held

    assert held["customer"][0]["email"] == EMAIL
    assert {row["holder"] for row in held["ticket"]} == {HOLDER, None}
    assert held["customer_attribute"][0]["value"] == TOWN
    assert [row["tag"] for row in held["tag_assignment"]] == ["Press"]
    assert len(held["access_grant"]) == len(held["credential"]) == 2
    assert len(held["customer_order"]) == 3
    assert held["customer_session"][0]["expires_at"].startswith("2025-04-09T15:")
    assert len(exported.scans) == 3
    assert exported.scans[0] | {"gate": "G1", "grant_no": sold.grant_no} == exported.scans[0]
    assert exported.letters == ["Your code", "Your code"]
    assert "credential.sealed_code" in exported.withheld
    assert sold.payload not in json.dumps(exported.held)


def test_money_stays_under_a_number_that_leads_to_nobody(forgotten: Any) -> None:
    central, sold, *_rest, done = forgotten
    with central.database.read() as connection:
        states = connection.execute(
            select(customer_order.c.state).where(customer_order.c.customer_id == done.customer_id)
        ).scalars()
        (husk,) = connection.execute(
            select(customer).where(customer.c.customer_id == done.customer_id)
        )
        mine = (
            select(ticket.c.grant_no, ticket.c.holder)
            .join(customer_order, customer_order.c.order_id == ticket.c.order_id)
            .where(customer_order.c.customer_id == done.customer_id)
        )
        left = {tuple(row) for row in connection.execute(mine)}

    kept = sorted(states)
    assert kept[0] == "cancelled"
    assert set(kept[1:]) <= {"completed", "refunded"}
    assert len(kept) == 3
    assert (husk.email, husk.erased_at) == (None, central.clock.now_ms())
    assert left == {(None, None)}
    with central.database.write() as connection:
        cart = show_cart(connection, sold.order_id, central.clock.now_ms())
    assert cart.state in {OrderState.COMPLETED, OrderState.REFUNDED}


def test_every_count_is_what_it_was(forgotten: Any) -> None:
    central, _sold, _before, _exported, counts, done = forgotten
    with central.database.read() as connection:
        after = load_counts(connection)

    assert done.facts == 3
    assert (after.entries, after.answers, after.overuse) == (
        counts.entries,
        counts.answers,
        [one for one in after.overuse if one.grant_no is not None],
    )
    assert [one.persons for one in after.overuse] == [one.persons for one in counts.overuse]
    assert after.overuse


def test_the_next_base_knows_neither_right_nor_count_but_that_the_code_is_worthless(
    forgotten: Any, tmp_path: Path
) -> None:
    central, sold, *_rest = forgotten
    path = tmp_path / "base.db"
    with central.database.read() as connection:
        mark = SnapshotMark(seq=SnapshotSeq(9), created_at=central.clock.now_ms())
        haves = connection.execute(select(tables.ledger)).all()
        vector = {(row.device, row.epoch): row.have for row in haves}
        build_base(connection, path, load_site(connection), mark, vector)
    with closing(sqlite3.connect(path)) as base:
        grants = [row[0] for row in base.execute("SELECT grant_no FROM access_grant")]
        tallies = base.execute("SELECT count(*) FROM tally").fetchone()
        revoked = {row[0] for row in base.execute("SELECT prefix FROM revoked")}
    with central.database.read() as connection:
        keys = connection.execute(
            select(credential_key.c.key).where(credential_key.c.credential_no == sold.credential_no)
        ).scalars()
        prefixes = {bytes(key[:8]) for key in keys}

    assert grants
    assert sold.grant_no not in grants
    assert tallies == (0,)
    assert prefixes
    assert prefixes <= revoked


def test_a_code_of_somebody_who_is_forgotten_is_never_shown_or_sold_again(forgotten: Any) -> None:
    central, sold, *_rest = forgotten
    with pytest.raises(InputError) as shown, central.database.read() as connection:
        show_code(connection, central.secrets, sold.credential_no)
    with pytest.raises(InputError) as resold:
        sell(central, SaleForm(type="annual", kind=CodeKind.OPAQUE, code="9780201379624"))

    assert (shown.value.code, resold.value.code) == ("credential_unknown", "code_taken")


def test_a_refund_years_later_gives_no_right_back(forgotten: Any) -> None:
    central, sold, *_rest = forgotten
    before = rows(central, access_grant)
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        refund(connection, sold.order_id, None, central.clock.now_ms(), calendar)

    assert rows(central, access_grant) == before


def test_again_is_no_error_and_the_address_is_unknown(forgotten: Any) -> None:
    central, *_rest, done = forgotten
    again = erase_person(central, done.customer_id)
    with pytest.raises(InputError) as caught:
        erase_person(central, EMAIL)

    assert (again.rights, again.codes, again.letters) == (0, 0, 0)
    assert caught.value.code == "customer_unknown"


def test_who_comes_back_is_somebody_new(forgotten: Any) -> None:
    central, *_rest, done = forgotten
    sold = sell_annual(central, email=EMAIL)
    with central.database.read() as connection:
        found = find_customer(connection, EMAIL)

    assert found.customer_id != done.customer_id
    assert sold.grant_no is not None
    erase_person(central, EMAIL)


def test_a_card_that_opens_for_somebody_else_too_stays_theirs(forgotten: Any) -> None:
    central, *_rest = forgotten
    shared = sell_annual(central, email="ann@example.org", holder="Ann")
    other = sell_annual(central, email="carl@example.org", renews=shared.ticket_id)
    erase_person(central, "ann@example.org")
    with central.database.read() as connection:
        state = connection.execute(
            select(credential.c.state).where(credential.c.credential_no == other.credential_no)
        ).scalar_one()

    assert (state, other.credential_no) == ("active", shared.credential_no)


def test_nobody_is_forgotten_while_a_subscription_runs(forgotten: Any) -> None:
    central, *_rest = forgotten
    with central.database.write() as connection:
        plan = changed(type="annual")
        add_plan(connection, plan, central.clock.now_ms())
    providers = build_providers(central)
    form = SubscribeForm(plan=plan.name, email="sue@example.org", card="4242424242424242")
    paid = subscribe(central, providers, form)
    with pytest.raises(InputError) as caught:
        erase_person(central, "sue@example.org")
    end(central, paid.subscription_id)
    erase_person(central, "sue@example.org")
    with central.database.read() as connection:
        (kept,) = connection.execute(select(subscription)).all()
        (card,) = connection.execute(select(simulated_card)).all()

    assert caught.value.code == "customer_subscribed"
    assert (kept.method, kept.grant_no, kept.state, card.last4) == (None, None, "ended", "")


@pytest.mark.parametrize("table", personal_tables(), ids=lambda table: str(table.name))
def test_of_every_text_near_a_person_it_is_known_whether_it_tells_who(table: Any) -> None:
    if table.name in FORGOTTEN:
        return
    told = PERSONAL.get(table.name, frozenset()) | NEUTRAL.get(table.name, frozenset())

    assert set(texts_of(table)) - told == set(), "name it in person_rows.PERSONAL or NEUTRAL"


def test_an_id_that_nobody_has_is_nobody_and_what_others_have_stayed(forgotten: Any) -> None:
    central, *_rest = forgotten
    with pytest.raises(InputError) as caught:
        export_person(central, "0" * 32)
    with central.database.write() as connection:
        connection.execute(
            insert(customer_attribute).values(
                customer_id=find_customer(connection, "bob@example.org").customer_id,
                name="town",
                value="Lyon",
            )
        )

    assert caught.value.code == "customer_unknown"
    assert "customer_attribute" in export_person(central, "bob@example.org").held
    assert rows(central, customer_session) == 0


def test_the_commands_write_a_private_file_and_ask_before_they_forget(
    forgotten: Any, tmp_path: Path
) -> None:
    central, *_rest = forgotten
    env = {"PORTILLON_CENTRAL_DIR": str(central.folder.path)}
    sell_annual(central, email="dan@example.org", holder="Dan")
    path = tmp_path / "dan.json"

    def typed(*words: str, typed_in: str = "") -> Any:
        return CliRunner().invoke(main, ["person", *words], env=env, input=typed_in)

    assert typed("export", "dan@example.org", "--to", str(path)).exit_code == 0
    assert json.loads(path.read_text())["held"]["ticket"][0]["holder"] == "Dan"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "export_unwritable" in typed("export", "dan@example.org", "--to", str(path)).stderr
    assert typed("erase", "dan@example.org", typed_in="n\n").exit_code == 1
    assert "is forgotten" in typed("erase", "dan@example.org", typed_in="y\n").stdout
    assert "customer_unknown" in typed("erase", "dan@example.org", "--yes").stderr


def test_a_seat_of_somebody_who_is_forgotten_is_for_sale_and_what_they_gave_away_stays(
    tmp_path: Path,
) -> None:
    with stadium(tmp_path) as place:
        ann, ben = place.buy("A-12"), "ben@example.org"
        place.card("A-12", "4242424242424242")
        place.do(seat_transfers.offer, 1, "A-12", ben, place.clock.now_ms())
        place.do(seat_transfers.accept, place.central, 1, "A-12")
        place.buy("A-1", ben)
        place.do(seat_transfers.offer, 2, "A-1", "ann@example.org", place.clock.now_ms())

        erase_person(place.central, "ann@example.org")

        assert place.state("A-12") == ("available", None)
        assert place.holders(1)["A-12"] not in {None, ann.tickets[0].ticket_id}
        with pytest.raises(InputError, match="NO_OFFER"):
            place.do(seat_transfers.recall, 2, "A-1", place.clock.now_ms())
