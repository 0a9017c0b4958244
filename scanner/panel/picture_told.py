"""The picture of one of a lane's cameras, for whoever aims it.

Law: read-only. Whoever names no camera is shown the one that somebody holds a code before.

Source: docs/console.md, "Hardware".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from scanner.control import Reply
from scanner.panel.aiming import Sight
from scanner.seeing import Seeing


class TwoClocks(Protocol):
    """What `hardware.system_clock.SystemClock` tells."""

    def monotonic_ms(self) -> int:
        """Of this boot."""
        ...

    def now_ms(self) -> int:
        """Wall clock, ms since 1970."""
        ...


def told_picture(seeing: Seeing, body: Mapping[str, Any], clock: TwoClocks) -> Reply:
    """The reply to ``{"do": "camera"}``, with ``"name"`` of that camera."""
    eye = seeing.aimed_at(body.get("name"))
    if eye is None:
        return Sight().tell(seeing.state, clock.monotonic_ms(), clock.now_ms())
    told = eye.sight.tell(eye.camera.state(), clock.monotonic_ms(), clock.now_ms())
    return told | {"name": eye.name, "names": [one.name for one in seeing.eyes]}
