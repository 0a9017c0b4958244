"""The steps of the set-up wizard, and how far each is: from what is found now, never from what was found once.

Law: pure. A person's word about the arm, its sensor or the camera holds only for the wires it was given about: change a
line, and it is asked again. A step that was passed over stands as passed over, and is none that was done.

Source: docs/console.md, "Set-up"; docs/adr/0018-the-wizard-has-a-bench-of-its-own.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scanner.installing.progress import Progress


class Step(StrEnum):
    """In their order."""

    NETWORK = "network"
    ENROLMENT = "enrolment"
    DIRECTION = "direction"
    RELAY = "relay"
    SENSOR = "sensor"
    CAMERA = "camera"
    SCAN = "scan"


STEPS = tuple(Step)
NEEDED = (Step.ENROLMENT, Step.DIRECTION)
"""Without these there is no gate that could go into service."""


class State(StrEnum):
    """How far a step is."""

    OPEN = "open"
    DONE = "done"
    DOUBT = "doubt"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, slots=True)
class Standing:
    """One step: how far, and why in one word (a key of the screens' texts, or an error's code)."""

    state: State
    why: str = ""


OPEN = Standing(State.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is found now.

    ``reach``: ``ok``, a fault's code, empty = not tried yet. ``about``: what a person's word on a step is about, by
    step; an empty text = nothing is fitted.
    """

    reach: str = ""
    is_enrolled: bool = False
    is_revoked: bool = False
    snapshot_seq: int = 0
    has_ways: bool = False
    is_in_service: bool = False
    about: Mapping[str, str] = field(default_factory=dict)


def standings(facts: Facts, progress: Progress) -> dict[Step, Standing]:
    """How far every step is."""
    found = dict(_found(facts, progress))
    return {
        step: Standing(State.PASSED_OVER)
        if step in progress.passed_over and standing.state is not State.DONE
        else standing
        for step, standing in found.items()
    }


def _found(facts: Facts, progress: Progress) -> Iterator[tuple[Step, Standing]]:
    yield Step.NETWORK, _network(facts)
    yield Step.ENROLMENT, _enrolment(facts)
    yield Step.DIRECTION, Standing(State.DONE) if facts.has_ways else OPEN
    for step in (Step.RELAY, Step.SENSOR, Step.CAMERA):
        yield step, _told(step, facts, progress)
    yield Step.SCAN, _told(Step.SCAN, facts, progress)


def _network(facts: Facts) -> Standing:
    if facts.reach == "ok":
        return Standing(State.DONE)
    if facts.reach:
        return Standing(State.DOUBT, facts.reach)
    return OPEN


def _enrolment(facts: Facts) -> Standing:
    if facts.is_revoked:
        return Standing(State.DOUBT, "revoked")
    if not facts.is_enrolled:
        return OPEN
    return Standing(State.DONE) if facts.snapshot_seq else Standing(State.DOUBT, "no_snapshot")


def _told(step: Step, facts: Facts, progress: Progress) -> Standing:
    """A step whose result only a person, or a passage, can tell."""
    if step is not Step.SCAN and not facts.has_ways:
        return OPEN
    about, word = facts.about.get(step, ""), progress.words.get(step)
    if step is Step.SCAN and not about:
        return OPEN
    if not about:
        return Standing(State.DONE, "not_fitted")
    if word is None:
        return OPEN
    if word.about != about:
        return Standing(State.DOUBT, "changed")
    return Standing(State.DONE) if word.is_good else Standing(State.DOUBT, "not_good")


def missing(found: Mapping[Step, Standing]) -> tuple[Step, ...]:
    """What keeps this gate from going into service."""
    return tuple(step for step in NEEDED if found[step].state is not State.DONE)
