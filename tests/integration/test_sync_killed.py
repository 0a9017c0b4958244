"""Sync killed at random changes of the disk and of the line: in the end the central has every fact once."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scanner.core.units import DeviceId
from scanner.records.ledger import Ledger
from support.fault_table import Played
from support.ledgers import ENTRY, fact
from support.limits_right import require_right_limits, sell_what_is_scanned
from support.real_central import RealCentral, machine_clock
from sync.cache import Cache
from sync.delta import digest_text
from sync.delta_rows import load_meta, state_digest
from sync.enrolment import enrol, parse_invitation
from sync.settings import SyncSettings
from sync.worker import run_once

KILLED = -9
MOST_EVENTS = 160
"""A contact with a new base and two batches makes about so many audit events that count here."""

FOREBEAR = """
import os, signal, sys
from pathlib import Path
from hardware.system_clock import SystemClock
from sync.settings import SyncSettings
from sync.worker import run_once

import sync.peers, sync.fetching
folder = Path(sys.argv[1])
settings = SyncSettings(data_dir=folder, runtime_dir=folder, key_path=folder / "device.key")

def dying_after(left):
    def hook(event, _arguments):
        nonlocal left
        if event in {"open", "os.rename", "os.remove", "sqlite3.connect", "socket.connect"}:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    return hook

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.addaudithook(dying_after(int(line)))
        run_once(settings, SystemClock())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Imports everything once, then forks a sync for every number it is told, and says how that sync ended."""


@pytest.fixture
def forebear(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", FOREBEAR, str(tmp_path / "gate")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def end_of_sync(forebear: subprocess.Popen[str], dies_after: int) -> int:
    assert forebear.stdin is not None
    assert forebear.stdout is not None
    forebear.stdin.write(f"{dies_after}\n")
    forebear.stdin.flush()
    return int(forebear.stdout.readline())


@pytest.fixture
def central(tmp_path: Path) -> Iterator[RealCentral]:
    with RealCentral(tmp_path / "central") as central:
        central.publish()
        yield central


def rights_in(settings: SyncSettings) -> int:
    """How many rights the lane has, in a base whose rows add up to what it says of itself."""
    cache = Cache(settings.cache_dir)
    pointer = cache.current()
    assert pointer is not None
    uri = f"file:{cache.base_path(pointer)}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        assert load_meta(connection)["digest"] == digest_text(state_digest(connection))
        return int(connection.execute("SELECT count(*) FROM access_grant").fetchone()[0])


@pytest.mark.fault("kill -9 of sync")
@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_killed_sync_loses_and_doubles_nothing(
    central: RealCentral,
    forebear: subprocess.Popen[str],
    tmp_path: Path,
    faults_rounds: int,
    played: Played,
) -> None:
    dice = random.Random(20_260_501)
    folder = tmp_path / "gate"
    settings = SyncSettings(data_dir=folder, runtime_dir=folder, key_path=folder / "device.key")
    device = enrol(parse_invitation(central.code()), settings, machine_clock())
    ledger = Ledger.open(folder / "ledger", DeviceId(device.device))
    kills = 0
    scanned = sell_what_is_scanned(central.central)

    for _ in range(max(4, faults_rounds // 3)):
        ledger.append([fact(ledger, n, **ENTRY) for n in range(dice.randint(1, 700))])
        central.sell()
        published = central.publish()
        code = end_of_sync(forebear, dice.randint(1, MOST_EVENTS))
        assert code in {0, KILLED}
        kills += code == KILLED

        report = run_once(settings, machine_clock())

        assert report.is_ok, report.faults
        assert report.have == ledger.head.seq == central.count("fact")
        assert report.snapshot_seq == published.seq
        pointer = Cache(settings.cache_dir).current()
        assert pointer is not None
        assert pointer.seq == published.seq
        assert rights_in(settings) == central.count("access_grant")
        played.add()
    ledger.close()
    require_right_limits(central.central, settings, scanned)
    assert kills, "no round was killed: the audit events do not see what happens"
