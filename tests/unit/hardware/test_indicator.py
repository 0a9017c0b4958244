from __future__ import annotations

import logging
import threading

import pytest

from hardware.indicator import LAMPS_OF, PATTERNS, Indicator, NullIndicator
from hardware.pins import OutputLine
from hardware.settings import IndicatorSettings
from hardware.simulated import SimulatedIndicator, VirtualClock
from hardware.simulated_pins import SimulatedBank, SimulatedChip
from hardware.system_clock import SystemClock
from scanner.core.errors import DeviceError
from scanner.core.reasons import FACES

FULL = IndicatorSettings(
    backend="simulated",
    red=OutputLine(line="GPIO5"),
    green=OutputLine(line="GPIO6"),
    amber=OutputLine(line="GPIO13"),
    buzzer=OutputLine(line="GPIO19"),
)


def open_indicator(settings: IndicatorSettings = FULL) -> tuple[SimulatedIndicator, VirtualClock]:
    clock = VirtualClock()
    return SimulatedIndicator(settings, clock), clock


def tones(indicator: SimulatedIndicator) -> list[tuple[int, bool]]:
    return [(c.at_ms, c.level) for c in indicator.chip.history if c.line == "GPIO19"]


@pytest.mark.parametrize(
    ("colour", "lamps"),
    [
        ("green", {"green"}),
        ("blue", {"green"}),
        ("amber", {"amber"}),
        ("orange", {"amber", "red"}),
        ("red", {"red"}),
        ("off", set()),
    ],
)
def test_a_colour_lights_its_lamps_and_no_others(colour: str, lamps: set[str]) -> None:
    indicator, _ = open_indicator()
    indicator.show("red")
    indicator.show(colour)
    assert indicator.lit() == lamps


@pytest.mark.parametrize(
    ("colour", "lamps"), [("amber", {"red"}), ("orange", {"red"}), ("green", {"green"})]
)
def test_without_an_amber_lamp_a_shut_arm_is_red_never_green(colour: str, lamps: set[str]) -> None:
    indicator, _ = open_indicator(
        IndicatorSettings(
            backend="simulated", red=OutputLine(line="GPIO5"), green=OutputLine(line="GPIO6")
        )
    )
    indicator.show(colour, "two_short")
    assert indicator.lit() == lamps
    assert not indicator.is_sounding()


def test_a_lamp_that_is_not_fitted_leaves_the_others_dark() -> None:
    indicator, _ = open_indicator(
        IndicatorSettings(backend="simulated", red=OutputLine(line="GPIO5"))
    )
    indicator.show("green")
    assert indicator.lit() == set()


def test_every_face_of_a_decision_can_be_shown_and_heard() -> None:
    assert {face.colour for face in FACES.values()} <= set(LAMPS_OF)
    assert {face.sound for face in FACES.values()} <= set(PATTERNS)


def test_a_colour_goes_out_after_its_time() -> None:
    indicator, clock = open_indicator()
    indicator.show("green")
    clock.advance(2_999)
    assert indicator.lit() == {"green"}
    clock.advance(1)
    assert indicator.lit() == set()


def test_a_colour_may_stay_until_the_next() -> None:
    settings = IndicatorSettings(backend="simulated", red=OutputLine(line="GPIO5"), show_ms=0)
    indicator, clock = open_indicator(settings)
    indicator.show("red")
    clock.advance(3_600_000)
    assert indicator.lit() == {"red"}


def test_a_newer_colour_gets_its_whole_time() -> None:
    indicator, clock = open_indicator()
    indicator.show("green")
    clock.advance(2_000)
    indicator.show("red")
    clock.advance(2_000)
    assert indicator.lit() == {"red"}
    clock.advance(1_000)
    assert indicator.lit() == set()


def test_a_pattern_is_played_to_the_millisecond() -> None:
    indicator, clock = open_indicator()
    indicator.show("red", "two_long")
    assert indicator.is_sounding()
    clock.advance(10_000)
    assert tones(indicator) == [(0, True), (500, False), (590, True), (1_090, False)]


def test_a_new_sound_silences_the_old_one() -> None:
    indicator, clock = open_indicator()
    indicator.show("red", "two_long")
    clock.advance(100)
    indicator.off()
    assert not indicator.is_sounding()
    clock.advance(10_000)
    assert tones(indicator) == [(0, True), (100, False)]


def test_unknown_colours_and_sounds_are_our_mistake() -> None:
    indicator, _ = open_indicator()
    with pytest.raises(RuntimeError, match="no colour 'mauve'"):
        indicator.show("mauve")
    with pytest.raises(RuntimeError, match="no sound 'fanfare'"):
        indicator.show("red", "fanfare")


def test_a_lamp_that_fails_is_told_once_and_once_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "portillon.indicator")
    indicator, clock = open_indicator(
        IndicatorSettings(backend="simulated", red=OutputLine(line="GPIO5"))
    )
    indicator.chip.break_line("GPIO5")
    for _ in range(3):
        indicator.show("red")
        clock.advance(5_000)
    assert len(caplog.records) == 1
    assert "line_failed" in caplog.text
    indicator.chip.mend("GPIO5")
    indicator.show("red")
    assert len(caplog.records) == 2
    assert "works again" in caplog.text
    assert indicator.lit() == {"red"}


def test_closing_darkens_and_may_be_repeated() -> None:
    indicator, clock = open_indicator()
    indicator.show("green", "one_long")
    indicator.close()
    indicator.close()
    assert indicator.lit() == set()
    assert not indicator.is_sounding()
    SimulatedIndicator(FULL, clock, indicator.chip).close()


def test_lamps_that_somebody_holds_are_told() -> None:
    indicator, clock = open_indicator()
    with pytest.raises(DeviceError, match="another daemon holds the line"):
        SimulatedIndicator(FULL, clock, indicator.chip)


def test_showing_returns_at_once_while_the_driver_hangs() -> None:
    clock = SystemClock()
    chip = SimulatedChip(clock)
    hangs, free = threading.Event(), threading.Event()

    class HangingBank(SimulatedBank):
        def set(self, line: str, on: bool) -> None:  # noqa: FBT001 - as in the interface
            hangs.set()
            free.wait(20)
            super().set(line, on)

    indicator = Indicator(HangingBank(chip), FULL, clock)
    indicator.show("green", "one_short")
    assert hangs.wait(20)
    assert not chip.is_closed("GPIO6")
    free.set()
    indicator.close()


def test_no_lamps_at_all_is_quiet() -> None:
    none = NullIndicator()
    none.show("green", "one_short")
    none.off()
    none.close()
    assert none.backend == "none"


REJECTING = IndicatorSettings(
    backend="simulated", red=OutputLine(line="GPIO5"), reject=OutputLine(line="GPIO26")
)


@pytest.mark.parametrize("colour", ["red", "orange"])
def test_a_refusal_pulses_the_reject_output(colour: str) -> None:
    indicator, clock = open_indicator(REJECTING)
    indicator.show(colour, "two_long")
    clock.advance(499)
    assert indicator.chip.is_closed("GPIO26")
    clock.advance(1)
    assert [c.at_ms for c in indicator.chip.history if c.line == "GPIO26"] == [0, 500]


def test_whatever_lets_somebody_in_or_only_asks_is_no_rejection() -> None:
    indicator, clock = open_indicator(REJECTING)
    for colour in sorted(LAMPS_OF.keys() - {"red", "orange"}):
        indicator.show(colour)
        clock.advance(1_000)
    assert [c for c in indicator.chip.history if c.line == "GPIO26"] == []


def test_the_next_visitors_green_ends_the_last_ones_rejection() -> None:
    indicator, clock = open_indicator(REJECTING)
    indicator.show("red")
    clock.advance(100)
    indicator.show("green")
    assert not indicator.chip.is_closed("GPIO26")
