"""`portillon` with a meter on the simulated wires, and a part that may break its word.

    python -m support.metered_gate METER FAULT COMMAND...

METER gets a line ``GPIO17 1`` whenever a wire changes, METER.modules at the end what was loaded. FAULT: ``none``;
``camera``: from the second picture on its driver raises what no driver may raise; ``relay``: a relay that was switched
on cannot be switched off again; ``disk``: SQLite finds its file damaged at the first scan. All else is the real
program: this is how a test sees what the arm was told last, and how a crash looks that nobody foresaw.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardware import replay, simulated
from hardware.pins import failed
from hardware.simulated_pins import SimulatedChip
from scanner import building
from scanner.cli import main
from scanner.core.events import Fact, FactKind
from scanner.records import ledger


class MeteredChip(SimulatedChip):
    """Wires that write down what is done to them."""

    meter = -1
    sticks = False

    def write(self, line: str, *, level: bool) -> None:
        if self.sticks and self.measure(line) and not level:
            raise failed(line, self.label, "the driver answers with an error")
        super().write(line, level=level)
        os.write(self.meter, f"{line} {level:d}\n".encode())


class BrokenReel(replay.PictureFolder):
    """A reel that jams after its first picture."""

    def _show(self, position: int) -> None:
        super()._show(position)
        if position > 0:
            raise ZeroDivisionError("the driver broke its word")


class DamagedLedger(ledger.Ledger):
    """A ledger whose file SQLite cannot make sense of once somebody comes."""

    def _insert(self, facts: Sequence[Fact], local: bytes | None) -> None:
        if facts[0].kind is FactKind.SCAN:
            raise self._fault(sqlite3.DatabaseError("database disk image is malformed"))
        super()._insert(facts, local)


def _list_modules(path: str) -> None:
    Path(path).write_text(" ".join(sys.modules))


def _meddle(meter: str, fault: str) -> None:
    MeteredChip.meter = os.open(meter, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    atexit.register(_list_modules, f"{meter}.modules")
    MeteredChip.sticks = fault == "relay"
    arm: Any = simulated
    arm.SimulatedChip = MeteredChip
    if fault == "camera":
        camera: Any = replay
        camera.PictureFolder = BrokenReel
    if fault == "disk":
        parts: Any = building
        parts.Ledger = DamagedLedger


if __name__ == "__main__":
    _meddle(*sys.argv[1:3])
    main(sys.argv[3:])
