"""What a sold ticket gives, as scenarios S01–S08, S11–S14 and S29 of the product tell it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.grants import AccessGrant, GrantFlag, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import GrantNo, Instant, RuleNo, TypeNo, ZoneNo
from scanner.core.validity import Anchor, Offset, Rounding, ValidityRule
from server_stub.rules.membership import SoldTicket, grant_of
from server_stub.rules.orders import OrderState

PARIS = SiteCalendar("Europe/Paris")


def utc(text: str) -> Instant:
    return Instant(round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000))


BOUGHT = utc("2025-03-10T13:00")
YEAR = ValidityRule(anchor=Anchor.PURCHASE, offset=Offset(365, Unit.DAYS))
PASS = SoldTicket(
    order_state=OrderState.COMPLETED,
    completed_at=BOUGHT,
    type_no=TypeNo(1),
    rule_no=RuleNo(1),
    scope_no=None,
    zones=frozenset({ZoneNo(1)}),
    term=YEAR,
)


def granted(**changed: Any) -> AccessGrant:
    grant = grant_of(replace(PASS, **changed), GrantNo(7), 3, PARIS)
    assert grant is not None
    return grant


def test_s01_a_year_of_days_ends_with_the_last_local_day() -> None:
    assert granted().valid_until == utc("2026-03-10T23:00")


def test_s03_to_the_instant_it_ends_when_it_was_bought() -> None:
    assert granted(term=replace(YEAR, rounding=Rounding.INSTANT)).valid_until == utc(
        "2026-03-10T13:00"
    )


def test_s04_with_the_first_day_counted_it_ends_a_day_earlier() -> None:
    assert granted(term=replace(YEAR, count_first_day=True)).valid_until == utc("2026-03-09T23:00")


@pytest.mark.parametrize(
    ("amount", "unit", "bought", "until"),
    [
        (1, Unit.YEARS, "2024-02-29T12:00", "2025-02-28T23:00"),
        (1, Unit.MONTHS, "2026-01-31T12:00", "2026-02-28T23:00"),
    ],
)
def test_s05_s06_months_and_years_are_clamped_to_the_last_day(
    amount: int, unit: Unit, bought: str, until: str
) -> None:
    term = ValidityRule(anchor=Anchor.PURCHASE, offset=Offset(amount, unit))

    assert granted(term=term, completed_at=utc(bought)).valid_until == utc(until)


def test_s07_the_purchase_counts_on_the_sites_date_not_the_buyers() -> None:
    new_york_evening = utc("2026-06-01T03:30")
    day_ticket = ValidityRule(anchor=Anchor.PURCHASE, offset=Offset(0, Unit.DAYS))

    assert granted(term=day_ticket, completed_at=new_york_evening).valid_until == utc(
        "2026-06-01T22:00"
    )


@pytest.mark.parametrize(
    ("offset", "until"),
    [(Offset(7, Unit.DAYS), "2025-10-27T11:00"), (Offset(168, Unit.HOURS), "2025-10-27T10:00")],
)
def test_s08_days_are_wall_time_and_hours_are_elapsed(offset: Offset, until: str) -> None:
    term = ValidityRule(anchor=Anchor.PURCHASE, offset=offset, rounding=Rounding.INSTANT)

    assert granted(term=term, completed_at=utc("2025-10-20T10:00")).valid_until == utc(until)


@pytest.mark.parametrize("state", [OrderState.DRAFT, OrderState.PENDING, OrderState.CANCELLED])
def test_s11_nothing_exists_before_the_order_is_completed(state: OrderState) -> None:
    sold = replace(PASS, order_state=state, completed_at=None)

    assert grant_of(sold, GrantNo(7), 1, PARIS) is None


@pytest.mark.parametrize("state", [OrderState.REFUNDED, OrderState.CANCELLED])
def test_s12_a_refund_takes_the_right_back(state: OrderState) -> None:
    grant = granted(order_state=state)

    assert (grant.state, grant.deny_reason) == (GrantState.DENY, Reason.CANCELLED)


def test_what_staff_deny_is_refused_with_their_reason() -> None:
    grant = granted(deny_reason=Reason.UNPAID)

    assert (grant.state, grant.deny_reason) == (GrantState.DENY, Reason.UNPAID)


def test_a_term_from_the_first_scan_is_left_to_the_gate() -> None:
    term = ValidityRule(anchor=Anchor.FIRST_SCAN, offset=Offset(30, Unit.DAYS))
    grant = granted(term=term)

    assert (grant.valid_from, grant.valid_until, grant.first_scan) == (None, None, term)


def test_a_later_start_is_counted_from_the_start_of_its_business_day() -> None:
    grant = granted(starts_on=date(2025, 4, 1))

    assert grant.valid_from == utc("2025-03-31T22:00")
    assert grant.valid_until == utc("2026-04-01T22:00")


def test_a_term_from_the_first_scan_may_not_begin_before_its_first_day() -> None:
    term = ValidityRule(anchor=Anchor.FIRST_SCAN, offset=Offset(30, Unit.DAYS))

    assert granted(term=term, starts_on=date(2025, 4, 1)).valid_from == utc("2025-03-31T22:00")


def test_s29_a_personal_ticket_without_a_name_asks_for_details() -> None:
    nameless = granted(is_personal=True, flags=frozenset({GrantFlag.CONCESSION}))
    named = granted(is_personal=True, has_holder=True)

    assert nameless.flags == {GrantFlag.CONCESSION, GrantFlag.DETAILS_REQUIRED}
    assert named.flags == frozenset()


def test_the_same_state_gives_the_same_row() -> None:
    assert granted(seat="A-12") == granted(seat="A-12")
    assert (granted().grant_no, granted().version) == (7, 3)
