"""A story that expects something else than what happens is told so."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from scanner.commands.rehearse_command import rehearse
from support.checkout import ROOT


def rehearsed_with(tmp_path: Path, story: str, old: str, new: str) -> Result:
    text = (ROOT / "tests/scenario" / story).read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "story.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    return CliRunner().invoke(rehearse, [str(file)])


def test_a_wrong_count_is_told(tmp_path: Path) -> None:
    done = rehearsed_with(tmp_path, "rules/edges_of_a_story.toml", "late = 1 }", "late = 5 }")
    assert done.exit_code == 1
    assert "expected 5, got 1" in done.output


def test_a_wrong_answer_is_told(tmp_path: Path) -> None:
    done = rehearsed_with(tmp_path, "S09.toml", 'reason = "EXPIRED"', 'reason = "USED"')
    assert done.exit_code == 1
    assert "expected USED, got EXPIRED" in done.output
