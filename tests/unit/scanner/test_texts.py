"""Every word of the vocabulary has its text in every language, and no catalogue has anything else."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from hypothesis import given

from scanner.config import settings_table
from scanner.core.clock import ClockReading, ClockState
from scanner.core.credential import CredentialKind
from scanner.core.decision import CODE_ROWS, RIGHT_ROWS, decide
from scanner.core.freshness import Freshness
from scanner.core.grants import GrantState
from scanner.core.meanings import MEANINGS
from scanner.core.override import StaffAnswer
from scanner.core.question import Facts, Scan
from scanner.core.reasons import FACES, Flag, Outcome, Reason
from scanner.core.rules import HardAgePolicy, Policy, SitePolicy
from scanner.core.units import Direction, LaneReadiness
from scanner.texts.catalogue import language_of, languages, load_texts, parse_po
from scanner.texts.english import CHECKS, FLAGS, VALUES, WORDS, every_text
from support.scan_strategies import all_facts, policies, readings, scans

OTHERS = [language for language in languages() if language != "en"]
WORDS_OF = (
    *(CredentialKind, ClockState, Freshness, GrantState, StaffAnswer),
    *(Policy, HardAgePolicy, Direction, LaneReadiness),
)


def catalogue(language: str) -> dict[str, str]:
    return parse_po((files("scanner.texts") / f"{language}.po").read_text(encoding="utf-8"))


def test_there_are_english_and_french() -> None:
    assert languages() == ("en", "fr")


def test_the_vocabulary_has_its_english() -> None:
    assert set(FACES) == set(Outcome)
    assert set(MEANINGS) == set(Reason)
    assert set(FLAGS) == set(Flag)
    assert set(CHECKS) == {row.name for row in (*CODE_ROWS, *RIGHT_ROWS)}
    assert {name.value for names in WORDS_OF for name in names} <= set(WORDS)


@given(scans, all_facts, policies, readings())
def test_every_value_of_a_trace_has_a_name(
    scan: Scan, facts: Facts, policy: SitePolicy, clock: ClockReading
) -> None:
    trace = decide(scan, facts, policy, clock).trace

    assert {name for line in trace for name, _value in line.values} <= set(VALUES)


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(language: str) -> None:
    texts = catalogue(language)
    texts.pop("")

    assert set(texts) == {*every_text(), *(setting.meaning for setting in settings_table())}
    assert [english for english, text in texts.items() if not text] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_keeps_what_stands_in_braces_and_backticks(language: str) -> None:
    places = re.compile(r"\{\w+\}|`[^`]+`")

    wrong = [
        english
        for english, text in catalogue(language).items()
        if sorted(places.findall(english)) != sorted(places.findall(text))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_loaded_catalogue_gives_its_texts_and_english_for_what_it_lacks(language: str) -> None:
    texts, known = load_texts(language), catalogue(language)

    assert {english: texts.gettext(english) for english in every_text()} == {
        english: known[english] for english in every_text()
    }
    assert texts.gettext("a text that nobody translated") == "a text that nobody translated"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr"}, "fr"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "fr_FR.UTF-8", "LC_ALL": ""}, "fr"),
    ],
)
def test_the_environment_says_the_language(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


def test_a_catalogue_may_break_a_text_over_lines() -> None:
    assert parse_po('# note\nmsgid "a"\n"b"\n\nmsgstr ""\n"\\"c\\""\n') == {"ab": '"c"'}


@pytest.mark.parametrize("text", ["what?", '"loose"', 'msgid "a"\nmsgid "a"', "msgid a"])
def test_a_wrong_catalogue_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"line|twice"):
        parse_po(text)
