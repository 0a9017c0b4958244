"""kill -9 of gate, sync and central at random places: what was acknowledged is at the central in the end, once.

Each alone is killed at finer moments in test_lane_kill, test_gate_kill, test_ledger_kill and test_sync_killed; here
they are killed under each other.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from scanner.records.chain import verify_file
from server_stub.central import open_central
from server_stub.gates.devices import add_device
from server_stub.publishing.publisher import publish
from server_stub.system_clock import SystemClock
from support.fault_table import Played
from support.forebear import gate_settings
from support.gates import environment
from support.limits_right import require_right_limits, sell_what_is_scanned
from support.real_central import found, machine_clock
from sync.enrolment import enrol, parse_invitation
from sync.ledger_format import connect_reader, load_rows
from sync.settings import SyncSettings
from sync.wire import encode_message
from sync.worker import run_once

SEED = 20_261_127
KILLED = -9
GATE_STEPS = 4_000
SYNC_EVENTS = 60
"""A contact that sends one batch to a central without a new snapshot makes about so many."""
CENTRAL_STEPS = 400
CENTRAL_MS = 150
VICTIMS = ("gate", "sync", "central")
OFTEN = (4, 4, 2)
"""A central takes the longest to start."""


@dataclass
class Ring:
    """One gate, its sync and its central on one folder; each dies when it is told to."""

    folder: Path
    port: int = 0
    kills: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VICTIMS, 0))

    def __enter__(self) -> Self:
        found(self.folder / "central")
        self._forebear = subprocess.Popen(
            [sys.executable, "-m", "support.forebear", str(self.folder)],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.start_central()
        central = open_central(self.folder / "central", SystemClock())
        self.scanned = sell_what_is_scanned(central)
        publish(central)
        _device, text = add_device(central, "north", url=f"http://127.0.0.1:{self.port}")
        central.database.close()
        enrol(parse_invitation(encode_message(text)), self.settings, machine_clock())
        assert run_once(self.settings, machine_clock()).is_ok
        return self

    def __exit__(self, *_error: object) -> None:
        self._ask("end")
        assert self._forebear.stdin is not None
        assert self._forebear.stdout is not None
        self._forebear.stdin.close()
        self._forebear.wait()
        self._forebear.stdout.close()

    def start_central(self, step: int = 0, ms: int = 0) -> None:
        self.port = self._ask(f"central {self.port} {step} {ms}")

    def end_central(self) -> None:
        assert self._ask("end") == KILLED

    def play_round(self, dice: random.Random) -> int:
        """Somebody is killed at a moment of chance; how long the others took to be well again, in ms."""
        victim = dice.choices(VICTIMS, OFTEN)[0]
        seed, step = dice.getrandbits(32), dice.randint(1, GATE_STEPS)
        self._note(victim, self._ask(f"gate {seed} {step if victim == 'gate' else 0}"))
        if victim == "sync":
            self._note(victim, self._ask(f"sync {dice.randint(1, SYNC_EVENTS)}"))
        elif victim == "central":
            self.end_central()
            is_early = dice.random() < 0.5
            self.start_central(
                dice.randint(1, CENTRAL_STEPS) * is_early,
                dice.randint(1, CENTRAL_MS) * (not is_early),
            )
            self.kills[victim] += not run_once(self.settings, machine_clock()).is_ok
            self.end_central()
            self.start_central()
        begun = machine_clock().monotonic_ms()
        report = run_once(self.settings, machine_clock())
        assert report.is_ok, report.faults
        assert report.have == report.held
        return machine_clock().monotonic_ms() - begun

    def _note(self, victim: str, end: int) -> None:
        assert end in {0, KILLED}
        self.kills[victim] += end == KILLED

    def _ask(self, line: str) -> int:
        assert self._forebear.stdin is not None
        assert self._forebear.stdout is not None
        self._forebear.stdin.write(f"{line}\n")
        self._forebear.stdin.flush()
        return int(self._forebear.stdout.readline())

    def require_right_limits(self) -> None:
        """Judged when nobody is killed any more."""
        with open_central(self.folder / "central", SystemClock()) as central:
            require_right_limits(central, self.settings, self.scanned)

    @property
    def settings(self) -> SyncSettings:
        return gate_settings(self.folder)

    def said(self) -> int:
        """The last number the gate acknowledged."""
        lines = (self.folder / "said").read_text().split()
        return int(lines[-1]) if lines else 0

    def recorded(self) -> dict[int, str]:
        """Every row of the gate's ledger: number and hash."""
        with closing(connect_reader(self.settings.ledger_path)) as connection:
            return {row.seq: row.hash.hex() for row in load_rows(connection, 0, 1_000_000)}

    def at_central(self) -> list[tuple[int, str]]:
        """Every row that the central has of it."""
        uri = f"file:{self.folder / 'central' / 'central.db'}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return connection.execute("SELECT seq, lower(hex(hash)) FROM fact").fetchall()


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Ring]:
    with Ring(tmp_path) as ring:
        yield ring


@pytest.mark.faults
@pytest.mark.fault("kill -9 of gate, sync or central")
@pytest.mark.timeout(900)
def test_whoever_is_killed_wherever_the_central_has_every_fact_once(
    ring: Ring, faults_share: Callable[[int], int], played: Played
) -> None:
    dice = random.Random(SEED)
    for _ in range(faults_share(200)):
        recovered_ms = ring.play_round(dice)
        recorded, arrived = ring.recorded(), ring.at_central()
        played.add(
            lost=len(recorded.items() - set(arrived)),
            doubled=len(arrived) - len(recorded),
            recovered_ms=recovered_ms,
        )
        assert max(recorded, default=0) >= ring.said()
        assert (played.lost, played.doubled) == (0, 0)

    walk = verify_file(ring.settings.ledger_path)
    assert (walk.broken, walk.rows) == (None, walk.head.seq)
    ring.require_right_limits()
    assert min(ring.kills.values()) > 0, ring.kills
