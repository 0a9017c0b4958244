"""What a central writes into a base, the gate reads back as the same value."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.errors import InputError
from scanner.core.grants import (
    AccessGrant,
    Event,
    EventException,
    EventStatus,
    Gate,
    GrantFlag,
    GrantState,
    TicketType,
)
from scanner.core.reasons import DENY_REASONS
from scanner.core.rules import (
    CounterScope,
    GraceOutcome,
    HardAgePolicy,
    OverusePolicy,
    Policy,
    ReentryMode,
    ScanRule,
    SitePolicy,
    rule_problems,
)
from scanner.core.tally import DayTally, Mark, Tally
from scanner.core.token import KeyState, TicketKey
from scanner.core.units import Direction
from scanner.core.validity import Anchor, Offset, Rounding, ValidityRule
from scanner.core.windows import Window
from sync import base_rows
from sync.tally_rows import encode_tally, parse_tally

numbers = st.integers(1, 10**6)
instants = st.integers(0, 4 * 10**12)
labels = st.text(min_size=1, max_size=12)
number_sets = st.frozensets(numbers, max_size=5)
flags = st.frozensets(st.sampled_from(GrantFlag))
deny_reasons = st.none() | st.sampled_from(DENY_REASONS)

first_scans = st.builds(
    ValidityRule,
    anchor=st.just(Anchor.FIRST_SCAN),
    offset=st.builds(Offset, st.integers(1, 100), st.sampled_from(Unit)),
    rounding=st.sampled_from(Rounding),
    count_first_day=st.booleans(),
)
grants = st.builds(
    AccessGrant,
    grant_no=numbers,
    rule_no=numbers,
    type_no=numbers,
    scope_no=st.none() | numbers,
    zones=number_sets,
    valid_from=st.none() | instants,
    valid_until=st.none() | instants,
    first_scan=st.none() | first_scans,
    state=st.sampled_from(GrantState),
    deny_reason=deny_reasons,
    grace_until=st.none() | instants,
    seat=st.none() | labels,
    flags=flags,
    version=numbers,
)
exceptions = st.builds(
    EventException,
    event_no=numbers,
    seat=st.none() | labels,
    deny_reason=deny_reasons,
    flags=st.none() | flags,
)
windows = st.builds(
    Window,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    from_=st.integers(0, 700),
    until=st.integers(701, 1_440),
)
limits = st.none() | numbers
rules = st.builds(
    ScanRule,
    rule_no=numbers,
    max_total=limits,
    max_per_day=limits,
    max_per_week=limits,
    max_per_month=limits,
    max_per_year=limits,
    max_per_event=limits,
    max_distinct_days=limits,
    consecutive_only=st.booleans(),
    min_interval_s=st.integers(0, 9_999),
    reentry_window_s=st.integers(0, 9_999),
    reentry_mode=st.sampled_from(ReentryMode),
    counter_scope=st.sampled_from(CounterScope),
    requires_zone=st.none() | numbers,
    windows=st.tuples() | st.tuples(windows) | st.tuples(windows, windows),
    blackouts=st.frozensets(st.dates(), max_size=4),
    party_max=numbers,
    unlisted=st.sampled_from(Policy),
    overuse=st.sampled_from(OverusePolicy),
).filter(lambda rule: not rule_problems(rule))
types = st.builds(
    TicketType,
    type_no=numbers,
    rule_no=numbers,
    name=labels,
    zones=number_sets,
    scope_no=st.none() | numbers,
)
events = st.builds(
    Event,
    event_no=numbers,
    starts_at=instants,
    ends_at=instants,
    doors_from=instants,
    doors_until=instants,
    zones=number_sets,
    status=st.sampled_from(EventStatus),
)
gates = st.builds(
    Gate,
    gate_no=numbers,
    name=labels,
    zone_no=numbers,
    direction=st.none() | st.sampled_from(Direction),
    types=number_sets,
)
keys = st.builds(
    TicketKey,
    kid=st.binary(min_size=8, max_size=8),
    public=st.binary(min_size=32, max_size=32),
    site=labels,
    state=st.sampled_from(KeyState),
    types=st.none() | number_sets,
)
policies = st.builds(
    SitePolicy,
    calendar=st.sampled_from([SiteCalendar("UTC"), SiteCalendar("Europe/Paris", "04:30")]),
    clock_policy=st.sampled_from(Policy),
    soft_age_s=numbers,
    hard_age_s=numbers,
    hard_age_policy=st.sampled_from(HardAgePolicy),
    grace_outcome=st.sampled_from(GraceOutcome),
    debounce_s=st.floats(0, 60),
    expires_soon_days=numbers,
)
marks = st.builds(
    Mark,
    at=instants,
    device=st.sampled_from(["gate1", "gate2"]),
    epoch=st.sampled_from(["a", "b"]),
    seq=numbers,
    gate_no=numbers,
    boot=st.sampled_from(["", "x"]),
    mono_ms=instants,
)
days = st.builds(
    DayTally,
    charged=st.integers(0, 9),
    entries=st.integers(0, 9),
    first_entry=st.none() | marks,
    last_entry=st.none() | marks,
    last_exit=st.none() | marks,
)
dates = st.dates(date(1970, 1, 1), date(2099, 12, 31))
tallies = st.builds(
    Tally,
    days=st.dictionaries(dates, days, max_size=5),
    events=st.dictionaries(numbers, numbers, max_size=3),
    first_entry=st.none() | marks,
    last_entry=st.none() | marks,
    last_charged=st.none() | marks,
)


@given(grants)
def test_a_grant_is_read_back_as_it_was(grant: AccessGrant) -> None:
    assert base_rows.parse_grant(base_rows.encode_grant(grant)) == grant


@given(numbers, exceptions)
def test_an_exception_is_read_back_as_it_was(grant_no: Any, exception: EventException) -> None:
    row = base_rows.encode_exception(grant_no, exception)

    assert base_rows.parse_exception(row) == exception


@given(rules)
def test_a_rule_is_read_back_as_it_was(rule: ScanRule) -> None:
    assert base_rows.parse_rule(base_rows.encode_rule(rule)) == rule


@given(types)
def test_a_type_is_read_back_as_it_was(ticket_type: TicketType) -> None:
    assert base_rows.parse_type(base_rows.encode_type(ticket_type)) == ticket_type


@given(events)
def test_an_event_is_read_back_as_it_was(event: Event) -> None:
    assert base_rows.parse_event(base_rows.encode_event(event, "a name")) == event


@given(gates)
def test_a_gate_is_read_back_as_it_was(gate: Gate) -> None:
    assert base_rows.parse_gate(base_rows.encode_gate(gate)) == gate


@given(keys)
def test_a_ticket_key_is_read_back_as_it_was(key: TicketKey) -> None:
    assert base_rows.parse_ticket_key(base_rows.encode_ticket_key(key)) == key


@given(policies)
def test_a_policy_is_read_back_as_it_was(policy: SitePolicy) -> None:
    assert base_rows.parse_config(base_rows.encode_config(policy)) == policy


@given(tallies)
def test_a_tally_is_read_back_as_it_was(tally: Tally) -> None:
    assert parse_tally(encode_tally(tally)) == tally


@given(tallies, instants)
def test_a_shortened_tally_keeps_every_number_and_all_that_is_recent(
    tally: Tally, detail_from: Any
) -> None:
    found = parse_tally(encode_tally(tally, detail_from))

    assert found.total == tally.total
    assert found.events == tally.events
    for day, before in tally.days.items():
        after = found.days[day]
        assert (after.charged, after.entries) == (before.charged, before.entries)
        recent = [m for m in (before.first_entry, before.last_entry, before.last_exit) if m]
        if any(mark.at >= detail_from for mark in recent):
            assert (after.is_inside, after.has_left) == (before.is_inside, before.has_left)
    for name in ("first_entry", "last_entry", "last_charged"):
        before_mark, after_mark = getattr(tally, name), getattr(found, name)
        assert (before_mark and before_mark.at) == (after_mark and after_mark.at)
        assert (before_mark and before_mark.gate_no) == (after_mark and after_mark.gate_no)
        if before_mark and before_mark.at >= detail_from:
            assert after_mark == before_mark


def answer(parse: Callable[[Any], object], raw: object) -> str:
    """The type of what was read, or the fault's code."""
    try:
        return type(parse(raw)).__name__
    except InputError as fault:
        return fault.code


junk = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary(max_size=8)


@given(st.recursive(junk, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_counts_crash_the_reader(counts: Any) -> None:
    text = counts if isinstance(counts, str) else json.dumps(counts, default=repr)

    assert answer(parse_tally, text) in {"Tally", "snapshot_tally_wrong"}


PARSERS = {
    base_rows.parse_grant: 14,
    base_rows.parse_exception: 6,
    base_rows.parse_rule: 3,
    base_rows.parse_type: 6,
    base_rows.parse_event: 9,
    base_rows.parse_gate: 6,
    base_rows.parse_ticket_key: 6,
}


@given(st.sampled_from(list(PARSERS)), st.data())
def test_no_row_crashes_its_reader(parse: Any, data: st.DataObject) -> None:
    width = PARSERS[parse]
    row = data.draw(st.lists(junk, min_size=width, max_size=width))

    assert answer(parse, row) in {parse.__annotations__["return"], "snapshot_row_wrong"}
