"""Keys that are gone: the network side says so, and the lane opens."""

from __future__ import annotations

from installed_gate import DATA, InstalledGate, as_service, run


def test_without_the_device_key_sync_says_so_and_the_lane_goes_on(gate: InstalledGate) -> None:
    told = as_service("portillon", "sync", "--once", may_fail=True)

    assert "device_key_missing" in told
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
