"""The life of a scan on a whole lane: real ledger, real base, simulated arm, virtual time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.simulated import Visitor
from scanner.core.credential import opaque_key
from scanner.core.events import Fact, FactKind
from scanner.core.lane_state import LaneMode
from scanner.core.override import Role, StaffAnswer
from scanner.core.reasons import Flag, Outcome, Reason
from scanner.core.units import Direction
from scanner.lane_parts import Read
from support.lanes import RELAY_IN, RELAY_OUT, LaneRig, simulated
from support.rights import rule
from support.snapshots import CARD, PEPPER, Site, ticket

OTHER = b"40012345678902"


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[LaneRig]:
    """A lane where ``CARD`` and ``OTHER`` may enter twice a day."""
    site = Site(rules=[rule(max_per_day=2, max_total=10)], cards={CARD: (1,), OTHER: (1,)})
    with LaneRig(tmp_path, site) as rig:
        yield rig


def _of(facts: list[Fact], kind: FactKind) -> list[Fact]:
    return [fact for fact in facts if fact.kind is kind]


def test_a_code_becomes_a_durable_fact_a_pulse_and_a_passage(lane: LaneRig) -> None:
    answer = lane.admit(CARD)
    assert answer is not None
    assert (answer.decision.outcome, answer.decision.remaining) == (Outcome.SUCCESS, 9)
    scan, passed = lane.facts()[-2:]
    assert (scan.kind, scan.charged, scan.movement) == (FactKind.SCAN, 1, Direction.IN)
    assert Flag.AWAITS_PASSAGE in scan.flags
    assert (passed.kind, passed.refers_to, passed.persons) == (FactKind.PASSED, scan.seq, 1)
    assert lane.pulses == 1
    assert lane.is_whole()


def test_the_fact_is_durable_before_the_coil_moves(lane: LaneRig) -> None:
    seen: list[int] = []
    ledger = lane.folder / "ledger" / "ledger.db"

    def look(_is_closed: bool, _at_ms: int) -> None:  # noqa: FBT001 - a level
        with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as reader:
            query = "SELECT count(*) FROM fact WHERE body LIKE '%\"SCAN\"%'"
            seen.append(reader.execute(query).fetchone()[0])

    lane.turnstile.chip.watch(RELAY_IN, look)
    lane.show(CARD)
    assert seen[0] == 1


def test_a_held_code_is_one_event(lane: LaneRig) -> None:
    answers = []
    for _ in range(200):
        answers.append(lane.show(CARD))
        lane.wait(40)
    assert sum(answer is not None for answer in answers) == 1
    assert len(_of(lane.facts(), FactKind.SCAN)) == 1


def test_an_arm_that_is_not_turned_gives_the_entry_back_at_once(lane: LaneRig) -> None:
    lane.expect(Visitor(persons=0))
    first = lane.show(CARD)
    lane.wait(6_000)
    given_back = _of(lane.facts(), FactKind.NOT_PASSED)
    assert [fact.persons for fact in given_back] == [1]
    second = lane.show(CARD)
    assert first is not None
    assert second is not None
    assert second.decision.outcome is Outcome.SUCCESS
    assert second.decision.remaining == first.decision.remaining == 9


def test_another_code_during_a_passage_finds_the_lane_busy(lane: LaneRig) -> None:
    lane.expect(Visitor(walk_ms=3_000))
    lane.show(CARD)
    lane.wait(1_000)
    refused = lane.show(OTHER)
    assert refused is not None
    assert (refused.decision.outcome, refused.decision.reason) == (
        Outcome.DECLINED,
        Reason.LANE_BUSY,
    )
    assert lane.pulses == 1


def test_a_daily_limit_counts_own_entries_and_forgets_given_back_ones(lane: LaneRig) -> None:
    lane.expect(Visitor(persons=0))
    reasons = [lane.admit(CARD) for _ in range(4)]
    assert [a.decision.reason for a in reasons if a] == [
        Reason.OK,
        Reason.OK,
        Reason.OK,
        Reason.LIMIT_DAY,
    ]


def test_a_power_cut_after_the_green_light_loses_nothing_and_charges_once(lane: LaneRig) -> None:
    lane.show(CARD)
    lane.restart()
    lane.wait(4_000)
    assert [fact.charged for fact in _of(lane.facts(), FactKind.SCAN)] == [1]
    again = lane.admit(CARD)
    assert again is not None
    assert again.decision.remaining == 8
    assert lane.is_whole()


def test_a_full_disk_keeps_the_arm_shut_and_says_so(lane: LaneRig) -> None:
    pages = lane.ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    lane.ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
    outcomes = []
    for number in range(60):
        answer = lane.show(b"unknown-%d" % number)
        outcomes.append(answer and answer.decision.reason)
        lane.wait(20)
    assert outcomes[-1] is Reason.NOT_RECORDED
    refused = lane.show(CARD)
    assert refused is not None
    assert (refused.decision.reason, refused.fact) == (Reason.NOT_RECORDED, None)
    assert lane.pulses == 0
    assert "ledger_full" in lane.lane.doubts
    assert any(notice["event"] == "alarm" for notice in lane.notices)
    lane.ledger._connection.execute("PRAGMA max_page_count = 1000000")
    lane.wait(4_000)
    admitted = lane.admit(CARD)
    assert admitted is not None
    assert admitted.decision.outcome is Outcome.SUCCESS
    assert lane.lane.doubts == ()
    assert lane.is_whole()


def test_a_passage_that_cannot_be_recorded_is_kept_and_tried_again(lane: LaneRig) -> None:
    lane.show(CARD)
    pages = lane.ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    lane.ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
    lane.ledger._connection.execute("PRAGMA query_only = ON")
    lane.wait(3_000)
    assert _of(lane.facts(), FactKind.PASSED) == []
    lane.ledger._connection.execute("PRAGMA query_only = OFF")
    lane.wait(100)
    assert len(_of(lane.facts(), FactKind.PASSED)) == 1


def _out_pulses(lane: LaneRig) -> int:
    return sum(change.level for change in lane.turnstile.chip.history if change.line == RELAY_OUT)


def test_an_exit_opens_on_a_disk_that_takes_nothing_and_is_recorded_when_it_does(
    lane: LaneRig,
) -> None:
    lane.admit(CARD)
    lane.ledger._connection.execute("PRAGMA query_only = ON")
    left = lane.show(CARD, Direction.OUT)
    entering = lane.show(b"unknown", Direction.IN)
    assert left is not None
    assert (left.decision.outcome, left.decision.reason) == (Outcome.CHECKED_OUT, Reason.EXIT)
    assert (left.decision.flags, left.fact) == ((Reason.NOT_RECORDED.value,), None)
    assert entering is not None
    assert entering.decision.reason is Reason.NOT_RECORDED
    lane.wait(8_000)
    assert _out_pulses(lane) == 1
    assert lane.lane.doubts == ("ledger_read_only",)

    lane.ledger._connection.execute("PRAGMA query_only = OFF")
    lane.wait(100)
    exits = [fact for fact in lane.facts() if fact.movement is Direction.OUT]
    assert [(fact.reason, fact.flags) for fact in exits] == [(Reason.EXIT, ("NOT_RECORDED",))]
    assert len(_of(lane.facts(), FactKind.PASSED)) == 1
    assert lane.is_whole()


def test_an_exit_that_could_not_be_recorded_and_was_not_used_is_forgotten(lane: LaneRig) -> None:
    lane.turnstile.expect(Visitor(persons=0), direction="out")
    lane.ledger._connection.execute("PRAGMA query_only = ON")
    lane.show(CARD, Direction.OUT)
    lane.wait(8_000)
    lane.ledger._connection.execute("PRAGMA query_only = OFF")
    lane.wait(100)
    assert _out_pulses(lane) == 1
    assert {fact.kind for fact in lane.facts()} == {FactKind.CLOCK_OFFSET, FactKind.ALARM}


def test_a_blocked_lane_lets_nobody_out_whatever_the_disk_does(lane: LaneRig) -> None:
    lane.turnstile.set_fire(active=True)
    lane.wait(1_000)
    lane.ledger._connection.close()
    lane.ledger._head = None
    refused = lane.show(CARD, Direction.OUT)
    assert refused is not None
    assert refused.decision.reason is Reason.NOT_RECORDED
    assert _out_pulses(lane) == 0


def test_an_exit_opens_even_when_the_ledger_cannot_be_read(lane: LaneRig) -> None:
    lane.ledger._connection.close()
    lane.ledger._head = None
    left = lane.show(CARD, Direction.OUT)
    assert left is not None
    assert (left.decision.outcome, left.fact) == (Outcome.CHECKED_OUT, None)
    lane.wait(4_000)
    assert _out_pulses(lane) == 1


def test_a_closed_lane_refuses_entries_and_lets_people_out(lane: LaneRig) -> None:
    lane.lane.set_mode(LaneMode.CLOSED, operator="Ada")
    inward, outward = lane.show(CARD), lane.show(CARD, Direction.OUT)
    assert inward is not None
    assert outward is not None
    assert inward.decision.reason is Reason.LANE_CLOSED
    assert outward.decision.outcome is Outcome.CHECKED_OUT
    mode = _of(lane.facts(), FactKind.LANE_MODE)[0]
    assert (mode.note, mode.operator) == ("closed", "Ada")


def test_a_free_lane_records_and_flags_and_watches_nobody(lane: LaneRig) -> None:
    lane.lane.set_mode(LaneMode.FREE)
    answer = lane.admit(CARD)
    assert answer is not None
    assert Flag.LANE_FREE in answer.decision.flags
    scan = _of(lane.facts(), FactKind.SCAN)[0]
    assert Flag.AWAITS_PASSAGE not in scan.flags
    assert scan.charged == 1


def test_fire_blocks_the_lane_and_its_end_frees_it(lane: LaneRig) -> None:
    lane.turnstile.set_fire(active=True)
    lane.wait(1_000)
    blocked = lane.show(CARD)
    assert blocked is not None
    assert blocked.decision.reason is Reason.LANE_FAULT
    assert [f.note for f in _of(lane.facts(), FactKind.ALARM)] == ["fire"]
    lane.turnstile.set_fire(active=False)
    lane.wait(5_000)
    admitted = lane.admit(CARD)
    assert admitted is not None
    assert admitted.decision.outcome is Outcome.SUCCESS


def test_a_lane_without_a_sensor_is_busy_only_while_it_pulses(tmp_path: Path) -> None:
    site = Site(cards={CARD: (1,), OTHER: (1,)})
    with LaneRig(tmp_path, site, simulated(watched=False)) as lane:
        lane.show(CARD)
        busy = lane.show(OTHER)
        lane.wait(5_000)
        ready = lane.show(OTHER)
    assert busy is not None
    assert ready is not None
    assert busy.decision.reason is Reason.LANE_BUSY
    assert ready.decision.outcome is Outcome.SUCCESS


def test_a_single_read_of_a_linear_code_that_nobody_knows_is_no_event(lane: LaneRig) -> None:
    assert lane.lane.read(Read(b"12345678", "ean8", agreed=False)) is None
    known = lane.lane.read(Read(CARD, "code128", agreed=False))
    assert known is not None
    assert len(_of(lane.facts(), FactKind.SCAN)) == 1
    assert lane.lane.counts.not_read == 1


def test_a_single_read_of_a_card_that_was_withdrawn_is_refused(tmp_path: Path) -> None:
    site = Site(cards={CARD: (1,)}, revoked=[opaque_key(PEPPER, OTHER)])
    with LaneRig(tmp_path, site, simulated()) as lane:
        answer = lane.lane.read(Read(OTHER, "code128", agreed=False))
    assert answer is not None
    assert answer.decision.reason is Reason.REVOKED


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"x" * 4_097, Reason.UNREADABLE),
        (b"ab\x00cd", Reason.UNREADABLE),
        (b"TK1:", Reason.BAD_SIGNATURE),
        (ticket()[:-1], Reason.BAD_SIGNATURE),
        (b"TR1:x", Reason.UNREADABLE),
        (b"\xff\xfe\xfd", Reason.UNKNOWN),
        (b"nobody's code", Reason.UNKNOWN),
    ],
)
def test_bad_codes_get_a_plain_answer_and_an_event_without_the_code(
    lane: LaneRig, payload: bytes, reason: Reason
) -> None:
    answer = lane.show(payload)
    assert answer is not None
    assert answer.decision.reason is reason
    assert lane.pulses == 0
    stored = (lane.folder / "ledger" / "ledger.db-wal").read_bytes()
    assert payload[:12] not in stored


@pytest.mark.parametrize("noise", [b"", b"\r\n", b"\\000026", b"\t"])
def test_scanner_noise_alone_is_no_scan(lane: LaneRig, noise: bytes) -> None:
    assert lane.show(noise) is None
    assert _of(lane.facts(), FactKind.SCAN) == []


def test_a_scanners_prefix_and_line_end_change_nothing(lane: LaneRig) -> None:
    answer = lane.show(b"\\000026" + CARD + b"\r\n")
    assert answer is not None
    assert answer.decision.outcome is Outcome.SUCCESS


def test_no_notice_holds_a_payload_or_a_key(lane: LaneRig) -> None:
    lane.admit(CARD)
    told = repr(lane.notices)
    scan = _of(lane.facts(), FactKind.SCAN)[0]
    assert CARD.decode() not in told
    assert scan.key is not None
    assert scan.key not in told


def test_a_signed_ticket_sold_after_the_snapshot_enters_once(lane: LaneRig) -> None:
    sold = ticket(b"0123456789abcdef", max_total=1)
    first, second = lane.admit(sold), lane.admit(sold)
    assert first is not None
    assert second is not None
    assert (first.decision.outcome, first.decision.reason) == (Outcome.SUCCESS, Reason.UNLISTED)
    assert second.decision.reason is Reason.USED


def test_a_ledger_that_cannot_even_be_read_refuses_without_a_crash(lane: LaneRig) -> None:
    lane.ledger._connection.close()
    lane.ledger._head = None
    refused = [lane.show(payload) for payload in (b"ab\x00cd", CARD)]
    assert [a.decision.reason for a in refused if a] == [Reason.NOT_RECORDED] * 2
    assert lane.pulses == 0
    assert lane.lane.doubts == ("ledger_damaged",)
    lane.lane.note(FactKind.LANE_STOPPED)


def test_a_fault_of_recording_is_a_fact_itself_as_soon_as_one_can_be_written(lane: LaneRig) -> None:
    lane.ledger._connection.execute("PRAGMA query_only = ON")
    refused = lane.show(CARD)
    lane.wait(1_000)
    lane.ledger._connection.execute("PRAGMA query_only = OFF")
    lane.wait(100)
    assert refused is not None
    assert refused.fact is None
    assert [fact.note for fact in _of(lane.facts(), FactKind.ALARM)] == ["ledger_read_only"]


def test_a_scan_that_is_recorded_says_nothing_about_an_arm_that_does_not_move(
    lane: LaneRig,
) -> None:
    lane.turnstile.chip.break_line(RELAY_IN)
    lane.show(CARD)
    lane.wait(6_000)
    lane.show(b"nobody's code")
    assert lane.lane.doubts == ("line_failed",)
    lane.turnstile.chip.mend(RELAY_IN)
    lane.wait(4_000)
    admitted = lane.admit(CARD)
    assert admitted is not None
    assert lane.lane.doubts == ()


def test_staff_cannot_crash_a_lane_whose_ledger_is_gone(lane: LaneRig) -> None:
    lane.show(b"nobody's code")
    lane.ledger._connection.close()
    lane.ledger._head = None
    _override, fact = lane.lane.override(StaffAnswer.FORCE, Role.SUPERVISOR)
    assert fact is None
    assert lane.pulses == 0
