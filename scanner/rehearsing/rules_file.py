"""A file of other rules: what of a site is to be put in place of what a ledger was recorded under.

Law: the tables of a rehearsal file, read by the same reader, without grants and steps. Nothing is matched by guess: a
table that stands for something of the central says its number (``replaces``), or is the only one of its kind and stands
for all; zones and ticket types have the numbers that the file gives them. What no table replaces stays as recorded.

Source: docs/rehearsal.md, "From the ledger".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from scanner.core.grants import Event, Gate
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.units import EventNo, GateNo, TypeNo, ZoneNo
from scanner.records.recorded import Recorded, with_rules
from scanner.rehearsing.rehearsal_fields import Problems, Table, shown
from scanner.rehearsing.rehearsal_file import FileReader, load_text, parse_toml
from scanner.rehearsing.rehearsal_grants import DEFAULT_RULE, GrantReader, Names

Value = TypeVar("Value")

EVERY = 0
"""Stands for whatever no other table replaces."""

_AS_RECORDED = ZoneNo(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRules:
    """What is put in place of what was, by the central's numbers. ``policy`` None = as recorded."""

    title: str = ""
    policy: SitePolicy | None = None
    rules: Mapping[int, ScanRule] = field(default_factory=dict)
    gates: Mapping[int, Gate] = field(default_factory=dict)
    events: Mapping[int, Event] = field(default_factory=dict)

    def put(self, recorded: Recorded) -> Recorded:
        """The same question under these rules."""
        changed = with_rules(recorded, self._rule)
        facts = replace(
            changed.facts,
            gate=self._gate(changed.facts.gate),
            events=tuple(self.events.get(e.event_no, e) for e in changed.facts.events),
        )
        return replace(changed, facts=facts, policy=self.policy or changed.policy)

    def _rule(self, rule: ScanRule) -> ScanRule:
        other = self.rules.get(rule.rule_no) or self.rules.get(EVERY)
        return rule if other is None else replace(other, rule_no=rule.rule_no)

    def _gate(self, gate: Gate) -> Gate:
        other = self.gates.get(gate.gate_no) or self.gates.get(EVERY)
        if other is None:
            return gate
        zone_no = gate.zone_no if other.zone_no == _AS_RECORDED else other.zone_no
        return replace(other, gate_no=gate.gate_no, zone_no=zone_no)


AS_RECORDED = OtherRules()
"""Nothing is replaced: every decision must come out as it was."""


def load_rules(path: Path) -> OtherRules:
    """Read one file.

    Raises:
        InputError: ``rehearsal_file_unreadable`` or ``rehearsal_file_wrong``.
    """
    return parse_rules(str(path), load_text(path))


def parse_rules(name: str, text: str) -> OtherRules:
    """The rules of a file's text; ``name`` is what errors call it.

    Raises:
        InputError: ``rehearsal_file_wrong``.
    """
    problems = Problems(name)
    top = Table("", parse_toml(text, problems), problems)
    rules = _Reader(top, _numbered(top)).other_rules()
    problems.raise_any()
    return rules


def _numbered(top: Table) -> Names:
    """The zones and types that the file gives numbers."""
    zones, types = top.table("zones"), top.table("types")
    return Names(
        zones={"": _AS_RECORDED} | {name: ZoneNo(zones.number(name, 1, 1)) for name in zones.keys},
        other_types={name: TypeNo(types.number(name, 1, 1)) for name in types.keys},
    )


class _Reader(FileReader):
    """The same tables with the numbers of what they replace."""

    default_zone = ""

    def __init__(self, top: Table, names: Names) -> None:
        super().__init__(top, names)
        self._given = frozenset(names.zones), frozenset(names.other_types)

    def other_rules(self) -> OtherRules:
        """All that the file says."""
        top = self._top
        title = self.title()
        policy = self.policy(top.table("site"))
        gates, gate_numbers = self._parted("gates", may_stand_alone=True)
        rules, rule_numbers = self._parted("rules", may_stand_alone=True)
        events, event_numbers = self._parted("events", may_stand_alone=False)
        named = self.rules(rules)
        named.pop(DEFAULT_RULE)
        lanes = self.gates(gates) if gate_numbers else {}
        happenings = GrantReader(policy.calendar, self._names, {}).events(events)
        finished = {name: self.finished(gate, types).gate for name, (gate, types) in lanes.items()}
        self._refuse_unnumbered()
        top.close()
        return OtherRules(
            title=title,
            policy=policy if "site" in top else None,
            rules=_by_number(rule_numbers, named, lambda rule, _no: rule),
            gates=_by_number(
                gate_numbers, finished, lambda gate, no: replace(gate, gate_no=GateNo(no))
            ),
            events=_by_number(
                event_numbers,
                dict(zip(self._names.events, happenings.values(), strict=True)),
                lambda event, no: replace(event, event_no=EventNo(no)),
            ),
        )

    def _parted(self, kind: str, *, may_stand_alone: bool) -> tuple[Table, Mapping[str, list[int]]]:
        """The tables of a kind without ``replaces``, and what it says in each."""
        table = self._top.table(kind)
        bare, numbers = {}, {}
        for name in table.keys:
            one = table.table(name)
            numbers[name] = self._replaced(one)
            bare[name] = {key: value for key, value in one.values.items() if key != "replaces"}
        is_alone = may_stand_alone and len(numbers) == 1
        for name, found in numbers.items():
            if not found and is_alone:
                numbers[name] = [EVERY]
            elif not found:
                table.table(name).wrong(
                    "replaces", "is missing (the central's number, see `portillon ledger explain`)"
                )
        _refuse_twice(table, numbers)
        return Table(table.place, bare, table.problems), numbers

    def _replaced(self, table: Table) -> list[int]:
        """One number or several."""
        value = table.raw("replaces")
        numbers = value if isinstance(value, list) else [] if value is None else [value]
        good = [n for n in numbers if isinstance(n, int) and not isinstance(n, bool) and n > 0]
        if len(good) < len(numbers):
            table.wrong(
                "replaces", f"{shown(value)} is not a number of 1 or more, or a list of them"
            )
        return good

    def _refuse_unnumbered(self) -> None:
        zones, types = self._given
        for kind, names, known in (
            ("zones", self._names.zones, zones),
            ("types", self._names.other_types, types),
        ):
            for name in names:
                if name not in known:
                    self._top.wrong(kind, f"{name!r} has no number here (write `{name} = NUMBER`)")


def _refuse_twice(table: Table, numbers: Mapping[str, list[int]]) -> None:
    first: dict[int, str] = {}
    for name, replaced in numbers.items():
        for number in replaced:
            if number in first:
                table.table(name).wrong(
                    "replaces", f"{number} is replaced by {first[number]!r} already"
                )
            first.setdefault(number, name)


def _by_number(
    numbers: Mapping[str, list[int]],
    values: Mapping[str, Value],
    numbered: Callable[[Value, int], Value],
) -> dict[int, Value]:
    return {
        number: numbered(values[name], number)
        for name, replaced in numbers.items()
        for number in replaced
    }
