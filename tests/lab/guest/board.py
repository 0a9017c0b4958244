"""The hands at the lab's circuit board: wires pulled and measured, codes held up, cables pulled out.

Law: everything goes through the kernel: what is measured is what a multimeter would show, what is shown comes to the
product as frames of a V4L2 device.

Source: docs/lab.md, "What is in it".
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from hardware.system_clock import SystemClock

FRAMES = Path("/opt/lab/run/frames")
WIDTH_PX, HEIGHT_PX = 640, 360
CAMERA = "/dev/video10"
PERIOD_S = 0.15
POLL_S = 0.005
VIDIOC_S_FMT = 0xC0D05605
OUTPUT = 2
RELAY, SENSOR = "GPIO5", "GPIO6"


def wait_until(claim: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
    """Wait for what a slow machine will do."""
    clock = SystemClock()
    until_ms = clock.monotonic_ms() + within_s * 1000
    pause = threading.Event()
    while not claim():
        assert clock.monotonic_ms() < until_ms, f"{what} did not happen in {within_s} s"
        pause.wait(POLL_S)


class Wires:
    """The simulated chip's pins, from the outside."""

    def __init__(self) -> None:
        self._chip = next(Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*"))

    def measure(self, line: str) -> bool:
        """A multimeter: True = 3.3 V."""
        return self._file(line, "value").read_text(encoding="ascii").strip() == "1"

    def drive(self, line: str, *, level: bool) -> None:
        """The world pulls the wire."""
        self._file(line, "pull").write_text("pull-up" if level else "pull-down", encoding="ascii")

    def walk_through(self) -> None:
        """Somebody turns the arm: the contact closes to ground for a moment."""
        self.drive(SENSOR, level=False)
        threading.Event().wait(0.3)
        self.drive(SENSOR, level=True)

    def _file(self, line: str, name: str) -> Path:
        return self._chip / f"sim_gpio{line.removeprefix('GPIO')}" / name


class Lens:
    """What the camera sees: a thread that feeds the loopback device, until it is stalled."""

    def __init__(self) -> None:
        self._device = os.open(CAMERA, os.O_RDWR)
        self._picture = load_picture("empty")
        self._is_live = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._feed, name="lens", daemon=True)

    def __enter__(self) -> Self:
        wanted = bytearray(208)
        size = WIDTH_PX * HEIGHT_PX
        struct.pack_into(
            "<I4xII4sIIIII",
            wanted,
            0,
            OUTPUT,
            WIDTH_PX,
            HEIGHT_PX,
            b"GREY",
            1,
            WIDTH_PX,
            size,
            8,
            0,
        )
        fcntl.ioctl(self._device, VIDIOC_S_FMT, wanted)
        self._is_live.set()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()
        os.close(self._device)

    def show(self, name: str = "empty") -> None:
        """Hold a card up; without a name, nothing."""
        self._picture = load_picture(name)

    def stall(self) -> None:
        """The camera sends nothing any more, and stays open."""
        self._is_live.clear()

    def go_on(self) -> None:
        """It sends again."""
        self._is_live.set()

    def _feed(self) -> None:
        frames = 0
        while not self._is_over.wait(PERIOD_S):
            if self._is_live.is_set():
                frames += 1
                # a sensor's noise: pictures that are the same to the last pixel are a frozen camera's
                os.write(self._device, bytes([frames % 256]) + self._picture[1:])


def load_picture(name: str) -> bytes:
    """A frame that the host drew."""
    return (FRAMES / f"{name}.grey").read_bytes()
