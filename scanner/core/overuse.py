"""Overuse: what isolated lanes admitted beyond a right's limits, found once all their facts are together.

Law: pure. Entries are taken in the order of (corrected time, device, epoch, seq); of each the persons beyond a limit
are overuse, one entry naming every limit it exceeds. What was charged is never decided again and stays counted. Limits
are held against what *should* have been charged: an entry that would have been a free re-entry had its lane known the
others' is beyond nothing. Forced entries are overrides: they are counted, and are no overuse. Interval and presence
between lanes that could not hear each other are none either, and a rule that says ``none`` shows none.

Source: docs/decisions.md, "Counting".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from scanner.core.calendar import SiteCalendar
from scanner.core.events import Fact, FactKind, Identity
from scanner.core.override import StaffAnswer, is_noted
from scanner.core.reasons import Reason
from scanner.core.rules import CounterScope, OverusePolicy, ReentryMode, ScanRule
from scanner.core.tally import (
    EMPTY,
    Mark,
    Movement,
    Offsets,
    Tally,
    merge,
    of_movement,
    resolve,
)
from scanner.core.units import SECOND_MS, Direction, ZoneNo


@dataclass(frozen=True, slots=True)
class Overuse:
    """One entry beyond its limits: where and when, for how many persons, and which limits."""

    mark: Mark
    zone_no: ZoneNo
    persons: int
    limits: tuple[Reason, ...]


class _Limit(NamedTuple):
    reason: Reason
    limit: int
    used: int


def overuse_of(
    facts: Iterable[Fact],
    rule: ScanRule,
    offsets: Offsets,
    calendar: SiteCalendar,
    purged: Mapping[ZoneNo, Tally] | None = None,
) -> tuple[Overuse, ...]:
    """The overuse of one right.

    Args:
        facts: every entry, exit and give-back on it, in any order.
        rule: whose limits.
        offsets: clock corrections of the boots that recorded them.
        calendar: the site's.
        purged: what facts of long ago had counted, which are not here any more.
    """
    if rule.overuse is OverusePolicy.NONE:
        return ()
    known = tuple(facts)
    forced = {_identity(fact) for fact in known if _is_forced(fact)}
    found: list[Overuse] = []
    counted = _counted_before(rule, purged or {})
    for movement in sorted(resolve(known, offsets), key=lambda movement: movement.mark):
        scope = movement.zone_no if rule.counter_scope is CounterScope.ZONE else None
        before = counted.get(scope, EMPTY)
        entry = _recharged(movement, rule, before, calendar)
        counted[scope] = merge(before, of_movement(entry, calendar))
        if entry.charged and Identity(*entry.mark[1:4]) not in forced:
            found += _beyond(entry, rule, before, calendar)
    return tuple(found)


def _counted_before(rule: ScanRule, purged: Mapping[ZoneNo, Tally]) -> dict[ZoneNo | None, Tally]:
    """By zone, or all in one where the rule counts them so."""
    counted: dict[ZoneNo | None, Tally] = {}
    for zone_no, tally in purged.items():
        scope = zone_no if rule.counter_scope is CounterScope.ZONE else None
        counted[scope] = merge(counted.get(scope, EMPTY), tally)
    return counted


def _identity(fact: Fact) -> Identity:
    return Identity(fact.device, fact.epoch, fact.seq)


def _is_forced(fact: Fact) -> bool:
    return fact.kind is FactKind.OVERRIDE and is_noted(StaffAnswer.FORCE, fact.note)


def _recharged(
    movement: Movement, rule: ScanRule, before: Tally, calendar: SiteCalendar
) -> Movement:
    """The movement with what it should have been charged: nothing for a free re-entry."""
    if movement.direction is Direction.OUT or not _is_free(movement, rule, before, calendar):
        return movement
    return Movement(
        movement.mark,
        movement.direction,
        movement.zone_no,
        0,
        movement.persons,
        movement.event_no,
    )


def _is_free(movement: Movement, rule: ScanRule, before: Tally, calendar: SiteCalendar) -> bool:
    charged, at = before.last_charged, movement.mark.at
    if charged is not None and at - charged.at < rule.reentry_window_s * SECOND_MS:
        return True
    today = before.day(calendar.business_date(at))
    if rule.reentry_mode is ReentryMode.FREE:
        return today.entries > 0
    return rule.reentry_mode is ReentryMode.AFTER_EXIT and today.has_left


def _beyond(
    entry: Movement, rule: ScanRule, before: Tally, calendar: SiteCalendar
) -> Iterator[Overuse]:
    exceeded = [
        (limit.reason, min(entry.charged, limit.used + entry.charged - limit.limit))
        for limit in _limits(entry, rule, before, calendar)
        if limit.used + entry.charged > limit.limit
    ]
    if _is_beyond_days(rule, before, calendar.business_date(entry.mark.at)):
        exceeded.append((Reason.LIMIT_DAYS, entry.charged))
    if exceeded:
        persons = max(beyond for _reason, beyond in exceeded)
        yield Overuse(entry.mark, entry.zone_no, persons, tuple(reason for reason, _ in exceeded))


def _limits(
    entry: Movement, rule: ScanRule, before: Tally, calendar: SiteCalendar
) -> Iterator[_Limit]:
    """The counts that the rule limits, as they stood before the entry."""
    today, event_no = calendar.business_date(entry.mark.at), entry.event_no
    if rule.max_per_event is not None and event_no is not None:
        yield _Limit(Reason.LIMIT_EVENT, rule.max_per_event, before.events.get(event_no, 0))
    if rule.max_per_day is not None:
        yield _Limit(Reason.LIMIT_DAY, rule.max_per_day, before.day(today).charged)
    if rule.max_per_week is not None:
        monday = today - timedelta(days=today.weekday())
        week = _charged(before, monday, monday + timedelta(days=7))
        yield _Limit(Reason.LIMIT_WEEK, rule.max_per_week, week)
    if rule.max_per_month is not None:
        first = today.replace(day=1)
        month = _charged(before, first, (first + timedelta(days=31)).replace(day=1))
        yield _Limit(Reason.LIMIT_MONTH, rule.max_per_month, month)
    if rule.max_per_year is not None:
        year = _charged(before, date(today.year, 1, 1), date(today.year + 1, 1, 1))
        yield _Limit(Reason.LIMIT_YEAR, rule.max_per_year, year)
    if rule.max_total is not None:
        reason = Reason.USED if rule.max_total == 1 else Reason.LIMIT_TOTAL
        yield _Limit(reason, rule.max_total, before.total)


def _charged(tally: Tally, start: date, until: date) -> int:
    return sum(day.charged for on, day in tally.days.items() if start <= on < until)


def _is_beyond_days(rule: ScanRule, before: Tally, today: date) -> bool:
    used, limit = before.used_days, rule.max_distinct_days
    if limit is None:
        return False
    if rule.consecutive_only:
        return bool(used) and not 0 <= (today - min(used)).days < limit
    return len(used) >= limit and today not in sorted(used)[:limit]
