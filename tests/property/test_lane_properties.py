"""Whatever happens in whatever order: one grant at a time, nobody lost, no pulse while blocked."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.core.lane import next_deadline_ms, readiness, step
from scanner.core.lane_state import (
    Abandoned,
    Action,
    Alarm,
    Fire,
    Granted,
    HoldOpen,
    Input,
    LaneMode,
    LaneSettings,
    LaneState,
    LostEdge,
    Mode,
    Passage,
    PassageEnded,
    Phase,
    RecordNotPassed,
    RecordPassed,
    Repaired,
    Report,
    SensorFault,
    StartPulse,
    Tamper,
    Tick,
    Way,
    starting_state,
)
from scanner.core.units import Direction, LaneReadiness, Seq

WATCHED = LaneSettings(way_in=Way(watched=True), way_out=Way(watched=True))
MIXED = LaneSettings(way_in=Way(watched=True), way_out=Way(watched=False))

directions = st.sampled_from(Direction)
truths = st.booleans()
inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(Granted, seq=st.just(Seq(0)), direction=directions, persons=st.integers(1, 4)),
    st.builds(Granted, seq=st.just(Seq(0)), direction=directions, persons=st.integers(1, 4)),
    st.builds(Passage, direction=directions),
    st.builds(Passage, direction=directions),
    st.builds(PassageEnded, direction=directions),
    st.builds(PassageEnded, direction=directions),
    st.builds(SensorFault, direction=directions, active=truths),
    st.builds(LostEdge, direction=st.none() | directions),
    st.builds(Fire, active=truths),
    st.builds(Tamper, active=truths),
    st.builds(Mode, mode=st.sampled_from(LaneMode)),
    st.just(Abandoned()),
    st.just(Report()),
    st.just(Repaired()),
    st.just(Tick()),
)
waits = st.sampled_from([0, 1, 40, 99, 100, 299, 300, 301, 1_000, 4_999, 5_000, 30_000, 700_000])
stories = st.lists(st.tuples(waits, inputs), max_size=60)


def play(
    story: list[tuple[int, Input]], lane: LaneSettings
) -> list[tuple[LaneState, Input, int, LaneState, tuple[Action, ...]]]:
    """Every step: before, input, instant, after, actions. Grants are numbered in order."""
    state, now_ms, steps = starting_state(0), 0, []
    for seq, (wait_ms, event) in enumerate(story, start=1):
        now_ms += wait_ms
        told = replace(event, seq=Seq(seq)) if isinstance(event, Granted) else event
        after, actions = step(state, told, now_ms, lane)
        steps.append((state, told, now_ms, after, actions))
        state = after
    return steps


def _persons(actions: list[Action], kind: type[RecordPassed | RecordNotPassed]) -> dict[int, int]:
    counted: dict[int, int] = {}
    for action in actions:
        if isinstance(action, kind):
            counted[action.seq] = counted.get(action.seq, 0) + action.persons
    return counted


@given(stories)
@settings(deadline=None)
def test_of_every_watched_grant_passed_and_given_back_add_up(
    story: list[tuple[int, Input]],
) -> None:
    steps = play([*story, (60_000, Fire(active=True))], WATCHED)
    actions = [a for *_, done in steps for a in done]
    passed, back = _persons(actions, RecordPassed), _persons(actions, RecordNotPassed)
    for before, event, _, after, _ in steps:
        if not isinstance(event, Granted):
            continue
        was_free = before.mode is LaneMode.FREE and after.grant is None and event.seq not in back
        if not was_free:
            assert passed.get(event.seq, 0) + back.get(event.seq, 0) == event.persons


@given(stories)
@settings(deadline=None)
def test_each_grant_is_closed_at_most_once(story: list[tuple[int, Input]]) -> None:
    actions = [a for *_, done in play(story, WATCHED) for a in done]
    for kind in (RecordPassed, RecordNotPassed):
        closed = [a.seq for a in actions if isinstance(a, kind)]
        assert len(closed) == len(set(closed))


@given(stories, st.sampled_from([WATCHED, MIXED]))
@settings(deadline=None)
def test_there_is_one_open_grant_and_a_second_never_replaces_it(
    story: list[tuple[int, Input]], lane: LaneSettings
) -> None:
    for before, event, now_ms, after, _ in play(story, lane):
        due_ms = next_deadline_ms(before)
        if isinstance(event, Granted) and before.grant is not None and (due_ms or 0) > now_ms:
            assert after.grant is not None
            assert after.grant.seq == before.grant.seq


@given(stories, st.sampled_from([WATCHED, MIXED]))
@settings(deadline=None)
def test_a_blocked_lane_neither_pulses_nor_holds_open(
    story: list[tuple[int, Input]], lane: LaneSettings
) -> None:
    for _, _, _, after, actions in play(story, lane):
        if after.blocks:
            assert actions == () or not isinstance(actions[-1], StartPulse | HoldOpen)
            assert after.phase is Phase.BLOCKED
            assert after.grant is None
        else:
            assert after.phase is not Phase.BLOCKED


@given(stories, st.sampled_from([WATCHED, MIXED]))
@settings(deadline=None)
def test_a_lane_that_says_ready_opens_and_one_that_does_not_never_does(
    story: list[tuple[int, Input]], lane: LaneSettings
) -> None:
    for before, event, now_ms, _, actions in play(story, lane):
        if not isinstance(event, Granted):
            continue
        settled, _ = step(before, Tick(), now_ms, lane)
        opens = StartPulse(event.direction) in actions or before.mode is LaneMode.FREE
        back = RecordNotPassed(event.seq, event.persons) in actions
        if before == settled:
            is_ready = readiness(before, event.direction) is LaneReadiness.READY
            assert (is_ready and opens) or (not is_ready and back)


@given(stories, st.sampled_from([WATCHED, MIXED]))
@settings(deadline=None)
def test_phase_grant_and_deadline_agree(story: list[tuple[int, Input]], lane: LaneSettings) -> None:
    for _, _, now_ms, after, _ in play(story, lane):
        is_open = after.phase in {Phase.GRANTED, Phase.WAIT_PASSAGE, Phase.PASSED}
        assert (after.grant is not None) is is_open
        due_ms = next_deadline_ms(after)
        is_free = after.mode is LaneMode.FREE
        assert (after.free_until_ms is not None) is is_free
        assert (due_ms is not None) is (is_open or is_free)
        assert due_ms is None or due_ms > now_ms


@given(stories)
@settings(deadline=None)
def test_a_free_or_burning_lane_calls_nobody_forced(story: list[tuple[int, Input]]) -> None:
    for before, event, _, after, actions in play(story, WATCHED):
        is_lenient = after.mode is LaneMode.FREE or "fire" in after.blocks
        if isinstance(event, Passage) and is_lenient and before.grant is None:
            assert not [a for a in actions if isinstance(a, Alarm)]


@given(stories, waits)
@settings(deadline=None)
def test_how_often_the_loop_looks_changes_nothing(
    story: list[tuple[int, Input]], extra_ms: int
) -> None:
    """For single visitors; a party's next pulse starts when the loop sees that the arm is at rest."""
    quiet = [(wait_ms, _alone(event)) for wait_ms, event in story if not isinstance(event, Tick)]
    often: list[tuple[int, Input]] = []
    for wait_ms, event in quiet:
        first_ms = min(extra_ms, wait_ms)
        often += [(first_ms, Report()), (wait_ms - first_ms, Report()), (0, event)]
    assert _asked(often) == _asked(quiet)


def _alone(event: Input) -> Input:
    return Granted(event.seq, event.direction) if isinstance(event, Granted) else event


def _asked(story: list[tuple[int, Input]]) -> list[Action]:
    grants = count(1)
    numbered = [
        (wait_ms, replace(event, seq=Seq(next(grants))) if isinstance(event, Granted) else event)
        for wait_ms, event in [*story, (60_000, Report())]
    ]
    state, now_ms, asked = starting_state(0), 0, list[Action]()
    for wait_ms, event in numbered:
        now_ms += wait_ms
        state, actions = step(state, event, now_ms, WATCHED)
        asked += actions
    return asked
