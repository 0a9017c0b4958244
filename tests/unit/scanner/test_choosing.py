"""Which code in view is the visitor's."""

from __future__ import annotations

from scanner.choosing import COMPANY_MS, OUT_OF_VIEW_MS, PATIENCE_MS, Choice
from scanner.reading.candidate import Candidate, Quad
from scanner.tries import FULL_LOOK_EVERY_MS

SMALL: Quad = ((0, 0), (10, 0), (10, 10), (0, 10))
LARGE: Quad = ((0, 0), (90, 0), (90, 90), (0, 90))
TICKET = Candidate(b"TK1:ABC", "qr", SMALL)
POSTER = Candidate(b"https://example.org", "qr", LARGE)
CARD = Candidate(b"12345678", "code128", LARGE, agreed=True)


def _choice() -> Choice:
    return Choice(lambda candidate: candidate.payload == CARD.payload)


def test_a_ticket_beats_a_larger_poster_at_once() -> None:
    assert _choice().of([POSTER, TICKET], 0) == TICKET


def test_a_scanners_noise_before_a_ticket_does_not_hide_it() -> None:
    noisy = Candidate(b"\\000026TK1:ABC\r\n", "qr", SMALL)
    assert _choice().of([POSTER, noisy], 0) == noisy


def test_a_card_that_the_snapshot_knows_needs_no_patience() -> None:
    assert _choice().of([CARD], 0) == CARD


def test_of_two_tickets_the_larger_is_taken() -> None:
    near = Candidate(b"TK1:NEAR", "qr", LARGE)
    assert _choice().of([TICKET, near], 0) == near


def test_an_unknown_code_is_answered_after_it_was_in_view_for_a_moment() -> None:
    choice = _choice()
    assert choice.of([POSTER], 0) is None
    assert choice.of([POSTER], PATIENCE_MS - 1) is None
    assert choice.of([POSTER], PATIENCE_MS) == POSTER


def test_an_unknown_code_that_left_must_wait_again() -> None:
    choice = _choice()
    assert choice.of([POSTER], 0) is None
    assert choice.of([], OUT_OF_VIEW_MS) is None
    assert choice.of([POSTER], OUT_OF_VIEW_MS + 1) is None


def test_an_unknown_code_that_lies_still_is_answered_though_nothing_moves() -> None:
    choice = _choice()
    looks = range(0, 4 * FULL_LOOK_EVERY_MS, FULL_LOOK_EVERY_MS + 20)
    answers = [choice.of([] if look == 1 else [POSTER], at) for look, at in enumerate(looks)]
    assert answers == [None, None, POSTER, POSTER]


def test_a_poster_beside_a_ticket_is_nobodys_also_in_frames_where_the_ticket_is_missed() -> None:
    choice = _choice()
    for at_ms in range(0, 4_000, 40):
        seen = [POSTER, TICKET] if at_ms % 400 == 0 else [POSTER]
        assert choice.of(seen, at_ms) in (TICKET, None)
    assert choice.of([POSTER], 4_000 + COMPANY_MS) is None
    assert choice.of([POSTER], 4_000 + COMPANY_MS + PATIENCE_MS) == POSTER


def test_nothing_in_view_is_nothing() -> None:
    assert _choice().of([], 0) is None
