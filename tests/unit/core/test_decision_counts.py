"""Limits, intervals, re-entry and presence: what was counted before, and what that leaves."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pytest

from scanner.core.answer import Decision
from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockReading
from scanner.core.decision import decide
from scanner.core.question import Scan
from scanner.core.reasons import Outcome, Reason
from scanner.core.rules import CounterScope, ReentryMode, ScanRule
from scanner.core.tally import Movement
from support.rights import (
    ENTER,
    EXPO,
    MAIN,
    NOON,
    THIS_BOOT,
    at,
    counts,
    entry,
    event,
    facts,
    gate,
    leave,
    policy,
    reading,
    right,
    rule,
)

AFTER_EXIT = ReentryMode.AFTER_EXIT
FREE = ReentryMode.FREE


class Row(NamedTuple):
    """A rule, what happened, and what happens now."""

    limits: ScanRule
    history: list[Movement]
    reason: Reason
    charged: int = 1
    party: int = 1
    now: str = NOON


def ask(row: Row) -> Decision:
    given = right(limits=row.limits, history=row.history)
    return decide(Scan(party=row.party), facts(given), policy(), reading(row.now))


JUST_NOW = "2026-03-10 11:50"
LIMITS = {
    "one below the day's limit": Row(rule(max_per_day=2), [entry(JUST_NOW)], Reason.OK),
    "yesterday does not count today": Row(
        rule(max_per_day=1), [entry("2026-03-09 23:59")], Reason.OK
    ),
    "last Sunday is last week": Row(rule(max_per_week=1), [entry("2026-03-08 23:59")], Reason.OK),
    "Monday is this week": Row(
        rule(max_per_week=1), [entry("2026-03-09 00:00")], Reason.LIMIT_WEEK, 0
    ),
    "a week runs over the end of a year": Row(
        rule(max_per_week=1),
        [entry("2025-12-29 10:00")],
        Reason.LIMIT_WEEK,
        0,
        now="2026-01-04 10:00",
    ),
    "last month": Row(rule(max_per_month=1), [entry("2026-02-28 23:59")], Reason.OK),
    "the same month of last year": Row(
        rule(max_per_month=1), [entry("2025-03-10 12:00")], Reason.OK
    ),
    "last year": Row(rule(max_per_year=1), [entry("2025-12-31 23:59")], Reason.OK),
    "a free entry is no charge": Row(rule(max_per_day=1), [entry(JUST_NOW, charged=0)], Reason.OK),
    "a party needs room for all": Row(
        rule(max_per_day=4, party_max=4), [entry(JUST_NOW, charged=2)], Reason.LIMIT_DAY, 0, 3
    ),
    "a party that just fits": Row(
        rule(max_per_day=4, party_max=4), [entry(JUST_NOW, charged=2)], Reason.OK, 2, 2
    ),
    "a party larger than a single entry": Row(
        rule(max_total=1, party_max=2), [], Reason.LIMIT_TOTAL, 0, 2
    ),
    "a new day of the allowed ones": Row(
        rule(max_distinct_days=2), [entry("2026-02-01 10:00")], Reason.OK
    ),
    "the week runs to its Sunday": Row(
        rule(max_per_week=1),
        [entry("2026-03-15 09:00")],
        Reason.LIMIT_WEEK,
        0,
        now="2026-03-15 12:00",
    ),
    "an entry of next year, by a clock that was ahead, is not of this": Row(
        rule(max_per_year=1), [entry("2027-03-10 09:00")], Reason.OK
    ),
    "again on a used day that was one too many": Row(
        rule(max_distinct_days=1),
        [entry("2026-02-01 10:00"), entry(JUST_NOW)],
        Reason.LIMIT_DAYS,
        0,
    ),
    "again on a used day": Row(rule(max_distinct_days=1), [entry(JUST_NOW)], Reason.OK),
    "one day too many": Row(
        rule(max_distinct_days=2),
        [entry("2026-02-01 10:00"), entry("2026-02-05 10:00")],
        Reason.LIMIT_DAYS,
        0,
    ),
    "a day with only a free entry is not used": Row(
        rule(max_distinct_days=1), [entry("2026-02-01 10:00", charged=0)], Reason.OK
    ),
    "the last of the days in a row": Row(
        rule(max_distinct_days=3, consecutive_only=True), [entry("2026-03-08 10:00")], Reason.OK
    ),
    "after the days in a row, though one was not used": Row(
        rule(max_distinct_days=3, consecutive_only=True),
        [entry("2026-03-07 10:00")],
        Reason.LIMIT_DAYS,
        0,
    ),
    "before the first of the days in a row": Row(
        rule(max_distinct_days=3, consecutive_only=True),
        [entry("2026-03-11 10:00")],
        Reason.LIMIT_DAYS,
        0,
    ),
    "the first of the days in a row": Row(
        rule(max_distinct_days=1, consecutive_only=True), [], Reason.OK
    ),
}

REENTRY = {
    "within the window": Row(
        rule(max_total=1, reentry_window_s=1800),
        [entry("2026-03-10 11:30:01")],
        Reason.REENTRY_FREE,
        0,
    ),
    "the window is over at its end": Row(
        rule(max_total=2, reentry_window_s=1800), [entry("2026-03-10 11:30")], Reason.LAST_ENTRY
    ),
    "the window does not roll with a free entry": Row(
        rule(reentry_window_s=1800),
        [entry("2026-03-10 11:20"), entry("2026-03-10 11:40", charged=0)],
        Reason.OK,
    ),
    "the window runs on over midnight": Row(
        rule(max_per_day=1, reentry_window_s=3600),
        [entry("2026-03-09 23:45")],
        Reason.REENTRY_FREE,
        0,
        now="2026-03-10 00:15",
    ),
    "without a charged entry there is no window": Row(
        rule(reentry_window_s=3600), [entry(JUST_NOW, charged=0)], Reason.OK
    ),
    "free for the rest of the day": Row(
        rule(max_total=1, reentry_mode=FREE), [entry("2026-03-10 08:00")], Reason.REENTRY_FREE, 0
    ),
    "free after a free entry of the day": Row(
        rule(max_total=1, reentry_mode=FREE),
        [entry("2026-03-09 08:00"), entry("2026-03-10 08:00", charged=0)],
        Reason.REENTRY_FREE,
        0,
    ),
    "charged again the next day": Row(
        rule(max_total=2, reentry_mode=FREE), [entry("2026-03-09 08:00")], Reason.LAST_ENTRY
    ),
    "free after an exit": Row(
        rule(max_total=1, reentry_mode=AFTER_EXIT),
        [entry("2026-03-10 08:00"), leave("2026-03-10 09:00")],
        Reason.REENTRY_FREE,
        0,
    ),
    "an exit without an entry of the same day makes nothing free": Row(
        rule(reentry_mode=AFTER_EXIT),
        [entry("2026-03-09 23:00"), leave("2026-03-10 00:30")],
        Reason.OK,
    ),
    "nobody went out yesterday, and today is new": Row(
        rule(reentry_mode=AFTER_EXIT), [entry("2026-03-09 10:00")], Reason.OK
    ),
    "in after the exit": Row(
        rule(reentry_mode=AFTER_EXIT),
        [entry("2026-03-10 08:00"), leave("2026-03-10 09:00"), entry("2026-03-10 10:00")],
        Reason.ALREADY_IN,
        0,
    ),
    "inside goes before the window": Row(
        rule(reentry_mode=AFTER_EXIT, reentry_window_s=1800),
        [entry(JUST_NOW)],
        Reason.ALREADY_IN,
        0,
    ),
    "every entry is charged": Row(
        rule(max_total=2), [entry(JUST_NOW), leave("2026-03-10 11:55")], Reason.LAST_ENTRY
    ),
    "the interval binds a free entry": Row(
        rule(reentry_mode=FREE, min_interval_s=900), [entry(JUST_NOW)], Reason.TOO_SOON, 0
    ),
    "a free entry starts the interval": Row(
        rule(min_interval_s=900), [entry(JUST_NOW, charged=0)], Reason.TOO_SOON, 0
    ),
    "the interval is over at its end": Row(
        rule(min_interval_s=900), [entry("2026-03-10 11:45")], Reason.OK
    ),
    "the party size binds a free entry": Row(
        rule(reentry_mode=FREE), [entry(JUST_NOW)], Reason.PARTY_SIZE, 0, 2
    ),
}

ROWS = LIMITS | REENTRY


@pytest.mark.parametrize("name", ROWS)
def test_what_was_counted_decides_what_is_left(name: str) -> None:
    row = ROWS[name]
    decision = ask(row)
    assert (decision.reason, decision.charged) == (row.reason, row.charged)


def test_the_minutes_left_are_told_in_whole_seconds_rounded_up() -> None:
    given = right(limits=rule(min_interval_s=900), history=[entry("2026-03-10 11:50:00.500")])
    decision = decide(ENTER, facts(given), policy(), reading())
    assert (decision.reason, decision.wait_s) == (Reason.TOO_SOON, 301)


def test_nobody_waits_who_is_refused_for_something_else() -> None:
    assert ask(LIMITS["one day too many"]).wait_s is None


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        (reading("2026-03-10 11:00", mono=600_000), Reason.TOO_SOON),
        (reading("2026-03-10 11:00", mono=1_200_000), Reason.OK),
        (reading("2026-03-10 13:00", mono=600_000), Reason.TOO_SOON),
    ],
)
def test_within_a_boot_the_interval_is_told_by_the_monotonic_clock(
    clock: ClockReading, reason: Reason
) -> None:
    history = [entry(NOON, boot=THIS_BOOT, mono=60_000)]
    given = right(limits=rule(min_interval_s=900), history=history)
    assert decide(ENTER, facts(given), policy(), clock).reason is reason


def test_a_clock_that_went_back_makes_the_interval_no_longer_than_it_is() -> None:
    given = right(limits=rule(min_interval_s=900), history=[entry("2026-03-10 13:00")])
    assert decide(ENTER, facts(given), policy(), reading()).wait_s == 900


class Zoned(NamedTuple):
    """A rule, entries in two zones, and the answer at the main one."""

    limits: ScanRule
    history: list[Movement]
    reason: Reason


PER_ZONE = CounterScope.ZONE
ZONES = {
    "counts are of the whole site": Zoned(
        rule(max_total=1), [entry("2026-03-01 10:00", zone=EXPO)], Reason.USED
    ),
    "counts are of this zone": Zoned(
        rule(max_total=1, counter_scope=PER_ZONE), [entry("2026-03-01 10:00", zone=EXPO)], Reason.OK
    ),
    "presence is of this zone": Zoned(
        rule(reentry_mode=AFTER_EXIT, counter_scope=PER_ZONE),
        [entry(JUST_NOW, zone=EXPO)],
        Reason.OK,
    ),
    "presence is of the whole site": Zoned(
        rule(reentry_mode=AFTER_EXIT), [entry(JUST_NOW, zone=EXPO)], Reason.ALREADY_IN
    ),
    "the interval is of this zone": Zoned(
        rule(min_interval_s=900, counter_scope=PER_ZONE), [entry(JUST_NOW, zone=EXPO)], Reason.OK
    ),
    "days are of this zone": Zoned(
        rule(max_distinct_days=1, counter_scope=PER_ZONE),
        [entry("2026-03-01 10:00", zone=EXPO)],
        Reason.OK,
    ),
    "the zone before was entered today": Zoned(
        rule(requires_zone=EXPO, counter_scope=PER_ZONE), [entry(JUST_NOW, zone=EXPO)], Reason.OK
    ),
    "the zone before was entered free of charge": Zoned(
        rule(requires_zone=EXPO), [entry(JUST_NOW, zone=EXPO, charged=0)], Reason.OK
    ),
    "the zone before was entered yesterday": Zoned(
        rule(requires_zone=EXPO), [entry("2026-03-09 10:00", zone=EXPO)], Reason.PREREQUISITE_ZONE
    ),
    "the zone before is this one": Zoned(rule(requires_zone=MAIN), [], Reason.OK),
}


@pytest.mark.parametrize("name", ZONES)
def test_zones_count_together_or_apart(name: str) -> None:
    row = ZONES[name]
    given = right(limits=row.limits, history=row.history)
    assert decide(ENTER, facts(given), policy(), reading()).reason is row.reason


REMAINING = {
    "unlimited": (rule(), [], Outcome.SUCCESS, None),
    "after this entry": (rule(max_total=10), [], Outcome.SUCCESS, 9),
    "a free entry takes none": (
        rule(max_total=10, reentry_mode=FREE),
        [entry(JUST_NOW)],
        Outcome.SUCCESS,
        9,
    ),
    "a refusal takes none": (
        rule(max_total=10, max_per_day=1),
        [entry(JUST_NOW)],
        Outcome.DECLINED,
        9,
    ),
    "overused before": (rule(max_total=1), [entry(JUST_NOW, charged=3)], Outcome.REPEATED, 0),
}


@pytest.mark.parametrize("name", REMAINING)
def test_what_remains_is_of_the_total(name: str) -> None:
    limits, history, outcome, remaining = REMAINING[name]
    given = right(limits=limits, history=history)
    decision = decide(ENTER, facts(given), policy(), reading())
    assert (decision.outcome, decision.remaining) == (outcome, remaining)


def test_a_look_takes_none_of_what_remains() -> None:
    decision = decide(
        Scan(is_inspection=True), facts(right(limits=rule(max_total=10))), policy(), reading()
    )
    assert decision.remaining == 10


def test_a_refusal_tells_when_and_where_the_code_was_used() -> None:
    used = entry("2026-03-01 10:00")
    decision = decide(
        ENTER, facts(right(limits=rule(max_total=1), history=[used])), policy(), reading()
    )
    assert decision.last_used == used.mark


def test_an_event_counts_for_itself_alone() -> None:
    given = right(limits=rule(max_per_event=1), history=[entry(JUST_NOW, event=2)])
    decision = decide(ENTER, facts(given, events=(event(1),)), policy(), reading())
    assert (decision.reason, decision.event_no) == (Reason.OK, 1)


def test_without_an_event_there_is_no_limit_of_one() -> None:
    given = right(limits=rule(max_per_event=1), history=[entry(JUST_NOW, event=2)])
    assert decide(ENTER, facts(given), policy(), reading()).reason is Reason.OK


def test_a_free_entry_skips_every_limit() -> None:
    limits = rule(
        reentry_mode=FREE,
        max_total=1,
        max_per_day=1,
        max_per_week=1,
        max_per_month=1,
        max_per_year=1,
        max_per_event=1,
        max_distinct_days=1,
    )
    given = right(limits=limits, history=[entry(JUST_NOW, event=1)])
    decision = decide(ENTER, facts(given, events=(event(1),)), policy(), reading())
    assert (decision.reason, decision.charged) == (Reason.REENTRY_FREE, 0)


def test_a_business_day_begins_at_the_cut_off() -> None:
    night = SiteCalendar("Europe/Paris", "04:00")
    given = right(limits=rule(max_per_day=1), history=[entry("2026-03-07 23:00")], site=night)
    before = reading(at("2026-03-08 03:59:59"))
    after = reading(at("2026-03-08 04:00"))
    assert decide(ENTER, facts(given), policy(night), before).reason is Reason.LIMIT_DAY
    assert decide(ENTER, facts(given), policy(night), after).reason is Reason.OK


def test_the_builders_fold_by_zone_and_day() -> None:
    tallies = counts(entry(JUST_NOW), entry(JUST_NOW, zone=EXPO, charged=2))
    assert tallies[EXPO].day(date(2026, 3, 10)).charged == 2
    assert gate(zone_no=EXPO).zone_no == EXPO
