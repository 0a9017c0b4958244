"""How long a right lasts: the organiser's rule and an anchor in, an interval of instants out.

Law: the central computes instants and a gate only compares them, except for a term that starts with the first scan:
there the gate computes the same interval with this same function. The default rounding runs to the end of the business
day that the offset ends in: 365 days from 10 March 2025 → last day 10 March 2026. Hours are elapsed time and are never
rounded. A start is the first of two equal wall times, an end the second.

Source: docs/decisions.md, "Rights" (ValidityRule) and "Time" (T3, T4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.errors import InputError
from scanner.core.units import Instant, Interval

OFFSET_MAX: dict[Unit, int] = {
    Unit.HOURS: 876_600,
    Unit.DAYS: 36_525,
    Unit.WEEKS: 5_217,
    Unit.MONTHS: 1_200,
    Unit.YEARS: 100,
}
"""A hundred years in each unit: what is longer is a typing error."""

_OFFSET = re.compile(r"([0-9]{1,6}) (hour|day|week|month|year)s?", re.ASCII)


class Anchor(StrEnum):
    """What a term is counted from; ``absolute`` is not counted at all."""

    ABSOLUTE = "absolute"
    PURCHASE = "purchase"
    FIRST_SCAN = "first_scan"
    FIXED = "fixed"


class Rounding(StrEnum):
    """Where exactly a relative term ends."""

    END_OF_BUSINESS_DAY = "end_of_business_day"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Offset:
    """A length such as 365 days. Zero is legal: a day ticket is 0 days, to the end of its business day."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        limit = OFFSET_MAX[self.unit]
        if not 0 <= self.amount <= limit:
            raise InputError(
                "offset_out_of_range",
                f"offset '{self.amount} {self.unit}' is not within 0..{limit} {self.unit}",
                "leave the end open instead of naming a very long term",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidityRule:
    """Absolute ``[starts_at, ends_at)``, or an offset from an anchor.

    Attributes:
        starts_at: absolute: the start (None = open). fixed: the anchor. Otherwise None.
        ends_at: absolute: the end (None = open). Otherwise None.
        offset: how long after the anchor; None for absolute.
        rounding: not asked for hours, which are always to the instant.
        count_first_day: the day of the anchor is day one, so the term ends a day earlier; has a meaning only where
            days are rounded to their end.

    Raises:
        InputError: fields that do not go together.
    """

    anchor: Anchor = Anchor.ABSOLUTE
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    offset: Offset | None = None
    rounding: Rounding = Rounding.END_OF_BUSINESS_DAY
    count_first_day: bool = False

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise InputError(
                "validity_rule_wrong",
                f"a validity rule counted from {self.anchor.value!r} {problem}",
                "see docs/decisions.md, 'Rights'",
            )

    @property
    def ends_with_a_day(self) -> bool:
        """True when the end is rounded up to the end of its business day."""
        return (
            self.rounding is Rounding.END_OF_BUSINESS_DAY
            and self.offset is not None
            and self.offset.unit is not Unit.HOURS
        )


def _problem(rule: ValidityRule) -> str | None:
    if rule.anchor is Anchor.ABSOLUTE:
        return _absolute_problem(rule)
    if rule.offset is None:
        return "needs an offset"
    if rule.ends_at is not None:
        return "takes its end from the offset, so ends_at must be left out"
    if (rule.starts_at is None) == (rule.anchor is Anchor.FIXED):
        return "needs starts_at if it is fixed, and only then"
    if rule.count_first_day and rule.ends_with_a_day and rule.offset.amount == 0:
        return "with count_first_day lasts at least 1 day"
    return None


def _absolute_problem(rule: ValidityRule) -> str | None:
    if rule.offset is not None:
        return "has no offset"
    if rule.starts_at is not None and rule.ends_at is not None and rule.ends_at <= rule.starts_at:
        return "must end after it starts"
    return None


def validity(rule: ValidityRule, anchored_at: Instant, site: SiteCalendar) -> Interval:
    """The interval in which a right is valid.

    Args:
        rule: what the organiser chose.
        anchored_at: the instant of purchase or of the first counted entry; not looked at for absolute and fixed rules.
        site: whose days are counted.
    """
    if rule.offset is None:
        return Interval(rule.starts_at, rule.ends_at)
    start = anchored_at if rule.starts_at is None else rule.starts_at
    if not rule.ends_with_a_day:
        return Interval(start, site.add(start, rule.offset.amount, rule.offset.unit, second=True))
    last_day = site.business_date(site.add(start, rule.offset.amount, rule.offset.unit))
    end_day = last_day if rule.count_first_day else last_day + timedelta(days=1)
    return Interval(start, site.day_start(end_day))


def parse_offset(text: str) -> Offset:
    """An offset written as ``30 days`` or ``1 year``.

    Raises:
        InputError: no such length, or out of range.
    """
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise InputError(
            "offset_not_understood",
            f"offset {text!r} is no number and unit (hours, days, weeks, months, years)",
            "write it as '365 days' or '1 year'",
        )
    return Offset(int(match[1]), Unit(match[2] + "s"))
