"""A rehearsal file (TOML) as a `Script`: everything that is said, with everything that may be left out filled in.

Law: strict and total: a file gives a script or an `InputError` that names every place at fault. Numbers of zones,
types, rules, events and grants are given out in the order of the file. Nothing is read but the file.

Source: docs/rehearsal.md, "The format".
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from scanner.core.calendar import DAY_MINUTES, SiteCalendar, minutes_of
from scanner.core.errors import InputError
from scanner.core.grants import Gate
from scanner.core.rehearsal_script import Script, ScriptGate
from scanner.core.rules import (
    LIMIT_FIELDS,
    CounterScope,
    GraceOutcome,
    HardAgePolicy,
    OverusePolicy,
    Policy,
    ReentryMode,
    ScanRule,
    SitePolicy,
    rule_problems,
)
from scanner.core.units import Direction, GateNo, RuleNo
from scanner.core.windows import Window, parse_window
from scanner.rehearsing.rehearsal_fields import Problems, Table, shown
from scanner.rehearsing.rehearsal_grants import DEFAULT_RULE, GrantReader, Names
from scanner.rehearsing.rehearsal_steps import StepReader

FORMAT = 1
FILE_BYTES = 16 * 1024 * 1024
DEFAULT_ZONE = "Europe/Paris"
DEFAULT_GATE = "G1"
DEFAULT_SITE_ZONE = "main"
UNLIMITED = "unlimited"
ALWAYS = Window(frozenset(range(7)), 0, 1_440)


class _Ways(StrEnum):
    """Which ways a lane is walked."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


def load_script(path: Path) -> Script:
    """Read one file.

    Raises:
        InputError: ``rehearsal_file_unreadable`` or ``rehearsal_file_wrong``.
    """
    return parse_script(str(path), load_text(path))


def load_text(path: Path) -> str:
    """The file's text.

    Raises:
        InputError: ``rehearsal_file_unreadable``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES + 1)
        if len(content) > FILE_BYTES:
            raise InputError(
                "rehearsal_file_unreadable", f"{path}: is larger than {FILE_BYTES} bytes"
            )
        return content.decode("utf-8")
    except OSError as error:
        raise InputError(
            "rehearsal_file_unreadable", f"{path}: cannot be read: {error.strerror}"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            "rehearsal_file_unreadable", f"{path}: is not UTF-8 text (byte {error.start})"
        ) from error


def parse_script(name: str, text: str) -> Script:
    """The script of a file's text; ``name`` is what errors call it.

    Raises:
        InputError: ``rehearsal_file_wrong``.
    """
    problems = Problems(name)
    content = parse_toml(text, problems)
    script = FileReader(Table("", content, problems)).script()
    problems.raise_any()
    return script


def parse_toml(text: str, problems: Problems) -> Mapping[str, Any]:
    """What the text says.

    Raises:
        InputError: ``rehearsal_file_wrong``.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.add("TOML", str(error))
        problems.raise_any()
        raise


class FileReader:
    """One file, read from top to bottom."""

    default_zone = DEFAULT_SITE_ZONE
    """Of a gate that names none."""

    def __init__(self, top: Table, names: Names | None = None) -> None:
        self._top = top
        self._names = Names() if names is None else names
        self._site = SiteCalendar(DEFAULT_ZONE)

    def script(self) -> Script:
        top, names = self._top, self._names
        title, policy = self.title(), self.policy(top.table("site"))
        gates = self.gates(top.table("gates"))
        rules = self.rules(top.table("rules"))
        grants = GrantReader(self._site, names, rules)
        events = grants.events(top.table("events"))
        listed = grants.grants(top.tables("grants"))
        steps = StepReader(self._site, names, gates, grants).steps(top.tables("steps"))
        top.close()
        return Script(
            title=title,
            policy=policy,
            gates={name: self.finished(gate, types) for name, (gate, types) in gates.items()},
            zones=names.zones,
            rules={rule.rule_no: rule for rule in rules.values()},
            types={kind.type_no: kind for kind in names.types.values()},
            scopes={number: events for events, number in names.scopes.items()},
            events=events,
            event_names={number: name for name, number in names.events.items()},
            grants=listed,
            grant_names={one.grant.grant_no: name for name, one in listed.items()},
            steps=steps,
        )

    def title(self) -> str:
        """What the file is called; its format must be ours."""
        top = self._top
        if top.number("format", FORMAT) != FORMAT:
            top.wrong("format", f"{shown(top.raw('format'))} is unknown (valid: {FORMAT})")
        return top.text("title")

    def policy(self, table: Table) -> SitePolicy:
        """The site's settings; what follows is read by its calendar."""
        zone, cutoff = table.text("zone", DEFAULT_ZONE), table.clock_time("day_cutoff", "00:00")
        midnight = table.build("zone", lambda: SiteCalendar(zone), self._site)
        usual = SitePolicy(calendar=midnight)
        policy = SitePolicy(
            calendar=table.build(
                "day_cutoff", lambda: replace(midnight, day_cutoff=cutoff), midnight
            ),
            clock_policy=table.choice("clock_policy", Policy, Policy.ACCEPT),
            soft_age_s=table.number("soft_age_s", usual.soft_age_s),
            hard_age_s=table.number("hard_age_s", usual.hard_age_s),
            hard_age_policy=table.choice("hard_age_policy", HardAgePolicy, HardAgePolicy.CONTINUE),
            grace_outcome=table.choice("grace_outcome", GraceOutcome, GraceOutcome.HIGHLIGHT),
            debounce_s=table.seconds("debounce_s", usual.debounce_s),
            expires_soon_days=table.number("expires_soon_days", usual.expires_soon_days),
        )
        table.close()
        self._site = policy.calendar
        return policy

    def gates(self, table: Table) -> dict[str, tuple[ScriptGate, tuple[str, ...]]]:
        """The lanes with the names of the types that they admit; those get their numbers when all are known."""
        names = tuple(table.keys) or (DEFAULT_GATE,)
        return {
            name: self._gate(table.table(name), name, number)
            for number, name in enumerate(names, start=1)
        }

    def _gate(self, table: Table, name: str, number: int) -> tuple[ScriptGate, tuple[str, ...]]:
        way = table.choice("direction", _Ways, _Ways.IN)
        gate = ScriptGate(
            gate=Gate(
                gate_no=GateNo(number),
                name=name,
                zone_no=self._names.zone(table.text("zone", self.default_zone)),
                direction=None if way is _Ways.BOTH else Direction(way.value),
            ),
            is_watched=table.flag("passage_sensor", default=False),
            has_rtc=table.flag("rtc", default=False),
        )
        types = table.names("types")
        table.close()
        return gate, types

    def finished(self, gate: ScriptGate, types: tuple[str, ...]) -> ScriptGate:
        """The lane with the numbers of the types that it admits."""
        numbers = frozenset(number for name in types for number in self._names.types_called(name))
        return replace(gate, gate=replace(gate.gate, types=numbers))

    def rules(self, table: Table) -> dict[str, ScanRule]:
        """The rules by name, and the plain one."""
        rules = {DEFAULT_RULE: ScanRule()}
        for number, name in enumerate(table.keys, start=1):
            rules[name] = self._rule(table.table(name), RuleNo(number))
        return rules

    def _rule(self, table: Table, number: RuleNo) -> ScanRule:
        limits = {name: _limit(table, name) for name in LIMIT_FIELDS if name != "party_max"}
        if "max_total" not in table:
            limits["max_total"] = 1
        prerequisite = table.text("requires_zone")
        rule = ScanRule(
            rule_no=number,
            **limits,
            consecutive_only=table.flag("consecutive_only", default=False),
            min_interval_s=table.number("min_interval_s", 0),
            reentry_window_s=table.number("reentry_window_s", 0),
            reentry_mode=table.choice("reentry_mode", ReentryMode, ReentryMode.NONE),
            counter_scope=table.choice("counter_scope", CounterScope, CounterScope.GLOBAL),
            requires_zone=self._names.zone(prerequisite) if prerequisite else None,
            windows=tuple(_window(one) for one in table.tables("windows")),
            blackouts=table.dates("blackouts"),
            party_max=table.number("party_max", 1, least=1),
            unlisted=table.choice("unlisted", Policy, Policy.ACCEPT),
            overuse=table.choice("overuse", OverusePolicy, OverusePolicy.FLAG),
        )
        for problem in rule_problems(rule):
            table.problems.add(table.place, problem)
        table.close()
        return rule


def _limit(table: Table, key: str) -> int | None:
    """A limit of at least 1; "unlimited" is none."""
    if table.raw(key) == UNLIMITED:
        return None
    return table.optional_number(key, least=1, hint=f', or "{UNLIMITED}"')


def _window(table: Table) -> Window:
    days = table.texts("days")
    from_, until = table.clock_time("from", "00:00"), table.clock_time("until", "24:00")
    table.require("days")
    table.close()
    if table.values.get("days") == []:
        table.wrong("days", "[] names no day")
    if not days:
        return ALWAYS
    if from_ == until:
        table.wrong("until", f"{until!r} is the start too (a whole day: '00:00' until '24:00')")
        return ALWAYS
    key = "from" if minutes_of(from_) == DAY_MINUTES else "days"
    return table.build(key, lambda: parse_window(days, from_, until), ALWAYS)
