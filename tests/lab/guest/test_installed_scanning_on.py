"""People scan for ever: the host cuts the power in the midst of it, so this test has no end."""

from __future__ import annotations

from itertools import cycle

from console_report import tell
from installed_gate import InstalledGate


def test_people_scan_until_the_power_goes(gate: InstalledGate) -> None:
    with gate.watch() as watcher:
        for card in cycle("678"):
            answer = gate.admit(watcher, card)
            tell(f"LAB-ACK {answer['seq']}")
