"""A stand-in for the ``gpiod`` package, over a `SimulatedChip` as the kernel.

This machine has no gpiochip, and what is to be tried here is our adapter to a third party: how it finds chips, what it
asks for, and what it makes of ``EBUSY``. With real chips (tests/lab) the same suite runs on the real package.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import gpiod
from gpiod.line import Bias as KernelBias
from gpiod.line import Direction, Value

from hardware.pins import Bias, InputLine, OutputLine
from hardware.simulated_pins import SimulatedChip
from scanner.core.errors import DeviceError

BIASES = {
    KernelBias.PULL_UP: Bias.PULL_UP,
    KernelBias.PULL_DOWN: Bias.PULL_DOWN,
    KernelBias.DISABLED: Bias.DISABLED,
}

UNNAMED = "~"
"""Lines of the simulated chip with such names have none to the kernel."""


@dataclass(frozen=True)
class Event:
    """As `gpiod.EdgeEvent`."""

    event_type: gpiod.EdgeEvent.Type
    timestamp_ns: int
    line_offset: int
    line_seqno: int
    Type = gpiod.EdgeEvent.Type


class Kernel:
    """The chips of a machine, each a file in ``devices``."""

    LineSettings = gpiod.LineSettings

    def __init__(self, devices: Path, chips: dict[str, SimulatedChip]) -> None:
        self.chips = {str(devices / name): chip for name, chip in chips.items()}
        self.denied: set[str] = set()
        for path in self.chips:
            Path(path).touch()

    def Chip(self, path: str) -> ChipView:  # noqa: N802 - the package's own name
        if path in self.denied:
            raise PermissionError(errno.EACCES, "Permission denied")
        return ChipView(self.chips[path])

    def request_lines(
        self,
        path: str,
        config: dict[int, gpiod.LineSettings],
        consumer: str,
        event_buffer_size: int,
    ) -> Request:
        assert event_buffer_size == 256
        return Request(self.chips[path], config, consumer)


class ChipView:
    """As `gpiod.Chip`."""

    def __init__(self, chip: SimulatedChip) -> None:
        self._chip = chip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def get_info(self) -> Any:
        return SimpleNamespace(label=self._chip.label, num_lines=len(self._chip.names()))

    def get_line_info(self, offset: int) -> Any:
        name = self._chip.names()[offset]
        consumer = self._chip.consumer(name)
        shown = None if name.startswith(UNNAMED) else name
        way = Direction.OUTPUT if self._chip.drives(name) else Direction.INPUT
        return SimpleNamespace(name=shown, used=bool(consumer), consumer=consumer, direction=way)


class Request:
    """As `gpiod.LineRequest`: every line of it, or none."""

    def __init__(
        self, chip: SimulatedChip, config: dict[int, gpiod.LineSettings], consumer: str
    ) -> None:
        assert consumer == "portillon"
        self.chip_name = chip.label
        self._chip = chip
        self._config = config
        self._names = {offset: chip.names()[offset] for offset in config}
        self.is_released = False
        self._is_only_read = False
        with as_os_error():
            self._borrow()
        self.fd, self._other_end = os.pipe()
        os.write(self._other_end, b"!")

    def _borrow(self) -> None:
        outputs = [
            OutputLine(line=self._names[n], active_low=settings.active_low)
            for n, settings in self._config.items()
            if settings.direction is Direction.OUTPUT
        ]
        inputs = [
            InputLine(
                line=self._names[n],
                active_low=settings.active_low,
                bias=BIASES[settings.bias],
                debounce_ms=int(settings.debounce_period.total_seconds() * 1_000),
            )
            for n, settings in self._config.items()
            if settings.direction is Direction.INPUT
        ]
        assert all(s.output_value is Value.INACTIVE for s in self._config.values())
        if all(s.direction is Direction.AS_IS for s in self._config.values()):
            self._is_only_read = True
            return
        self._chip.borrow_outputs(outputs)
        self._chip.borrow_inputs(inputs)

    def set_value(self, offset: int, value: Value) -> None:
        is_high = (value is Value.ACTIVE) is not self._config[offset].active_low
        with as_os_error():
            self._chip.write(self._names[offset], level=is_high)

    def get_value(self, offset: int) -> Value:
        with as_os_error():
            is_high = self._chip.read(self._names[offset])
        return Value.ACTIVE if is_high is not self._config[offset].active_low else Value.INACTIVE

    def read_edge_events(self, max_events: int) -> list[Event]:
        kinds = Event.Type
        with as_os_error():
            events = [
                Event(
                    kinds.FALLING_EDGE if is_high is settings.active_low else kinds.RISING_EDGE,
                    at_ms * 1_000_000,
                    offset,
                    seqno,
                )
                for offset, settings in self._config.items()
                for is_high, at_ms, seqno in self._chip.take_edges(self._names[offset])
            ]
        return events[:max_events]

    def release(self) -> None:
        if self.is_released:
            return
        self.is_released = True
        for name in [] if self._is_only_read else self._names.values():
            self._chip.give_back(name)
        os.close(self.fd)
        os.close(self._other_end)


@contextmanager
def as_os_error() -> Iterator[None]:
    """What the kernel answers where the simulated chip raises."""
    codes: dict[str, int] = {"line_busy": errno.EBUSY, "line_failed": errno.EIO}
    try:
        yield
    except DeviceError as error:
        code = codes[error.code]
        raise OSError(code, os.strerror(code)) from error


def in_nanoseconds() -> Callable[[int], int]:
    """The clock conversion of a machine that never slept."""
    return lambda timestamp_ns: timestamp_ns // 1_000_000
