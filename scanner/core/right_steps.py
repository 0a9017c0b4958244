"""Steps 6 to 11: what the right itself says, before anything is counted.

Law: each row is pure, looks at one thing and returns None where the right does not ask for it.

Source: docs/decisions.md, "Decision order".
"""

from __future__ import annotations

from scanner.core.case import Case
from scanner.core.finding import Finding, asked, noted, passed, refused
from scanner.core.grants import GrantFlag, GrantState
from scanner.core.question import SeatEntry
from scanner.core.reasons import OUTCOMES_OF, Outcome, Reason
from scanner.core.rules import GraceOutcome, Policy
from scanner.core.windows import is_open


def unlisted(case: Case) -> Finding | None:
    """A good signature without a row: the type's rule says what then."""
    if not case.is_unlisted:
        return None
    policy = case.rule.unlisted
    value = ("unlisted", policy)
    if policy is Policy.DECLINE:
        return refused(Reason.UNLISTED, value)
    found = asked if policy is Policy.ACTION else noted
    return found(Reason.UNLISTED, value)


def zone(case: Case) -> Finding | None:
    """The gate's zone must be one of the right's."""
    zones, here = case.grant.zones, case.facts.gate.zone_no
    if not zones:
        return None
    values = (("zone_no", here), ("zones", zones))
    return passed(*values) if here in zones else refused(Reason.WRONG_ZONE, *values)


def ticket_type(case: Case) -> Finding | None:
    """The gate may admit some ticket types only."""
    types, type_no = case.facts.gate.types, case.grant.type_no
    if not types:
        return None
    values = (("type_no", type_no), ("types", types))
    return passed(*values) if type_no in types else refused(Reason.WRONG_TYPE, *values)


def direction(case: Case) -> Finding | None:
    """A gate of one direction serves no other; the vocabulary calls that the wrong zone."""
    gate_way, way = case.facts.gate.direction, case.scan.direction
    if gate_way is None:
        return None
    values = (("direction", way), ("gate_direction", gate_way))
    return passed(*values) if way is gate_way else refused(Reason.WRONG_ZONE, *values)


def state(case: Case) -> Finding:
    """The central denies the right as a whole. Whatever is not plainly allowed is denied."""
    grant = case.grant
    if grant.state is not GrantState.ALLOW:
        return refused(_deny_reason(grant.deny_reason), ("deny_reason", grant.deny_reason))
    return passed(("state", grant.state))


def details(case: Case) -> Finding | None:
    """Names or other details are still to be given."""
    if GrantFlag.DETAILS_REQUIRED in case.flags:
        return asked(Reason.DETAILS_REQUIRED)
    return None


def beginning(case: Case) -> Finding | None:
    """The right has not begun."""
    valid_from, now = case.grant.valid_from, case.clock.now
    if valid_from is None:
        return None
    values = (("now", now), ("valid_from", valid_from))
    return refused(Reason.NOT_YET_VALID, *values) if now < valid_from else passed(*values)


def ending(case: Case) -> Finding | None:
    """The right has ended, or lives on grace. While the clock is untrusted only its floor is certain."""
    until = case.term.until
    if until is None:
        return None
    at = case.certain_at
    grace_until = None if case.is_renewed else case.grant.grace_until
    values = (("at", at), ("valid_until", until), ("grace_until", grace_until))
    if at < until:
        return noted(Reason.RENEWAL_TOKEN, *values) if case.is_renewed else passed(*values)
    if grace_until is None:
        return refused(Reason.EXPIRED, *values)
    if at >= grace_until:
        return refused(Reason.SUSPENDED, *values)
    found = asked if case.policy.grace_outcome is GraceOutcome.ACTION else noted
    return found(Reason.GRACE, *values)


def clock_state(case: Case) -> Finding:
    """An untrusted clock is shown or asked about here; a refusal for it waits until nothing certain was found."""
    values = (("clock", case.clock.state), ("floor", case.clock.floor))
    if case.is_timed:
        return passed(*values)
    if case.policy.clock_policy is Policy.ACTION:
        return asked(Reason.CLOCK_UNTRUSTED, *values)
    if case.policy.clock_policy is Policy.ACCEPT:
        return noted(Reason.CLOCK_UNTRUSTED, *values)
    return passed(*values)


def windows(case: Case) -> Finding | None:
    """Opening windows of the rule."""
    if not case.rule.windows:
        return None
    now = case.clock.now
    values = (("now", now), ("windows", case.rule.windows))
    if is_open(case.rule.windows, now, case.policy.calendar):
        return passed(*values)
    return refused(Reason.OUT_OF_HOURS, *values)


def blackouts(case: Case) -> Finding | None:
    """Business dates on which the rule admits nobody."""
    if not case.rule.blackouts:
        return None
    value = ("today", case.today)
    return refused(Reason.BLACKOUT, value) if case.today in case.rule.blackouts else passed(value)


def event(case: Case) -> Finding | None:
    """A right with a scope needs one of its own events, open now and not cancelled."""
    chosen, problem = case.event
    values = (
        ("now", case.clock.now),
        ("scope_no", case.grant.scope_no),
        ("event_no", chosen.event_no if chosen else None),
    )
    if problem is not None:
        return refused(problem, *values)
    return passed(*values) if chosen else None


def event_exception(case: Case) -> Finding | None:
    """The right was transferred, put up for resale or withdrawn for this one event."""
    exception = case.exception
    if exception is None:
        return None
    values = (("event_no", exception.event_no), ("deny_reason", exception.deny_reason))
    if exception.deny_reason is None:
        return passed(*values)
    return refused(_deny_reason(exception.deny_reason), *values)


def seat_conflict(case: Case) -> Finding | None:
    """Another right has entered this event on this seat."""
    chosen, seat = case.event.event, case.seat
    if chosen is None or seat is None:
        return None
    for entry in case.facts.seat_entries:
        if entry.event_no == chosen.event_no and entry.seat == seat and not _is_own(entry, case):
            return asked(Reason.SEAT_CONFLICT, ("seat", seat), ("grant_no", entry.grant_no))
    return passed(("event_no", chosen.event_no), ("seat", seat))


def _is_own(entry: SeatEntry, case: Case) -> bool:
    """By number where both have one; else (an unlisted entry) by the code's key."""
    if entry.grant_no is not None and case.grant_no is not None:
        return entry.grant_no == case.grant_no
    key = case.facts.presented.key
    return key is not None and entry.key == key.hex()


def _deny_reason(reason: Reason | None) -> Reason:
    """What the central gave, as far as it is a refusal; a denial without a reason is a cancelled right."""
    if reason is None or reason not in OUTCOMES_OF[Outcome.DECLINED]:
        return Reason.CANCELLED
    return reason
