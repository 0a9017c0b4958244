"""Rows of the table of failures that belong to no other file: docs/failures.md."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hardware.camera import Camera, CameraSettings
from hardware.line_framer import LineCounts, ScannedLine, ScannerSettings
from hardware.simulated import SimulatedTurnstile
from scanner.choosing import Choice
from scanner.core.errors import DeviceError
from scanner.core.events import FactKind
from scanner.core.reasons import Reason
from scanner.core.units import Direction
from scanner.hearing import Ear, Hearing
from scanner.lane_start import begin
from scanner.notify import FEED_MS, Supervisor
from scanner.panel.levels import told_levels
from scanner.reading.decode import Decoder
from scanner.seeing import Eye, Seeing
from scanner.wiring import turnstile_settings
from support.eventually import eventually
from support.lanes import RELAY_IN, LaneRig, simulated
from support.tickets import ticket

IN, OUT = Direction.IN, Direction.OUT


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
        levels = told_levels(rig.turnstile, rig.config.turnstile)
        assert levels["inputs"] == {"fire": False, "tamper": True}
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


class PowerCutError(Exception):
    """Nothing more happens in this process."""


def test_a_power_cut_between_record_and_pulse_counts_the_entry_and_flags_its_passage(
    rig: LaneRig,
) -> None:
    rig.wait(100)
    commit = rig.ledger.append

    def record_and_die(*written: Any) -> None:
        commit(*written)
        raise PowerCutError

    rig.ledger.append = record_and_die  # type: ignore[method-assign]
    with pytest.raises(PowerCutError):
        rig.show(ticket())
    assert rig.pulses == 0

    rig.restart()
    begin(rig.lane, rig.ledger, "simulated")
    rig.wait(10_000)

    assert rig.pulses == 0
    (scan,) = (fact for fact in rig.facts() if fact.kind is FactKind.SCAN)
    (unknown,) = (fact for fact in rig.facts() if fact.kind is FactKind.PASSAGE_UNKNOWN)
    assert (scan.charged, unknown.refers_to) == (1, scan.seq)
    assert rig.is_whole()


def test_with_the_camera_gone_a_wired_scanner_still_lets_people_out(rig: LaneRig) -> None:
    camera = Camera(CameraSettings(device="/dev/gone"), rig.clock.monotonic_ms, lambda _s: None)
    eye = Eye("camera", camera, Decoder(("qr",)), Choice(lambda _code: False), lambda: IN)
    seeing = Seeing(rig.lane, (eye,))
    scanner = Line([ScannedLine(ticket(), None, 0)])
    hearing = Hearing(rig.lane, (Ear("scanner 1", scanner, lambda: OUT),))

    assert eventually(lambda: seeing.look(0) or seeing.doubt_codes == ("camera_missing",))
    assert hearing.listen()
    camera.close()

    (scan,) = (fact for fact in rig.facts() if fact.kind is FactKind.SCAN)
    assert (scan.movement, scan.reason) == (OUT, Reason.EXIT)


@dataclass
class Line:
    """A wired scanner with codes to give."""

    codes: list[ScannedLine]
    fault: DeviceError | None = None
    counts: LineCounts = field(default_factory=LineCounts)
    last_raw: bytes = b""
    settings: ScannerSettings = field(
        default_factory=lambda: ScannerSettings(name="desk", kind="serial", device="/dev/desk")
    )

    def take(self) -> ScannedLine | None:
        return self.codes.pop(0) if self.codes else None

    def state(self) -> str:
        return "ready"

    def close(self) -> None:
        self.codes.clear()
