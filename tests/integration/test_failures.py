"""Rows of the table of failures that belong to no other file: docs/failures.md."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.simulated import SimulatedTurnstile
from scanner.core.errors import DeviceError
from scanner.core.events import FactKind
from scanner.notify import FEED_MS, Supervisor
from scanner.wiring import turnstile_settings
from support.lanes import RELAY_IN, LaneRig, simulated
from support.tickets import ticket


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LaneRig]:
    with LaneRig(tmp_path) as rig:
        yield rig


def test_a_gate_whose_relay_will_not_switch_off_feeds_no_watchdog(
    rig: LaneRig, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.setblocking(False)
        supervisor = Supervisor(str(tmp_path / "notify"), rig.clock.monotonic_ms)

        def is_fed() -> bool:
            rig.wait(FEED_MS)
            supervisor.feed(lambda: "", is_live=rig.turnstile.is_live())
            try:
                return door.recv(64).startswith(b"WATCHDOG=1")
            except BlockingIOError:
                return False

        assert is_fed()
        rig.show(ticket())
        rig.turnstile.chip.break_line(RELAY_IN)
        rig.wait(1_000)
        assert not is_fed()
        rig.turnstile.chip.mend(RELAY_IN)
        assert is_fed()
        assert not rig.turnstile.chip.is_closed(RELAY_IN)


def test_an_opened_housing_is_an_alarm_and_nothing_else(tmp_path: Path) -> None:
    config = simulated(tamper="GPIO25")
    with LaneRig(tmp_path, config=config) as rig:
        rig.wait(200)
        rig.turnstile.set_tamper(active=True)
        rig.wait(200)
        alarms = [fact.note for fact in rig.facts() if fact.kind is FactKind.ALARM]
        assert alarms == ["tamper"]
        answer = rig.admit(ticket())
        assert answer is not None
        assert rig.pulses == 1


def test_a_second_gate_on_the_same_lines_ends_and_says_who_has_them(rig: LaneRig) -> None:
    settings = turnstile_settings(rig.config.turnstile)
    with pytest.raises(DeviceError, match="another daemon holds the line") as told:
        SimulatedTurnstile(settings, rig.clock, rig.turnstile.chip)
    assert told.value.code == "line_busy"
    rig.admit(ticket())
    assert rig.pulses == 1
