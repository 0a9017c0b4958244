"""The site around the lanes of a rehearsal: the central's rows and facts, and who is in contact with it.

Law: the model of contact is that of docs/rehearsal.md. A lane in contact knows what every other lane in contact has
recorded, and the central's rows, before the next step; a lane that is cut off keeps what it knew and its own facts.
What the central knows is what the lanes in contact have told.

Source: docs/rehearsal.md, "Contact"; docs/decisions.md, "Counting".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from scanner.core.calendar import Unit
from scanner.core.clock import ClockState
from scanner.core.events import Fact, FactKind
from scanner.core.fact_book import FactBook, Owner
from scanner.core.grants import Event, EventStatus, GrantState, SnapshotMark
from scanner.core.overuse import Overuse, overuse_of
from scanner.core.presence import inside_since
from scanner.core.question import Scope
from scanner.core.reasons import Reason
from scanner.core.rehearsal_codes import keys_of, keys_of_code
from scanner.core.rehearsal_script import Script, ScriptGrant
from scanner.core.rules import CounterScope, OverusePolicy
from scanner.core.tally import Tally, merge_all
from scanner.core.units import (
    DAY_S,
    SECOND_MS,
    BootId,
    CredentialKey,
    DeviceId,
    Direction,
    Epoch,
    EventNo,
    GateNo,
    Instant,
    MonoMs,
    ScopeNo,
    Seq,
    SnapshotSeq,
    ZoneNo,
)

FRESH_MS = 1_800_000
"""A lane in contact works from a snapshot no older than this (or than half the hard age, where that is less)."""

BEFORE = DeviceId("before")
"""Who recorded the entries that a file says were used before its first step."""

LONG_AGO_MS = 400 * DAY_S * SECOND_MS
"""How long before the first step they were, where the file does not say when."""


@dataclass(frozen=True, slots=True)
class SiteState:
    """The central's rows at one moment: a value, so that a lane can keep it."""

    grants: Mapping[str, ScriptGrant]
    events: Mapping[EventNo, Event]
    revoked: frozenset[CredentialKey] = frozenset()

    def listed(self) -> Iterator[ScriptGrant]:
        """The grants that a snapshot has rows of."""
        return (grant for grant in self.grants.values() if grant.is_listed)


KeyIndex = Mapping[CredentialKey, tuple[ScriptGrant, ...]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a lane has of the central's rows."""

    mark: SnapshotMark
    state: SiteState
    by_key: KeyIndex = field(repr=False)


class Known(NamedTuple):
    """What a lane knows now: the newest snapshot it got, and every fact it heard of."""

    snapshot: Snapshot
    book: FactBook


class Counts(NamedTuple):
    """What the central has counted: charged and overuse by grant, people inside by zone."""

    used: Mapping[str, int]
    overuse: Mapping[str, int]
    inside: Mapping[ZoneNo, int]


class RehearsedSite:
    """The central and the lines to its lanes."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._calendar = script.policy.calendar
        self._state = SiteState(script.grants, script.events)
        self._by_code = _codes(self._state)
        self._book = FactBook(self._calendar)
        self._book.add(_entries_before(script))
        self._blocked: dict[str, int] = {}
        self._now = script.starts_at
        self._fresh_ms = min(FRESH_MS, script.policy.hard_age_s * SECOND_MS // 2)
        self._published = self._publish(SnapshotSeq(1))
        self._apart: dict[str, Known] = {}

    def go_to(self, now: Instant) -> None:
        """True time goes by; lanes in contact are given what is new."""
        self._now = now
        published = self._published
        is_old = now - published.mark.created_at >= self._fresh_ms
        if is_old or published.state is not self._state:
            self.refresh()

    def refresh(self) -> None:
        """Lanes in contact are given a snapshot of this very moment."""
        self._published = self._publish(self.next_seq, self._published)

    def known_to(self, gate: str) -> Known:
        """What a lane knows now."""
        return self._apart.get(gate) or Known(self._published, self._book)

    def is_in_contact(self, gate: str) -> bool:
        """True unless it was cut off."""
        return gate not in self._apart

    def owner_of(self, code: str) -> ScriptGrant | None:
        """The first grant with this code, as the central has it now."""
        return self._by_code.get(code)

    @property
    def next_seq(self) -> SnapshotSeq:
        """Of what the central would say now: newer than any snapshot."""
        return SnapshotSeq(self._published.mark.seq + 1)

    def record(self, gate: str, facts: Iterable[Fact]) -> None:
        """A lane has recorded facts; who is in contact with it knows."""
        facts = tuple(facts)
        self.known_to(gate).book.add(facts)
        if self.is_in_contact(gate) and any(_may_surprise(fact) for fact in facts):
            self._block_for_overuse()

    def cut(self, gates: Iterable[str]) -> None:
        """These lose contact; what they know now they keep."""
        self.refresh()
        for gate in gates:
            if gate not in self._apart:
                self._apart[gate] = Known(self._published, self._book.copy())

    def join(self, gates: Iterable[str]) -> None:
        """These are in contact again: their facts go up, everybody's come down."""
        for gate in gates:
            apart = self._apart.pop(gate, None)
            if apart is not None:
                self._book.add(apart.book.all())
        self._block_for_overuse()

    def revoke(self, code: str) -> None:
        """The code admits nobody any more, wherever this is known."""
        self._state = replace(
            self._state, revoked=self._state.revoked | frozenset(keys_of_code(code))
        )
        self.go_to(self._now)

    def change_grant(self, grant: ScriptGrant, *, is_review: bool) -> None:
        """The row is another. A review takes the overuse found so far as settled."""
        if is_review and grant.name in self._blocked:
            self._blocked[grant.name] = self._overuse_persons(grant)
        elif self._state.grants[grant.name].grant.deny_reason is Reason.BLOCKED:
            grant = _blocked(grant)
        self._put(grant)

    def change_event(self, event: Event) -> None:
        """The event is another."""
        self._state = replace(self._state, events={**self._state.events, event.event_no: event})
        self.go_to(self._now)

    def counts(self) -> Counts:
        """What the central has counted by now."""
        inside: dict[ZoneNo, int] = {}
        for owners, rule_scope in self._rights():
            for zone_no, persons in self._inside(owners, rule_scope):
                inside[zone_no] = inside.get(zone_no, 0) + persons
        grants = self._state.grants
        return Counts(
            {name: self._used(grant) for name, grant in grants.items()},
            {name: self._overuse_persons(grant) for name, grant in grants.items()},
            inside,
        )

    def overuse(self, grant: ScriptGrant) -> tuple[Overuse, ...]:
        """The entries beyond the grant's limits, of those that the central knows."""
        book = self._book
        facts = (fact for owner in owners_of(grant) for fact in book.of(owner))
        rule = self._script.rules[grant.grant.rule_no]
        return overuse_of(facts, rule, book.offsets, self._calendar)

    def _publish(self, seq: SnapshotSeq, before: Snapshot | None = None) -> Snapshot:
        """What the central would say now; nothing is looked up anew where no row changed."""
        is_same = before is not None and before.state is self._state
        by_key = before.by_key if before is not None and is_same else _index(self._state)
        return Snapshot(SnapshotMark(seq=seq, created_at=self._now), self._state, by_key)

    def _put(self, grant: ScriptGrant) -> None:
        self._state = replace(self._state, grants={**self._state.grants, grant.name: grant})
        self._by_code = _codes(self._state)
        self.go_to(self._now)

    def _block_for_overuse(self) -> None:
        for grant in tuple(self._state.grants.values()):
            rule = self._script.rules[grant.grant.rule_no]
            if rule.overuse is OverusePolicy.BLOCK_UNTIL_REVIEW:
                persons = self._overuse_persons(grant)
                if persons > self._blocked.get(grant.name, 0):
                    self._blocked[grant.name] = persons
                    self._put(_blocked(grant))

    def _used(self, grant: ScriptGrant) -> int:
        return sum(
            tally.total
            for owner in owners_of(grant)
            for tally in self._book.tallies(owner).values()
        )

    def _overuse_persons(self, grant: ScriptGrant) -> int:
        return sum(one.persons for one in self.overuse(grant))

    def _rights(self) -> Iterator[tuple[tuple[Owner, ...], CounterScope]]:
        """Every right with its facts' owners; a key that is no grant's stands for itself."""
        named: set[Owner] = set()
        for grant in self._state.grants.values():
            owners = owners_of(grant)
            named.update(owners)
            yield owners, self._script.rules[grant.grant.rule_no].counter_scope
        for owner in self._book.owners():
            if owner not in named:
                yield (owner,), CounterScope.GLOBAL

    def _inside(self, owners: Iterable[Owner], scope: CounterScope) -> Iterator[tuple[ZoneNo, int]]:
        """Where the holder is now, with how many: once, or in each zone that counts by itself."""
        today = self._calendar.business_date(self._now)
        zones: dict[ZoneNo | None, list[Tally]] = {}
        for owner in owners:
            for zone_no, tally in self._book.tallies(owner).items():
                counted = zone_no if scope is CounterScope.ZONE else None
                zones.setdefault(counted, []).append(tally)
        for tallies in zones.values():
            entry = inside_since(merge_all(tallies), today)
            if entry is not None:
                yield self._book.entry_at(entry)


def _index(state: SiteState) -> KeyIndex:
    by_key: dict[CredentialKey, tuple[ScriptGrant, ...]] = {}
    for grant in state.listed():
        for key in keys_of(grant):
            by_key[key] = (*by_key.get(key, ()), grant)
    return by_key


def _codes(state: SiteState) -> dict[str, ScriptGrant]:
    """By code the first grant that has it."""
    grants = reversed(tuple(state.grants.values()))
    return {code: grant for grant in grants for code in grant.codes}


def scope_of(scope_no: ScopeNo | None, state: SiteState, script: Script) -> Scope | None:
    """The events of a scope; None = a right without one is not asked for an event."""
    if scope_no is None:
        return None
    numbers = script.scopes[scope_no]
    doors = [
        event.doors_from
        for event in state.events.values()
        if event.status is EventStatus.ON and (numbers is None or event.event_no in numbers)
    ]
    return Scope(event_nos=numbers, last_doors_from=max(doors, default=None))


def owners_of(grant: ScriptGrant) -> tuple[Owner, ...]:
    """Under what a grant's facts are kept: its number, and for unlisted entries its keys."""
    return grant.grant.grant_no, *(key.hex() for key in keys_of(grant))


def _blocked(grant: ScriptGrant) -> ScriptGrant:
    row = replace(grant.grant, state=GrantState.DENY, deny_reason=Reason.BLOCKED)
    return replace(grant, grant=row)


def _may_surprise(fact: Fact) -> bool:
    """A lane in contact exceeds no limit, unless it did not know the time."""
    return fact.kind is FactKind.CLOCK_OFFSET or fact.clock is ClockState.UNTRUSTED


def _entries_before(script: Script) -> Iterator[Fact]:
    """The entries that were used before the first step, in the first gate's zone, as facts of a ledger of their own.

    They stand at the instant of the last one; where a rule counts days, one business day apart.
    """
    gate = next(iter(script.gates.values())).gate
    calendar, seq = script.policy.calendar, 0
    for grant in script.grants.values():
        last_at = grant.last_used_at
        if last_at is None:
            last_at = Instant(script.starts_at - LONG_AGO_MS)
        is_daily = script.rules[grant.grant.rule_no].max_distinct_days is not None
        for back in reversed(range(grant.used)):
            seq += 1
            at = calendar.add(last_at, -back, Unit.DAYS) if is_daily else last_at
            yield Fact(
                device=BEFORE,
                epoch=Epoch(BEFORE),
                seq=Seq(seq),
                kind=FactKind.SCAN,
                at=at,
                mono_ms=MonoMs(0),
                boot=BootId(BEFORE),
                clock=ClockState.TRUSTED,
                gate_no=GateNo(gate.gate_no),
                zone_no=gate.zone_no,
                direction=Direction.IN,
                movement=Direction.IN,
                charged=1,
                grant_no=grant.grant.grant_no,
            )
