"""Limits over several lanes: in contact none is exceeded, apart by no more than each lane may admit alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.events import Fact
from scanner.core.reasons import Reason
from scanner.core.rehearsal_script import Script
from scanner.core.rehearsal_site import owners_of
from scanner.core.rules import ScanRule
from scanner.core.tally import Offsets
from support.examples import examples
from support.lane_stories import (
    BEGINS,
    LANES,
    Doing,
    Told,
    endings,
    play,
    rules,
    scans,
    script_of,
    told,
)
from support.plain_counts import Standing, overuse, standing

CENTRAL = "nobody is cut off under this name"
ALL = list(LANES)


def of_grant(name: str, facts: Sequence[Fact], offsets: Offsets, script: Script) -> list[Standing]:
    """What stands of a grant: under its number, and under its keys what had none."""
    owners = owners_of(script.grants[name])
    others = [one for one in facts if one.movement is None]
    own = [one for one in facts if (one.grant_no or one.key) in owners]
    return standing([*own, *others], offsets, script.policy.calendar)


def total(history: Sequence[Standing]) -> int:
    return sum(one.charged for one in history if one.is_entry)


def rule_of(script: Script) -> ScanRule:
    return script.rules[script.grants["a"].grant.rule_no]


@examples(1)
@given(rules(), told(scans() | endings, 20))
def test_in_contact_no_limit_of_any_kind_is_exceeded(rule: Doing, steps: Told) -> None:
    script = script_of(rule, [*steps, (1, {"do": "expect"})])
    report, site = play(script)
    book, counts = site.known_to(CENTRAL).book, report.steps[-1].counts

    assert counts is not None
    for name in script.grants:
        history = of_grant(name, book.all(), book.offsets, script)
        assert overuse(history, rule_of(script), script.policy.calendar) == []
        assert (counts.used[name], counts.overuse[name]) == (total(history), 0)


@examples(1)
@given(
    rules(counter_scope="global"),
    told(scans(), 6),
    st.sets(st.sampled_from(LANES), min_size=1),
    told(scans() | endings, 16),
    st.permutations(LANES),
)
def test_lanes_apart_exceed_a_limit_by_at_most_what_was_left_for_each_but_one(
    rule: Doing, together: Told, apart: set[str], alone: Told, order: list[str]
) -> None:
    cut = (1, {"do": "cut", "gates": sorted(apart)})
    joined = [(1, {"do": "join", "gates": [lane]}) for lane in order if lane in apart]
    before, _site = play(script_of(rule, [*together, (1, {"do": "expect"})]))
    script = script_of(rule, [*together, cut, *alone, *joined, (1, {"do": "expect"})])
    report, site = play(script)
    known, counts, first = site.known_to(CENTRAL).book, report.steps[-1].counts, before.steps[-1]
    islands = len(apart) + (len(apart) < len(LANES))

    assert counts is not None
    assert first.counts is not None
    limited = rule_of(script)
    for name in script.grants:
        history = of_grant(name, known.all(), known.offsets, script)
        found = overuse(history, limited, script.policy.calendar)
        assert counts.used[name] == total(history)
        assert counts.overuse[name] == sum(one.persons for one in found)
        if limited.max_total is not None:
            left = limited.max_total - first.counts.used[name]
            assert counts.used[name] <= limited.max_total + (islands - 1) * left
        if limited.max_per_day is not None:
            for day in {one.day for one in history}:
                of_day = [one for one in history if one.day == day]
                assert total(of_day) <= islands * limited.max_per_day


@examples(1)
@given(
    rules(),
    told(
        scans()
        | endings
        | st.fixed_dictionaries(
            {
                "do": st.sampled_from(["cut", "join"]),
                "gates": st.lists(st.sampled_from(LANES), min_size=1, unique=True),
            }
        ),
        20,
    ),
    st.permutations(LANES),
)
def test_however_lanes_were_parted_all_end_with_the_same_facts_and_counts(
    rule: Doing, steps: Told, order: list[str]
) -> None:
    one_by_one = [(0, {"do": "join", "gates": [lane]}) for lane in order]
    at_once = [(0, {"do": "join", "gates": ALL})]
    expect = (0, {"do": "expect"})
    report, site = play(script_of(rule, [*steps, *one_by_one, expect]))
    other, _site = play(script_of(rule, [*steps, *at_once, expect]))

    assert report.steps[-1].counts == other.steps[-1].counts
    central = set(site.known_to(CENTRAL).book.all())
    for lane in LANES:
        assert set(site.known_to(lane).book.all()) == central
    own: dict[str, list[int]] = {}
    for fact in central:
        own.setdefault(fact.device, []).append(fact.seq)
    assert all(sorted(seqs) == list(range(1, len(seqs) + 1)) for seqs in own.values())


clock_steps = st.fixed_dictionaries(
    {
        "do": st.just("clock"),
        "gate": st.just("G1"),
        "state": st.sampled_from(["untrusted", "holdover"]),
        "wall": st.sampled_from(
            ["1970-01-01T00:00", "2026-12-30T03:00", "2026-12-31T23:59", "2031-01-01T00:00"]
        ),
    }
)
restarts = st.just({"do": "restart", "gate": "G1"})


@examples(1)
@given(
    rule=rules(max_total=3, counter_scope="global"),
    steps=told(scans(["G1"]) | clock_steps | restarts, 20),
    is_cut=st.booleans(),
)
def test_whatever_a_clock_shows_no_total_is_forgotten_or_exceeded(
    rule: Doing, steps: Told, *, is_cut: bool
) -> None:
    away = [(0, {"do": "cut", "gates": ALL})] if is_cut else []
    back = [(0, {"do": "join", "gates": ALL}), (0, {"do": "expect"})]
    script = script_of(rule, [*away, *steps, *back])
    report, site = play(script)
    facts, counts = site.known_to(CENTRAL).book.all(), report.steps[-1].counts

    assert counts is not None
    for name in script.grants:
        owners = owners_of(script.grants[name])
        own = {one.seq: one for one in facts if (one.grant_no or one.key) in owners}
        backs = [one for one in facts if one.kind == "NOT_PASSED" and one.refers_to in own]
        charged = sum(one.charged for one in own.values())
        given_back = sum(
            min(one.persons, own[one.refers_to].charged) for one in backs if one.refers_to
        )
        assert counts.used[name] == charged - given_back
        assert 0 <= counts.used[name] <= 3


@examples(1)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 9), scans(["G1"]) | clock_steps), min_size=4, max_size=16),
)
def test_a_clock_that_is_right_again_finds_the_whole_day_counted(limit: int, steps: Told) -> None:
    ends = [
        (5, {"do": "timeout", "gate": "G1"}),
        (0, {"do": "clock", "gate": "G1", "state": "trusted", "wall": _wall_after(steps)}),
        (0, {"gate": "G1", "scan": "A", "inspect": True}),
    ]
    rule = {"max_total": "unlimited", "max_per_day": limit, "party_max": 3}
    script = script_of(rule, [(0, {"do": "cut", "gates": ALL}), *steps, *ends])
    report, site = play(script)
    answered, book = report.steps[-1].answered, site.known_to("G1").book

    used = total(of_grant("a", book.all(), book.offsets, script))
    of_day = {one.day for one in of_grant("a", book.all(), book.offsets, script)}
    assert answered is not None
    assert of_day <= {BEGINS.date()}
    assert (answered.decision.reason is Reason.LIMIT_DAY) is (used >= limit)


def _wall_after(steps: Told) -> str:
    """What a right clock shows after these steps."""
    return (BEGINS + timedelta(minutes=5 + sum(wait for wait, _step in steps))).isoformat()
