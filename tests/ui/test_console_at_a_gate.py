"""A console at a real gate: what it does becomes a fact, and whatever becomes of it is no matter to the lane."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scanner.core.events import FactKind
from support.console_stage import Stage, play
from support.gates import GateRig, card, environment, open_site
from support.snapshots import Site, enrol, place
from sync.operator_pins import encode_pin
from ui.gate_line import SocketLine
from ui.system_clock import SystemClock

PIN = "31415"
NOBODY = 65_534
PROGRAM = "from ui.cli import main; main()"
STRANGER = """
import os, socket, sys
os.chdir(sys.argv[1]); os.setgroups([]); os.setgid(65534); os.setuid(65534)
caller = socket.socket(socket.AF_UNIX); caller.settimeout(15)
try:
    caller.connect("gate.sock")
    caller.sendall(b'{"do": "status"}\\n')
    print(len(caller.recv(100)))
except OSError as error:
    print(type(error).__name__)
"""
"""Goes where the socket is, becomes another account, and asks."""


def site(seq: int) -> Site:
    """Theo is a technician."""
    return open_site(seq=seq, operators=[("Theo", "technician", encode_pin(PIN, b"t" * 16), 1)])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateRig]:
    with GateRig(tmp_path_factory.mktemp("gate"), site(100)) as rig:
        place(rig.cache, site(101))
        rig.hold_up()
        rig.start_ready()
        yield rig
        assert rig.stop() == 0


@pytest.fixture
def gate(running: GateRig) -> GateRig:
    """The gate; enrolled again where a test has wiped it."""
    if running.status()["snapshot"] is None:
        assert running.stop() == 0
        enrol(running.cache)
        place(running.cache, site(101))
        running.start_ready()
    return running


@contextmanager
def console(gate: GateRig) -> Iterator[subprocess.Popen[bytes]]:
    """The program in a terminal of its own, once it shows the lane."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", PROGRAM, "--runtime-dir", str(gate.runtime), "--lang", "en"]
    env = environment() | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(words, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = bytearray()

    def shows_the_lane() -> bool:
        while select.select([ours], [], [], 0)[0]:
            seen.extend(os.read(ours, 65_536))
        return b"SIMULATION" in seen

    try:
        gate.wait_until(shows_the_lane, "a console that shows the lane", 60)
        yield process
    finally:
        process.kill()
        process.wait(20)
        os.close(ours)


def walk_in(gate: GateRig, number: int) -> None:
    """Somebody comes in as ever."""
    with gate.watch() as watcher:
        assert gate.admit(watcher, card(number))["outcome"] == "SUCCESS"


def hammer(gate: GateRig, stop: threading.Event, codes: set[str]) -> None:
    """A console out of its mind: asks as fast as it can, and does not wait to be told."""
    while not stop.is_set():
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(15)
            caller.connect(str(gate.runtime / "gate.sock"))
            caller.sendall(b'{"do": "settings"}\n' * 30)
            told = caller.makefile("rb")
            replies = [json.loads(told.readline()) for _ in range(30)]
            codes.update(str(reply.get("code")) for reply in replies)


def test_the_lane_goes_on_whatever_becomes_of_a_console(gate: GateRig) -> None:
    with console(gate) as process:
        walk_in(gate, 1)
        process.send_signal(signal.SIGSTOP)
        walk_in(gate, 2)
        process.send_signal(signal.SIGKILL)
        walk_in(gate, 3)
    stop, codes = threading.Event(), set[str]()
    hasty = threading.Thread(target=hammer, args=(gate, stop, codes), daemon=True)
    hasty.start()
    walk_in(gate, 4)
    stop.set()
    hasty.join(20)
    assert "control_too_often" in codes
    assert gate.status()["doubts"] == []
    assert gate.is_whole()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_another_account_is_not_heard_even_where_the_file_lets_it_in(gate: GateRig) -> None:
    def stranger() -> str:
        words = [sys.executable, "-I", "-c", STRANGER, str(gate.runtime)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    sock = gate.runtime / "gate.sock"
    assert (gate.runtime.stat().st_mode & 0o777, sock.stat().st_mode & 0o777) == (0o700, 0o600)
    assert stranger() == "PermissionError"
    gate.runtime.chmod(0o711)
    sock.chmod(0o666)
    assert stranger() in {"0", "ConnectionResetError", "BrokenPipeError"}
    gate.runtime.chmod(0o700)
    sock.chmod(0o600)
    assert gate.status()["ok"] is True


def say_that_all_was_sent(gate: GateRig) -> None:
    """As sync writes it after a contact."""
    head = gate.ask("overview")["ledger"]["head"]
    report = {"at_ms": 1, "have": head, "held": head}
    path = gate.data / "peers" / "status.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"report": report}), encoding="utf-8")


def test_acts_of_the_console_are_facts_with_a_name_to_the_last_which_wipes(gate: GateRig) -> None:
    before = len(gate.facts())

    async def story(stage: Stage) -> None:
        await stage.press("u")
        await stage.press(*"Theo", "enter", *PIN, "enter")
        await stage.shows("✔ Done: Test pulse")
        gate.wait_until(gate.is_idle, "an arm at rest")
        await act(stage, "go back")
        await stage.shows("✔ Done: Go back")
        await stage.until(lambda: stage.console.board.at("overview", "snapshot", "seq") == 100)
        await act(stage, "wipe")
        await stage.shows("wipe_not_sent")
        say_that_all_was_sent(gate)
        await stage.press(*PIN, "enter")
        await stage.shows("✔ Done: Wipe", "no snapshot")

    play(story, Stage(clock=SystemClock(), line=line(gate.runtime)), width=110, height=30)
    done = [(fact.kind, fact.note, fact.operator) for fact in gate.facts()[before:]]
    assert done == [
        (FactKind.SERVICE, "pulse", "Theo"),
        (FactKind.SERVICE, "snapshot_gone_back", "Theo"),
        (FactKind.SERVICE, "wiped", "Theo"),
    ], "and no passage"
    assert gate.is_whole()


async def act(stage: Stage, part: str) -> None:
    """Find it by a part of its name, and prove who wants it."""
    await stage.press("ctrl+p")
    await stage.press(*part, "enter")
    await stage.shows("PIN")
    await stage.press(*PIN, "enter")


def line(runtime: Path) -> SocketLine:
    return SocketLine(runtime / "gate.sock", SystemClock())
