"""The arm: relays and contacts of one or two directions. It knows levels and edges, never tickets.

Law: every relay is requested off before anything else, and is off again after `lock`, `close` and any error on the way
in. The turnstile decides nothing: whether a passage was granted is the lane's business (`scanner.core.lane`). The fire
contact is only listened to: by wire, and through no software, it goes to the turnstile's own controller.

Source: docs/hardware.md, "Wiring" and "The handshake".
"""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from hardware.inputs import Inputs, Signal
from hardware.pins import PinBank
from hardware.relay import PulseGuard, Relay
from hardware.settings import TurnstileSettings
from hardware.system_clock import Clock


class Turnstile:
    """One lane's arm. All methods return at once, except `signals` with a wait.

    Args:
        bank: closed by the turnstile.
        settings: lines and times.
        clock: for deadlines and minimum lengths.
    """

    def __init__(self, bank: PinBank, settings: TurnstileSettings, clock: Clock) -> None:
        self.backend = settings.backend
        self._is_closed = False
        with ExitStack() as opened:
            opened.callback(bank.close)
            self.left_on = bank.request_outputs(settings.outputs())
            """Relays that were on when we came: whoever held them died with the arm released."""
            self._guard = PulseGuard(bank, clock)
            opened.callback(self._guard.close)
            self._inputs = Inputs(bank, settings.inputs(), clock, settings.stuck_ms)
            self._opened = opened.pop_all()
        self._relays: dict[str, Relay] = {
            name: Relay(self._guard, way.relay.line, way.pulse_ms)
            for name, way in settings.ways().items()
        }

    def signals(self, wait_ms: int = 0) -> tuple[Signal, ...]:
        """What the contacts reported since the last call, in order; waits up to ``wait_ms`` for the first.

        Raises:
            DeviceError: ``line_failed``: the turnstile does not report.
        """
        return self._inputs.signals(wait_ms)

    def pulse(self, direction: str) -> None:
        """Release the arm for one person; the guard ends the pulse."""
        self._relay(direction).pulse()

    def is_pulsing(self, direction: str) -> bool:
        """True while the relay of ``direction`` is on, pulsed or held."""
        return self._relay(direction).is_on()

    def hold_open(self, direction: str) -> None:
        """Release the arm until `release` or `lock`."""
        self._relay(direction).hold()

    def release(self) -> None:
        """End holding open: every relay off."""
        self.lock()

    def lock(self) -> None:
        """Every relay off now, whatever was going on. Idempotent, from every thread.

        Raises:
            DeviceError: ``line_failed``; the guard goes on trying.
        """
        self._guard.force_safe()

    def sensor_active(self, direction: str) -> bool:
        """The passage sensor's level now; False where none is wired."""
        return self._inputs.is_active(f"passage_{direction}")

    def has_sensor(self, direction: str) -> bool:
        """True when passages in ``direction`` are seen."""
        return self._inputs.has(f"passage_{direction}")

    def fire_active(self) -> bool:
        """The fire contact's level now; False where none is wired."""
        return self._inputs.is_active("fire")

    def tamper_active(self) -> bool:
        """The housing contact's level now; False where none is wired."""
        return self._inputs.is_active("tamper")

    def is_live(self) -> bool:
        """True while the pulse guard keeps its deadlines: one of the watchdog's questions."""
        return not self._is_closed and self._guard.is_live()

    def close(self) -> None:
        """Lock and give the lines back. Idempotent."""
        self._is_closed = True
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _relay(self, direction: str) -> Relay:
        relay = self._relays.get(direction)
        if relay is None:
            raise RuntimeError(f"this turnstile has no way {direction!r}")
        return relay
