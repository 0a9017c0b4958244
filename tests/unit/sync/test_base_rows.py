"""A base is small, plain to read, and says which of its rows is wrong."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner.core.errors import InputError
from scanner.core.grants import AccessGrant, GrantFlag
from scanner.core.rules import ScanRule
from scanner.core.tally import Mark, Tally, fold, merge_all, of_movement
from scanner.core.units import GrantNo
from support.rights import MAIN, PARIS, at, counts, entry, grant, mark, rule
from support.snapshots import Site, write_base
from sync import base_rows
from sync.tally_rows import encode_tally, parse_tally

ON_DISK_BYTES = 140
GRANTS = 20_000


def typical(number: int) -> AccessGrant:
    """An annual pass of a museum with a few zones; one in ten is a reduced one."""
    start = at("2026-01-05 10:00") + number * 60_000
    return grant(
        grant_no=GrantNo(number),
        rule_no=1 + number % 5,
        type_no=1 + number % 9,
        zones=frozenset({1, 2}),
        valid_from=start,
        valid_until=start + 365 * 86_400_000,
        flags=frozenset({GrantFlag.CONCESSION}) if number % 10 == 0 else frozenset(),
        version=number,
    )


def visits(chance: random.Random) -> dict[Any, Tally]:
    """Up to eight days of use in the year."""
    days = sorted(chance.sample(range(300), chance.randint(1, 8)))
    return counts(*(entry(at("2026-01-05 10:00") + day * 86_400_000) for day in days))


def test_a_grant_takes_at_most_140_bytes_on_disk_when_every_third_is_in_use(
    tmp_path: Path,
) -> None:
    chance = random.Random(7)
    some = [visits(chance) for _ in range(100)]
    site = Site(
        grants=map(typical, range(1, GRANTS + 1)),
        cards={chance.randbytes(16): (number,) for number in range(1, GRANTS + 1)},
        rules=[rule(rule_no=number) for number in range(1, 6)],
        tallies={number: some[number % 100] for number in range(3, GRANTS + 1, 3)},
        detail_from=at("2026-12-30 00:00"),
    )

    path = write_base(tmp_path / "base.db", site)

    assert path.stat().st_size / GRANTS <= ON_DISK_BYTES


def test_a_usual_rule_is_an_empty_object() -> None:
    assert base_rows.encode_rule(ScanRule(rule_no=3)) == (3, "{}", 1)  # type: ignore[arg-type]


def test_a_rules_json_has_the_field_names_and_only_what_differs() -> None:
    row = base_rows.encode_rule(rule(max_per_day=2))

    assert row == (1, '{"max_per_day":2,"max_total":null}', 1)


def test_what_a_newer_central_says_beyond_this_gate_is_skipped() -> None:
    assert base_rows.parse_rule((1, '{"max_per_hour":3,"max_total":null}', 1)) == rule()
    config = [*base_rows.encode_config(Site().policy), ("door_chime", "loud")]
    assert base_rows.parse_config(config) == Site().policy  # type: ignore[arg-type]


def test_a_setting_that_is_not_there_has_its_default() -> None:
    assert base_rows.parse_config([("zone", "Europe/Paris")]) == Site().policy


@pytest.mark.parametrize(
    "body", ['{"max_total":0}', '{"min_interval_s":-1}', "[]", "{", '{"party_max":"x"}']
)
def test_an_illegal_rule_is_an_error_that_names_it(body: str) -> None:
    with pytest.raises(InputError, match="rule 9 of the snapshot"):
        base_rows.parse_rule((9, body, 1))


def test_an_unknown_reason_is_an_error_that_names_the_grant() -> None:
    row = list(base_rows.encode_grant(grant(grant_no=GrantNo(77))))
    row[9] = "LOST_AT_SEA"

    with pytest.raises(InputError, match="access_grant 77"):
        base_rows.parse_grant(row)


def test_an_empty_set_of_numbers_means_all_and_is_null() -> None:
    assert base_rows.encode_numbers([]) is None
    assert base_rows.encode_numbers([3, 1, 2]) == "1,2,3"
    assert base_rows.parse_numbers("1,2,3") == {1, 2, 3}


def test_a_key_for_no_type_is_not_a_key_for_every_type() -> None:
    (key,) = Site().ticket_keys
    none = replace(key, types=frozenset())

    assert base_rows.parse_ticket_key(base_rows.encode_ticket_key(none)).types == frozenset()
    assert base_rows.parse_ticket_key(base_rows.encode_ticket_key(key)).types is None


def test_a_key_in_a_state_that_is_not_known_is_not_trusted() -> None:
    (key,) = Site().ticket_keys
    row = list(base_rows.encode_ticket_key(key))
    row[2] = "on_probation"

    assert base_rows.parse_ticket_key(row).state == "revoked"


def year_of_visits(visits: int) -> Tally:
    moments = (entry(at("2026-01-02 10:00") + day * 86_400_000) for day in range(visits))
    return merge_all(of_movement(moment, PARIS) for moment in moments)


def test_a_year_of_visits_stays_small_when_its_old_marks_are_left_out() -> None:
    tally = year_of_visits(300)

    text = encode_tally(tally, detail_from=at("2026-12-01 00:00"))

    assert len(text) < 3_000
    assert parse_tally(text).total == 300


def test_marks_and_ledgers_are_written_once() -> None:
    (tally,) = counts(entry("2026-03-10 10:00")).values()

    assert encode_tally(tally) == (
        '{"days":[[20260310,1,1,0,0,null]],'
        '"marks":[[1773133200000,1,0,1,1773133200000]],'
        '"ledgers":[["lane-1","epoch-1","old-boot"]],'
        '"first":0,"last":0,"charged":0}'
    )


def test_of_long_ago_a_day_is_its_date_and_a_mark_its_instant_and_gate() -> None:
    (tally,) = counts(entry("2026-03-10 10:00"), entry("2026-03-11 10:00", charged=2)).values()

    assert encode_tally(tally, detail_from=at("2026-06-01 00:00")) == (
        '{"days":[20260310,[20260311,2,1]],'
        '"marks":[[1773133200000,1],[1773219600000,1]],"first":0,"last":1,"charged":1}'
    )


def test_a_tally_read_back_can_be_folded_on(tmp_path: Path) -> None:
    before, after = entry("2026-03-09 10:00"), entry("2026-03-10 10:00")
    (tally,) = counts(before).values()

    folded = fold({MAIN: parse_tally(encode_tally(tally))}, [after], PARIS)

    assert folded == counts(before, after)


@pytest.mark.parametrize(
    "counted",
    [
        '{"first":4}',
        '{"days":[[20261301,1,1]]}',
        '{"days":[[1]]}',
        "[]",
        "",
        '{"marks":[[1,9,1,1,1]]}',
    ],
)
def test_counts_that_contradict_themselves_are_an_error(counted: str) -> None:
    with pytest.raises(InputError, match="counts of"):
        parse_tally(counted)


def test_marks_of_two_boots_are_of_two_ledgers() -> None:
    two = [mark("2026-03-10 10:00", boot=boot) for boot in ("a", "b")]  # type: ignore[arg-type]
    tally = Tally(first_entry=two[0], last_entry=two[1])

    assert parse_tally(encode_tally(tally)) == tally
    assert all(isinstance(one, Mark) for one in itertools.chain(two))
