"""The table of failures names tests that are there, some of which always run, and leaves no row of the design out."""

from __future__ import annotations

import ast
import re

from support.checkout import ROOT

PAGE = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (`[^|]+`) \|$", PAGE, flags=re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
OF_THE_DESIGN = (
    *("killed with a relay on", "hangs", "between record and pulse", "stuck", "dead"),
    *("camera is gone", "camera stalls", "covered", "scanner is gone", "cut short"),
    *(
        "clock is wrong",
        "battery clock is wrong",
        "clock jumps",
        "key is lost",
        "disk is full",
        "read-only",
        "an error",
    ),
    *("ledger is damaged", "snapshot is damaged", "fire", "second gate"),
)


def functions_of(path: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def is_always_run(test: ast.FunctionDef) -> bool:
    return not any("skip" in ast.unparse(mark) for mark in test.decorator_list)


def test_every_failure_of_the_design_has_a_row() -> None:
    failures = [failure for failure, _, _ in ROWS]
    assert [named for named in OF_THE_DESIGN if not any(named in f for f in failures)] == []
    assert len(ROWS) == len(set(failures)) == PAGE.count("\n| ") - 2


def test_every_row_is_shown_by_tests_that_are_there() -> None:
    named = [found for *_, shown_by in ROWS for found in NAMED.findall(shown_by)]
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []


def test_in_every_row_one_test_runs_on_any_machine() -> None:
    """Some need a mount of their own, which a container may forbid."""
    lacking = [
        failure
        for failure, _, shown_by in ROWS
        if not any(
            is_always_run(functions_of(path)[name]) for path, name in NAMED.findall(shown_by)
        )
    ]
    assert lacking == []
