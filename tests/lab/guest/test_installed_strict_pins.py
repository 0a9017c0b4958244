"""Pins that the kernel lets go of when their owner dies, as with ``dtparam=strict_gpiod``."""

from __future__ import annotations

from board import RELAY, wait_until
from installed_gate import InstalledGate


def test_a_gate_that_is_killed_lets_go_of_the_relay_at_once(gate: InstalledGate) -> None:
    with gate.watch() as watcher:
        gate.lens.show("2")
        watcher.hear(("scan",), 60)
        gate.lens.show()
        wait_until(lambda: gate.wires.measure(RELAY), "a relay that is on")
        gate.signal("KILL")
    wait_until(lambda: not gate.wires.measure(RELAY), "a relay that is off", 2)
    gate.wait_ready()
