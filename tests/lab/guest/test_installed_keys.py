"""Keys that are gone: the network side says so, and the lane opens."""

from __future__ import annotations

from board import wait_until
from installed_gate import DATA, InstalledGate, run


def test_without_the_device_key_sync_says_so_and_the_lane_goes_on(gate: InstalledGate) -> None:
    wait_until(lambda: "device_key_missing" in logged("portillon-sync"), "a word of sync's", 180)

    assert gate.answers()


def test_without_its_enrolment_a_gate_stays_locked_and_goes_on_when_it_is_back(
    gate: InstalledGate,
) -> None:
    papers, aside = DATA / "cache" / "device.json", DATA / "cache" / "device.aside"
    papers.rename(aside)
    run("systemctl", "restart", "portillon-gate.service", may_fail=True)
    assert not gate.answers()

    aside.rename(papers)
    run("systemctl", "restart", "portillon-gate.service", may_fail=True)

    gate.wait_ready()


def logged(unit: str) -> str:
    """What a unit has logged since the machine was switched on."""
    return run("journalctl", "-o", "cat", "-u", unit)
