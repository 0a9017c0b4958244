"""Every story of this folder, told to the pure rules and to whole gates: both hold, and both answer the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.core.rehearsal import Report, run, shown_answer
from scanner.rehearsing.rehearsal_file import load_script
from scanner.rehearsing.rehearsal_gate import run_through_gate
from scanner.rehearsing.rehearsal_text import text_of

HERE = Path(__file__).parent
FILES = sorted(HERE.rglob("*.toml"))

LEFT_OUT = {
    "S48": "leases are of a later stage",
    "S53": "an interrupted delta: tests/integration/test_cache_crashes.py",
    "S54": "a false snapshot: tests/unit/sync/test_trust.py",
    "S62": "a stolen database: a scan of every column, not a story",
    "S63": "erasure of a customer: the central's",
    "S66": "a million grants: benchmarks/",
}
"""Scenarios of a gate that a story cannot tell, and where they are told instead."""

GATE_SCENARIOS = {
    *("S02", "S09", "S10", "S15", "S16", "S17", "S18", "S19", "S20", "S21", "S22", "S23"),
    *("S24", "S25", "S26", "S27", "S28", "S29", "S38", "S39", "S40", "S47", "S48", "S49"),
    *("S51", "S52", "S53", "S54", "S55", "S56", "S57", "S58", "S59", "S61", "S62", "S63"),
    *("S65", "S66", "S68", "S69", "S70", "S71", "S72", "S80", "S82"),
}


def answers(report: Report) -> list[object]:
    return [(shown_answer(one.answered, report.script), one.counts) for one in report.steps]


def traces(report: Report) -> list[object]:
    """What was found, without instants (a lane's snapshot and boot differ in nothing that is told)."""
    return [
        [(line.step, line.name, line.verdict, line.reason) for line in one.answered.decision.trace]
        for one in report.steps
        if one.answered is not None
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HERE)))
def test_a_story_holds_both_ways_and_both_agree(path: Path) -> None:
    script = load_script(path)
    pure, whole = run(script), run_through_gate(script)

    assert pure.holds, text_of(path.name, pure)
    assert whole.holds, text_of(path.name, whole)
    assert answers(whole) == answers(pure)
    assert traces(whole) == traces(pure)


def test_every_scenario_of_a_gate_is_told_or_left_out_for_a_reason() -> None:
    told = {path.stem.partition("-")[0] for path in HERE.glob("S*.toml")}

    assert told | LEFT_OUT.keys() == GATE_SCENARIOS
    assert not told & LEFT_OUT.keys()


def test_a_file_says_what_it_is_about() -> None:
    assert [path.name for path in FILES if not load_script(path).title] == []
