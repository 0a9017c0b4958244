"""A lane of a rehearsal without any machinery: presentation, decision, fact and passage over the pure core alone.

Law: the same functions as at a real lane, in the order in which `scanner.lane_loop` calls them; where a real lane waits
for a disk or an arm, the story says what those do. A passage takes no time of the story, unless it is pending.

Source: docs/rehearsal.md, "A step"; docs/architecture.md, "The life of a scan".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from scanner.core import lane
from scanner.core.answer import Decision
from scanner.core.clock import ClockReading, ClockState
from scanner.core.credential import clean
from scanner.core.decision import decide
from scanner.core.events import Fact, FactKind, Identity
from scanner.core.freshness import AgeMark, mark_age
from scanner.core.lane_facts import (
    clock_fact,
    happened,
    may_open,
    not_recorded,
    override_fact,
    scanned,
)
from scanner.core.lane_state import (
    Abandoned,
    Fire,
    Granted,
    Input,
    LaneMode,
    LaneSettings,
    LaneState,
    Mode,
    Passage,
    PassageEnded,
    RecordNotPassed,
    RecordPassed,
    Report,
    Way,
    starting_state,
)
from scanner.core.override import Role, StaffAnswer, apply_override
from scanner.core.presentation import Presentations
from scanner.core.presenting import present
from scanner.core.question import Presented, Scan
from scanner.core.reasons import Flag
from scanner.core.rehearsal_clock import RehearsedClock
from scanner.core.rehearsal_codes import READER
from scanner.core.rehearsal_facts import gather
from scanner.core.rehearsal_script import GateMode, ScanStep, Script, ScriptGate
from scanner.core.rehearsal_script import Passage as Walk
from scanner.core.rehearsal_site import RehearsedSite
from scanner.core.units import DeviceId, Direction, Epoch, Instant, Seq

FOR_EVER_MS = 10**14
"""A pending passage ends when the story says so, and never by itself."""

SETTLE_MS = 2_000
"""Longer than a pulse and the gap after it."""

OPERATOR = "rehearsal"

NOBODY = (b"", Direction.IN)
"""A code that nobody showed."""


NOTHING = (b"", Direction.IN)


class Answered(NamedTuple):
    """The lane's own answer, and what the scan was charged once staff had their say."""

    decision: Decision
    charged: int


def role_of(answer: StaffAnswer) -> Role:
    """Who gives such an answer."""
    return Role.SUPERVISOR if answer is StaffAnswer.FORCE else Role.OPERATOR


class PatientWay(Way):
    """A direction in which a passage may be awaited for longer than any installer would allow."""

    def __post_init__(self) -> None:
        """No limits."""


def lane_settings(*, is_watched: bool) -> LaneSettings:
    """An arm for both directions."""
    way = PatientWay(watched=is_watched, passage_wait_ms=FOR_EVER_MS)
    return LaneSettings(way_in=way, way_out=way, free_ms=FOR_EVER_MS)


class CoreLane:
    """One lane. ``name`` is the file's."""

    def __init__(self, name: str, of: ScriptGate, script: Script, site: RehearsedSite) -> None:
        self.name = name
        self._of = of
        self._script = script
        self._site = site
        self._settings = lane_settings(is_watched=of.is_watched)
        self._clock = RehearsedClock(name, script.starts_at, has_rtc=of.has_rtc)
        self._device = DeviceId(name)
        self._next_seq = Seq(1)
        self._floor_at = Instant(0)
        self._shown = Presentations(debounce_ms=0)
        self._age: AgeMark | None = None
        self._is_full = False
        self._is_faulty = False
        self._start()

    def go_to(self, at: Instant) -> None:
        """True time goes by."""
        self._clock.go_to(at)

    def scan(self, step: ScanStep, payload: bytes) -> Answered | None:
        """What the lane says to what it reads, and staff to that; None = no new scan."""
        cleaned, reading = clean(payload), self._now()
        is_same, self._shown = self._shown.see(cleaned, step.direction, reading.mono)
        if is_same:
            return None
        decision, presented = self._decide(step, cleaned, reading)
        if self._is_full and decision.movement is not Direction.OUT:
            return Answered(not_recorded(decision), 0)
        fact = scanned(
            decision,
            presented,
            self._identity(),
            reading,
            self._of.gate,
            step.direction,
            is_watched=self._is_watched,
        )
        self._record(fact)
        if may_open(decision):
            self._open(fact, cleaned, step.passage)
        elif step.override is not None:
            return Answered(decision, self._override(step, decision, fact, cleaned))
        return Answered(decision, fact.charged)

    def _decide(
        self, step: ScanStep, cleaned: bytes, reading: ClockReading
    ) -> tuple[Decision, Presented]:
        readiness = lane.readiness(self._state, step.direction)
        presented = present(cleaned, None, READER, reading)
        known, script = self._site.known_to(self.name), self._script
        self._age = mark_age(known.snapshot.mark.created_at, reading, self._age)
        facts = gather(
            self._of.gate, presented, readiness, known, script, reading, self._device, self._age
        )
        scan = Scan(direction=step.direction, party=step.party, is_inspection=step.is_inspection)
        return self._noted(decide(scan, facts, script.policy, reading)), presented

    def _override(self, step: ScanStep, decision: Decision, scan_fact: Fact, cleaned: bytes) -> int:
        """Staff answer the scan just decided; the persons charged by that."""
        answer = step.override or StaffAnswer.REFUSE
        override = apply_override(decision, answer, role_of(answer))
        if override.problem is not None:
            return 0
        reading = self._now()  # may record a step of the clock: before the next number is taken
        fact = override_fact(
            override,
            scan_fact,
            self._identity(),
            reading,
            self._of.gate,
            OPERATOR,
            is_watched=self._is_watched,
        )
        self._record(fact)
        if override.movement is not None:
            self._open(fact, cleaned, step.passage)
        return override.charged

    def end_passage(self, *, has_turned: bool) -> None:
        """What is pending ends."""
        self._now()
        if self._state.grant is not None:
            self._settle(Walk.TURNED if has_turned else Walk.NOT_TURNED)

    def set_clock(self, state: ClockState, wall: Instant | None) -> None:
        """The story says what the clock is worth."""
        self._clock.set(state, wall)
        self._now()

    def meet(self) -> None:
        """In contact again: the central tells the time."""
        self._clock.contact()
        self._now()

    def set_mode(self, mode: GateMode) -> None:
        """Staff change the mode, or the lane fails."""
        self._now()
        self._is_faulty = mode is GateMode.FAULT
        self._step(Fire(self._is_faulty))
        if not self._is_faulty:
            self._step(Mode(LaneMode(mode.value)))

    def set_disk(self, *, is_full: bool) -> None:
        """The disk takes no scan any more, or does again."""
        self._is_full = is_full

    def restart(self) -> None:
        """A power cut and a start."""
        is_in_contact = self._site.is_in_contact(self.name)
        created_at = self._site.known_to(self.name).snapshot.mark.created_at
        self._clock.restart(max(created_at, self._floor_at), is_in_contact=is_in_contact)
        self._start()

    def _start(self) -> None:
        self._shown = Presentations(debounce_ms=self._script.policy.debounce_ms)
        self._pending: tuple[bytes, Direction] | None = None
        self._state: LaneState = starting_state(self._now().mono)
        self._step(Fire(self._is_faulty))

    def _now(self) -> ClockReading:
        self._clock.learn(self._site.known_to(self.name).snapshot.mark.created_at)
        reading = self._clock.reading()
        for fact in self._clock.facts():
            self._note(reading, **clock_fact(fact))
        self._reading = reading
        return reading

    @property
    def _is_watched(self) -> bool:
        return self._of.is_watched and self._state.mode is not LaneMode.FREE

    def _noted(self, decision: Decision) -> Decision:
        if self._state.mode is LaneMode.FREE:
            return replace(decision, flags=(*decision.flags, Flag.LANE_FREE.value))
        return decision

    def _open(self, fact: Fact, cleaned: bytes, walk: Walk) -> None:
        direction = fact.direction or Direction.IN
        self._pending = (cleaned, direction)
        self._shown = self._shown.awaiting(cleaned, direction)
        self._step(Granted(fact.seq, direction, fact.persons))
        self._settle(walk if self._is_watched else Walk.TURNED)

    def _settle(self, walk: Walk) -> None:
        """The arm turns, or nobody comes; of what is pending nothing is known yet."""
        if walk is Walk.NOT_TURNED:
            self._step(Abandoned())
        while walk is Walk.TURNED and self._state.grant is not None:
            if self._is_watched:
                self._step(Passage(self._state.grant.direction))
                self._step(PassageEnded(self._state.grant.direction))
            self._clock.ahead_ms += SETTLE_MS
            self._step(Report())
        self._clock.ahead_ms = 0
        if self._state.grant is None and self._pending is not None:
            self._shown, self._pending = self._shown.passed(), None

    def _step(self, event: Input) -> None:
        reading = self._reading
        self._state, actions = lane.step(self._state, event, self._clock.mono, self._settings)
        for action in actions:
            match action:
                case RecordPassed(seq, persons):
                    self._note(reading, kind=FactKind.PASSED, refers_to=seq, persons=persons)
                case RecordNotPassed(seq, persons):
                    self._note(reading, kind=FactKind.NOT_PASSED, refers_to=seq, persons=persons)
                    self._forget()

    def _forget(self) -> None:
        self._shown = self._shown.forget(*(self._pending or NOTHING))
        self._pending = None

    def _note(self, reading: ClockReading, **fields: Any) -> None:
        self._record(happened(self._identity(), reading, self._of.gate, **fields))

    def _identity(self) -> Identity:
        return Identity(self._device, Epoch(self.name), self._next_seq)

    def _record(self, fact: Fact) -> None:
        self._next_seq = Seq(self._next_seq + 1)
        if fact.clock is not ClockState.UNTRUSTED:
            self._floor_at = fact.at
        self._site.record(self.name, (fact,))
