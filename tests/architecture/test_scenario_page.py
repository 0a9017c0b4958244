"""docs/scenarios.md names every scenario of the central, and each test that it names is there."""

from __future__ import annotations

import ast
import re

from support.checkout import ROOT

PAGE = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (S\d\d) \| [^|]+ \| (.+) \|$", PAGE, flags=re.MULTILINE))
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)

OF_THE_CENTRAL = {
    *(f"S{number:02}" for number in (1, *range(3, 15), *range(29, 39), *range(40, 51))),
    *("S52", "S59", "S60", "S63", "S64", "S67", *(f"S{number}" for number in range(70, 86))),
}
"""Those that take a central: by itself, or with gates."""


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_scenario_of_the_central_has_its_row() -> None:
    assert set(ROWS) == OF_THE_CENTRAL


def test_every_row_names_a_test_or_says_why_there_is_none() -> None:
    without = {name: cell for name, cell in ROWS.items() if "::" not in cell}

    assert without == {"S48": "of a later stage", "S79": "of a later stage"}


def test_every_test_that_is_named_is_there() -> None:
    there = {path: functions_of(path) for path, _name in NAMED}

    assert len(NAMED) > len(ROWS)
    assert [(path, name) for path, name in NAMED if name not in there[path]] == []
