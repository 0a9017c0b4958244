"""Every TOML file that a page of docs/ shows is taken by its reader: a story, settings, set-up answers, a rule."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest

from scanner.config import parse_config
from scanner.core.rehearsal import run
from scanner.core.rules import ScanRule
from scanner.core.units import ZoneNo
from scanner.installing.answers import judge_all
from scanner.rehearsing.rehearsal_file import parse_script
from scanner.rehearsing.rehearsal_gate import run_through_gate
from scanner.rehearsing.rehearsal_text import text_of
from scanner.texts.english import QUESTIONS
from server_stub.api.form_reading import parse_form
from server_stub.api.forms import RuleForm, parse_rule
from support.checkout import ROOT

STORY, SETTINGS, ANSWERS, RULE = "story", "settings", "answers", "rule"
SETTING_TABLES = {"gate", "central", "camera", "turnstile", "indicator"}


def kind_of(text: str) -> str:
    """Which reader a file of this content is for."""
    keys = tomllib.loads(text).keys()
    if "steps" in keys:
        return STORY
    if keys <= QUESTIONS.keys():
        return ANSWERS
    return SETTINGS if keys & SETTING_TABLES else RULE


def examples() -> Iterator[tuple[str, str]]:
    """(place, text) of every TOML block of every page."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        found = re.findall(
            r"^ *```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
        )
        for number, text in enumerate(found, start=1):
            yield f"{page.name}-{number}", text


ALL = dict(examples())
STORIES = [place for place, text in ALL.items() if kind_of(text) == STORY]
SETTINGS_SHOWN = [place for place, text in ALL.items() if kind_of(text) == SETTINGS]
ANSWERS_SHOWN = [place for place, text in ALL.items() if kind_of(text) == ANSWERS]
RULES_SHOWN = [place for place, text in ALL.items() if kind_of(text) == RULE]


def test_the_pages_show_every_kind() -> None:
    assert {place.partition("-")[0] for place in STORIES} >= {"rehearsal.md"}
    assert {place.partition("-")[0] for place in SETTINGS_SHOWN} >= {"configuration.md"}
    assert {place.partition("-")[0] for place in ANSWERS_SHOWN} >= {"operations.md"}
    assert {place.partition("-")[0] for place in RULES_SHOWN} >= {"central.md"}


@pytest.mark.parametrize("place", ANSWERS_SHOWN)
def test_answers_of_a_page_are_taken(place: str) -> None:
    _answers, problems = judge_all(tomllib.loads(ALL[place]))

    assert problems == []


@pytest.mark.parametrize("place", STORIES)
def test_a_story_of_a_page_ends_as_it_says_both_ways(place: str) -> None:
    script = parse_script(place, ALL[place])

    for report in (run(script), run_through_gate(script)):
        assert report.holds, text_of(place, report)


@pytest.mark.parametrize("place", SETTINGS_SHOWN)
def test_settings_of_a_page_start_a_gate(place: str) -> None:
    config = parse_config(ALL[place].encode(), place)

    for table, shown in tomllib.loads(ALL[place]).items():
        taken = getattr(config, table)
        pairs = zip(taken, shown, strict=True) if isinstance(shown, list) else [(taken, shown)]
        for section, values in pairs:
            for name, value in values.items():
                assert isinstance(value, dict) or getattr(section, name) == value


@pytest.mark.parametrize("place", RULES_SHOWN)
def test_a_rule_of_a_page_is_taken_by_the_central(place: str) -> None:
    raw = tomllib.loads(ALL[place])
    rule = parse_rule(parse_form(RuleForm, raw), lambda _name: ZoneNo(1))

    assert rule != ScanRule()
    assert rule.max_total == raw.get("max_total", 1)
    assert len(rule.windows) == len(raw.get("windows", ()))
