"""From wired scanners to the lane: each opens its own way, one that is gone is told once, nobody waits."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hardware.line_framer import LineCounts, ScannedLine, ScannerSettings
from hardware.wired_scanner import missing
from scanner.core.errors import DeviceError
from scanner.core.events import FactKind
from scanner.core.units import Direction
from scanner.hearing import Ear, Hearing
from support.lanes import LaneRig
from support.tickets import ticket

IN, OUT = Direction.IN, Direction.OUT


DESK = ScannerSettings(name="desk", kind="serial", device="/dev/desk")
NOTHING_CAME = {
    "kind": "serial",
    "counts": {"codes": 0, "fragments": 0, "unframed": 0},
    "lines": [],
}


@dataclass
class ScriptedScanner:
    """A scanner whose state and codes are said by the test."""

    now: str = "ready"
    fault: DeviceError | None = None
    lines: list[bytes] = field(default_factory=list)
    counts: LineCounts = field(default_factory=LineCounts)
    last_raw: bytes = b""
    settings: ScannerSettings = DESK

    def take(self) -> ScannedLine | None:
        return ScannedLine(self.lines.pop(0), None, 0) if self.lines else None

    def state(self) -> str:
        return self.now

    def close(self) -> None:
        self.now = "closed"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LaneRig]:
    with LaneRig(tmp_path) as rig:
        yield rig


def hearing(rig: LaneRig, inward: ScriptedScanner, outward: ScriptedScanner) -> Hearing:
    return Hearing(
        rig.lane,
        (Ear("scanner 1", inward, lambda: IN), Ear("scanner 2", outward, lambda: OUT)),
    )


def test_each_scanner_opens_the_way_it_stands_at(rig: LaneRig) -> None:
    inward, outward = ScriptedScanner(), ScriptedScanner()
    ears = hearing(rig, inward, outward)
    assert not ears.listen()
    inward.lines.append(ticket())
    assert ears.listen()
    rig.wait(10_000)
    outward.lines.append(ticket())
    assert ears.listen()
    scans = [fact for fact in rig.facts() if fact.kind is FactKind.SCAN]
    assert [scan.direction for scan in scans] == [IN, OUT]


def test_the_same_code_before_scanner_and_camera_is_one_presentation(rig: LaneRig) -> None:
    inward = ScriptedScanner(lines=[ticket()])
    rig.show(ticket())
    assert not hearing(rig, inward, ScriptedScanner()).listen()
    assert len([fact for fact in rig.facts() if fact.kind is FactKind.SCAN]) == 1


def test_a_scanner_that_is_gone_is_told_once_and_the_other_goes_on(
    rig: LaneRig, caplog: pytest.LogCaptureFixture
) -> None:
    gone = missing(ScannerSettings(name="scanner 1", kind="serial", device="/dev/x"), "unplugged")
    inward, outward = ScriptedScanner("back-off", gone), ScriptedScanner(lines=[ticket()])
    ears = hearing(rig, inward, outward)
    assert ears.listen()
    ears.listen()
    assert ears.doubt_codes == ("scanner_missing",)
    assert ears.states() == [
        {
            "name": "scanner 1",
            "direction": "in",
            "state": "back-off",
            "fault": "scanner_missing",
            **NOTHING_CAME,
        },
        {"name": "scanner 2", "direction": "out", "state": "ready", "fault": None, **NOTHING_CAME},
    ]
    inward.now, inward.fault = "ready", None
    with caplog.at_level(logging.INFO, "portillon.scanner"):
        ears.listen()
    assert ears.doubt_codes == ()
    assert [r.getMessage() for r in caplog.records].count("over: scanner_missing") == 1


def test_of_what_a_scanner_sent_the_shape_is_told_and_never_the_code(rig: LaneRig) -> None:
    inward = ScriptedScanner(last_raw=b"4" * 40 + b"\tTk-7\r\n")
    inward.counts.unframed = 2
    told = hearing(rig, inward, ScriptedScanner()).states()[0]
    (line,) = told["lines"]
    assert (line["bytes"], line["code"], line["end"]) == (47, "9" * 18 + "…␉Aa-9", "␍␊")
    assert told["counts"]["unframed"] == 2
