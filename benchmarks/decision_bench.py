"""The decision alone: what `decide` costs for the questions a lane asks most, and for the largest.

Law: CPU time of this process, each beside a bare Ed25519 verification measured by turns in the same seconds, because
that is the price of any signed ticket and machines differ. No test asserts a time.

Use: `python benchmarks/decision_bench.py`.

Source: docs/performance.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from statistics import median
from time import process_time_ns

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from figures import Figure, show

from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockReading, ClockState
from scanner.core.credential import CredentialKind
from scanner.core.decision import decide
from scanner.core.grants import AccessGrant, Gate, SnapshotMark
from scanner.core.question import Facts, GrantFacts, Presented, Scan
from scanner.core.rules import ScanRule, SitePolicy
from scanner.core.tally import DayTally, Mark, Tally
from scanner.core.units import (
    BootId,
    CredentialKey,
    DeviceId,
    Epoch,
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

ROUNDS = 40
CALLS = 100
PARIS = SiteCalendar("Europe/Paris")
POLICY = SitePolicy(calendar=PARIS)
NOW = Instant(1_773_140_400_000)
DAY_MS = 86_400_000
ZONE = ZoneNo(1)
CLOCK = ClockReading(NOW, MonoMs(1), BootId("now"), ClockState.TRUSTED, NOW)
UNTRUSTED = replace(CLOCK, state=ClockState.UNTRUSTED)
PASS = ScanRule(rule_no=RuleNo(1), max_total=50, max_per_day=3, min_interval_s=900)
EVERY_LIMIT = replace(
    PASS,
    max_total=10_000,
    max_per_week=100,
    max_per_month=100,
    max_per_year=10_000,
    max_distinct_days=1_000,
)
YEAR = {"valid_from": Instant(NOW - 90 * DAY_MS), "valid_until": Instant(NOW + 275 * DAY_MS)}
SCAN = Scan()


def _used(days: int) -> Tally:
    """One charged entry on each of so many days."""
    marks = [
        Mark(
            Instant(NOW - number * DAY_MS),
            DeviceId("lane-2"),
            Epoch("e"),
            Seq(1_000 - number),
            GateNo(2),
        )
        for number in range(1, days + 1)
    ]
    today = PARIS.business_date(NOW)
    return Tally(
        days={
            today - timedelta(days=number): DayTally(1, 1, mark, mark)
            for number, mark in enumerate(marks, 1)
        },
        first_entry=marks[-1],
        last_entry=marks[0],
        last_charged=marks[0],
    )


def _right(number: int = 1, rule: ScanRule = PASS, days: int = 12) -> GrantFacts:
    grant = AccessGrant(
        grant_no=GrantNo(number),
        rule_no=RuleNo(1),
        type_no=TypeNo(7),
        zones=frozenset({ZONE}),
        **YEAR,
    )
    return GrantFacts(grant=grant, rule=rule, tallies={ZONE: _used(days)})


def _known(*rights: GrantFacts) -> Facts:
    return Facts(
        gate=Gate(gate_no=GateNo(1), name="North 1", zone_no=ZONE),
        lane=LaneReadiness.READY,
        presented=Presented(kind=CredentialKind.OPAQUE, key=CredentialKey(bytes(16))),
        snapshot=SnapshotMark(seq=SnapshotSeq(1), created_at=Instant(NOW - 60_000)),
        grants=rights,
    )


def _expired(right: GrantFacts) -> GrantFacts:
    return replace(right, grant=replace(right.grant, valid_until=Instant(NOW - 1)))


QUESTIONS: Mapping[str, tuple[Facts, ClockReading]] = {
    "an annual pass with X-Scans": (_known(_right()), CLOCK),
    "the same, expired": (_known(_expired(_right())), CLOCK),
    "an unknown card": (_known(), CLOCK),
    "three rights behind one card": (_known(*map(_right, (1, 2, 3))), CLOCK),
    "every limit, a year of daily visits": (_known(_right(1, EVERY_LIMIT, 365)), CLOCK),
    "the pass, clock untrusted": (_known(_right()), UNTRUSTED),
}
GOALS = (1.0, 0.5)
LARGE_GOALS = {
    "three rights behind one card": (2.0, 1.0),
    "every limit, a year of daily visits": (2.0, 1.0),
}
"""Must and aim, as ratios to one bare verification."""


def rows() -> list[Figure]:
    """One row a question: microseconds, and the ratio to one bare verification."""
    bare = _bare_verification()
    work = {
        name: partial(decide, SCAN, known, POLICY, clock)
        for name, (known, clock) in QUESTIONS.items()
    }
    taken: dict[str, list[float]] = {name: [] for name in work}
    ratios: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        floor = _cpu_us(bare)
        for name, call in work.items():
            taken[name].append(_cpu_us(call))
            ratios[name].append(taken[name][-1] / floor)
    return [
        row
        for name in work
        for row in (
            Figure(None, f"decide: {name}", median(taken[name]), "us", None, None),
            Figure(
                None,
                f"decide: {name} / bare Ed25519 verify",
                median(ratios[name]),
                "x",
                *LARGE_GOALS.get(name, GOALS),
            ),
        )
    ]


def _bare_verification() -> Callable[[], None]:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = private.public_key()
    signed = bytes(57)
    signature = private.sign(signed)
    return lambda: public.verify(signature, signed)


def _cpu_us(call: Callable[[], object]) -> float:
    began = process_time_ns()
    for _ in range(CALLS):
        call()
    return (process_time_ns() - began) / CALLS / 1_000


if __name__ == "__main__":
    show(rows())
