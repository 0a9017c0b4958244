"""Whatever can be asked of a decision, and whatever can stand in ledgers: strategies for property tests.

Law: wide and legal. Times lie within a few weeks around a change of clocks, so that days, weeks, months, windows and
terms meet often; numbers are small, so that limits are reached.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.clock import ClockReading, ClockState
from scanner.core.credential import CredentialKind
from scanner.core.events import Fact, FactKind
from scanner.core.grants import (
    Event,
    EventException,
    EventStatus,
    Gate,
    GrantFlag,
    GrantState,
)
from scanner.core.question import GrantFacts, Presented, Scan, Scope, SeatEntry
from scanner.core.reasons import DENY_REASONS, Reason
from scanner.core.rules import (
    CounterScope,
    GraceOutcome,
    HardAgePolicy,
    Policy,
    ReentryMode,
    ScanRule,
    SitePolicy,
)
from scanner.core.tally import Movement
from scanner.core.units import (
    BootId,
    DeviceId,
    Direction,
    Epoch,
    EventNo,
    GateNo,
    GrantNo,
    Instant,
    LaneReadiness,
    MonoMs,
    ScopeNo,
    Seq,
    SnapshotSeq,
    TypeNo,
)
from scanner.core.validity import Anchor, Offset, ValidityRule
from scanner.core.windows import parse_window
from support.rights import (
    ANNUAL,
    EXPO,
    KEY,
    MAIN,
    NOON,
    OLD_BOOT,
    PARIS,
    THIS_BOOT,
    at,
    claims,
    entry,
    facts,
    gate,
    grant,
    leave,
    right,
    rule,
    snapshot,
    unlisted,
)

HOUR_MS = 3_600_000
FIRST, LAST = at("2026-03-10 00:00"), at("2026-04-05 00:00")

instants = st.integers(FIRST // HOUR_MS, LAST // HOUR_MS).map(
    lambda hours: Instant(hours * HOUR_MS)
)
sites = st.sampled_from([PARIS, SiteCalendar("Europe/Paris", "04:00"), SiteCalendar("UTC")])
limits = st.none() | st.integers(1, 3)
zone_sets = st.sampled_from([frozenset(), frozenset({MAIN}), frozenset({EXPO})])
boots = st.sampled_from([OLD_BOOT, THIS_BOOT])

windows = st.sampled_from(
    [
        (),
        (parse_window(["mon", "wed", "fri"], "09:00", "16:00"),),
        (parse_window(["sat", "sun"], "22:00", "06:00"),),
    ]
)
first_scan_terms = st.none() | st.builds(
    ValidityRule,
    anchor=st.just(Anchor.FIRST_SCAN),
    offset=st.builds(Offset, st.integers(1, 5), st.sampled_from(list(Unit))),
)


@st.composite
def some(
    draw: st.DrawFn, fields: dict[str, st.SearchStrategy[Any]], at_most: int
) -> dict[str, Any]:
    """A few of these fields with values: what differs from the plainest is little at a time."""
    names = draw(st.lists(st.sampled_from(sorted(fields)), max_size=at_most, unique=True))
    return {name: draw(fields[name]) for name in names}


LIMIT_FIELDS = (
    "max_total",
    "max_per_day",
    "max_per_week",
    "max_per_month",
    "max_per_year",
    "max_per_event",
    "max_distinct_days",
)
SHUTTING_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(LIMIT_FIELDS, limits),
    "min_interval_s": st.sampled_from([900, 86_400]),
    "counter_scope": st.just(CounterScope.ZONE),
}
"""With these each entry can only make a later one less possible."""

RULE_FIELDS: dict[str, st.SearchStrategy[Any]] = SHUTTING_FIELDS | {
    "requires_zone": st.sampled_from([MAIN, EXPO]),
    "windows": windows,
    "blackouts": st.just(frozenset({date(2026, 3, 29)})),
    "party_max": st.integers(1, 3),
    "unlisted": st.sampled_from(list(Policy)),
    "consecutive_only": st.just(value=True),
    "reentry_window_s": st.sampled_from([1_800, 86_400]),
    "reentry_mode": st.sampled_from(list(ReentryMode)),
}

limits_alone = some(SHUTTING_FIELDS, 4).map(lambda fields: rule(**fields))
rules = some(RULE_FIELDS, 5).map(lambda fields: rule(**fields))

GRANT_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "type_no": st.just(TypeNo(8)),
    "scope_no": st.just(ScopeNo(1)),
    "zones": zone_sets,
    "valid_from": instants,
    "valid_until": instants,
    "first_scan": first_scan_terms,
    "grace_until": instants,
    "seat": st.just("A-12"),
    "flags": st.frozensets(st.sampled_from(list(GrantFlag)), max_size=2),
    "deny_reason": st.sampled_from(DENY_REASONS),
    "state": st.just(GrantState.DENY),
}
grants = some(GRANT_FIELDS, 4).map(lambda fields: grant(**fields))

entries: st.SearchStrategy[Movement] = st.builds(
    entry,
    instants,
    charged=st.integers(0, 2),
    zone=st.sampled_from([MAIN, EXPO]),
    event=st.sampled_from([None, 1, 2]),
    boot=boots,
)
entries_lately: st.SearchStrategy[Movement] = st.builds(
    entry,
    st.integers(-48, 2).map(lambda hours: Instant(at(NOON) + hours * HOUR_MS)),
    charged=st.integers(0, 2),
    zone=st.sampled_from([MAIN, EXPO]),
    event=st.sampled_from([None, 1]),
)
exits: st.SearchStrategy[Movement] = st.builds(leave, instants, boot=boots)
histories = st.lists(entries | exits, max_size=3)

exceptions = st.builds(
    EventException,
    event_no=st.sampled_from([EventNo(1), EventNo(2)]),
    seat=st.sampled_from([None, "B-1"]),
    deny_reason=st.sampled_from([None, None, Reason.TRANSFERRED]),
    flags=st.none() | st.just(frozenset({GrantFlag.ID_CHECK})),
)
scopes = st.none() | st.builds(
    Scope,
    event_nos=st.none() | st.frozensets(st.sampled_from([EventNo(1), EventNo(2)])),
    last_doors_from=st.none() | instants,
)


def rights(
    limited: st.SearchStrategy[ScanRule] = rules,
) -> st.SearchStrategy[GrantFacts]:
    """A right with its history."""
    more = some({"season": scopes, "exceptions": exceptions.map(lambda one: [one])}, 2)
    return st.builds(
        lambda given, rule_, history, fields: right(given, rule_, history, **fields),
        grants,
        limited,
        histories,
        more,
    )


def _numbered(found: list[GrantFacts]) -> tuple[GrantFacts, ...]:
    return tuple(
        replace(one, grant=replace(one.grant, grant_no=GrantNo(number)))
        for number, one in enumerate(found, 1)
    )


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An event with its doors around it."""
    start = draw(instants)
    return Event(
        event_no=EventNo(draw(st.integers(1, 3))),
        starts_at=start,
        ends_at=Instant(start + 2 * HOUR_MS),
        doors_from=Instant(start - draw(st.integers(0, 200)) * HOUR_MS),
        doors_until=Instant(start + draw(st.integers(1, 200)) * HOUR_MS),
        zones=draw(zone_sets),
        status=draw(st.sampled_from([EventStatus.ON, EventStatus.ON, EventStatus.CANCELLED])),
    )


said = st.builds(
    claims,
    type_no=st.just(ANNUAL),
    not_after=st.none() | instants,
    max_total=limits,
    seat=st.sampled_from([None, "A-12"]),
    issued_seq=st.sampled_from([None, SnapshotSeq(99), SnapshotSeq(101)]),
)
problems = st.sampled_from(
    [None] * 8 + [Reason.UNREADABLE, Reason.BAD_SIGNATURE, Reason.CODE_EXPIRED, Reason.KEY_REVOKED]
)
presenteds = st.builds(
    Presented,
    kind=st.sampled_from(list(CredentialKind)),
    key=st.sampled_from([KEY, None]),
    claims=st.none() | said,
    step=st.none() | st.integers(0, 9),
    problem=problems,
)
gates: st.SearchStrategy[Gate] = st.builds(
    gate,
    direction=st.sampled_from([None, Direction.IN, Direction.OUT]),
    types=st.sampled_from([frozenset(), frozenset({ANNUAL})]),
)
seat_entries = st.builds(
    SeatEntry,
    st.just(EventNo(1)),
    st.just("A-12"),
    st.none() | st.integers(1, 9).map(GrantNo),
    st.sampled_from([None, KEY.hex()]),
)
FACT_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "gate": gates,
    "lane": st.sampled_from(list(LaneReadiness)),
    "presented": presenteds,
    "snapshot": st.sampled_from([None, snapshot("2026-03-10 12:00"), snapshot("2026-03-28 12:00")]),
    "is_revoked": st.just(True),
    "is_step_used": st.just(True),
    "unlisted": st.builds(unlisted, rules, histories),
    "events": st.lists(events(), max_size=3, unique_by=lambda event: event.event_no).map(tuple),
    "seat_entries": st.lists(seat_entries, max_size=2).map(tuple),
}
all_facts = st.builds(
    lambda given, fields: facts(*given, **fields),
    st.lists(rights(), max_size=2).map(_numbered),
    some(FACT_FIELDS, 3),
)


scans = st.builds(
    Scan,
    direction=st.sampled_from(list(Direction)),
    party=st.sampled_from([1, 1, 1, 2, 3]),
    is_inspection=st.sampled_from([False, False, True]),
)
policies = st.builds(
    SitePolicy,
    calendar=sites,
    clock_policy=st.sampled_from(list(Policy)),
    hard_age_policy=st.sampled_from(list(HardAgePolicy)),
    grace_outcome=st.sampled_from(list(GraceOutcome)),
    expires_soon_days=st.sampled_from([0, 14]),
)


@st.composite
def readings(draw: st.DrawFn, states: tuple[ClockState, ...] = tuple(ClockState)) -> ClockReading:
    """A reading that is never below its floor."""
    now = draw(instants)
    state = draw(st.sampled_from(states))
    behind = draw(st.integers(0, 400)) * HOUR_MS if state is ClockState.UNTRUSTED else 0
    return ClockReading(now, MonoMs(now), THIS_BOOT, state, Instant(now - behind))


DEVICES = (DeviceId("lane-1"), DeviceId("lane-2"))


@st.composite
def ledgers(draw: st.DrawFn) -> list[Fact]:
    """What two lanes recorded: entries, exits, refusals, and give-backs of earlier entries."""
    facts: list[Fact] = []
    for device in DEVICES:
        for seq in range(1, draw(st.integers(0, 6)) + 1):
            facts.append(draw(_fact(device, Seq(seq), facts)))
    return facts


@st.composite
def _fact(draw: st.DrawFn, device: DeviceId, seq: Seq, before: list[Fact]) -> Fact:
    own = [fact.seq for fact in before if fact.device == device and fact.movement is Direction.IN]
    moment = draw(instants)
    plain: dict[str, Any] = {
        "device": device,
        "epoch": Epoch("epoch-1"),
        "seq": seq,
        "at": moment,
        "mono_ms": MonoMs(moment - FIRST),
        "boot": BootId(f"boot-{draw(st.integers(1, 2))}"),
        "clock": ClockState.TRUSTED,
        "gate_no": GateNo(1),
        "zone_no": draw(st.sampled_from([MAIN, EXPO])),
        "persons": draw(st.integers(1, 3)),
    }
    if own and draw(st.booleans()):
        return Fact(kind=FactKind.NOT_PASSED, refers_to=draw(st.sampled_from(own)), **plain)
    movement = draw(st.sampled_from([Direction.IN, Direction.IN, Direction.OUT, None]))
    charged = draw(st.integers(0, plain["persons"])) if movement is Direction.IN else 0
    event_no = draw(st.sampled_from([None, EventNo(1)]))
    return Fact(kind=FactKind.SCAN, movement=movement, charged=charged, event_no=event_no, **plain)
