"""A machine whose clock lost everything: it booted in 1970, and nobody has told it the time."""

from __future__ import annotations

from installed_gate import InstalledGate, recorded
from scanner.core.clock import ClockState


def test_time_is_not_trusted_and_never_before_what_is_known(gate: InstalledGate) -> None:
    status = gate.status()
    known = [fact.at for fact in recorded() if fact.clock is not ClockState.UNTRUSTED]

    assert status["clock"]["state"] == "untrusted"
    assert status["clock"]["now"] >= max(known, default=0)
    assert status["snapshot"]["age_s"] >= 0  # in 1970 it would not be made yet


def test_a_scan_is_decided_recorded_and_marked_with_the_doubt(gate: InstalledGate) -> None:
    with gate.watch() as watcher:
        answer = gate.scan(watcher, "1")

    fact = next(fact for fact in recorded() if fact.seq == answer["seq"])
    assert fact.clock is ClockState.UNTRUSTED
    assert answer["reason"] != "INTERNAL"
