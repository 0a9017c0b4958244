"""Business days and wall times, around every kind of clock change (T2 to T4)."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime, timedelta

import pytest

from scanner.core.calendar import MonthKey, SiteCalendar, Unit, WeekKey, minutes_of, shifted
from scanner.core.errors import ConfigError
from scanner.core.units import Instant, Interval
from support.instants import PARIS, utc, wall

NEW_YORK = SiteCalendar("America/New_York")
LORD_HOWE = SiteCalendar("Australia/Lord_Howe")
APIA = SiteCalendar("Pacific/Apia")
NIGHT_CLUB = SiteCalendar("Europe/Paris", "04:00")
ODD_CLUB = SiteCalendar("Europe/Paris", "02:30")

HOUR_MS = 3_600_000

shown = datetime.fromisoformat


def hours(interval: Interval) -> float:
    assert interval.start is not None
    assert interval.until is not None
    return (interval.until - interval.start) / HOUR_MS


@pytest.mark.parametrize(
    ("site", "day", "start", "length_h"),
    [
        (PARIS, "2026-03-28", "2026-03-27T23:00Z", 24),
        (PARIS, "2026-03-29", "2026-03-28T23:00Z", 23),
        (PARIS, "2026-10-25", "2026-10-24T22:00Z", 25),
        (NIGHT_CLUB, "2026-03-28", "2026-03-28T03:00Z", 23),
        (NIGHT_CLUB, "2026-03-29", "2026-03-29T02:00Z", 24),
        (NIGHT_CLUB, "2026-10-24", "2026-10-24T02:00Z", 25),
        (ODD_CLUB, "2026-03-29", "2026-03-29T01:00Z", 23.5),
        (ODD_CLUB, "2026-10-25", "2026-10-25T00:30Z", 25),
        (NEW_YORK, "2026-03-08", "2026-03-08T05:00Z", 23),
        (NEW_YORK, "2026-11-01", "2026-11-01T04:00Z", 25),
        (LORD_HOWE, "2026-04-05", "2026-04-04T13:00Z", 24.5),
        (LORD_HOWE, "2026-10-04", "2026-10-03T13:30Z", 23.5),
        (APIA, "2011-12-29", "2011-12-29T10:00Z", 24),
        (APIA, "2011-12-30", "2011-12-30T10:00Z", 0),
        (APIA, "2011-12-31", "2011-12-30T10:00Z", 24),
    ],
)
def test_a_business_day_starts_at_the_cut_off_and_lasts_as_long_as_the_clocks_make_it(
    site: SiteCalendar, day: str, start: str, length_h: float
) -> None:
    business_day = site.day(date.fromisoformat(day))
    assert business_day.start == site.day_start(date.fromisoformat(day)) == utc(start)
    assert hours(business_day) == length_h


def test_s17_before_the_cut_off_it_is_still_yesterday() -> None:
    assert NIGHT_CLUB.business_date(wall("2026-07-04T23:00")) == date(2026, 7, 4)
    assert NIGHT_CLUB.business_date(wall("2026-07-05T03:30")) == date(2026, 7, 4)
    assert NIGHT_CLUB.business_date(wall("2026-07-05T04:00")) == date(2026, 7, 5)


def test_s18_a_day_of_23_hours_is_one_day() -> None:
    day = date(2026, 3, 29)
    assert PARIS.day(day) == Interval(utc("2026-03-28T23:00Z"), utc("2026-03-29T22:00Z"))
    assert PARIS.business_date(wall("2026-03-29T01:30")) == day
    assert PARIS.business_date(wall("2026-03-29T03:30")) == day


def test_s19_a_cut_off_in_the_repeated_hour_is_its_first_occurrence() -> None:
    day = date(2026, 10, 25)
    assert ODD_CLUB.business_date(wall("2026-10-25T02:45")) == day
    assert ODD_CLUB.business_date(wall("2026-10-25T02:15", second=True)) == day
    assert ODD_CLUB.business_date(wall("2026-10-25T02:15")) == day - timedelta(days=1)


def test_the_same_question_twice_has_the_same_answer_whatever_was_asked_between() -> None:
    first, second = wall("2026-10-25T02:15"), wall("2026-10-26T12:00")
    answers = [ODD_CLUB.business_date(at) for at in (first, second, first, first, second)]
    assert answers == [date(2026, 10, day) for day in (24, 26, 24, 24, 26)]


def test_a_skipped_date_holds_no_instant() -> None:
    start = APIA.day_start(date(2011, 12, 30))
    around = [Instant(start + offset) for offset in (-1, 0, 1)]
    assert [APIA.business_date(at).day for at in around] == [29, 31, 31]


def test_the_night_of_a_skipped_date_belongs_to_it() -> None:
    club = SiteCalendar("Pacific/Apia", "04:00")
    assert hours(club.day(date(2011, 12, 30))) == 4
    assert club.business_date(wall("2011-12-31T03:59", APIA)) == date(2011, 12, 30)


@pytest.mark.parametrize(
    ("site", "text", "second", "instant"),
    [
        (PARIS, "2026-03-29T01:59", False, "2026-03-29T00:59Z"),
        (PARIS, "2026-03-29T02:00", False, "2026-03-29T01:00Z"),
        (PARIS, "2026-03-29T02:30", False, "2026-03-29T01:00Z"),
        (PARIS, "2026-03-29T02:30", True, "2026-03-29T01:00Z"),
        (PARIS, "2026-03-29T03:00", False, "2026-03-29T01:00Z"),
        (PARIS, "2026-10-25T02:30", False, "2026-10-25T00:30Z"),
        (PARIS, "2026-10-25T02:30", True, "2026-10-25T01:30Z"),
        (PARIS, "2026-10-25T03:00", True, "2026-10-25T02:00Z"),
        (NEW_YORK, "2026-03-08T02:30", False, "2026-03-08T07:00Z"),
        (NEW_YORK, "2026-11-01T01:30", False, "2026-11-01T05:30Z"),
        (NEW_YORK, "2026-11-01T01:30", True, "2026-11-01T06:30Z"),
        (LORD_HOWE, "2026-10-04T02:15", False, "2026-10-03T15:30Z"),
        (LORD_HOWE, "2026-04-05T01:45", True, "2026-04-04T15:15Z"),
        (APIA, "2011-12-30T12:00", False, "2011-12-30T10:00Z"),
    ],
)
def test_a_wall_time_means_the_transition_in_a_gap_and_either_one_in_an_overlap(
    site: SiteCalendar, text: str, instant: str, *, second: bool
) -> None:
    assert wall(text, site, second=second) == utc(instant)


def test_a_wall_time_that_clocks_skip_does_not_exist() -> None:
    skipped = [shown("2026-03-29T02:00"), shown("2026-03-29T02:30"), shown("2026-03-29T02:59")]
    there = [shown("2026-03-29T01:59"), shown("2026-03-29T03:00"), shown("2026-10-25T02:30")]
    assert not any(PARIS.exists(moment) for moment in skipped)
    assert all(PARIS.exists(moment) for moment in there)
    assert not APIA.exists(shown("2011-12-30T12:00"))


def test_the_wall_shows_the_second_of_two_equal_hours_as_a_fold() -> None:
    first, second = utc("2026-10-25T00:30Z"), utc("2026-10-25T01:30Z")
    assert PARIS.wall(first) == PARIS.wall(second) == shown("2026-10-25T02:30")
    assert [PARIS.wall(first).fold, PARIS.wall(second).fold] == [0, 1]
    assert PARIS.wall(Instant(first + 7)).microsecond == 7_000


@pytest.mark.parametrize(
    ("anchor", "amount", "unit", "expected"),
    [
        ("2025-10-20T12:00", 7, Unit.DAYS, "2025-10-27T12:00"),
        ("2026-03-28T02:30", 1, Unit.DAYS, "2026-03-29T03:00"),
        ("2026-10-24T02:30", 1, Unit.DAYS, "2026-10-25T02:30"),
        ("2026-01-31T09:00", 1, Unit.MONTHS, "2026-02-28T09:00"),
        ("2026-01-31T09:00", 2, Unit.MONTHS, "2026-03-31T09:00"),
        ("2026-01-31T09:00", -2, Unit.MONTHS, "2025-11-30T09:00"),
        ("2026-03-31T09:00", 13, Unit.MONTHS, "2027-04-30T09:00"),
        ("2024-02-29T09:00", 1, Unit.YEARS, "2025-02-28T09:00"),
        ("2024-02-29T09:00", 4, Unit.YEARS, "2028-02-29T09:00"),
        ("2026-12-28T09:00", 1, Unit.WEEKS, "2027-01-04T09:00"),
    ],
)
def test_days_weeks_months_and_years_are_wall_time(
    anchor: str, amount: int, unit: Unit, expected: str
) -> None:
    assert PARIS.add(wall(anchor), amount, unit) == wall(expected)


def test_hours_are_elapsed_time() -> None:
    assert PARIS.add(wall("2026-03-28T12:00"), 24, Unit.HOURS) == wall("2026-03-29T13:00")
    assert PARIS.add(wall("2026-10-24T12:00"), 24, Unit.HOURS) == wall("2026-10-25T11:00")


def test_s37_a_series_is_derived_from_the_original_anchor() -> None:
    monthly = [PARIS.add(wall("2026-01-31T00:00"), n, Unit.MONTHS) for n in (1, 2, 3)]
    assert monthly == [wall(f"2026-{day}T00:00") for day in ("02-28", "03-31", "04-30")]
    yearly = [PARIS.add(wall("2024-02-29T00:00"), n, Unit.YEARS) for n in (1, 2, 3, 4)]
    expected = ("2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29")
    assert yearly == [wall(f"{day}T00:00") for day in expected]


def test_an_end_may_ask_for_the_second_of_two_equal_wall_times() -> None:
    end = PARIS.add(wall("2026-10-24T02:30"), 1, Unit.DAYS, second=True)
    assert end == wall("2026-10-25T02:30", second=True)


def test_nothing_added_is_the_anchor_itself_also_in_a_repeated_hour() -> None:
    anchor = wall("2026-10-25T02:30", second=True)
    for unit in Unit:
        assert PARIS.add(anchor, 0, unit) == anchor


@pytest.mark.parametrize(
    ("day", "week"),
    [
        ("2026-12-31", (2026, 53)),
        ("2027-01-03", (2026, 53)),
        ("2027-01-04", (2027, 1)),
        ("2024-12-30", (2025, 1)),
        ("2026-01-01", (2026, 1)),
    ],
)
def test_a_week_is_iso_and_may_belong_to_another_year(day: str, week: tuple[int, int]) -> None:
    assert PARIS.week_of(date.fromisoformat(day)) == WeekKey(*week)


def test_months_and_years_are_those_of_the_date() -> None:
    day = date(2024, 2, 29)
    assert PARIS.month_of(day) == MonthKey(2024, 2)
    assert PARIS.year_of(day) == 2024


def test_a_date_is_shifted_over_leap_days_and_year_ends() -> None:
    assert shifted(date(2024, 2, 28), 1, Unit.DAYS) == date(2024, 2, 29)
    assert shifted(date(2025, 12, 31), 2, Unit.MONTHS) == date(2026, 2, 28)
    assert shifted(date(2024, 2, 29), -1, Unit.YEARS) == date(2023, 2, 28)


@pytest.mark.parametrize(
    "zone", ["", "Paris", "europe/paris", "../etc/passwd", "Europe", "posixrules"]
)
def test_a_zone_that_is_not_in_the_list_is_a_clear_error(zone: str) -> None:
    with pytest.raises(ConfigError, match="no time zone") as caught:
        SiteCalendar(zone)
    assert caught.value.code == "site_zone_unknown"


@pytest.mark.parametrize(
    "cutoff", ["", "4:00", "24:00", "04:60", "04-00", "0400", "04:00 ", "\u0664:00"]
)
def test_a_cut_off_that_is_no_local_time_is_a_clear_error(cutoff: str) -> None:
    with pytest.raises(ConfigError, match="no local time") as caught:
        SiteCalendar("Europe/Paris", cutoff)
    assert caught.value.code == "day_cutoff_wrong"


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT-14", "America/Argentina/Ushuaia", "US/Eastern"])
def test_every_zone_of_the_list_can_be_used(zone: str) -> None:
    site = SiteCalendar(zone)
    assert site.day(date(2026, 7, 1)).contains(site.instant(shown("2026-07-01T12:00")))


def test_a_local_time_is_two_digits_each_and_24_00_ends_a_day() -> None:
    assert [minutes_of(text) for text in ("00:00", "09:05", "23:59", "24:00")] == [
        0,
        545,
        1439,
        1440,
    ]
    assert [minutes_of(text) for text in ("24:01", "9:05", "", "ab:cd")] == [None] * 4


def test_a_calendar_is_a_value() -> None:
    twin = SiteCalendar("Europe/Paris")
    assert twin == PARIS
    assert hash(twin) == hash(PARIS)
    assert copy.deepcopy(PARIS) == pickle.loads(pickle.dumps(PARIS)) == PARIS
    assert NIGHT_CLUB.cutoff_min == 240
