"""A book of facts: what one party (a lane, the central) has heard of, kept so that counting is never begun anew.

Law: the same counts as folding the full list, whatever the order of arrival; a fact is taken once. Facts with a grant
are kept under its number, facts without under their key. A give-back or a clock correction that reaches what was folded
already folds its owner anew.

Source: docs/decisions.md, "Counting".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scanner.core.calendar import SiteCalendar
from scanner.core.events import Fact, FactKind, Identity
from scanner.core.tally import Mark, Offsets, Tally, fold, resolve
from scanner.core.units import (
    BootId,
    CredentialKey,
    DeviceId,
    Direction,
    EventNo,
    GrantNo,
    Seq,
    ZoneNo,
)

Owner = GrantNo | str
"""A grant's number, or in hex the key of a code that had none."""


_Place = tuple[EventNo, str | None] | tuple[str, int]


@dataclass(slots=True)
class _Account:
    """One owner's facts; ``tallies`` are of all but ``unfolded``, None = of none."""

    facts: list[Fact] = field(default_factory=list)
    unfolded: list[Fact] = field(default_factory=list)
    tallies: Mapping[ZoneNo, Tally] | None = None


class FactBook:
    """Facts by what they count for."""

    def __init__(self, calendar: SiteCalendar) -> None:
        self._calendar = calendar
        self._facts: dict[Identity, Fact] = {}
        self._accounts: dict[Owner, _Account] = {}
        self._places: dict[_Place, list[Fact]] = {}
        self._early: dict[Identity, list[Fact]] = {}
        self._given_back: Counter[Identity] = Counter()
        self._offsets: dict[tuple[DeviceId, BootId], tuple[Seq, int]] = {}

    def copy(self) -> FactBook:
        """A book of its own that knows the same."""
        other = FactBook(self._calendar)
        other._facts = dict(self._facts)
        other._accounts = {
            owner: _Account(list(one.facts), list(one.unfolded), one.tallies)
            for owner, one in self._accounts.items()
        }
        other._early = {entry: list(facts) for entry, facts in self._early.items()}
        other._given_back = Counter(self._given_back)
        other._places = {place: list(facts) for place, facts in self._places.items()}
        other._offsets = dict(self._offsets)
        return other

    def add(self, facts: Iterable[Fact]) -> None:
        """Take note of facts; those that are known already change nothing."""
        for fact in facts:
            identity = Identity(fact.device, fact.epoch, fact.seq)
            if identity not in self._facts:
                self._facts[identity] = fact
                self._file(fact)

    def all(self) -> tuple[Fact, ...]:
        """Every fact, in the order in which it was heard of."""
        return tuple(self._facts.values())

    def of(self, owner: Owner) -> tuple[Fact, ...]:
        """Entries, exits and give-backs of an owner."""
        account = self._accounts.get(owner)
        return () if account is None else tuple(account.facts)

    def on_seat(self, event_no: EventNo, seat: str | None) -> tuple[Fact, ...]:
        """Entries on a seat at an event, and their give-backs."""
        return tuple(self._places.get((event_no, seat), ()))

    def of_step(self, key: CredentialKey, step: int) -> tuple[Fact, ...]:
        """Entries by a rotating code's time step, and their give-backs."""
        return tuple(self._places.get((key.hex(), step), ()))

    def owners(self) -> tuple[Owner, ...]:
        """Everybody with facts."""
        return tuple(self._accounts)

    def tallies(self, owner: Owner) -> Mapping[ZoneNo, Tally]:
        """The owner's counts by zone."""
        account = self._accounts.get(owner)
        if account is None:
            return {}
        if account.tallies is None:
            account.tallies = self._folded({}, account.facts)
        elif account.unfolded:
            account.tallies = self._folded(account.tallies, account.unfolded)
        account.unfolded.clear()
        return account.tallies

    def entry_at(self, mark: Mark) -> tuple[ZoneNo, int]:
        """Where an entry that stands led, and how many persons walked in."""
        identity = Identity(*mark[1:4])
        fact = self._facts[identity]
        return fact.zone_no, fact.persons - self._given_back[identity]

    @property
    def offsets(self) -> Offsets:
        """The newest clock correction of each boot."""
        return {boot: offset for boot, (_seq, offset) in self._offsets.items()}

    def _folded(
        self, base: Mapping[ZoneNo, Tally], facts: Iterable[Fact]
    ) -> Mapping[ZoneNo, Tally]:
        return fold(base, resolve(facts, self.offsets), self._calendar)

    def _file(self, fact: Fact) -> None:
        if fact.kind is FactKind.CLOCK_OFFSET and fact.offset_ms is not None:
            self._correct(fact, fact.offset_ms)
        elif fact.kind is FactKind.NOT_PASSED and fact.refers_to is not None:
            self._give_back(fact, Identity(fact.device, fact.epoch, fact.refers_to))
        elif fact.movement is not None:
            self._enter(fact)

    def _enter(self, fact: Fact) -> None:
        account = self._accounts.setdefault(_owner_of(fact), _Account(tallies={}))
        account.facts.append(fact)
        account.unfolded.append(fact)
        for place in _places_of(fact):
            self._places.setdefault(place, []).append(fact)
        entry = Identity(fact.device, fact.epoch, fact.seq)
        for back in self._early.pop(entry, ()):
            self._give_back(back, entry)

    def _give_back(self, fact: Fact, of: Identity) -> None:
        entry = self._facts.get(of)
        if entry is None:
            self._early.setdefault(of, []).append(fact)
            return
        self._given_back[of] += fact.persons
        account = self._accounts[_owner_of(entry)]
        if entry not in account.unfolded:
            account.tallies = None
        account.facts.append(fact)
        account.unfolded.append(fact)
        for place in _places_of(entry):
            self._places[place].append(fact)

    def _correct(self, fact: Fact, offset_ms: int) -> None:
        boot = (fact.device, fact.boot)
        known = self._offsets.get(boot)
        if known is not None and known[0] > fact.seq:
            return
        self._offsets[boot] = (fact.seq, offset_ms)
        for account in self._accounts.values():
            if any((one.device, one.boot) == boot for one in account.facts):
                account.tallies = None


def _owner_of(fact: Fact) -> Owner:
    return fact.grant_no if fact.grant_no is not None else (fact.key or "")


def _places_of(fact: Fact) -> Iterator[_Place]:
    """What an entry takes that nobody else may have: a seat at an event, a step of a rotating code."""
    if fact.movement is Direction.IN:
        if fact.seat is not None and fact.event_no is not None:
            yield fact.event_no, fact.seat
        if fact.key is not None and fact.step is not None:
            yield fact.key, fact.step
