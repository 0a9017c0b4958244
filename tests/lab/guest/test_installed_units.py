"""The gate's unit under a real systemd, on pins that keep their level when their owner dies."""

from __future__ import annotations

from board import RELAY, wait_until
from installed_gate import InstalledGate, recorded, run, systemctl
from scanner.core.events import FactKind


def test_a_gate_that_is_killed_with_the_relay_on_is_back_with_the_arm_locked(
    gate: InstalledGate,
) -> None:
    restarts = int(gate.shown("NRestarts"))
    with gate.watch() as watcher:
        answer = gate.scan(watcher, "4")
        wait_until(lambda: gate.wires.measure(RELAY), "a relay that is on")
        gate.signal("KILL")
    wait_until(lambda: not gate.wires.measure(RELAY), "a relay that is off")
    gate.wait_ready()

    assert int(gate.shown("NRestarts")) > restarts
    about = [fact.kind for fact in recorded() if fact.refers_to == answer["seq"]]
    assert about == [FactKind.PASSAGE_UNKNOWN]


def test_a_gate_that_hangs_with_the_relay_on_is_ended_by_its_watchdog(gate: InstalledGate) -> None:
    restarts = int(gate.shown("NRestarts"))
    with gate.watch() as watcher:
        gate.scan(watcher, "5")
        wait_until(lambda: gate.wires.measure(RELAY), "a relay that is on")
        gate.signal("STOP")
    wait_until(lambda: not gate.wires.measure(RELAY), "a relay that is off", 120)
    gate.wait_ready()

    assert int(gate.shown("NRestarts")) > restarts
    assert "portillon-gate.service: Watchdog timeout" in run(
        "journalctl", "-o", "cat", "-n", "1000"
    )


def test_it_is_told_ready_only_when_the_lane_is(gate: InstalledGate) -> None:
    systemctl("restart", "portillon-gate.service")

    assert gate.answers()
