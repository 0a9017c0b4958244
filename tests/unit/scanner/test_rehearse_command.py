"""`portillon rehearse`: exit codes, what is printed, and the examples of its page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scanner.cli import main
from support.checkout import ROOT

GOOD = """title = "Once"
[[grants]]
code = "M-1"
[[steps]]
at = "2025-04-01T10:00"
scan = "M-1"
expect = "SUCCESS"
[[steps]]
at = "2025-04-01T10:05"
scan = "M-1"
expect = "REPEATED"
"""
BAD = GOOD.replace('"REPEATED"', '"SUCCESS"') + 'flags = ["STALE"]\nremaining = 3\nseat = "A"\n'
BROKEN = GOOD + 'gate = "G9"\n'
EXAMPLES = re.findall(
    r"```toml\n(.*?)```", (ROOT / "docs/rehearsal.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    for name, text in (("good", GOOD), ("bad", BAD), ("broken", BROKEN)):
        (tmp_path / f"{name}.toml").write_text(text)
    return {name: str(tmp_path / f"{name}.toml") for name in ("good", "bad", "broken")}


def rehearse(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rehearse", *arguments])


@pytest.mark.parametrize("through", ["core", "gate"])
@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["good"], 0),
        (["bad"], 1),
        (["good", "bad"], 1),
        (["broken"], 2),
        (["broken", "bad", "good"], 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst_file(
    files: dict[str, str], through: str, names: list[str], code: int
) -> None:
    assert rehearse("--through", through, *(files[name] for name in names)).exit_code == code


def test_a_story_that_holds_is_one_line(files: dict[str, str]) -> None:
    assert rehearse(files["good"]).stdout == f"✔ {files['good']}: Once (2 steps)\n"


def test_a_step_that_does_not_hold_is_told_with_its_trace(files: dict[str, str]) -> None:
    told = rehearse(files["bad"]).stdout

    for line in (
        "Once (1 of 2 steps are not as expected)",
        "steps[1] 2025-04-01 10:05 G1 scan 'M-1'",
        "expect: expected SUCCESS, got REPEATED",
        "flags: expected [STALE], got []",
        "remaining: expected 3, got 0",
        "seat: expected A, got nothing",
        "14 limit_total       refuse used 1, limit 1, persons 1 → USED [M-1]",
    ):
        assert line in told


def test_a_wrong_file_is_told_on_standard_error_and_the_others_are_told_all_the_same(
    files: dict[str, str],
) -> None:
    result = rehearse(files["broken"], files["good"])

    place = "steps[1].gate: 'G9' is not a gate of this file (valid: G1)"
    assert result.stderr == f"{files['broken']}: {place}\n"
    assert result.stdout.startswith("✔")


def test_programs_get_every_step_answer_and_trace(files: dict[str, str]) -> None:
    result = rehearse("--format", "json", *files.values())
    good, bad, broken = json.loads(result.stdout)

    assert (good["holds"], bad["holds"], broken["holds"]) == (True, False, False)
    assert good["steps"][1]["answer"] == {
        "expect": "REPEATED",
        "reason": "USED",
        "flags": [],
        "remaining": 0,
        "charged": 0,
        "seat": None,
        "grant": "M-1",
    }
    assert good["steps"][0]["trace"][0]["name"] == "lane"
    assert bad["steps"][1]["misses"][0] == {
        "name": "expect",
        "expected": "SUCCESS",
        "got": "REPEATED",
    }
    assert broken["error"]["code"] == "rehearsal_file_wrong"


def test_both_ways_give_programs_the_same(files: dict[str, str]) -> None:
    def answers(through: str) -> list[Any]:
        (told,) = json.loads(
            rehearse("--through", through, "--format", "json", files["bad"]).stdout
        )
        return [step["answer"] for step in told["steps"]]

    assert answers("gate") == answers("core")


def test_the_page_teaches_with_three_stories() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("through", ["core", "gate"])
@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split('"')[1])
def test_an_example_of_the_page_holds(tmp_path: Path, text: str, through: str) -> None:
    path = tmp_path / "example.toml"
    path.write_text(text, encoding="utf-8")

    result = rehearse("--through", through, str(path))
    assert (result.exit_code, result.stdout[:1]) == (0, "✔"), result.output


def test_what_the_page_shows_of_a_step_that_does_not_hold_is_what_is_printed(
    tmp_path: Path,
) -> None:
    page = (ROOT / "docs/rehearsal.md").read_text(encoding="utf-8")
    shown = page.split("    ✖ ten.toml")[1].split("\n\n")[0].splitlines()[1:]
    path = tmp_path / "ten.toml"
    path.write_text(EXAMPLES[0].replace('"HIGHLIGHTED"', '"SUCCESS"', 1), encoding="utf-8")

    printed = [line.rstrip() for line in rehearse(str(path)).stdout.splitlines()]
    assert [line for line in shown if line[4:].rstrip() not in [*printed, "       …"]] == []


def test_a_count_that_is_not_as_expected_is_named(tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    counts = "used = { M-1 = 2 }\noveruse = { M-1 = 1 }\ninside = { main = 0 }"
    path.write_text(f'{GOOD}[[steps]]\nat = "2025-04-01T11:00"\ndo = "expect"\n{counts}\n')

    result = rehearse(str(path))
    assert result.exit_code == 1
    for line in (
        "used.M-1: expected 2, got 1",
        "overuse.M-1: expected 1, got 0",
        "inside.main: expected 0, got 1",
    ):
        assert line in result.stdout
