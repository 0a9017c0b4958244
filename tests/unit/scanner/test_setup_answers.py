"""What an installer may answer, and which configuration comes of it."""

from __future__ import annotations

import pytest

from scanner.config import parse_config
from scanner.installing.answers import ASKED, config_text, judge, judge_all

PLAIN = {"site": "Musée", "central": "https://central.example", "token": "a1b2c3d4e5"}
QUESTIONS = {question.key: question for question in ASKED}


def test_what_is_not_answered_has_its_proposal() -> None:
    answers, problems = judge_all({"site": "Musée"})

    assert problems == []
    assert (answers["direction"], answers["relay_in"], answers["scanner"]) == (
        "in",
        "GPIO17",
        "none",
    )
    assert "relay_out" not in answers


@pytest.mark.parametrize(
    ("given", "relays"),
    [
        ({"direction": "in"}, ("GPIO17", "")),
        ({"direction": "out"}, ("", "GPIO18")),
        ({"direction": "both", "relay_out": "pinctrl-rp1/27"}, ("GPIO17", "pinctrl-rp1/27")),
    ],
    ids=["in", "out", "both"],
)
def test_the_program_accepts_the_configuration_that_it_writes(
    given: dict[str, str], relays: tuple[str, str]
) -> None:
    answers, problems = judge_all(PLAIN | given)

    config = parse_config(config_text(answers).encode(), "portillon.toml")

    assert problems == []
    assert (config.turnstile.way_in.relay, config.turnstile.way_out.relay) == relays
    assert config.central.url == "https://central.example"
    assert config.turnstile.backend == "gpiod"


def test_the_token_is_no_part_of_the_configuration() -> None:
    answers, _ = judge_all(PLAIN)

    assert PLAIN["token"] not in config_text(answers)


def test_a_sensor_may_be_left_out() -> None:
    answers, problems = judge_all(PLAIN | {"sensor_in": ""})

    assert problems == []
    assert "sensor" not in config_text(answers)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"site": ""}, "site"),
        ({"site": "two\nlines"}, "site"),
        ({"site": "x" * 61}, "site"),
        ({"direction": "up"}, "direction"),
        ({"relay_in": ""}, "relay"),
        ({"relay_in": "the left one"}, "line"),
        ({"sensor_in": "GPIO17"}, "line_twice"),
        ({"direction": "both", "relay_out": "GPIO22"}, "line_twice"),
        ({"camera": "video0"}, "device"),
        ({"camera": "none"}, "nothing_reads"),
        ({"scanner": "/dev/video0"}, "scanner"),
        ({"central": "http://central.example"}, "central"),
        ({"central": "central.example"}, "central"),
        ({"central": "https://[central"}, "central"),
        ({"central": "", "token": "a1b2c3d4e5"}, "token_without_central"),
        ({"token": "short"}, "token"),
        ({"colour": "red"}, "unknown"),
        ({"relay_out": "GPIO18"}, "not_asked"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_by_name(given: dict[str, str], why: str) -> None:
    _, problems = judge_all(PLAIN | given)

    assert [problem.why for problem in problems] == [why]
    assert problems[0].key in given or why == "nothing_reads"


def test_every_problem_of_a_file_is_told_at_once() -> None:
    _, problems = judge_all({"site": "", "direction": "up", "colour": "red"})

    assert {problem.key for problem in problems} == {"site", "direction", "colour"}


def test_a_central_on_this_machine_needs_no_certificate() -> None:
    assert judge(QUESTIONS["central"], "http://127.0.0.1:8080", {}) is None


def test_a_whole_code_says_itself_where_the_central_is() -> None:
    assert judge(QUESTIONS["token"], '{"v":1,"url":"https://central.example"}', {}) is None
