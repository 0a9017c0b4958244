"""What the pins report, in the lane's words.

Law: pure; a signal that the lane has no word for is nothing.
"""

from __future__ import annotations

from scanner.core.lane_state import (
    Fire,
    Input,
    LostEdge,
    Passage,
    PassageEnded,
    SensorFault,
    Tamper,
)
from scanner.core.units import Direction
from scanner.ports import Signal


def input_of(signal: Signal) -> Input | None:
    """The state machine's input for one signal."""
    direction = Direction(signal.direction) if signal.direction else None
    if signal.kind == "fire":
        return Fire(signal.active)
    if signal.kind == "tamper":
        return Tamper(signal.active)
    if signal.kind == "lost_edge":
        return LostEdge(direction)
    if direction is None:
        return None
    if signal.kind == "sensor_fault":
        return SensorFault(direction, signal.active)
    if signal.kind == "passage":
        return Passage(direction) if signal.active else PassageEnded(direction)
    return None
