"""Pins through the kernel's character device (libgpiod 2): the main way, on every current board.

Law: a chip is found by its label or by a line's name, never by its number: numbers change with kernels and overlays.
The kernel debounces and stamps edges; its buffer holds 256, and what it had to drop shows as a gap in ``line_seqno``.

Source: linux/gpio.h (uAPI v2); libgpiod 2 documentation; docs/hardware.md, "Pins".
"""

from __future__ import annotations

import errno
import select
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import gpiod
from gpiod.line import Bias as KernelBias
from gpiod.line import Clock as KernelClock
from gpiod.line import Direction, Value
from gpiod.line import Edge as KernelEdge

from hardware.pins import (
    CONSUMER,
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
from scanner.core.errors import DeviceError

DEVICES = Path("/dev")
EVENT_BUFFER_SIZE = 256
SHOWN_NAMES = 8
BIASES = {
    Bias.PULL_UP: KernelBias.PULL_UP,
    Bias.PULL_DOWN: KernelBias.PULL_DOWN,
    Bias.DISABLED: KernelBias.DISABLED,
}

ChipConfig = dict[Iterable[int | str] | int | str, gpiod.LineSettings | None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is."""

    path: str
    label: str
    offset: int


@dataclass(frozen=True, slots=True)
class _Held:
    """A line of ours: its request and its place in it."""

    request: gpiod.LineRequest
    place: Place
    is_output: bool


class GpiodBank(ClosesItself):
    """Lines of any gpiochip of this machine.

    Args:
        to_ms: the kernel's edge timestamp (``CLOCK_MONOTONIC`` ns) on the gate's monotonic clock.
        devices: the folder that holds ``gpiochip*``.
    """

    def __init__(self, to_ms: Callable[[int], int], devices: Path = DEVICES) -> None:
        self._to_ms = to_ms
        self._devices = devices
        self._lines: dict[str, _Held] = {}
        self._inputs: list[gpiod.LineRequest] = []
        self._names: dict[int, dict[int, str]] = {}
        self._output_lock = threading.Lock()

    def request_outputs(self, lines: Sequence[OutputLine]) -> tuple[str, ...]:
        left_on = tuple(line.line for line in lines if is_left_on(line, self._devices))
        settings = {
            line.line: gpiod.LineSettings(
                direction=Direction.OUTPUT,
                active_low=line.active_low,
                output_value=Value.INACTIVE,
            )
            for line in lines
        }
        self._request(settings, is_output=True)
        return left_on

    def request_inputs(self, lines: Sequence[InputLine]) -> None:
        settings = {
            line.line: gpiod.LineSettings(
                direction=Direction.INPUT,
                edge_detection=KernelEdge.BOTH,
                bias=BIASES[line.bias],
                active_low=line.active_low,
                debounce_period=timedelta(milliseconds=line.debounce_ms),
                event_clock=KernelClock.MONOTONIC,
            )
            for line in lines
        }
        self._request(settings, is_output=False)

    def set(self, line: str, on: bool) -> None:  # noqa: FBT001 - a level is what is set
        with self._output_lock:
            held = self._held(line)
            try:
                held.request.set_value(held.place.offset, Value.ACTIVE if on else Value.INACTIVE)
            except OSError as error:
                raise failed(line, held.place.label, str(error.strerror)) from error

    def level(self, line: str) -> bool:
        held = self._held(line)
        try:
            return held.request.get_value(held.place.offset) is Value.ACTIVE
        except OSError as error:
            raise failed(line, held.place.label, str(error.strerror)) from error

    def edges(self, wait_ms: int = 0) -> list[Edge]:
        poll = select.poll()
        requests = {request.fd: request for request in self._inputs}
        for descriptor in requests:
            poll.register(descriptor, select.POLLIN)
        ready = poll.poll(wait_ms) if requests else []
        found = [edge for fd, _ in ready for edge in self._read(fd, requests[fd])]
        return sorted(found, key=lambda edge: edge.at_ms)

    def close(self) -> None:
        with self._output_lock:
            held, self._lines, self._inputs = self._lines, {}, []
            for line in held.values():
                if line.is_output:
                    _switch_off(line)
            for line in held.values():
                line.request.release()

    def _request(self, settings: dict[str, gpiod.LineSettings], *, is_output: bool) -> None:
        """One request per chip, so that a chip's lines change hands together or not at all."""
        by_chip: dict[str, dict[str, Place]] = {}
        for line in settings:
            place = find_line(line, self._devices)
            by_chip.setdefault(place.path, {})[line] = place
        for path, places in by_chip.items():
            config: ChipConfig = {place.offset: settings[line] for line, place in places.items()}
            request = _request_on(path, places, config)
            if not is_output:
                self._inputs.append(request)
                self._names[request.fd] = {place.offset: line for line, place in places.items()}
            for line, place in places.items():
                self._lines[line] = _Held(request, place, is_output)

    def _held(self, line: str) -> _Held:
        held = self._lines.get(line)
        if held is None:
            raise not_requested(line)
        return held

    def _read(self, descriptor: int, request: gpiod.LineRequest) -> list[Edge]:
        names = self._names[descriptor]
        try:
            events = request.read_edge_events(EVENT_BUFFER_SIZE)
        except OSError as error:
            line = next(iter(names.values()))
            raise failed(line, request.chip_name, str(error.strerror)) from error
        return [
            Edge(
                names[event.line_offset],
                event.event_type is event.Type.RISING_EDGE,
                self._to_ms(event.timestamp_ns),
                event.line_seqno,
            )
            for event in events
        ]


def find_line(line: str, devices: Path = DEVICES) -> Place:
    """The one place that ``line`` (``GPIO17``, ``label/17`` or ``label/GPIO17``) means.

    Raises:
        DeviceError: ``no_gpio_chip``, ``line_unknown``, ``line_ambiguous``, ``gpio_denied``.
    """
    label, _, name = line.rpartition("/")
    everywhere, denied = _chips(devices)
    chips = [chip for chip in everywhere if label in {"", chip.label}]
    places = [place for chip in chips if (place := chip.place(name, by_number=bool(label)))]
    if not places and denied:
        raise _denied(denied[0])
    if not chips:
        raise _no_chip(label, [chip.label for chip in everywhere])
    if not places:
        shown = ", ".join(chip.label for chip in chips)
        raise unknown_line(line, shown, "; ".join(chip.valid() for chip in chips))
    if len(places) > 1:
        labels = " and ".join(repr(place.label) for place in places)
        raise DeviceError(
            "line_ambiguous",
            f"line {line!r} is on chips {labels}: the gate does not start",
            f"name the chip too: '{places[0].label}/{name}'",
        )
    return places[0]


def holder_of(line: str, devices: Path = DEVICES) -> str:
    """Who holds the line now, as the kernel says; empty = nobody. Nothing is requested.

    Raises:
        DeviceError: as `find_line`.
    """
    place = find_line(line, devices)
    with gpiod.Chip(place.path) as chip:
        found = chip.get_line_info(place.offset)
        return (found.consumer or "the kernel") if found.used else ""


def is_left_on(line: OutputLine, devices: Path = DEVICES) -> bool:
    """True when nobody holds the line and it still drives its relay: a Raspberry Pi keeps an output's level."""
    place = find_line(line.line, devices)
    with gpiod.Chip(place.path) as chip:
        found = chip.get_line_info(place.offset)
        if found.used or found.direction is not Direction.OUTPUT:
            return False
    config: ChipConfig = {
        place.offset: gpiod.LineSettings(direction=Direction.AS_IS, active_low=line.active_low)
    }
    request = _request_on(place.path, {line.line: place}, config)
    try:
        return request.get_value(place.offset) is Value.ACTIVE
    except OSError as error:
        raise failed(line.line, place.label, str(error.strerror)) from error
    finally:
        request.release()


@dataclass(frozen=True, slots=True)
class _Chip:
    """What a chip says of itself, read once and closed again."""

    path: str
    label: str
    names: tuple[str, ...]

    def place(self, name: str, *, by_number: bool) -> Place | None:
        """Where ``name`` is on this chip; a bare number means something only where the chip is named."""
        if name in self.names:
            return Place(self.path, self.label, self.names.index(name))
        if by_number and name.isdecimal() and int(name) < len(self.names):
            return Place(self.path, self.label, int(name))
        return None

    def valid(self) -> str:
        """Names for a message: those of the header, else some, else numbers."""
        header = sorted(int(n[4:]) for n in self.names if n[:4] == "GPIO" and n[4:].isdecimal())
        if header:
            return f"GPIO{header[0]}..GPIO{header[-1]}"
        named = [name for name in self.names if name][:SHOWN_NAMES]
        return ", ".join(named) or f"{self.label}/0..{len(self.names) - 1}"


def _chips(devices: Path) -> tuple[list[_Chip], list[str]]:
    """Every chip once (Raspberry Pi OS adds links such as ``gpiochip4`` → ``gpiochip0``), and those kept from us."""
    paths = {str(path.resolve()) for path in devices.glob("gpiochip*")}
    chips: list[_Chip] = []
    denied: list[str] = []
    for path in sorted(paths):
        try:
            chips.append(_load_chip(path))
        except PermissionError:
            denied.append(path)
        except OSError as error:
            raise failed(path, path, str(error.strerror)) from error
    return chips, denied


def _load_chip(path: str) -> _Chip:
    with gpiod.Chip(path) as chip:
        found = chip.get_info()
        names = tuple(chip.get_line_info(n).name or "" for n in range(found.num_lines))
        return _Chip(path, found.label, names)


def _denied(path: str) -> DeviceError:
    return DeviceError(
        "gpio_denied",
        f"{path!r} may not be opened by this account: the gate does not start",
        "add the account to the group 'gpio', or run the gate as its service",
    )


def _no_chip(label: str, labels: list[str]) -> DeviceError:
    wanted = f"chip {label!r} is" if label else "GPIO chips are"
    return DeviceError(
        "no_gpio_chip",
        f"{wanted} not on this machine (there: {', '.join(sorted(labels)) or 'none'}):"
        " the gate does not start",
        "see `gpiodetect`; without pins, say turnstile.backend = 'simulated'",
    )


def _request_on(path: str, places: dict[str, Place], config: ChipConfig) -> gpiod.LineRequest:
    try:
        return gpiod.request_lines(
            path, config=config, consumer=CONSUMER, event_buffer_size=EVENT_BUFFER_SIZE
        )
    except OSError as error:
        line, place = next(iter(places.items()))
        if error.errno == errno.EBUSY:
            raise _held_by_other(path, places) from error
        raise failed(line, place.label, str(error.strerror)) from error


def _held_by_other(path: str, places: dict[str, Place]) -> DeviceError:
    with gpiod.Chip(path) as chip:
        for line, place in places.items():
            found = chip.get_line_info(place.offset)
            if found.used:
                return busy(line, place.label, found.consumer or "the kernel")
    line, place = next(iter(places.items()))
    return busy(line, place.label, "somebody who has just let go")


def _switch_off(held: _Held) -> None:
    """Before the line is given back: a Raspberry Pi keeps an output's level after that."""
    try:
        held.request.set_value(held.place.offset, Value.INACTIVE)
    except OSError:
        return  # released all the same; there is nothing else that could be done to the line
