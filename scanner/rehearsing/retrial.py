"""The recorded scans of a lane tried again under other rules, one after the other, each by what came before it.

Law: pure. An entry that is refused now counts for nobody later, and one that is admitted now does. As long as nothing
differs for a right, its counts are the recorded ones; from then on they are those of its first recorded scan, this
lane's facts since as they come out now, and whatever the recorded counts show of other lanes. People act as they did;
who is admitted anew walks through, and a question that nobody was asked admits nobody.

Source: docs/rehearsal.md, "From the ledger".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from scanner.core.answer import Decision
from scanner.core.calendar import SiteCalendar
from scanner.core.errors import InputError
from scanner.core.events import Fact, FactKind, Identity
from scanner.core.fact_book import FactBook, Owner
from scanner.core.lane_facts import scanned
from scanner.core.override import OverrideProblem, Role, StaffAnswer, apply_override
from scanner.core.question import Facts, SeatEntry
from scanner.core.tally import Mark, Movement, Offsets, fold, resolve
from scanner.core.units import BootId, Direction, EventNo, Seq
from scanner.news import Tallies, merged, news_of
from scanner.records.recorded import DECIDED, NotKept, Recorded, is_same, parse_recorded


class Kept(NamedTuple):
    """A row of the ledger: its fact and what the gate kept beside it."""

    fact: Fact
    local: bytes | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A scan that would have been decided differently. ``charged`` is what it costs now if it opens."""

    fact: Fact
    decision: Decision
    charged: int


@dataclass(slots=True)
class Retrial:
    """What came of it. ``not_kept``: decisions of which too little was kept; they stay as they were."""

    decided: int = 0
    not_kept: list[Seq] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


class _First(NamedTuple):
    """The first sight of a right: everything counted before it."""

    seq: Seq
    tallies: Tallies
    boot: BootId
    boot_tallies: Tallies


def retry(rows: Iterable[Kept], put: Callable[[Recorded], Recorded]) -> Retrial:
    """Try every decision again; ``put`` puts the other rules in place of the recorded ones."""
    court = _Court(put)
    for row in rows:
        court.hear(row)
    return court.retrial


class _Court:
    """What was, and what would have been."""

    def __init__(self, put: Callable[[Recorded], Recorded]) -> None:
        self._put = put
        self.retrial = Retrial()
        # counting is done here by right and calendar; the books only find facts again
        calendar = SiteCalendar("UTC")
        self._then, self._now = FactBook(calendar), FactBook(calendar)
        self._firsts: dict[Owner, _First] = {}
        self._decisions: dict[Seq, Decision] = {}

    def hear(self, row: Kept) -> None:
        """One row of the ledger."""
        fact = row.fact
        if fact.kind in DECIDED:
            self._book(fact, self._retried(row))
        elif fact.kind is FactKind.OVERRIDE and fact.refers_to in self._decisions:
            self._book(fact, _answered(fact, self._decisions[fact.refers_to]))
        else:
            self._book(fact, fact)

    def _book(self, then: Fact, now: Fact) -> None:
        self._then.add((then,))
        self._now.add((now,))

    def _retried(self, row: Kept) -> Fact:
        fact = row.fact
        self.retrial.decided += 1
        try:
            recorded = parse_recorded(fact, row.local)
        except InputError:
            recorded = NotKept(fact)
        if isinstance(recorded, NotKept):
            self.retrial.not_kept.append(fact.seq)
            return fact
        now = self._put(replace(recorded, facts=self._as_counted_now(recorded)))
        decision = now.decide()
        self._decisions[fact.seq] = decision
        anew = _recorded_anew(fact, now, decision)
        if not is_same(fact, decision, anew.charged):
            self.retrial.differences.append(Difference(fact, decision, anew.charged))
        return anew

    # --- what had been counted by then -----------------------------------------------------------

    def _as_counted_now(self, recorded: Recorded) -> Facts:
        facts, key = recorded.facts, recorded.fact.key
        grants = tuple(
            replace(one, tallies=tallies, boot_tallies=boot)
            for one in facts.grants
            for tallies, boot in [
                self._counts(recorded, one.grant.grant_no, one.tallies, one.boot_tallies)
            ]
        )
        unlisted = facts.unlisted
        if unlisted is not None and key is not None:
            tallies, boot = self._counts(recorded, key, unlisted.tallies, unlisted.boot_tallies)
            unlisted = replace(unlisted, tallies=tallies, boot_tallies=boot)
        return replace(
            facts,
            grants=grants,
            unlisted=unlisted,
            is_step_used=self._is_step_used(recorded),
            seat_entries=tuple(self._seat_entries(facts)),
        )

    def _counts(
        self, recorded: Recorded, owner: Owner, tallies: Tallies, boot_tallies: Tallies
    ) -> tuple[Tallies, Tallies]:
        fact, key = recorded.fact, recorded.fact.key or ""
        seen = self._firsts.get(owner) or self._firsts.get(key)
        first = seen or _First(fact.seq, tallies, fact.boot, boot_tallies)
        self._firsts.setdefault(owner, first)
        offsets = self._then.offsets
        then = self._movements(self._then, first, owner, key, offsets)
        now = self._movements(self._now, first, owner, key, offsets)
        if then == now:
            return tallies, boot_tallies
        calendar = recorded.policy.calendar
        news = news_of(tallies, fold(first.tallies, then, calendar), _marks(then))
        counted = merged(fold(first.tallies, now, calendar), news)
        before = first.boot_tallies if first.boot == fact.boot else {}
        of_boot = [movement for movement in now if movement.mark.boot == fact.boot]
        return counted, fold(before, of_boot, calendar)

    @staticmethod
    def _movements(
        book: FactBook, first: _First, owner: Owner, key: str, offsets: Offsets
    ) -> tuple[Movement, ...]:
        facts = (*book.of(owner), *(book.of(key) if owner != key else ()))
        return resolve((fact for fact in facts if fact.seq >= first.seq), offsets)

    def _is_step_used(self, recorded: Recorded) -> bool:
        presented = recorded.facts.presented
        if presented.key is None or presented.step is None:
            return recorded.facts.is_step_used
        then = _standing(self._then.of_step(presented.key, presented.step))
        now = _standing(self._now.of_step(presented.key, presented.step))
        return recorded.facts.is_step_used if then.keys() == now.keys() else bool(now)

    def _seat_entries(self, facts: Facts) -> Iterator[SeatEntry]:
        """Who sits there, without those who are refused now and with those who are not."""
        left = list(facts.seat_entries)
        for event_no, seat in _places(facts):
            then = _standing(self._then.on_seat(event_no, seat))
            now = _standing(self._now.on_seat(event_no, seat))
            for identity in then.keys() - now.keys():
                gone = _seated(then[identity], facts)
                if gone in left:
                    left.remove(gone)
            left += [_seated(now[one], facts) for one in sorted(now.keys() - then.keys())]
        yield from left


def _recorded_anew(fact: Fact, now: Recorded, decision: Decision) -> Fact:
    return scanned(
        decision,
        now.facts.presented,
        Identity(fact.device, fact.epoch, fact.seq),
        now.clock,
        now.facts.gate,
        now.scan.direction,
        is_watched=False,
    )


def _answered(fact: Fact, decision: Decision) -> Fact:
    """Staff's recorded answer to what is decided now: an answer to what is not asked any more does nothing."""
    answer = StaffAnswer(fact.note or "")
    override = apply_override(decision, answer, Role.SUPERVISOR)
    if answer is StaffAnswer.FORCE and override.problem is OverrideProblem.NOT_REFUSED:
        override = apply_override(decision, StaffAnswer.ACCEPT, Role.SUPERVISOR)
    movement = None if override.problem else override.movement
    return replace(
        fact,
        movement=movement,
        charged=override.charged if movement else 0,
        grant_no=decision.grant_no,
        event_no=decision.event_no,
        seat=decision.seat,
    )


def _marks(movements: Iterable[Movement]) -> frozenset[Mark]:
    return frozenset(movement.mark for movement in movements)


def _standing(facts: Iterable[Fact]) -> Mapping[Identity, Fact]:
    """Of these facts the entries that were not given back."""
    facts = tuple(facts)
    entries = {Identity(*m.mark[1:4]) for m in resolve(facts, {}) if m.direction is Direction.IN}
    unique = {Identity(fact.device, fact.epoch, fact.seq): fact for fact in facts}
    return {identity: unique[identity] for identity in entries}


def _places(facts: Facts) -> Iterator[tuple[EventNo, str]]:
    """The seats that this code may take at the events that are open."""
    claims = facts.presented.claims
    for event in facts.events:
        exceptions = [grant.exceptions.get(event.event_no) for grant in facts.grants]
        own = {grant.grant.seat for grant in facts.grants}
        own |= {exception.seat for exception in exceptions if exception is not None}
        own |= {claims.seat} if claims is not None and not facts.grants else set()
        yield from ((event.event_no, seat) for seat in sorted(seat for seat in own if seat))


def _seated(fact: Fact, facts: Facts) -> SeatEntry:
    """An entry on a seat as `scanner.records.recorded` gives it: its key only where it is the one that is shown."""
    key = facts.presented.key
    is_own = key is not None and fact.key == key.hex()
    assert fact.event_no is not None  # noqa: S101 - found under its seat at its event
    assert fact.seat is not None  # noqa: S101
    return SeatEntry(fact.event_no, fact.seat, fact.grant_no, fact.key if is_own else None)
