"""The demo's world: a central, a gate's network side and the gate itself, as real processes in a scratch folder.

Law: set up with the same commands that a person would type, and taken down whatever happens.
"""

from __future__ import annotations

import contextlib
import json
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from scanner.core.errors import CentralError
from scanner.core.units import Instant
from server_stub.demo import museum
from server_stub.demo.museum import Organiser
from server_stub.demo.network import Cable
from server_stub.demo.play import Pass
from server_stub.demo.scratch import take_scratch
from server_stub.demo.stage import (
    START_WITHIN_S,
    Ear,
    Program,
    Screen,
    ask_gate,
    load_json,
    run,
    wait_until,
)

Say = Callable[[str], None]

GATE_CONFIG = """\
[gate]
data_dir = "{data}"
runtime_dir = "{runtime}"

[central]
poll_s = 0.5

[camera]
{camera}

[turnstile]
backend = "simulated"
passage_wait_s = {wait_s}
simulated_walk_ms = 600
"""
WAY_IN = """
[turnstile.way_in]
relay = "GPIO17"
sensor = "GPIO22"
"""

REPLAY = """source = "replay"
path = "{frames}"
follow = true
fps = 30"""
REAL = """source = "v4l2"
device = "{device}\""""


@dataclass(slots=True)
class World:
    """What runs, and where."""

    folder: Path
    runtime: Path
    organiser: Organiser
    cable: Cable
    central: Program
    sync: Program
    gate: Program
    screen: Screen
    config: Path
    passes: dict[str, Pass]

    def open_ear(self) -> Ear:
        """Listen to the gate."""
        return Ear(self.runtime / "gate.sock")

    def ledger_facts(self) -> list[dict[str, Any]]:
        """Every fact of the gate, by the technician's own command."""
        lines = run(
            "portillon", "ledger", "export", "--config", str(self.config), "--format", "json"
        )
        return [json.loads(line)["fact"] for line in lines.splitlines()]

    def gate_snapshot_seq(self) -> int:
        """Which snapshot the gate works from."""
        snapshot = ask_gate(self.runtime / "gate.sock", "status")["snapshot"]
        return 0 if snapshot is None else int(snapshot["seq"])

    def gate_doubts(self) -> list[str]:
        """Codes of what the gate says is not well with it."""
        return list(ask_gate(self.runtime / "gate.sock", "status")["doubts"])

    def require_gate(self) -> None:
        """Nobody ended the gate, so it must run.

        Raises:
            CentralError: ``demo_program_ended`` with its last words.
        """
        if not self.gate.is_running:
            raise CentralError(
                "demo_program_ended",
                f"the gate ended by itself: {self.gate.last_words()}",
                f"see {self.gate.log}",
            )

    def close(self) -> None:
        """End every process, gate first."""
        for program in (self.gate, self.sync, self.central):
            program.stop()
        self.cable.cut()


@dataclass(frozen=True, slots=True)
class Museum:
    """A central that sells and publishes, and that no gate has heard of."""

    organiser: Organiser
    cable: Cable
    central: Program
    passes: dict[str, Pass]


def build_museum(folder: Path, now: Instant, say: Say, stack: contextlib.ExitStack) -> Museum:
    """From nothing to a published snapshot."""
    take_scratch(folder, stack)
    (folder / "frames").mkdir()
    central_dir, port = folder / "central", _free_port()
    say("the central is founded: keys, database, signed repository")
    cable = Cable(port)
    stack.callback(cable.cut)
    founded = _found(central_dir, f"http://127.0.0.1:{cable.port}", now)
    central = Program(
        "portillon-central",
        ("serve", "--dir", str(central_dir), "--port", str(port), "--publish-every", "0"),
        folder / "central.log",
    )
    central.start()
    stack.callback(central.stop)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: _answers(url), "the central's start", START_WITHIN_S, central.log)
    organiser = museum.sign_in(url, founded["admin"], founded["one_time_password"])
    say("tickets are sold: annual passes, three-visit cards, a club card, a season seat")
    museum.open_museum(organiser, now)
    passes = museum.sell_passes(organiser)
    published = organiser.tell("publish")
    say(f"snapshot {published['seq']} is published, signed: {published['grants']} rights")
    return Museum(organiser, cable, central, passes)


def build_world(
    folder: Path, now: Instant, say: Say, camera: str | None, stack: contextlib.ExitStack
) -> World:
    """From nothing to a gate that is ready for the first visitor."""
    museum_ = build_museum(folder, now, say, stack)
    config = folder / "portillon.toml"
    # a socket's path may have 107 characters at most, and a checkout may lie deep
    runtime = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portillon-")))
    config.write_text(_gate_config(folder, runtime, camera), encoding="utf-8")
    _enrol(museum_.organiser, config, say)
    say("the gate starts: camera, decoder, ledger, simulated turnstile")
    sync = Program("portillon", ("sync", "--config", str(config)), folder / "sync.log")
    gate = Program("portillon", ("gate", "--config", str(config)), folder / "gate.log")
    world = World(
        folder,
        runtime,
        museum_.organiser,
        museum_.cable,
        museum_.central,
        sync,
        gate,
        Screen(folder / "frames"),
        config,
        museum_.passes,
    )
    stack.callback(world.close)
    sync.start()
    gate.start()
    wait_until(lambda: _listens(world), "the gate's start", START_WITHIN_S, gate.log)
    return world


def _found(central_dir: Path, url_for_gates: str, now: Instant) -> Any:
    site = ("--site", museum.SITE, "--zone", museum.ZONE, "--day-cutoff", museum.day_cutoff(now))
    where = ("--dir", str(central_dir), "--url", url_for_gates)
    return load_json(run("portillon-central", "init", "--json", *where, *site))


def _enrol(organiser: Organiser, config: Path, say: Say) -> None:
    added = organiser.tell("devices", {"gate": museum.GATE})
    run("portillon", "enrol", "--config", str(config), "-", stdin=json.dumps(added["enrolment"]))
    contact = load_json(run("portillon", "sync", "--config", str(config), "--once", "--json"))
    say(
        f"device {added['device']} is enrolled by a one-time token; first contact: {_contact(contact)}"
    )


def _contact(contact: Any) -> str:
    return f"snapshot {contact.get('snapshot_seq')} fetched and verified"


def _gate_config(folder: Path, runtime: Path, camera: str | None) -> str:
    source = REAL.format(device=camera) if camera else REPLAY.format(frames=folder / "frames")
    fields = {"data": folder / "gate", "runtime": runtime, "camera": source, "wait_s": 2}
    return GATE_CONFIG.format(**fields) + WAY_IN


def _listens(world: World) -> bool:
    world.require_gate()
    try:
        world.open_ear().close()
    except OSError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/v1/nonce", timeout=2).ok
    except requests.RequestException:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
