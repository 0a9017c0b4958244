"""Presence: who is inside, since when, and how long ago something was.

Law: *inside* = the last fact of this business day is an entry; a new business day begins with everybody outside. Within
one boot time is told by the monotonic clock, between boots by corrected time, and it never runs backwards. While the
clock is untrusted only this boot's facts are known, and a business day is any 24 hours.

Source: docs/decisions.md, "Rights" and "Untrusted clock".
"""

from __future__ import annotations

from datetime import date

from scanner.core.clock import ClockReading
from scanner.core.tally import Mark, Tally
from scanner.core.units import DAY_S, SECOND_MS


def elapsed_ms(mark: Mark, clock: ClockReading) -> int:
    """Milliseconds since ``mark``, never negative."""
    if mark.boot == clock.boot:
        return max(0, clock.mono - mark.mono_ms)
    return max(0, clock.now - mark.at)


def inside_since(tally: Tally, business_date: date) -> Mark | None:
    """The entry that put the holder inside on this business day; None = outside."""
    day = tally.day(business_date)
    return day.last_entry if day.is_inside else None


def inside_this_boot(tally: Tally, clock: ClockReading) -> Mark | None:
    """The same by this boot's facts alone (``tally`` holds no others), for an untrusted clock."""
    entry = tally.last_entry
    if entry is None or elapsed_ms(entry, clock) >= DAY_S * SECOND_MS:
        return None
    exits = (day.last_exit for day in tally.days.values() if day.last_exit is not None)
    return None if any(exit_mark > entry for exit_mark in exits) else entry
