"""Counting as docs/decisions.md words it, over the full list of facts, with nothing kept from one question to the next.

Law: an oracle. It shares with `scanner.core` the facts, the rules and the calendar, and none of the counting: every
number is looked for anew in the list, so that a fold, a book or a central that counts otherwise is found out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from scanner.core.calendar import SiteCalendar
from scanner.core.events import Fact, FactKind
from scanner.core.reasons import Reason
from scanner.core.rules import CounterScope, ReentryMode, ScanRule
from scanner.core.tally import Offsets
from scanner.core.units import Direction, EventNo, Instant, ZoneNo


class Standing(NamedTuple):
    """An entry or exit of which somebody is left, at its corrected time."""

    at: Instant
    device: str
    epoch: str
    seq: int
    is_entry: bool
    zone_no: ZoneNo
    charged: int
    persons: int
    event_no: EventNo | None
    is_forced: bool
    day: date


class Asked(NamedTuple):
    """An entry that is about to be decided."""

    at: Instant
    zone_no: ZoneNo
    party: int = 1
    event_no: EventNo | None = None


def standing(facts: Iterable[Fact], offsets: Offsets, calendar: SiteCalendar) -> list[Standing]:
    """What stands, in the order of the site."""
    known = list({(fact.device, fact.epoch, fact.seq): fact for fact in facts}.values())
    found = []
    for fact in known:
        if fact.movement is None:
            continue
        back = sum(
            other.persons
            for other in known
            if other.kind is FactKind.NOT_PASSED
            and (other.device, other.epoch, other.refers_to) == (fact.device, fact.epoch, fact.seq)
        )
        if back >= fact.persons:
            continue
        offset = offsets.get((fact.device, fact.boot))
        at = Instant(fact.at if offset is None else fact.mono_ms + offset)
        found.append(
            Standing(
                at,
                fact.device,
                fact.epoch,
                fact.seq,
                fact.movement is Direction.IN,
                fact.zone_no,
                max(0, fact.charged - back),
                fact.persons - back,
                fact.event_no,
                fact.kind is FactKind.OVERRIDE and fact.note == "force",
                calendar.business_date(at),
            )
        )
    return sorted(found)


def in_scope(history: Iterable[Standing], rule: ScanRule, zone_no: ZoneNo) -> list[Standing]:
    """What counts at a zone."""
    is_all = rule.counter_scope is CounterScope.GLOBAL
    return [one for one in history if is_all or one.zone_no == zone_no]


def is_inside(history: Iterable[Standing], day: date) -> bool:
    """The last fact of the day is an entry."""
    of_day = [one for one in history if one.day == day]
    return bool(of_day) and of_day[-1].is_entry


def has_left(history: Iterable[Standing], day: date) -> bool:
    """The last fact of the day is an exit, and an entry of that day came before it."""
    of_day = [one for one in history if one.day == day]
    return bool(of_day) and not of_day[-1].is_entry and any(one.is_entry for one in of_day)


def is_free(history: list[Standing], rule: ScanRule, asked: Asked, today: date) -> bool:
    """A re-entry that costs nothing."""
    charged = [one.at for one in history if one.is_entry and one.charged]
    if charged and max(0, asked.at - charged[-1]) < rule.reentry_window_s * 1_000:
        return True
    if rule.reentry_mode is ReentryMode.FREE:
        return any(one.is_entry and one.day == today for one in history)
    return rule.reentry_mode is ReentryMode.AFTER_EXIT and has_left(history, today)


def limits(
    history: list[Standing], rule: ScanRule, asked: Asked, today: date
) -> Mapping[Reason, tuple[int, int | None]]:
    """Used and allowed by the reason that a limit refuses with, in the order of the decision."""
    entries = [one for one in history if one.is_entry]
    week, month = today.isocalendar()[:2], (today.year, today.month)
    total = Reason.USED if rule.max_total == 1 else Reason.LIMIT_TOTAL

    def charged(counted: Iterable[Standing]) -> int:
        return sum(one.charged for one in counted)

    of_event = [one for one in entries if one.event_no == asked.event_no]
    event_limit = None if asked.event_no is None else rule.max_per_event
    return {
        Reason.LIMIT_EVENT: (charged(of_event), event_limit),
        Reason.LIMIT_DAY: (charged(one for one in entries if one.day == today), rule.max_per_day),
        Reason.LIMIT_WEEK: (
            charged(one for one in entries if one.day.isocalendar()[:2] == week),
            rule.max_per_week,
        ),
        Reason.LIMIT_MONTH: (
            charged(one for one in entries if (one.day.year, one.day.month) == month),
            rule.max_per_month,
        ),
        Reason.LIMIT_YEAR: (
            charged(one for one in entries if one.day.year == today.year),
            rule.max_per_year,
        ),
        total: (charged(entries), rule.max_total),
    }


def is_beyond_days(history: list[Standing], rule: ScanRule, today: date) -> bool:
    """One more charged entry today would use a day that the rule does not give."""
    used = {one.day for one in history if one.is_entry and one.charged}
    if rule.max_distinct_days is None:
        return False
    if rule.consecutive_only:
        return bool(used) and not 0 <= (today - min(used)).days < rule.max_distinct_days
    given = sorted(used)[: rule.max_distinct_days]
    return today not in given and len(given) == rule.max_distinct_days


class Answer(NamedTuple):
    """Why an entry is refused (None: it is not), and what it costs otherwise."""

    refusal: Reason | None
    charged: int = 0


def answer(facts: list[Standing], rule: ScanRule, asked: Asked, calendar: SiteCalendar) -> Answer:
    """Steps 12 to 14 of the decision order."""
    history, today = in_scope(facts, rule, asked.zone_no), calendar.business_date(asked.at)
    if rule.reentry_mode is ReentryMode.AFTER_EXIT and is_inside(history, today):
        return Answer(Reason.ALREADY_IN)
    required = rule.requires_zone
    if required not in {None, asked.zone_no} and not any(
        one.is_entry and one.zone_no == required and one.day == today for one in facts
    ):
        return Answer(Reason.PREREQUISITE_ZONE)
    entries = [one for one in history if one.is_entry]
    if entries and max(0, asked.at - entries[-1].at) < rule.min_interval_s * 1_000:
        return Answer(Reason.TOO_SOON)
    if is_free(history, rule, asked, today):
        return Answer(None, 0)
    found = limits(history, rule, asked, today)
    beyond = [
        reason
        for reason, (used, allowed) in found.items()
        if allowed is not None and used + asked.party > allowed
    ]
    periods, total = beyond, []
    if beyond and beyond[-1] in {Reason.USED, Reason.LIMIT_TOTAL}:
        periods, total = beyond[:-1], beyond[-1:]
        if rule.max_total == 1 and not found[Reason.USED][0]:
            total = [Reason.LIMIT_TOTAL]
    days = [Reason.LIMIT_DAYS] if is_beyond_days(history, rule, today) else []
    refusals = [*periods, *days, *total]
    return Answer(refusals[0]) if refusals else Answer(None, asked.party)


class Beyond(NamedTuple):
    """An entry that the central reports as overuse."""

    at: Instant
    device: str
    seq: int
    persons: int
    limits: frozenset[Reason]


def overuse(facts: list[Standing], rule: ScanRule, calendar: SiteCalendar) -> list[Beyond]:
    """The entries beyond a limit, taken one by one in the order of the site."""
    found, before = [], list[Standing]()
    for one in facts:
        history = in_scope(before, rule, one.zone_no)
        asked = Asked(one.at, one.zone_no, one.charged, one.event_no)
        today = calendar.business_date(one.at)
        if one.is_entry and is_free(history, rule, asked, today):
            one = one._replace(charged=0)  # noqa: PLW2901 - what it should have been charged
        before.append(one)
        if not one.is_entry or not one.charged or one.is_forced:
            continue
        beyond = {
            reason: min(one.charged, used + one.charged - allowed)
            for reason, (used, allowed) in limits(history, rule, asked, today).items()
            if allowed is not None and used + one.charged > allowed
        }
        if is_beyond_days(history, rule, today):
            beyond[Reason.LIMIT_DAYS] = one.charged
        if beyond:
            persons = max(beyond.values())
            found.append(Beyond(one.at, one.device, one.seq, persons, frozenset(beyond)))
    return found
