"""The stories of docs/rehearsal.md hold, both ways through."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.rehearse_command import rehearse
from support.checkout import ROOT

STORIES = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/rehearsal.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("through", ["core", "gate"])
@pytest.mark.parametrize("number", range(3))
def test_a_story_of_the_page_is_as_it_says(tmp_path: Path, number: int, through: str) -> None:
    file = tmp_path / "story.toml"
    file.write_text(STORIES[number], encoding="utf-8")
    done = CliRunner().invoke(rehearse, [str(file), "--through", through])
    assert done.exit_code == 0, done.output


def test_a_wrong_expectation_shows_the_trace(tmp_path: Path) -> None:
    file = tmp_path / "story.toml"
    file.write_text(STORIES[0].replace("remaining = 1", "remaining = 7"), encoding="utf-8")
    done = CliRunner().invoke(rehearse, [str(file)])
    assert done.exit_code == 1
    assert "remaining: expected 7, got 1" in done.output
    assert "limit_total" in done.output
