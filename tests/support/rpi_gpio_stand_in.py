"""A stand-in for the ``RPi.GPIO`` module, as rpi-lgpio serves it.

The real module refuses to be imported anywhere but on a Raspberry Pi, so this third-party edge is the one place where a
double of foreign code is needed. It keeps that module's rules: numbering first, set-up before use, one owner per pin,
``cleanup`` turns pins into floating inputs; anything else raises what the module raises.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest


class LgpioError(Exception):
    """``lgpio.error``, which is none of the documented errors of ``RPi.GPIO``."""


class Header:
    """The pins of a board, which outlive every process."""

    def __init__(self) -> None:
        self.levels: dict[int, bool] = {}
        self.owners: dict[int, object] = {}
        self.driven: dict[int, bool] = {}
        self.blips: list[tuple[int, bool]] = []
        self.broken: set[int] = set()

    def put(self, pin: int, *, level: bool) -> None:
        """The pin's level changes."""
        if self.levels.get(pin) is not level:
            self.blips.append((pin, level))
        self.levels[pin] = level


class RpiGpio(ModuleType):
    """One process's view of the module."""

    BCM, BOARD = 11, 10
    OUT, IN = 0, 1
    PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22

    def __init__(self, header: Header) -> None:
        super().__init__("RPi.GPIO")
        self.header = header
        self.mode: int | None = None
        self.directions: dict[int, int] = {}
        self.warnings = True
        self.cleaned: list[list[int]] = []

    def setwarnings(self, value: object) -> None:
        self.warnings = bool(value)

    def setmode(self, mode: int) -> None:
        if self.mode not in {None, mode}:
            raise ValueError("A different mode has already been set!")
        self.mode = mode

    def setup(
        self,
        channel: int,
        direction: int,
        pull_up_down: int | None = None,
        initial: int | None = None,
    ) -> None:
        self._require_mode()
        if self.header.owners.get(channel, self) is not self:
            raise LgpioError("GPIO busy")
        if direction == self.OUT and pull_up_down is not None:
            raise ValueError("pull_up_down parameter is not valid for outputs")
        if direction == self.IN and initial is not None:
            raise ValueError("initial parameter is not valid for inputs")
        self.header.owners[channel] = self
        self.directions[channel] = direction
        if direction == self.OUT:
            self.header.put(channel, level=bool(initial))
        elif channel in self.header.driven:
            self.header.levels[channel] = self.header.driven[channel]
        else:
            self.header.levels[channel] = pull_up_down == self.PUD_UP

    def output(self, channel: int, value: int) -> None:
        self._require_mode()
        if self.directions.get(channel) != self.OUT:
            raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
        if channel in self.header.broken:
            raise LgpioError("GPIO error")
        self.header.put(channel, level=bool(value))

    def input(self, channel: int) -> int:
        self._require_mode()
        if channel not in self.directions:
            raise RuntimeError("You must setup() the GPIO channel first")
        if channel in self.header.broken:
            raise LgpioError("GPIO error")
        return int(self.header.levels[channel])

    def cleanup(self, channels: Iterable[int] | None = None) -> None:
        assert channels is not None, "cleaning up everything takes other people's pins too"
        self.cleaned.append(sorted(channels))
        for channel in self.cleaned[-1]:
            self.header.owners.pop(channel, None)
            self.directions.pop(channel, None)

    def _require_mode(self) -> None:
        if self.mode is None:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BCM)")


def serve(patch: pytest.MonkeyPatch, module: Any) -> None:
    """``import RPi.GPIO`` gives ``module``, and ``lgpio`` is there as under rpi-lgpio."""
    lgpio = ModuleType("lgpio")
    lgpio.error = LgpioError  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "lgpio", lgpio)
    patch.setitem(sys.modules, "RPi.GPIO", module)
