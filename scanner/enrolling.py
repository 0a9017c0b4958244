"""Before a gate knows who it is: its own camera reads the enrolment code and hands it to sync.

Law: nothing is opened and nobody is admitted. The code is a secret for its quarter of an hour: it goes to one file of
the runtime folder, 0600, which sync uses once and deletes; never to a log. This process still has no network: whether
the code is good, sync and the central say.

Source: docs/sync.md, "Enrolling".
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hardware.frames import FrameSource
from hardware.system_clock import SystemClock
from scanner.building import enrolled_device
from scanner.building_sources import build_cameras
from scanner.config import Config
from scanner.core.errors import ConfigError, InputError
from scanner.notify import Supervisor
from scanner.reading.decode import Decoder, build_decoders
from sync.durable import save_atomically
from sync.wire import EnrolmentText, parse_message

LOG = logging.getLogger("portillon.gate")
LOOK_S = 0.2
AGAIN_MS = 5_000
"""A code that is still held up goes to sync again after so long: the line may have been down."""
TEXT_BYTES = 4_096
WAITING = "not enrolled: waits for a code before its camera"
NOT_YET = ("gate_not_enrolled", "gate_revoked")


def await_enrolment(
    config: Config,
    clock: SystemClock,
    stop: threading.Event,
    supervisor: Supervisor,
    gives_way: Callable[[], bool] = lambda: False,
) -> bool:
    """Wait until this device is a gate with a snapshot, reading codes meanwhile; False when told to stop.

    ``gives_way``: somebody begins to set this gate up, so its devices are theirs; False then, too.

    Raises:
        ConfigError: ``gate_not_enrolled`` or ``gate_revoked``, where there is no camera to read a code with.
    """
    doubt = _doubt(config)
    if doubt is None:
        return True
    with contextlib.ExitStack() as opened:
        cameras = build_cameras(config, clock, opened)
        if not cameras:
            raise doubt
        decoders = build_decoders([("qr",)] * len(cameras), second_opinion=False)
        for decoder in decoders:
            opened.callback(decoder.close)
        hint = "hold the central's enrolment code before the camera, or: portillon enrol CODE"
        LOG.warning(doubt.message, extra={"code": doubt.code, "hint": hint})
        glances = [Glance(*pair) for pair in zip(cameras.values(), decoders, strict=True)]
        handing = Handing(config.runtime_dir / "enrol", glances)
        supervisor.ready(WAITING)
        while not stop.is_set() and not _is_ready(config):
            if gives_way():
                return False
            handing.look(LOOK_S, clock.monotonic_ms())
            supervisor.feed(lambda: WAITING, is_live=True)
    return not stop.is_set()


def _doubt(config: Config) -> ConfigError | None:
    """Why this device is no gate; None when it is one."""
    try:
        enrolled_device(config.data_dir)
    except ConfigError as error:
        if error.code not in NOT_YET:
            raise
        return error
    return None


def _is_ready(config: Config) -> bool:
    return _doubt(config) is None and (config.data_dir / "cache" / "current").is_file()


@dataclass(slots=True)
class Glance:
    """One camera, looked through for nothing but an enrolment code."""

    camera: FrameSource
    decoder: Decoder
    last_index: int = 0

    def code(self, wait_s: float) -> bytes | None:
        """The code in the newest frame."""
        frame = self.camera.newest(self.last_index, wait_s)
        if frame is None:
            return None
        self.last_index = frame.index
        codes = (one.payload for one in self.decoder.read(frame) if is_enrolment(one.payload))
        return next(codes, None)


class Handing:
    """From the newest frame of any camera to the file that sync looks for."""

    def __init__(self, path: Path, glances: Sequence[Glance]) -> None:
        self._path = path
        self._glances = glances
        self._handed: tuple[bytes, int] | None = None

    def look(self, wait_s: float, now_ms: int) -> bool:
        """Take in each camera's newest frame; True when a code went to sync."""
        codes = [glance.code(wait_s / len(self._glances)) for glance in self._glances]
        found = next((code for code in codes if code is not None), None)
        return found is not None and self._hand_over(found, now_ms)

    def _hand_over(self, code: bytes, now_ms: int) -> bool:
        if self._handed is not None:
            before, at_ms = self._handed
            if code == before and (self._path.exists() or now_ms - at_ms < AGAIN_MS):
                return False
        save_atomically(self._path, code)
        self._handed = code, now_ms
        LOG.info("an enrolment code was read and handed to sync")
        return True


def is_enrolment(payload: bytes) -> bool:
    """True for the text of an enrolment code, good or not; a ticket is none."""
    if not payload.startswith(b"{"):
        return False
    try:
        parse_message(EnrolmentText, payload, TEXT_BYTES)
    except InputError:
        return False
    return True
