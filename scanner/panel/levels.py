"""The levels of an arm's pins now, by the names of the room.

Law: read-only; asked on the lane's thread, which alone talks to the pins.

Source: docs/hardware.md, "Wiring".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hardware.turnstile import Turnstile
from scanner.control import Reply
from scanner.core.errors import DeviceError
from scanner.core.units import Direction
from scanner.ports import TurnstilePort
from scanner.sections import TurnstileSection, WaySection


def told_levels(turnstile: TurnstilePort, section: TurnstileSection) -> Reply:
    """The reply to ``{"do": "hardware"}``."""
    if not isinstance(turnstile, Turnstile):
        return {"backend": section.backend}
    try:
        return {
            "backend": section.backend,
            "simulated": section.backend == "simulated",
            "ways": list(_ways(turnstile, section)),
            "inputs": {
                "fire": turnstile.fire_active() if section.fire_input else None,
                "tamper": turnstile.tamper_active() if section.tamper_input else None,
            },
        }
    except DeviceError as error:
        return {"backend": section.backend, "fault": f"{error.message} [{error.code}]"}


def told_cameras(cameras: Sequence[Mapping[str, Any]]) -> Reply:
    """The state of each of several cameras; of one alone the picture beside it says it all."""
    return {"cameras": list(cameras)} if len(cameras) > 1 else {}


def _ways(turnstile: Turnstile, section: TurnstileSection) -> Iterator[dict[str, Any]]:
    wired: dict[Direction, WaySection] = {
        Direction.IN: section.way_in,
        Direction.OUT: section.way_out,
    }
    for direction, way in wired.items():
        if way.relay:
            is_watched = turnstile.has_sensor(direction.value)
            yield {
                "direction": direction.value,
                "relay": way.relay,
                "relay_on": turnstile.is_pulsing(direction.value),
                "sensor": (way.sensor or direction.value) if is_watched else None,
                "sensor_active": turnstile.sensor_active(direction.value),
            }
