"""Named contacts: from edges to what they mean, in order, with nothing lost in silence.

Law: a contact counts once it has been active for its minimum length; what is shorter never happened. A gap in the
kernel's numbering is itself a signal, and the level is read again after it. A passage sensor that stays active for
longer than anybody walks is a fault until it is released. At the start an active contact is reported as if it had just
closed.

Source: docs/hardware.md, "Inputs".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hardware.pins import Edge, PinBank
from hardware.settings import DirectionName, InputSettings
from hardware.system_clock import Clock

SignalKind = Literal["passage", "fire", "tamper", "sensor_fault", "lost_edge"]
MEANINGS: dict[str, tuple[SignalKind, DirectionName | None]] = {
    "passage_in": ("passage", "in"),
    "passage_out": ("passage", "out"),
    "fire": ("fire", None),
    "tamper": ("tamper", None),
}


@dataclass(frozen=True, slots=True)
class Signal:
    """Something began (``active``) or ended at the turnstile, at the monotonic instant ``at_ms``."""

    kind: SignalKind
    direction: DirectionName | None
    active: bool
    at_ms: int


class Contact:
    """One input: its level, its history since the last report, its faults. Fed with edges and time, does no I/O.

    Args:
        name: a key of `MEANINGS`.
        settings: how it is wired.
        stuck_ms: a passage sensor active for longer is a fault.
    """

    def __init__(self, name: str, settings: InputSettings, stuck_ms: int) -> None:
        self.line = settings.line
        self.is_reported = False
        """True between the signal that it began and the one that it ended."""
        self.has_lost_edges = False
        self._kind, self._direction = MEANINGS[name]
        self._min_ms = settings.min_ms
        self._stuck_ms = stuck_ms if self._kind == "passage" else None
        self._active_since_ms: int | None = None
        self._is_stuck = False
        self._next_seqno = 1

    def take(self, edge: Edge) -> list[Signal]:
        """What an edge makes known."""
        signals = self.settle(edge.at_ms)
        if edge.seqno != self._next_seqno:
            self.has_lost_edges = True
            signals.append(Signal("lost_edge", self._direction, active=True, at_ms=edge.at_ms))
        self._next_seqno = edge.seqno + 1
        return signals + self._turn(level=edge.rising, at_ms=edge.at_ms)

    def resume(self, *, level: bool, at_ms: int) -> list[Signal]:
        """Take the level as it is: at the start, and after lost edges."""
        self.has_lost_edges = False
        return self._turn(level=level, at_ms=at_ms)

    def due_ms(self) -> int | None:
        """When something becomes certain without any edge."""
        if self._active_since_ms is None:
            return None
        if not self.is_reported:
            return self._active_since_ms + self._min_ms
        if self._stuck_ms is None or self._is_stuck:
            return None
        return self._active_since_ms + self._stuck_ms

    def settle(self, now_ms: int) -> list[Signal]:
        """What has become certain by ``now_ms`` without any edge."""
        since_ms, signals = self._active_since_ms, list[Signal]()
        if since_ms is None:
            return signals
        if not self.is_reported and now_ms >= since_ms + self._min_ms:
            self.is_reported = True
            signals.append(self._signal(active=True, at_ms=since_ms + self._min_ms))
        if (
            self._stuck_ms is not None
            and not self._is_stuck
            and now_ms >= since_ms + self._stuck_ms
        ):
            self._is_stuck = True
            signals.append(
                Signal(
                    "sensor_fault", self._direction, active=True, at_ms=since_ms + self._stuck_ms
                )
            )
        return signals

    def _turn(self, *, level: bool, at_ms: int) -> list[Signal]:
        if level:
            if self._active_since_ms is None:
                self._active_since_ms = at_ms
            return self.settle(at_ms)
        signals: list[Signal] = []
        if self.is_reported:
            signals.append(self._signal(active=False, at_ms=at_ms))
        if self._is_stuck:
            signals.append(Signal("sensor_fault", self._direction, active=False, at_ms=at_ms))
        self._active_since_ms, self.is_reported, self._is_stuck = None, False, False
        return signals

    def _signal(self, *, active: bool, at_ms: int) -> Signal:
        return Signal(self._kind, self._direction, active, at_ms)


class Inputs:
    """All contacts of a turnstile.

    Args:
        bank: gets the lines requested here.
        wired: settings by name (`MEANINGS`).
        clock: says how long a contact has been active.
        stuck_ms: see `Contact`.
    """

    def __init__(
        self, bank: PinBank, wired: Mapping[str, InputSettings], clock: Clock, stuck_ms: int
    ) -> None:
        self._bank = bank
        self._clock = clock
        self._contacts = {name: Contact(name, wired[name], stuck_ms) for name in wired}
        self._by_line = {contact.line: contact for contact in self._contacts.values()}
        bank.request_inputs([found.as_line() for found in wired.values()])
        self._pending = self._resumed(list(self._by_line.values()))

    def has(self, name: str) -> bool:
        """True when the input is wired."""
        return name in self._contacts

    def is_active(self, name: str) -> bool:
        """The contact's level now, without waiting for its minimum length; False where none is wired."""
        contact = self._contacts.get(name)
        return contact is not None and self._bank.level(contact.line)

    def signals(self, wait_ms: int = 0) -> tuple[Signal, ...]:
        """Everything since the last call, in the order of its time.

        Args:
            wait_ms: how long to wait for an edge if there is none yet.
        """
        edges = self._bank.edges(0 if self._pending else self._shortened(wait_ms))
        found, self._pending = self._pending, []
        for edge in edges:
            found += self._by_line[edge.line].take(edge)
        found += self._resumed([c for c in self._by_line.values() if c.has_lost_edges])
        now_ms = self._clock.monotonic_ms()
        for contact in self._by_line.values():
            found += contact.settle(now_ms)
        return tuple(sorted(found, key=lambda signal: signal.at_ms))

    def _shortened(self, wait_ms: int) -> int:
        """Not longer than until a contact has been active for its minimum length."""
        due = [at for contact in self._by_line.values() if (at := contact.due_ms()) is not None]
        if not wait_ms or not due:
            return wait_ms
        return max(0, min(wait_ms, min(due) - self._clock.monotonic_ms()))

    def _resumed(self, contacts: list[Contact]) -> list[Signal]:
        now_ms = self._clock.monotonic_ms()
        return [
            signal
            for contact in contacts
            for signal in contact.resume(level=self._bank.level(contact.line), at_ms=now_ms)
        ]
