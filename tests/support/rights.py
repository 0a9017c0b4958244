"""Builders for decisions: a site in Paris, one gate, one right, and anything a test wants different.

Law: every builder gives the plainest legal value; a test names only what it is about. Times are wall times of the site.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockReading, ClockState
from scanner.core.credential import CredentialKind
from scanner.core.events import Fact, FactKind
from scanner.core.grants import AccessGrant, Event, EventException, Gate, SnapshotMark, TicketType
from scanner.core.question import (
    Facts,
    GrantFacts,
    Presented,
    Scan,
    Scope,
    SeatEntry,
    UnlistedFacts,
)
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.tally import Mark, Movement, Tally, fold
from scanner.core.token import Claims
from scanner.core.units import (
    BootId,
    CredentialKey,
    DeviceId,
    Direction,
    Epoch,
    EventNo,
    GateNo,
    GrantNo,
    Instant,
    LaneReadiness,
    MonoMs,
    RuleNo,
    Seq,
    SnapshotSeq,
    TypeNo,
    ZoneNo,
)

PARIS = SiteCalendar("Europe/Paris")
MAIN, EXPO = ZoneNo(1), ZoneNo(2)
ANNUAL = TypeNo(7)
KEY = CredentialKey(bytes(range(16)))
NOON = "2026-03-10 12:00"
"""When a scan happens unless a test says otherwise: a Tuesday in winter time."""

THIS_BOOT, OLD_BOOT = BootId("this-boot"), BootId("old-boot")
HERE, EPOCH = DeviceId("lane-1"), Epoch("epoch-1")


def gate(**fields: Any) -> Gate:
    """A lane of the main zone for both directions and every type; ``fields`` as in `Gate`."""
    plain = {"gate_no": GateNo(1), "name": "North 1", "zone_no": MAIN, "direction": None}
    return Gate(**(plain | fields))


GATE = gate()


def scope(*event_nos: int, last_doors_from: str | None = None) -> Scope:
    """A season of these events."""
    last = None if last_doors_from is None else at(last_doors_from)
    return Scope(event_nos=frozenset(map(EventNo, event_nos)), last_doors_from=last)


def at(wall: str, *, site: SiteCalendar = PARIS, second: bool = False) -> Instant:
    """The instant of a wall time such as ``2026-03-10 12:00``."""
    return site.instant(datetime.fromisoformat(wall), second=second)


def reading(
    wall: str | Instant = NOON,
    state: ClockState = ClockState.TRUSTED,
    floor: str | Instant | None = None,
    mono: int | None = None,
    boot: BootId = THIS_BOOT,
    site: SiteCalendar = PARIS,
) -> ClockReading:
    """A clock reading; its monotonic time counts from the epoch unless given."""
    now = at(wall, site=site) if isinstance(wall, str) else wall
    least = at(floor, site=site) if isinstance(floor, str) else floor
    return ClockReading(
        now=now,
        mono=MonoMs(now if mono is None else mono),
        boot=boot,
        state=state,
        floor=now if least is None else least,
    )


def untrusted(wall: str = NOON, floor: str | None = None, mono: int | None = None) -> ClockReading:
    """A reading after a start without contact and without a clock chip."""
    return reading(wall, ClockState.UNTRUSTED, floor, mono)


def policy(site: SiteCalendar = PARIS, **fields: Any) -> SitePolicy:
    """A site's settings; ``fields`` as in `SitePolicy`."""
    return SitePolicy(calendar=site, **fields)


def rule(**fields: Any) -> ScanRule:
    """A scan rule without any limit; ``fields`` as in `ScanRule`."""
    return ScanRule(**({"rule_no": RuleNo(1), "max_total": None} | fields))


def grant(**fields: Any) -> AccessGrant:
    """A right that is always valid everywhere; ``fields`` as in `AccessGrant`, ``valid_*`` and ``grace_until`` also
    as wall times."""
    instants = {
        name: at(value) if isinstance(value, str) else value
        for name, value in fields.items()
        if name in {"valid_from", "valid_until", "grace_until"}
    }
    plain = {"grant_no": GrantNo(1), "rule_no": RuleNo(1), "type_no": ANNUAL}
    return AccessGrant(**(plain | fields | instants))


def mark(
    wall: str | Instant, seq: int = 1, boot: BootId = OLD_BOOT, mono: int | None = None
) -> Mark:
    """When and where something happened."""
    moment = at(wall) if isinstance(wall, str) else wall
    elapsed = MonoMs(moment if mono is None else mono)
    return Mark(moment, HERE, EPOCH, Seq(seq), GATE.gate_no, boot, elapsed)


def entry(
    wall: str | Instant,
    *,
    charged: int = 1,
    persons: int = 1,
    zone: ZoneNo = MAIN,
    event: int | None = None,
    boot: BootId = OLD_BOOT,
    mono: int | None = None,
) -> Movement:
    """An entry that stands."""
    event_no = None if event is None else EventNo(event)
    when = mark(wall, boot=boot, mono=mono)
    return Movement(when, Direction.IN, zone, charged, persons, event_no)


def leave(wall: str | Instant, *, zone: ZoneNo = MAIN, boot: BootId = OLD_BOOT) -> Movement:
    """An exit that stands."""
    return Movement(mark(wall, boot=boot), Direction.OUT, zone, 0, 1, None)


def counts(*movements: Movement, site: SiteCalendar = PARIS) -> dict[ZoneNo, Tally]:
    """The tallies of some entries and exits, by zone."""
    return fold({}, movements, site)


def right(
    given: AccessGrant | None = None,
    limits: ScanRule | None = None,
    history: Iterable[Movement] = (),
    site: SiteCalendar = PARIS,
    season: Scope | None = None,
    exceptions: Iterable[EventException] = (),
) -> GrantFacts:
    """One right with its history; what of it is of this boot is in the boot's tallies too."""
    movements = tuple(history)
    own = [movement for movement in movements if movement.mark.boot == THIS_BOOT]
    return GrantFacts(
        grant=given or grant(),
        rule=limits or rule(),
        tallies=counts(*movements, site=site),
        boot_tallies=counts(*own, site=site),
        scope=season,
        exceptions={exception.event_no: exception for exception in exceptions},
    )


def opaque(key: CredentialKey | None = KEY, **fields: Any) -> Presented:
    """A card number; ``fields`` as in `Presented`."""
    return Presented(kind=CredentialKind.OPAQUE, key=key, **fields)


def claims(**fields: Any) -> Claims:
    """What a ticket says; ``fields`` as in `Claims`."""
    return Claims(**({"credential_id": bytes(16), "type_no": ANNUAL} | fields))


def signed(**fields: Any) -> Presented:
    """A signed ticket with a good signature; ``fields`` as in `Presented`, ``claims`` also as a mapping."""
    said = fields.pop("claims", None) or {}
    stated = claims(**said) if isinstance(said, Mapping) else said
    plain: dict[str, Any] = {"kind": CredentialKind.SIGNED, "key": KEY, "claims": stated}
    return Presented(**(plain | fields))


def unlisted(
    limits: ScanRule | None = None, history: Iterable[Movement] = (), **fields: Any
) -> UnlistedFacts:
    """What is known of a ticket without a row; ``fields`` as in `TicketType`."""
    plain = {"type_no": ANNUAL, "rule_no": RuleNo(1), "name": "Annual"}
    return UnlistedFacts(
        ticket_type=TicketType(**(plain | fields)),
        rule=limits or rule(),
        tallies=counts(*history),
    )


def snapshot(wall: str = NOON, seq: int = 100) -> SnapshotMark:
    """The snapshot a decision is judged by."""
    return SnapshotMark(seq=SnapshotSeq(seq), created_at=at(wall))


def facts(*rights: GrantFacts, **fields: Any) -> Facts:
    """Everything known; ``fields`` as in `Facts`."""
    plain: dict[str, Any] = {
        "gate": GATE,
        "lane": LaneReadiness.READY,
        "presented": opaque(),
        "snapshot": snapshot(),
        "grants": rights,
    }
    return Facts(**(plain | fields))


def event(
    event_no: int = 1,
    starts: str = "2026-03-10 13:00",
    doors: tuple[str, str] = ("2026-03-10 11:00", "2026-03-10 15:00"),
    **fields: Any,
) -> Event:
    """An event whose doors are open at noon; ``fields`` as in `Event`."""
    return Event(
        event_no=EventNo(event_no),
        starts_at=at(starts),
        ends_at=at(doors[1]),
        doors_from=at(doors[0]),
        doors_until=at(doors[1]),
        **fields,
    )


def seat_taken(
    seat: str = "A-12", event_no: int = 1, grant_no: int | None = 99, key: bytes | None = None
) -> SeatEntry:
    """Somebody's entry on a seat."""
    holder = None if grant_no is None else GrantNo(grant_no)
    return SeatEntry(EventNo(event_no), seat, holder, key.hex() if key else None)


def fact(
    kind: FactKind = FactKind.SCAN,
    wall: str | Instant = NOON,
    seq: int = 1,
    device: DeviceId = HERE,
    **fields: Any,
) -> Fact:
    """A fact as a lane records it; ``fields`` as in `Fact`."""
    moment = at(wall) if isinstance(wall, str) else wall
    plain: dict[str, Any] = {
        "device": device,
        "epoch": EPOCH,
        "seq": Seq(seq),
        "kind": kind,
        "at": moment,
        "mono_ms": MonoMs(moment),
        "boot": OLD_BOOT,
        "clock": ClockState.TRUSTED,
        "gate_no": GATE.gate_no,
        "zone_no": MAIN,
    }
    return Fact(**(plain | fields))


ENTER = Scan()
LEAVE = Scan(direction=Direction.OUT)
