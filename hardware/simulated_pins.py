"""A GPIO chip made of air: real rules, virtual time, a history, and every fault that a cable can have.

Law: it behaves as the kernel does. A line has one owner; it is debounced, stamped and numbered as there; what is lost
shows as a gap; and like a Raspberry Pi's it keeps an output's level when its owner dies. Levels in here are electrical
(True = 3.3 V); logical ones begin at the bank. Whoever asks it anything sees the world as of now, and no thread runs.

Source: docs/hardware.md, "Simulation"; hardware/gpiod_bank.py, the rules that it shares.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from hardware.debounce import Debouncer
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
from hardware.system_clock import Clock
from scanner.core.errors import DeviceError

LABEL = "simulated"
HISTORY_LENGTH = 10_000
LINES = tuple(f"GPIO{n}" for n in range(28))


@dataclass(frozen=True, slots=True)
class Change:
    """A line's electrical level changed."""

    at_ms: int
    line: str
    level: bool


@dataclass(slots=True)
class _Line:
    """One wire of the chip."""

    name: str
    level: bool = False
    consumer: str = ""
    is_output: bool = False
    is_left_output: bool = False
    """Nobody holds it any more, and it drives what it last drove."""
    is_driven: bool = False
    """The world moves it, so the chip's own resistor does not."""
    active_low: bool = False
    contact: bool = False
    """The level behind the relay, which a welded contact keeps."""
    stuck_at: bool | None = None
    is_welded: bool = False
    is_broken: bool = False
    edges_to_lose: int = 0
    seqno: int = 0
    debouncer: Debouncer | None = None
    edges: deque[tuple[bool, int, int]] = field(default_factory=deque)


Watcher = Callable[[bool, int], None]
"""Told whether a relay's contact is closed now, and since when."""


class SimulatedChip:
    """The wires. Banks borrow them; the simulated world pulls at them.

    Args:
        clock: virtual, or the system's for a demonstration.
        label: as a kernel's chip would say.
        lines: names of its lines.
    """

    def __init__(self, clock: Clock, label: str = LABEL, lines: Sequence[str] = LINES) -> None:
        self.clock = clock
        self.label = label
        self.history: deque[Change] = deque(maxlen=HISTORY_LENGTH)
        self._lines = {name: _Line(name) for name in lines}
        self._watched: list[_Line] = []
        self._agenda: list[tuple[int, int, str, bool]] = []
        self._numbers = count()
        self._watchers: dict[str, list[Watcher]] = {}
        self._lock = threading.RLock()

    def names(self) -> tuple[str, ...]:
        """Its lines by offset."""
        return tuple(self._lines)

    def consumer(self, line: str) -> str:
        """Who holds the line; empty = nobody."""
        return self._at(line).consumer

    # The world's side

    def drive(self, line: str, *, level: bool, at_ms: int | None = None) -> None:
        """The world pulls an input up or down, now or at a later instant."""
        with self._lock:
            when_ms = self.clock.monotonic_ms() if at_ms is None else at_ms
            heapq.heappush(self._agenda, (when_ms, next(self._numbers), self._at(line).name, level))
            self.catch_up()

    def rest(self, line: str, *, level: bool) -> None:
        """Where the world leaves an input as long as nothing happens."""
        wire = self._at(line)
        if not wire.is_driven:
            wire.level, wire.is_driven = level, True

    def bounce(self, line: str, *, times: int = 3, spacing_ms: int = 1) -> None:
        """The contact chatters around its present level and comes to rest at it."""
        now_ms, level = self.clock.monotonic_ms(), self._at(line).level
        for n in range(2 * times):
            self.drive(line, level=level is bool(n % 2), at_ms=now_ms + n * spacing_ms)

    def watch(self, line: str, watcher: Watcher) -> None:
        """Tell ``watcher`` of every change of a relay's contact."""
        self._watchers.setdefault(self._at(line).name, []).append(watcher)

    def measure(self, line: str) -> bool:
        """A multimeter on the line: True = 3.3 V."""
        with self._lock:
            self.catch_up()
            return self._at(line).level

    def is_closed(self, line: str) -> bool:
        """True while the contact of the relay on this line is closed, whatever the line says."""
        with self._lock:
            self.catch_up()
            wire = self._at(line)
            return wire.contact is not wire.active_low

    # Faults

    def stick(self, line: str, *, level: bool) -> None:
        """The line shows ``level`` whatever the world does, from now on."""
        with self._lock:
            self.catch_up()
            wire = self._at(line)
            wire.is_driven = True
            self._change(wire, level, self.clock.monotonic_ms())
            wire.stuck_at = level

    def unstick(self, line: str) -> None:
        """The fault is mended; the level stays until the world moves it."""
        self._at(line).stuck_at = None

    def weld(self, line: str) -> None:
        """The relay's contact sticks the next time it closes, and never opens again."""
        self._at(line).is_welded = True

    def break_line(self, line: str) -> None:
        """The driver answers every access with an error."""
        self._at(line).is_broken = True

    def mend(self, line: str) -> None:
        """Take welding and breakage away."""
        self._at(line).is_welded = self._at(line).is_broken = False

    def lose_edges(self, line: str, edges: int = 1) -> None:
        """The kernel's buffer overflows: the next ``edges`` are numbered, but never delivered."""
        self._at(line).edges_to_lose = edges

    def occupy(self, line: str, consumer: str) -> None:
        """A second daemon takes the line."""
        self._at(line).consumer = consumer

    # The bank's side

    def catch_up(self) -> None:
        """Let everything happen that was due by now, in the order of its time."""
        with self._lock:
            now_ms = self.clock.monotonic_ms()
            while self._agenda and self._agenda[0][0] <= now_ms:
                at_ms, _, name, level = heapq.heappop(self._agenda)
                line = self._lines[name]
                line.is_driven = True
                if line.stuck_at is None and not line.is_output:
                    self._change(line, level, at_ms)
            for line in self._watched:
                self._settle(line, now_ms)

    def borrow_outputs(self, lines: Sequence[OutputLine]) -> tuple[str, ...]:
        """Give the lines to a bank, all or none: driven inactive as they become outputs. Those that were left on."""
        with self._lock:
            wires = list(zip(self._borrow(lines), lines, strict=True))
            left_on = [
                line.line
                for wire, line in wires
                if wire.is_left_output and wire.level is not line.active_low
            ]
            for wire, line in wires:
                wire.is_output, wire.active_low = True, line.active_low
                self.write(line.line, level=line.active_low)
            return tuple(left_on)

    def drives(self, line: str) -> bool:
        """True for an output, also for one whose owner is gone."""
        wire = self._at(line)
        return wire.is_output or wire.is_left_output

    def borrow_inputs(self, lines: Sequence[InputLine]) -> None:
        """Give the lines to a bank, all or none: a free input goes where its resistor pulls it."""
        with self._lock:
            for wire, line in zip(self._borrow(lines), lines, strict=True):
                if line.bias is not Bias.DISABLED and not wire.is_driven:
                    wire.level = line.bias is Bias.PULL_UP
                wire.seqno = 0
                wire.edges.clear()
                wire.debouncer = Debouncer(level=wire.level, debounce_ms=line.debounce_ms)
                self._watched.append(wire)

    def write(self, line: str, *, level: bool) -> None:
        """Drive an output."""
        with self._lock:
            self.catch_up()
            wire = self._working(line)
            if wire.stuck_at is None:
                self._change(wire, level, self.clock.monotonic_ms())

    def read(self, line: str) -> bool:
        """The electrical level after debounce."""
        with self._lock:
            self.catch_up()
            wire = self._working(line)
            return wire.level if wire.debouncer is None else wire.debouncer.level

    def take_edges(self, line: str) -> list[tuple[bool, int, int]]:
        """Edges (electrical level, instant, number) since the last call."""
        with self._lock:
            self.catch_up()
            wire = self._working(line)
            taken = list(wire.edges)
            wire.edges.clear()
            return taken

    def give_back(self, line: str) -> None:
        """The owner is gone. An output's level stays as it was, as on a Raspberry Pi."""
        with self._lock:
            wire = self._at(line)
            wire.is_left_output = wire.is_output
            wire.consumer, wire.is_output, wire.debouncer = "", False, None
            self._watched = [kept for kept in self._watched if kept is not wire]

    def _at(self, line: str) -> _Line:
        label, _, name = line.rpartition("/")
        name = f"GPIO{name}" if label and name.isdecimal() else name
        if label not in {"", self.label} or name not in self._lines:
            names = list(self._lines)
            raise unknown_line(line, self.label, f"{names[0]}..{names[-1]}")
        return self._lines[name]

    def _borrow(self, lines: Sequence[OutputLine] | Sequence[InputLine]) -> list[_Line]:
        self.catch_up()
        wires = [self._working(line.line) for line in lines]
        for wire in wires:
            if wire.consumer:
                raise busy(wire.name, self.label, wire.consumer)
        for wire in wires:
            wire.consumer = CONSUMER
        return wires

    def _working(self, line: str) -> _Line:
        wire = self._at(line)
        if wire.is_broken:
            raise failed(line, self.label, "Input/output error")
        return wire

    def _change(self, wire: _Line, level: bool, at_ms: int) -> None:  # noqa: FBT001 - a level
        if wire.level is level:
            return
        self._settle(wire, at_ms)
        wire.level = level
        self.history.append(Change(at_ms, wire.name, level))
        if wire.debouncer is not None:
            settled = wire.debouncer.feed(level=level, at_ms=at_ms)
            if settled is not None:
                self._number(wire, level=settled.level, at_ms=settled.at_ms)
        self._move_contact(wire, at_ms)

    def _move_contact(self, wire: _Line, at_ms: int) -> None:
        is_opening = wire.level is wire.active_low
        if wire.contact is wire.level or (wire.is_welded and is_opening):
            return
        wire.contact = wire.level
        for watcher in self._watchers.get(wire.name, ()):
            watcher(not is_opening, at_ms)

    def _settle(self, wire: _Line, now_ms: int) -> None:
        settled = wire.debouncer.settle(now_ms) if wire.debouncer is not None else None
        if settled is not None:
            self._number(wire, level=settled.level, at_ms=settled.at_ms)

    def _number(self, wire: _Line, *, level: bool, at_ms: int) -> None:
        wire.seqno += 1
        if wire.edges_to_lose:
            wire.edges_to_lose -= 1
            return
        wire.edges.append((level, at_ms, wire.seqno))


class SimulatedBank(ClosesItself):
    """Lines of a `SimulatedChip`, as a daemon holds them."""

    def __init__(self, chip: SimulatedChip) -> None:
        self._chip = chip
        self._outputs: dict[str, OutputLine] = {}
        self._inputs: dict[str, InputLine] = {}

    def request_outputs(self, lines: Sequence[OutputLine]) -> tuple[str, ...]:
        left_on = self._chip.borrow_outputs(lines)
        self._outputs |= {line.line: line for line in lines}
        return left_on

    def request_inputs(self, lines: Sequence[InputLine]) -> None:
        self._chip.borrow_inputs(lines)
        self._inputs |= {line.line: line for line in lines}

    def set(self, line: str, on: bool) -> None:  # noqa: FBT001 - a level is what is set
        output = self._outputs.get(line)
        if output is None:
            raise not_requested(line)
        self._chip.write(line, level=on is not output.active_low)

    def level(self, line: str) -> bool:
        held = self._outputs.get(line) or self._inputs.get(line)
        if held is None:
            raise not_requested(line)
        return self._chip.read(line) is not held.active_low

    def edges(self, wait_ms: int = 0) -> list[Edge]:
        clock = self._chip.clock
        until_ms = clock.monotonic_ms() + wait_ms
        while not (found := self._take()) and clock.monotonic_ms() < until_ms:
            clock.pause_ms(min(5, until_ms - clock.monotonic_ms()))
        return found

    def close(self) -> None:
        for line in self._outputs.values():
            with suppress(DeviceError):
                self._chip.write(line.line, level=line.active_low)
        self.abandon()

    def abandon(self) -> None:
        """The owner is killed: the kernel takes the lines back and nobody switches anything off."""
        for line in (*self._outputs, *self._inputs):
            self._chip.give_back(line)
        self._outputs, self._inputs = {}, {}

    def _take(self) -> list[Edge]:
        found = [
            Edge(line.line, level is not line.active_low, at_ms, seqno)
            for line in self._inputs.values()
            for level, at_ms, seqno in self._chip.take_edges(line.line)
        ]
        return sorted(found, key=lambda edge: edge.at_ms)
