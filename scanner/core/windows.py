"""Opening windows of a rule: weekday and local time, judged on the site's own clock.

Law: a window is matched against the wall time within the business day, and its weekday is that of the business date, so
``fri 00:00-24:00`` is the whole business Friday whatever the cut-off. A window that crosses midnight and ends after the
cut-off runs on into the next business day (with cut-off 00:00 every such window does). Where clocks go back it starts
at the first and ends at the second of two equal wall times; a wall time that clocks skip means the transition instant.
A rule without windows is always open.

Source: docs/decisions.md, "Rights" (windows).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from scanner.core.calendar import DAY_MINUTES, SiteCalendar, minutes_of
from scanner.core.errors import InputError
from scanner.core.units import Instant

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Some weekdays (0 = Monday) and a stretch of local time.

    Attributes:
        days: weekdays of the business date on which the window opens.
        from_: minutes after midnight, 0..1439.
        until: minutes after midnight, 0..1440; below ``from_`` = crosses midnight.

    Raises:
        InputError: no day, no such time, or no time between the two.
    """

    days: frozenset[int]
    from_: int
    until: int

    def __post_init__(self) -> None:
        if not self.days or not self.days <= set(range(len(WEEKDAYS))):
            raise _wrong(f"days {sorted(self.days)!r} are not some of 0 (mon)..6 (sun)")
        if not 0 <= self.from_ < DAY_MINUTES:
            raise _wrong(f"from {self.from_!r} is not within 00:00..23:59")
        if not 0 <= self.until <= DAY_MINUTES or self.until == self.from_:
            raise _wrong(
                f"until {self.until!r} is not within 00:00..24:00 and apart from its start"
            )

    @property
    def crosses_midnight(self) -> bool:
        """True when it ends on the next date."""
        return self.until < self.from_


def parse_window(days: Collection[str], from_: str, until: str) -> Window:
    """A window as written in a rule: ``["mon", "tue"]``, ``"09:00"``, ``"16:00"``.

    Raises:
        InputError: a name or time that is none.
    """
    unknown = sorted(set(days) - set(WEEKDAYS))
    if unknown:
        raise _wrong(f"days {unknown!r} are unknown (valid: {', '.join(WEEKDAYS)})")
    starts, ends = minutes_of(from_), minutes_of(until)
    if starts is None or ends is None:
        raise _wrong(f"{from_!r}..{until!r} are not local times (HH:MM, 24:00 as an end)")
    return Window(frozenset(WEEKDAYS.index(name) for name in days), starts, ends)


def is_open(windows: Iterable[Window], at: Instant, site: SiteCalendar) -> bool:
    """True when an instant lies in one of the windows, or there are none."""
    windows = tuple(windows)
    if not windows:
        return True
    today = site.business_date(at)
    return any(
        start <= at < until
        for window in windows
        for day in (today - _ONE_DAY, today)
        if day.weekday() in window.days
        for start, until in _spans(window, site, day)
    )


def _wrong(what: str) -> InputError:
    return InputError(
        "window_wrong", f"window: {what}", "the whole day is from '00:00' until '24:00'"
    )


@lru_cache(maxsize=256)
def _spans(window: Window, site: SiteCalendar, day: date) -> tuple[tuple[Instant, Instant], ...]:
    """The instants during which a window that opens on business day ``day`` is open. A memo, like every day's start."""
    return tuple(_placed(window, site, day))


def _placed(window: Window, site: SiteCalendar, day: date) -> Iterator[tuple[Instant, Instant]]:
    """A window laid on the business day's wall clock, which runs from the cut-off to the cut-off of the next date.

    What lies before the cut-off belongs to the night at the end of the business day.
    """
    cutoff, night = site.cutoff_min, day + _ONE_DAY
    day_end = site.day_start(night)
    in_daytime = site.instant(_wall(day, max(window.from_, cutoff)))
    if window.crosses_midnight and window.until > cutoff:
        yield in_daytime, site.instant(_wall(night, window.until), second=True)
    elif window.crosses_midnight:
        yield in_daytime, _end(site, _wall(night, window.until), day_end)
    elif window.until > cutoff:
        yield in_daytime, _end(site, _wall(day, window.until), day_end)
    if window.from_ < cutoff:
        closes = cutoff if window.crosses_midnight else min(window.until, cutoff)
        at_night = site.instant(_wall(night, window.from_))
        yield at_night, _end(site, _wall(night, closes), day_end)


def _end(site: SiteCalendar, wall: datetime, day_end: Instant) -> Instant:
    """The last occurrence of a wall time within the business day."""
    second = site.instant(wall, second=True)
    return second if second <= day_end else site.instant(wall)


def _wall(on: date, minutes: int) -> datetime:
    return datetime.combine(on, time()) + timedelta(minutes=minutes)
