"""The ribbon-cable camera of a Raspberry Pi: `rpicam-vid` as a child process, its brightness plane from the pipe.

Law: the vendor's program drives the sensor, we read bytes. A child that ends or falls silent is an unplugged camera to
`hardware.camera.Camera`, which ends it and starts another. A picture that was cut off is none.

Source: rpicam-apps documentation, "rpicam-vid" (`--codec yuv420`); docs/hardware.md, "Cameras".
"""

from __future__ import annotations

import logging
import os
import select
import shutil
import subprocess
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hardware.camera import CameraSettings, VideoDevice

LOG = logging.getLogger("portillon.camera")

PROGRAMS = ("rpicam-vid", "libcamera-vid")
"""The second is its name before Raspberry Pi OS 12."""
SILENT_AFTER_MS = 10_000
"""As long as OpenCV waits for any other camera."""
END_WITHIN_S = 1.0


def csi_command(program: str, settings: CameraSettings) -> tuple[str, ...]:
    """What to run. ``settings.device`` is the number of the connector."""
    shutter = settings.exposure_100us
    exposure = () if shutter is None else ("--shutter", str(shutter * 100))
    return (
        program,
        *("--camera", settings.device, "--codec", "yuv420"),
        *("--width", str(settings.width), "--height", str(settings.height)),
        *("--framerate", f"{settings.fps:g}", "--timeout", "0"),
        *("--nopreview", "--flush", "--output", "-"),
        *exposure,
    )


class CsiDevice:
    """A `VideoDevice` that is a child process. Owns the child.

    Args:
        command: what to run.
        width: pixels of a row.
        height: rows.
        silent_after_ms: a child that sends nothing for so long has failed.
    """

    def __init__(
        self,
        command: Sequence[str],
        width: int,
        height: int,
        silent_after_ms: int = SILENT_AFTER_MS,
    ) -> None:
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._shape = (height, width)
        self._silent_after_ms = silent_after_ms
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """See `VideoDevice.read`. The two colour planes are read past."""
        height, width = self._shape
        picture = self._read_bytes(height * width * 3 // 2)
        if picture is None:
            return False, None
        plane = np.frombuffer(picture, np.uint8, count=height * width)
        return True, plane.reshape(self._shape)

    def get(self, _prop: int) -> float:
        """See `VideoDevice.get`: what was asked for is on the command line."""
        return 0.0

    def set(self, _prop: int, _value: float) -> bool:
        """See `VideoDevice.set`."""
        return False

    def release(self) -> None:
        """See `VideoDevice.release`: the child ends, by force if it must."""
        self._child.terminate()
        try:
            self._child.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()

    @property
    def _descriptor(self) -> int:
        if self._child.stdout is None:
            raise RuntimeError("the child was started without a pipe")
        return self._child.stdout.fileno()

    def _read_bytes(self, count: int) -> bytes | None:
        found = bytearray()
        while len(found) < count:
            if not self._poll.poll(self._silent_after_ms):
                return None
            data = os.read(self._descriptor, count - len(found))
            if not data:
                return None
            found += data
        return bytes(found)


def open_csi(settings: CameraSettings) -> VideoDevice | None:
    """Start the vendor's program; None where it is not installed."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        LOG.debug("none of %s is installed", ", ".join(PROGRAMS))
        return None
    command = csi_command(program, settings)
    LOG.info("%s %s is driven by %s", settings.name, settings.device, " ".join(command))
    return CsiDevice(command, settings.width, settings.height)
