"""The site's calendar: which business day an instant belongs to, and which instant a wall time means.

Law: only instants are stored; wall time exists between two calls and nowhere else. A business day D is
``[start(D), start(D+1))``, ``start(D)`` the instant of D at the cut-off: in a gap (clocks go forward) the transition
instant, in an overlap (clocks go back) the first occurrence. A day may last 23 or 25 hours, or none at all where a
country skipped a date. Days, weeks, months and years are arithmetic on wall time, always from the original anchor;
hours are elapsed time.

Zone rules come from the pinned ``tzdata`` package and never from the machine, so that a gate, the central and a
rehearsal a year later agree: reading them is loading a table that was shipped with the code, not input.

Source: docs/decisions.md, "Time" (T1-T4); PEP 495 for ``fold``.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scanner.core.errors import ConfigError
from scanner.core.units import Instant, Interval

DAY_MINUTES = 1_440
HOUR_MS = 3_600_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_ONE_DAY = timedelta(days=1)
_HH_MM = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class Unit(StrEnum):
    """What an offset is counted in."""

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


class WeekKey(NamedTuple):
    """An ISO week; ``iso_year`` is the year its Thursday lies in."""

    iso_year: int
    week: int


class MonthKey(NamedTuple):
    """A calendar month."""

    year: int
    month: int


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """The calendar of one site: an IANA zone and the local time at which a business day begins.

    Raises:
        ConfigError: the zone is not in tzdata, or the cut-off is no ``HH:MM``.
    """

    zone: str
    day_cutoff: str = "00:00"

    def __post_init__(self) -> None:
        if self.zone not in _zone_names():
            raise ConfigError(
                "site_zone_unknown",
                f"zone {self.zone!r} is no time zone of the IANA list",
                "write it as 'Europe/Paris'; upper and lower case count",
            )
        if not _HH_MM.fullmatch(self.day_cutoff):
            raise ConfigError(
                "day_cutoff_wrong",
                f"day_cutoff {self.day_cutoff!r} is no local time (00:00..23:59)",
                "write hours and minutes with two digits each, as '04:00'",
            )

    @property
    def cutoff_min(self) -> int:
        """The cut-off in minutes after midnight."""
        return _cutoff_min(self.day_cutoff)

    def wall(self, at: Instant) -> datetime:
        """What the site's clock on the wall shows: naive, with ``fold`` 1 in the second of two equal hours."""
        return (_EPOCH + at * _MS).astimezone(_zone(self.zone)).replace(tzinfo=None)

    def instant(self, wall: datetime, *, second: bool = False) -> Instant:
        """The instant a wall time means.

        Args:
            wall: naive local time; its ``fold`` is not looked at.
            second: of two equal wall times take the later one (for ends; starts take the first).

        Returns:
            In a gap, the transition instant.
        """
        first, later = self._occurrences(wall)
        if later < first:
            return self._transition(later, first)
        return later if second else first

    def exists(self, wall: datetime) -> bool:
        """False for a wall time that the clocks skip."""
        first, later = self._occurrences(wall)
        return first <= later

    def day_start(self, day: date) -> Instant:
        """The instant at which a business day begins."""
        return _day_start(self, day)

    def day(self, day: date) -> Interval:
        """A business day as an interval: 24 h, but 23 or 25 where clocks change and empty for a skipped date."""
        return Interval(_day_start(self, day), _day_start(self, day + _ONE_DAY))

    def business_date(self, at: Instant) -> date:
        """The date of the business day that holds an instant."""
        memo = _last_day(self)
        start, until, day = memo[0]
        if start <= at < until:
            return day
        memo[0] = self._span_at(at)
        return memo[0].day

    @staticmethod
    def week_of(day: date) -> WeekKey:
        """The ISO week of a business date."""
        iso = day.isocalendar()
        return WeekKey(iso.year, iso.week)

    @staticmethod
    def month_of(day: date) -> MonthKey:
        """The calendar month of a business date."""
        return MonthKey(day.year, day.month)

    @staticmethod
    def year_of(day: date) -> int:
        """The calendar year of a business date."""
        return day.year

    def add(self, anchor: Instant, amount: int, unit: Unit, *, second: bool = False) -> Instant:
        """An instant plus so many hours (elapsed) or days, weeks, months, years (wall time, clamped to month ends).

        For a series pass the original anchor and a growing amount (31 Jan → 28 Feb → 31 Mar), never the last result.
        Nothing added is the anchor itself, also where its wall time occurs twice.
        """
        if unit is Unit.HOURS:
            return Instant(anchor + amount * HOUR_MS)
        if amount == 0:
            return anchor
        wall = self.wall(anchor)
        return self.instant(
            datetime.combine(shifted(wall.date(), amount, unit), wall.time()), second=second
        )

    def _occurrences(self, wall: datetime) -> tuple[Instant, Instant]:
        """The wall time by the offset before and after a near transition: reversed in a gap, equal elsewhere."""
        zone = _zone(self.zone)
        return (
            _to_instant(wall.replace(tzinfo=zone, fold=0)),
            _to_instant(wall.replace(tzinfo=zone, fold=1)),
        )

    def _transition(self, before: Instant, after: Instant) -> Instant:
        """The instant in ``(before, after]`` at which the offset changes."""
        old = self._offset(before)
        span = range(before, after)
        return Instant(
            before + bisect_left(span, 1, key=lambda at: self._offset(Instant(at)) != old)
        )

    def _offset(self, at: Instant) -> timedelta:
        return self.wall(at) - (_EPOCH + at * _MS).replace(tzinfo=None)

    def _span_at(self, at: Instant) -> _Span:
        """The business day around an instant.

        The wall clock passes the cut-off first at the day's start, so the guess is never late; it is early in the
        second of two equal hours.
        """
        day = (self.wall(at) - timedelta(minutes=self.cutoff_min)).date()
        while at >= _day_start(self, day + _ONE_DAY):
            day += _ONE_DAY
        return _Span(_day_start(self, day), _day_start(self, day + _ONE_DAY), day)


class _Span(NamedTuple):
    start: Instant
    until: Instant
    day: date


_NO_SPAN = _Span(Instant(0), Instant(0), date.min)


def shifted(day: date, amount: int, unit: Unit) -> date:
    """A date plus days, weeks, months or years; a month that is too short gives its last day."""
    if unit is Unit.DAYS:
        return day + timedelta(days=amount)
    if unit is Unit.WEEKS:
        return day + timedelta(weeks=amount)
    months = amount if unit is Unit.MONTHS else 12 * amount
    year, month0 = divmod(12 * day.year + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return date(year, month0 + 1, min(day.day, last))


def minutes_of(text: str) -> int | None:
    """Minutes after midnight of ``HH:MM``, ``24:00`` as the end of a day; None for anything else."""
    if text == "24:00":
        return DAY_MINUTES
    return _cutoff_min(text) if _HH_MM.fullmatch(text) else None


def _cutoff_min(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _to_instant(moment: datetime) -> Instant:
    return Instant((moment - _EPOCH) // _MS)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split())


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as table:
        return ZoneInfo.from_file(table, key=name)


@lru_cache(maxsize=4_096)
def _day_start(site: SiteCalendar, day: date) -> Instant:
    return site.instant(datetime.combine(day, time()) + timedelta(minutes=site.cutoff_min))


@lru_cache(maxsize=16)
def _last_day(_site: SiteCalendar) -> list[_Span]:
    """One slot per site: the business day asked for last. A memo; without it the answers are the same."""
    return [_NO_SPAN]
