"""What an installer is asked, and the configuration that follows.

Law: pure. An answer is taken or refused by name, with what would be right; nothing is guessed in its place. The token
is a secret of a quarter of an hour and never becomes part of the configuration.

Source: docs/operations.md, "Set up"; docs/hardware.md, "Pins".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from scanner.texts.english import PROBLEMS, QUESTIONS

NONE = "none"
SITE_CHARACTERS = 60
LINE = re.compile(r"([\w.:-]+/)?[\w.-]+")
DEVICE = re.compile(r"/dev/[\w./:@+-]+")
TOKEN = re.compile(r"[\w.{}\":,/=+\s-]{8,4096}", re.ASCII)
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Answers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask. ``key`` names it in a file of answers; ``proposal`` is what Enter means."""

    key: str
    proposal: str
    problem: Callable[[str, Answers], str | None]
    """The key in `PROBLEMS` of what is wrong with an answer; None = it is good."""
    is_asked: Callable[[Answers], bool] = lambda _answers: True
    is_secret: bool = False

    @property
    def text(self) -> str:
        """In English; the key of its translations."""
        return QUESTIONS[self.key]

    @property
    def may_be_empty(self) -> bool:
        """True where nothing is an answer, too."""
        return self.problem("", {}) is None


def _site(value: str, _answers: Answers) -> str | None:
    return None if value.isprintable() and 0 < len(value) <= SITE_CHARACTERS else "site"


def _direction(value: str, _answers: Answers) -> str | None:
    return None if value in {"in", "out", "both"} else "direction"


def _relay(value: str, answers: Answers) -> str | None:
    return "relay" if not value else _line(value, answers)


def _line(value: str, answers: Answers) -> str | None:
    """A line, that nothing else uses; empty = not wired."""
    if not value:
        return None
    if not LINE.fullmatch(value):
        return "line"
    return "line_twice" if value in {answers.get(key) for key in LINES} else None


def _device(value: str, _answers: Answers) -> str | None:
    return None if value == NONE or DEVICE.fullmatch(value) else "device"


def _scanner(value: str, answers: Answers) -> str | None:
    if value == NONE:
        return "nothing_reads" if answers.get("camera") == NONE else None
    folder = "/dev/serial/", "/dev/tty", "/dev/input/"
    return None if DEVICE.fullmatch(value) and value.startswith(folder) else "scanner"


def _central(value: str, _answers: Answers) -> str | None:
    if not value:
        return None
    try:
        parts = urlsplit(value)
        is_near = parts.hostname in LOOPBACK
    except ValueError:
        return "central"
    allowed = {"https", "http"} if is_near else {"https"}
    return None if parts.scheme in allowed and parts.hostname and value.isprintable() else "central"


def _token(value: str, answers: Answers) -> str | None:
    if not value:
        return None
    if not answers.get("central") and not value.startswith("{"):
        return "token_without_central"
    return None if TOKEN.fullmatch(value) else "token"


def _goes(way: str) -> Callable[[Answers], bool]:
    return lambda answers: answers.get("direction") in {way, "both"}


LINES = ("relay_in", "sensor_in", "relay_out", "sensor_out")
ASKED: tuple[Question, ...] = (
    Question(key="site", proposal="", problem=_site),
    Question(key="direction", proposal="in", problem=_direction),
    Question(key="relay_in", proposal="GPIO17", problem=_relay, is_asked=_goes("in")),
    Question(key="sensor_in", proposal="GPIO22", problem=_line, is_asked=_goes("in")),
    Question(key="relay_out", proposal="GPIO18", problem=_relay, is_asked=_goes("out")),
    Question(key="sensor_out", proposal="GPIO23", problem=_line, is_asked=_goes("out")),
    Question(key="camera", proposal="/dev/video0", problem=_device),
    Question(key="scanner", proposal=NONE, problem=_scanner),
    Question(key="central", proposal="", problem=_central),
    Question(key="token", proposal="", problem=_token, is_secret=True),
)
KEYS = tuple(question.key for question in ASKED)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one answer, in English with its places."""

    key: str
    value: str
    why: str

    @property
    def text(self) -> str:
        """The key of its translations."""
        return PROBLEMS[self.why]


def judge(question: Question, value: str, answers: Answers) -> Problem | None:
    """One answer, after those before it."""
    why = question.problem(value, answers)
    return None if why is None else Problem(question.key, value, why)


def judge_all(given: Answers) -> tuple[dict[str, str], list[Problem]]:
    """The answers of a file: what is asked and not answered has its proposal; every problem, not just the first."""
    problems = [Problem(key, value, "unknown") for key, value in given.items() if key not in KEYS]
    answers: dict[str, str] = {}
    for question in ASKED:
        if not question.is_asked(answers):
            if question.key in given:
                problems.append(Problem(question.key, given[question.key], "not_asked"))
            continue
        value = given.get(question.key, question.proposal)
        if problem := judge(question, value, answers):
            problems.append(problem)
        answers[question.key] = value
    return answers, problems


def config_text(answers: Answers) -> str:
    """The configuration, as a person would write it."""
    return "\n".join(_config_lines(answers)) + "\n"


def _config_lines(answers: Answers) -> Iterator[str]:
    yield f"# {answers['site']}. Written by `portillon setup`; docs/configuration.md has every setting."
    if answers["central"]:
        yield from ("", "[central]", _row("url", answers["central"]))
    yield from ("", "[camera]")
    if answers["camera"] == NONE:
        yield _row("source", NONE)
    else:
        yield from (_row("source", "v4l2"), _row("device", answers["camera"]))
    if answers["scanner"] != NONE:
        kind = "keyboard" if answers["scanner"].startswith("/dev/input/") else "serial"
        yield from ("", "[[scanner]]", _row("kind", kind), _row("device", answers["scanner"]))
    yield from ("", "[turnstile]", _row("backend", "gpiod"))
    for way in ("in", "out"):
        if answers.get(f"relay_{way}"):
            yield from ("", f"[turnstile.way_{way}]", _row("relay", answers[f"relay_{way}"]))
            sensor = answers[f"sensor_{way}"]
            yield from (_row("sensor", sensor),) if sensor else ()


def _row(key: str, value: str) -> str:
    """A setting. For printable text, TOML's and JSON's strings are written alike."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
