"""A term from the first scan, at the central: known once that scan has arrived, the earliest wins (S09, S10)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scanner.core.calendar import SiteCalendar
from scanner.core.events import FactKind
from scanner.core.units import Direction, Instant
from server_stub.api.forms import RuleForm, SaleForm, TagForm, TypeForm
from server_stub.central import Central
from server_stub.reporting.listings import load_records
from server_stub.rules.segments import MembershipState
from server_stub.rules.tags import present_tags
from server_stub.selling.catalogue import add_type
from server_stub.selling.customers import find_customer, load_customer
from server_stub.selling.sales import Sold, sell
from server_stub.store.tables import credential_key
from support.central_site import MARCH_10, CentralClock, museum, sell_annual
from support.databases import NewDatabase
from support.gate_facts import NOON, entry, fact, not_passed, watched
from support.instants import wall
from support.sent_facts import record

DAY_MS = 24 * 3_600_000
END_OF_NOON = wall("2025-04-11T00:00")
"""30 days from 11 March: the last day is 10 April."""


@pytest.fixture
def clock() -> CentralClock:
    return CentralClock()


@pytest.fixture
def central(tmp_path: Path, clock: CentralClock, new_database: NewDatabase) -> Iterator[Central]:
    with museum(tmp_path, clock, new_database()) as made:
        form = TypeForm(
            name="month",
            validity="30 days after first_scan",
            rule=RuleForm(max_total=None),
            tags=[TagForm(tag="Guest")],
        )
        with made.database.write() as connection:
            add_type(connection, form, SiteCalendar("Europe/Paris"))
        yield made


@pytest.fixture
def sold(central: Central) -> Sold:
    """A month for Ann, not begun."""
    return sell(central, SaleForm(type="month", email="ann@example.org"))


def until(central: Central) -> int | None:
    """The end that the central shows."""
    with central.database.read() as connection:
        (row,) = load_records(connection, "tickets")
    end: int | None = row["valid_until"]
    return end


def tags(central: Central, at: int) -> tuple[frozenset[str], list[MembershipState]]:
    """Ann's tags, and how her ticket stands."""
    with central.database.read() as connection:
        customer_id = find_customer(connection, "ann@example.org").customer_id
        customer = load_customer(connection, customer_id, Instant(at))
    states = [right.state_at(Instant(at)) for right in customer.rights]
    return present_tags(customer.assignments, Instant(at)), states


def test_before_the_first_scan_a_term_and_its_tag_are_open(central: Central, sold: Sold) -> None:
    assert (sold.valid_until, until(central)) == (None, None)
    assert tags(central, MARCH_10 + 3_000 * DAY_MS) == ({"Guest"}, [MembershipState.ACTIVE])


def test_the_first_scan_that_arrives_sets_the_end_of_ticket_and_tag(
    central: Central, sold: Sold
) -> None:
    record(central, entry(grant_no=sold.grant_no))

    assert until(central) == END_OF_NOON
    assert tags(central, END_OF_NOON - 1) == ({"Guest"}, [MembershipState.ACTIVE])
    assert tags(central, END_OF_NOON) == (frozenset(), [MembershipState.LAPSED])


def test_the_earlier_of_two_lanes_wins_though_it_arrives_later(
    central: Central, sold: Sold
) -> None:
    record(central, entry(grant_no=sold.grant_no, at=Instant(NOON + DAY_MS)))
    late = until(central)
    record(central, entry(grant_no=sold.grant_no))
    record(central, entry(grant_no=sold.grant_no, at=Instant(NOON + 9 * DAY_MS)))

    assert (late, until(central)) == (END_OF_NOON + DAY_MS, END_OF_NOON)


def test_an_entry_that_is_given_back_and_a_refusal_or_exit_begin_nothing(
    central: Central, sold: Sold
) -> None:
    device = record(central, watched(grant_no=sold.grant_no))
    assert until(central) == END_OF_NOON
    record(central, not_passed(1), device=device)
    record(central, entry(grant_no=sold.grant_no, movement=Direction.OUT, charged=0))

    assert until(central) is None
    assert tags(central, END_OF_NOON)[0] == {"Guest"}


def test_a_corrected_clock_corrects_the_term(central: Central, sold: Sold) -> None:
    device = record(central, entry(grant_no=sold.grant_no, at=Instant(NOON - 90 * DAY_MS)))
    wrong = until(central)
    offset: dict[str, Any] = {"offset_ms": NOON - 5_000, "mono_ms": 6_000}
    restarted, other = fact(FactKind.LANE_STARTED), {"boot": "boot-2"} | offset
    record(central, fact(FactKind.CLOCK_OFFSET, **other), device=device)
    still = until(central)
    record(central, restarted, fact(FactKind.CLOCK_OFFSET, **offset), device=device)

    assert wrong == still
    assert wrong is not None
    assert wrong < END_OF_NOON
    assert until(central) == END_OF_NOON


def test_an_entry_from_before_the_row_reached_the_gate_begins_it_too(
    central: Central, sold: Sold
) -> None:
    with central.database.read() as connection:
        key = connection.execute(select(credential_key.c.key)).scalar_one()
    record(central, entry(key=key.hex()))

    assert (sold.grant_no, until(central)) == (1, END_OF_NOON)


def test_other_tickets_are_left_alone(central: Central, sold: Sold) -> None:
    sell_annual(central, email="bob@example.org")
    record(central, entry(grant_no=2))

    assert tags(central, END_OF_NOON)[0] == {"Guest"}
    assert sold.valid_until is None
