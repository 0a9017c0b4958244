"""A disk that does not take a fact: nothing is half, the arm stays shut, and the alarm itself still fits."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scanner.core.errors import StoreError
from scanner.core.events import FactKind
from scanner.records.chain import verify_file
from scanner.records.ledger import Ledger
from scanner.records.ledger_files import RESERVE_BYTES
from support.ledgers import DEVICE, ENTRY, EXIT, REFUSAL, fact, peek, record

ALARM = {"kind": FactKind.ALARM, "note": "ledger_full"}


def room_for(ledger: Ledger, pages: int) -> None:
    """Let the file grow by so many pages only; 0 = by none."""
    (used,) = ledger._connection.execute("PRAGMA page_count").fetchone()
    ledger._connection.execute(f"PRAGMA max_page_count = {used + pages}")


def fill(ledger: Ledger) -> StoreError:
    for _ in range(1_000):
        try:
            record(ledger, REFUSAL)
        except StoreError as fault:
            return fault
    raise AssertionError("the disk never got full")


def test_a_full_disk_records_nothing_half(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, DEVICE) as ledger:
        record(ledger, ENTRY)
        room_for(ledger, 3)

        fault = fill(ledger)

        assert fault.code == "ledger_full"
        head = ledger.head
        assert peek(tmp_path, "SELECT max(seq) FROM fact") == [(head.seq,)]
        room_for(ledger, 100)
        assert record(ledger, ENTRY)[0].seq == head.seq + 1
    assert verify_file(tmp_path / "ledger.db").broken is None


def test_of_a_group_that_does_not_fit_nothing_is_recorded(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, DEVICE) as ledger:
        room_for(ledger, 1)

        with pytest.raises(StoreError, match="nothing is recorded"):
            ledger.append([fact(ledger, ahead=number, **REFUSAL) for number in range(200)])

        assert ledger.head.seq == 0
        room_for(ledger, 100)
        record(ledger, ENTRY)
    assert verify_file(tmp_path / "ledger.db").rows == 1


def test_a_read_only_ledger_says_so(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, DEVICE) as ledger:
        ledger._connection.execute("PRAGMA query_only = ON")

        with pytest.raises(StoreError) as fault:
            record(ledger, ENTRY)

        assert fault.value.code == "ledger_read_only"
        ledger._connection.execute("PRAGMA query_only = OFF")
        assert record(ledger, ENTRY)[0].seq == 1


def test_another_program_that_holds_the_file_is_named_as_such(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, DEVICE) as ledger:
        ledger._connection.execute("PRAGMA busy_timeout = 1")
        intruder = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreError) as fault:
            record(ledger, ENTRY)

        assert fault.value.code == "ledger_busy"
        intruder.close()
        assert record(ledger, ENTRY)[0].seq == 1


LIMITED = """
import json, resource, signal, sys
from pathlib import Path
from scanner.core.errors import StoreError
from scanner.records.ledger import Ledger
from support.ledgers import DEVICE, ENTRY, record

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Ledger.open(Path(sys.argv[1]), DEVICE) as ledger:
    record(ledger, ENTRY)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        record(ledger, ENTRY)
        code = None
    except StoreError as fault:
        code = fault.code
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    print(json.dumps({"code": code, "seq": record(ledger, ENTRY)[0].seq}))
"""


def run_python(program: str, folder: Path, before: Sequence[str] = ()) -> dict[str, object]:
    """What a program of its own process prints."""
    path = os.pathsep.join(p for p in sys.path if p)
    result = subprocess.run(
        [*before, sys.executable, "-c", program, str(folder)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


def test_a_write_that_fails_is_a_fault_of_the_disk_and_the_next_one_is_whole(
    tmp_path: Path,
) -> None:
    assert run_python(LIMITED, tmp_path) == {"code": "ledger_io", "seq": 2}
    assert verify_file(tmp_path / "ledger.db").rows == 2


TINY_DISK = """
import json, os, subprocess, sys
from pathlib import Path
from scanner.core.errors import StoreError
from scanner.core.events import FactKind
from scanner.records.chain import verify_file
from scanner.records.ledger import Ledger
from support.ledgers import DEVICE, ENTRY, REFUSAL, record

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], check=True)
codes, folder = [], disk / "ledger"
ledger = Ledger.open(folder, DEVICE)
record(ledger, ENTRY)
filler = (disk / "old-logs").open("wb", buffering=0)
try:
    while True:
        filler.write(bytes(65536))
except OSError:
    pass
# what is left of the log made long beforehand still takes facts
recorded = 1
try:
    while True:
        record(ledger, REFUSAL, local=bytes(900))
        recorded += 1
except StoreError as fault:
    codes.append(fault.code)
before = (folder / "reserve").exists()
for number in range(3):
    record(ledger, {"kind": FactKind.ALARM, "note": "ledger_full"})
after = (folder / "reserve").exists()
try:
    record(ledger, ENTRY)
except StoreError as fault:
    codes.append(fault.code)
filler.close()
(disk / "old-logs").unlink()
record(ledger, ENTRY)
ledger.close()
walk = verify_file(folder / "ledger.db")
print(json.dumps({
    "codes": codes, "reserve": [before, after, (folder / "reserve").exists()],
    "broken": walk.broken and walk.broken.what, "rows_ok": walk.rows == recorded + 4,
}))
"""


def can_mount() -> bool:
    """True where a process may have mounts of its own."""
    tried = ["unshare", "-m", "true"]
    return os.geteuid() == 0 and subprocess.run(tried, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs root for a small disk of its own")
def test_on_a_disk_that_is_really_full_the_alarm_is_recorded_and_no_entry_is(
    tmp_path: Path,
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()

    assert run_python(TINY_DISK, disk, before=["unshare", "-m"]) == {
        "codes": ["ledger_full", "ledger_full"],
        "reserve": [True, False, True],
        "broken": None,
        "rows_ok": True,
    }


READ_ONLY_DISK = """
import json, shutil, subprocess, sys
from pathlib import Path
from scanner.records.chain import verify_file
from scanner.core.errors import StoreError
from scanner.records.ledger import Ledger
from support.ledgers import DEVICE, ENTRY, record

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], check=True)
with Ledger.open(disk / "ledger", DEVICE) as ledger:
    record(ledger, ENTRY)
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
try:
    Ledger.open(disk / "ledger", DEVICE)
    code = None
except StoreError as fault:
    code = fault.code
print(json.dumps({"code": code, "rows": verify_file(disk / "ledger" / "ledger.db").rows}))
"""


@pytest.mark.skipif(not can_mount(), reason="needs root for a small disk of its own")
def test_a_ledger_on_a_read_only_disk_can_be_read_and_not_written(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()

    found = run_python(READ_ONLY_DISK, disk, before=["unshare", "-m"])

    assert found == {"code": "ledger_read_only", "rows": 1}


def test_the_reserve_is_really_allocated(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, DEVICE):
        assert (tmp_path / "reserve").stat().st_blocks * 512 >= RESERVE_BYTES


def test_while_the_reserve_is_used_up_only_what_lets_nobody_in_is_recorded(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, DEVICE) as ledger:
        ledger._reserve.release()
        ledger._reserve.try_keep = lambda: False  # type: ignore[method-assign]

        record(ledger, ALARM, {"kind": FactKind.NOT_PASSED, "refers_to": 1}, EXIT)
        for shut in (ENTRY, REFUSAL):
            with pytest.raises(StoreError) as fault:
                record(ledger, shut)
            assert fault.value.code == "ledger_full"

        assert ledger.head.seq == 3
