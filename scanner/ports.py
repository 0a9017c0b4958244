"""What the lane needs of the world, as protocols: real parts, the simulator and the rehearsal all fit these.

Law: protocols only. A port is named for what the lane wants, never for who provides it. Nothing here blocks longer than
one durable commit.

Source: docs/architecture.md, "Ports".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scanner.core.clock import ClockFact, ClockReading
from scanner.core.events import Fact, Identity
from scanner.core.grants import Gate
from scanner.core.question import Facts
from scanner.core.rules import SitePolicy
from scanner.core.units import Direction, LaneReadiness


class LedgerPort(Protocol):
    """The lane's own facts, durable."""

    def next_identity(self) -> Identity:
        """The identity of the fact that will be appended next (this process is the only writer)."""

    def append(self, facts: Sequence[Fact], local: bytes | None = None) -> None:
        """Record facts, consecutive from `next_identity`, in one transaction with one fsync: durable on return.

        ``local`` (≤ 1 KB) is kept beside the first of them, neither hashed nor uploaded.

        Raises:
            StoreError: nothing was recorded; `next_identity` is unchanged.
        """


class LookupsPort(Protocol):
    """The read side of a decision."""

    @property
    def policy(self) -> SitePolicy:
        """The site's settings as of the snapshot in use."""

    @property
    def gate(self) -> Gate:
        """This lane as the snapshot knows it (its device's own numbers before the first snapshot)."""

    def is_known(self, cleaned: bytes, symbology: str | None) -> bool:
        """True when the snapshot has this opaque code (one index probe)."""

    def encode_local(self, facts: Facts, clock: ClockReading) -> bytes:
        """What `decide` saw, in ≤ 1 KB, to be kept beside the recorded fact and never uploaded."""

    def facts_for(
        self,
        cleaned: bytes,
        symbology: str | None,
        direction: Direction,
        clock: ClockReading,
        lane: LaneReadiness,
    ) -> Facts:
        """Everything `decide` may look at, for one payload. Index probes only."""


class ClockPort(Protocol):
    """The gate's judged clock."""

    def reading(self) -> ClockReading:
        """Now, with how far it can be trusted."""

    def facts(self) -> Sequence[ClockFact]:
        """What has to be recorded before anything is decided by the last reading; handed over once."""


class Signal(Protocol):
    """One thing the turnstile's pins reported."""

    @property
    def kind(self) -> str:
        """``passage | fire | tamper | sensor_fault | lost_edge``."""

    @property
    def direction(self) -> str | None:
        """``in | out`` where it belongs to one way."""

    @property
    def active(self) -> bool:
        """True when it began, False when it ended."""

    @property
    def at_ms(self) -> int:
        """Monotonic ms."""


class TurnstilePort(Protocol):
    """The arm: pulses and levels, never tickets."""

    def signals(self) -> Sequence[Signal]:
        """What happened since the last call, in order."""

    def pulse(self, direction: str) -> None:
        """Start a release pulse and return at once; its end is kept by a guard of its own."""

    def hold_open(self, direction: str) -> None:
        """Release until `lock`."""

    def lock(self) -> None:
        """Every output to its safe state. Idempotent."""

    def sensor_active(self, direction: str) -> bool:
        """The passage sensor's level now."""

    def close(self) -> None:
        """Lock and give the lines back. Idempotent."""


class IndicatorPort(Protocol):
    """Lamps and buzzer: colours and patterns, never reasons."""

    def show(self, colour: str, sound: str) -> None:
        """Show a colour and play a sound; returns at once."""
