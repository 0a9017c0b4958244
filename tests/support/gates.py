"""A real gate in a folder: the process `portillon gate`, its files, its socket, pictures before its replay camera.

Law: everything is the product's own and is reached from outside only, as people and machines reach it. Every wait has
an end and says what the gate logged instead.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from hardware.system_clock import SystemClock
from scanner.control import ControlClient, Reply
from scanner.core.errors import ConfigError
from scanner.core.events import Fact, FactKind
from scanner.core.lane_state import Phase
from scanner.core.units import Instant, RuleNo
from scanner.records.chain import verify_file
from server_stub.demo.scenes import Scene, Shown, empty_lane, render
from server_stub.demo.stage import Screen
from support.rights import PARIS, grant, rule
from support.snapshots import Site, enrol, place
from support.warm import WarmProcess, run
from support.watcher import Watcher
from sync.clock_proof import TimeProof
from sync.durable import save_atomically
from sync.ledger_format import connect_reader, load_rows
from sync.wire import parse_fact

WIDTH_PX, HEIGHT_PX = 640, 360
PROGRAM = "from scanner.cli import main; main()"
START_WITHIN_S = 30.0
END_WITHIN_S = 20.0
POLL_S = 0.01
ENTRIES = 1_000
"""What each card of `open_site` may enter in all."""

CONFIG = """\
[gate]
data_dir = "{data}"
runtime_dir = "{runtime}"

[camera]
source = "replay"
path = "{frames}"
follow = true
fps = 50
formats = ["qr"]

[turnstile]
backend = "simulated"
passage_wait_s = 1
simulated_walk_ms = 50

[turnstile.way_in]
relay = "GPIO17"
sensor = "GPIO22"
"""


def card(number: int) -> bytes:
    """The code on card ``number``."""
    return b"4001234567%04d" % number


def open_site(cards: int = 8, **fields: Any) -> Site:
    """A site published just now, whose cards 1 to ``cards`` have a grant of their own each."""
    wall = PARIS.wall(Instant(SystemClock().now_ms()))
    plain: dict[str, Any] = {
        "created": wall.isoformat(timespec="seconds"),
        "grants": [grant(grant_no=number) for number in range(1, cards + 1)],
        "cards": {card(number): (number,) for number in range(1, cards + 1)},
        "rules": [rule(rule_no=RuleNo(1), max_total=ENTRIES)],
    }
    return Site(**(plain | fields))


@cache
def picture_of(*payloads: bytes) -> NDArray[np.uint8]:
    """A frame of somebody who holds these codes up; of the empty lane without any."""
    if not payloads:
        return empty_lane(0, WIDTH_PX, HEIGHT_PX)
    shown = tuple(Shown(payload=payload) for payload in payloads)
    return render(Scene(shown=shown), WIDTH_PX, HEIGHT_PX)


@dataclass
class GateRig:
    """One gate, its folders and, while it runs, its process. Leave the context and nothing is left running."""

    folder: Path
    site: Site | None = field(default_factory=open_site)
    config: str = CONFIG
    is_time_known: bool = True
    fault: str | None = None
    """Run the metered gate (`support.metered_gate`) with this fault; ``none`` = only the meter."""
    is_cold: bool = False
    """Begin as a new Python does, instead of warm (`support.warm`)."""
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.screen = Screen(self.folder / "frames")
        self.data = self.folder / "data"
        self.runtime = self.folder / "run"
        self.log_path = self.folder / "gate.log"
        self.config_path = self.folder / "portillon.toml"

    def __enter__(self) -> Self:
        self.screen.folder.mkdir(parents=True)
        self.write_config(self.config)
        if self.site is not None:
            enrol(self.cache)
            place(self.cache, self.site)
        if self.is_time_known:
            self.prove_time()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    @property
    def cache(self) -> Path:
        """What sync would write."""
        return self.data / "cache"

    @property
    def ledger(self) -> Path:
        """What the gate writes."""
        return self.data / "ledger" / "ledger.db"

    def write_config(self, text: str) -> None:
        """Be the installer; ``{data}``, ``{runtime}`` and ``{frames}`` stand for this rig's folders."""
        places = {"data": self.data, "runtime": self.runtime, "frames": self.screen.folder}
        for name, place_ in places.items():
            text = text.replace("{" + name + "}", str(place_))
        self.config_path.write_text(text, encoding="utf-8")

    def prove_time(self, ahead_ms: int = 0) -> None:
        """Be sync after a contact: the central's signed time, so much ahead of this machine's wall clock."""
        clock = SystemClock()
        now_ms = clock.now_ms() + ahead_ms
        proof = TimeProof(clock.boot_id(), clock.monotonic_ms(), now_ms, "k1")
        self.cache.mkdir(parents=True, exist_ok=True)
        save_atomically(self.cache / "time.json", msgspec.json.encode(proof))

    # --- the process ----------------------------------------------------------------------------

    def start(self, *around: str) -> Self:
        """Start the gate, by another command ``around`` it if need be."""
        with self.log_path.open("ab") as log:
            start = subprocess.Popen if self.is_cold else WarmProcess
            self.process = start(
                [*around, *self._program(), "gate", "--config", str(self.config_path)],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def _program(self) -> list[str]:
        if self.fault is None:
            return command()
        return [
            sys.executable,
            "-m",
            "support.metered_gate",
            str(self.folder / "meter"),
            self.fault,
        ]

    def start_ready(self, *around: str) -> Self:
        """Start it and wait until it answers."""
        self.start(*around)
        self.wait_until(self.answers, "the gate's start", START_WITHIN_S)
        return self

    def answers(self) -> bool:
        """True when the lane's thread serves its callers."""
        assert self.process is not None
        assert self.process.poll() is None, f"the gate ended by itself: {self.log_text()}"
        try:
            return bool(self.ask("status")["ok"])
        except (ConfigError, OSError, KeyError):
            return False

    def kill(self) -> None:
        """SIGKILL: nothing is said to anybody first."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM)

    def ended(self) -> int:
        """Wait for the gate to end by itself; the exit code."""
        assert self.process is not None
        return self.process.wait(END_WITHIN_S)

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(END_WITHIN_S)

    # --- at the lane ----------------------------------------------------------------------------

    def hold_up(self, *payloads: bytes) -> None:
        """Hold codes in front of the camera until something else is shown; none = the empty lane."""
        self.screen.show(picture_of(*payloads))

    def scan(self, watcher: Watcher, payload: bytes) -> dict[str, Any]:
        """Hold a code up and hear the answer."""
        self.hold_up(payload)
        return watcher.hear(("scan",))

    def admit(self, watcher: Watcher, payload: bytes) -> dict[str, Any]:
        """Hold a code up, walk through, go away; the answer."""
        answer = self.scan(watcher, payload)
        self.hold_up()
        watcher.hear(("passed",))
        self.wait_until(self.is_idle, "an arm at rest")
        return answer

    def is_idle(self) -> bool:
        """True when nobody is expected at the arm."""
        return bool(self.status()["lane"]["phase"] == Phase.IDLE.value)

    # --- over the socket ------------------------------------------------------------------------

    def ask(self, do: str, **fields: object) -> Reply:
        """One request, one reply."""
        return ControlClient(self.runtime / "gate.sock").ask(do, **fields)

    def status(self) -> Reply:
        """What the gate says of itself."""
        return self.ask("status")

    def watch(self) -> Watcher:
        """Somebody who watches."""
        return Watcher(self.runtime / "gate.sock")

    # --- what is left behind --------------------------------------------------------------------

    def facts(self, kind: FactKind | None = None, ledger: Path | None = None) -> list[Fact]:
        """Every recorded fact, read by another connection, as sync does."""
        with closing(connect_reader(ledger or self.ledger)) as connection:
            found = [parse_fact(row.body) for row in load_rows(connection, 0, 100_000)]
        return [fact for fact in found if kind is None or fact.kind is kind]

    def is_whole(self) -> bool:
        """True when the ledger's chain verifies."""
        return verify_file(self.ledger).broken is None

    def wires(self) -> list[tuple[str, bool]]:
        """What a metered gate did to its wires, in order."""
        changes = [line.split() for line in (self.folder / "meter").read_text().splitlines()]
        return [(line, level == "1") for line, level in changes]

    def loaded(self) -> set[str]:
        """The modules that a metered gate held when it ended."""
        return set((self.folder / "meter.modules").read_text().split())

    def log_text(self) -> str:
        """Everything on standard output and error."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def log(self) -> list[dict[str, Any]]:
        """The log's lines; each must be a JSON object."""
        return [json.loads(line) for line in self.log_text().splitlines()]

    def logged(self, code: str) -> list[dict[str, Any]]:
        """The log's lines about one fault."""
        return [line for line in self.log() if line.get("code") == code]

    def wait_until(self, claim: Callable[[], bool], what: str, within_s: float = 15.0) -> None:
        """Wait for what the gate will do; asking it takes time too."""
        clock = SystemClock()
        until_ms = clock.monotonic_ms() + within_s * 1000
        pause = threading.Event()
        while not claim():
            late = clock.monotonic_ms() > until_ms
            assert not late, f"{what} did not happen in {within_s} s; the log: {self.log_text()}"
            pause.wait(POLL_S)


def command(*arguments: str) -> list[str]:
    """How `portillon` is started with this very Python, installed or not."""
    return [sys.executable, "-c", PROGRAM, *arguments]


def environment() -> dict[str, str]:
    """As ours, with the same places to import from."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def run_portillon(*arguments: str, around: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run `portillon` to its end."""
    words = [*around, *command(*arguments)]
    return run(words, within_s=START_WITHIN_S, env=environment())


def send_line(path: Path, line: bytes) -> Reply:
    """Send raw bytes to a control socket; the reply."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(15)
        caller.connect(str(path))
        caller.sendall(line)
        reply: Reply = json.loads(caller.makefile("rb").readline())
        return reply
