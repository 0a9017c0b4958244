"""One look-up: what a base and the facts above it say of one presented credential.

Law: gathers, decides nothing. A grant whose row, rule or counts cannot be read is left out and told once, because half
a right could only be judged wrongly; so it is refused as unknown.

Source: docs/decisions.md, "What a decision looks at".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile

from scanner.core.clock import ClockReading
from scanner.core.errors import GateError, InputError
from scanner.core.freshness import AgeMark
from scanner.core.grants import AccessGrant, Event, Gate
from scanner.core.question import (
    Facts,
    GrantFacts,
    Presented,
    Scope,
    SeatEntry,
    UnlistedFacts,
)
from scanner.core.reasons import Reason
from scanner.core.units import CredentialKey, Direction, Instant, LaneReadiness, ScopeNo, ZoneNo
from scanner.records.history import History
from scanner.snapshot_base import SnapshotBase
from sync.base_rows import parse_grant

NO_SCOPE = Scope(event_nos=frozenset())
"""A scope that the snapshot does not list holds no event."""

_LOOKED_UP = (None, Reason.CODE_EXPIRED)
"""Problems that leave a key to look up: an exit with an old rotating code still belongs to its grant."""


class Gathering:
    """One credential at one lane."""

    def __init__(
        self,
        base: SnapshotBase,
        gate: Gate,
        presented: Presented,
        history: History,
        doubt: Callable[[GateError], object],
    ) -> None:
        self._base = base
        self._tables = base.tables
        self._gate = gate
        self._presented = presented
        self._history = history
        self._doubt = doubt

    def facts(
        self, direction: Direction, clock: ClockReading, lane: LaneReadiness, age: AgeMark
    ) -> Facts:
        """Everything `decide` may look at. ``age``: the base's, as counted in this boot."""
        presented, events = self._presented, self._open_events(clock.now)
        key = presented.key if presented.problem in _LOOKED_UP else None
        grants: tuple[GrantFacts, ...] = ()
        if key is not None:
            grants = tuple(self._grants(key))
        return Facts(
            gate=self._gate,
            lane=lane,
            presented=presented,
            snapshot=self._tables.mark,
            age_mark=age,
            is_revoked=key is not None and self._base.is_revoked(key),
            is_step_used=key is not None and self._history.is_step_used(key, presented.step),
            grants=grants,
            unlisted=None if key is None or grants else self._unlisted(key),
            events=events,
            seat_entries=self._seat_entries(grants, events) if direction is Direction.IN else (),
        )

    def _grants(self, key: CredentialKey) -> Iterator[GrantFacts]:
        for row in self._base.grant_rows(key):
            try:
                yield self._grant(parse_grant(row), key)
            except InputError as fault:
                self._doubt(fault)

    def _grant(self, grant: AccessGrant, key: CredentialKey) -> GrantFacts:
        counts = self._history.of_grant(grant.grant_no, key)
        return GrantFacts(
            grant=grant,
            rule=self._tables.rule(grant.rule_no),
            tallies=counts.tallies,
            boot_tallies=counts.boot_tallies,
            scope=self._scope(grant.scope_no),
            exceptions=self._base.exceptions_of(grant.grant_no),
        )

    def _unlisted(self, key: CredentialKey) -> UnlistedFacts | None:
        """For a ticket that is good but has no row: a type, its rule and what the key has used, or that it has none."""
        claims = self._presented.claims
        if claims is None:
            return None
        ticket_type = self._tables.types.get(claims.type_no)
        if ticket_type is None:
            return UnlistedFacts()
        try:
            counts = self._history.of_key(key)
        except InputError as fault:
            self._doubt(fault)
            return UnlistedFacts()
        return UnlistedFacts(
            ticket_type=ticket_type,
            rule=self._tables.rules[ticket_type.rule_no],
            tallies=counts.tallies,
            boot_tallies=counts.boot_tallies,
            scope=self._scope(ticket_type.scope_no),
        )

    def _scope(self, scope_no: ScopeNo | None) -> Scope | None:
        return None if scope_no is None else self._tables.scopes.get(scope_no, NO_SCOPE)

    def _open_events(self, now: Instant) -> tuple[Event, ...]:
        begun = takewhile(lambda event: event.doors_from <= now, self._tables.events)
        zone = self._gate.zone_no
        return tuple(e for e in begun if now < e.doors_until and _is_in(zone, e.zones))

    def _seat_entries(
        self, grants: tuple[GrantFacts, ...], events: tuple[Event, ...]
    ) -> tuple[SeatEntry, ...]:
        places = dict.fromkeys(
            (event.event_no, seat)
            for event in events
            for seat in self._seats(grants, event)
            if seat is not None
        )
        return tuple(
            entry for event_no, seat in places for entry in self._history.entries_on(event_no, seat)
        )

    def _seats(self, grants: tuple[GrantFacts, ...], event: Event) -> Iterator[str | None]:
        """Labels under which a grant may take a seat at an event."""
        for facts in grants:
            exception = facts.exceptions.get(event.event_no)
            yield facts.grant.seat if exception is None else exception.seat or facts.grant.seat
        if not grants and self._presented.claims is not None:
            yield self._presented.claims.seat


def _is_in(zone: ZoneNo, zones: frozenset[ZoneNo]) -> bool:
    return not zones or zone in zones
