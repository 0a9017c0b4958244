"""The console as a person uses it, in Textual's pilot over a scripted gate."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
from collections.abc import Callable, Iterator
from gettext import NullTranslations

import pytest
from textual.app import ScreenStackError
from textual.events import Key
from textual.widgets import Input

from scanner.texts.screens import FORMATS
from support.console_stage import Stage, play, running
from support.scripted_gate import (
    ACTS,
    ANSWERS,
    CAMERA,
    DOCTOR,
    HARDWARE,
    LOG,
    OVERVIEW,
    PEERS,
    RIGHT_PIN,
    SCANS,
    SETTINGS,
)
from ui.console import TABS
from ui.prompts import ActPrompt
from ui.tongue import Tongue

QUESTION = {"seq": 20_418, "answers": ["accept", "refuse"], "outcome": "ACTION"}


def test_an_answer_fills_the_lane_screen_and_gives_way() -> None:
    async def story(stage: Stage) -> None:
        await stage.answer("success")
        assert stage.console.pane.has_class("green")
        await stage.shows("Good. Walk in.", "49 entries left", "Seat A-12", "network ok")
        stage.gate.told.put({"event": "passed"})
        await stage.until(lambda: stage.console.pane.has_class("ready"))

    play(story, Stage(is_lane_only=True), width=80, height=24)


def test_a_silent_gate_is_said_with_since_when_and_its_return_is_seen() -> None:
    async def story(stage: Stage) -> None:
        await stage.silence()
        await stage.shows("no answer from the gate since 19:55:21")
        stage.gate.is_silent = False
        await stage.until(lambda: stage.console.board.silent_since is None)
        await stage.shows("Show your code")

    play(story)


def test_staff_answer_a_question_with_name_and_pin() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("a")
        assert not isinstance(stage.console.screen, ActPrompt)
        await stage.told(question=QUESTION)
        await stage.answer("action")
        await stage.shows("A  let in", "R  refuse")
        await stage.press("a")
        await stage.press(*"Ada", "enter", *RIGHT_PIN, "enter")
        await stage.shows("✔ Done: Let in")

    stage = play(story)
    answered = [fields for do, fields in stage.gate.asked if do == "answer"]
    assert answered == [{"answer": "accept", "seq": 20_418, "operator": "Ada", "pin": RIGHT_PIN}]


def test_a_wrong_pin_is_told_and_can_be_typed_again() -> None:
    async def story(stage: Stage) -> None:
        await stage.tab("hardware")
        await stage.press("p")
        await stage.press(*"Theo", "enter", *"0000", "enter", *"pram", "enter")
        await stage.shows("No such name with this PIN. Nothing was done.")
        assert stage.console.screen.query_one("#pin", Input).value == ""
        await stage.press(*RIGHT_PIN, "enter")
        await stage.shows("✔ Done: Release the arm for one person")
        await stage.press("t")
        assert stage.console.screen.query_one("#name", Input).value == "Theo"
        await stage.press("escape")

    assert play(story).gate.done == ["release"]


def test_every_tab_shows_what_it_asks() -> None:
    words = {
        "lane": "Show your code",
        "scans": "ALREADY SCANNED",
        "sync": "20,405 of 20,418 facts",
        "hardware": "at rest  (GPIO22)",
        "health": "order a card",
        "settings": "from the file",
        "log": "gate Museum 1 is ready",
    }

    async def story(stage: Stage) -> None:
        for number, name in enumerate(TABS, start=1):
            await stage.press(str(number))
            await stage.shows(words[name])

    play(story)


def test_a_scan_is_found_and_explained_in_the_language_chosen_at_run_time() -> None:
    async def story(stage: Stage) -> None:
        await stage.tab("scans")
        await stage.press("l")
        await stage.shows("ENTRÉE REFUSÉE", "Chercher")
        await stage.press("slash", *"a-12", "enter", "o")
        asked = {"outcome": "SUCCESS", "seek": "a-12", "before": None}
        await stage.until(lambda: ("scans", asked) in stage.gate.asked)
        await stage.press("down", "enter")
        await stage.shows("Pourquoi cette décision ?", "ENTRÉE REFUSÉE  DECLINED EXPIRED")

    stage = play(story)
    assert ("explain", {"seq": 20_417, "language": "fr"}) in stage.gate.asked


def test_the_palette_finds_a_command_by_a_part_of_its_name() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("ctrl+p")
        await stage.press(*"free")
        await stage.shows("Hold the arm open (free mode)")
        await stage.press("enter")
        await stage.shows("The arm stays open and everybody can walk through")
        await stage.press("escape", "ctrl+p")
        await stage.press(*"nothing like it")
        await stage.shows("nothing of that name")
        await stage.press("enter", "escape", "ctrl+p")
        await stage.press(*"show log", "enter")
        await stage.shows("gate Museum 1 is ready")

    assert play(story).gate.done == []


def test_a_lane_of_two_ways_is_asked_which_and_told_so_in_the_question() -> None:
    async def story(stage: Stage) -> None:
        await stage.told(ways=["in", "out"])
        await stage.press("u")
        await stage.shows("Test pulse: try the arm (in)", "Test pulse: try the arm (out)")
        await stage.press("down", "enter")
        await stage.shows("Test pulse: try the arm (out)", "Your name")
        await stage.press(*"Theo", "enter", *RIGHT_PIN, "enter")
        await stage.shows("✔ Done: Test pulse")

    asked = [fields for do, fields in play(story).gate.asked if do == "pulse"]
    assert asked == [{"direction": "out", "operator": "Theo", "pin": RIGHT_PIN}]


# --- complete in every language --------------------------------------------------------------------

BEYOND = 0x400
"""From a Latin letter to one of another alphabet: what keeps its Latin letters was never looked up."""


class Marked(NullTranslations):
    """A language in which every letter that is translated can be seen to be."""

    def gettext(self, message: str) -> str:
        if "%" in message and message in FORMATS.values():
            return message
        return "".join(
            part if part.startswith(("{", "%")) else re.sub("[A-Za-z]", _beyond, part)
            for part in re.split(r"(\{\w+\})", message)
        )


def _beyond(letter: re.Match[str]) -> str:
    return chr(ord(letter[0]) + BEYOND)


def _data_words() -> set[str]:
    replies: list[object] = [OVERVIEW, SCANS, HARDWARE, CAMERA, SETTINGS, LOG, PEERS, ANSWERS]
    replies += [sign["values"] for sign in DOCTOR["signs"]]
    return set(re.findall("[A-Za-z]{2,}", json.dumps(replies, ensure_ascii=False)))


CODES = {"camera", "missing", "silent", "CR"}
"""Of the handbook and of ISO 646, which stay as they are in every language."""


def test_no_screen_shows_a_word_that_was_not_translated() -> None:
    seen: set[str] = set()

    async def story(stage: Stage) -> None:
        stage.speak(Tongue("en", "Europe/Paris", Marked()))
        await stage.told(question=QUESTION, doubts=["camera_missing"])
        for name in TABS:
            await stage.tab(name)
            seen.update(re.findall("[A-Za-z]{2,}", stage.text()))
            await stage.press("f1")
            assert getattr(stage.console.screen, "topic", None) == name, "every screen has its help"
            seen.update(re.findall("[A-Za-z]{2,}", stage.text()))
            await stage.press("escape")
        for key in ("p", "ctrl+p", "q", "ctrl+c"):
            await stage.press(key)
            seen.update(re.findall("[A-Za-z]{2,}", stage.text()))
            await stage.press("escape")

    play(story, width=130, height=32)
    assert seen - _data_words() - CODES == set()


# --- a monkey ----------------------------------------------------------------------------------------

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789/: "
NAMED = (
    "up",
    "down",
    "left",
    "right",
    "enter",
    "escape",
    "tab",
    "shift+tab",
    "f1",
    "ctrl+p",
    "pagedown",
    "backspace",
)
BATCH = 25


def monkey(seed: int) -> Iterator[Key]:
    chance = random.Random(seed)
    names = {"/": "slash", ":": "colon", " ": "space"}
    while True:
        if chance.random() < 0.6:
            character = chance.choice(LETTERS)
            yield Key(names.get(character, character), character)
        else:
            yield Key(chance.choice(NAMED), None)


async def hammer(stage: Stage, keys: Iterator[Key], count: int) -> int:
    """Keys until there are no more, or the monkey has found the way out."""
    pressed = 0
    async with running(stage, 80, 24):
        await stage.told(question=QUESTION)
        driver = stage.console._driver
        assert driver is not None
        while pressed < count and stage.console._exit is False:
            for key in [next(keys) for _ in range(min(BATCH, count - pressed))]:
                key.set_sender(stage.console)
                driver.send_message(key)
                pressed += 1
            with contextlib.suppress(ScreenStackError):  # it has gone
                await stage.settled()
    return pressed


def monkeys(count: int, seed: int) -> list[Stage]:
    stages, keys = [], monkey(seed)
    while count > 0:
        stages.append(Stage())
        count -= asyncio.run(hammer(stages[-1], keys, count))
    return stages


def require_unharmed(stages: list[Stage]) -> None:
    asked = [(do, fields) for stage in stages for do, fields in stage.gate.asked if do in ACTS]
    assert [do for stage in stages for do in stage.gate.done] == []
    assert [one for one in asked if not (one[1]["pin"] and one[1]["operator"])] == []
    assert [stage.console.return_code for stage in stages if stage.console.return_code] == []


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_random_keys_break_nothing_and_do_nothing_dangerous(
    faults_share: Callable[..., int],
) -> None:
    stages = monkeys(faults_share(10_000, 40), seed=11)

    require_unharmed(stages)
    assert any(stage.gate.asked for stage in stages)
