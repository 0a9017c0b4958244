"""The simulated video device: a camera's behaviour and its ways to fail, without a camera.

Law: it behaves as OpenCV's capture of a V4L2 device was seen to behave: `read` blocks until a picture comes,
fails for ever after an unplug, and blocks while stalled. It is used only where it was asked for by name.

Source: docs/decoding.md, "Cameras".
"""

from __future__ import annotations

from threading import Condition

import cv2
import numpy as np
from numpy.typing import NDArray

_STALL_LIMIT_S = 10.0
"""OpenCV gives up on a stalled camera after ten seconds."""


class SimulatedVideoDevice:
    """A `hardware.camera.VideoDevice` whose pictures are put in by hand.

    Args:
        pixel_formats: the FOURCC codes that it accepts.
    """

    def __init__(self, pixel_formats: tuple[str, ...] = ("GREY", "YUYV")) -> None:
        self.is_released = False
        self._changed = Condition()
        self._pictures: list[NDArray[np.uint8]] = []
        self._is_plugged = True
        self._codes = [cv2.VideoWriter.fourcc(*name) for name in pixel_formats]
        self._settings: dict[int, float] = {cv2.CAP_PROP_FOURCC: float(self._codes[-1])}

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Let the sensor take a picture."""
        with self._changed:
            self._pictures.append(picture)
            self._changed.notify_all()

    def unplug(self) -> None:
        """Pull the cable: this and every later `read` fails."""
        with self._changed:
            self._is_plugged = False
            self._changed.notify_all()

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """See `VideoDevice.read`."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._pictures or not self._is_plugged or self.is_released, _STALL_LIMIT_S
            )
            if not self._is_plugged or not self._pictures:
                return False, None
            return True, self._pictures.pop(0)

    def get(self, prop: int) -> float:
        """See `VideoDevice.get`."""
        return self._settings.get(prop, 0.0)

    def set(self, prop: int, value: float) -> bool:
        """See `VideoDevice.set`. A pixel format that it lacks is refused, as a real camera does."""
        if prop == cv2.CAP_PROP_FOURCC and int(value) not in self._codes:
            return False
        self._settings[prop] = value
        return True

    def release(self) -> None:
        """See `VideoDevice.release`."""
        with self._changed:
            self.is_released = True
            self._changed.notify_all()
