"""Lines that are not ours become lines of our log, one of each kind."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.foreign_lines import KINDS, LINE_CHARACTERS, tell_kinds
from support.gates import environment

PROGRAM = """
import os, sys, threading
from scanner.foreign_lines import adopt_stderr
from scanner.logs import start_logging

sys.stderr = adopt_stderr()
start_logging()
os.write(2, b"Corrupt JPEG data: 3 extraneous bytes before marker 0xd9\\n" * 3)

def fail():
    raise ZeroDivisionError("in a thread")

thread = threading.Thread(target=fail, name="camera")
thread.start()
thread.join()
while len(open(sys.argv[1]).readlines()) < 2:
    threading.Event().wait(0.01)
"""


def told(lines: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    tell_kinds(io.StringIO(lines))
    return [record.getMessage() for record in caplog.records]


def test_each_kind_is_told_once_whatever_its_numbers(caplog: pytest.LogCaptureFixture) -> None:
    said = told("bad marker 0xd9, 3 bytes\n\nbad marker 0x1, 70 bytes\nlibpng error: x\n", caplog)

    assert said == ["a library says: bad marker 0xd9, 3 bytes", "a library says: libpng error: x"]


def test_a_flood_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    kinds = "".join(f"kind {'x' * n}\n" for n in range(2 * KINDS)) + "y" * 10_000

    said = told(kinds, caplog)

    assert len(said) == KINDS
    assert max(map(len, said)) < LINE_CHARACTERS + 20


def test_a_library_and_a_thread_that_dies_speak_json(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as log:
        subprocess.run(
            [sys.executable, "-c", PROGRAM, path],
            env=environment(),
            stderr=log,
            check=True,
            timeout=30,
        )
    lines = [json.loads(line) for line in path.read_text().splitlines()]

    assert sorted(line["message"] for line in lines) == [
        "a library says: Corrupt JPEG data: 3 extraneous bytes before marker 0xd9",
        "thread 'camera' ended by a fault",
    ]
    assert [line["from"] for line in lines if "trace" in line] == ["portillon"]
