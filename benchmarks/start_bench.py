"""A gate's process: from its start to its first decision (figure 17), and its memory then (18), at small and at large.

Law: the real `portillon gate` with a picture of a ticket before its replay camera; the decision is there when its fact
is in the ledger, seen by another connection. Small and large by turns. The floor starts Python, loads what reads a
picture, finds one right in the same base and commits one row. No test asserts a time.

Use: `python benchmarks start`, `python benchmarks/start_bench.py [--large 1000000]`.

Source: docs/performance.md.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Event
from time import perf_counter

from big_site import big_site
from figures import LARGE, SMALL, Figure, show
from lines import SYNC as PROGRAM
from lines import running

from server_stub.demo.scenes import Scene, Shown, render
from server_stub.demo.stage import Screen
from sync.ledger_format import FILE_NAME

ROUNDS = 5
GIVE_UP_S = 60.0
LOOK_S = 0.002
WIDTH_PX, HEIGHT_PX = 640, 480
SETTLED_S = 0.5
KIB = 1_024
CONFIG = """\
[gate]
data_dir = "{data}"
runtime_dir = "{data}/run"
[camera]
source = "replay"
path = "{frames}"
follow = true
formats = ["qr"]
[turnstile]
backend = "simulated"
[turnstile.way_in]
relay = "GPIO17"
"""
FLOOR = """
import sqlite3, sys
import cv2, zxingcpp
base = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
base.execute("SELECT * FROM access_grant WHERE grant_no = 7").fetchone()
ledger = sqlite3.connect(sys.argv[2], isolation_level=None)
ledger.execute("PRAGMA synchronous = FULL")
ledger.execute("CREATE TABLE IF NOT EXISTS fact (seq INTEGER PRIMARY KEY)")
ledger.execute("INSERT INTO fact DEFAULT VALUES")
"""


@dataclass(slots=True)
class _Gate:
    """A gate's folder, and what its starts took."""

    data: Path
    base: Path
    facts: int
    config: Path
    starts_s: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    floor_s: list[float] = field(default_factory=list)

    def play(self) -> None:
        """One start of the floor and of the gate."""
        began = perf_counter()
        command = [sys.executable, "-c", FLOOR, str(self.base), str(self.data / "floor.db")]
        subprocess.run(command, check=True)
        self.floor_s.append(perf_counter() - began)
        before = self._last_scan()
        began = perf_counter()
        with running(PROGRAM, "gate", "--config", str(self.config)) as process:
            pause = Event()
            while self._last_scan() == before:
                if perf_counter() - began > GIVE_UP_S or process.poll() is not None:
                    raise RuntimeError("the gate decided nothing")
                pause.wait(LOOK_S)
            self.starts_s.append(perf_counter() - began)
            pause.wait(SETTLED_S)
            self.memory_mb.append(_memory_mb(process.pid))

    def _last_scan(self) -> int:
        """The newest decision's number: each start records that it started, too."""
        uri = f"file:{self.data / 'ledger' / FILE_NAME}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as ledger:
            found = ledger.execute(
                "SELECT seq FROM fact WHERE of_grant IS NOT NULL ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        return int(found[0])


def _memory_mb(pid: int) -> float:
    """What the process holds, with its share of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("Pss:")]
    return int(line.split()[1]) / KIB


def rows(large: int = LARGE) -> list[Figure]:
    """The figures of this file."""
    with tempfile.TemporaryDirectory() as name:
        gates = [_new_gate(Path(name) / str(grants), grants) for grants in (SMALL, large)]
        for _ in range(ROUNDS):
            for gate in gates:
                gate.play()
    few, many = gates
    start, floor = median(many.starts_s), median(many.floor_s)
    told = f"{start / floor:.1f} x the floor of {floor:.2f} s; {median(few.starts_s):.2f} s at {SMALL:,}"
    what = f"start → first decision, {large:,} grants and facts"
    memory = median(many.memory_mb), median(few.memory_mb)
    held = f"{memory[0]:.0f} / {memory[1]:.0f} MB"
    return [
        Figure(17, what, start, "s", 2, 1, told),
        Figure(18, f"memory, {large:,} grants and facts / {SMALL:,}", memory[0] / memory[1], "x", 1.2, 1.05, held),
    ]  # fmt: skip


def _new_gate(folder: Path, grants: int) -> _Gate:
    site, data = big_site(grants), folder / "data"
    cache = site.new_gate(data)
    site.record_season(data)
    pointer = cache.current()
    if pointer is None:
        raise RuntimeError("there is no base")
    screen = Screen(folder / "frames")
    screen.folder.mkdir()
    screen.show(render(Scene(shown=(Shown(payload=site.tickets[0]),)), WIDTH_PX, HEIGHT_PX))
    config = folder / "portillon.toml"
    config.write_text(CONFIG.format(data=data, frames=screen.folder))
    return _Gate(data, cache.base_path(pointer), grants, config)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", type=int, default=LARGE)
    show(rows(parser.parse_args().large))
