"""Rotating codes at a real gate: the papers of the device bring what proves them."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.system_clock import SystemClock
from scanner.core import rotating
from support.gates import GateRig, open_site
from support.snapshots import enrol, ticket

MASTER = b"the event master of this museum!"
MINE, OLD = b"rotating-code-01", b"rotating-code-02"


def shown(credential_id: bytes, ago_s: int = 0, second: int = 0) -> bytes:
    """What a phone showed so long ago, in that second of its step."""
    now_s = SystemClock().now_ms() // 1000 - ago_s
    first_s = rotating.step_of(now_s) * rotating.STEP_S
    return rotating.encode(
        ticket(credential_id), rotating.secret(MASTER, credential_id), first_s + second
    )


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateRig]:
    site = open_site(tickets={MINE: (1,), OLD: (2,)})
    with GateRig(tmp_path, site) as rig:
        rig.hold_up()
        rig.start_ready()
        yield rig
        assert rig.stop() == 0


def test_a_code_is_good_once_in_its_time_as_soon_as_the_device_holds_the_event_master(
    gate: GateRig,
) -> None:
    with gate.watch() as watcher:
        unproven = gate.scan(watcher, shown(MINE, second=1))
        assert (unproven["outcome"], unproven["reason"]) == ("DECLINED", "UNKNOWN_KEY")

        enrol(gate.cache, master=MASTER)

        current = shown(MINE, second=2)
        admitted = gate.admit(watcher, current)
        assert (admitted["outcome"], admitted["reason"]) == ("SUCCESS", "OK")
        seconds = b"%d" % (int(current[4:].partition(b"+")[0]) + 1)
        again = current[:4] + seconds + current[4 + len(seconds) :]
        reused = gate.scan(watcher, again)
        assert (reused["outcome"], reused["reason"]) == ("REPEATED", "CODE_REUSED")
        late = gate.scan(watcher, shown(OLD, ago_s=120))
        assert (late["outcome"], late["reason"]) == ("DECLINED", "CODE_EXPIRED")
    assert stat.S_IMODE((gate.cache / "device.json").stat().st_mode) == 0o600
    assert MASTER.decode() not in gate.log_text()


def test_an_event_master_that_cannot_be_read_proves_nothing_and_the_lane_goes_on(
    gate: GateRig,
) -> None:
    enrol(gate.cache, master=b"too short")
    with gate.watch() as watcher:
        assert gate.scan(watcher, shown(MINE))["reason"] == "UNKNOWN_KEY"
