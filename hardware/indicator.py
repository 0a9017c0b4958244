"""Lamps and buzzer: colours and patterns, never reasons.

Law: showing returns at once; a worse fate than a dark lamp is a lane that waits for one. A lamp that fails is told once
and never stops a decision. No lamps at all (`NullIndicator`) is something the configuration says, not a way out of an
error. Colour never stands alone: the display has a word and an icon, the buzzer a pattern.

Source: docs/hardware.md, "Lamps and buzzer"; docs/decisions.md, "Outcomes and reasons" for what a colour means.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack

from hardware.pins import PinBank
from hardware.settings import IndicatorSettings
from hardware.system_clock import Clock
from scanner.core.errors import DeviceError

LOG = logging.getLogger("portillon.indicator")

LAMPS_OF: dict[str, tuple[tuple[str, ...], ...]] = {
    "green": (("green",),),
    "blue": (("green",),),
    "amber": (("amber",), ("red",)),
    "orange": (("amber", "red"), ("red",)),
    "red": (("red",),),
    "off": ((),),
}
"""Which lamps make a colour: the first row whose lamps are all fitted; none fitted, none lit."""

REJECTING = frozenset({"orange", "red"})
"""Colours of a refusal: they pulse the reject output where one is wired."""

SHORT_MS, LONG_MS, GAP_MS = 80, 500, 90
PATTERNS: dict[str, tuple[int, ...]] = {
    "silent": (),
    "one_short": (SHORT_MS,),
    "two_short": (SHORT_MS, SHORT_MS),
    "three_short": (SHORT_MS, SHORT_MS, SHORT_MS),
    "one_long": (LONG_MS,),
    "two_long": (LONG_MS, LONG_MS),
}
"""Lengths of the tones; `GAP_MS` of silence between two."""


class Indicator:
    """Lamps and a buzzer on pins, switched by a keeper of its own: never by the pulse guard.

    Args:
        bank: closed by the indicator.
        settings: lines, and how long a colour stays.
        clock: for the pattern.
    """

    def __init__(self, bank: PinBank, settings: IndicatorSettings, clock: Clock) -> None:
        self.backend = settings.backend
        self._bank = bank
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._agenda: list[tuple[int, str, bool]] = []
        self._is_failing = False
        self._keeper = clock.keeper("indicator")
        with ExitStack() as opened:
            opened.callback(bank.close)
            bank.request_outputs(settings.outputs())
            opened.callback(self._keeper.stop)
            self._keeper.start(self._play)
            self._opened = opened.pop_all()

    def show(self, colour: str, sound: str = "silent") -> None:
        """Light ``colour`` (`LAMPS_OF`) and play ``sound`` (`PATTERNS`). Whatever was on is over."""
        now_ms = self._clock.monotonic_ms()
        agenda = [
            *self._lamps(colour, now_ms),
            *self._tones(sound, now_ms),
            *self._rejection(colour, now_ms),
        ]
        with self._lock:
            self._agenda = sorted(agenda, key=lambda switching: switching[0])
        self._keeper.wake()

    def off(self) -> None:
        """Dark and silent."""
        self.show("off")

    def close(self) -> None:
        """Dark, silent, lines given back. Idempotent."""
        self._opened.close()

    def _lamps(self, colour: str, now_ms: int) -> list[tuple[int, str, bool]]:
        fitted = self._settings.lamps()
        rows = LAMPS_OF.get(colour)
        if rows is None:
            raise RuntimeError(f"no colour {colour!r} (valid: {', '.join(LAMPS_OF)})")
        lit = next((row for row in rows if set(row) <= set(fitted)), ())
        agenda = [(now_ms, line.line, name in lit) for name, line in fitted.items()]
        if self._settings.show_ms:
            over_ms = now_ms + self._settings.show_ms
            agenda += [(over_ms, fitted[name].line, False) for name in lit]
        return agenda

    def _tones(self, sound: str, now_ms: int) -> list[tuple[int, str, bool]]:
        tones = PATTERNS.get(sound)
        if tones is None:
            raise RuntimeError(f"no sound {sound!r} (valid: {', '.join(PATTERNS)})")
        if self._settings.buzzer is None:
            return []
        line, agenda = self._settings.buzzer.line, list[tuple[int, str, bool]]()
        if not tones:
            agenda.append((now_ms, line, False))
        for length_ms in tones:
            agenda += [(now_ms, line, True), (now_ms + length_ms, line, False)]
            now_ms += length_ms + GAP_MS
        return agenda

    def _rejection(self, colour: str, now_ms: int) -> list[tuple[int, str, bool]]:
        if self._settings.reject is None:
            return []
        line, over_ms = self._settings.reject.line, now_ms + self._settings.reject_ms
        if colour not in REJECTING:
            return [(now_ms, line, False)]
        return [(now_ms, line, True), (over_ms, line, False)]

    def _play(self) -> int | None:
        """Switch what is due, in order. The lock is held so that an older picture never paints over a newer one."""
        with self._lock:
            now_ms = self._clock.monotonic_ms()
            while self._agenda and self._agenda[0][0] <= now_ms:
                _, line, on = self._agenda.pop(0)
                self._switch(line, on=on)
            return self._agenda[0][0] if self._agenda else None

    def _switch(self, line: str, *, on: bool) -> None:
        try:
            self._bank.set(line, on)
        except DeviceError as error:
            if not self._is_failing:
                LOG.warning("%s", error, extra={"code": error.code})
            self._is_failing = True
            return
        if self._is_failing:
            LOG.info("line %r works again", line)
        self._is_failing = False


class NullIndicator:
    """No lamps are fitted, and the configuration says so."""

    backend = "none"

    def show(self, colour: str, sound: str = "silent") -> None:
        """Nothing to light."""

    def off(self) -> None:
        """Nothing to darken."""

    def close(self) -> None:
        """Nothing to give back."""
