"""Scan rules: X-Scans and every other limit an organiser can put on a ticket type, and the site's policies.

Law: None = no limit, except ``max_total`` where the default is 1 and None = unlimited. Zero is illegal for a limit.
A rule holds no counts: those are facts.

Source: docs/decisions.md, "Rights" and "Freshness and failure policies".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scanner.core.calendar import SiteCalendar
from scanner.core.units import RuleNo, ZoneNo
from scanner.core.windows import Window


class ReentryMode(StrEnum):
    """When a further entry is free, and when it is refused."""

    NONE = "none"
    AFTER_EXIT = "after_exit"
    FREE = "free"


class CounterScope(StrEnum):
    """Whether counts are of the whole site or of the gate's zone."""

    GLOBAL = "global"
    ZONE = "zone"


class Policy(StrEnum):
    """What to do where the gate cannot know for certain."""

    ACCEPT = "accept"
    ACTION = "action"
    DECLINE = "decline"


class OverusePolicy(StrEnum):
    """What the central does with entries beyond the allowance that were found later."""

    NONE = "none"
    FLAG = "flag"
    BLOCK_UNTIL_REVIEW = "block_until_review"


class HardAgePolicy(StrEnum):
    """What a gate does when its snapshot is older than the hard age."""

    CONTINUE = "continue"
    SIGNED_ONLY = "signed_only"
    DECLINE = "decline"


class GraceOutcome(StrEnum):
    """How an entry within grace is shown."""

    HIGHLIGHT = "highlight"
    ACTION = "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRule:
    """How often, when and where one grant admits. Limits count charged entries."""

    rule_no: RuleNo = RuleNo(0)
    max_total: int | None = 1
    max_per_day: int | None = None
    max_per_week: int | None = None
    max_per_month: int | None = None
    max_per_year: int | None = None
    max_per_event: int | None = None
    max_distinct_days: int | None = None
    consecutive_only: bool = False
    min_interval_s: int = 0
    reentry_window_s: int = 0
    reentry_mode: ReentryMode = ReentryMode.NONE
    counter_scope: CounterScope = CounterScope.GLOBAL
    requires_zone: ZoneNo | None = None
    windows: tuple[Window, ...] = ()
    blackouts: frozenset[date] = frozenset()
    party_max: int = 1
    unlisted: Policy = Policy.ACCEPT
    overuse: OverusePolicy = OverusePolicy.FLAG


LIMIT_FIELDS = (
    "max_total",
    "max_per_day",
    "max_per_week",
    "max_per_month",
    "max_per_year",
    "max_per_event",
    "max_distinct_days",
    "party_max",
)


def rule_problems(rule: ScanRule) -> tuple[str, ...]:
    """Why this rule is illegal, in plain words with field, value and limit; empty when it is legal."""
    problems = [
        f"{name} {value!r} is below 1 (no limit = leave it out)"
        for name in LIMIT_FIELDS
        if (value := getattr(rule, name)) is not None and value < 1
    ]
    problems += [
        f"{name} {value!r} s is negative (0 = off)"
        for name in ("min_interval_s", "reentry_window_s")
        if (value := getattr(rule, name)) < 0
    ]
    if rule.consecutive_only and rule.max_distinct_days is None:
        problems.append("consecutive_only needs max_distinct_days")
    return tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePolicy:
    """The site settings that a decision and a lane need. Defaults as documented."""

    calendar: SiteCalendar
    clock_policy: Policy = Policy.ACCEPT
    soft_age_s: int = 3_600
    hard_age_s: int = 72 * 3_600
    hard_age_policy: HardAgePolicy = HardAgePolicy.CONTINUE
    grace_outcome: GraceOutcome = GraceOutcome.HIGHLIGHT
    debounce_s: float = 3.0
    expires_soon_days: int = 14

    @property
    def debounce_ms(self) -> int:
        """For so long after its last read a code is the same presentation."""
        return int(self.debounce_s * 1000)
