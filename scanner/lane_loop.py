"""One lane: payload → decision → durable fact → pulse and light → passage.

Law: the fact is durable before any light or coil. Everything here runs on one thread and waits for nothing but one
commit. Time comes from the clock port and the signals' own instants, so the same code runs a real gate, a rehearsal of
a year and a test. What cannot be recorded lets nobody in: the answer is ``NOT_RECORDED`` and an alarm. An exit opens
all the same; it is recorded, as a passage report is, as soon as the disk takes it.

Source: docs/architecture.md, "The life of a scan".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scanner import notices
from scanner.asking import Answer, Asked, Asking, Prepared
from scanner.core import lane
from scanner.core.answer import Decision
from scanner.core.clock import ClockReading
from scanner.core.credential import clean
from scanner.core.decision import decide
from scanner.core.errors import DeviceError, StoreError
from scanner.core.events import Fact, FactKind
from scanner.core.lane_facts import (
    may_open,
    not_recorded,
    override_fact,
    release_fact,
    scanned,
    unseen,
)
from scanner.core.lane_state import (
    Abandoned,
    Action,
    Alarm,
    Block,
    Granted,
    HoldOpen,
    Input,
    LaneMode,
    LaneSettings,
    Lock,
    Mode,
    RecordMode,
    RecordNotPassed,
    RecordPassed,
    Repaired,
    Report,
    StartPulse,
    Tick,
)
from scanner.core.override import Override, OverrideProblem, Role, StaffAnswer, apply_override
from scanner.core.question import Scan
from scanner.core.reasons import FACES, Flag
from scanner.core.units import Direction, LaneReadiness, Seq
from scanner.lane_arm import Arm
from scanner.lane_doubts import LaneDoubts
from scanner.lane_memory import NOTHING, Remembered
from scanner.lane_notebook import Notebook, unwritten
from scanner.lane_parts import Counts, LanePorts, Read
from scanner.lane_passages import UNRECORDED, Passages
from scanner.lane_signals import input_of

LOG = logging.getLogger("portillon.lane")

REPAIRED = "repaired"
"""The note of the fact that a technician cleared *out of order*."""


class Lane:
    """One arm, one thread."""

    def __init__(
        self,
        ports: LanePorts,
        settings: LaneSettings,
        publish: Callable[[notices.Notice], None] = lambda _notice: None,
        remembered: Remembered = NOTHING,
    ) -> None:
        self._ports = ports
        self._settings = settings
        self._publish = publish
        self._asking = Asking()
        self._doubts = LaneDoubts()
        self._book = Notebook(
            ports.clock, ports.ledger, ports.lookups, self._doubts.recording, publish
        )
        self._passages = Passages(ports.lookups, self._book, publish)
        self._arm = Arm(ports.turnstile, self._doubts, self._arm_failed)
        self.counts = Counts()
        self.state = remembered.starting_state(ports.clock.reading().mono)

    def read(
        self,
        seen: Read,
        direction: Direction = Direction.IN,
        party: int = 1,
        *,
        is_inspection: bool = False,
    ) -> Answer | None:
        """Decide on what was read; None when it is no new scan."""
        self.counts.reads += 1
        cleaned = clean(seen.payload)
        self.tick()
        reading = self._book.now()
        if not cleaned or self._passages.is_same(cleaned, direction, reading.mono):
            self.counts.same_presentation += 1
            return None
        readiness = lane.readiness(self.state, direction)
        try:
            facts = self._ports.lookups.facts_for(
                cleaned, seen.symbology, direction, reading, readiness
            )
        except StoreError as error:
            blind = self._unrecorded_answer(unseen(direction, readiness, reading), error)
            self._open(blind, cleaned, direction, reading)
            return self._show(blind, direction)
        if seen.agreed is False and not (facts.grants or facts.is_revoked):
            self.counts.not_read += 1
            return None
        scan = Scan(direction=direction, party=party, is_inspection=is_inspection)
        scan, operator = self._asking.next_scan(reading.mono, scan)
        return self._judge(Asked(cleaned, scan, facts, reading, operator), reading)

    def ask_again(self, persons: int) -> Answer | None:
        """Decide on the last scan once more for so many persons: as of then, but for the lane. None = there is none."""
        if self._asking.last is None:
            return None
        self.tick()
        asked, _answer = self._asking.last
        ready = lane.readiness(self.state, asked.scan.direction)
        scan, facts = replace(asked.scan, party=persons), replace(asked.facts, lane=ready)
        return self._judge(replace(asked, scan=scan, facts=facts), self._book.now())

    def prepare(self, *, persons: int = 1, inspector: str | None = None) -> None:
        """Staff say how many the next scan is for, or that it is only ``inspector``'s look."""
        self._asking.prepare(self._book.now().mono, persons, inspector)

    @property
    def prepared(self) -> Prepared | None:
        """What staff have said of the next scan."""
        return self._asking.prepared(self._ports.clock.reading().mono)

    @property
    def question(self) -> Answer | None:
        """The last answer, while staff may answer it."""
        return self._asking.open

    def tick(self) -> None:
        """Take in what the pins reported and what time has ended. Call often; costs microseconds when idle."""
        try:
            signals = self._ports.turnstile.signals()
        except DeviceError as error:
            self._doubts.contacts.doubt(error)
            self._step(Tick(), self._book.now().mono)
        else:
            self._doubts.contacts.all_settled()
            for signal in signals:
                taken = input_of(signal)
                if taken is not None:
                    self._step(taken, signal.at_ms)
            self._step(Report(), self._book.now().mono)
        self._book.try_again()

    def override(
        self,
        answer: StaffAnswer,
        role: Role,
        operator: str | None = None,
        why: str | None = None,
    ) -> tuple[Override, Fact | None]:
        """Staff answer the last scan: what follows, and its fact (None: nothing follows, or it cannot be recorded)."""
        last, self._asking.last = self._asking.last, None
        if last is None or last[1].fact is None:
            return Override(answer, problem=OverrideProblem.NOT_ASKED), None
        self.tick()
        (asked, given), scan_fact = last, last[1].fact
        direction = asked.scan.direction
        is_ready = lane.readiness(self.state, direction) is LaneReadiness.READY
        override = apply_override(given.decision, answer, role, is_lane_ready=is_ready)
        if override.problem is not None:
            self._asking.last = last
            return override, None
        reading, ledger = self._book.now(), self._ports.ledger
        try:
            fact = override_fact(
                override,
                scan_fact,
                ledger.next_identity(),
                reading,
                self._ports.lookups.gate,
                operator,
                why,
                is_watched=self._watches(direction),
            )
            ledger.append((fact,))
        except StoreError as error:
            self._unrecorded_answer(given.decision, error)
            return override, None
        if override.movement is not None:
            self._grant(fact.seq, fact.persons, asked.cleaned, direction, reading)
        self._publish(notices.overridden(override, fact))
        return override, fact

    def give_up(self) -> None:
        """Nobody comes any more: a pending passage ends as if its time were over."""
        self._step(Abandoned(), self._book.now().mono)

    def set_mode(
        self, mode: LaneMode, operator: str | None = None, for_ms: int | None = None
    ) -> None:
        """Change the lane's mode; recorded with who did it. Free ends by itself, at the latest after ``for_ms``."""
        self._book.note(FactKind.LANE_MODE, note=mode.value, operator=operator)
        self._step(Mode(mode, for_ms), self._book.now().mono)
        self._publish(notices.lane_changed(self.state))

    def release(
        self, direction: Direction, why: str | None, operator: str | None = None
    ) -> Fact | None:
        """Staff open the arm once, without any code, or (no ``why``) try it: recorded first, counted as nobody's.

        None = it cannot turn now.

        Raises:
            StoreError: it cannot be recorded, so the arm stays shut.
        """
        self.tick()
        if not lane.may_turn(self.state, direction, is_test=why is None):
            return None
        reading, ledger, gate = self._book.now(), self._ports.ledger, self._ports.lookups.gate
        fact = release_fact(ledger.next_identity(), reading, gate, direction, operator, why)
        ledger.append((fact,))
        self._step(Granted(fact.seq, direction, is_test=why is None), reading.mono)
        self._publish(notices.released(fact))
        return fact

    def repaired(self, operator: str | None = None) -> bool:
        """A technician clears *out of order*; False when the lane was in order."""
        if Block.OUT_OF_ORDER not in self.state.blocks:
            return False
        self._book.note(FactKind.LANE_MODE, note=REPAIRED, operator=operator)
        self._step(Repaired(), self._book.now().mono)
        self._publish(notices.lane_changed(self.state))
        return True

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The ways that this lane controls."""
        return self._settings.directions()

    @property
    def doubts(self) -> tuple[str, ...]:
        """Codes of what is wrong now; empty when all is well."""
        return self._doubts.open_codes

    def note(self, kind: FactKind, **fields: Any) -> None:
        """Record something that is no scan (start, stop, clock, alarm)."""
        self._book.note(kind, **fields)

    # --- deciding -------------------------------------------------------------------------------

    def _judge(self, asked: Asked, now: ClockReading) -> Answer:
        direction = asked.scan.direction
        decision = decide(asked.scan, asked.facts, self._ports.lookups.policy, asked.reading)
        answer = self._record(self._noted(decision), asked, now)
        self._asking.last = asked, answer
        self._open(answer, asked.cleaned, direction, now)
        return self._show(answer, direction)

    def _noted(self, decision: Decision) -> Decision:
        if self.state.mode is LaneMode.FREE:
            return replace(decision, flags=(*decision.flags, Flag.LANE_FREE.value))
        return decision

    def _record(self, decision: Decision, asked: Asked, reading: ClockReading) -> Answer:
        facts, direction, ledger = asked.facts, asked.scan.direction, self._ports.ledger
        try:
            fact = scanned(
                decision,
                facts.presented,
                ledger.next_identity(),
                reading,
                facts.gate,
                direction,
                asked.operator,
                is_watched=self._watches(direction),
            )
            ledger.append((fact,), self._ports.lookups.encode_local(facts, reading))
        except StoreError as error:
            refused = self._unrecorded_answer(decision, error)
            if may_open(refused.decision):
                self._passages.write_later(unwritten(refused.decision, facts, reading))
            return refused
        self._doubts.recording.all_settled()
        return Answer(decision, fact)

    def _watches(self, direction: Direction) -> bool:
        return self.state.mode is not LaneMode.FREE and self._settings.watches(direction)

    def _unrecorded_answer(self, decision: Decision, error: StoreError) -> Answer:
        self.counts.not_recorded += 1
        self._book.cannot_record(error)
        return Answer(not_recorded(decision), None)

    # --- acting ---------------------------------------------------------------------------------

    def _open(
        self, answer: Answer, cleaned: bytes, direction: Direction, reading: ClockReading
    ) -> None:
        """Release the arm if the answer does. What has no fact can only be an exit: it must open all the same."""
        if may_open(answer.decision):
            seq = UNRECORDED if answer.fact is None else answer.fact.seq
            self._grant(seq, answer.decision.persons, cleaned, direction, reading)

    def _grant(
        self, seq: Seq, persons: int, cleaned: bytes, direction: Direction, reading: ClockReading
    ) -> None:
        self._passages.await_passage(seq, cleaned, direction)
        self._step(Granted(seq, direction, persons), reading.mono)
        if self.state.grant is None:
            self._passages.over(seq)

    def _show(self, answer: Answer, direction: Direction) -> Answer:
        face = FACES[answer.decision.outcome]
        self._ports.indicator.show(face.colour, face.sound)
        self._publish(notices.answered(answer.decision, answer.fact, direction))
        return answer

    def _step(self, event: Input, at_ms: int) -> None:
        before = self.state
        self.state, actions = lane.step(before, event, at_ms, self._settings)
        for action in actions:
            self._carry_out(action)
        grant = before.grant
        if grant is not None and self.state.grant is None:
            self._passages.over(grant.seq)

    def _carry_out(self, action: Action) -> None:
        if isinstance(action, StartPulse | HoldOpen | Lock):
            self._arm.move(action)
        else:
            self._write_down(action)

    def _arm_failed(self, error: DeviceError) -> None:
        self._book.note(FactKind.ALARM, note=error.code)
        self._publish(notices.alarm(error.code, error.message))

    def _write_down(self, action: RecordPassed | RecordNotPassed | RecordMode | Alarm) -> None:
        match action:
            case RecordMode(mode):
                self._book.note(FactKind.LANE_MODE, note=mode.value)
                self._publish(notices.lane_changed(self.state))
            case RecordPassed(seq, persons):
                self._passages.passed(seq, persons)
            case RecordNotPassed(seq, persons):
                self._passages.not_passed(seq, persons)
            case Alarm(code, direction, seq):
                about = seq or None
                self._book.note(
                    FactKind.ALARM, note=code.value, direction=direction, refers_to=about
                )
                LOG.warning("alarm %s", code.value, extra={"code": code.value, "seq": about})
                self._publish(notices.alarm(code.value, code.value))
