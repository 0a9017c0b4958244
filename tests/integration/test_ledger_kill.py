"""kill -9 at any moment: what was acknowledged is there, the chain holds, and the next start goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from scanner.records.chain import verify_file
from scanner.records.ledger import Ledger
from support.fault_table import Played
from support.ledgers import DEVICE, ENTRY, record
from sync.ledger_format import connect_reader, load_head, load_rows
from sync.wire import GENESIS, chain

WRITER = """
import sys
from pathlib import Path
from scanner.records.ledger import Ledger
from support.ledgers import DEVICE, ENTRY, REFUSAL, fact, record

with Ledger.open(Path(sys.argv[1]), DEVICE) as ledger:
    while True:
        (one,) = record(ledger, ENTRY, local=b"x" * 300)
        print(one.seq, flush=True)
        ledger.append([fact(ledger, ahead=number, **REFUSAL) for number in range(3)])
        print(ledger.head.seq, flush=True)
        ledger.checkpoint(after_rows=8)
"""


@contextmanager
def writer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A gate process that does nothing but record, and says each number once it is durable."""
    path = os.pathsep.join(p for p in sys.path if p)
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def kill_after(process: subprocess.Popen[str], acknowledged: int, delay_s: float) -> int:
    """Let so many facts be acknowledged, wait a random moment, kill; the last number that was said."""
    assert process.stdout is not None
    last = 0
    for _ in range(acknowledged):
        last = int(process.stdout.readline())
    killer = threading.Timer(delay_s, process.send_signal, [signal.SIGKILL])
    killer.start()
    for line in process.stdout:
        if line.endswith("\n"):
            last = int(line)
    killer.join()
    return last


@pytest.mark.fault("kill -9 of a writer of the ledger")
@pytest.mark.faults
def test_nothing_acknowledged_is_lost_when_the_gate_is_killed(
    tmp_path: Path, faults_rounds: int, played: Played
) -> None:
    chance = random.Random(20_260_310)
    for _ in range(max(3, faults_rounds // 4)):
        with writer(tmp_path) as process:
            last = kill_after(process, chance.randint(1, 20), chance.random() * 0.02)

        walk = verify_file(tmp_path / "ledger.db")

        assert walk.broken is None
        assert walk.head.seq >= last
        assert walk.rows == walk.head.seq
        played.add()
    with Ledger.open(tmp_path, DEVICE) as ledger:
        assert ledger.set_aside is None
        assert record(ledger, ENTRY)[0].seq == walk.head.seq + 1


def test_a_reader_follows_a_ledger_that_is_being_written(tmp_path: Path) -> None:
    with writer(tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        head, seen = GENESIS, 0
        with closing(connect_reader(tmp_path / "ledger.db")) as reader:
            while seen < 200:
                acknowledged = int(process.stdout.readline())
                for row in load_rows(reader, after=seen, limit=50):
                    assert row.seq == seen + 1
                    assert row.hash == chain(head, row.body)
                    head, seen = row.hash, row.seq
                assert load_head(reader).seq >= acknowledged


def test_a_whole_ledger_can_be_verified_while_it_is_written(tmp_path: Path) -> None:
    with writer(tmp_path) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(20)]

        walk = verify_file(tmp_path / "ledger.db")

        assert walk.broken is None
        assert walk.head.seq >= acknowledged[-1]


SYNCED = """
import os, sys
from pathlib import Path
from scanner.records.ledger import Ledger
from support.ledgers import DEVICE, ENTRY, REFUSAL, fact, record

def say(what):
    os.write(1, what.encode() + b"\\n")

with Ledger.open(Path(sys.argv[1]), DEVICE) as ledger:
    for number in range(5):
        say("entry")
        record(ledger, ENTRY, local=b"x" * 500)
    say("group")
    ledger.append([fact(ledger, ahead=number, **REFUSAL) for number in range(20)])
    say("idle")
    assert ledger.checkpoint(after_rows=1)
    for number in range(5):
        say("entry")
        record(ledger, ENTRY, local=b"x" * 500)
    say("end")
"""


def can_trace() -> bool:
    """True where strace is installed and may look at a child process."""
    try:
        traced = subprocess.run(["strace", "-o", os.devnull, "true"], check=False)
    except FileNotFoundError:
        return False
    return traced.returncode == 0


@pytest.mark.skipif(not can_trace(), reason="strace is not installed or may not trace here")
def test_every_commit_is_one_sync_also_after_the_log_was_moved(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path = os.pathsep.join(p for p in sys.path if p)
    calls = "trace=write,fsync,fdatasync,msync,sync_file_range"
    subprocess.run(
        ["strace", "-e", calls, "-o", trace, sys.executable, "-c", SYNCED, tmp_path / "ledger"],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    syncs: list[tuple[str, int]] = []
    for line in trace.read_text().splitlines():
        if line.startswith("write(1, "):
            syncs.append((line.split('"')[1].removesuffix("\\n"), 0))
        elif "sync" in line and syncs:
            syncs[-1] = (syncs[-1][0], syncs[-1][1] + 1)

    commits = [count for said, count in syncs if said in {"entry", "group"}]
    assert commits == [1] * 11
