"""The acceptance scenarios of one gate, told as a story: each entry that opens counts for the next scan."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scanner.core.answer import Decision
from scanner.core.calendar import SiteCalendar, Unit
from scanner.core.clock import ClockReading
from scanner.core.credential import CredentialKind
from scanner.core.decision import decide
from scanner.core.grants import EventException, EventStatus, GrantFlag, GrantState
from scanner.core.question import Facts, Scan
from scanner.core.reasons import Outcome, Reason
from scanner.core.rules import CounterScope, HardAgePolicy, Policy, ReentryMode
from scanner.core.tally import Mark, Movement, fold
from scanner.core.units import (
    BootId,
    Direction,
    EventNo,
    Instant,
    MonoMs,
    ScopeNo,
    Seq,
    SnapshotSeq,
    ZoneNo,
)
from scanner.core.validity import Anchor, Offset, ValidityRule, validity
from scanner.core.windows import parse_window
from support.rights import (
    EPOCH,
    EXPO,
    GATE,
    HERE,
    MAIN,
    PARIS,
    THIS_BOOT,
    at,
    event,
    facts,
    gate,
    grant,
    opaque,
    policy,
    reading,
    right,
    rule,
    scope,
    seat_taken,
    signed,
    snapshot,
    unlisted,
    untrusted,
)


class Story:
    """One right at one gate; what opens is remembered."""

    def __init__(
        self,
        given: dict[str, Any] | None = None,
        limits: dict[str, Any] | None = None,
        site: SiteCalendar = PARIS,
        **more: Any,
    ) -> None:
        self.given, self.limits, self.site = given or {}, limits or {}, site
        self.settings: dict[str, Any] = more.pop("settings", {})
        self.more = more
        self.history: list[Movement] = []

    def scan(
        self,
        when: str | Instant | ClockReading,
        direction: Direction = Direction.IN,
        party: int = 1,
        zone: ZoneNo = MAIN,
        **known: Any,
    ) -> Decision:
        clock = when if isinstance(when, ClockReading) else reading(when, site=self.site)
        lane = gate(zone_no=zone)
        scan = Scan(direction=direction, party=party)
        fields: dict[str, Any] = {"gate": lane, "snapshot": None} | known
        decision = decide(scan, self._facts(**fields), policy(self.site, **self.settings), clock)
        if decision.movement is not None:
            self._remember(decision, clock, zone)
        return decision

    def _facts(self, **fields: Any) -> Facts:
        given = right(
            grant(**self.given), rule(**self.limits), self.history, site=self.site, **self.more
        )
        return facts(given, **fields)

    def _remember(self, decision: Decision, clock: ClockReading, zone: ZoneNo) -> None:
        seq = Seq(len(self.history) + 1)
        when = Mark(clock.now, HERE, EPOCH, seq, GATE.gate_no, clock.boot, clock.mono)
        assert decision.movement is not None
        self.history.append(
            Movement(when, decision.movement, zone, decision.charged, 1, decision.event_no)
        )

    def used(self) -> int:
        """Charged in all."""
        return sum(tally.total for tally in fold({}, self.history, self.site).values())


OUT = Direction.OUT
SUCCESS = (Outcome.SUCCESS, Reason.OK)


def told(decision: Decision) -> tuple[Outcome, Reason]:
    return decision.outcome, decision.reason


def test_s02_a_year_after_purchase_ends_with_its_last_day() -> None:
    term = ValidityRule(anchor=Anchor.PURCHASE, offset=Offset(365, Unit.DAYS))
    until = validity(term, at("2025-03-10 14:00"), PARIS).until
    story = Story({"valid_until": until}, settings={"expires_soon_days": 0})
    assert told(story.scan("2026-03-10 23:59:59")) == SUCCESS
    assert told(story.scan("2026-03-11 00:00")) == (Outcome.DECLINED, Reason.EXPIRED)


def test_s09_a_first_scan_offline_starts_the_term_that_later_scans_use() -> None:
    term = ValidityRule(anchor=Anchor.FIRST_SCAN, offset=Offset(30, Unit.DAYS))
    story = Story({"first_scan": term}, settings={"expires_soon_days": 0})
    first = story.scan("2026-03-01 10:00")
    assert told(first) == SUCCESS
    assert first.valid_until == at("2026-04-01 00:00")
    assert story.scan("2026-03-20 10:00").valid_until == first.valid_until
    assert told(story.scan("2026-03-31 23:59")) == SUCCESS
    assert told(story.scan("2026-04-01 00:00")) == (Outcome.DECLINED, Reason.EXPIRED)


def test_s15_the_last_of_ten_is_told_and_the_eleventh_declined() -> None:
    story = Story(limits={"max_total": 10})
    for day in range(1, 10):
        assert told(story.scan(f"2026-03-0{day} 10:00")) == SUCCESS
    last = story.scan("2026-03-10 10:00")
    assert (*told(last), last.remaining) == (Outcome.HIGHLIGHTED, Reason.LAST_ENTRY, 0)
    after = story.scan("2026-03-11 10:00")
    assert (*told(after), after.remaining) == (Outcome.DECLINED, Reason.LIMIT_TOTAL, 0)
    assert dict(after.trace[-1].values)["used"] == 10


def test_s16_once_a_day() -> None:
    story = Story(limits={"max_per_day": 1})
    assert told(story.scan("2026-03-10 10:00")) == SUCCESS
    assert told(story.scan("2026-03-10 15:00")) == (Outcome.DECLINED, Reason.LIMIT_DAY)
    assert told(story.scan("2026-03-11 10:00")) == SUCCESS


def test_s17_a_night_before_the_cut_off_belongs_to_the_day_before() -> None:
    story = Story(limits={"max_per_day": 1}, site=SiteCalendar("Europe/Paris", "04:00"))
    assert told(story.scan("2026-03-07 23:00")) == SUCCESS
    assert told(story.scan("2026-03-08 03:30")) == (Outcome.DECLINED, Reason.LIMIT_DAY)
    assert told(story.scan("2026-03-08 04:00")) == SUCCESS


def test_s18_the_day_of_23_hours_is_one_day() -> None:
    story = Story(limits={"max_per_day": 1})
    assert told(story.scan("2026-03-29 01:30")) == SUCCESS
    assert told(story.scan("2026-03-29 03:30")) == (Outcome.DECLINED, Reason.LIMIT_DAY)


def test_s19_the_hour_that_comes_twice_lies_in_one_business_day() -> None:
    site = SiteCalendar("Europe/Paris", "02:30")
    story = Story(limits={"max_per_day": 1}, site=site)
    assert told(story.scan(at("2026-10-25 02:45", site=site))) == SUCCESS
    second = at("2026-10-25 02:15", site=site, second=True)
    assert told(story.scan(second)) == (Outcome.DECLINED, Reason.LIMIT_DAY)


def test_s20_a_quarter_of_an_hour_between_two_entries() -> None:
    story = Story(limits={"min_interval_s": 900})
    assert told(story.scan("2026-03-10 10:00")) == SUCCESS
    soon = story.scan("2026-03-10 10:10")
    assert (*told(soon), soon.wait_s) == (Outcome.REPEATED, Reason.TOO_SOON, 300)
    assert told(story.scan("2026-03-10 10:15")) == SUCCESS


def test_s22_a_re_entry_within_half_an_hour_is_free() -> None:
    story = Story(limits={"reentry_window_s": 1800, "max_total": 5})
    story.scan("2026-03-10 10:00")
    free = story.scan("2026-03-10 10:20")
    assert (*told(free), free.charged) == (Outcome.SUCCESS, Reason.REENTRY_FREE, 0)
    assert story.scan("2026-03-10 10:40").charged == 1


def test_s23_in_twice_is_refused_and_out_between_makes_it_free() -> None:
    limits = {"reentry_mode": ReentryMode.AFTER_EXIT, "max_total": 1}
    story = Story(limits=limits)
    assert told(story.scan("2026-03-10 10:00")) == SUCCESS
    assert told(story.scan("2026-03-10 10:30")) == (Outcome.REPEATED, Reason.ALREADY_IN)
    assert told(story.scan("2026-03-10 11:00", OUT)) == (Outcome.CHECKED_OUT, Reason.EXIT)
    assert told(story.scan("2026-03-10 12:00")) == (Outcome.SUCCESS, Reason.REENTRY_FREE)
    assert story.used() == 1


def test_s24_an_expired_holder_inside_gets_out() -> None:
    story = Story({"valid_until": "2026-03-10 12:00"}, settings={"expires_soon_days": 0})
    assert told(story.scan("2026-03-10 11:00")) == SUCCESS
    leaving = story.scan("2026-03-10 13:00", OUT)
    assert (*told(leaving), leaving.flags) == (Outcome.CHECKED_OUT, Reason.EXIT, ())


def test_s25_a_missing_exit_is_forgotten_overnight() -> None:
    story = Story(limits={"reentry_mode": ReentryMode.AFTER_EXIT})
    assert told(story.scan("2026-03-09 10:00")) == SUCCESS
    assert told(story.scan("2026-03-10 10:00")) == SUCCESS


def test_s26_off_peak_and_blackout() -> None:
    week = ["mon", "tue", "wed", "thu", "fri"]
    limits = {
        "windows": (parse_window(week, "09:00", "16:00"),),
        "blackouts": frozenset({date(2026, 12, 24)}),
    }
    story = Story(limits=limits)
    assert told(story.scan("2026-03-14 10:00")) == (Outcome.DECLINED, Reason.OUT_OF_HOURS)
    assert told(story.scan("2026-12-24 10:00")) == (Outcome.DECLINED, Reason.BLACKOUT)
    assert told(story.scan("2026-03-13 10:00")) == SUCCESS


def test_s27_zones() -> None:
    story = Story(
        {"zones": frozenset({MAIN})}, {"max_total": 5, "counter_scope": CounterScope.ZONE}
    )
    assert told(story.scan("2026-03-10 10:00", zone=EXPO)) == (Outcome.DECLINED, Reason.WRONG_ZONE)
    assert story.scan("2026-03-10 10:01").remaining == 4
    first = Story(limits={"requires_zone": MAIN})
    assert told(first.scan("2026-03-10 10:00", zone=EXPO)) == (
        Outcome.DECLINED,
        Reason.PREREQUISITE_ZONE,
    )
    assert told(first.scan("2026-03-10 10:05")) == SUCCESS
    assert told(first.scan("2026-03-10 10:10", zone=EXPO)) == SUCCESS


def test_s28_a_party() -> None:
    story = Story(limits={"max_total": 10, "party_max": 4})
    three = story.scan("2026-03-10 10:00", party=3)
    assert (three.charged, three.remaining) == (3, 7)
    assert told(story.scan("2026-03-10 10:05", party=5)) == (Outcome.ACTION, Reason.PARTY_SIZE)


def test_s29_names_first() -> None:
    story = Story({"flags": frozenset({GrantFlag.DETAILS_REQUIRED})})
    assert told(story.scan("2026-03-10 10:00")) == (Outcome.ACTION, Reason.DETAILS_REQUIRED)
    story.given = {}
    assert told(story.scan("2026-03-10 10:05")) == SUCCESS


def test_s38_s39_grace_and_its_end_by_the_clock_alone() -> None:
    story = Story({"valid_until": "2026-03-01 00:00", "grace_until": "2026-03-08 00:00"})
    assert told(story.scan("2026-03-07 23:59")) == (Outcome.HIGHLIGHTED, Reason.GRACE)
    assert told(story.scan("2026-03-08 00:00")) == (Outcome.DECLINED, Reason.SUSPENDED)


def test_s40_a_renewal_token_after_the_old_grace() -> None:
    story = Story({"valid_until": "2026-03-01 00:00", "grace_until": "2026-03-08 00:00"})
    said = {"issued_seq": SnapshotSeq(101), "not_after": at("2026-05-01 00:00")}
    shown = {"presented": signed(claims=said), "snapshot": snapshot("2026-03-09 10:00")}
    renewed = story.scan("2026-03-09 10:00", **shown)
    assert told(renewed) == (Outcome.HIGHLIGHTED, Reason.RENEWAL_TOKEN)
    assert told(story.scan("2026-03-09 10:05")) == (Outcome.DECLINED, Reason.SUSPENDED)


def test_s42_paused_and_resumed() -> None:
    story = Story({"state": GrantState.DENY, "deny_reason": Reason.PAUSED})
    assert told(story.scan("2026-03-10 10:00")) == (Outcome.DECLINED, Reason.PAUSED)
    story.given = {"valid_from": "2026-03-10 11:00"}
    assert told(story.scan("2026-03-10 11:00")) == SUCCESS


def test_s52_revoked_after_the_delta() -> None:
    story = Story()
    assert told(story.scan("2026-03-10 10:00")) == SUCCESS
    after = story.scan("2026-03-10 11:00", is_revoked=True)
    assert told(after) == (Outcome.DECLINED, Reason.REVOKED)


def test_s55_sold_after_the_snapshot() -> None:
    genuine = facts(presented=signed(), unlisted=unlisted())
    assert told(decide(Scan(), genuine, policy(), reading())) == (Outcome.SUCCESS, Reason.UNLISTED)
    assert decide(Scan(), facts(), policy(), reading()).reason is Reason.UNKNOWN


@pytest.mark.parametrize(
    ("hard", "presented", "expected"),
    [
        (HardAgePolicy.DECLINE, opaque(), (Outcome.DECLINED, Reason.STALE_DECLINED)),
        (HardAgePolicy.SIGNED_ONLY, opaque(), (Outcome.DECLINED, Reason.STALE_DECLINED)),
        (HardAgePolicy.SIGNED_ONLY, signed(), (Outcome.HIGHLIGHTED, Reason.STALE)),
        (
            HardAgePolicy.SIGNED_ONLY,
            signed(kind=CredentialKind.ROTATING, step=1),
            (Outcome.HIGHLIGHTED, Reason.STALE),
        ),
        (HardAgePolicy.CONTINUE, opaque(), (Outcome.HIGHLIGHTED, Reason.STALE)),
    ],
)
def test_s56_a_snapshot_beyond_the_hard_age(
    hard: HardAgePolicy, presented: Any, expected: tuple[Outcome, Reason]
) -> None:
    story = Story(settings={"hard_age_policy": hard})
    shown = {"presented": presented, "snapshot": snapshot("2026-03-07 12:00")}
    before = story.scan("2026-03-10 11:59:59.999", **shown)
    assert told(before) == SUCCESS
    assert before.snapshot_age_s == 72 * 3600 - 1
    assert told(story.scan("2026-03-10 12:00", **shown)) == expected


def test_s57_an_untrusted_clock_at_1970() -> None:
    story = Story(settings={"clock_policy": Policy.ACTION})
    clock = untrusted("2026-03-10 08:00", "2026-03-10 08:00")
    assert told(story.scan(clock)) == (Outcome.ACTION, Reason.CLOCK_UNTRUSTED)
    story.given = {"valid_until": "2026-03-10 07:59"}
    assert told(story.scan(clock)) == (Outcome.DECLINED, Reason.EXPIRED)


def test_s58_a_clock_that_jumps_back_an_hour_changes_no_interval() -> None:
    story = Story(limits={"min_interval_s": 900, "max_total": 5})
    minute = 60_000
    assert told(story.scan(reading("2026-03-10 12:00", mono=0))) == SUCCESS
    soon = story.scan(reading("2026-03-10 11:05", mono=5 * minute))
    assert (soon.reason, soon.wait_s) == (Reason.TOO_SOON, 600)
    later = story.scan(reading("2026-03-10 11:15", mono=15 * minute))
    assert (*told(later), later.remaining) == (*SUCCESS, 3)


def test_s65_a_rotating_code() -> None:
    story = Story()
    live = {"presented": signed(kind=CredentialKind.ROTATING, step=5)}
    late = signed(kind=CredentialKind.ROTATING, step=1, problem=Reason.CODE_EXPIRED)
    assert told(story.scan("2026-03-10 10:00", presented=late)) == (
        Outcome.DECLINED,
        Reason.CODE_EXPIRED,
    )
    assert told(story.scan("2026-03-10 10:00", **live)) == SUCCESS
    again = story.scan("2026-03-10 10:00:20", is_step_used=True, **live)
    assert told(again) == (Outcome.REPEATED, Reason.CODE_REUSED)


def test_s68_s69_s70_a_season_card() -> None:
    story = Story(
        {"scope_no": ScopeNo(1), "seat": "A-12"}, {"max_per_event": 1}, season=scope(1, 2)
    )
    afternoon = event(1, "2026-03-10 14:00", ("2026-03-10 13:00", "2026-03-10 16:00"))
    evening = event(2, "2026-03-10 20:00", ("2026-03-10 19:00", "2026-03-10 23:00"))
    other = event(3, "2026-03-11 20:00", ("2026-03-11 19:00", "2026-03-11 23:00"))
    on = {"events": (afternoon, evening, other)}
    first = story.scan("2026-03-10 13:30", **on)
    assert (*told(first), first.seat) == (*SUCCESS, "A-12")
    assert told(story.scan("2026-03-10 13:40", **on)) == (Outcome.REPEATED, Reason.LIMIT_EVENT)
    assert told(story.scan("2026-03-10 19:30", **on)) == SUCCESS
    assert told(story.scan("2026-03-11 19:30", **on)) == (Outcome.DECLINED, Reason.WRONG_EVENT)
    cancelled = event(
        2,
        "2026-03-10 20:00",
        ("2026-03-10 19:00", "2026-03-10 23:00"),
        status=EventStatus.CANCELLED,
    )
    off = story.scan("2026-03-10 19:40", events=(cancelled,))
    assert told(off) == (Outcome.DECLINED, Reason.EVENT_CANCELLED)


def test_s71_transferred_for_one_match() -> None:
    gone = EventException(event_no=EventNo(3), deny_reason=Reason.TRANSFERRED)
    story = Story({"scope_no": ScopeNo(1)}, season=scope(3, 4), exceptions=[gone])
    third = story.scan("2026-03-10 12:00", events=(event(3),))
    assert told(third) == (Outcome.DECLINED, Reason.TRANSFERRED)
    assert told(story.scan("2026-03-10 12:00", events=(event(4),))) == SUCCESS


def test_s72_the_seat_of_a_transfer_the_gate_did_not_hear_of() -> None:
    known = facts(
        presented=signed(claims={"seat": "A-12"}),
        unlisted=unlisted(),
        events=(event(),),
        seat_entries=(seat_taken("A-12"),),
    )
    asked = decide(Scan(), known, policy(), reading())
    assert told(asked) == (Outcome.ACTION, Reason.SEAT_CONFLICT)


def test_s82_a_concession_upgraded_for_one_match() -> None:
    upgraded = EventException(event_no=EventNo(2), flags=frozenset())
    story = Story({"flags": frozenset({GrantFlag.CONCESSION})}, exceptions=[upgraded])
    first = story.scan("2026-03-10 12:00", events=(event(1),))
    assert told(first) == (Outcome.HIGHLIGHTED, Reason.CONCESSION)
    assert told(story.scan("2026-03-10 12:00", events=(event(2),))) == SUCCESS


def test_a_story_on_one_boot_reads_intervals_off_the_monotonic_clock() -> None:
    story = Story(limits={"min_interval_s": 60})
    story.scan(reading("2026-03-10 12:00", mono=0))
    other_boot = ClockReading(
        at("2026-03-10 12:01"), MonoMs(5), BootId("other"), reading().state, at("2026-03-10 12:01")
    )
    assert other_boot.boot != THIS_BOOT
    assert told(story.scan(other_boot)) == SUCCESS
