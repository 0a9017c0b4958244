"""Keys become the characters that a scanner typed; lost events are told, never guessed."""

from __future__ import annotations

import pytest

from hardware.key_events import EVENT, PLAIN, SHIFTED, SYN_DROPPED, Typist
from support.key_presses import LEFT_SHIFT, event, press, typed


@pytest.mark.parametrize(
    "text", ["TKT-2026-ab-0123456789\r", 'P1:%69VDL*/.$ ~|"{}<>?_+', "\t[]\\;'`,=@#^&()!"]
)
def test_a_typed_text_is_read_as_it_was(text: str) -> None:
    assert Typist().characters(typed(text)) == text.encode()


def test_shift_outlasts_the_read_that_it_came_in() -> None:
    typist, key_a = Typist(), typed("a")
    assert typist.characters(event(1, LEFT_SHIFT, 1)) == b""
    assert typist.characters(key_a) == b"A"
    assert typist.characters(event(1, LEFT_SHIFT, 0) + key_a) == b"a"


def test_releasing_and_repeating_types_nothing() -> None:
    assert Typist().characters(event(1, 30, 0) + event(1, 30, 2)) == b""


def test_dropped_events_are_told_and_shift_is_forgotten() -> None:
    typist = Typist()
    typist.characters(event(1, LEFT_SHIFT, 1))
    assert typist.characters(press(30) + event(0, SYN_DROPPED, 0)) is None
    assert typist.characters(press(30)) == b"a"


def test_keys_without_a_character_type_nothing() -> None:
    assert Typist().characters(press(1) + press(999)) == b""


def test_half_an_event_is_none() -> None:
    assert Typist().characters(press(30)[: EVENT.size - 1]) == b""


def test_every_printable_character_has_a_key() -> None:
    printable = {chr(code) for code in range(32, 127)}
    assert printable <= {*PLAIN.values(), *SHIFTED.values()}
