"""Steps 12 to 15: how the right was used before, and how fresh that knowledge is.

Law: each row is pure, looks at one count and returns None where the rule sets no such limit. A free re-entry skips
every limit; the interval binds it too. A limit is of persons: a party larger than what is left is refused as a whole.

Source: docs/decisions.md, "Decision order" and "Counting".
"""

from __future__ import annotations

from datetime import timedelta

from scanner.core.case import Case
from scanner.core.credential import CredentialKind
from scanner.core.finding import Finding, asked, noted, passed, refused
from scanner.core.freshness import Freshness, freshness
from scanner.core.presence import elapsed_ms
from scanner.core.reasons import Reason
from scanner.core.rules import HardAgePolicy, Policy, ReentryMode
from scanner.core.tally import EMPTY
from scanner.core.units import SECOND_MS


def presence(case: Case) -> Finding | None:
    """Inside already: out first, then in again."""
    if case.rule.reentry_mode is not ReentryMode.AFTER_EXIT:
        return None
    value = ("inside_since", case.inside)
    return passed(value) if case.inside is None else refused(Reason.ALREADY_IN, value)


def prerequisite_zone(case: Case) -> Finding | None:
    """An entry in another zone on the same business day must come first."""
    required = case.rule.requires_zone
    if required is None or required == case.facts.gate.zone_no:
        return None
    entries = case.right.tallies.get(required, EMPTY).day(case.today).entries
    values = (("zone_no", required), ("entries", entries))
    return passed(*values) if entries else refused(Reason.PREREQUISITE_ZONE, *values)


def interval(case: Case) -> Finding | None:
    """Time since the last entry, charged or free."""
    if not case.rule.min_interval_s:
        return None
    wait_s = seconds_to_wait(case)
    values = (
        ("last_entry", case.recent.last_entry),
        ("min_interval_s", case.rule.min_interval_s),
    )
    return refused(Reason.TOO_SOON, *values, ("wait_s", wait_s)) if wait_s else passed(*values)


def seconds_to_wait(case: Case) -> int:
    """Whole seconds until the interval since the last entry is over; 0 = it is."""
    last = case.recent.last_entry
    if last is None:
        return 0
    left_ms = case.rule.min_interval_s * SECOND_MS - elapsed_ms(last, case.clock)
    return max(0, -(-left_ms // SECOND_MS))


def party_size(case: Case) -> Finding | None:
    """One credential admits so many at once."""
    party, party_max = case.scan.party, case.rule.party_max
    if party == 1:
        return None
    values = (("party", party), ("party_max", party_max))
    return asked(Reason.PARTY_SIZE, *values) if party > party_max else passed(*values)


def reentry(case: Case) -> Finding | None:
    """A free re-entry: shown, not charged, and no limit binds it."""
    if not case.is_free:
        return None
    return noted(Reason.REENTRY_FREE, ("last_charged", case.tally.last_charged))


def limit_event(case: Case) -> Finding | None:
    """Entries to one event."""
    limit, chosen = case.rule.max_per_event, case.event.event
    if limit is None or chosen is None or case.is_free:
        return None
    return _within(Reason.LIMIT_EVENT, case, case.tally.events.get(chosen.event_no, 0), limit)


def limit_day(case: Case) -> Finding | None:
    """Entries on one business day."""
    limit = case.rule.max_per_day
    if limit is None or case.is_free:
        return None
    return _within(Reason.LIMIT_DAY, case, case.tally.day(case.today).charged, limit)


def limit_week(case: Case) -> Finding | None:
    """Entries in one ISO week of business dates."""
    limit = case.rule.max_per_week
    if limit is None or case.is_free:
        return None
    monday = case.today - timedelta(days=case.today.weekday())
    used = sum(case.tally.day(monday + timedelta(days=n)).charged for n in range(7))
    return _within(Reason.LIMIT_WEEK, case, used, limit)


def limit_month(case: Case) -> Finding | None:
    """Entries in one calendar month of business dates."""
    limit = case.rule.max_per_month
    if limit is None or case.is_free:
        return None
    month, year = case.today.month, case.today.year
    used = sum(
        day.charged for on, day in case.tally.days.items() if on.month == month and on.year == year
    )
    return _within(Reason.LIMIT_MONTH, case, used, limit)


def limit_year(case: Case) -> Finding | None:
    """Entries in one calendar year of business dates."""
    limit = case.rule.max_per_year
    if limit is None or case.is_free:
        return None
    year = case.today.year
    used = sum(day.charged for on, day in case.tally.days.items() if on.year == year)
    return _within(Reason.LIMIT_YEAR, case, used, limit)


def limit_days(case: Case) -> Finding | None:
    """Distinct business dates with a charged entry: the first so many; consecutive ones from the first, used or not.

    A day beyond the limit, which lanes that were cut off admitted to, is not opened by having been used.
    """
    limit = case.rule.max_distinct_days
    if limit is None or case.is_free:
        return None
    used = case.tally.used_days
    first = min(used, default=case.today)
    if case.rule.consecutive_only:
        is_open = 0 <= (case.today - first).days < limit
    else:
        is_open = len(used) < limit or case.today in sorted(used)[:limit]
    values = (("today", case.today), ("first", first), ("used", len(used)), ("limit", limit))
    return passed(*values) if is_open else refused(Reason.LIMIT_DAYS, *values)


def limit_total(case: Case) -> Finding | None:
    """X-Scans: entries over the whole life of the right. A single one that is used up is `USED`."""
    limit = case.rule.max_total
    if limit is None or case.is_free:
        return None
    is_single_used = limit == 1 and case.total >= 1
    return _within(Reason.USED if is_single_used else Reason.LIMIT_TOTAL, case, case.total, limit)


def _within(reason: Reason, case: Case, used: int, limit: int) -> Finding:
    values = (("used", used), ("limit", limit), ("persons", case.scan.party))
    return refused(reason, *values) if used + case.scan.party > limit else passed(*values)


def freshness_policy(case: Case) -> Finding | None:
    """What the site says of a snapshot beyond the hard age."""
    age_ms, policy = case.age_ms, case.policy
    if age_ms is None:
        return None
    values = (("age_ms", age_ms), ("hard_age_s", policy.hard_age_s))
    age = freshness(age_ms, policy.soft_age_s, policy.hard_age_s)
    if age is not Freshness.STALE_HARD:
        return passed(*values, ("age", age))
    is_opaque = case.facts.presented.kind is CredentialKind.OPAQUE
    if policy.hard_age_policy is HardAgePolicy.DECLINE or (
        policy.hard_age_policy is HardAgePolicy.SIGNED_ONLY and is_opaque
    ):
        return refused(Reason.STALE_DECLINED, *values, ("policy", policy.hard_age_policy))
    return noted(Reason.STALE, *values, ("policy", policy.hard_age_policy))


def clock_policy(case: Case) -> Finding | None:
    """Nothing certain was found against it, and the site declines what an untrusted clock cannot tell."""
    if case.is_timed or case.policy.clock_policy is not Policy.DECLINE:
        return None
    return refused(Reason.CLOCK_UNTRUSTED, ("clock", case.clock.state))
