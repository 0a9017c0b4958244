"""Customer tags: what a purchase pins on a customer, from which source, until when.

Law: a tag is present while at least one assignment of it is unexpired; it is never stored as present, so it ends by the
clock alone, whether or not anything sweeps. An assignment belongs to the source that gave it: taking one source back
leaves the others. Expiry is half-open: at ``expires_at`` it is gone.

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Tags".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from scanner.core.validity import Offset


class TagExpiry(StrEnum):
    """When an assignment ends, if not a while after it was given: with what gave it (the usual), or never."""

    SOURCE = "source"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class TagRule:
    """What a ticket type, plan or season pins on its buyer."""

    tag: str
    expiry: TagExpiry | Offset = TagExpiry.SOURCE


@dataclass(frozen=True, slots=True, order=True)
class Assignment:
    """A tag on a customer. ``expires_at`` None = never, or not before the source has an end."""

    tag: str
    source: str
    granted_at: Instant
    expires_at: Instant | None = None


def assign(
    rule: TagRule,
    source: str,
    granted_at: Instant,
    source_ends_at: Instant | None,
    site: SiteCalendar,
) -> Assignment:
    """The assignment that a purchase makes; computed anew whenever its source gets another end.

    Args:
        rule: of what was bought.
        source: the line, subscription or holding that gives it.
        granted_at: when it was given.
        source_ends_at: when the source stops giving benefits: a pass's ``valid_until``, a subscription's
            ``benefit_until``; None = open.
        site: whose days are counted.
    """
    if rule.expiry is TagExpiry.SOURCE:
        return Assignment(rule.tag, source, granted_at, source_ends_at)
    if rule.expiry is TagExpiry.NEVER:
        return Assignment(rule.tag, source, granted_at)
    until = site.add(granted_at, rule.expiry.amount, rule.expiry.unit, second=True)
    return Assignment(rule.tag, source, granted_at, until)


def present_tags(assignments: Iterable[Assignment], now: Instant) -> frozenset[str]:
    """The tags a customer has now."""
    return frozenset(one.tag for one in assignments if _is_unexpired(one, now))


def next_change_at(assignments: Iterable[Assignment], now: Instant) -> Instant | None:
    """When the present tags may next be others by the clock alone; None = never."""
    return min(
        (
            one.expires_at
            for one in assignments
            if one.expires_at is not None and now < one.expires_at
        ),
        default=None,
    )


def _is_unexpired(one: Assignment, now: Instant) -> bool:
    return one.granted_at <= now and (one.expires_at is None or now < one.expires_at)
