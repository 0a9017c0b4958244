"""What a lane is made of: its ports, what is read before it, what it counts. Values only.

Law: a `Read` holds a payload, so it is never logged and never leaves the process.

Source: docs/architecture.md, "The life of a scan".
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.ports import ClockPort, IndicatorPort, LedgerPort, LookupsPort, TurnstilePort


@dataclass(frozen=True, slots=True)
class Read:
    """Bytes that a camera or scanner saw. ``agreed`` False: one decoder alone read a linear code."""

    payload: bytes
    symbology: str | None = None
    agreed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePorts:
    """The world of one lane."""

    clock: ClockPort
    ledger: LedgerPort
    lookups: LookupsPort
    turnstile: TurnstilePort
    indicator: IndicatorPort


@dataclass(slots=True)
class Counts:
    """What this process has seen since it started; the truth is the ledger."""

    reads: int = 0
    same_presentation: int = 0
    not_read: int = 0
    not_recorded: int = 0
