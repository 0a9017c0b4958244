"""docs/model-c.md is true: every command on it is run, in order, while the year passes (S85)."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server_stub.cli import main
from support.central_site import CentralClock
from support.checkout import ROOT
from support.instants import wall

PAGE = (ROOT / "docs/model-c.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    portillon-central (.+)$", PAGE, flags=re.MULTILINE)
MAP = re.findall(r"^```csv\n(.+?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
LATER = [
    ('season add "Season 2028"', "2028-05-01T10:00"),
    ("campaign run", "2028-06-01T09:00"),
    ("campaign run", "2028-07-01T00:00"),
]
"""When a reader has come to a command, if that is later than the one before."""


def type_in(line: str) -> Result:
    return CliRunner().invoke(main, shlex.split(line), prog_name="portillon-central")


def asked(line: str) -> Any:
    return json.loads(type_in(f"{line} --json").stdout)


def test_every_command_of_the_page_works_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, later = CentralClock(wall("2027-08-01T10:00")), list(LATER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("server_stub.commands.terminal.SystemClock", lambda: clock)
    (tmp_path / "stand.csv").write_text(MAP[0], encoding="utf-8")
    assert len(COMMANDS) > 30
    for line in COMMANDS:
        if later and line.startswith(later[0][0]):
            clock.now = wall(later.pop(0)[1])
        result = type_in(line)
        assert result.exit_code == 0, f"{line}: {result.output}"

    seats = {row["seat"]: row["email"] for row in asked('season show "Season 2028"')}
    assert seats == {
        "A-11": None,
        "A-12": "ann@example.org",
        "A-13": None,
        "B-11": "gil@example.org",
        "B-12": "cleo@example.org",
    }
    made = asked('campaign report "Renewals"')
    assert (made["state"], made["standings"]["renewed"]) == ("completed", 2)
    tagged = {row["email"] for row in asked("customer tags") if row["tag"] == "Abonné 2027"}
    assert tagged == {"ann@example.org", "bob@example.org", "cleo@example.org"}
    assert later == []
    assert (tmp_path / "ann.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "eve.png").read_bytes().startswith(b"\x89PNG")
