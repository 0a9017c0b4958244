"""From the camera's newest frame to the lane: what is seen is decoded, chosen, and read.

Law: newest frame only, never a queue; a frame that cannot be decoded is lost, not the daemon. A camera that is gone is
a doubt that is logged once, and the lane goes on with what it has.

Source: docs/decoding.md.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from hardware.frames import FrameSource
from scanner.choosing import Choice
from scanner.core.errors import DeviceError
from scanner.core.units import Direction
from scanner.lane_loop import Lane
from scanner.lane_parts import Read
from scanner.logs import OnceLog
from scanner.panel.aiming import Sight
from scanner.reading.candidate import Candidate
from scanner.reading.decode import Decoder

LOG = logging.getLogger("portillon.camera")
GONE = ("camera_missing", "camera_silent")
LOOK_AT_CABLE = "look at its cable; `portillon decode` reads pictures without it"
CURES = {
    "covered": "take away what hides the lens; is it dark in front of it?",
    "frozen": "it repeats one picture: unplug it and plug it in again",
    "ended": "the pictures to replay are over; turn on camera.loop or camera.follow, or add pictures",
}
"""What to do about a camera in some states."""


@dataclass(slots=True)
class Seeing:
    """Eyes of one lane: a camera (or none), a decoder, and a choice between codes."""

    lane: Lane
    camera: FrameSource | None
    decoder: Decoder
    choice: Choice
    direction: Callable[[], Direction]
    """Which way a code before this camera opens: the snapshot in use says so, and may change."""
    frames: int = 0
    last_index: int = 0
    sight: Sight = field(default_factory=Sight)
    """For whoever aims the camera."""
    doubts: OnceLog = field(default_factory=lambda: OnceLog(LOG))
    _pause: threading.Event = field(default_factory=threading.Event)

    def look(self, wait_s: float) -> bool:
        """Take in the newest frame; True when a scan was decided."""
        if self.camera is None:
            self._pause.wait(wait_s)
            return False
        frame = self.camera.newest(self.last_index, wait_s)
        self._judge_camera(self.camera)
        if frame is None:
            return False
        self.last_index = frame.index
        self.frames += 1
        candidates = self.decoder.read(frame)
        self.sight.note(frame, candidates)
        chosen = self.choice.of(candidates, frame.captured_ms)
        self._judge_second_opinion()
        return chosen is not None and self._read(chosen)

    @property
    def state(self) -> str:
        """One word for the technician."""
        return "none" if self.camera is None else self.camera.state()

    def _read(self, chosen: Candidate) -> bool:
        seen = Read(chosen.payload, chosen.symbology, chosen.agreed)
        return self.lane.read(seen, self.direction()) is not None

    def _judge_camera(self, camera: FrameSource) -> None:
        """Told once when it is gone and once when it is back, however often it is tried again in between."""
        state, open_codes = camera.state(), self.doubts.open_codes
        is_told = any(code in open_codes for code in GONE)
        if state == "streaming" and is_told:
            for code in GONE:
                self.doubts.settled(code)
        elif state not in {"streaming", "opening"} and not is_told:
            self.doubts.doubt(camera.fault or _silent(state))

    def _judge_second_opinion(self) -> None:
        fault = self.decoder.fault
        if fault is not None:
            self.doubts.doubt(fault)


def _silent(state: str) -> DeviceError:
    what = f"the camera is {state!r}; no code can be read until it is back"
    return DeviceError("camera_silent", what, CURES.get(state, LOOK_AT_CABLE))
