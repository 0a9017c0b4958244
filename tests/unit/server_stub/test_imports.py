"""Customers and passes from a file: all of them, or none and every reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from server_stub.api.forms import CodeKind, TypeForm
from server_stub.central import Central
from server_stub.cli import main
from server_stub.people.import_file import FileKind, ImportRefusedError
from server_stub.people.imports import Importing, import_file
from server_stub.selling.catalogue import add_type
from server_stub.selling.codes import find_by_payload
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.store.benefit_tables import customer_attribute, tag_assignment
from support.central_site import museum, rows, sell_annual


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    with museum(tmp_path_factory.mktemp("site")) as made:
        with made.database.write() as connection:
            dear = TypeForm(name="dear", validity="always", price_minor=8_000, is_personal=True)
            add_type(connection, dear, load_site(connection).calendar)
        sell_annual(made, email="known@example.org", kind=CodeKind.OPAQUE, code="TAKEN-1")
        yield made


def bring(central: Central, what: Importing, text: str, *, is_dry: bool = False) -> Any:
    return import_file(central, what, text.encode(), FileKind.CSV, is_dry=is_dry)


def mistakes(central: Central, what: Importing, text: str) -> list[tuple[int, str | None, str]]:
    before = everything(central)
    with pytest.raises(ImportRefusedError) as caught:
        bring(central, what, text)
    assert everything(central) == before
    return [(one.line, one.column, one.message) for one in caught.value.problems]


def everything(central: Central) -> list[int]:
    counted = (
        tables.customer,
        tables.ticket,
        tables.credential,
        tag_assignment,
        customer_attribute,
    )
    return [rows(central, table) for table in counted]


def test_customers_come_with_their_tags_and_attributes_and_known_ones_are_kept(
    shared: Central,
) -> None:
    text = (
        "email;tag;tag_until;attribute.town\n"
        "One@Example.org;Press;2026-01-01T00:00;Lyon\nknown@example.org;;;Nice\n"
    )
    before = everything(shared)
    dry = bring(shared, Importing.CUSTOMERS, text, is_dry=True)
    assert everything(shared) == before
    done = bring(shared, Importing.CUSTOMERS, text)
    with shared.database.read() as connection:
        towns = dict(
            connection.execute(
                select(tables.customer.c.email, customer_attribute.c.value).join(
                    customer_attribute,
                    customer_attribute.c.customer_id == tables.customer.c.customer_id,
                )
            ).all()
        )

    assert (dry.added, dry.known, dry.is_dry) == (done.added, done.known, True) == (1, 1, True)
    assert towns == {"one@example.org": "Lyon", "known@example.org": "Nice"}


def test_passes_get_rights_and_codes_and_no_money(shared: Central) -> None:
    text = (
        "type;email;holder;code;starts_on;flags\n"
        "annual;two@example.org;;CARD-0001;2025-05-01;\n"
        "dear;;Zoe;;;concession highlight\n"
    )
    done = bring(shared, Importing.PASSES, text)
    with shared.database.read() as connection:
        found = find_by_payload(connection, shared.secrets, "CARD-0001")
        order = connection.execute(
            select(tables.customer_order)
            .join(tables.ticket, tables.ticket.c.order_id == tables.customer_order.c.order_id)
            .where(tables.ticket.c.ticket_id == done.passes[1].ticket_id)
        ).one()
        grant = connection.execute(
            select(tables.access_grant)
            .join(tables.ticket, tables.ticket.c.grant_no == tables.access_grant.c.grant_no)
            .where(tables.ticket.c.ticket_id == done.passes[0].ticket_id)
        ).one()

    assert done.passes[0].credential_no == found
    assert done.passes[1].payload.startswith("TK1:")
    assert (order.state, order.channel, order.paid_by) == ("completed", "import", None)
    assert grant.valid_from == 1_746_050_400_000


def test_every_mistake_of_every_row_is_told_and_nothing_is_half_imported(shared: Central) -> None:
    text = (
        "type,email,code,starts_on,kind,flags\n"
        "annual,three@example.org,,,,\n"
        "yearly,,,,,\n"
        "annual,no address,,,,\n"
        "annual,,TAKEN-1,,,\n"
        "annual,,,2025-02-30,,\n"
        "annual,,,,printed,\n"
        "annual,,X-1,,signed,\n"
        "annual,,,,,vip\n"
    )
    found = mistakes(shared, Importing.PASSES, text)

    assert [line for line, _column, _message in found] == [3, 4, 5, 6, 7, 8, 9]
    assert [column for _line, column, _message in found] == [
        "type",
        "email",
        "code",
        "starts_on",
        "kind",
        "code",
        "flags[0]",
    ]
    assert not any("nothing" in message for _line, _column, message in found)


def test_mistakes_of_customers_are_told_by_line(shared: Central) -> None:
    text = "email,tag_until,attribute.town\nnobody,,\nfour@example.org,2026-01-01T00:00,\n"

    assert [line for line, *_rest in mistakes(shared, Importing.CUSTOMERS, text)] == [2, 3]


def test_lines_that_say_the_same_twice_are_named(shared: Central) -> None:
    customers = "email\nA@b.org\na@B.org\n"
    cards = "type,code\nannual,N-1\nannual,N-1\n"
    passes = "type,email\nannual,five@example.org\nannual,five@example.org\n"

    assert mistakes(shared, Importing.CUSTOMERS, customers) == [(3, None, "repeats line 2")]
    assert mistakes(shared, Importing.PASSES, cards) == [(3, None, "repeats line 2")]
    assert mistakes(shared, Importing.PASSES, passes) == [(3, None, "repeats line 2")]


def test_the_same_cards_again_are_refused_by_each_line(shared: Central) -> None:
    text = "type,code\nannual,AGAIN-1\nannual,AGAIN-2\n"
    bring(shared, Importing.PASSES, text)

    assert [line for line, *_rest in mistakes(shared, Importing.PASSES, text)] == [2, 3]


def typed(central: Central, *words: str) -> Result:
    env = {"PORTILLON_CENTRAL_DIR": str(central.folder.path)}
    return CliRunner().invoke(main, ["import", *words], env=env)


def test_the_command_lists_mistakes_for_people_and_for_machines(
    shared: Central, tmp_path: Path
) -> None:
    path, codes = tmp_path / "passes.csv", tmp_path / "codes.csv"
    path.write_text("type,email\nannual,six@example.org\nyearly,\n")
    for_people = typed(shared, "passes", str(path), "--codes", str(codes))
    for_machines = typed(shared, "passes", str(path), "--json")

    assert (for_people.exit_code, for_machines.exit_code) == (2, 2)
    assert "line 3, type: " in for_people.stderr
    assert json.loads(for_machines.stdout)["errors"][0]["line"] == 3
    assert not codes.exists()
    assert "import_not_readable" in typed(shared, "customers", str(tmp_path / "none.csv")).stderr


def test_the_command_writes_codes_only_into_a_private_file_that_was_asked_for(
    shared: Central, tmp_path: Path
) -> None:
    path, codes = tmp_path / "passes.json", tmp_path / "codes.csv"
    path.write_text('[{"type": "annual", "email": "seven@example.org"}]')
    dry = typed(shared, "passes", str(path), "--codes", str(codes), "--dry-run")
    assert (dry.output, codes.exists()) == (
        "would be imported (nothing was changed): 1 passes\n",
        False,
    )
    done = typed(shared, "passes", str(path), "--codes", str(codes), "--json")
    header, line = codes.read_text().splitlines()

    assert header == "line,ticket_id,credential_no,payload"
    assert ",TK1:" in line
    assert "TK1:" not in done.output
    assert codes.stat().st_mode & 0o777 == 0o600
    assert "export_unwritable" in typed(shared, "passes", str(path), "--codes", str(codes)).stderr
