"""docs/model-b.md is true: every command on it is run, in order, by somebody at a terminal."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server_stub.cli import main
from support.checkout import ROOT

COMMANDS = re.findall(
    r"^    portillon-central (.+)$",
    (ROOT / "docs/model-b.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
REFUSED = {"subscription pay SUBSCRIPTION": "CYCLE_NOT_OPEN"}
"""What the page itself says will be refused, because nothing is open."""


def type_in(line: str) -> Result:
    return CliRunner().invoke(main, shlex.split(line), prog_name="portillon-central")


def newest() -> str:
    listed = json.loads(type_in("subscription list --json").stdout)
    return str(listed[0]["subscription_id"]) if listed else ""


def test_every_command_of_the_page_works_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) > 20
    who = ann = ""
    for line in COMMANDS:
        # Ann's card is a signed one and by card; from Bob on the newest is Bob, until his part is over.
        result = type_in(line.replace("SUBSCRIPTION", who))
        if line in REFUSED:
            assert REFUSED[line] in result.stderr
        else:
            assert result.exit_code == 0, f"{line}: {result.output}"
        if line.startswith("subscription add"):
            who = newest()
            ann = ann or who
        if "--in-advance" in line:
            who = ann
    assert (tmp_path / "ann.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "token.png").read_bytes().startswith(b"\x89PNG")
    states = {
        row["email"]: row["state"] for row in json.loads(type_in("subscription list --json").stdout)
    }
    assert states == {"ann@example.org": "ended", "bob@example.org": "active"}
