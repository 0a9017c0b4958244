from __future__ import annotations

from pathlib import Path

import pytest

from hardware import gpiod_bank
from hardware.assemble import build_indicator, build_turnstile
from hardware.indicator import Indicator, NullIndicator
from hardware.pins import OutputLine
from hardware.settings import IndicatorSettings, TurnstileSettings, WaySettings
from hardware.simulated import SimulatedIndicator, SimulatedTurnstile
from hardware.system_clock import SystemClock
from hardware.turnstile import Turnstile
from hardware.virtual_clock import VirtualClock
from scanner.core.errors import DeviceError
from support.pin_rigs import GpiodStandInRig
from support.rpi_gpio_stand_in import Header, RpiGpio, serve

WAY = WaySettings(relay=OutputLine(line="GPIO17"))


def test_the_simulation_is_built_when_it_is_named_and_says_so() -> None:
    clock = VirtualClock()
    turnstile = build_turnstile(TurnstileSettings(backend="simulated", way_in=WAY), clock)
    indicator = build_indicator(IndicatorSettings(backend="simulated"), clock)
    assert isinstance(turnstile, SimulatedTurnstile)
    assert isinstance(indicator, SimulatedIndicator)
    assert (turnstile.backend, indicator.backend) == ("simulated", "simulated")


def test_no_lamps_are_built_only_when_that_is_named() -> None:
    assert isinstance(
        build_indicator(IndicatorSettings(backend="none"), VirtualClock()), NullIndicator
    )


def test_gpiod_without_a_chip_is_an_error_never_a_simulation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    GpiodStandInRig(monkeypatch, tmp_path)
    monkeypatch.setattr(gpiod_bank, "DEVICES", tmp_path / "none")
    for build in (
        lambda: build_turnstile(TurnstileSettings(backend="gpiod", way_in=WAY), SystemClock()),
        lambda: build_indicator(
            IndicatorSettings(backend="gpiod", red=OutputLine(line="GPIO5")), SystemClock()
        ),
    ):
        with pytest.raises(DeviceError, match="not on this machine") as told:
            build()
        assert told.value.code == "no_gpio_chip"


def test_rpi_gpio_without_its_module_is_an_error_never_a_simulation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve(monkeypatch, None)
    with pytest.raises(DeviceError, match=r"no working RPi\.GPIO") as told:
        build_turnstile(TurnstileSettings(backend="rpi_gpio", way_in=WAY), VirtualClock())
    assert told.value.code == "rpi_gpio_missing"


def test_rpi_gpio_is_built_where_it_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    header = Header()
    serve(monkeypatch, RpiGpio(header))
    clock = VirtualClock()
    with build_turnstile(TurnstileSettings(backend="rpi_gpio", way_in=WAY), clock) as turnstile:
        turnstile.pulse("in")
        clock.advance(300)
    assert header.blips == [(17, False), (17, True), (17, False)]
    assert type(turnstile) is Turnstile
    lamps = IndicatorSettings(backend="rpi_gpio", red=OutputLine(line="GPIO5"))
    indicator = build_indicator(lamps, clock)
    assert type(indicator) is Indicator
    indicator.show("red")
    indicator.close()
    assert header.blips[3:] == [(5, False), (5, True), (5, False)]


def test_real_pins_want_the_real_clock() -> None:
    with pytest.raises(TypeError, match="system's clock"):
        build_turnstile(TurnstileSettings(backend="gpiod", way_in=WAY), VirtualClock())
