"""Wiring: from settings to a turnstile, lamps and scanners, by the back end's name.

Law: the back end that the configuration names is built, or an error is raised. There is no silent fall back, least of
all to the simulation. A back end is imported only when it is named: the others may not even exist on this machine.

Source: docs/hardware.md, "Back ends".
"""

from __future__ import annotations

from collections.abc import Callable

from hardware.indicator import Indicator, NullIndicator
from hardware.line_framer import ScannerSettings
from hardware.pins import PinBank
from hardware.settings import IndicatorSettings, TurnstileSettings
from hardware.system_clock import Clock, SystemClock
from hardware.turnstile import Turnstile
from hardware.wired_scanner import WiredScanner


def build_turnstile(settings: TurnstileSettings, clock: Clock) -> Turnstile:
    """The turnstile that the configuration names, locked.

    Raises:
        DeviceError: ``line_busy``, ``line_unknown``, ``no_gpio_chip``, ``rpi_gpio_missing`` ...
    """
    if settings.backend == "simulated":
        from hardware.simulated import SimulatedTurnstile

        return SimulatedTurnstile(settings, clock)
    return Turnstile(BANKS[settings.backend](clock), settings, clock)


def build_indicator(settings: IndicatorSettings, clock: Clock) -> Indicator | NullIndicator:
    """The lamps that the configuration names, dark."""
    if settings.backend == "none":
        return NullIndicator()
    if settings.backend == "simulated":
        from hardware.simulated import SimulatedIndicator

        return SimulatedIndicator(settings, clock)
    return Indicator(BANKS[settings.backend](clock), settings, clock)


def build_scanner(settings: ScannerSettings, clock: Clock) -> WiredScanner:
    """A wired scanner, which opens its device by itself and as often as it takes."""
    if settings.kind == "keyboard":
        from hardware.hid_scanner import open_keyboard

        return WiredScanner(settings, clock.monotonic_ms, open_keyboard)
    from hardware.serial_scanner import open_serial

    return WiredScanner(settings, clock.monotonic_ms, open_serial)


def _build_gpiod_bank(clock: Clock) -> PinBank:
    from hardware.gpiod_bank import GpiodBank

    if not isinstance(clock, SystemClock):
        raise TypeError("real pins need the system's clock: their edges are stamped by the kernel")
    return GpiodBank(clock.from_kernel_ns)


def _build_rpi_gpio_bank(clock: Clock) -> PinBank:
    from hardware.rpi_gpio_bank import RpiGpioBank

    return RpiGpioBank(clock)


BANKS: dict[str, Callable[[Clock], PinBank]] = {
    "gpiod": _build_gpiod_bank,
    "rpi_gpio": _build_rpi_gpio_bank,
}
