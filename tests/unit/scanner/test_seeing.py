"""From frames to the lane: a camera that fails is told once, the direction is the snapshot's of now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hardware.frames import Frame
from scanner.choosing import Choice
from scanner.core.errors import DeviceError
from scanner.core.events import FactKind
from scanner.core.units import Direction
from scanner.panel.picture_told import told_picture
from scanner.reading.decode import Decoder
from scanner.seeing import Eye, Seeing
from scanner.two_sides import TwoSides
from support.gates import picture_of
from support.lanes import LaneRig
from support.snapshots import CARD

IN, OUT = Direction.IN, Direction.OUT
DEBOUNCE_MS = 3_000
NOTHING = b""
"""Held before a camera: the lane is empty."""


@dataclass
class ScriptedCamera:
    """A camera whose state is said by the test; it shows one card as often as asked."""

    now: str = "opening"
    fault: DeviceError | None = None
    payload: bytes = CARD
    shown: int = 0

    def newest(self, after: int, timeout_s: float) -> Frame | None:
        self.shown += 1
        codes = () if self.payload == NOTHING else (self.payload,)
        return Frame(picture_of(*codes), self.shown, self.shown)

    def state(self) -> str:
        return self.now

    def close(self) -> None:
        self.now = "closed"


@dataclass
class Eyes:
    """Seeing on a whole lane, with that camera and perhaps others."""

    rig: LaneRig
    camera: ScriptedCamera = field(default_factory=ScriptedCamera)
    direction: Direction = IN
    others: Mapping[str, tuple[ScriptedCamera, Direction]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        eyes = [self._eye("camera", self.camera, lambda: self.direction)]
        for name, (camera, direction) in self.others.items():
            eyes.append(self._eye(name, camera, lambda way=direction: way))
        sides = TwoSides(self.rig.lane, self.rig.clock.monotonic_ms, lambda: DEBOUNCE_MS)
        self.seeing = Seeing(sides, eyes)

    def _eye(self, name: str, camera: ScriptedCamera, way: Callable[[], Direction]) -> Eye:
        return Eye(name, camera, Decoder(("qr",)), Choice(lambda _candidate: True), way)

    def in_state(self, state: str, fault: DeviceError | None = None) -> tuple[str, ...]:
        """Look once while the camera is so; the doubts after it."""
        self.camera.now, self.camera.fault = state, fault
        self.seeing.look(0)
        return self.seeing.doubt_codes

    def ways(self) -> list[Direction]:
        """Of every scan that was decided."""
        return [f.direction for f in self.rig.facts() if f.kind is FactKind.SCAN and f.direction]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LaneRig]:
    with LaneRig(tmp_path) as rig:
        yield rig


@pytest.fixture
def eyes(rig: LaneRig) -> Eyes:
    return Eyes(rig)


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


@pytest.mark.parametrize(
    ("state", "cure"),
    [("stale", "cable"), ("covered", "lens"), ("frozen", "unplug"), ("ended", "camera.loop")],
)
def test_a_camera_that_shows_nothing_is_a_doubt_that_says_what_to_do(
    eyes: Eyes, caplog: pytest.LogCaptureFixture, state: str, cure: str
) -> None:
    eyes.in_state("streaming")
    assert eyes.in_state(state) == ("camera_silent",)
    (told,) = caplog.records
    assert state in told.getMessage()
    assert cure in told.__dict__["hint"]
    assert eyes.in_state("streaming") == ()


def test_the_lanes_direction_is_the_snapshots_of_now(eyes: Eyes) -> None:
    eyes.in_state("streaming")
    eyes.direction = OUT
    eyes.rig.wait(6_000)
    eyes.in_state("streaming")

    assert eyes.ways() == [IN, OUT]


def test_each_camera_opens_its_own_way_and_a_card_before_both_is_one_presentation(
    rig: LaneRig,
) -> None:
    behind = ScriptedCamera("streaming")
    eyes = Eyes(rig, others={"camera out": (behind, OUT)})
    for _ in range(3):
        eyes.in_state("streaming")
        rig.wait(1_000)
    assert eyes.ways() == [IN]
    assert rig.lane.counts.same_presentation == 5

    eyes.camera.payload = behind.payload = NOTHING
    rig.wait(4_000)
    behind.payload = CARD
    eyes.in_state("streaming")
    assert eyes.ways() == [IN, OUT]


def test_of_two_cameras_the_one_that_fails_is_told_by_its_name_and_the_other_reads_on(
    rig: LaneRig, caplog: pytest.LogCaptureFixture
) -> None:
    behind = ScriptedCamera("stale", payload=NOTHING)
    eyes = Eyes(rig, others={"camera out": (behind, OUT)})

    assert eyes.in_state("streaming") == ("camera_silent",)
    assert [r.getMessage().split(";")[0] for r in caplog.records] == ["camera out is 'stale'"]
    assert eyes.ways() == [IN]
    assert (eyes.seeing.state, eyes.seeing.in_short) == (
        "stale",
        "camera streaming, camera out stale",
    )
    assert [(one["direction"], one["frames"]) for one in eyes.seeing.states()] == [
        ("in", 1),
        ("out", 1),
    ]
    behind.now = "streaming"
    assert eyes.in_state("streaming") == ()
    assert eyes.seeing.totals() == {"state": "streaming", "frames": 4, "decoder_faults": 0}


def test_whoever_aims_sees_the_camera_that_a_code_is_held_before_or_the_one_they_name(
    rig: LaneRig,
) -> None:
    behind = ScriptedCamera("streaming", payload=NOTHING)
    eyes = Eyes(rig, others={"camera out": (behind, OUT)})
    eyes.camera.payload, behind.payload = NOTHING, CARD
    eyes.in_state("streaming")

    told = told_picture(eyes.seeing, {}, rig.clock)
    assert (told["name"], told["code"]) == ("camera out", "qr")
    assert told["names"] == ["camera", "camera out"]
    assert told_picture(eyes.seeing, {"name": "camera"}, rig.clock)["code"] is None
    assert told_picture(Seeing(rig.lane), {}, rig.clock) == {"state": "none", "reads": []}
