"""`portillon ledger` shows, verifies and exports, and says what is wrong in one line."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scanner.cli import main
from scanner.core.clock import ClockState
from scanner.core.events import FactKind
from scanner.core.reasons import Outcome, Reason
from scanner.records.ledger import Ledger
from support.gates import command
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


@pytest.mark.parametrize("name", ["ledger.db", "ledger.db-wal"])
def test_an_export_never_writes_over_its_ledger(folder: Path, name: str) -> None:
    result = run("export", "--ledger", folder, "--output", folder / "." / name)

    assert (result.exit_code, "is the ledger itself" in result.stderr) == (2, True)
    assert run("verify", "--ledger", folder).output.startswith("✔ 4 rows")


@pytest.mark.parametrize("place", ["missing/facts.csv", "", "/dev/full"])
def test_an_export_that_cannot_be_written_says_where(folder: Path, place: str) -> None:
    target = folder / place

    result = run("export", "--ledger", folder, "--output", target)

    assert result.exit_code == 2
    assert f"{str(target)!r} cannot be written" in result.stderr
    assert "output_not_written" in result.stderr


def test_a_number_beyond_every_row_is_no_fault(folder: Path) -> None:
    beyond = 10**20

    assert len(run("show", "--ledger", folder, "-n", beyond).output.splitlines()) == 5
    assert len(run("export", "--ledger", folder, "--after", beyond).output.splitlines()) == 1
    assert f"no row {beyond} " in run("explain", beyond, "--ledger", folder).stderr


def test_a_terminal_that_lacks_a_letter_gets_a_question_mark(folder: Path) -> None:
    result = CliRunner(charset="latin-1").invoke(
        main, ["ledger", "verify", "--ledger", str(folder)]
    )

    assert (result.exit_code, result.stdout[:9]) == (0, "? 4 rows ")


def test_a_full_disk_behind_the_output_ends_a_command_in_one_line(folder: Path) -> None:
    words = command("ledger", "show", "--ledger", str(folder))
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        told = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert told.returncode == 2
    assert told.stderr.startswith("✖ what this command says cannot be written (No space")
    assert len(told.stderr.splitlines()) == 2


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
