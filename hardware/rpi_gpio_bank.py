"""Pins through the ``RPi.GPIO`` API: rpi-lgpio on current kernels, RPi.GPIO itself on old ones.

Law: outputs and level polling, nothing else of that API: its edges are threads and callbacks, and differ between the
two libraries. Only our own pins are cleaned up. The module is imported when the configuration asks for it and never
before: on another machine the import itself fails.

What was left on by a process that died cannot be told: this API shows a pin's level only once it is set up.

A passage shorter than the time between two calls of `edges` is not seen: prefer the gpiod bank. Old RPi.GPIO lets two
processes share a pin, so there a second daemon is only told by the ledger's lock.

Source: RPi.GPIO 0.7 documentation; rpi-lgpio documentation, "Differences"; docs/hardware.md, "Pins".
"""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Sequence
from typing import Any

from hardware.debounce import Debouncer
from hardware.pins import (
    Bias,
    ClosesItself,
    Edge,
    InputLine,
    OutputLine,
    busy,
    failed,
    not_requested,
    unknown_line,
)
from hardware.system_clock import Clock
from scanner.core.errors import DeviceError

CHIP = "RPi.GPIO (BCM)"
LAST_PIN = 27
POLL_MS = 2


class RpiGpioBank(ClosesItself):
    """Lines GPIO0..GPIO27 of a Raspberry Pi's header, by BCM number.

    Args:
        clock: stamps what polling finds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gpio = load_rpi_gpio()
        self._errors = _foreign_errors()
        self._outputs: dict[str, OutputLine] = {}
        self._inputs: dict[str, InputLine] = {}
        self._levels: dict[str, bool] = {}
        self._debounced: dict[str, Debouncer] = {}
        self._seqnos: dict[str, int] = {}
        self._lock = threading.RLock()
        self._set_numbering()

    def request_outputs(self, lines: Sequence[OutputLine]) -> tuple[str, ...]:
        for line in lines:
            self._setup(line.line, self._gpio.OUT, initial=_electrical(line, on=False))
            self._outputs[line.line] = line
            self._levels[line.line] = False
        return ()

    def request_inputs(self, lines: Sequence[InputLine]) -> None:
        pulls = {
            Bias.PULL_UP: self._gpio.PUD_UP,
            Bias.PULL_DOWN: self._gpio.PUD_DOWN,
            Bias.DISABLED: self._gpio.PUD_OFF,
        }
        for line in lines:
            self._setup(line.line, self._gpio.IN, pull_up_down=pulls[line.bias])
            self._inputs[line.line] = line
            self._seqnos[line.line] = 0
            now = self._sample(line)
            self._debounced[line.line] = Debouncer(level=now, debounce_ms=line.debounce_ms)

    def set(self, line: str, on: bool) -> None:  # noqa: FBT001 - a level is what is set
        with self._lock:
            output = self._outputs.get(line)
            if output is None:
                raise not_requested(line)
            try:
                self._gpio.output(parse_pin(line), _electrical(output, on=on))
            except self._errors as error:
                raise failed(line, CHIP, str(error)) from error
            self._levels[line] = on

    def level(self, line: str) -> bool:
        if line in self._levels:
            return self._levels[line]
        if line not in self._debounced:
            raise not_requested(line)
        return self._debounced[line].level

    def edges(self, wait_ms: int = 0) -> list[Edge]:
        until_ms = self._clock.monotonic_ms() + wait_ms
        while not (found := self._poll()) and self._clock.monotonic_ms() < until_ms:
            self._clock.pause_ms(POLL_MS)
        return found

    def close(self) -> None:
        with self._lock:
            outputs, self._outputs = self._outputs, {}
            pins = [parse_pin(line) for line in (*outputs, *self._inputs)]
            self._inputs, self._debounced, self._levels = {}, {}, {}
            for line in outputs.values():
                self._switch_off(line)
            if pins:
                self._gpio.cleanup(pins)

    def _set_numbering(self) -> None:
        try:
            self._gpio.setwarnings(False)
            self._gpio.setmode(self._gpio.BCM)
        except self._errors as error:
            raise DeviceError(
                "rpi_gpio_mode",
                f"RPi.GPIO refuses BCM numbering ({error}): the gate does not start",
                "nothing else in this process may call GPIO.setmode; see RPI_LGPIO_CHIP for other boards",
            ) from error

    def _setup(self, line: str, direction: int, **settings: object) -> None:
        pin = parse_pin(line)
        try:
            self._gpio.setup(pin, direction, **settings)
        except self._errors as error:
            if "busy" in str(error).lower():
                raise busy(line, CHIP, "another process") from error
            raise failed(line, CHIP, str(error)) from error

    def _poll(self) -> list[Edge]:
        now_ms = self._clock.monotonic_ms()
        found: list[Edge] = []
        for name, line in self._inputs.items():
            settled = self._debounced[name].feed(level=self._sample(line), at_ms=now_ms)
            if settled is not None:
                self._seqnos[name] += 1
                found.append(Edge(name, settled.level, settled.at_ms, self._seqnos[name]))
        return sorted(found, key=lambda edge: edge.at_ms)

    def _sample(self, line: InputLine) -> bool:
        try:
            return bool(self._gpio.input(parse_pin(line.line))) is not line.active_low
        except self._errors as error:
            raise failed(line.line, CHIP, str(error)) from error

    def _switch_off(self, line: OutputLine) -> None:
        try:
            self._gpio.output(parse_pin(line.line), _electrical(line, on=False))
        except self._errors:
            return  # `cleanup` makes it an input next, and a relay board rests locked with an undriven pin


def load_rpi_gpio() -> Any:
    """The ``RPi.GPIO`` module, whoever serves it.

    Raises:
        DeviceError: ``rpi_gpio_missing``.
    """
    try:
        return importlib.import_module("RPi.GPIO")
    except (ImportError, RuntimeError) as error:
        raise DeviceError(
            "rpi_gpio_missing",
            f"turnstile.backend 'rpi_gpio' finds no working RPi.GPIO ({error}): the gate does not start",
            "install the extra `portillon[pi]` (rpi-lgpio) on a Raspberry Pi, or say backend = 'gpiod'",
        ) from error


def parse_pin(line: str) -> int:
    """The BCM number of ``GPIO17``.

    Raises:
        DeviceError: ``line_unknown``.
    """
    match = re.fullmatch(r"GPIO(\d{1,2})", line)
    if match is None or int(match[1]) > LAST_PIN:
        raise unknown_line(line, CHIP, f"GPIO0..GPIO{LAST_PIN}")
    return int(match[1])


def _electrical(line: OutputLine, *, on: bool) -> int:
    return int(on is not line.active_low)


def _foreign_errors() -> tuple[type[Exception], ...]:
    """What the API raises: its documented errors, and rpi-lgpio's own where that serves it."""
    lgpio = sys.modules.get("lgpio")
    own: tuple[type[Exception], ...] = (lgpio.error,) if lgpio is not None else ()
    return (RuntimeError, ValueError, OSError, *own)
