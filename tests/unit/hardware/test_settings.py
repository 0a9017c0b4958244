from __future__ import annotations

from typing import Any

import pytest

from hardware.pins import Bias, InputLine, OutputLine
from hardware.settings import IndicatorSettings, InputSettings, TurnstileSettings, WaySettings
from scanner.core.errors import ConfigError

RELAY = OutputLine(line="GPIO17")


@pytest.mark.parametrize(
    ("contact", "closes_to", "active_low", "bias"),
    [
        ("no", "ground", True, Bias.PULL_UP),
        ("nc", "ground", False, Bias.PULL_UP),
        ("no", "supply", False, Bias.PULL_DOWN),
        ("nc", "supply", True, Bias.PULL_DOWN),
    ],
)
def test_a_contacts_wiring_gives_its_active_level(
    contact: Any, closes_to: Any, *, active_low: bool, bias: Bias
) -> None:
    wired = InputSettings(line="GPIO22", contact=contact, closes_to=closes_to, debounce_ms=7)
    assert wired.as_line() == InputLine(
        line="GPIO22", active_low=active_low, bias=bias, debounce_ms=7
    )


def test_a_resistor_outside_turns_the_one_inside_off() -> None:
    assert InputSettings(line="GPIO22", has_resistor=True).as_line().bias is Bias.DISABLED


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: WaySettings(relay=RELAY, pulse_ms=99), r"pulse_ms 99 is outside 100\.\.2000 ms"),
        (lambda: WaySettings(relay=RELAY, pulse_ms=2_001), r"pulse_ms 2001 is outside"),
        (lambda: InputSettings(line="GPIO22", min_ms=-1), r"min_ms of 'GPIO22' -1 is outside"),
        (lambda: InputSettings(line="GPIO22", debounce_ms=101), r"debounce_ms of 'GPIO22' 101"),
        (
            lambda: TurnstileSettings(
                backend="gpiod", way_in=WaySettings(relay=RELAY), stuck_ms=10
            ),
            r"stuck_ms 10 is outside",
        ),
        (lambda: IndicatorSettings(backend="none", show_ms=-1), r"show_ms -1 is outside"),
    ],
)
def test_a_time_outside_its_limits_is_refused_by_name(build: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as told:
        build()
    assert told.value.code == "hardware_out_of_range"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: TurnstileSettings(backend="gpoid", way_in=WaySettings(relay=RELAY)),
            r"turnstile\.backend 'gpoid' is not known \(valid: gpiod, rpi_gpio, simulated\)",
        ),
        (lambda: IndicatorSettings(backend=""), r"valid: gpiod, rpi_gpio, simulated, none"),
        (lambda: InputSettings(line="GPIO22", contact="NC"), r"contact of 'GPIO22' 'NC'"),  # type: ignore[arg-type]
        (lambda: InputSettings(line="GPIO22", closes_to="5V"), r"closes_to of 'GPIO22'"),  # type: ignore[arg-type]
    ],
)
def test_an_unknown_name_is_an_error_that_lists_the_valid_ones(build: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as told:
        build()
    assert told.value.code == "hardware_unknown_choice"


def test_a_line_serves_one_purpose() -> None:
    with pytest.raises(ConfigError, match="'GPIO17' has two purposes") as told:
        TurnstileSettings(
            backend="gpiod",
            way_in=WaySettings(relay=RELAY, passage=InputSettings(line="GPIO17")),
        )
    assert told.value.code == "line_used_twice"
    with pytest.raises(ConfigError, match="'GPIO17' has two purposes"):
        IndicatorSettings(backend="gpiod", red=RELAY, buzzer=RELAY)


def test_a_turnstile_without_any_relay_is_refused() -> None:
    with pytest.raises(ConfigError, match="names a relay") as told:
        TurnstileSettings(backend="simulated")
    assert told.value.code == "turnstile_without_way"
