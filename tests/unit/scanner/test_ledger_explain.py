"""`portillon ledger explain` and `portillon rehearse --ledger`: what is printed, and what is said of a wrong wish."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hardware.simulated import Visitor
from scanner.cli import main
from scanner.core.override import Role, StaffAnswer
from scanner.core.rules import Policy
from support.lanes import LaneRig
from support.ledgers import edit
from support.rights import rule
from support.snapshots import CARD, Site, ticket

TWICE = Site(rules=(rule(max_per_day=2, max_total=10, unlisted=Policy.ACTION),))
FIRST, SECOND, THIRD = 2, 4, 6
"""Rows: before the first stands the clock's offset, behind each entry its passage."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two entries of which one was given back, a third, a refusal, and a question that was answered."""
    folder = tmp_path_factory.mktemp("lane")
    with LaneRig(folder, TWICE) as rig:
        rig.expect(Visitor(), Visitor(persons=0), Visitor(), Visitor())
        for _ in range(4):
            rig.admit(CARD)
        rig.show(ticket())
        rig.lane.override(StaffAnswer.ACCEPT, Role.OPERATOR, "Nadia")
        rig.wait(10_000)
    return folder / "ledger"


def run(*arguments: object, **more: str) -> Result:
    return CliRunner(env={"LC_ALL": "", "LC_MESSAGES": "", "LANG": "C", **more}).invoke(
        main, [*map(str, arguments)]
    )


def explain(folder: Path, seq: int, *more: str) -> str:
    result = run("ledger", "explain", seq, "--ledger", folder, *more)
    assert result.exit_code == 0, result.output
    return result.output


def rows(folder: Path) -> dict[str, int]:
    """The rows of a kind and answer, the last of each."""
    shown = run("ledger", "show", "--ledger", folder, "--json").output.splitlines()
    facts = [json.loads(line)["fact"] for line in shown]
    return {f"{fact['kind']} {fact.get('reason', '')}".strip(): fact["seq"] for fact in facts}


def test_a_refusal_is_told_with_every_check_and_its_values(folder: Path) -> None:
    said = explain(folder, rows(folder)["SCAN LIMIT_DAY"])

    for text in (
        "✖ NO ENTRY  DECLINED LIMIT_DAY  decision",
        "The entries of this business day are used up.",
        "number 100, made 2026-03-10 12:00:00",
        "the arm stayed shut",
        "right: 1, ticket type: 7, rule: 1",
        "Are entries left for this day? ✖ no → LIMIT_DAY (used: 2, limit: 2, persons: 1)",
        "from what was kept: the same",
    ):
        assert text in said


def test_what_became_of_an_entry_is_told(folder: Path) -> None:
    told = [explain(folder, seq) for seq in (FIRST, SECOND)]

    assert f"walked through: persons: 1 (row {FIRST + 1})" in told[0]
    assert f"did not walk through, given back: persons: 1 (row {SECOND + 1})" in told[1]


def test_staffs_answer_is_told_without_their_name(folder: Path) -> None:
    said = explain(folder, rows(folder)["SCAN UNLISTED"])

    assert "the answer was: accept (row" in said
    assert "walked through" in said
    assert "Nadia" not in said


def test_it_is_told_in_french_where_that_is_asked_for(folder: Path) -> None:
    seq = rows(folder)["SCAN LIMIT_DAY"]
    by_environment = run("ledger", "explain", seq, "--ledger", folder, LANG="fr_FR.UTF-8").output

    assert "ENTRÉE REFUSÉE  DECLINED LIMIT_DAY" in by_environment
    assert by_environment == explain(folder, seq, "--lang", "fr")


def test_programs_get_the_same(folder: Path) -> None:
    told = json.loads(explain(folder, rows(folder)["SCAN LIMIT_DAY"], "--json"))

    assert (told["outcome"], told["reason"], told["is_same_again"]) == (
        "DECLINED",
        "LIMIT_DAY",
        True,
    )
    assert told["remaining"] == 8
    assert told["trace"][-1]["values"] == {"used": "2", "limit": "2", "persons": "1"}


def test_it_is_coloured_on_a_terminal_with_words_and_icons(folder: Path) -> None:
    arguments = ["ledger", "explain", str(FIRST), "--ledger", str(folder)]
    said = CliRunner().invoke(main, arguments, color=True).output

    assert "\x1b[32m✔ WELCOME  SUCCESS OK" in said
    assert "\x1b[32m✔ yes\x1b[0m" in said


@pytest.mark.parametrize(
    ("seq", "code"),
    [(1, "ledger_row_no_decision"), (3, "ledger_row_no_decision"), (99, "ledger_row_missing")],
)
def test_a_row_that_cannot_be_explained_is_said_so(folder: Path, seq: int, code: str) -> None:
    result = run("ledger", "explain", seq, "--ledger", folder)

    assert (result.exit_code, code in result.output) == (2, True)


def test_no_ledger_is_said_so(tmp_path: Path) -> None:
    for arguments in (["ledger", "explain", 1], ["rehearse"]):
        result = run(*arguments, "--ledger", tmp_path / "none")
        assert (result.exit_code, "ledger_missing" in result.output) == (2, True)


@pytest.fixture
def worn(tmp_path: Path) -> Path:
    """A ledger whose first decision lost what was kept, and whose second has it broken."""
    with LaneRig(tmp_path, TWICE) as rig:
        for _ in range(3):
            rig.admit(CARD)
    edit(tmp_path / "ledger", f"UPDATE fact SET local = NULL WHERE seq = {FIRST}")
    edit(tmp_path / "ledger", f"UPDATE fact SET local = x'7b7d7d' WHERE seq = {SECOND}")
    return tmp_path / "ledger"


def test_what_was_not_kept_is_not_guessed(worn: Path) -> None:
    said = explain(worn, FIRST)

    assert "not possible: not enough was kept of this decision" in said
    assert "How it was decided" not in said


def test_a_broken_part_is_said_so(worn: Path) -> None:
    result = run("ledger", "explain", SECOND, "--ledger", worn)

    assert (result.exit_code, "local_facts_unreadable" in result.output) == (2, True)


def test_what_cannot_be_tried_again_is_counted(worn: Path) -> None:
    result = run("rehearse", "--ledger", worn)

    assert result.exit_code == 0
    assert "all 1 decisions would have been the same" in result.output
    assert f"2 more could not be tried: not enough was kept (row {FIRST} {SECOND})" in result.output


def test_other_rules_are_tried_on_a_ledger(folder: Path, tmp_path: Path) -> None:
    rules = tmp_path / "once.toml"
    rules.write_text("[rules.once]\nmax_per_day = 1\nmax_total = 10\n")

    result = run("rehearse", "--ledger", folder, "--rules", rules)
    told = json.loads(
        run("rehearse", "--ledger", folder, "--rules", rules, "--format", "json").output
    )

    assert result.exit_code == 1
    assert "✔ SUCCESS OK, charged 1  →  ✖ DECLINED LIMIT_DAY, charged 0" in result.output
    assert told["different"] == sum(group["count"] for group in told["groups"])
    # the first entry stands; of the next, the one that was given back is refused as well
    assert {row for group in told["groups"] for row in group["rows"]} >= {SECOND, THIRD}


def test_as_recorded_nothing_differs(folder: Path) -> None:
    result = run("rehearse", "--ledger", folder)

    assert (result.exit_code, result.output[:1]) == (0, "✔")


@pytest.mark.parametrize(
    "more",
    [["story.toml"], ["--through", "core"]],
)
def test_a_ledger_goes_with_no_stories_and_no_gates(folder: Path, more: list[str]) -> None:
    assert run("rehearse", "--ledger", folder, *more).exit_code == 2


def test_rules_go_with_a_ledger_only(tmp_path: Path) -> None:
    assert run("rehearse", "--rules", tmp_path / "rules.toml").exit_code == 2
    assert run("rehearse").exit_code == 2


def test_a_wrong_file_of_rules_is_told(folder: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[rules.a]\nmax_total = 0\n")

    result = run("rehearse", "--ledger", folder, "--rules", rules)
    assert (result.exit_code, "rules.a.max_total" in result.output) == (2, True)
