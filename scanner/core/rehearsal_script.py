"""What a rehearsal is made of: a site, its lanes and rights, and the steps of a story, as values.

Law: frozen, complete and sound: whoever makes one (`scanner.rehearsing.rehearsal_file`) has refused everything that is
not. Names are those of the file; numbers are given out once, in the order of the file, and are the site's.

Source: docs/rehearsal.md, "The format".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scanner.core.clock import ClockState
from scanner.core.grants import AccessGrant, Event, EventException, Gate, TicketType
from scanner.core.override import StaffAnswer
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.units import Direction, EventNo, GrantNo, Instant, RuleNo, ScopeNo, TypeNo, ZoneNo

IGNORED = "IGNORED"
"""What is expected of a read that is no new scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptGate:
    """A lane. ``has_rtc``: its clock survives a power cut."""

    gate: Gate
    is_watched: bool = False
    has_rtc: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptGrant:
    """A right as the central knows it.

    Attributes:
        name: what the file calls it.
        codes: what its credentials are called, the rotating ones without their prefix.
        rotating: those of them that are shown as a rotating code.
        is_signed: the others are shown as signed tickets, not as card numbers.
        is_listed: the snapshot has a row of it.
        used: charged entries before the first step.
        last_used_at: the last of them.
    """

    name: str
    grant: AccessGrant
    codes: tuple[str, ...]
    rotating: frozenset[str] = frozenset()
    is_signed: bool = False
    is_listed: bool = True
    exceptions: tuple[EventException, ...] = ()
    used: int = 0
    last_used_at: Instant | None = None


class Signer(StrEnum):
    """Who signed the ticket that is shown."""

    OWN = "own"
    OTHER = "other"
    REVOKED = "revoked"
    OTHER_SITE = "other_site"


class Passage(StrEnum):
    """What happens at the arm after it was released."""

    TURNED = "turned"
    NOT_TURNED = "not_turned"
    PENDING = "pending"


class GateMode(StrEnum):
    """What a lane is set to; a fault is not chosen by anybody, but may be rehearsed."""

    NORMAL = "normal"
    CLOSED = "closed"
    FREE = "free"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands in its file, and when it happens."""

    index: int
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is held before the reader: the bytes themselves, or the credential of a code."""

    code: str = ""
    raw: bytes | None = None
    is_rotating: bool = False
    is_tampered: bool = False
    signer: Signer = Signer.OWN
    renewal_until: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the file says of an answer; None = nothing."""

    answer: str | None = None
    reason: str | None = None
    flags: frozenset[str] | None = None
    remaining: int | None = None
    charged: int | None = None
    seat: str | None = None
    grant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStep:
    """Somebody shows something at a lane."""

    place: Place
    gate: str
    shown: Shown
    direction: Direction = Direction.IN
    party: int = 1
    passage: Passage = Passage.TURNED
    override: StaffAnswer | None = None
    is_inspection: bool = False
    expected: Expected = field(default_factory=Expected)


@dataclass(frozen=True, slots=True)
class Cut:
    """These lanes lose contact with the central and each other."""

    place: Place
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """Contact is back; both sides exchange everything."""

    place: Place
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revoke:
    """The central withdraws a code."""

    place: Place
    code: str


@dataclass(frozen=True, slots=True)
class ChangeGrant:
    """The central's row is another from now on. ``is_review``: its state was set anew, so a block is lifted."""

    place: Place
    grant: ScriptGrant
    is_review: bool


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """The central's event is another from now on."""

    place: Place
    event: Event


@dataclass(frozen=True, slots=True)
class SetClock:
    """What a lane's clock is worth, and (unless None) shows."""

    place: Place
    gate: str
    state: ClockState
    wall: Instant | None


@dataclass(frozen=True, slots=True)
class EndPassage:
    """A pending passage ends: the arm turned, or it did not in time."""

    place: Place
    gate: str
    has_turned: bool


@dataclass(frozen=True, slots=True)
class Restart:
    """A power cut and a start."""

    place: Place
    gate: str


@dataclass(frozen=True, slots=True)
class SetMode:
    """Staff change a lane's mode, or it fails."""

    place: Place
    gate: str
    mode: GateMode


@dataclass(frozen=True, slots=True)
class SetDisk:
    """A lane's disk fills up, or is emptied."""

    place: Place
    gate: str
    is_full: bool


@dataclass(frozen=True, slots=True)
class ExpectCounts:
    """What the central must have counted by now: charged by grant, overuse by grant, people inside by zone."""

    place: Place
    used: Mapping[str, int]
    overuse: Mapping[str, int]
    inside: Mapping[str, int]


SiteStep = Cut | Join | Revoke | ChangeGrant | ChangeEvent
LaneStep = SetClock | EndPassage | Restart | SetMode | SetDisk
Step = ScanStep | ExpectCounts | SiteStep | LaneStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One file. Gates, grants and names by what the file calls them; rules, types and events by number."""

    title: str
    policy: SitePolicy
    gates: Mapping[str, ScriptGate]
    zones: Mapping[str, ZoneNo]
    rules: Mapping[RuleNo, ScanRule]
    types: Mapping[TypeNo, TicketType]
    scopes: Mapping[ScopeNo, frozenset[EventNo] | None]
    """A season's events; None = every event."""
    events: Mapping[EventNo, Event]
    event_names: Mapping[EventNo, str]
    grants: Mapping[str, ScriptGrant]
    grant_names: Mapping[GrantNo, str]
    steps: tuple[Step, ...]

    @property
    def starts_at(self) -> Instant:
        """When the first step happens."""
        return self.steps[0].place.at if self.steps else Instant(0)
