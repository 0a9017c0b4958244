"""How old the snapshot is: fresh, stale (a banner) or stale beyond the hard limit (a policy).

Law: fresh while the age is below the limit. Under a trusted clock or in holdover the age is the corrected time since
the snapshot was created. Under an untrusted clock the wall clock may be years off either way, so the age is only what
is certain: the floor, and what this boot's monotonic clock has counted since the age was last marked.

Source: docs/decisions.md, "Freshness and failure policies".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scanner.core.clock import ClockReading, ClockState
from scanner.core.units import SECOND_MS, BootId, Instant, MonoMs


class Freshness(StrEnum):
    """What the age means."""

    FRESH = "fresh"
    STALE_SOFT = "stale_soft"
    STALE_HARD = "stale_hard"


@dataclass(frozen=True, slots=True)
class AgeMark:
    """The age a snapshot had at one monotonic moment of a boot: at its download, or at the first look after a start."""

    created_at: Instant
    boot: BootId
    mono: MonoMs
    age_ms: int


def age_ms(created_at: Instant, reading: ClockReading, mark: AgeMark | None = None) -> int:
    """Age of a snapshot, never negative; under an untrusted clock the least it can be.

    Args:
        created_at: when the central made it.
        reading: the gate's clock now.
        mark: an earlier answer of `mark_age`, so that age grows under a clock that stands still.
    """
    if reading.state is not ClockState.UNTRUSTED:
        return max(0, reading.now - created_at)
    least = max(0, reading.floor - created_at)
    if mark is None or (mark.created_at, mark.boot) != (created_at, reading.boot):
        return least
    return max(least, mark.age_ms + reading.mono - mark.mono)


def mark_age(created_at: Instant, reading: ClockReading, mark: AgeMark | None = None) -> AgeMark:
    """The age as of a reading, to count on from."""
    return AgeMark(created_at, reading.boot, reading.mono, age_ms(created_at, reading, mark))


def freshness(age: int, soft_s: int, hard_s: int) -> Freshness:
    """What an age in ms means under the site's limits; at a limit it is no longer fresh."""
    if age >= hard_s * SECOND_MS:
        return Freshness.STALE_HARD
    return Freshness.STALE_SOFT if age >= soft_s * SECOND_MS else Freshness.FRESH
