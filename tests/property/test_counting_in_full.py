"""What is folded, decided and reported as overuse is what the full list of facts says, counted anew each time."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.calendar import SiteCalendar
from scanner.core.decision import decide
from scanner.core.events import Fact, FactKind
from scanner.core.fact_book import FactBook
from scanner.core.overuse import overuse_of
from scanner.core.question import Scan
from scanner.core.reasons import Outcome
from scanner.core.rules import CounterScope, ReentryMode, ScanRule
from scanner.core.tally import Tally, fold, merge_all, resolve
from scanner.core.units import (
    BootId,
    DeviceId,
    Direction,
    EventNo,
    GrantNo,
    Instant,
    MonoMs,
    Seq,
    ZoneNo,
)
from support.examples import examples
from support.plain_counts import (
    Answer,
    Asked,
    Beyond,
    Standing,
    answer,
    has_left,
    in_scope,
    is_inside,
    overuse,
    standing,
)
from support.rights import (
    EXPO,
    MAIN,
    PARIS,
    at,
    event,
    fact,
    facts,
    gate,
    policy,
    reading,
    right,
    rule,
)

MINUTE_MS = 60_000
LANES = (DeviceId("lane-1"), DeviceId("lane-2"), DeviceId("lane-3"))
NIGHT = SiteCalendar("Europe/Paris", "04:00")
START = at("2026-12-28 12:00")
"""The last ISO week of a year that has 53: days, weeks, months and years end soon after."""

zones = st.sampled_from([MAIN, EXPO])
calendars = st.sampled_from([PARIS, NIGHT, SiteCalendar("Australia/Lord_Howe", "02:30")])
moments = st.one_of(
    st.integers(-3, 8).map(lambda days: days * 24 * 60),
    st.integers(0, 10 * 24 * 60),
    st.integers(0, 12).map(lambda hours: hours * 60),
    st.sampled_from([-365, -31, 0, 31, 365]).map(lambda days: days * 24 * 60),
).map(lambda minutes: Instant(START + minutes * MINUTE_MS))

LIMITS = (
    "max_total",
    "max_per_day",
    "max_per_week",
    "max_per_month",
    "max_per_year",
    "max_per_event",
    "max_distinct_days",
    "max_distinct_days",
)
RULE_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(LIMITS, st.integers(1, 3)),
    "min_interval_s": st.sampled_from([600, 86_400]),
    "reentry_window_s": st.sampled_from([600, 7_200, 86_400]),
    "reentry_mode": st.sampled_from([ReentryMode.FREE, ReentryMode.AFTER_EXIT]),
    "counter_scope": st.sampled_from(list(CounterScope)),
    "requires_zone": zones,
    "consecutive_only": st.booleans(),
}


@st.composite
def rules(draw: st.DrawFn) -> ScanRule:
    """One limit and a few other fields."""
    names = draw(st.lists(st.sampled_from(sorted(RULE_FIELDS)), max_size=2, unique=True))
    names.append(draw(st.sampled_from(LIMITS)))
    if "max_distinct_days" in names:
        names.append("consecutive_only")
    return rule(party_max=9, **{name: draw(RULE_FIELDS[name]) for name in names})


def _shape(
    kind: FactKind = FactKind.SCAN, persons: int = 1, *, charged: int | None = None, **more: Any
) -> dict[str, Any]:
    """An entry; charged by the person unless said otherwise."""
    costs = {"persons": persons, "charged": persons if charged is None else charged}
    return {"kind": kind, "movement": Direction.IN, "grant_no": GrantNo(1), **costs, **more}


shapes = st.sampled_from(
    [
        *(_shape(event_no=event_no) for event_no in (None, EventNo(1), EventNo(1), EventNo(2))),
        _shape(),
        _shape(persons=2),
        _shape(persons=3, event_no=EventNo(1)),
        _shape(charged=0),
        _shape(FactKind.OVERRIDE, note="force"),
        _shape(FactKind.OVERRIDE, 2, note="accept"),
        {"kind": FactKind.SCAN, "movement": Direction.OUT, "grant_no": GrantNo(1)},
        {"kind": FactKind.SCAN, "movement": Direction.OUT, "grant_no": GrantNo(1)},
        {"kind": FactKind.NOT_PASSED},
        {"kind": FactKind.NOT_PASSED, "persons": 2},
    ]
)
places = st.sampled_from(
    [(zone, BootId(boot)) for zone in (MAIN, EXPO) for boot in ("boot-1", "boot-2")]
)


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """What three lanes recorded of one right: entries, exits, parties, overrides, give-backs of all or of some."""
    found: list[Fact] = []
    for device in LANES:
        own: list[Seq] = []
        told_of = draw(st.lists(st.tuples(shapes, moments, places), max_size=5))
        for seq, (shape, moment, (zone_no, boot)) in enumerate(told_of, start=1):
            here = {"seq": seq, "device": device, "boot": boot, "zone_no": zone_no}
            refers_to = None
            if shape["kind"] is FactKind.NOT_PASSED:
                refers_to = draw(st.sampled_from([*own, Seq(99)]))
            elif shape["movement"] is Direction.IN:
                own.append(Seq(seq))
            mono_ms = MonoMs(seq * 7_000_000)
            found.append(fact(wall=moment, mono_ms=mono_ms, refers_to=refers_to, **(shape | here)))
    return found


offsets = st.dictionaries(
    st.tuples(st.sampled_from(LANES), st.sampled_from([BootId("boot-1"), BootId("boot-2")])),
    moments,
    max_size=3,
)


def told(tally: Tally) -> dict[str, object]:
    """A tally in numbers that a list of facts can be asked for as well."""
    days = {
        day: (one.charged, one.entries, one.is_inside, one.has_left)
        for day, one in tally.days.items()
    }
    marks = (tally.first_entry, tally.last_entry, tally.last_charged)
    return {
        "total": tally.total,
        "days": days,
        "used_days": tally.used_days,
        "events": dict(tally.events),
        "marks": tuple(None if one is None else one[:4] for one in marks),
    }


def told_in_full(history: list[Standing]) -> dict[str, object]:
    """The same, counted in the list."""
    entries = [one for one in history if one.is_entry]
    charged = [one for one in entries if one.charged]
    ends = (entries[:1], entries[-1:], charged[-1:])
    return {
        "total": sum(one.charged for one in entries),
        "days": {
            day: (
                sum(one.charged for one in entries if one.day == day),
                sum(one.day == day for one in entries),
                is_inside(history, day),
                has_left(history, day),
            )
            for day in {one.day for one in history}
        },
        "used_days": {one.day for one in charged},
        "events": {
            event_no: sum(one.charged for one in charged if one.event_no == event_no)
            for event_no in {one.event_no for one in charged} - {None}
        },
        "marks": tuple(end[0][:4] if end else None for end in ends),
    }


@given(histories(), offsets, calendars)
def test_the_fold_is_the_full_list_counted(
    recorded: list[Fact], known: dict[Any, int], calendar: SiteCalendar
) -> None:
    full = standing(recorded, known, calendar)
    folded = fold({}, resolve(recorded, known), calendar)

    assert told(merge_all(folded.values())) == told_in_full(full)
    for zone_no in {one.zone_no for one in full} | folded.keys():
        of_zone = [one for one in full if one.zone_no == zone_no]
        assert told(folded[zone_no]) == told_in_full(of_zone)


@st.composite
def deliveries(draw: st.DrawFn) -> list[tuple[str, str, int]]:
    """Letters between lanes and central: who tells whom, and how many of their facts (the rest is lost)."""
    lanes = st.sampled_from(LANES)
    up = st.tuples(lanes, st.just("central"), st.integers(0, 8))
    down = st.tuples(st.just("central"), lanes, st.integers(0, 20))
    return draw(st.lists(up | down, max_size=14))


@given(histories(), offsets, deliveries(), st.randoms(use_true_random=False))
def test_whatever_is_lost_repeated_or_late_every_lane_and_the_central_end_with_the_full_list(
    recorded: list[Fact],
    known: dict[Any, int],
    letters: list[tuple[str, str, int]],
    chance: Random,
) -> None:
    corrections = [_correction(number, *one) for number, one in enumerate(known.items(), 100)]
    everything = [*recorded, *corrections]
    books = {name: FactBook(PARIS) for name in (*LANES, "central")}
    for one in everything:
        books[one.device].add([one])
        books[one.device].tallies(GrantNo(1))  # half a history was counted before the rest came
    for sender, receiver, number in letters:
        _tell(books[sender], books[receiver], number, chance)
    for lane in LANES:
        _tell(books[lane], books["central"], len(everything), chance)
    for lane in LANES:
        _tell(books["central"], books[lane], len(everything), chance)

    full = told_in_full(standing(recorded, known, PARIS))
    for name, book in books.items():
        assert told(merge_all(book.tallies(GrantNo(1)).values())) == full, name


def _correction(seq: int, boot: tuple[DeviceId, BootId], offset_ms: int) -> Fact:
    kind, device = FactKind.CLOCK_OFFSET, boot[0]
    return fact(kind, seq=seq, device=device, boot=boot[1], offset_ms=offset_ms)


def _tell(sender: FactBook, receiver: FactBook, number: int, chance: Random) -> None:
    """Some of what one knows, in any order, some of it twice."""
    letter = list(sender.all())
    chance.shuffle(letter)
    letter = letter[:number]
    receiver.add([*letter, *letter[: number // 2]])
    receiver.tallies(GrantNo(1))


@examples(3)
@given(histories(), rules(), moments, zones, st.integers(1, 3), calendars)
def test_a_decision_counts_as_the_full_list_does(
    recorded: list[Fact],
    limited: ScanRule,
    now: Instant,
    zone_no: ZoneNo,
    party: int,
    calendar: SiteCalendar,
) -> None:
    movements = resolve(recorded, {})
    opened = event(1, doors=("2020-01-01 00:00", "2030-01-01 00:00"))
    known = facts(
        right(limits=limited, history=movements, site=calendar),
        gate=gate(zone_no=zone_no),
        events=(opened,),
        snapshot=None,
    )
    decision = decide(Scan(party=party), known, policy(calendar), reading(now))

    full = standing(recorded, {}, calendar)
    expected = answer(full, limited, Asked(now, zone_no, party, EventNo(1)), calendar)
    is_refused = decision.outcome in {Outcome.REPEATED, Outcome.DECLINED}
    found = Answer(decision.reason) if is_refused else Answer(None, decision.charged)
    assert found == expected
    if limited.max_total is not None and not is_refused:
        used = sum(one.charged for one in in_scope(full, limited, zone_no) if one.is_entry)
        assert decision.remaining == max(0, limited.max_total - used - decision.charged)


@examples(3)
@given(histories(), rules(), offsets, calendars, st.randoms(use_true_random=False))
def test_overuse_is_found_with_its_lane_time_persons_and_limits(
    recorded: list[Fact],
    limited: ScanRule,
    known: dict[Any, int],
    calendar: SiteCalendar,
    chance: Random,
) -> None:
    arrived = [*recorded, *recorded[::2]]
    chance.shuffle(arrived)
    found = [
        Beyond(one.mark.at, one.mark.device, one.mark.seq, one.persons, frozenset(one.limits))
        for one in overuse_of(arrived, limited, known, calendar)
    ]

    assert found == overuse(standing(recorded, known, calendar), limited, calendar)


@given(histories(), st.integers(1, 5))
def test_without_force_and_free_entries_overuse_is_what_was_charged_beyond_the_total(
    recorded: list[Fact], total: int
) -> None:
    plain = [one for one in recorded if one.kind is not FactKind.OVERRIDE]
    charged = sum(one.charged for one in standing(plain, {}, PARIS) if one.is_entry)

    found = overuse_of(plain, rule(max_total=total), {}, PARIS)
    assert sum(one.persons for one in found) == max(0, charged - total)
