"""The lane's handshake, row by row: what happened, and what the lane then asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from scanner.core.errors import ConfigError
from scanner.core.lane import DUE, TABLE, next_deadline_ms, readiness, step
from scanner.core.lane_state import (
    Abandoned,
    Action,
    Alarm,
    AlarmCode,
    Block,
    Fire,
    Granted,
    HoldOpen,
    Input,
    LaneMode,
    LaneSettings,
    LaneState,
    Lock,
    LostEdge,
    Mode,
    OpenGrant,
    Passage,
    PassageEnded,
    Phase,
    RecordMode,
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

IN, OUT = Direction.IN, Direction.OUT
BOTH = LaneSettings(way_in=Way(watched=True), way_out=Way(watched=True))
BLIND = LaneSettings(way_in=Way(watched=False))
ENTRY = LaneSettings(way_in=Way(watched=True))
SHORTLY_FREE = LaneSettings(way_in=Way(watched=True), free_ms=60_000, silence_ms=10**9)

Told = tuple[int, Input]
Asked = tuple[int, Action]


def play(settings: LaneSettings, *told: Told) -> tuple[LaneState, list[Asked]]:
    """The last state, and every action with the instant of the input that brought it."""
    state, asked = starting_state(0), list[Asked]()
    for at_ms, event in told:
        state, actions = step(state, event, at_ms, settings)
        asked += [(at_ms, action) for action in actions]
    return state, asked


def granted(seq: int = 1, direction: Direction = IN, persons: int = 1) -> Granted:
    return Granted(Seq(seq), direction, persons)


TRY = Granted(Seq(9), IN, is_test=True)
"""A technician's pulse."""


def passed(seq: int = 1, persons: int = 1) -> RecordPassed:
    return RecordPassed(Seq(seq), persons)


def given_back(seq: int = 1, persons: int = 1) -> RecordNotPassed:
    return RecordNotPassed(Seq(seq), persons)


@dataclass(frozen=True)
class Story:
    name: str
    settings: LaneSettings
    told: tuple[Told, ...]
    asked: tuple[Asked, ...]
    phase: Phase = Phase.IDLE


STORIES = (
    Story(
        "a visitor walks through",
        BOTH,
        (
            (0, granted()),
            (300, Tick()),
            (1_000, Passage(IN)),
            (1_400, PassageEnded(IN)),
            (1_401, Tick()),
        ),
        ((0, StartPulse(IN)), (1_000, passed())),
    ),
    Story(
        "nobody walks: given back when the wait is over, not before",
        BOTH,
        ((0, granted()), (5_299, Tick()), (5_300, Tick())),
        ((0, StartPulse(IN)), (5_300, given_back())),
    ),
    Story(
        "an exit is handled like an entry",
        BOTH,
        ((0, granted(direction=OUT)), (900, Passage(OUT)), (1_200, PassageEnded(OUT))),
        ((0, StartPulse(OUT)), (900, passed())),
    ),
    Story(
        "a passage during the pulse counts; the lane rests until the coil is off",
        BOTH,
        ((0, granted()), (200, Passage(IN)), (250, PassageEnded(IN)), (399, Report())),
        ((0, StartPulse(IN)), (200, passed())),
        Phase.PASSED,
    ),
    Story(
        "after the coil's rest the lane is idle again",
        BOTH,
        ((0, granted()), (200, Passage(IN)), (250, PassageEnded(IN)), (400, Report())),
        ((0, StartPulse(IN)), (200, passed())),
    ),
    Story(
        "an arm that stays turned ends the handshake after the wait",
        BOTH,
        ((0, granted()), (1_000, Passage(IN)), (5_999, Tick()), (6_000, Tick())),
        ((0, StartPulse(IN)), (1_000, passed())),
    ),
    Story(
        "a party of two gets a pulse each and is recorded once",
        BOTH,
        (
            (0, granted(persons=2)),
            (1_000, Passage(IN)),
            (1_300, PassageEnded(IN)),
            (2_000, Passage(IN)),
            (2_300, PassageEnded(IN)),
        ),
        ((0, StartPulse(IN)), (1_300, StartPulse(IN)), (2_000, passed(persons=2))),
    ),
    Story(
        "a party walking in one go needs no second pulse",
        BOTH,
        ((0, granted(persons=2)), (500, Passage(IN)), (900, Passage(IN)), (990, PassageEnded(IN))),
        ((0, StartPulse(IN)), (900, passed(persons=2))),
    ),
    Story(
        "the missing of a party are given back",
        BOTH,
        (
            (0, granted(persons=3)),
            (1_000, Passage(IN)),
            (1_300, PassageEnded(IN)),
            (6_600, Tick()),
        ),
        (
            (0, StartPulse(IN)),
            (1_300, StartPulse(IN)),
            (6_600, passed()),
            (6_600, given_back(persons=2)),
        ),
    ),
    Story(
        "a party stops at an arm that stays turned",
        BOTH,
        ((0, granted(persons=2)), (1_000, Passage(IN)), (6_000, Tick())),
        ((0, StartPulse(IN)), (6_000, passed()), (6_000, given_back())),
    ),
    Story(
        "one passage more than granted is tailgating, whether the arm still turns",
        BOTH,
        ((0, granted()), (1_000, Passage(IN)), (1_400, Passage(IN))),
        ((0, StartPulse(IN)), (1_000, passed()), (1_400, Alarm(AlarmCode.TAILGATE, IN, Seq(1)))),
        Phase.PASSED,
    ),
    Story(
        "or is at rest",
        BOTH,
        ((0, granted()), (1_000, Passage(IN)), (1_300, PassageEnded(IN)), (3_999, Passage(IN))),
        ((0, StartPulse(IN)), (1_000, passed()), (3_999, Alarm(AlarmCode.TAILGATE, IN, Seq(1)))),
    ),
    Story(
        "much later it is forced",
        BOTH,
        ((0, granted()), (1_000, Passage(IN)), (1_300, PassageEnded(IN)), (4_000, Passage(IN))),
        ((0, StartPulse(IN)), (1_000, passed()), (4_000, Alarm(AlarmCode.FORCED_PASSAGE, IN))),
    ),
    Story(
        "the other way it is forced",
        BOTH,
        ((0, granted()), (1_000, Passage(IN)), (1_300, PassageEnded(IN)), (1_500, Passage(OUT))),
        ((0, StartPulse(IN)), (1_000, passed()), (1_500, Alarm(AlarmCode.FORCED_PASSAGE, OUT))),
    ),
    Story(
        "a passage without any grant is forced",
        BOTH,
        ((0, Passage(IN)), (300, PassageEnded(IN))),
        ((0, Alarm(AlarmCode.FORCED_PASSAGE, IN)),),
    ),
    Story(
        "a passage against an open grant's way is forced and counts for nobody",
        BOTH,
        ((0, granted()), (500, Passage(OUT)), (5_300, Tick())),
        ((0, StartPulse(IN)), (500, Alarm(AlarmCode.FORCED_PASSAGE, OUT)), (5_300, given_back())),
    ),
    Story(
        "a way out that the lane does not control is nobody's business",
        ENTRY,
        ((0, Passage(OUT)), (300, PassageEnded(OUT))),
        (),
    ),
    Story(
        "a second grant is given back, never opened beside the first",
        BOTH,
        ((0, granted(1)), (100, granted(2, OUT))),
        ((0, StartPulse(IN)), (100, given_back(2))),
        Phase.GRANTED,
    ),
    Story(
        "a sensor that is active at the grant: no pulse, the entry given back",
        BOTH,
        ((0, Passage(IN)), (10_000, granted(7))),
        (
            (0, Alarm(AlarmCode.FORCED_PASSAGE, IN)),
            (10_000, given_back(7)),
            (10_000, Alarm(AlarmCode.SENSOR_ACTIVE_AT_GRANT, IN, Seq(7))),
        ),
    ),
    Story(
        "a stuck sensor is one alarm and no grants until it is released",
        BOTH,
        (
            (0, SensorFault(IN, active=True)),
            (1, SensorFault(IN, active=True)),
            (2, granted(1)),
            (3, SensorFault(IN, active=False)),
            (4, granted(2)),
        ),
        (
            (0, Alarm(AlarmCode.SENSOR_STUCK, IN)),
            (2, given_back(1)),
            (2, Alarm(AlarmCode.SENSOR_ACTIVE_AT_GRANT, IN, Seq(1))),
            (4, StartPulse(IN)),
        ),
        Phase.GRANTED,
    ),
    Story(
        "without a sensor the lane is busy only while it pulses and records no passage",
        BLIND,
        ((0, granted()), (300, Tick())),
        ((0, StartPulse(IN)),),
    ),
    Story(
        "without a sensor a party gets its pulses spaced by a person's walk",
        BLIND,
        ((0, granted(persons=2)), (300, Tick()), (1_799, Tick()), (1_800, Tick()), (2_100, Tick())),
        ((0, StartPulse(IN)), (1_800, StartPulse(IN))),
    ),
    Story(
        "fire locks our relay first, gives the open grant back and raises one alarm",
        BOTH,
        ((0, granted()), (100, Fire(active=True)), (200, Fire(active=True))),
        (
            (0, StartPulse(IN)),
            (100, Lock()),
            (100, given_back()),
            (100, Alarm(AlarmCode.FIRE)),
        ),
        Phase.BLOCKED,
    ),
    Story(
        "fire right after the last passage records nothing twice",
        BOTH,
        ((0, granted()), (1_000, Passage(IN)), (1_100, Fire(active=True))),
        ((0, StartPulse(IN)), (1_000, passed()), (1_100, Lock()), (1_100, Alarm(AlarmCode.FIRE))),
        Phase.BLOCKED,
    ),
    Story(
        "fire in the middle of a party splits it",
        BOTH,
        ((0, granted(persons=3)), (1_000, Passage(IN)), (1_100, Fire(active=True))),
        (
            (0, StartPulse(IN)),
            (1_100, Lock()),
            (1_100, passed()),
            (1_100, given_back(persons=2)),
            (1_100, Alarm(AlarmCode.FIRE)),
        ),
        Phase.BLOCKED,
    ),
    Story(
        "people who flee are no alarm, and a grant during fire is given back",
        BOTH,
        ((0, Fire(active=True)), (100, Passage(OUT)), (200, granted(3))),
        ((0, Lock()), (0, Alarm(AlarmCode.FIRE)), (200, given_back(3))),
        Phase.BLOCKED,
    ),
    Story(
        "after the fire the lane is as before",
        BOTH,
        ((0, Fire(active=True)), (100, Fire(active=False)), (101, granted(3))),
        ((0, Lock()), (0, Alarm(AlarmCode.FIRE)), (101, StartPulse(IN))),
        Phase.GRANTED,
    ),
    Story(
        "silence for 30 s puts the lane out of order, and a later report does not mend it",
        BOTH,
        ((0, Report()), (29_999, Tick()), (30_000, Tick()), (30_001, Tick()), (30_002, Report())),
        ((30_000, Lock()), (30_000, Alarm(AlarmCode.NO_REPORT))),
        Phase.BLOCKED,
    ),
    Story(
        "a technician mends it",
        BOTH,
        ((30_000, Tick()), (40_000, Repaired()), (69_999, Tick())),
        ((30_000, Lock()), (30_000, Alarm(AlarmCode.NO_REPORT))),
    ),
    Story(
        "a loop that slept is not a turnstile that is silent",
        BOTH,
        ((0, Report()), (600_000, Report()), (600_000, Tick())),
        (),
    ),
    Story(
        "mended is not enough while it burns",
        BOTH,
        ((30_000, Tick()), (30_001, Fire(active=True)), (30_002, Repaired())),
        (
            (30_000, Lock()),
            (30_000, Alarm(AlarmCode.NO_REPORT)),
            (30_001, Lock()),
            (30_001, Alarm(AlarmCode.FIRE)),
        ),
        Phase.BLOCKED,
    ),
    Story(
        "somebody who climbs through a lane out of order is forced",
        BOTH,
        ((30_000, Tick()), (30_001, Passage(IN))),
        (
            (30_000, Lock()),
            (30_000, Alarm(AlarmCode.NO_REPORT)),
            (30_001, Alarm(AlarmCode.FORCED_PASSAGE, IN)),
        ),
        Phase.BLOCKED,
    ),
    Story("an all clear without a fire is nothing", BOTH, ((0, Fire(active=False)),), ()),
    Story(
        "closed refuses entries and lets people out",
        BOTH,
        ((0, Mode(LaneMode.CLOSED)), (1, granted(1, IN)), (2, granted(2, OUT))),
        ((1, given_back(1)), (2, StartPulse(OUT))),
        Phase.GRANTED,
    ),
    Story(
        "a technician's pulse is nobody's passage, whether somebody walks",
        BOTH,
        ((0, TRY), (1_000, Passage(IN)), (1_300, PassageEnded(IN)), (1_301, granted(2))),
        ((0, StartPulse(IN)), (1_301, StartPulse(IN))),
        Phase.GRANTED,
    ),
    Story(
        "or nobody does, and barren ones do not make the sensor dead",
        replace(BOTH, dead_after_grants=1),
        ((0, TRY), (5_300, Tick())),
        ((0, StartPulse(IN)),),
    ),
    Story(
        "a closed lane can be tried",
        BOTH,
        ((0, Mode(LaneMode.CLOSED)), (1, TRY)),
        ((1, StartPulse(IN)),),
        Phase.GRANTED,
    ),
    Story(
        "no pulse while somebody is between, whichever way",
        BOTH,
        ((0, granted()), (1, TRY), (1_000, Passage(IN)), (1_300, TRY), (9_000, TRY)),
        ((0, StartPulse(IN)), (1_000, passed())),
    ),
    Story(
        "nor while the arm is held open, or blocked",
        BOTH,
        ((0, Mode(LaneMode.FREE)), (1, TRY), (2, Fire(active=True)), (3, TRY)),
        (
            (0, HoldOpen(IN)),
            (0, HoldOpen(OUT)),
            (2, Lock()),
            (2, Alarm(AlarmCode.FIRE)),
        ),
        Phase.BLOCKED,
    ),
    Story(
        "free holds every way open, watches nobody and pulses no more",
        BOTH,
        ((0, Mode(LaneMode.FREE)), (100, granted()), (200, Passage(IN)), (300, granted(2))),
        ((0, HoldOpen(IN)), (0, HoldOpen(OUT))),
    ),
    Story(
        "back to normal locks the arm",
        ENTRY,
        ((0, Mode(LaneMode.FREE)), (1, Mode(LaneMode.FREE)), (2, Mode(LaneMode.NORMAL))),
        ((0, HoldOpen(IN)), (2, Lock())),
    ),
    Story(
        "free ends by itself after the longest time, is locked first and recorded then",
        SHORTLY_FREE,
        ((0, Mode(LaneMode.FREE)), (59_999, Tick()), (60_000, Tick())),
        ((0, HoldOpen(IN)), (60_000, Lock()), (60_000, RecordMode(LaneMode.NORMAL))),
    ),
    Story(
        "free for a shorter time ends then; for a longer one, after the longest time",
        SHORTLY_FREE,
        (
            (0, Mode(LaneMode.FREE, for_ms=5_000)),
            (5_000, Tick()),
            (6_000, Mode(LaneMode.FREE, for_ms=3_600_000)),
            (66_000, Tick()),
        ),
        (
            (0, HoldOpen(IN)),
            (5_000, Lock()),
            (5_000, RecordMode(LaneMode.NORMAL)),
            (6_000, HoldOpen(IN)),
            (66_000, Lock()),
            (66_000, RecordMode(LaneMode.NORMAL)),
        ),
    ),
    Story(
        "said again, free lasts anew; ended by a person, it does not end a second time",
        SHORTLY_FREE,
        (
            (0, Mode(LaneMode.FREE)),
            (50_000, Mode(LaneMode.FREE)),
            (100_000, Mode(LaneMode.CLOSED)),
            (200_000, Tick()),
        ),
        ((0, HoldOpen(IN)), (100_000, Lock())),
    ),
    Story(
        "free that ends during a fire leaves the arm to the fire",
        SHORTLY_FREE,
        (
            (0, Mode(LaneMode.FREE)),
            (1, Fire(active=True)),
            (60_000, Tick()),
            (61_000, Fire(active=False)),
        ),
        (
            (0, HoldOpen(IN)),
            (1, Lock()),
            (1, Alarm(AlarmCode.FIRE)),
            (60_000, RecordMode(LaneMode.NORMAL)),
        ),
    ),
    Story(
        "a free lane is held open again after the fire, not during it",
        ENTRY,
        ((0, Fire(active=True)), (1, Mode(LaneMode.FREE)), (2, Fire(active=False))),
        ((0, Lock()), (0, Alarm(AlarmCode.FIRE)), (2, HoldOpen(IN))),
    ),
    Story(
        "a lost edge and a touched housing are alarms; a closed housing is not",
        BOTH,
        (
            (0, LostEdge(IN)),
            (1, LostEdge(None)),
            (2, Tamper(active=True)),
            (3, Tamper(active=False)),
        ),
        (
            (0, Alarm(AlarmCode.LOST_EDGE, IN)),
            (1, Alarm(AlarmCode.LOST_EDGE)),
            (2, Alarm(AlarmCode.TAMPER)),
        ),
    ),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_the_lane_asks_for_what_the_story_says(story: Story) -> None:
    state, asked = play(story.settings, *story.told)
    assert tuple(asked) == story.asked
    assert state.phase is story.phase


def test_every_input_has_an_answer_in_every_phase() -> None:
    assert {kind: set(row) for kind, row in TABLE.items()} == {kind: set(Phase) for kind in TABLE}
    assert set(DUE) == set(Phase) - {Phase.IDLE, Phase.BLOCKED}


def test_ten_grants_in_a_row_without_a_passage_mean_a_dead_sensor_once() -> None:
    told = [(n * 10_000, granted(n)) for n in range(1, 13)]
    _, asked = play(BOTH, *told, (200_000, Report()))
    dead = [(at, a) for at, a in asked if isinstance(a, Alarm)]
    assert dead == [(110_000, Alarm(AlarmCode.SENSOR_DEAD, IN, Seq(10)))]


def test_one_passage_starts_the_count_of_barren_grants_anew() -> None:
    told: list[Told] = [(n * 10_000, granted(n)) for n in range(1, 10)]
    told += [(95_500, Passage(IN)), (95_600, PassageEnded(IN))]
    told += [(100_000 + n * 10_000, granted(10 + n)) for n in range(9)]
    _, asked = play(BOTH, *told, (300_000, Report()))
    assert not [a for _, a in asked if a == Alarm(AlarmCode.SENSOR_DEAD, IN, Seq(10))]
    assert not [a for _, a in asked if isinstance(a, Alarm) and a.code is AlarmCode.SENSOR_DEAD]


READINESS = (
    ("at rest", (), LaneReadiness.READY, LaneReadiness.READY),
    ("closed", ((0, Mode(LaneMode.CLOSED)),), LaneReadiness.CLOSED, LaneReadiness.READY),
    ("pulsing", ((0, granted()),), LaneReadiness.BUSY, LaneReadiness.BUSY),
    ("waiting", ((0, granted()), (300, Tick())), LaneReadiness.BUSY, LaneReadiness.BUSY),
    ("turning", ((0, granted()), (900, Passage(IN))), LaneReadiness.BUSY, LaneReadiness.BUSY),
    ("fire", ((0, Fire(active=True)),), LaneReadiness.FAULT, LaneReadiness.FAULT),
    ("silent", ((30_000, Tick()),), LaneReadiness.FAULT, LaneReadiness.FAULT),
    ("stuck", ((0, SensorFault(IN, active=True)),), LaneReadiness.FAULT, LaneReadiness.READY),
    ("sensor active", ((0, Passage(OUT)),), LaneReadiness.READY, LaneReadiness.FAULT),
    (
        "free, people walking",
        ((0, Mode(LaneMode.FREE)), (1, Passage(IN))),
        LaneReadiness.READY,
        LaneReadiness.READY,
    ),
    (
        "closed and burning",
        ((0, Mode(LaneMode.CLOSED)), (1, Fire(active=True))),
        LaneReadiness.CLOSED,
        LaneReadiness.FAULT,
    ),
)


@pytest.mark.parametrize(
    ("name", "told", "way_in", "way_out"), READINESS, ids=lambda v: str(v)[:20]
)
def test_readiness_is_known_before_anything_is_recorded(
    name: str, told: tuple[Told, ...], way_in: LaneReadiness, way_out: LaneReadiness
) -> None:
    state, _ = play(BOTH, *told)
    assert (readiness(state, IN), readiness(state, OUT)) == (way_in, way_out), name


def test_the_next_deadline_lets_a_loop_sleep() -> None:
    idle = starting_state(0)
    assert next_deadline_ms(idle) is None
    pulsing, _ = step(idle, granted(), 0, BOTH)
    assert next_deadline_ms(pulsing) == 300
    turning, _ = step(pulsing, Passage(IN), 1_000, BOTH)
    assert next_deadline_ms(turning) == 6_000
    resting, _ = step(
        replace(turning, grant=replace(open_grant(turning), pulse_until_ms=2_000)),
        PassageEnded(IN),
        1_200,
        BOTH,
    )
    assert next_deadline_ms(resting) == 2_100


def open_grant(state: LaneState) -> OpenGrant:
    assert state.grant is not None
    return state.grant


def test_out_of_order_outlives_a_restart() -> None:
    state = starting_state(5, is_out_of_order=True, mode=LaneMode.CLOSED)
    assert state.phase is Phase.BLOCKED
    assert state.blocks == {Block.OUT_OF_ORDER}
    assert readiness(state, OUT) is LaneReadiness.FAULT
    state, actions = step(state, Repaired(), 6, BOTH)
    assert (state.phase, actions) == (Phase.IDLE, ())


def test_repairing_a_healthy_lane_changes_nothing() -> None:
    state, asked = play(BOTH, (7, Repaired()))
    assert (state, asked) == (replace(starting_state(0), reported_ms=7), [])


def test_a_late_passage_by_its_own_time_is_in_time_although_read_late() -> None:
    _, asked = play(BOTH, (0, granted()), (2_000, Passage(IN)), (9_000, PassageEnded(IN)))
    assert asked == [(0, StartPulse(IN)), (2_000, passed())]


@pytest.mark.parametrize(
    ("name", "value", "low", "high"),
    [
        ("pulse_ms", 99, 100, 2_000),
        ("pulse_ms", 2_001, 100, 2_000),
        ("passage_wait_ms", 999, 1_000, 60_000),
        ("passage_wait_ms", 60_001, 1_000, 60_000),
    ],
)
def test_times_outside_their_limits_are_refused_by_name(
    name: str, value: int, low: int, high: int
) -> None:
    with pytest.raises(ConfigError, match=rf"{name} {value} is outside {low}\.\.{high} ms"):
        Way(watched=True, **{name: value})


def test_a_grant_for_a_way_that_the_lane_lacks_is_our_mistake() -> None:
    with pytest.raises(RuntimeError, match="no way 'out'"):
        step(starting_state(0), granted(direction=OUT), 0, ENTRY)


def test_a_grant_for_nobody_is_our_mistake() -> None:
    with pytest.raises(RuntimeError, match="0 persons"):
        step(starting_state(0), granted(persons=0), 0, ENTRY)


def test_a_phase_without_its_grant_is_our_mistake() -> None:
    broken = replace(starting_state(0), phase=Phase.WAIT_PASSAGE)
    with pytest.raises(RuntimeError, match="without a grant"):
        step(broken, Passage(IN), 0, ENTRY)


def test_a_lane_that_nobody_stands_at_has_nothing_to_give_up() -> None:
    idle = starting_state(0)
    assert step(idle, Abandoned(), 5, ENTRY) == (idle, ())
