"""docs/model-a.md, typed as it stands: its commands do what the page says."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from server_stub.cli import main

PAGE = Path(__file__).resolve().parents[3] / "docs" / "model-a.md"
PROGRAM = "portillon-central "


def run(folder: Path, *words: str) -> str:
    result = CliRunner().invoke(main, words, env={"PORTILLON_CENTRAL_DIR": str(folder)})
    assert result.exit_code == 0, (words, result.output)
    return result.stdout


def commands() -> list[list[str]]:
    """The lines of the page that a reader types."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    typed = [line.strip() for line in lines if line.startswith("    " + PROGRAM)]
    return [shlex.split(line.removeprefix(PROGRAM)) for line in typed]


def test_a_reader_who_types_the_page_has_a_member_who_pays_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "central"
    monkeypatch.chdir(tmp_path)
    sold: list[Any] = []
    for words in commands():
        said = run(folder, *words, *(["--json"] if words[0] == "sell" else []))
        if words[0] == "sell":
            sold.append(json.loads(said))
    (tag,) = json.loads(run(folder, "customer", "tags", "--json"))

    assert [one["total_minor"] for one in sold] == [8_200, 7_500]
    assert (tag["tag"], tag["email"]) == ("Membre 2025", "ann@example.org")
    assert tag["expires_at"] == sold[0]["valid_until"]

    explained = run(folder, "order", "show", sold[1]["order_id"])
    assert "5.00 EUR Members' tenth" in explained
    assert "total 75.00 EUR" in explained

    run(folder, "order", "refund", sold[0]["order_id"])
    assert json.loads(run(folder, "customer", "tags", "--json")) == []
