"""The gate as it was installed: its units under systemd, its command, its folders.

Law: reached from outside only. The ledger is read from a copy: a reader of ours may leave nothing behind that belongs
to root.

Source: docs/operations.md, "Processes".
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from board import RELAY, Lens, Wires, wait_until
from scanner.control import ControlClient, Reply
from scanner.core.errors import ConfigError
from scanner.core.events import Fact
from support.watcher import Watcher
from sync.ledger_format import connect_reader, load_rows
from sync.wire import parse_fact

UNIT = "portillon-gate.service"
DATA = Path("/var/lib/portillon")
SOCKET = Path("/run/portillon/gate.sock")
HEARD_WITHIN_S = 60.0


class InstalledGate:
    """The gate of this guest."""

    def __init__(self, wires: Wires, lens: Lens) -> None:
        self.wires, self.lens = wires, lens

    def start(self) -> None:
        """Start its unit and wait until the lane answers."""
        systemctl("start", UNIT)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the lane's thread serves its callers."""
        wait_until(self.answers, "a lane that answers", 120)

    def answers(self) -> bool:
        """True when it does."""
        try:
            return bool(self.ask("status")["ok"])
        except (ConfigError, OSError, KeyError):
            return False

    def stop(self) -> None:
        """End it tidily."""
        systemctl("stop", UNIT)

    def signal(self, name: str) -> None:
        """Send its main process a signal."""
        systemctl("kill", "--kill-who=main", "--signal", name, UNIT)

    def shown(self, name: str) -> str:
        """A property of its unit."""
        return systemctl("show", "--value", "--property", name, UNIT)

    def ask(self, do: str) -> Reply:
        """One request to the lane."""
        return ControlClient(SOCKET).ask(do)

    def status(self) -> Reply:
        """What it says of itself."""
        return self.ask("status")

    def watch(self) -> Watcher:
        """Somebody who watches."""
        return Watcher(SOCKET)

    def scan(self, watcher: Watcher, card: str) -> dict[str, Any]:
        """Hold a card up and hear the answer."""
        self.lens.show(card)
        answer = watcher.hear(("scan",), HEARD_WITHIN_S)
        self.lens.show()
        return answer

    def admit(self, watcher: Watcher, card: str) -> dict[str, Any]:
        """Hold a card up, walk through, and leave an arm at rest."""
        answer = self.scan(watcher, card)
        assert answer["charged"] == 1, answer
        self.wires.walk_through()
        watcher.hear(("passed",), HEARD_WITHIN_S)
        wait_until(self.is_at_rest, "an arm at rest")
        return answer

    def is_at_rest(self) -> bool:
        """Nobody is expected at the arm, and its coil is off."""
        return self.status()["lane"]["phase"] == "IDLE" and not self.wires.measure(RELAY)


def systemctl(*arguments: str) -> str:
    """One call of systemctl, which has to work."""
    return run("systemctl", *arguments)


def run(*command: str, may_fail: bool = False) -> str:
    """Run a command to its end; its output."""
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240
    )
    assert may_fail or result.returncode == 0, (command, result.stdout, result.stderr)
    return (result.stdout + result.stderr).strip()


def as_service(*command: str) -> str:
    """Run a command as the gate's own account."""
    return run("runuser", "-u", "portillon", "--", *command)


def recorded() -> list[Fact]:
    """Every fact on the disk, from a copy of the ledger's files."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "ledger"
        shutil.copytree(DATA / "ledger", copy)
        with contextlib.closing(connect_reader(copy / "ledger.db")) as connection:
            return [parse_fact(row.body) for row in load_rows(connection, 0, 100_000)]
