"""A rehearsal through whole gates: real ledger, real base files, look-ups, lane loop and simulated turnstile.

Law: the story is the same, told by the same runner; only the lanes are others. Each lane has folders of its own in a
scratch folder that is gone afterwards. What other lanes told comes from a source of facts, as sync leaves it.

Source: docs/rehearsal.md, "Through a whole gate".
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from hardware.indicator import NullIndicator
from scanner.core.clock import ClockState
from scanner.core.events import Fact
from scanner.core.fact_book import FactBook
from scanner.core.lane_state import LaneMode
from scanner.core.rehearsal import Report, run
from scanner.core.rehearsal_clock import RehearsedClock
from scanner.core.rehearsal_lane import OPERATOR, SETTLE_MS, Answered, lane_settings, role_of
from scanner.core.rehearsal_script import GateMode, Passage, ScanStep, Script, ScriptGate
from scanner.core.rehearsal_site import RehearsedSite, Snapshot
from scanner.core.tally import Offsets
from scanner.core.units import CredentialKey, DeviceId, EventNo, GrantNo, Instant
from scanner.fact_source import Vector
from scanner.lane_loop import Lane
from scanner.lane_parts import LanePorts, Read
from scanner.lane_start import begin
from scanner.lookups import Lookups
from scanner.records.ledger import Ledger
from scanner.rehearsing.rehearsal_arm import RehearsedArm, RehearsedDisk
from scanner.rehearsing.rehearsal_base import enrol, place

MEMORY = Path("/dev/shm")  # noqa: S108 - where there is one, a scratch folder of our own is made in it
"""A disk that forgets costs no waiting; a rehearsal leaves nothing behind anyway."""


def run_through_gate(script: Script) -> Report:
    """Tell the story to whole gates."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with (
        TemporaryDirectory(prefix="portillon-rehearsal-", dir=memory) as scratch,
        ExitStack() as open_,
    ):

        def build(name: str, of: ScriptGate, script: Script, site: RehearsedSite) -> GateLane:
            folder = Path(scratch) / str(of.gate.gate_no)
            return open_.enter_context(GateLane(name, of, script, site, folder))

        return run(script, build)


class PeerFacts:
    """Fits `scanner.fact_source.FactSource`: what a lane has heard of other lanes."""

    def __init__(self, name: str, site: RehearsedSite) -> None:
        self._name = name
        self._site = site

    def of_grant(self, grant_no: GrantNo, _above: Vector) -> list[Fact]:
        """What counts on this grant."""
        return self._of_others(self._book.of(grant_no))

    def of_key(self, key: CredentialKey, _above: Vector) -> list[Fact]:
        """What counts on this key without a grant."""
        return self._of_others(self._book.of(key.hex()))

    def on_seat(self, event_no: EventNo, seat: str, _above: Vector) -> list[Fact]:
        """Entries on this seat at this event."""
        return self._of_others(self._book.on_seat(event_no, seat))

    def offsets(self, _above: Vector) -> Offsets:
        """Clock corrections."""
        return self._book.offsets

    @property
    def _book(self) -> FactBook:
        return self._site.known_to(self._name).book

    def _of_others(self, facts: Sequence[Fact]) -> list[Fact]:
        return [fact for fact in facts if fact.device != self._name]


class GateLane:
    """One lane with everything a gate has but a camera. Fits `scanner.core.rehearsal.RehearsedLane`."""

    def __init__(
        self, name: str, of: ScriptGate, script: Script, site: RehearsedSite, folder: Path
    ) -> None:
        self.name = name
        self._of = of
        self._script = script
        self._site = site
        self._folder = folder
        self._clock = RehearsedClock(name, script.starts_at, has_rtc=of.has_rtc)
        self._is_full = False
        self._is_faulty = False
        self._snapshot: Snapshot | None = None

    def __enter__(self) -> Self:
        enrol(self._folder / "cache", self.name, self._of.gate.gate_no)
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def go_to(self, at: Instant) -> None:
        """True time goes by."""
        self._clock.go_to(at)

    def scan(self, step: ScanStep, payload: bytes) -> Answered | None:
        """What the lane says to what it reads, and staff to that; None = no new scan."""
        self._follow()
        self._arm.walks = step.passage is Passage.TURNED
        was_pending = self._lane.state.grant is not None
        answer = self._lane.read(
            Read(payload), step.direction, step.party, is_inspection=step.is_inspection
        )
        if answer is None:
            return None
        charged = 0 if answer.fact is None else answer.fact.charged
        if step.override is not None:
            override, fact = self._lane.override(step.override, role_of(step.override), OPERATOR)
            charged += 0 if fact is None else override.charged
        if not was_pending:
            self._settle(step.passage if self._of.is_watched else Passage.TURNED)
        return Answered(answer.decision, charged)

    def end_passage(self, *, has_turned: bool) -> None:
        """What is pending ends."""
        grant = self._lane.state.grant
        if grant is not None and has_turned:
            self._arm.walks = True
            self._arm.push(grant.direction.value)
        self._settle(Passage.TURNED if has_turned else Passage.NOT_TURNED)

    def set_clock(self, state: ClockState, wall: Instant | None) -> None:
        """The story says what the clock is worth."""
        self._clock.set(state, wall)
        self._lane.tick()

    def meet(self) -> None:
        """In contact again: the central tells the time."""
        self._clock.contact()
        self._lane.tick()

    def set_mode(self, mode: GateMode) -> None:
        """Staff change the mode, or the lane fails."""
        self._is_faulty = mode is GateMode.FAULT
        self._touch_fire()
        if not self._is_faulty:
            self._lane.set_mode(LaneMode(mode.value), OPERATOR)

    def set_disk(self, *, is_full: bool) -> None:
        """The disk takes no scan any more, or does again."""
        self._is_full = self._disk.is_full = is_full

    def restart(self) -> None:
        """A power cut and a start."""
        floor = self._ledger.floor_at or Instant(0)
        created_at = self._site.known_to(self.name).snapshot.mark.created_at
        self._open.close()
        is_in_contact = self._site.is_in_contact(self.name)
        self._clock.restart(max(created_at, floor), is_in_contact=is_in_contact)
        self._start()

    def _start(self) -> None:
        self._open = ExitStack()
        self._ledger = self._open.enter_context(
            Ledger.open(self._folder / "ledger", DeviceId(self.name))
        )
        self._disk = RehearsedDisk(self._ledger, self._folder, self._tell)
        self._disk.is_full = self._is_full
        self._follow()
        peers = PeerFacts(self.name, self._site)
        lookups = Lookups(self._folder / "cache", self._ledger.own, peers)
        self._open.callback(lookups.close)
        self._arm = RehearsedArm(self._clock, is_watched=self._of.is_watched)
        self._open.callback(self._arm.close)
        ports = LanePorts(
            clock=self._clock,
            ledger=self._disk,
            lookups=lookups,
            turnstile=self._arm,
            indicator=NullIndicator(),
        )
        self._lane = Lane(ports, lane_settings(is_watched=self._of.is_watched))
        begin(self._lane, self._ledger, "rehearsal")
        self._touch_fire()

    def _tell(self, facts: Sequence[Fact]) -> None:
        self._site.record(self.name, facts)

    def _follow(self) -> None:
        """Bring in the newest snapshot that reaches this lane."""
        snapshot = self._site.known_to(self.name).snapshot
        if self._snapshot is None or snapshot.mark != self._snapshot.mark:
            place(self._folder / "cache", snapshot, self._script, self._snapshot)
            self._snapshot = snapshot
        self._clock.learn(snapshot.mark.created_at)

    def _touch_fire(self) -> None:
        self._arm.set_fire(active=self._is_faulty)
        self._lane.tick()

    def _settle(self, passage: Passage) -> None:
        """The arm turns, or nobody comes; of what is pending nothing is known yet."""
        if passage is Passage.NOT_TURNED:
            self._lane.give_up()
        while passage is Passage.TURNED and self._lane.state.grant is not None:
            self._clock.ahead_ms += SETTLE_MS
            self._arm.run(SETTLE_MS)
            self._lane.tick()
        self._clock.ahead_ms = 0
