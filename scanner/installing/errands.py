"""Errands: what the bench has another process do, because it has no network itself: look, enrol, make first contact.

Law: the product's own commands, as a person would type them; a code goes over standard input, never into an argument or
a log. One errand of a kind at a time; what became of the last one is kept as the command told it.

Source: docs/commands.md; docs/adr/0018-the-wizard-has-a-bench-of-its-own.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scanner.installing.writing import owner_of

PROGRAM = "from scanner.cli import main; main()"
WITHIN_S = 90.0
TOLD = re.compile(
    r"^✖ (?P<message>.*) \[(?P<code>[a-z0-9_]+)\](?:\s+→ (?P<hint>.*))?\s*$", re.DOTALL
)
"""How `portillon` tells a fault."""
Outcome = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Errand:
    """``arguments`` of `portillon`; ``stdin`` is what nobody else may see."""

    arguments: Sequence[str]
    stdin: str = field(default="", repr=False)


def run(errand: Errand, data_dir: Path, within_s: float = WITHIN_S) -> Outcome:
    """Do it and tell what became of it, as the account that the gate's files belong to."""
    owner = owner_of(data_dir)
    account = {} if owner is None else {"user": owner[0], "group": owner[1], "extra_groups": []}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", PROGRAM, *errand.arguments],
            input=errand.stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=within_s,
            **account,  # type: ignore[call-overload]
        )
    except subprocess.TimeoutExpired:
        return {"ok": False, "code": "errand_slow", "message": "", "hint": ""}
    return outcome_of(done.returncode, done.stdout, done.stderr)


def outcome_of(status: int, told: str, complained: str) -> Outcome:
    """What a command's end says: its JSON where it prints some, else its one fault."""
    try:
        found: Outcome = json.loads(told)
    except ValueError:
        found = {}
    if status == 0:
        return {"code": "ok", **found, "ok": True}
    if found:
        return {"code": "", **found, "ok": False}
    fault = TOLD.search(complained.strip())
    if fault is None:
        return {"ok": False, "code": "errand_failed", "message": "", "hint": ""}
    return {"ok": False, **{name: text or "" for name, text in fault.groupdict().items()}}


UNITS = ("portillon-gate.service", "portillon-sync.service")
UNITS_CONFIG = Path("/etc/portillon/portillon.toml")
BOOTED = Path("/run/systemd/system")
"""There where systemd runs the machine (sd_booted(3))."""


def starts_units(config_path: Path, *, is_root: bool, is_booted: bool) -> bool:
    """True where the units of the package serve this configuration, and we may start them."""
    return is_root and is_booted and config_path == UNITS_CONFIG


def start_units(config_path: Path) -> None:
    """Have systemd start gate and sync, where they are its units; elsewhere somebody else does."""
    if not starts_units(config_path, is_root=os.geteuid() == 0, is_booted=BOOTED.is_dir()):
        return
    program = shutil.which("systemctl")
    if program is not None:
        words = (program, "--no-block", "start", *UNITS)
        subprocess.run(words, check=False, capture_output=True, timeout=WITHIN_S)


class Errands:
    """Each kind in a thread of its own. ``does`` carries one out for the owner of a data folder."""

    def __init__(
        self, data_dir: Callable[[], Path], does: Callable[[Errand, Path], Outcome] = run
    ) -> None:
        self._data_dir = data_dir
        self._does = does
        self._lock = threading.Lock()
        self._told: dict[str, Outcome] = {}
        self._running: dict[str, threading.Thread] = {}

    def begin(
        self, kind: str, errand: Errand, then: Callable[[Outcome], object] | None = None
    ) -> bool:
        """False where one of this kind is still on its way. ``then`` is done in its thread when it went well."""
        with self._lock:
            if self.is_running(kind):
                return False
            thread = threading.Thread(
                target=self._go, args=(kind, errand, then), name=kind, daemon=True
            )
            self._running[kind] = thread
            thread.start()
        return True

    def is_running(self, kind: str) -> bool:
        """True while somebody is on the way."""
        thread = self._running.get(kind)
        return thread is not None and thread.is_alive()

    def told(self) -> Mapping[str, Outcome]:
        """What became of each, and which are on their way."""
        with self._lock:
            running = {kind: self.is_running(kind) for kind in self._running}
            return {
                kind: {**self._told.get(kind, {}), "is_running": is_}
                for kind, is_ in running.items()
            }

    def _go(self, kind: str, errand: Errand, then: Callable[[Outcome], object] | None) -> None:
        found = self._does(errand, self._data_dir())
        with self._lock:
            self._told[kind] = found
        if then is not None and found["ok"]:
            then(found)
