"""What a lane of a rehearsal may look at for one scan, gathered from its book and its snapshot.

Law: gathers, decides nothing; the same that `scanner.gathering` finds in a base file and two sources of facts.

Source: docs/decisions.md, "What a decision looks at".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from scanner.core.clock import ClockReading, ClockState
from scanner.core.events import Fact
from scanner.core.fact_book import FactBook, Owner
from scanner.core.freshness import AgeMark
from scanner.core.grants import Gate
from scanner.core.question import (
    Facts,
    GrantFacts,
    Presented,
    SeatEntry,
    UnlistedFacts,
)
from scanner.core.reasons import Reason
from scanner.core.rehearsal_script import Script, ScriptGrant
from scanner.core.rehearsal_site import Known, SiteState, owners_of, scope_of
from scanner.core.tally import EMPTY, Tally, fold, merge, resolve
from scanner.core.units import (
    CredentialKey,
    DeviceId,
    Direction,
    EventNo,
    LaneReadiness,
    ZoneNo,
)

_LOOKED_UP = (None, Reason.CODE_EXPIRED)

Tallies = Mapping[ZoneNo, Tally]


def gather(
    gate: Gate,
    presented: Presented,
    lane: LaneReadiness,
    known: Known,
    script: Script,
    clock: ClockReading,
    device: DeviceId,
    age: AgeMark,
) -> Facts:
    """Everything `decide` may look at; ``device`` is the lane's own, ``age`` the snapshot's."""
    snapshot, book = known
    key = presented.key if presented.problem in _LOOKED_UP else None
    history = _History(book, script, clock, device)
    grants: tuple[ScriptGrant, ...] = ()
    if key is not None:
        grants = snapshot.by_key.get(key, ())
    return Facts(
        gate=gate,
        lane=lane,
        presented=presented,
        snapshot=snapshot.mark,
        age_mark=age,
        is_revoked=key in snapshot.state.revoked,
        is_step_used=key is not None and history.is_step_used(key, presented.step),
        grants=tuple(_grant_facts(grant, snapshot.state, script, history) for grant in grants),
        unlisted=None
        if key is None or grants
        else _unlisted(presented, key, snapshot.state, script, history),
        events=tuple(snapshot.state.events.values()),
        seat_entries=tuple(_seat_entries(grants, presented, snapshot.state, book)),
    )


def _grant_facts(
    grant: ScriptGrant, state: SiteState, script: Script, history: _History
) -> GrantFacts:
    owners = owners_of(grant)
    return GrantFacts(
        grant=grant.grant,
        rule=script.rules[grant.grant.rule_no],
        tallies=history.tallies(owners),
        boot_tallies=history.boot_tallies(owners),
        scope=scope_of(grant.grant.scope_no, state, script),
        exceptions={exception.event_no: exception for exception in grant.exceptions},
    )


def _unlisted(
    presented: Presented,
    key: CredentialKey,
    state: SiteState,
    script: Script,
    history: _History,
) -> UnlistedFacts | None:
    claims = presented.claims
    ticket_type = script.types.get(claims.type_no) if claims is not None else None
    if ticket_type is None:
        return None
    return UnlistedFacts(
        ticket_type=ticket_type,
        rule=script.rules[ticket_type.rule_no],
        tallies=history.tallies([key.hex()]),
        boot_tallies=history.boot_tallies([key.hex()]),
        scope=scope_of(ticket_type.scope_no, state, script),
    )


def _seat_entries(
    grants: Sequence[ScriptGrant], presented: Presented, state: SiteState, book: FactBook
) -> Iterator[SeatEntry]:
    """Entries that stand on any seat that the code may take at any event."""
    for event_no in state.events:
        seats = {_seat_at(event_no, grant) for grant in grants}
        if not grants and presented.claims is not None:
            seats = {presented.claims.seat}
        for seat in seats - {None}:
            for fact in standing_entries(book.on_seat(event_no, seat)):
                yield SeatEntry(event_no, seat or "", fact.grant_no, fact.key)


def _seat_at(event_no: EventNo, grant: ScriptGrant) -> str | None:
    others = (e.seat for e in grant.exceptions if e.event_no == event_no and e.seat is not None)
    return next(others, grant.grant.seat)


def standing_entries(facts: Sequence[Fact]) -> list[Fact]:
    """Of these facts the entries that were not given back."""
    entries = {
        movement.mark[1:4] for movement in resolve(facts, {}) if movement.direction is Direction.IN
    }
    return [fact for fact in facts if (fact.device, fact.epoch, fact.seq) in entries]


class _History:
    """Counts of grants and keys, as one lane knows them at one reading of its clock."""

    def __init__(
        self, book: FactBook, script: Script, clock: ClockReading, device: DeviceId
    ) -> None:
        self._book = book
        self._calendar = script.policy.calendar
        self._clock = clock
        self._device = device

    def tallies(self, owners: Iterable[Owner]) -> Tallies:
        """Everything counted, by zone."""
        counted: dict[ZoneNo, Tally] = {}
        for owner in owners:
            for zone_no, tally in self._book.tallies(owner).items():
                counted[zone_no] = merge(counted.get(zone_no, EMPTY), tally)
        return counted

    def boot_tallies(self, owners: Iterable[Owner]) -> Tallies:
        """This boot's own, while the clock is untrusted."""
        if self._clock.state is not ClockState.UNTRUSTED:
            return {}
        facts = (fact for owner in owners for fact in self._book.of(owner))
        of_boot = (fact for fact in facts if fact.boot == self._clock.boot)
        return fold({}, resolve(of_boot, {}), self._calendar)

    def is_step_used(self, key: CredentialKey, step: int | None) -> bool:
        """True when an entry at this lane used the step of a rotating code."""
        if step is None:
            return False
        used = standing_entries(self._book.of_step(key, step))
        return any(fact.device == self._device for fact in used)
