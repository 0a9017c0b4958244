"""What is wrong with a rehearsal file is named by its place, its value and what would be valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.core.errors import InputError
from scanner.core.rehearsal_script import ScanStep, Script
from scanner.core.units import Direction, Instant
from scanner.rehearsing.rehearsal_file import load_script, parse_script
from support.rights import at

GRANT = '[[grants]]\ncode = "M-1"\n'
SCAN = '[[steps]]\nat = "2025-04-01T10:00"\nscan = "M-1"\n'
TWO_GATES = "[gates.G1]\n[gates.G2]\n"


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_script("FILE.toml", text)
    assert caught.value.code == "rehearsal_file_wrong"
    return caught.value.message.splitlines()


def only_scan(text: str) -> ScanStep:
    (step,) = parse_script("FILE.toml", text).steps
    assert isinstance(step, ScanStep)
    return step


def script(text: str = "") -> Script:
    return parse_script("FILE.toml", text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            f'{TWO_GATES}{GRANT}{SCAN}gate = "G9"',
            "steps[0].gate: 'G9' is not a gate of this file (valid: G1, G2)",
        ),
        (f"{TWO_GATES}{GRANT}{SCAN}", "steps[0].gate: is missing"),
        ("format = 2", "format: 2 is unknown (valid: 1)"),
        ("[site]\nzone = 'Mars/Base'", "site.zone: zone 'Mars/Base' is no time zone of the IANA list"),
        (
            "[site]\nclock_policy = 'maybe'",
            "site.clock_policy: 'maybe' is unknown (valid: accept, action, decline)",
        ),
        ("[site]\ndebounce_s = -1", "site.debounce_s: -1 is not a number of seconds"),
        ("[site]\nsoft_age_s = 1.5", "site.soft_age_s: 1.5 is not a whole number of 0 or more"),
        ("site = 3", "site: 3 is not a table"),
        ("title = 3", "title: 3 is not a text"),
        ("[gates.G1]\nrtc = 1", "gates.G1.rtc: 1 is not true or false"),
        ("[gates.G1]\ntypes = 'x'", "gates.G1.types: 'x' is not a list"),
        ("[gates.G1]\ntypes = [1]", "gates.G1.types: 1 is not a text"),
        ("[rules.r]\nmax_total = 0", "rules.r.max_total: 0 is not a whole number of 1 or more"),
        ("[rules.r]\nconsecutive_only = true", "rules.r: consecutive_only needs max_distinct_days"),
        (
            "[rules.r]\nwindows = [{ days = ['xyz'] }]",
            ("rules.r.windows[0].days: window: days ['xyz'] are unknown"
            " (valid: mon, tue, wed, thu, fri, sat, sun)"),
        ),
        ("[rules.r]\nblackouts = ['soon']", "rules.r.blackouts: 'soon' is not a date (2026-12-24)"),
        ("[rules.r]\nblackouts = [7]", "rules.r.blackouts: 7 is not a date (2026-12-24)"),
        (GRANT + "rule = 'x'", "grants[0].rule: 'x' is not a rule of this file (valid: none)"),
        ("[[grants]]\nid = 'g'", "grants[0].code: is missing"),
        (
            GRANT + GRANT,
            "grants[1].id: 'M-1' stands for two grants; give each an id",
        ),
        (
            GRANT + "listed = false",
            "grants[0].listed: a code without a row must be a signed ticket (signed = true)",
        ),
        (GRANT + "from = 'noon'", "grants[0].from: 'noon' is not a date and time (2026-03-10T14:00)"),
        (
            GRANT + "from = '2026-99-10T00:00'",
            "grants[0].from: '2026-99-10T00:00' is not a date and time (2026-03-10T14:00)",
        ),
        (
            GRANT + "from = '2026-01-02T00:00'\nuntil = '2026-01-01T00:00'",
            "grants[0].until: lies before from",
        ),
        (GRANT + f"seat = '{'x' * 65}'", f"grants[0].seat: '{'x' * 65}' is not a label of up to 64 bytes"),
        (
            GRANT + "deny_reason = 'TIRED'",
            ("grants[0].deny_reason: 'TIRED' is unknown (valid: CANCELLED, UNPAID, SUSPENDED,"
            " PAUSED, ENDED, BLOCKED, TRANSFERRED, RESALE)"),
        ),
        (
            GRANT + "activate_on_first_scan = 'a while'",
            ("grants[0].activate_on_first_scan: offset 'a while' is no number and unit"
            " (hours, days, weeks, months, years)"),
        ),
        (
            GRANT + "activate_on_first_scan = {}",
            "grants[0].activate_on_first_scan.offset: is missing",
        ),
        (
            GRANT + "event_exceptions = [{ event = 'x' }]",
            "grants[0].event_exceptions[0].event: 'x' is not an event of this file (valid: none)",
        ),
        ("[events.e]\nfrom = '2026-01-01T00:00'", "events.e.until: is missing"),
        (
            "[events.e]\nfrom = '2026-01-02T00:00'\nuntil = '2026-01-01T00:00'",
            "events.e.until: lies before the start",
        ),
        (GRANT + "[[steps]]\nscan = 'M-1'", "steps[0].at: is missing"),
        (
            GRANT + SCAN.replace("2025-04-01T10", "2026-03-29T02"),
            "steps[0].at: 2026-03-29T02:00 does not exist in Europe/Paris: clocks skip it",
        ),
        (
            GRANT + SCAN + SCAN.replace("10:00", "09:59"),
            "steps[1].at: 2025-04-01T09:59 is before the step before it (2025-04-01T10:00)",
        ),
        (
            GRANT + SCAN + 'raw = "x"',
            "steps[0].scan: a step shows either scan or raw (or it says what to do)",
        ),
        (
            "[[steps]]\nat = '2025-04-01T10:00'\nraw = 3",
            "steps[0].raw: 3 is not a text",
        ),
        (
            "[[steps]]\nat = '2025-04-01T10:00'\nscan = 'rotating:X'",
            "steps[0].scan: 'X' is not a code of this file (valid: none)",
        ),
        (GRANT + SCAN + "tampered = true", "steps[0].tampered: 'M-1' is not a signed ticket of this file"),
        (GRANT + SCAN + "key = 'other'", "steps[0].key: 'M-1' is not a signed ticket of this file"),
        (GRANT + SCAN + "direction = 'out'", "steps[0].direction: gate 'G1' is one-way (in)"),
        (
            GRANT + SCAN + "passage = 'late'",
            "steps[0].passage: 'late' is unknown (valid: true, false, 'pending')",
        ),
        (
            GRANT + SCAN + "expect = 'MAYBE'",
            ("steps[0].expect: 'MAYBE' is unknown (valid: SUCCESS, HIGHLIGHTED, ACTION, REPEATED,"
            " DECLINED, CHECKED_OUT, IGNORED)"),
        ),
        (GRANT + SCAN + "grant = 'x'", "steps[0].grant: 'x' is not a grant of this file (valid: M-1)"),
        (GRANT + SCAN + "party = 0", "steps[0].party: 0 is not a whole number of 1 or more"),
        (
            GRANT + "[[steps]]\nat = '2025-04-01T10:00'\ndo = 'fly'",
            ("steps[0].do: 'fly' is unknown (valid: cut, join, revoke, change, event, clock, turn,"
            " timeout, restart, lane, disk, expect)"),
        ),
        (
            GRANT + "[[steps]]\nat = '2025-04-01T10:00'\ndo = 'revoke'\ncode = 'X'",
            "steps[0].code: 'X' is not a code of this file (valid: M-1)",
        ),
        (
            GRANT + "[[steps]]\nat = '2025-04-01T10:00'\ndo = 'change'\ngrant = 'M-1'\nset = { id = 'x' }",
            "steps[0].set.id: a grant keeps its id",
        ),
        (
            GRANT + "[[steps]]\nat = '2025-04-01T10:00'\ndo = 'change'\ngrant = 'M-1'\nset = { sate = 1 }",
            "steps[0].set.sate: unknown key",
        ),
        (
            GRANT + "[[steps]]\nat = '2025-04-01T10:00'\ndo = 'change'\ngrant = 'X'\nset = {}",
            "steps[0].grant: 'X' is not a grant of this file (valid: M-1)",
        ),
        (
            "[[steps]]\nat = '2025-04-01T10:00'\ndo = 'event'\nevent = 'x'\nset = {}",
            "steps[0].event: 'x' is not an event of this file (valid: none)",
        ),
        (
            GRANT + "[[steps]]\nat = '2025-04-01T10:00'\ndo = 'expect'\nused = { X = 1 }",
            "steps[0].used.X: 'X' is not a grant of this file (valid: M-1)",
        ),
        (
            "[[steps]]\nat = '2025-04-01T10:00'\ndo = 'disk'\nstate = 'odd'",
            "steps[0].state: 'odd' is unknown (valid: full, ok)",
        ),
        ("colour = 'red'", "colour: unknown key (valid: format, title, site, gates, rules, events, grants, steps)"),
        ("a = ", "TOML: Invalid value (at end of document)"),
        ("title = ''", "title: '' is empty"),
        ("format = true", "format: true is not a whole number of 0 or more"),
        (
            "[site]\nday_cutoff = '25:00'",
            "site.day_cutoff: '25:00' is not a time of day (09:00)",
        ),
        (
            "[site]\nday_cutoff = '24:00'",
            "site.day_cutoff: day_cutoff '24:00' is no local time (00:00..23:59)",
        ),
        (
            "[site]\nday_cutoff = 04:00:30",
            "site.day_cutoff: 04:00:30 is not a time of day (09:00)",
        ),
        ("[site]\ndebounce_s = inf", "site.debounce_s: inf is not a number of seconds"),
        ("[site]\ndebounce_s = nan", "site.debounce_s: nan is not a number of seconds"),
        (
            "[rules.r]\nmax_total = 'many'",
            "rules.r.max_total: 'many' is not a whole number of 1 or more, or \"unlimited\"",
        ),
        (
            "[rules.r]\nmax_total = 2147483648",
            "rules.r.max_total: 2147483648 is not a whole number of at most 2147483647",
        ),
        (
            "[rules.r]\nwindows = [{ days = [] }]",
            "rules.r.windows[0].days: [] names no day",
        ),
        (
            "[rules.r]\nwindows = [{ days = ['mon'], from = '9:00' }]",
            "rules.r.windows[0].from: '9:00' is not a time of day (09:00)",
        ),
        (
            "[rules.r]\nwindows = [{ days = ['mon'], from = '24:00', until = '01:00' }]",
            "rules.r.windows[0].from: window: from 1440 is not within 00:00..23:59",
        ),
        (
            "[rules.r]\nwindows = [{ days = ['mon'], from = '09:00', until = '09:00' }]",
            ("rules.r.windows[0].until: '09:00' is the start too"
            " (a whole day: '00:00' until '24:00')"),
        ),
        ("[gates.G1]\ntypes = []", "gates.G1.types: [] names none (leave it out for all)"),
        (GRANT + "zones = []", "grants[0].zones: [] names none (leave it out for all)"),
        (GRANT + "zones = 'main'", "grants[0].zones: 'main' is not a list (write ['main'])"),
        ("[grants]\ncode = 'A'", "grants: is one table, not a list of them (write [[grants]])"),
        (GRANT + "codes = ['A', 'rotating:A']", "grants[0].codes: 'A' is listed twice"),
        ("[[grants]]\ncode = 'rotating:'", "grants[0].code: 'rotating:' lacks its code"),
        (GRANT + "until = 2026-03-11", "grants[0].until: 2026-03-11 is not a date and time"),
        (
            GRANT + "until = '9999-12-31T00:00'",
            "grants[0].until: 9999-12-31T00:00:00 is not in the years 1970 to 2199",
        ),
        (GRANT + "until = 1969-12-31T00:00:00", "grants[0].until: 1969-12-31T00:00:00 is not in the"),
        (GRANT + "used = 100001", "grants[0].used: 100001 is above 100000"),
        (
            GRANT + "last_entry = '2025-03-20T10:00'",
            "grants[0].last_entry: there was none (used is 0)",
        ),
        (
            GRANT + "[[steps]]\nat = '2025-04-01T10:00'\ndo = 'change'\ngrant = 'M-1'\nset = { used = 3 }",
            "steps[0].set.used: what was used before the first step is over",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_place(text: str, problem: str) -> None:
    found = problems(text)

    assert found[0].startswith(f"FILE.toml: {problem}")


def test_all_mistakes_are_told_at_once() -> None:
    found = problems(f"{GRANT}colour = 1\n{SCAN}expect = 'X'\nreason = 'Y'\nflags = ['Z']")

    assert [line.split(": ")[1] for line in found] == [
        *("grants[0].colour", "steps[0].flags", "steps[0].expect", "steps[0].reason")
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read"), (b"\xff", "is not UTF-8"), (b"#" * (16 * 2**20 + 1), "is larger")],
)
def test_a_file_that_cannot_be_read_is_told_apart(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "story.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InputError, match=why) as caught:
        load_script(path)
    assert caught.value.code == "rehearsal_file_unreadable"


def test_an_empty_file_is_a_site_with_one_lane() -> None:
    empty = script()

    assert [gate.gate.direction for gate in empty.gates.values()] == [Direction.IN]
    assert list(empty.gates) == ["G1"]
    assert (empty.zones, empty.policy.calendar.zone) == ({"main": 1}, "Europe/Paris")
    assert empty.starts_at == Instant(0)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ('"2025-04-01T10:00"', at("2025-04-01T10:00")),
        ('"2025-04-01 10:00:30.250"', at("2025-04-01T10:00:30") + 250),
        ("2025-04-01T10:00:00", at("2025-04-01T10:00")),
        ('"2025-04-01T08:00Z"', at("2025-04-01T10:00")),
        ('"2025-04-01T12:00+04:00"', at("2025-04-01T10:00")),
        ('"2026-10-25T02:30"', at("2026-10-25T02:30")),
        ('"2026-10-25T02:30"\nsecond = true', at("2026-10-25T02:30", second=True)),
    ],
)
def test_a_step_happens_at_an_instant(written: str, instant: int) -> None:
    step = only_scan(f'{GRANT}[[steps]]\nat = {written}\nscan = "M-1"')

    assert step.place.at == instant


def test_a_start_is_the_first_and_an_end_the_second_of_two_equal_wall_times() -> None:
    grant = script(f"{GRANT}from = '2026-10-25T02:30'\nuntil = '2026-10-25T02:30'").grants["M-1"]

    assert grant.grant.valid_from == at("2026-10-25T02:30")
    assert grant.grant.valid_until == at("2026-10-25T02:30", second=True)


@pytest.mark.parametrize(
    ("written", "raw"), [('"\\u001dA"', b"\x1dA"), ('"é"', b"\xe9"), ('"日"', "日".encode())]
)
def test_raw_bytes_are_as_a_scanner_gives_them(written: str, raw: bytes) -> None:
    step = only_scan(f'[[steps]]\nat = "2025-04-01T10:00"\nraw = {written}')

    assert step.shown.raw == raw


def test_a_gate_for_a_type_that_no_grant_has_admits_nobody_rather_than_everybody() -> None:
    gate = script(f"[gates.G1]\ntypes = ['vip']\n{GRANT}type = 'day'").gates["G1"]
    grant = script(f"[gates.G1]\ntypes = ['vip']\n{GRANT}type = 'day'").grants["M-1"]

    assert gate.gate.types
    assert grant.grant.type_no not in gate.gate.types
