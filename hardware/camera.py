"""The V4L2 camera: a capture thread that keeps the newest frame, and a watchdog over its age.

Law: whatever the driver does, nobody downstream waits for it. OpenCV's `read` blocks ten seconds on a stalled
camera and fails for ever after an unplugged one while it still calls itself open; so a thread of its own
reads, a frame older than `STALE_AFTER_MS` is told, and a camera that fails is closed and opened again.

States: opening → streaming → stale (covered, frozen) → closed → back-off → opening.

Source: docs/decoding.md, "Cameras".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.frames import Frame, Grey, MonotonicMs, NewestFrame
from hardware.picture_health import PictureHealth
from hardware.pictures import to_grey
from scanner.core.errors import DeviceError

LOG = logging.getLogger("portillon.camera")

STALE_AFTER_MS = 2_000
FIRST_BACK_OFF_S = 0.5
LONGEST_BACK_OFF_S = 10.0
PIXEL_FORMATS = ("GREY", "YUYV")
"""Tried in this order: both hold the grey levels as they are. A camera with neither sends JPEG."""

_MANUAL_EXPOSURE, _AUTOMATIC_EXPOSURE = 1, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """What is asked of the camera; what it really does is read back and logged.

    Args:
        name: what people call it, beside others.
        device: best by `/dev/v4l/by-id/…`, which survives another USB port; of a ribbon camera its number.
        exposure_100us: fixed shutter time in tenths of a millisecond; None leaves it to the camera.
    """

    device: str
    name: str = "camera"
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    exposure_100us: int | None = None


class VideoDevice(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """The next raw picture; blocks; False when none came."""

    def get(self, prop: int) -> float:
        """A setting as the camera has it."""

    def set(self, prop: int, value: float) -> bool:
        """Ask for a setting."""

    def release(self) -> None:
        """Close."""


OpenDevice = Callable[[CameraSettings], VideoDevice | None]


class Camera:
    """A frame source over a V4L2 device.

    Args:
        open_device: opens and sets up the device; None when it is not there.
        first_back_off_s: the pause after a failure; it doubles up to `LONGEST_BACK_OFF_S`.
    """

    def __init__(
        self,
        settings: CameraSettings,
        monotonic_ms: MonotonicMs,
        open_device: OpenDevice | None = None,
        first_back_off_s: float = FIRST_BACK_OFF_S,
    ) -> None:
        self.openings = 0
        self._settings = settings
        self._monotonic_ms = monotonic_ms
        self._open_device = open_device or open_v4l2
        self._first_back_off_s = first_back_off_s
        self._slot = NewestFrame()
        self._health = PictureHealth()
        self._state = "opening"
        self._progress_ms = monotonic_ms()
        self._closed = Event()
        self._thread = Thread(target=self._run, name=settings.name, daemon=True)
        self._thread.start()

    def newest(self, after: int, timeout_s: float) -> Frame | None:
        """See `FrameSource.newest`."""
        return self._slot.wait(after, timeout_s)

    def state(self) -> str:
        """See `FrameSource.state`; adds `covered` and `frozen`."""
        if self._closed.is_set():
            return "closed"
        if self._state not in ("opening", "streaming"):
            return self._state
        if self._monotonic_ms() - self._progress_ms > STALE_AFTER_MS:
            return "stale"
        return self._health.fault or self._state

    @property
    def fault(self) -> DeviceError | None:
        """See `FrameSource.fault`."""
        return _missing(self._settings) if self._state == "back-off" else None

    def close(self) -> None:
        """See `FrameSource.close`. A thread that a driver holds on to is left behind."""
        self._closed.set()
        self._slot.close()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        back_off_s = self._first_back_off_s
        while not self._closed.is_set():
            self._enter("opening")
            device = self._open_device(self._settings)
            frames = 0
            if device is not None:
                self.openings += 1
                frames = self._stream(device)
                device.release()
            back_off_s = self._first_back_off_s if frames else back_off_s
            self._enter("back-off")
            self._closed.wait(back_off_s)
            back_off_s = min(2 * back_off_s, LONGEST_BACK_OFF_S)

    def _stream(self, device: VideoDevice) -> int:
        """Pass frames on until the camera fails; how many there were."""
        self._health = PictureHealth()
        frames = 0
        while not self._closed.is_set():
            grey = _read_grey(device)
            if grey is None:
                break
            frames += 1
            self._progress_ms = self._monotonic_ms()
            self._health.note(grey, self._progress_ms)
            self._slot.put(grey, self._progress_ms)
            self._enter("streaming")
        self._enter("closed")
        return frames

    def _enter(self, state: str) -> None:
        if state == self._state:
            return
        LOG.debug("%s %s: %s", self._settings.name, self._settings.device, state)
        self._state = state
        if state == "opening":
            self._progress_ms = self._monotonic_ms()


def open_v4l2(settings: CameraSettings) -> VideoDevice | None:
    """Open the device through OpenCV, ask for the settings, and log what it really does."""
    capture = cv2.VideoCapture(settings.device, cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        return None
    device = cast(VideoDevice, capture)
    request_settings(device, settings)
    return device


def request_settings(device: VideoDevice, settings: CameraSettings) -> dict[str, float | str]:
    """Ask for grey pixels, size, rate and exposure; returns and logs what the camera answers."""
    for name in PIXEL_FORMATS:
        device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*name))
        if _fourcc(device) == name:
            break
    device.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    device.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    device.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    device.set(cv2.CAP_PROP_FPS, settings.fps)
    if settings.exposure_100us is None:
        device.set(cv2.CAP_PROP_AUTO_EXPOSURE, _AUTOMATIC_EXPOSURE)
    else:
        device.set(cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL_EXPOSURE)
        device.set(cv2.CAP_PROP_EXPOSURE, settings.exposure_100us)
    answer: dict[str, float | str] = {
        "pixels": _fourcc(device),
        "width": device.get(cv2.CAP_PROP_FRAME_WIDTH),
        "height": device.get(cv2.CAP_PROP_FRAME_HEIGHT),
        "fps": device.get(cv2.CAP_PROP_FPS),
        "exposure": device.get(cv2.CAP_PROP_EXPOSURE),
    }
    LOG.info("%s %s answers %s", settings.name, settings.device, answer)
    return answer


def grey_of(picture: NDArray[np.uint8]) -> Grey | None:
    """The grey levels of a raw picture: GREY, YUYV (its Y), BGR, or the bytes of a JPEG."""
    if picture.ndim == 3 and picture.shape[2] == 2:  # noqa: PLR2004 - Y and one of U, V
        return np.ascontiguousarray(picture[:, :, 0])
    if picture.shape[0] == 1:
        decoded = cv2.imdecode(picture, cv2.IMREAD_GRAYSCALE)
        return None if decoded is None else np.asarray(decoded, np.uint8)
    return to_grey(picture)


def _read_grey(device: VideoDevice) -> Grey | None:
    """The next picture; None when the camera has failed."""
    try:
        ok, picture = device.read()
        return grey_of(picture) if ok and picture is not None else None
    except cv2.error:
        return None


def _fourcc(device: VideoDevice) -> str:
    code = int(device.get(cv2.CAP_PROP_FOURCC))
    return code.to_bytes(4, "little", signed=False).decode("ascii", "replace")


def _missing(settings: CameraSettings) -> DeviceError:
    return DeviceError(
        "camera_missing",
        f"{settings.name} {settings.device!r} cannot be opened or sends nothing; the gate goes on without it and tries"
        f" again at least every {LONGEST_BACK_OFF_S:.0f} s",
        "See that it is plugged in (USB: `ls /dev/v4l/by-id`; ribbon: `rpicam-hello --list-cameras`), and that this"
        " account is in group video.",
    )
