"""What the gate keeps of a decision: enough to decide again, never more than 1 KB, never a code."""

from __future__ import annotations

import zlib

import pytest

from scanner.core.errors import InputError
from scanner.core.grants import EventException
from scanner.core.question import Facts, UnlistedFacts
from scanner.core.reasons import Reason
from scanner.local_facts import RECENT_DAYS, encode_local, parse_local
from support.rights import (
    KEY,
    MAIN,
    at,
    entry,
    event,
    facts,
    grant,
    policy,
    reading,
    right,
    rule,
    seat_taken,
    signed,
    unlisted,
)
from sync.base_rows import encode_grant, parse_grant
from sync.ledger_format import LOCAL_BYTES
from sync.tally_rows import encode_tally


def encoded(given: Facts) -> bytes:
    return encode_local(given, policy(), reading())


def visits(days: int) -> list[object]:
    return [entry(at("2020-01-02 10:00") + day * 86_400_000, charged=2) for day in range(days)]


def test_it_holds_the_grants_row_the_counts_and_the_policys_version() -> None:
    given = right(grant(seat="A 1"), history=[entry("2026-03-09 10:00")])

    kept = parse_local(encoded(facts(given)))

    assert parse_grant(kept["grants"][0]["row"]) == given.grant
    assert kept["snapshot"] == [100, at("2026-03-10 12:00")]
    assert kept["grants"][0]["counts"]["1"]["days"][0][0] == 20260309
    assert "is_cut" not in kept


def test_it_holds_everything_else_that_was_looked_at() -> None:
    given = right(exceptions=[EventException(event_no=1, deny_reason=Reason.RESALE)])  # type: ignore[arg-type]
    looked_at = facts(
        given,
        presented=signed(claims={"seat": "B 2"}, problem=Reason.CODE_EXPIRED),
        events=(event(1),),
        seat_entries=(seat_taken(),),
        is_revoked=True,
        is_step_used=True,
    )

    kept = parse_local(encoded(looked_at))

    assert kept["claims"] == [7, None, None, None, "B 2", None]
    assert kept["problem"] == "CODE_EXPIRED"
    assert kept["events"][0][0] == 1
    assert kept["seats"] == [[1, "A-12", 99, False]]
    assert kept["grants"][0]["exceptions"] == [[1, None, "RESALE", None]]
    assert kept["is_revoked"]
    assert kept["is_step_used"]


def test_it_holds_what_an_unlisted_ticket_has_used() -> None:
    kept = parse_local(
        encoded(facts(presented=signed(), unlisted=unlisted(history=[entry("2026-03-09 10:00")])))
    )

    assert kept["unlisted"]["type"] == [7, 1, None, None]
    assert kept["unlisted"]["counts"]["1"]["days"][0][0] == 20260309
    assert parse_local(encoded(facts(unlisted=UnlistedFacts())))["unlisted"]["type"] is None


def test_it_holds_no_key() -> None:
    kept = encoded(facts(right()))

    assert KEY.hex().encode() not in kept
    assert KEY not in kept


@pytest.mark.parametrize("days", [1, 30, 200, 2_000])
def test_it_fits_whatever_the_history(days: int) -> None:
    assert len(encoded(facts(right(history=visits(days))))) <= LOCAL_BYTES  # type: ignore[arg-type]


def test_a_long_history_is_packed_before_anything_is_left_out() -> None:
    given = right(history=visits(30))  # type: ignore[arg-type]

    local = encoded(facts(given))

    assert local[:1] != b"{"
    assert len(parse_local(local)["grants"][0]["counts"]["1"]["days"]) == 30
    assert len(encode_tally(given.tallies[MAIN])) > LOCAL_BYTES


def test_of_a_long_past_only_the_marks_go_before_any_day_does() -> None:
    given = right(history=visits(300))  # type: ignore[arg-type]

    kept = parse_local(encoded(facts(given)))["grants"][0]["counts"]["1"]

    assert len(kept["days"]) == 300
    assert sum(day[1] for day in kept["days"]) == 600
    assert len(kept["marks"]) <= 3


def test_rules_and_policies_are_kept_as_far_as_they_are_not_the_usual_ones() -> None:
    kept = parse_local(encoded(facts(right(limits=rule(max_per_day=2)))))

    assert kept["grants"][0]["rule"] == [1, {"max_total": None, "max_per_day": 2}]
    assert kept["policy"] == {"zone": "Europe/Paris", "day_cutoff": "00:00"}
    assert "floor" not in kept


def test_a_very_long_history_keeps_its_newest_days_and_says_that_it_is_cut() -> None:
    kept = parse_local(encoded(facts(right(history=visits(2_000)))))  # type: ignore[arg-type]

    assert kept["is_cut"]
    assert len(kept["grants"][0]["counts"]["1"]["days"]) == RECENT_DAYS


def test_many_grants_keep_their_rows_before_their_counts() -> None:
    wallet = [
        right(
            grant(grant_no=number, seat=f"Row {number * 7919 % 1000}"), history=visits(40 * number)
        )  # type: ignore[arg-type]
        for number in range(1, 20)
    ]

    kept = parse_local(encoded(facts(*wallet)))

    assert kept["is_cut"]
    assert [row["row"][0] for row in kept["grants"]] == list(range(1, 20))


def test_what_never_fits_leaves_the_snapshots_number() -> None:
    crowd = [right(grant(grant_no=number * 7919, seat=f"{number**5}")) for number in range(400)]

    kept = parse_local(encoded(facts(*crowd)))

    assert kept == {"is_cut": True, "snapshot": [100, at("2026-03-10 12:00")]}


@pytest.mark.parametrize("local", [b"", b"{", b"[1]", b"\x00\xff", zlib.compress(b"[]")])
def test_what_cannot_be_read_is_said_so(local: bytes) -> None:
    with pytest.raises(InputError) as fault:
        parse_local(local)

    assert fault.value.code == "local_facts_unreadable"


def test_a_row_is_the_snapshots_own() -> None:
    given = right(grant(seat="A 1"))

    kept = parse_local(encoded(facts(given)))

    assert tuple(kept["grants"][0]["row"]) == encode_grant(given.grant)
