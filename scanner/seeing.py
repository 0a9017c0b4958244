"""From the cameras' newest frames to the lane: what is seen is decoded, chosen, and read, each camera its own way.

Law: newest frame only, never a queue; a frame that cannot be decoded is lost, not the daemon. A camera that is gone is
a doubt that is logged once, by its name, and the lane goes on with what it has: no camera waits for another for longer
than its share of the time of one frame.

Source: docs/decoding.md; docs/hardware.md, "Several sources".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hardware.frames import FrameSource
from scanner.choosing import Choice
from scanner.core.errors import DeviceError
from scanner.core.units import Direction
from scanner.lane_parts import Read
from scanner.logs import OnceLog
from scanner.panel.aiming import Sight
from scanner.reading.candidate import Candidate
from scanner.reading.decode import Decoder
from scanner.two_sides import Reader

LOG = logging.getLogger("portillon.camera")
GONE = ("camera_missing", "camera_silent")
LOOK_AT_CABLE = "look at its cable; `portillon decode` reads pictures without it"
CURES = {
    "covered": "take away what hides the lens; is it dark in front of it?",
    "frozen": "it repeats one picture: unplug it and plug it in again",
    "ended": "the pictures to replay are over; turn on camera.loop or camera.follow, or add pictures",
}
"""What to do about a camera in some states."""
QUIET = frozenset({"streaming", "opening"})
"""States that nobody need look at."""


@dataclass(slots=True)
class Eye:
    """One camera with its decoder, its choice between codes, and which way a code before it opens."""

    name: str
    camera: FrameSource
    decoder: Decoder
    choice: Choice
    direction: Callable[[], Direction]
    """The snapshot in use says so, and may change."""
    frames: int = 0
    last_index: int = 0
    sight: Sight = field(default_factory=Sight)
    """For whoever aims the camera."""
    doubts: OnceLog = field(default_factory=lambda: OnceLog(LOG))

    def look(self, wait_s: float) -> Candidate | None:
        """The visitor's code in the newest frame."""
        frame = self.camera.newest(self.last_index, wait_s)
        self._judge_camera()
        if frame is None:
            return None
        self.last_index = frame.index
        self.frames += 1
        candidates = self.decoder.read(frame)
        self.sight.note(frame, candidates)
        self._judge_second_opinion()
        return self.choice.of(candidates, frame.captured_ms)

    def _judge_camera(self) -> None:
        """Told once when it is gone and once when it is back, however often it is tried again in between."""
        state, open_codes = self.camera.state(), self.doubts.open_codes
        is_told = any(code in open_codes for code in GONE)
        if state == "streaming" and is_told:
            for code in GONE:
                self.doubts.settled(code)
        elif state not in QUIET and not is_told:
            self.doubts.doubt(self.camera.fault or _silent(self.name, state))

    def _judge_second_opinion(self) -> None:
        fault = self.decoder.fault
        if fault is not None:
            self.doubts.doubt(fault)


@dataclass(slots=True)
class Seeing:
    """Every camera of one lane, in turn; a lane may have none."""

    lane: Reader
    eyes: Sequence[Eye] = ()
    _pause: threading.Event = field(default_factory=threading.Event)

    def look(self, wait_s: float) -> bool:
        """Take in each camera's newest frame; True when a scan was decided."""
        if not self.eyes:
            self._pause.wait(wait_s)
        answers = [self._look(eye, wait_s / len(self.eyes)) for eye in self.eyes]
        return any(answers)

    @property
    def state(self) -> str:
        """One word for all of them: of the first that somebody must look at, else of the first."""
        states = [eye.camera.state() for eye in self.eyes]
        return next((s for s in states if s not in QUIET), states[0] if states else "none")

    @property
    def in_short(self) -> str:
        """Each by its name, on one line."""
        return ", ".join(f"{eye.name} {eye.camera.state()}" for eye in self.eyes) or "no camera"

    @property
    def doubt_codes(self) -> tuple[str, ...]:
        """Codes of what is wrong with them now."""
        return tuple(sorted({code for eye in self.eyes for code in eye.doubts.open_codes}))

    def totals(self) -> dict[str, Any]:
        """All of them as if they were one."""
        return {
            "state": self.state,
            "frames": sum(eye.frames for eye in self.eyes),
            "decoder_faults": sum(eye.decoder.faults for eye in self.eyes),
        }

    def states(self) -> list[dict[str, Any]]:
        """One line a camera, for the technician."""
        return [
            {
                "name": eye.name,
                "direction": eye.direction().value,
                "state": eye.camera.state(),
                "frames": eye.frames,
            }
            for eye in self.eyes
        ]

    def aimed_at(self, name: object = None) -> Eye | None:
        """The camera of that name; else the one that somebody holds a code before, or did last."""
        named = (eye for eye in self.eyes if eye.name == name)
        return next(named, max(self.eyes, key=lambda eye: eye.sight.codes_ms, default=None))

    def _look(self, eye: Eye, wait_s: float) -> bool:
        chosen = eye.look(wait_s)
        if chosen is None:
            return False
        seen = Read(chosen.payload, chosen.symbology, chosen.agreed)
        return self.lane.read(seen, eye.direction()) is not None


def _silent(name: str, state: str) -> DeviceError:
    called = "the camera" if name == "camera" else name
    what = f"{called} is {state!r}; no code can be read there until it is back"
    return DeviceError("camera_silent", what, CURES.get(state, LOOK_AT_CABLE))
