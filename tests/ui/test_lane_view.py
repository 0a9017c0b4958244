"""The lane's pictures, as values: each outcome by colour, sign and word, in every language and size."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from scanner.core.reasons import FACES, Flag, Reason
from scanner.texts.catalogue import languages
from scanner.texts.lane_texts import STAFF
from support.scripted_gate import ANSWERS, NOW, OVERVIEW, plain
from ui.big_letters import SIGNS, draw, spell
from ui.board import Board, heard, silent
from ui.lane_view import LaneView, current, doubt_text, signs
from ui.poster import poster
from ui.tongue import Tongue

EN, FR = Tongue.of("en", "Europe/Paris"), Tongue.of("fr", "Europe/Paris")
SIZES = [(80, 24), (100, 28), (200, 50)]


def board(**changes: Any) -> Board:
    return heard(Board(), "overview", {**OVERVIEW, **changes}, NOW)


def shown(name: str, tongue: Tongue = EN, **changes: Any) -> LaneView:
    return told(board(**changes), ANSWERS[name], tongue)


def told(found: Board, notice: Any, tongue: Tongue) -> LaneView:
    view = current(found, notice, tongue)
    return replace(view, lines=tuple(map(plain, view.lines)))


def test_a_scan_shows_colour_sign_word_and_what_helps() -> None:
    view = shown("repeated")
    assert (view.tone, view.icon, view.word) == ("orange", "↻", "ALREADY SCANNED")
    assert view.lines == ("Was used already.", "Used at 18:25:21, gate 3")
    assert shown("success").lines == ("Good. Walk in.", "49 entries left", "Seat A-12")
    assert "Valable jusqu'à 07/03/2026 19:55:21" in shown("highlighted", FR).lines


def test_an_interval_is_told_in_minutes_rounded_up() -> None:
    notice = ANSWERS["repeated"] | {"reason": "TOO_SOON", "wait_s": 61}
    assert "Again in 2 min" in told(board(), notice, EN).lines


def test_a_question_shows_the_keys_that_answer_it() -> None:
    question = {"seq": 1, "answers": ["accept", "refuse"]}
    assert shown("action", question=question).answers == ("A  let in", "R  refuse")
    assert shown("action").answers == ()
    assert current(board(question=question), None, EN).answers == ()


def test_a_lane_without_anybody_says_what_it_is() -> None:
    modes = {
        mode: current(board(lane={"mode": mode}), None, EN).word
        for mode in ("normal", "closed", "free")
    }
    assert modes == {"normal": "READY", "closed": "LANE CLOSED", "free": "FREE PASSAGE"}
    assert current(Board(), None, FR).word == "CONNEXION"


def test_silence_comes_before_anything_old() -> None:
    view = current(silent(board(), NOW, NOW + 5_000), ANSWERS["success"], EN)
    assert (view.tone, view.word) == ("silent", "NO ANSWER")
    assert view.lines[0] == "no answer from the gate since 19:55:21"


def test_what_the_lane_tells_in_between() -> None:
    given_back = current(board(), {"event": "not_passed"}, EN)
    assert (given_back.word, "given back" in given_back.lines[0]) == ("READY", True)
    let_in = {"event": "override", "opens": True}
    assert current(board(), let_in, EN).tone == "green"
    assert current(board(), let_in | {"opens": False}, EN).tone == "red"
    alarm = current(board(), {"event": "alarm", "code": "tailgate", "message": "tailgate"}, EN)
    assert (alarm.tone, "[tailgate]" in alarm.lines[0]) == ("alarm", True)
    assert current(board(), {"event": "later"}, EN) == current(board(), None, EN)


def test_a_code_that_nobody_translated_is_told_in_the_gates_own_words() -> None:
    assert doubt_text("of_tomorrow", FR, "something new") == "something new [of_tomorrow]"
    assert doubt_text("of_tomorrow", FR) == "[of_tomorrow]"


def test_signs_are_words_with_a_mark_each() -> None:
    assert tuple(map(plain, signs(board(), EN))) == (
        "✔ clock trusted",
        "✔ network ok",
        "✔ snapshot 5 min old",
        "213 inside · 1,284 came today",
    )
    worse = signs(
        board(
            simulated=True,
            lane={"mode": "free", "blocked_by": ["fire"]},
            camera={"state": "covered"},
            clock={"now": NOW, "state": "untrusted"},
            network={**OVERVIEW["network"], "failures": 2, "last_ok_at": NOW - 86_400_000},
            snapshot={"seq": 1, "age_s": 300_000},
            today=None,
        ),
        EN,
    )
    assert tuple(map(plain, worse)) == (
        "▲ SIMULATION",
        "▲ ARM HELD OPEN",
        "✖ FIRE",
        "✖ camera covered or in the dark",
        "✖ clock not trusted",
        "✖ no network since 2026-02-28 19:55:21",
        "✖ snapshot 3 d 11 h old",
    )
    assert "✖ no snapshot" in signs(board(snapshot=None, network=None), EN)


def test_every_reason_has_its_few_words() -> None:
    told = {name.removeprefix("staff_") for name in STAFF}
    assert told == {*Reason, Flag.LANE_FREE, Flag.PASSAGE_UNKNOWN}
    assert max(map(len, STAFF.values())) <= 60


# --- readable without colours, from afar, in any size --------------------------------------------


def test_no_two_outcomes_share_sign_or_look() -> None:
    icons = [face.icon for face in FACES.values()]
    assert len(set(icons)) == len(icons)
    assert set(icons) <= set(SIGNS)


@pytest.mark.parametrize("language", languages())
def test_an_answer_that_opens_and_one_that_does_not_never_share_a_word(language: str) -> None:
    tongue = Tongue.of(language)
    words = {
        opens: {tongue.tell(f.word) for f in FACES.values() if f.opens is opens}
        for opens in (True, False)
    }
    assert not words[True] & words[False]
    shut = [tongue.tell(f.word) for f in FACES.values() if not f.opens]
    assert len(set(shut)) == len(shut)


def test_two_signs_differ_in_a_quarter_of_their_cells_by_shape_alone() -> None:
    for one, other in combinations(SIGNS.values(), 2):
        pairs = list(zip("".join(one), "".join(other), strict=True))
        assert sum(a != b for a, b in pairs) / len(pairs) > 0.25


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_sign_and_word_are_drawn_large_in_every_size_and_language(
    language: str, width: int, height: int
) -> None:
    for name in ANSWERS:
        laid = poster(shown(name, Tongue.of(language)), width, height - 3)
        assert len(laid.sign) >= 5
        assert len(laid.word) >= 4
        assert len(laid.rows) <= height - 3
        assert max(map(len, laid.rows)) <= width


def test_a_larger_screen_gets_larger_letters() -> None:
    heights = [len(poster(shown("declined"), *size).word) for size in SIZES]
    assert heights == sorted(heights)
    assert heights[-1] > heights[0]


def test_a_tiny_window_still_has_sign_and_word() -> None:
    laid = poster(shown("declined"), 20, 3)
    assert laid.rows[0] == "✖  NO ENTRY  ✖"
    assert len(laid.rows) <= 3


def test_letters_are_drawn_with_their_accents_and_unknown_ones_are_not_guessed() -> None:
    plain, accented = spell("E"), spell("É")
    assert plain is not None
    assert accented is not None
    assert len(accented) == len(plain) + 1
    assert spell("日") is None
    assert draw("☃") is None
