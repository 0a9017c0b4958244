"""The lane screen's pictures, as values."""

from __future__ import annotations

import pytest

from scanner.core.reasons import FACES
from ui.lane_view import READY, after, no_answer, with_signs

SCAN = {
    "event": "scan",
    "reason": "TOO_SOON",
    "remaining": 3,
    "seat": "A-12",
    "wait_s": 61,
    "colour": "orange",
    "icon": "↻",
    "word": "ALREADY SCANNED",
}


def test_a_scan_shows_colour_icon_word_and_what_helps() -> None:
    view = after(READY, SCAN)
    assert (view.tone, view.icon, view.word) == ("orange", "↻", "ALREADY SCANNED")
    assert view.lines == ("too soon", "3 left", "seat A-12", "again in 2 min")


def test_nothing_is_shown_that_the_gate_did_not_say() -> None:
    bare = SCAN | {"remaining": None, "seat": None, "wait_s": None}
    assert after(READY, bare).lines == ("too soon",)


def test_a_passage_makes_the_screen_ready_and_an_unturned_arm_is_explained() -> None:
    shown = after(READY, SCAN)
    assert after(shown, {"event": "passed"}) == READY
    assert "given back" in after(shown, {"event": "not_passed"}).lines[0]


def test_an_alarm_and_a_silent_gate_are_not_green() -> None:
    assert after(READY, {"event": "alarm", "message": "fire"}).tone == "alarm"
    assert no_answer("refused").lines == ("refused",)


def test_unknown_notices_change_nothing() -> None:
    assert after(READY, {"event": "later"}) is READY


@pytest.mark.parametrize("mode", ["normal", "closed"])
def test_signs_tell_simulation_mode_clock_snapshot_and_camera(mode: str) -> None:
    status = {
        "gate": {"name": "G1"},
        "clock": {"state": "trusted"},
        "snapshot": {"age_s": 130},
        "camera": {"state": "streaming"},
        "simulated": True,
        "lane": {"mode": mode},
    }
    signs = with_signs(READY, status).signs
    assert ("LANE CLOSED" in signs) == (mode == "closed")
    assert signs[-4:] == ("SIMULATION", "gate G1", "clock trusted", "snapshot 2 min old")
    stale = with_signs(READY, status | {"camera": {"state": "stale"}})
    assert stale.signs[-1] == "camera stale"
    assert "no snapshot" in with_signs(READY, status | {"snapshot": None}).signs


def test_every_outcome_has_its_own_icon_and_its_own_look() -> None:
    icons = [face.icon for face in FACES.values()]
    assert len(set(icons)) == len(icons)
    looks = {(face.colour, face.icon) for face in FACES.values()}
    assert len(looks) == len(FACES)
