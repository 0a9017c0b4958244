"""What the lane's state machine asks of the arm, carried out.

Law: an arm that does not move is an alarm and a doubt, never a crash: nobody passes, so the entry is given back.

Source: docs/architecture.md, "The life of a scan" (7).
"""

from __future__ import annotations

from collections.abc import Callable

from scanner.core.errors import DeviceError
from scanner.core.lane_state import HoldOpen, Lock, StartPulse
from scanner.lane_doubts import LaneDoubts
from scanner.ports import TurnstilePort

Movement = StartPulse | HoldOpen | Lock


class Arm:
    """One lane's arm. ``tell`` hears of each fault when it begins."""

    def __init__(
        self, turnstile: TurnstilePort, doubts: LaneDoubts, tell: Callable[[DeviceError], None]
    ) -> None:
        self._turnstile = turnstile
        self._doubts = doubts
        self._tell = tell

    def move(self, action: Movement) -> None:
        """Do it now."""
        try:
            self._move(action)
        except DeviceError as error:
            if self._doubts.about(action).doubt(error):
                self._tell(error)
        else:
            self._doubts.about(action).all_settled()

    def _move(self, action: Movement) -> None:
        match action:
            case StartPulse(direction):
                self._turnstile.pulse(direction.value)
            case HoldOpen(direction):
                self._turnstile.hold_open(direction.value)
            case Lock():
                self._turnstile.lock()
