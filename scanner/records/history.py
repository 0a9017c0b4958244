"""What a right has been used for: base tally, other lanes' facts and this gate's own, as one count.

Law: the history of a grant is its own facts and the grant-less facts on any of its keys: an unlisted entry does not
vanish when the row arrives. Facts are united by identity, those at or below the base's vector are in its tallies.
Under an untrusted clock the facts of this boot are counted once more by themselves: only their order is certain.

Source: docs/decisions.md, "Counting" and "Decision order".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockReading, ClockState
from scanner.core.events import Fact
from scanner.core.question import SeatEntry
from scanner.core.tally import Offsets, Tally, fold, merge, resolve
from scanner.core.units import CredentialKey, Direction, EventNo, GrantNo, ZoneNo
from scanner.fact_source import NO_VECTOR, FactSource, OwnSource, Vector
from scanner.snapshot_base import SnapshotBase

Tallies = Mapping[ZoneNo, Tally]


class Counts(NamedTuple):
    """Counts by zone: of everything known, and of this boot alone where the clock is untrusted."""

    tallies: Tallies
    boot_tallies: Tallies


class History:
    """Counts of grants and keys by one base, one reading of the clock and two sources of newer facts."""

    def __init__(
        self, base: SnapshotBase, own: OwnSource, peers: FactSource, clock: ClockReading
    ) -> None:
        self._base = base
        self._own = own
        self._peers = peers
        self._clock = clock

    def of_grant(self, grant_no: GrantNo, presented: CredentialKey) -> Counts:
        """What has been counted on a grant and, without a grant, on its keys."""
        keys = self._base.keys_of(grant_no, presented)
        counted: Tallies = self._base.tallies_of_grant(grant_no)
        for key in keys:
            counted = _merged(counted, self._base.tallies_of_key(key))
        return self._counts(counted, grant_no, keys)

    def of_key(self, key: CredentialKey) -> Counts:
        """What has been counted on a key without a grant."""
        return self._counts(self._base.tallies_of_key(key), None, [key])

    def entries_on(self, event_no: EventNo, seat: str) -> Iterator[SeatEntry]:
        """Who has entered an event on a seat and was not given back."""
        yield from self._base.entries_on(event_no, seat)
        vector = self._base.tables.vector
        facts = self._own.on_seat(event_no, seat, vector)
        facts += self._peers.on_seat(event_no, seat, vector)
        for fact in _standing_entries(facts):
            yield SeatEntry(event_no, seat, fact.grant_no, fact.key)

    def is_step_used(self, key: CredentialKey, step: int | None) -> bool:
        """True when an entry that stands used this step of a rotating code, at this gate."""
        return step is not None and bool(_standing_entries(self._own.of_step(key, step)))

    def _counts(
        self, counted: Tallies, grant_no: GrantNo | None, keys: Iterable[CredentialKey]
    ) -> Counts:
        vector, calendar = self._base.tables.vector, self._base.tables.policy.calendar
        keys = tuple(keys)
        newer = [
            fact
            for source in (self._own, self._peers)
            for fact in _facts(source, grant_no, keys, vector)
        ]
        if newer:
            counted = fold(counted, resolve(newer, self._offsets()), calendar)
        if self._clock.state is not ClockState.UNTRUSTED:
            return Counts(counted, {})
        return Counts(counted, self._of_this_boot(grant_no, keys, calendar))

    def _of_this_boot(
        self, grant_no: GrantNo | None, keys: Iterable[CredentialKey], calendar: SiteCalendar
    ) -> Tallies:
        facts = _facts(self._own, grant_no, keys, NO_VECTOR)
        of_boot = (fact for fact in facts if fact.boot == self._clock.boot)
        return fold({}, resolve(of_boot, {}), calendar)

    def _offsets(self) -> Offsets:
        tables = self._base.tables
        peers, own = self._peers.offsets(tables.vector), self._own.offsets(tables.vector)
        return {**tables.offsets, **peers, **own}


def _standing_entries(facts: list[Fact]) -> list[Fact]:
    """Of these facts the entries that were not given back, each once."""
    entries = {
        movement.mark[1:4] for movement in resolve(facts, {}) if movement.direction is Direction.IN
    }
    unique = {(fact.device, fact.epoch, fact.seq): fact for fact in facts}
    return [fact for identity, fact in unique.items() if identity in entries]


def _facts(
    source: FactSource,
    grant_no: GrantNo | None,
    keys: Iterable[CredentialKey],
    above: Vector,
) -> Iterator[Fact]:
    if grant_no is not None:
        yield from source.of_grant(grant_no, above)
    for key in keys:
        yield from source.of_key(key, above)


def _merged(a: Tallies, b: Tallies) -> Tallies:
    if not b:
        return a
    return {
        zone: merge(a[zone], b[zone]) if zone in a and zone in b else (a.get(zone) or b[zone])
        for zone in a.keys() | b.keys()
    }
