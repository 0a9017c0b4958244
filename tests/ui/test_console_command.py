"""`portillon-console` where it cannot draw."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ui.cli import main


@pytest.mark.parametrize("words", [(), ("--lane",), ("--setup",)])
def test_without_a_terminal_it_says_so_and_draws_nothing(words: tuple[str, ...]) -> None:
    ended = CliRunner().invoke(main, list(words))

    assert ended.exit_code == 2
    assert "needs a terminal" in ended.output
    assert "portillon lane status --json" in ended.output
