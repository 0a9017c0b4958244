"""A case: one right at one lane at one instant, with everything its rows need derived once.

Law: derives, never judges. What depends on the time of day is derived from ``clock.now`` and is used only by rows that
may rely on the clock. While it is untrusted no entry is a free re-entry, and presence knows this boot alone.

Source: docs/decisions.md, "Rights".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from scanner.core.clock import ClockReading, ClockState
from scanner.core.event_choice import NO_EVENT, EventChoice, choose_event
from scanner.core.grants import AccessGrant, EventException, GrantFlag
from scanner.core.presence import elapsed_ms, inside_since, inside_this_boot
from scanner.core.question import Facts, GrantFacts, Question, Scan
from scanner.core.rules import CounterScope, ReentryMode, ScanRule, SitePolicy
from scanner.core.tally import EMPTY, Mark, Tally, merge_all
from scanner.core.term import renewed_until, term_of
from scanner.core.units import SECOND_MS, GrantNo, Instant, Interval, ZoneNo


@dataclass(frozen=True, slots=True)
class Case:
    """One right before its rows.

    Attributes:
        is_timed: the clock may be relied on.
        is_renewed: a renewal token newer than our snapshot gives the end of the term.
        term: the whole validity, activated or renewed where that applies.
        tally: what counts here: of all zones, or of the gate's.
        recent: the part of ``tally`` that presence and intervals may use.
        inside: the entry that put the holder inside; None = outside.
        is_free: this entry would be a free re-entry.
        exception: what differs for this right at ``event``.
        age_ms: age of the snapshot; None = there is none.
    """

    scan: Scan
    facts: Facts
    policy: SitePolicy
    clock: ClockReading
    is_timed: bool
    right: GrantFacts
    grant: AccessGrant
    rule: ScanRule
    is_renewed: bool
    term: Interval
    tally: Tally
    total: int
    recent: Tally
    today: date
    event: EventChoice
    exception: EventException | None
    inside: Mark | None
    is_free: bool
    age_ms: int | None

    @property
    def is_unlisted(self) -> bool:
        """True when the right was read from the ticket itself."""
        return not self.facts.grants

    @property
    def grant_no(self) -> GrantNo | None:
        """The row's number; None for an unlisted ticket."""
        return None if self.is_unlisted else self.grant.grant_no

    @property
    def certain_at(self) -> Instant:
        """Now, or the latest instant that has certainly come."""
        return self.clock.now if self.is_timed else self.clock.floor

    @property
    def charged(self) -> int:
        """What the entry costs if it opens."""
        return 0 if self.is_free else self.scan.party

    @property
    def seat(self) -> str | None:
        """The seat, at this event another one where the central says so."""
        if self.exception is not None and self.exception.seat is not None:
            return self.exception.seat
        return self.grant.seat

    @property
    def flags(self) -> frozenset[GrantFlag]:
        """The right's marks, at this event others where the central says so."""
        if self.exception is not None and self.exception.flags is not None:
            return self.exception.flags
        return self.grant.flags


def derive_case(question: Question, right: GrantFacts) -> Case:
    """Everything about one right that its rows need."""
    scan, facts, policy, clock, age_ms = question
    rule, zone_no = right.rule, facts.gate.zone_no
    is_timed = clock.state is not ClockState.UNTRUSTED
    tally = _in_scope(rule, right.tallies, zone_no)
    recent = tally if is_timed else _in_scope(rule, right.boot_tallies, zone_no)
    renewed = renewed_until(right.grant, facts)
    today = policy.calendar.business_date(clock.now)
    event = choose_event(right, facts.events, zone_no, clock.now) if is_timed else NO_EVENT
    return Case(
        scan=scan,
        facts=facts,
        policy=policy,
        clock=clock,
        is_timed=is_timed,
        right=right,
        grant=right.grant,
        rule=rule,
        is_renewed=renewed is not None,
        term=term_of(right, renewed, clock, policy.calendar),
        tally=tally,
        total=tally.total,
        recent=recent,
        today=today,
        event=event,
        exception=right.exceptions.get(event.event.event_no) if event.event else None,
        inside=inside_since(recent, today) if is_timed else inside_this_boot(recent, clock),
        is_free=is_timed and _is_free(rule, tally, today, clock),
        age_ms=age_ms,
    )


def _in_scope(rule: ScanRule, tallies: Mapping[ZoneNo, Tally], zone_no: ZoneNo) -> Tally:
    if rule.counter_scope is CounterScope.ZONE:
        return tallies.get(zone_no, EMPTY)
    return merge_all(tallies.values())


def _is_free(rule: ScanRule, tally: Tally, today: date, clock: ClockReading) -> bool:
    """True for an entry that costs nothing: within the re-entry window, or by the re-entry mode on the same day."""
    charged = tally.last_charged
    if (
        rule.reentry_window_s
        and charged is not None
        and elapsed_ms(charged, clock) < rule.reentry_window_s * SECOND_MS
    ):
        return True
    if rule.reentry_mode is ReentryMode.FREE:
        return tally.day(today).entries > 0
    return rule.reentry_mode is ReentryMode.AFTER_EXIT and tally.day(today).has_left
