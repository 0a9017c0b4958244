"""A story that expects other counts than there are is told so."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from scanner.rehearse_command import rehearse
from support.checkout import ROOT


def test_a_wrong_count_is_told(tmp_path: Path) -> None:
    story = (ROOT / "tests/scenario/rules/edges_of_a_story.toml").read_text(encoding="utf-8")
    file = tmp_path / "story.toml"
    file.write_text(story.replace("late = 1 }", "late = 5 }"), encoding="utf-8")
    done = CliRunner().invoke(rehearse, [str(file)])
    assert done.exit_code == 1
    assert "expected 5, got 1" in done.output
