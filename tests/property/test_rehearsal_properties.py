"""Any story, told to the pure rules and to whole gates, is answered the same; in contact no limit is exceeded."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.rehearsal import Report, run, shown_answer
from scanner.rehearsing.rehearsal_file import parse_script
from scanner.rehearsing.rehearsal_gate import run_through_gate
from support.examples import examples
from support.stories import GATES, RULES, STEPS, scans, story


def answers(report: Report) -> list[object]:
    return [(shown_answer(one.answered, report.script), one.counts) for one in report.steps]


@examples(0.4)
@given(st.sampled_from(RULES), st.sampled_from(["accept", "action", "decline"]), STEPS)
def test_both_ways_answer_the_same(
    rule: str, clock_policy: str, steps: list[tuple[int, dict[str, Any]]]
) -> None:
    steps = [*steps, (1, {"do": "join", "gates": list(GATES)}), (1, {"do": "expect"})]
    script = parse_script("story.toml", story(rule, clock_policy, steps))

    assert answers(run_through_gate(script)) == answers(run(script))


@examples(0.75)
@given(
    st.sampled_from(RULES[:2]),
    st.lists(st.tuples(st.integers(0, 90), scans()), min_size=6, max_size=16),
)
def test_in_contact_no_limit_is_exceeded_but_by_force(
    rule: str, steps: list[tuple[int, dict[str, Any]]]
) -> None:
    unforced = [(wait, {**step, "override": "accept"}) for wait, step in steps]
    script = parse_script("story.toml", story(rule, "accept", [*unforced, (1, {"do": "expect"})]))
    counts = run(script).steps[-1].counts

    assert counts is not None
    assert set(counts.overuse.values()) == {0}


@examples(0.75)
@given(
    st.sampled_from(RULES),
    st.lists(st.tuples(st.integers(0, 90), scans()), min_size=6, max_size=16),
    st.permutations(GATES),
)
def test_whoever_joins_first_the_counts_are_the_same(
    rule: str, steps: list[tuple[int, dict[str, Any]]], order: list[str]
) -> None:
    def counted(joins: list[str]) -> object:
        cut = (0, {"do": "cut", "gates": list(GATES)})
        joined = [(1, {"do": "join", "gates": [gate]}) for gate in joins]
        text = story(rule, "accept", [cut, *steps, *joined, (1, {"do": "expect"})])
        return run(parse_script("story.toml", text)).steps[-1].counts

    assert counted(order) == counted(list(GATES))
