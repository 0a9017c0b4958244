"""How far each step of a set-up is, by what is found; and a configuration with answers put into it."""

from __future__ import annotations

import tomllib

import pytest

from scanner.config import parse_config
from scanner.core.errors import ConfigError
from scanner.installing.config_table import answers_in, merged, toml_text
from scanner.installing.progress import Progress, Word
from scanner.installing.steps import (
    Facts,
    Standing,
    State,
    Step,
    missing,
    standings,
)

ABOUT = {Step.RELAY: "in GPIO17 high", Step.SENSOR: "", Step.CAMERA: "v4l2 /dev/video0"}
GATE = Facts(reach="ok", is_enrolled=True, snapshot_seq=7, has_ways=True, about=ABOUT)
INSTALLED = """\
[gate]
log_level = "DEBUG"

[camera]
source = "csi"
formats = ["qr"]

[[scanner]]
device = "/dev/ttyACM0"

[turnstile]
backend = "gpiod"
pulse_ms = 250
active_low = true

[turnstile.way_in]
relay = "GPIO5"
sensor = "GPIO6"
sensor_contact = "nc"
"""


def word(about: str, *, is_good: bool = True) -> Progress:
    return Progress(words={"relay": Word(about=about, is_good=is_good, at_ms=1)})


@pytest.mark.parametrize(
    ("facts", "progress", "step", "standing"),
    [
        (Facts(), Progress(), Step.NETWORK, Standing(State.OPEN)),
        (
            Facts(reach="central_timeout"),
            Progress(),
            Step.NETWORK,
            Standing(State.DOUBT, "central_timeout"),
        ),
        (GATE, Progress(passed_over=("network",)), Step.NETWORK, Standing(State.DONE)),
        (Facts(), Progress(passed_over=("network",)), Step.NETWORK, Standing(State.PASSED_OVER)),
        (Facts(is_enrolled=True), Progress(), Step.ENROLMENT, Standing(State.DOUBT, "no_snapshot")),
        (
            Facts(is_enrolled=True, is_revoked=True),
            Progress(),
            Step.ENROLMENT,
            Standing(State.DOUBT, "revoked"),
        ),
        (GATE, Progress(), Step.ENROLMENT, Standing(State.DONE)),
        (Facts(), Progress(), Step.RELAY, Standing(State.OPEN)),
        (GATE, Progress(), Step.RELAY, Standing(State.OPEN)),
        (GATE, word("in GPIO17 high"), Step.RELAY, Standing(State.DONE)),
        (
            GATE,
            word("in GPIO17 high", is_good=False),
            Step.RELAY,
            Standing(State.DOUBT, "not_good"),
        ),
        (GATE, word("in GPIO5 high"), Step.RELAY, Standing(State.DOUBT, "changed")),
        (GATE, Progress(), Step.SENSOR, Standing(State.DONE, "not_fitted")),
        (GATE, Progress(), Step.SCAN, Standing(State.OPEN)),
    ],
)
def test_a_step_stands_where_the_facts_put_it(
    facts: Facts, progress: Progress, step: Step, standing: Standing
) -> None:
    assert standings(facts, progress)[step] == standing


def test_a_gate_goes_into_service_enrolled_and_with_a_way_and_with_nothing_less() -> None:
    assert missing(standings(Facts(), Progress())) == (Step.ENROLMENT, Step.DIRECTION)
    assert missing(standings(GATE, Progress())) == ()


def test_answers_change_what_was_asked_and_nothing_else() -> None:
    table = tomllib.loads(INSTALLED)
    answers = {"direction": "both", "relay_in": "GPIO17", "sensor_in": "", "relay_out": "GPIO18"}

    text = toml_text(merged(table, {**answers, "central": "https://central.example"}), "North")

    config = parse_config(text.encode(), "portillon.toml")
    assert config.turnstile.way_in.relay == "GPIO17"
    assert (config.turnstile.way_in.sensor, config.turnstile.way_in.sensor_contact) == ("", "nc")
    assert (config.turnstile.way_out.relay, config.turnstile.pulse_ms) == ("GPIO18", 250)
    assert (config.camera.source, config.scanner[0].device) == ("csi", "/dev/ttyACM0")
    assert config.central.url == "https://central.example"
    assert text.startswith("# North\n")


def test_answers_are_found_again_in_what_they_led_to() -> None:
    answers = {"direction": "out", "relay_out": "GPIO18", "sensor_out": "", "camera": "none"}

    assert answers_in(merged({}, answers)) == {**answers, "central": ""}
    assert "camera" not in answers_in(tomllib.loads(INSTALLED))


def test_a_configuration_without_a_way_is_good_for_sync_and_for_no_gate() -> None:
    text = toml_text(merged({}, {"central": "https://central.example"}), "")

    assert parse_config(text.encode(), "x", may_lack_ways=True).central.url
    with pytest.raises(ConfigError, match="both empty"):
        parse_config(text.encode(), "x")
