"""Terms of annual passes and others: scenarios S01 to S09 as values."""

from __future__ import annotations

from datetime import date

import pytest

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.errors import InputError
from scanner.core.units import Instant, Interval
from scanner.core.validity import (
    OFFSET_MAX,
    Anchor,
    Offset,
    Rounding,
    ValidityRule,
    parse_offset,
    validity,
)
from support.instants import PARIS, utc, wall

CLUB = SiteCalendar("Europe/Paris", "04:00")


def bought(offset: str, **settings: object) -> ValidityRule:
    return ValidityRule(anchor=Anchor.PURCHASE, offset=parse_offset(offset), **settings)  # type: ignore[arg-type]


def last_day(interval: Interval) -> date:
    assert interval.until is not None
    return PARIS.business_date(Instant(interval.until - 1))


def test_s01_365_days_after_purchase_end_with_the_business_day_a_year_later() -> None:
    assert validity(bought("365 days"), wall("2025-03-10T14:00"), PARIS) == Interval(
        utc("2025-03-10T13:00Z"), utc("2026-03-10T23:00Z")
    )


def test_s02_the_pass_admits_until_the_last_millisecond_of_its_last_day() -> None:
    term = validity(bought("365 days"), wall("2025-03-10T14:00"), PARIS)
    assert term.contains(wall("2026-03-10T23:59:59.999"))
    assert not term.contains(wall("2026-03-11T00:00"))


def test_s03_rounding_to_the_instant_ends_at_the_minute_of_purchase() -> None:
    rule = bought("365 days", rounding=Rounding.INSTANT)
    assert validity(rule, wall("2025-03-10T14:00"), PARIS).until == utc("2026-03-10T13:00Z")


def test_s04_counting_the_first_day_ends_a_day_earlier() -> None:
    term = validity(bought("365 days", count_first_day=True), wall("2025-03-10T14:00"), PARIS)
    assert last_day(term) == date(2026, 3, 9)


@pytest.mark.parametrize(
    ("offset", "purchase", "expected"),
    [
        ("1 year", "2024-02-29T12:00", date(2025, 2, 28)),
        ("4 years", "2024-02-29T12:00", date(2028, 2, 29)),
        ("1 month", "2026-01-31T12:00", date(2026, 2, 28)),
        ("1 month", "2024-01-31T12:00", date(2024, 2, 29)),
        ("2 weeks", "2026-12-25T12:00", date(2027, 1, 8)),
        ("0 days", "2026-06-01T23:59", date(2026, 6, 1)),
    ],
)
def test_s05_s06_a_month_too_short_clamps_to_its_last_day(
    offset: str, purchase: str, expected: date
) -> None:
    assert last_day(validity(bought(offset), wall(purchase), PARIS)) == expected


def test_s07_the_purchase_date_is_the_sites_not_the_buyers() -> None:
    paid_in_new_york = utc("2026-05-31T23:30-04:00")
    assert PARIS.business_date(paid_in_new_york) == date(2026, 6, 1)
    assert last_day(validity(bought("1 day"), paid_in_new_york, PARIS)) == date(2026, 6, 2)


def test_s08_seven_days_are_wall_time_and_168_hours_are_elapsed() -> None:
    purchase = wall("2025-10-20T12:00")
    days = bought("7 days", rounding=Rounding.INSTANT)
    assert validity(days, purchase, PARIS).until == utc("2025-10-27T11:00Z")
    assert validity(bought("168 hours"), purchase, PARIS).until == utc("2025-10-27T10:00Z")


def test_s09_a_term_from_the_first_scan_is_counted_from_that_entry() -> None:
    rule = ValidityRule(anchor=Anchor.FIRST_SCAN, offset=Offset(30, Unit.DAYS))
    first = wall("2026-03-01T10:00")
    assert validity(rule, first, PARIS) == Interval(first, wall("2026-04-01T00:00"))


def test_an_end_in_the_repeated_hour_is_its_second_occurrence() -> None:
    rule = bought("7 days", rounding=Rounding.INSTANT)
    assert validity(rule, wall("2026-10-18T02:30"), PARIS).until == utc("2026-10-25T01:30Z")


def test_a_term_of_nothing_ends_where_it_starts_also_in_the_second_of_two_hours() -> None:
    rule = bought("0 days", rounding=Rounding.INSTANT)
    first = wall("2026-10-25T02:30")
    assert validity(rule, first, PARIS) == Interval(first, first)


def test_rounding_goes_to_the_end_of_the_business_day_with_its_cut_off() -> None:
    term = validity(bought("1 day"), wall("2026-07-05T02:00"), CLUB)
    assert term.until == wall("2026-07-06T04:00")


def test_a_rounded_term_is_never_shorter_than_its_offset() -> None:
    """The night of 28 February goes on; the month is that of the wall clock, 1 March."""
    term = validity(bought("1 month"), wall("2026-03-01T02:00"), CLUB)
    assert term.until == wall("2026-04-01T04:00")


def test_counting_the_first_day_means_nothing_where_no_day_is_rounded() -> None:
    purchase = wall("2026-03-10T14:00")
    for offset in ("30 days", "48 hours"):
        counted = bought(offset, rounding=Rounding.INSTANT, count_first_day=True)
        plain = bought(offset, rounding=Rounding.INSTANT)
        assert validity(counted, purchase, PARIS) == validity(plain, purchase, PARIS)


def test_hours_are_never_rounded() -> None:
    rule = bought("1 hour", rounding=Rounding.END_OF_BUSINESS_DAY, count_first_day=True)
    assert validity(rule, Instant(0), PARIS).until == 3_600_000


def test_an_absolute_rule_says_its_interval_whenever_it_was_bought() -> None:
    rule = ValidityRule(starts_at=Instant(10), ends_at=Instant(20))
    assert validity(rule, Instant(15), PARIS) == Interval(Instant(10), Instant(20))
    assert validity(ValidityRule(), Instant(15), PARIS) == Interval(None, None)


def test_a_fixed_anchor_is_the_rules_own() -> None:
    season = wall("2026-08-01T00:00")
    rule = ValidityRule(anchor=Anchor.FIXED, starts_at=season, offset=Offset(1, Unit.YEARS))
    assert validity(rule, Instant(0), PARIS) == Interval(season, wall("2027-08-02T00:00"))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"anchor": Anchor.PURCHASE}, "needs an offset"),
        ({"offset": Offset(1, Unit.DAYS)}, "has no offset"),
        ({"starts_at": Instant(5), "ends_at": Instant(5)}, "must end after it starts"),
        (
            {"anchor": Anchor.PURCHASE, "offset": Offset(1, Unit.DAYS), "ends_at": Instant(5)},
            "ends_at must be left out",
        ),
        ({"anchor": Anchor.FIXED, "offset": Offset(1, Unit.DAYS)}, "needs starts_at"),
        (
            {"anchor": Anchor.PURCHASE, "offset": Offset(1, Unit.DAYS), "starts_at": Instant(5)},
            "needs starts_at",
        ),
        (
            {
                "anchor": Anchor.PURCHASE,
                "offset": Offset(0, Unit.DAYS),
                "count_first_day": True,
            },
            "lasts at least 1 day",
        ),
    ],
)
def test_a_rule_whose_fields_do_not_go_together_is_refused(
    fields: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        ValidityRule(**fields)  # type: ignore[arg-type]
    assert caught.value.code == "validity_rule_wrong"


@pytest.mark.parametrize("unit", list(Unit))
def test_an_offset_is_at_most_a_hundred_years(unit: Unit) -> None:
    assert Offset(OFFSET_MAX[unit], unit).amount == OFFSET_MAX[unit]
    for amount in (-1, OFFSET_MAX[unit] + 1):
        with pytest.raises(InputError) as caught:
            Offset(amount, unit)
        assert caught.value.code == "offset_out_of_range"


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("30 days", Offset(30, Unit.DAYS)),
        ("1 day", Offset(1, Unit.DAYS)),
        ("1 years", Offset(1, Unit.YEARS)),
        ("168 hours", Offset(168, Unit.HOURS)),
    ],
)
def test_an_offset_is_written_as_number_and_unit(text: str, offset: Offset) -> None:
    assert parse_offset(text) == offset


@pytest.mark.parametrize(
    "text", ["", "30", "days", "-1 days", "1.5 days", "30days", "30 Days", "\u0663 days", "1 day\n"]
)
def test_what_is_no_offset_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_offset(text)
    assert caught.value.code == "offset_not_understood"
    assert "365 days" in caught.value.hint
