"""The lane's state machine: a grant, a pulse, a body through the arm, and everything that can go wrong between them.

Law: state changes in `step` and nowhere else, and `step` looks its handler up in `TABLE`. A lane has at most one open
grant (one arm turns one way at a time) and never pulses while blocked. Of every grant, passed + given back = granted.
Time enters as ``now_ms``: the monotonic instant of the input itself (a signal's own ``at_ms``), not of its processing,
so that a slow disk never turns a passage in time into a passage too late.

    IDLE ──Granted──▶ GRANTED ──pulse over──▶ WAIT_PASSAGE ──wait over──▶ IDLE          (timed out: given back)
                         └────────Passage────────┴──▶ PASSED ──arm at rest──▶ IDLE      (or GRANTED: next of a party)
    any ──Fire, silence──▶ BLOCKED ──all clear──▶ IDLE

A technician's test pulse is a grant that nobody is counted by: no fact says passed or given back, a closed lane takes
it, and it never begins while anybody may be between the arms.

Closed is a mode, not a phase: it refuses entries only. Free holds the arm open; its scans are recorded, never watched,
and it ends by itself: an arm that was left open by mistake is a hole in the fence.

Source: docs/hardware.md, "The handshake"; docs/decisions.md, "Lane modes".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from scanner.core.lane_state import (
    Abandoned,
    Actions,
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
    Step,
    Tail,
    Tamper,
    Tick,
    WayState,
)
from scanner.core.units import Direction, LaneReadiness

COIL_GAP_MS = 100
"""Rest between two pulses, so that the controller sees two."""

_FROM_PINS = (Passage, PassageEnded, SensorFault, LostEdge, Fire, Tamper, Report)
"""Inputs that prove that the turnstile still reports."""


class Moment(NamedTuple):
    """What a handler may know beside the state and the input."""

    now_ms: int
    settings: LaneSettings


Handler: TypeAlias = Callable[[LaneState, Any, Moment], Step]


def readiness(state: LaneState, direction: Direction) -> LaneReadiness:
    """May a scan in ``direction`` open the arm now? Asked before ``decide``, so that a refusal costs no entry."""
    if state.mode is LaneMode.CLOSED and direction is Direction.IN:
        return LaneReadiness.CLOSED
    if state.grant is not None:
        return LaneReadiness.BUSY
    if state.blocks or (state.mode is not LaneMode.FREE and _is_unsure(state, direction)):
        return LaneReadiness.FAULT
    return LaneReadiness.READY


def may_turn(state: LaneState, direction: Direction, *, is_test: bool) -> bool:
    """May staff turn the arm once? For a test nobody may be between: no grant, no block, no contact that is active."""
    if not is_test:
        return readiness(state, direction) is LaneReadiness.READY
    is_anybody_there = any(_is_unsure(state, way) for way in Direction)
    return state.phase is Phase.IDLE and state.mode is not LaneMode.FREE and not is_anybody_there


def next_deadline_ms(state: LaneState) -> int | None:
    """When the phase or the free mode ends by itself (monotonic), for a loop that wants to sleep until then."""
    due = [at for at in (_phase_deadline_ms(state), state.free_until_ms) if at is not None]
    return min(due, default=None)


def _phase_deadline_ms(state: LaneState) -> int | None:
    grant = state.grant
    if grant is None:
        return None
    if state.phase is Phase.PASSED and not state.way(grant.direction).is_active:
        return grant.pulse_until_ms + COIL_GAP_MS
    return state.until_ms


def step(state: LaneState, event: Input, now_ms: int, settings: LaneSettings) -> Step:
    """What the lane remembers and asks for after ``event``.

    Args:
        state: from `starting_state` or the last step.
        event: what happened.
        now_ms: when it happened, monotonic.
        settings: of this lane.

    Returns:
        The next state, and the actions in the order in which they must be done.
    """
    if isinstance(event, _FROM_PINS):
        state = replace(state, reported_ms=max(state.reported_ms, now_ms))
    moment = Moment(now_ms, settings)
    state, before = _elapse(state, moment)
    state, actions = TABLE[type(event)][state.phase](state, event, moment)
    state, after = _elapse(state, moment)
    return state, before + actions + after


def _elapse(state: LaneState, moment: Moment) -> Step:
    actions: Actions = ()
    while (due_ms := next_deadline_ms(state)) is not None and due_ms <= moment.now_ms:
        handler = _free_over if due_ms == state.free_until_ms else DUE[state.phase]
        state, more = handler(state, due_ms, moment)
        actions += more
    return state, actions


def _open(state: LaneState, event: Granted, moment: Moment) -> Step:
    moment.settings.required_way(event.direction)
    if event.persons < 1:
        raise RuntimeError(f"a grant for {event.persons!r} persons")
    if not may_turn(state, event.direction, is_test=event.is_test):
        return _give_back(state, event, moment)
    if state.mode is LaneMode.FREE:
        return state, ()
    grant = OpenGrant(
        seq=event.seq, direction=event.direction, persons=event.persons, is_test=event.is_test
    )
    return _pulse(replace(state, grant=grant, tail=None), grant, moment)


def _give_back(state: LaneState, event: Granted, _moment: Moment) -> Step:
    """A grant that lost the race with a fault, a fire or another grant: never a pulse, never a charge."""
    if event.is_test:
        return state, ()
    back = RecordNotPassed(event.seq, event.persons)
    if state.grant is None and not state.blocks and _is_unsure(state, event.direction):
        alarm = Alarm(AlarmCode.SENSOR_ACTIVE_AT_GRANT, event.direction, event.seq)
        return state, (back, alarm)
    return state, (back,)


def _pulse(state: LaneState, grant: OpenGrant, moment: Moment) -> Step:
    until_ms = moment.now_ms + moment.settings.required_way(grant.direction).pulse_ms
    grant = replace(grant, pulse_until_ms=until_ms)
    state = replace(state, phase=Phase.GRANTED, grant=grant, until_ms=until_ms)
    return state, (StartPulse(grant.direction),)


def _pulse_over(state: LaneState, due_ms: int, moment: Moment) -> Step:
    grant = _grant_of(state)
    way = moment.settings.required_way(grant.direction)
    if way.watched:
        until_ms = due_ms + way.passage_wait_ms
        return replace(state, phase=Phase.WAIT_PASSAGE, until_ms=until_ms), ()
    grant = replace(grant, passed=grant.passed + 1)
    if not grant.missing:
        return _idle(state), ()
    until_ms = due_ms + moment.settings.person_gap_ms
    return replace(state, phase=Phase.WAIT_PASSAGE, grant=grant, until_ms=until_ms), ()


def _wait_over(state: LaneState, _due_ms: int, moment: Moment) -> Step:
    grant = _grant_of(state)
    if not moment.settings.watches(grant.direction):
        return _pulse(state, grant, moment)
    if grant.passed or grant.is_test:
        return _idle(state), _records(grant)
    way = state.way(grant.direction)
    way = replace(way, barren_grants=way.barren_grants + 1)
    actions = _records(grant)
    if way.barren_grants == moment.settings.dead_after_grants:
        actions += (Alarm(AlarmCode.SENSOR_DEAD, grant.direction, grant.seq),)
    return _idle(_with_way(state, grant.direction, way)), actions


def _arm_over(state: LaneState, _due_ms: int, moment: Moment) -> Step:
    grant = _grant_of(state)
    if not grant.missing:
        return _idle(state), ()
    if state.way(grant.direction).is_active:
        return _idle(state), _records(grant)
    return _pulse(state, grant, moment)


def _count(state: LaneState, event: Passage, moment: Moment) -> Step:
    grant = _grant_of(state)
    if event.direction is not grant.direction or not grant.missing:
        return _unexpected(state, event, moment)
    way = moment.settings.required_way(grant.direction)
    grant = replace(grant, passed=grant.passed + 1)
    sensor = replace(state.way(event.direction), is_active=True, barren_grants=0)
    state = _with_way(state, event.direction, sensor)
    state = replace(
        state, phase=Phase.PASSED, grant=grant, until_ms=moment.now_ms + way.passage_wait_ms
    )
    if grant.missing:
        return state, ()
    tail = Tail(grant.seq, grant.direction, moment.now_ms + moment.settings.tailgate_ms)
    return replace(state, tail=tail), _records(grant)


def _unexpected(state: LaneState, event: Passage, moment: Moment) -> Step:
    way = state.way(event.direction)
    state = _with_way(state, event.direction, replace(way, is_active=True, barren_grants=0))
    is_expected = state.mode is LaneMode.FREE or Block.FIRE in state.blocks
    if is_expected or not moment.settings.watches(event.direction):
        return state, ()
    tail = state.tail
    if tail is not None and tail.direction is event.direction and moment.now_ms < tail.until_ms:
        return state, (Alarm(AlarmCode.TAILGATE, event.direction, tail.seq),)
    return state, (Alarm(AlarmCode.FORCED_PASSAGE, event.direction),)


def _passage_ended(state: LaneState, event: PassageEnded, _moment: Moment) -> Step:
    way = replace(state.way(event.direction), is_active=False)
    return _with_way(state, event.direction, way), ()


def _abandoned(state: LaneState, _event: Abandoned, _moment: Moment) -> Step:
    if state.grant is None:
        return state, ()
    return _idle(state), (Lock(), *(_records(state.grant) if state.grant.missing else ()))


def _sensor_fault(state: LaneState, event: SensorFault, _moment: Moment) -> Step:
    way = state.way(event.direction)
    alarms = (Alarm(AlarmCode.SENSOR_STUCK, event.direction),)
    was_faulty = way.is_faulty
    state = _with_way(state, event.direction, replace(way, is_faulty=event.active))
    return state, alarms if event.active and not was_faulty else ()


def _lost_edge(state: LaneState, event: LostEdge, _moment: Moment) -> Step:
    return state, (Alarm(AlarmCode.LOST_EDGE, event.direction),)


def _tamper(state: LaneState, event: Tamper, _moment: Moment) -> Step:
    return state, (Alarm(AlarmCode.TAMPER),) if event.active else ()


def _fire(state: LaneState, event: Fire, moment: Moment) -> Step:
    if event.active:
        return _block(state, Block.FIRE, AlarmCode.FIRE)
    return _unblock(state, Block.FIRE, moment.settings)


def _tick(state: LaneState, _event: Tick, moment: Moment) -> Step:
    if moment.now_ms - state.reported_ms < moment.settings.silence_ms:
        return state, ()
    return _block(state, Block.OUT_OF_ORDER, AlarmCode.NO_REPORT)


def _repaired(state: LaneState, _event: Repaired, moment: Moment) -> Step:
    state = replace(state, reported_ms=max(state.reported_ms, moment.now_ms))
    return _unblock(state, Block.OUT_OF_ORDER, moment.settings)


def _mode(state: LaneState, event: Mode, moment: Moment) -> Step:
    was_free, is_free = state.mode is LaneMode.FREE, event.mode is LaneMode.FREE
    longest_ms = moment.settings.free_ms
    until_ms = moment.now_ms + min(event.for_ms or longest_ms, longest_ms)
    state = replace(state, mode=event.mode, tail=None, free_until_ms=until_ms if is_free else None)
    if state.blocks or was_free is is_free:
        return state, ()
    return state, _hold(moment.settings) if is_free else (Lock(),)


def _free_over(state: LaneState, _due_ms: int, moment: Moment) -> Step:
    state, actions = _mode(state, Mode(LaneMode.NORMAL), moment)
    return state, (*actions, RecordMode(LaneMode.NORMAL))


def _noted(state: LaneState, _event: Input, _moment: Moment) -> Step:
    return state, ()


def _block(state: LaneState, block: Block, code: AlarmCode) -> Step:
    if block in state.blocks:
        return state, ()
    is_open = state.grant is not None and state.grant.missing > 0
    records = _records(_grant_of(state)) if is_open else ()
    state = replace(_idle(state), phase=Phase.BLOCKED, blocks=state.blocks | {block}, tail=None)
    return state, (Lock(), *records, Alarm(code))


def _unblock(state: LaneState, block: Block, settings: LaneSettings) -> Step:
    if block not in state.blocks:
        return state, ()
    state = replace(state, blocks=state.blocks - {block})
    if state.blocks:
        return state, ()
    return _idle(state), _hold(settings) if state.mode is LaneMode.FREE else ()


def _hold(settings: LaneSettings) -> Actions:
    return tuple(HoldOpen(direction) for direction in settings.directions())


def _idle(state: LaneState) -> LaneState:
    return replace(state, phase=Phase.IDLE, grant=None, until_ms=0)


def _records(grant: OpenGrant) -> Actions:
    """The facts that close a grant; asked for once, when the last person passes or the wait ends."""
    if grant.is_test:
        return ()
    passed = (RecordPassed(grant.seq, grant.passed),) if grant.passed else ()
    missing = (RecordNotPassed(grant.seq, grant.missing),) if grant.missing else ()
    return (*passed, *missing)


def _is_unsure(state: LaneState, direction: Direction) -> bool:
    way = state.way(direction)
    return way.is_active or way.is_faulty


def _with_way(state: LaneState, direction: Direction, way: WayState) -> LaneState:
    if direction is Direction.IN:
        return replace(state, way_in=way)
    return replace(state, way_out=way)


def _grant_of(state: LaneState) -> OpenGrant:
    if state.grant is None:
        raise RuntimeError(f"phase {state.phase.value} without a grant")
    return state.grant


def _always(handler: Handler) -> dict[Phase, Handler]:
    return dict.fromkeys(Phase, handler)


TABLE: dict[type[Input], dict[Phase, Handler]] = {
    Granted: {
        Phase.IDLE: _open,
        Phase.GRANTED: _give_back,
        Phase.WAIT_PASSAGE: _give_back,
        Phase.PASSED: _give_back,
        Phase.BLOCKED: _give_back,
    },
    Passage: {
        Phase.IDLE: _unexpected,
        Phase.GRANTED: _count,
        Phase.WAIT_PASSAGE: _count,
        Phase.PASSED: _count,
        Phase.BLOCKED: _unexpected,
    },
    PassageEnded: _always(_passage_ended),
    SensorFault: _always(_sensor_fault),
    LostEdge: _always(_lost_edge),
    Fire: _always(_fire),
    Tamper: _always(_tamper),
    Mode: _always(_mode),
    Abandoned: _always(_abandoned),
    Report: _always(_noted),
    Repaired: _always(_repaired),
    Tick: _always(_tick),
}
"""What each input does in each phase: total, so that no input is ever without an answer."""

DUE: dict[Phase, Handler] = {
    Phase.GRANTED: _pulse_over,
    Phase.WAIT_PASSAGE: _wait_over,
    Phase.PASSED: _arm_over,
}
"""What the end of a phase's time does; the other phases wait for an input."""
