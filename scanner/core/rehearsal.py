"""A rehearsal: a story told to lanes, and where their answers are not what the story expects.

Law: pure as long as its lanes are. One runner for both ways through: it knows the site, the order of steps and what is
expected, and asks the lanes, which are those of the pure core (`scanner.core.rehearsal_lane`) or whole gates. Nothing
of the machine is looked at: the same file gives the same report.

Source: docs/rehearsal.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, assert_never

from scanner.core.clock import ClockState
from scanner.core.rehearsal_codes import payload
from scanner.core.rehearsal_lane import Answered, CoreLane
from scanner.core.rehearsal_script import (
    IGNORED,
    ChangeEvent,
    ChangeGrant,
    Cut,
    EndPassage,
    ExpectCounts,
    Expected,
    GateMode,
    Join,
    LaneStep,
    Restart,
    Revoke,
    ScanStep,
    Script,
    ScriptGate,
    SetClock,
    SetDisk,
    SetMode,
    SiteStep,
    Step,
)
from scanner.core.rehearsal_site import Counts, RehearsedSite
from scanner.core.units import Instant
from scanner.core.unlisted import NO_GRANT


class RehearsedLane(Protocol):
    """A lane that a story can be told to."""

    def go_to(self, at: Instant) -> None:
        """True time goes by."""

    def scan(self, step: ScanStep, payload: bytes) -> Answered | None:
        """What the lane says to what it reads, and staff to that; None = no new scan."""

    def end_passage(self, *, has_turned: bool) -> None:
        """What is pending ends."""

    def set_clock(self, state: ClockState, wall: Instant | None) -> None:
        """What the clock is worth, and shows."""

    def meet(self) -> None:
        """In contact again: the central tells the time."""

    def set_mode(self, mode: GateMode) -> None:
        """Staff change the mode, or the lane fails."""

    def set_disk(self, *, is_full: bool) -> None:
        """The disk takes no scan any more, or does again."""

    def restart(self) -> None:
        """A power cut and a start."""


BuildLane = Callable[[str, ScriptGate, Script, RehearsedSite], RehearsedLane]


@dataclass(frozen=True, slots=True)
class Miss:
    """One expectation that does not hold."""

    name: str
    expected: object
    got: object


@dataclass(frozen=True, slots=True)
class StepReport:
    """A step as it went. ``answered`` None: no scan, or no new one. ``counts`` only where they were asked for."""

    step: Step
    misses: tuple[Miss, ...] = ()
    answered: Answered | None = None
    counts: Counts | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The whole story as it went."""

    script: Script
    steps: tuple[StepReport, ...]

    @property
    def holds(self) -> bool:
        """True when every expectation does."""
        return not any(step.misses for step in self.steps)


def run(script: Script, build_lane: BuildLane = CoreLane) -> Report:
    """Tell the story."""
    site = RehearsedSite(script)
    lanes = {name: build_lane(name, gate, script, site) for name, gate in script.gates.items()}
    return Report(script, tuple(_told(step, script, site, lanes) for step in script.steps))


def _told(
    step: Step, script: Script, site: RehearsedSite, lanes: Mapping[str, RehearsedLane]
) -> StepReport:
    site.go_to(step.place.at)
    for lane in lanes.values():
        lane.go_to(step.place.at)
    if isinstance(step, ScanStep):
        return _scanned(step, script, site, lanes[step.gate])
    if isinstance(step, ExpectCounts):
        counts = site.counts()
        return StepReport(step, tuple(_miscounted(step, counts, script)), counts=counts)
    _do(step, site, lanes)
    return StepReport(step)


def _scanned(
    step: ScanStep, script: Script, site: RehearsedSite, lane: RehearsedLane
) -> StepReport:
    owner = site.owner_of(step.shown.code)
    shown = payload(step.shown, owner, script, step.place.at, site.next_seq)
    answered = lane.scan(step, shown)
    return StepReport(step, tuple(_missed(step.expected, answered, script)), answered)


def _do(step: SiteStep | LaneStep, site: RehearsedSite, lanes: Mapping[str, RehearsedLane]) -> None:
    match step:
        case Cut(_, gates):
            site.cut(gates)
        case Join(_, gates):
            for gate in gates:
                lanes[gate].meet()
            site.join(gates)
        case Revoke(_, code):
            site.revoke(code)
        case ChangeGrant(_, grant, is_review):
            site.change_grant(grant, is_review=is_review)
        case ChangeEvent(_, event):
            site.change_event(event)
        case _:
            _do_at_lane(step, site, lanes)


def _do_at_lane(step: LaneStep, site: RehearsedSite, lanes: Mapping[str, RehearsedLane]) -> None:
    match step:
        case SetClock(_, gate, state, wall):
            site.refresh()
            lanes[gate].set_clock(state, wall)
        case EndPassage(_, gate, has_turned):
            lanes[gate].end_passage(has_turned=has_turned)
        case Restart(_, gate):
            lanes[gate].restart()
        case SetMode(_, gate, mode):
            lanes[gate].set_mode(mode)
        case SetDisk(_, gate, is_full):
            lanes[gate].set_disk(is_full=is_full)
        case _:
            assert_never(step)


def _missed(expected: Expected, answered: Answered | None, script: Script) -> Iterator[Miss]:
    got = shown_answer(answered, script)
    asked = {
        "expect": expected.answer,
        "reason": expected.reason,
        "flags": expected.flags,
        "remaining": expected.remaining,
        "charged": expected.charged,
        "seat": expected.seat,
        "grant": expected.grant,
    }
    for name, value in asked.items():
        if value is not None and got[name] != value:
            yield Miss(name, value, got[name])


def shown_answer(answered: Answered | None, script: Script) -> dict[str, object]:
    """An answer in the words of a file."""
    if answered is None:
        nothing = dict.fromkeys(("reason", "remaining", "seat", "grant"))
        return {"expect": IGNORED, "flags": frozenset(), "charged": 0, **nothing}
    decision = answered.decision
    return {
        "expect": decision.outcome.value,
        "reason": decision.reason.value,
        "flags": frozenset(decision.flags),
        "remaining": decision.remaining,
        "charged": answered.charged,
        "seat": decision.seat,
        "grant": script.grant_names.get(decision.grant_no or NO_GRANT),
    }


def _miscounted(step: ExpectCounts, counts: Counts, script: Script) -> Iterator[Miss]:
    inside = {name: counts.inside.get(zone_no, 0) for name, zone_no in script.zones.items()}
    for name, expected, got in (
        ("used", step.used, counts.used),
        ("overuse", step.overuse, counts.overuse),
        ("inside", step.inside, inside),
    ):
        for of, number in expected.items():
            if got[of] != number:
                yield Miss(f"{name}.{of}", number, got[of])
