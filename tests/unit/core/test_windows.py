"""Opening windows on the wall clock of the business day."""

from __future__ import annotations

import pytest

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import InputError
from scanner.core.windows import Window, is_open, parse_window
from support.instants import PARIS, wall

NIGHT_CLUB = SiteCalendar("Europe/Paris", "04:00")
ODD_CLUB = SiteCalendar("Europe/Paris", "02:30")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def opening(window: Window, site: SiteCalendar, *moments: str) -> list[bool]:
    return [is_open([window], wall(moment), site) for moment in moments]


def test_a_rule_without_windows_is_always_open() -> None:
    assert is_open((), wall("2026-07-04T03:00"), PARIS)


def test_s26_off_peak_is_open_on_weekdays_from_its_start_until_before_its_end() -> None:
    off_peak = parse_window(WEEKDAYS, "09:00", "16:00")
    monday = opening(
        off_peak, PARIS, "2026-07-06T08:59:59.999", "2026-07-06T09:00", "2026-07-06T15:59:59.999"
    )
    assert monday == [False, True, True]
    assert opening(off_peak, PARIS, "2026-07-06T16:00", "2026-07-04T10:00") == [False, False]


def test_one_open_window_of_several_is_enough() -> None:
    windows = [parse_window(["sat"], "10:00", "12:00"), parse_window(["sat"], "14:00", "18:00")]
    moments = ("11:00", "13:00", "15:00")
    assert [is_open(windows, wall(f"2026-07-04T{at}"), PARIS) for at in moments] == [
        True,
        False,
        True,
    ]


def test_the_whole_friday_is_the_whole_business_friday() -> None:
    friday = parse_window(["fri"], "00:00", "24:00")
    assert opening(
        friday,
        NIGHT_CLUB,
        "2026-07-03T03:59",
        "2026-07-03T04:00",
        "2026-07-04T03:59",
        "2026-07-04T04:00",
    ) == [False, True, True, False]
    assert opening(
        friday,
        PARIS,
        "2026-07-02T23:59",
        "2026-07-03T00:00",
        "2026-07-03T23:59",
        "2026-07-04T00:00",
    ) == [False, True, True, False]


def test_a_window_across_midnight_runs_on_into_the_next_date_with_cut_off_midnight() -> None:
    night = parse_window(["fri"], "22:00", "02:00")
    assert opening(
        night, PARIS, "2026-07-03T01:00", "2026-07-03T21:59", "2026-07-03T22:00", "2026-07-04T01:59"
    ) == [False, False, True, True]
    assert opening(night, PARIS, "2026-07-04T02:00", "2026-07-04T22:00") == [False, False]


def test_a_window_across_midnight_lies_within_the_business_day_with_a_late_cut_off() -> None:
    night = parse_window(["fri"], "22:00", "02:00")
    assert opening(
        night,
        NIGHT_CLUB,
        "2026-07-03T01:00",
        "2026-07-03T22:00",
        "2026-07-04T01:59",
        "2026-07-04T02:00",
    ) == [False, True, True, False]


def test_a_window_across_midnight_that_ends_after_the_cut_off_runs_on_too() -> None:
    party = parse_window(["fri"], "22:00", "06:00")
    assert opening(
        party,
        NIGHT_CLUB,
        "2026-07-03T05:00",
        "2026-07-03T22:00",
        "2026-07-04T05:59",
        "2026-07-04T06:00",
    ) == [False, True, True, False]


def test_hours_before_the_cut_off_are_the_night_at_the_end_of_the_business_day() -> None:
    late = parse_window(["fri"], "01:00", "03:00")
    assert opening(late, NIGHT_CLUB, "2026-07-03T02:00", "2026-07-04T02:00") == [False, True]


def test_a_window_around_the_cut_off_holds_both_ends_of_the_business_day() -> None:
    early = parse_window(["fri"], "02:00", "10:00")
    assert opening(
        early,
        NIGHT_CLUB,
        "2026-07-03T03:00",
        "2026-07-03T04:00",
        "2026-07-03T09:59",
        "2026-07-03T10:00",
    ) == [False, True, True, False]
    assert opening(
        early,
        NIGHT_CLUB,
        "2026-07-04T01:59",
        "2026-07-04T02:00",
        "2026-07-04T03:59",
        "2026-07-04T04:00",
    ) == [False, True, True, False]


def test_a_window_across_midnight_may_begin_before_the_cut_off() -> None:
    nearly_all = parse_window(["fri"], "03:00", "01:00")
    assert opening(
        nearly_all, NIGHT_CLUB, "2026-07-03T03:30", "2026-07-03T04:00", "2026-07-04T00:59"
    ) == [False, True, True]
    assert opening(
        nearly_all, NIGHT_CLUB, "2026-07-04T01:00", "2026-07-04T03:00", "2026-07-04T04:00"
    ) == [False, True, False]


def test_a_window_may_end_at_midnight_written_either_way() -> None:
    for end in ("00:00", "24:00"):
        evening = parse_window(["fri"], "20:00", end)
        assert opening(evening, PARIS, "2026-07-03T23:59", "2026-07-04T00:00") == [True, False]
        assert opening(evening, NIGHT_CLUB, "2026-07-03T23:59", "2026-07-04T00:00") == [True, False]


def test_when_clocks_go_back_it_starts_at_the_first_and_ends_at_the_second() -> None:
    until_half_past = parse_window(["sun"], "01:00", "02:30")
    from_half_past = parse_window(["sun"], "02:30", "05:00")
    first, second = wall("2026-10-25T02:45"), wall("2026-10-25T02:15", second=True)
    assert is_open([until_half_past], first, PARIS)
    assert is_open([until_half_past], second, PARIS)
    assert not is_open([until_half_past], wall("2026-10-25T02:30", second=True), PARIS)
    assert not is_open([from_half_past], wall("2026-10-25T02:29"), PARIS)
    assert is_open([from_half_past], wall("2026-10-25T02:30"), PARIS)
    assert is_open([from_half_past], second, PARIS)


def test_a_skipped_wall_time_means_the_moment_the_clocks_change() -> None:
    until_gap = parse_window(["sun"], "01:00", "02:30")
    from_gap = parse_window(["sun"], "02:30", "05:00")
    assert opening(until_gap, PARIS, "2026-03-29T01:59", "2026-03-29T03:00") == [True, False]
    assert opening(from_gap, PARIS, "2026-03-29T01:59", "2026-03-29T03:00") == [False, True]


def test_a_window_never_reaches_into_the_repeated_hour_of_the_next_business_day() -> None:
    """Saturday's business day ends at the first 02:30; the second 02:10 is Sunday's."""
    late = parse_window(["sat"], "01:00", "02:15")
    assert is_open([late], wall("2026-10-25T02:10"), ODD_CLUB)
    assert not is_open([late], wall("2026-10-25T02:20"), ODD_CLUB)
    assert not is_open([late], wall("2026-10-25T02:10", second=True), ODD_CLUB)


@pytest.mark.parametrize(
    ("days", "from_", "until", "complaint"),
    [
        ([], "09:00", "16:00", "days"),
        (["monday"], "09:00", "16:00", "'monday'"),
        (["mon"], "9:00", "16:00", "'9:00'"),
        (["mon"], "09:00", "24:01", "'24:01'"),
        (["mon"], "24:00", "06:00", "from 1440"),
        (["mon"], "09:00", "09:00", "until 540"),
    ],
)
def test_a_window_that_is_none_is_a_clear_error(
    days: list[str], from_: str, until: str, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        parse_window(days, from_, until)
    assert caught.value.code == "window_wrong"


@pytest.mark.parametrize(
    ("days", "from_", "until"), [({7}, 0, 1440), ({0}, -1, 60), ({0}, 0, 1441), ({0}, 60, -1)]
)
def test_a_window_has_real_days_and_times(days: set[int], from_: int, until: int) -> None:
    with pytest.raises(InputError):
        Window(frozenset(days), from_, until)
