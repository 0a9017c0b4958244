"""One presentation, one scan."""

from __future__ import annotations

from scanner.core.presentation import CODES_MAX, Presentations
from scanner.core.units import Direction, MonoMs

IN, OUT = Direction.IN, Direction.OUT
FRESH = Presentations(debounce_ms=3_000)


def reads(
    state: Presentations, *shown: tuple[bytes, int], direction: Direction = IN
) -> tuple[list[bool], Presentations]:
    """Whether each read was the same presentation, and the state after them."""
    answers = []
    for code, at in shown:
        is_same, state = state.see(code, direction, MonoMs(at))
        answers.append(is_same)
    return answers, state


def test_s21_the_same_code_five_times_in_two_seconds_is_one_scan() -> None:
    answers, _ = reads(FRESH, *[(b"A", at) for at in (0, 500, 1_000, 1_500, 2_000)])
    assert answers == [False, True, True, True, True]


def test_the_time_is_counted_from_the_last_read() -> None:
    answers, _ = reads(FRESH, (b"A", 0), (b"A", 2_999), (b"A", 5_998), (b"A", 8_998))
    assert answers == [False, True, True, False]


def test_each_code_has_its_own_timer() -> None:
    answers, _ = reads(FRESH, (b"A", 0), (b"B", 1_000), (b"A", 2_000), (b"B", 3_000))
    assert answers == [False, False, True, True]


def test_each_direction_has_its_own_timer() -> None:
    _, state = reads(FRESH, (b"A", 0))
    answers, _ = reads(state, (b"A", 100), direction=OUT)
    assert answers == [False]


def test_the_code_whose_passage_is_pending_stays_the_same_presentation() -> None:
    _, state = reads(FRESH, (b"A", 0))
    answers, _ = reads(state.awaiting(b"A", IN), (b"B", 30_000), (b"A", 60_000))
    assert answers == [False, True]


def test_the_code_on_its_way_through_is_seen_from_the_other_side_too() -> None:
    """A telephone that is carried through with its screen on is no exit, and nobody's red light."""
    _, state = reads(FRESH, (b"A", 0))
    seen_behind, state = reads(
        state.awaiting(b"A", IN), (b"A", 4_000), (b"B", 4_000), direction=OUT
    )
    still_seen, state = reads(state.passed(), (b"A", 6_999), (b"A", 9_999), direction=OUT)
    assert (seen_behind, still_seen) == ([True, False], [True, False])


def test_after_the_passage_its_timer_alone_remembers_it() -> None:
    _, state = reads(FRESH, (b"A", 0))
    state = state.awaiting(b"A", IN)
    _, state = reads(state, (b"A", 60_000))
    answers, _ = reads(state.passed(), (b"A", 62_999), (b"A", 65_999))
    assert answers == [True, False]


def test_not_passed_ends_it_at_once() -> None:
    _, state = reads(FRESH, (b"A", 0), (b"B", 10))
    state = state.awaiting(b"A", IN).forget(b"A", IN)
    answers, _ = reads(state, (b"A", 20), (b"B", 30))
    assert answers == [False, True]


def test_forgetting_one_code_leaves_another_pending() -> None:
    state = FRESH.awaiting(b"A", IN).forget(b"B", IN)
    answers, _ = reads(state, (b"A", 99_000))
    assert answers == [True]


def test_an_empty_read_is_no_scan_and_leaves_nothing() -> None:
    is_same, state = FRESH.see(b"", IN, MonoMs(0))
    assert is_same
    assert state == FRESH


def test_codes_that_are_over_are_forgotten() -> None:
    _, state = reads(FRESH, (b"A", 0), (b"B", 5_000))
    assert list(state.last_reads) == [(b"B", IN)]


def test_no_more_than_so_many_codes_are_remembered_and_the_oldest_goes_first() -> None:
    codes = [str(number).encode() for number in range(CODES_MAX + 5)]
    _, state = reads(FRESH, *[(code, at) for at, code in enumerate(codes)])
    assert [code for code, _ in state.last_reads] == codes[5:]


def test_no_debounce_makes_every_read_a_scan() -> None:
    answers, _ = reads(Presentations(debounce_ms=0), (b"A", 0), (b"A", 0))
    assert answers == [False, False]


def test_seeing_changes_no_state_but_the_new_one() -> None:
    FRESH.see(b"A", IN, MonoMs(0))
    assert FRESH.last_reads == {}
