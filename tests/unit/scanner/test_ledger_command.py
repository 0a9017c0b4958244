"""`portillon ledger` shows, verifies and exports, and says what is wrong in one line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scanner.cli import main
from scanner.core.clock import ClockState
from scanner.core.events import FactKind
from scanner.core.reasons import Outcome, Reason
from scanner.records.ledger import Ledger
from support.ledgers import DEVICE, ENTRY, KEY, REFUSAL, WATCHED_ENTRY, edit, record
from sync.wire import encode_fact


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Ledger.open(tmp_path / "ledger", DEVICE) as ledger:
        record(
            ledger,
            WATCHED_ENTRY,
            {"kind": FactKind.PASSED, "refers_to": 1},
            REFUSAL | {"clock": ClockState.UNTRUSTED},
            {"kind": FactKind.ALARM, "note": "tailgate"},
        )
    return tmp_path / "ledger"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["ledger", *map(str, arguments)])


def test_show_prints_the_last_facts_newest_at_the_end(folder: Path) -> None:
    result = run("show", "--ledger", folder, "-n", 3)

    heading, *lines = result.output.splitlines()
    assert result.exit_code == 0
    assert "UTC" in heading
    assert [int(line.split()[0]) for line in lines] == [2, 3, 4]
    assert "refers_to=1" in lines[0]
    assert "✖ DECLINED" in lines[1]
    assert "EXPIRED" in lines[1]
    assert "?" in lines[1]
    assert "note=tailgate" in lines[2]


def test_show_never_prints_a_whole_key(folder: Path) -> None:
    output = run("show", "--ledger", folder).output

    assert KEY[:8] in output
    assert KEY not in output


def test_show_colours_on_a_terminal_only(folder: Path) -> None:
    coloured = (
        CliRunner().invoke(main, ["ledger", "show", "--ledger", str(folder)], color=True).output
    )

    assert "\x1b[32m✔ SUCCESS" in coloured
    assert "\x1b[31m✖ DECLINED" in coloured
    assert "\x1b[" not in run("show", "--ledger", folder).output


def test_show_as_json_is_one_line_for_each_fact(folder: Path) -> None:
    lines = [
        json.loads(line) for line in run("show", "--ledger", folder, "--json").output.splitlines()
    ]

    assert [line["seq"] for line in lines] == [1, 2, 3, 4]
    assert lines[2]["fact"]["reason"] == "EXPIRED"
    assert len(lines[0]["hash"]) == 64


def test_a_ledger_is_found_by_the_configuration(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "portillon.toml"
    config.write_text(f'[gate]\ndata_dir = "{tmp_path}"\n[turnstile]\nbackend = "simulated"\n')

    assert "tailgate" in run("show", "--config", config).output


def test_verify_says_where_a_whole_chain_ends(folder: Path) -> None:
    result = run("verify", "--ledger", folder / "ledger.db")

    assert result.exit_code == 0
    assert "4 rows of device gate3" in result.output
    assert "whole" in result.output


def test_verify_names_the_first_broken_row(folder: Path) -> None:
    edit(folder, "UPDATE fact SET body = replace(body, 'EXPIRED', 'PAUSED') WHERE seq = 3")

    result = run("verify", "--ledger", folder)

    assert result.exit_code == 1
    assert "row 3 does not match its hash" in result.output
    assert "2 rows before it are good" in result.output


def test_show_prints_a_row_that_cannot_be_read_and_goes_on(folder: Path) -> None:
    edit(folder, "UPDATE fact SET body = '{}' WHERE seq = 3")

    assert "cannot be read" in run("show", "--ledger", folder).output.splitlines()[3]
    assert "unreadable" in run("show", "--ledger", folder, "--json").output.splitlines()[2]
    assert "unreadable" in run("export", "--ledger", folder).output.splitlines()[3]


def test_export_as_csv_has_a_column_for_every_field(folder: Path) -> None:
    output = run("export", "--ledger", folder).output

    rows = list(csv.DictReader(io.StringIO(output)))
    assert [row["seq"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0]["flags"] == "AWAITS_PASSAGE"
    assert (rows[2]["outcome"], rows[2]["reason"]) == (Outcome.DECLINED, Reason.EXPIRED)
    assert rows[3]["note"] == "tailgate"


def test_export_as_json_carries_the_body_as_it_was_recorded(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, DEVICE) as ledger:
        (entry,) = record(ledger, ENTRY)
    target = tmp_path / "facts.json"

    result = run("export", "--ledger", tmp_path, "--format", "json", "--output", target)

    assert result.exit_code == 0
    assert encode_fact(entry).decode() in target.read_text()


def test_export_may_begin_after_a_row(folder: Path) -> None:
    output = run("export", "--ledger", folder, "--format", "json", "--after", 3).output

    assert [json.loads(line)["seq"] for line in output.splitlines()] == [4]


NO_LEDGERS = {
    "a missing file": lambda folder: folder / "missing.db",
    "an empty folder": lambda folder: folder.parent,
    "another file": lambda folder: folder / "reserve",
}


@pytest.mark.parametrize("command", ["show", "verify", "export"])
@pytest.mark.parametrize("place", NO_LEDGERS.values(), ids=NO_LEDGERS.keys())
def test_what_is_no_ledger_is_said_so(folder: Path, command: str, place: object) -> None:
    result = run(command, "--ledger", place(folder))  # type: ignore[operator]

    assert result.exit_code == 2
    assert "ledger_missing" in result.output or "ledger_unreadable" in result.output
    assert "Traceback" not in result.output


def test_a_copy_in_a_folder_that_cannot_be_written_is_read(folder: Path) -> None:
    edit(folder)
    (folder / "ledger.db-wal").unlink(missing_ok=True)
    (folder / "ledger.db-shm").unlink(missing_ok=True)
    folder.chmod(0o500)
    try:
        assert run("verify", "--ledger", folder).exit_code == 0
    finally:
        folder.chmod(0o700)


def test_a_ledger_is_read_while_the_gate_writes(folder: Path) -> None:
    with Ledger.open(folder, DEVICE) as ledger:
        record(ledger, ENTRY)

        assert run("verify", "--ledger", folder).output.startswith("✔ 5 rows")
