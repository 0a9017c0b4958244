"""The doctor at the console's service: `portillon doctor`, asked by a screen that looks on.

Law: never on the lane's thread and never in a caller's way. Whoever asks gets what was found last, at once; where that
is older than `FRESH_MS`, a thread of its own looks again, one at a time. The ledger's chain is walked at most every
`WALK_MS`: a long one takes the processor for a while. Nobody asks, nothing is looked at.

Source: docs/console.md, "Health"; docs/hardware.md, "Health".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scanner.control import Reply
from scanner.core.units import SECOND_MS
from scanner.health.gate_signs import Status, contact_sign, snapshot_sign
from scanner.health.sign import Sign, worst

LOG = logging.getLogger("portillon.doctor")

FRESH_MS = 15_000
WALK_MS = 60 * 60 * 1_000


@dataclass(slots=True)
class Doctoring:
    """Of one gate. ``examine`` takes long; ``walk`` still longer. ``now_ms`` is wall time, ``mono_ms`` monotonic."""

    examine: Callable[[], Sequence[Sign]]
    walk: Callable[[], Sign]
    now_ms: Callable[[], int]
    mono_ms: Callable[[], int]
    _found: tuple[Sign, ...] = ()
    _chain: Sign | None = None
    _at_ms: int | None = None
    _looked_ms: int | None = None
    _walked_ms: int | None = None
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, _body: Mapping[str, Any]) -> Reply:
        """The reply to ``{"do": "doctor"}``; ``at`` None: the first look is under way."""
        if self._is_due(self._looked_ms, FRESH_MS) and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look, name="doctor", daemon=True).start()
        signs = self._found
        return {
            "at": self._at_ms,
            "light": worst(signs).name.lower() if signs else None,
            "signs": [told_sign(sign) for sign in signs],
        }

    @property
    def is_looking(self) -> bool:
        """True while the thread is at work."""
        return self._looking.locked()

    def _look(self) -> None:
        try:
            found = tuple(self.examine())
            if self._is_due(self._walked_ms, WALK_MS):
                self._chain, self._walked_ms = self.walk(), self.mono_ms()
            chain = () if self._chain is None else (self._chain,)
            self._found, self._at_ms = (*found, *chain), self.now_ms()
        except Exception:  # the lane goes on, and so does the console
            LOG.exception("the doctor fell ill")
        finally:
            self._looked_ms = self.mono_ms()
            self._looking.release()

    def _is_due(self, last_ms: int | None, every_ms: int) -> bool:
        return last_ms is None or self.mono_ms() - last_ms >= every_ms


def told_sign(sign: Sign) -> dict[str, Any]:
    """A sign as a screen gets it: the name of its text and the values, so that it can be told in any language."""
    return {
        "name": sign.name,
        "light": sign.light.name.lower(),
        "text": sign.text,
        "values": dict(sign.values),
        "says": sign.says,
        "hint": sign.hint,
    }


def contact_of(network: Mapping[str, Any] | None, wall_ms: int) -> Sign:
    """What sync wrote of its contacts with the central."""
    last_ok_at = None if network is None else network["last_ok_at"]
    if network is None or last_ok_at is None:
        return contact_sign(None, 0, ())
    alarms = [fault["code"] for fault in network["faults"] if fault["is_alarm"]]
    waits = network["waits"]
    alarms += [] if waits is None else [waits["code"]]
    unsent = max(0, network["held"] - network["have"])
    return contact_sign(max(0, wall_ms - last_ok_at) // SECOND_MS, unsent, alarms)


def snapshot_of(status: Status, network: Mapping[str, Any] | None) -> Sign:
    """What the gate says of its snapshot."""
    found = status["snapshot"] or {"seq": 0, "age_s": 0}
    is_held = network is not None and network["waits"] is not None
    return snapshot_sign(found["seq"], found["age_s"], is_held=is_held)
