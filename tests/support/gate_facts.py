"""Facts as a gate records them, for the central's tests; their place in a ledger is given later."""

from __future__ import annotations

from typing import Any

from scanner.core.clock import ClockState
from scanner.core.events import Fact, FactKind
from scanner.core.reasons import Flag, Outcome, Reason
from scanner.core.units import (
    BootId,
    DeviceId,
    Direction,
    Epoch,
    GateNo,
    Instant,
    MonoMs,
    Seq,
    ZoneNo,
)

NOON = Instant(1_741_690_800_000)
"""11 March 2025, 12:00 in Paris."""


def fact(kind: FactKind, **fields: Any) -> Fact:
    """Any fact of gate 1 in zone 1."""
    place: dict[str, Any] = {
        "device": DeviceId("d"),
        "epoch": Epoch("e"),
        "seq": Seq(1),
        "at": NOON,
        "mono_ms": MonoMs(5_000),
        "boot": BootId("boot-1"),
        "clock": ClockState.TRUSTED,
        "gate_no": GateNo(1),
        "zone_no": ZoneNo(1),
    }
    return Fact(kind=kind, **(place | fields))


def entry(**fields: Any) -> Fact:
    """An accepted, charged entry."""
    accepted: dict[str, Any] = {
        "direction": Direction.IN,
        "movement": Direction.IN,
        "charged": 1,
        "outcome": Outcome.SUCCESS,
        "reason": Reason.OK,
        "type_no": 1,
    }
    return fact(FactKind.SCAN, **(accepted | fields))


def watched(**fields: Any) -> Fact:
    """An entry at a lane with a sensor."""
    return entry(flags=(Flag.AWAITS_PASSAGE.value,), **fields)


def refusal(reason: Reason = Reason.EXPIRED, **fields: Any) -> Fact:
    """A scan that was refused."""
    return fact(
        FactKind.SCAN, direction=Direction.IN, outcome=Outcome.DECLINED, reason=reason, **fields
    )


def passed(refers_to: int, persons: int = 1) -> Fact:
    return fact(FactKind.PASSED, refers_to=Seq(refers_to), persons=persons)


def not_passed(refers_to: int, persons: int = 1) -> Fact:
    return fact(FactKind.NOT_PASSED, refers_to=Seq(refers_to), persons=persons)
