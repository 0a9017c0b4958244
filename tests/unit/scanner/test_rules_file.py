"""A file of other rules: what replaces what, and every place that is wrong."""

from __future__ import annotations

import re

import pytest

from scanner.core.errors import InputError
from scanner.core.units import EventNo, GateNo, RuleNo, TypeNo, ZoneNo
from scanner.rehearsing.rules_file import AS_RECORDED, EVERY, OtherRules, parse_rules
from support.checkout import ROOT

(EXAMPLE,) = re.findall(
    r"```rules\n(.*?)```", (ROOT / "docs/rehearsal.md").read_text(encoding="utf-8"), re.DOTALL
)


def wrong(text: str) -> str:
    with pytest.raises(InputError) as fault:
        parse_rules("rules.toml", text)
    assert fault.value.code == "rehearsal_file_wrong"
    return fault.value.message


def test_an_empty_file_leaves_everything_as_recorded() -> None:
    assert parse_rules("rules.toml", "") == AS_RECORDED == OtherRules()


def test_the_example_of_the_page_is_read() -> None:
    other = parse_rules("rules.toml", EXAMPLE)

    assert sorted(other.rules) == [1, 3, 4, 5]
    assert other.rules[3].max_per_day == 2
    assert other.rules[4].requires_zone == ZoneNo(2)
    assert other.gates[2].types == {TypeNo(7), TypeNo(8)}
    assert other.policy is None


def test_a_rule_and_a_gate_alone_stand_for_all() -> None:
    other = parse_rules("rules.toml", '[rules.r]\nmax_total = 2\n[gates.g]\ndirection = "both"\n')

    assert other.rules[EVERY].max_total == 2
    assert other.gates[EVERY].direction is None


def test_numbers_are_those_that_are_replaced() -> None:
    text = (
        '[site]\nclock_policy = "decline"\n[gates.g]\nreplaces = 9\n[events.e]\nreplaces = 12\n'
        'from = "2026-08-15T20:00"\nuntil = "2026-08-15T22:00"\n'
    )
    other = parse_rules("rules.toml", text)

    assert other.policy is not None
    assert other.gates[9].gate_no == GateNo(9)
    assert other.events[12].event_no == EventNo(12)
    assert RuleNo(12) not in other.rules


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[rules.a]\n[rules.b]\nreplaces = 1", "rules.a.replaces: is missing"),
        ("[rules.a]\nreplaces = 0", "rules.a.replaces: 0 is not a number of 1 or more"),
        ("[rules.a]\nreplaces = ['x']", "rules.a.replaces: ['x'] is not a number"),
        ("[rules.a]\nreplaces = 1\n[rules.b]\nreplaces = [2, 1]", "1 is replaced by 'a' already"),
        ("[rules.a]\nmax_total = 0", "rules.a.max_total: 0 is not a whole number of 1"),
        ("[rules.a]\nrequires_zone = 'hall'", "zones: 'hall' has no number here"),
        ("[gates.g]\ntypes = ['adult']", "types: 'adult' has no number here"),
        ("[zones]\nhall = 0", "zones.hall: 0 is not a whole number of 1 or more"),
        (
            "[events.e]\nfrom = '2026-08-15T20:00'\nuntil = '2026-08-15T22:00'",
            "events.e.replaces: is missing",
        ),
        ("[[steps]]\nat = 1", "steps: unknown key"),
        ("[rules", "TOML"),
        ("format = 2", "format: 2 is unknown"),
    ],
)
def test_a_mistake_is_named_by_its_place(text: str, place: str) -> None:
    assert place in wrong(text)
