"""From frames to the lane: a camera that fails is told once, the direction is the snapshot's of now."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hardware.frames import Frame
from scanner.choosing import Choice
from scanner.core.errors import DeviceError
from scanner.core.units import Direction
from scanner.reading.decode import Decoder
from scanner.seeing import Seeing
from support.gates import picture_of
from support.lanes import LaneRig
from support.snapshots import CARD


@dataclass
class ScriptedCamera:
    """A camera whose state is said by the test; it shows one card as often as asked."""

    now: str = "opening"
    fault: DeviceError | None = None
    shown: int = 0

    def newest(self, after: int, timeout_s: float) -> Frame | None:
        self.shown += 1
        return Frame(picture_of(CARD), self.shown, self.shown)

    def state(self) -> str:
        return self.now

    def close(self) -> None:
        self.now = "closed"


@dataclass
class Eyes:
    """Seeing on a whole lane, with that camera."""

    rig: LaneRig
    camera: ScriptedCamera = field(default_factory=ScriptedCamera)
    direction: Direction = Direction.IN

    def __post_init__(self) -> None:
        decoder = Decoder(("qr",))
        choice = Choice(lambda _candidate: True)
        self.seeing = Seeing(self.rig.lane, self.camera, decoder, choice, lambda: self.direction)

    def in_state(self, state: str, fault: DeviceError | None = None) -> tuple[str, ...]:
        """Look once while the camera is so; the doubts after it."""
        self.camera.now, self.camera.fault = state, fault
        self.seeing.look(0)
        return self.seeing.doubts.open_codes


@pytest.fixture
def eyes(tmp_path: Path) -> Iterator[Eyes]:
    with LaneRig(tmp_path) as rig:
        yield Eyes(rig)


MISSING = DeviceError("camera_missing", "camera '/dev/video9' cannot be opened", "plug it in")


def test_a_camera_that_is_gone_is_told_once_however_often_it_is_tried_again(
    eyes: Eyes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "portillon.camera")
    for state in ("streaming", "closed", "back-off", "opening", "back-off", "opening"):
        fault = MISSING if state == "back-off" else None
        doubts = eyes.in_state(state, fault)

    assert doubts == ("camera_silent",)
    assert eyes.in_state("streaming") == ()
    said = [(record.levelname, record.__dict__["code"]) for record in caplog.records]
    assert said == [("WARNING", "camera_silent"), ("INFO", "camera_silent")]


def test_a_camera_that_was_never_there_is_named(eyes: Eyes) -> None:
    assert eyes.in_state("opening") == ()
    assert eyes.in_state("back-off", MISSING) == ("camera_missing",)
    assert eyes.in_state("opening") == ("camera_missing",)
    assert eyes.in_state("streaming") == ()


def test_the_lanes_direction_is_the_snapshots_of_now(eyes: Eyes) -> None:
    eyes.in_state("streaming")
    eyes.direction = Direction.OUT
    eyes.rig.wait(6_000)
    eyes.in_state("streaming")

    assert [f.direction for f in eyes.rig.facts() if f.direction] == [Direction.IN, Direction.OUT]
