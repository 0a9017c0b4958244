"""A renewal campaign (S76, S77, S78, S80, S81)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scanner.core.calendar import SiteCalendar
from scanner.core.units import GrantNo, Instant
from server_stub.rules.billing import Answer, Attempt
from server_stub.rules.campaign import (
    CAMPAIGN_TABLE,
    Campaign,
    CampaignEvent,
    CampaignMode,
    CampaignState,
    Choice,
    LinkAnswer,
    Member,
    RenewalCharge,
    Standing,
    due_event,
    first_charges,
    may_release,
    may_renew,
    open_link,
    renewal_key,
    report,
    retries,
    standing,
    unanswered,
)
from server_stub.rules.keeping_codes import CodePlan, plan_codes
from server_stub.rules.machine import next_state
from server_stub.rules.refusals import Refusal
from support.instants import PARIS, wall

RENEWALS = Campaign(
    campaign_id="c",
    mode=CampaignMode.OPT_OUT,
    price_minor=25_000,
    priority_ends_on=date(2026, 6, 30),
)
CHARGED_AT = wall("2026-06-01T09:00")
LAST, OVER = Instant(wall("2026-07-01T00:00") - 1), wall("2026-07-01T00:00")
ANNA = Member(holding_id="anna", seat="A-12")


def answered(member: Member, *answers: Answer, at: Instant = CHARGED_AT) -> Member:
    attempts = tuple(
        Attempt(renewal_key("c", member.holding_id, n), CHARGED_AT, at, answer)
        for n, answer in enumerate(answers, 1)
    )
    return replace(member, attempts=attempts)


def thousand() -> list[Member]:
    """1,000 holders of whom 20 opted out."""
    return [
        Member(holding_id=f"h{n:04}", seat=f"A-{n}", choice=Choice.OUT if n < 20 else Choice.NONE)
        for n in range(1_000)
    ]


def test_s76_of_1000_holders_980_are_charged_and_950_renewed() -> None:
    members = thousand()
    charges = first_charges(RENEWALS, members, CHARGED_AT, PARIS)
    charged = {charge.holding_id for charge in charges}
    fails = set(sorted(charged)[:30])
    after = [
        answered(m, Answer.DECLINED if m.holding_id in fails else Answer.SUCCEEDED)
        if m.holding_id in charged
        else m
        for m in members
    ]
    result = report(RENEWALS, after, PARIS)

    assert len(charges) == len({charge.key for charge in charges}) == 980
    assert result.charged == 980
    assert result.standings == {
        Standing.RENEWED: 950,
        Standing.OPTED_OUT: 20,
        Standing.LATE: 30,
        Standing.STOPPED: 0,
        Standing.RELEASED: 0,
        Standing.WAITING: 0,
    }
    assert {failure.holding_id for failure in result.failures} == fails
    assert {failure.retry_at for failure in result.failures} == {wall("2026-06-02T09:00")}
    assert first_charges(RENEWALS, after, CHARGED_AT, PARIS) == ()


@pytest.mark.parametrize("answer", Answer)
def test_s76_whoever_has_an_attempt_is_not_charged_by_a_new_run(answer: Answer) -> None:
    assert first_charges(RENEWALS, [answered(ANNA, answer)], CHARGED_AT, PARIS) == ()


@pytest.mark.parametrize(
    ("mode", "charged"),
    [
        (CampaignMode.OPT_OUT, {Choice.NONE, Choice.IN}),
        (CampaignMode.OPT_IN, {Choice.IN}),
        (CampaignMode.PAY_LINK, set()),
    ],
)
def test_the_mode_says_who_is_charged(mode: CampaignMode, charged: set[Choice]) -> None:
    members = [replace(ANNA, holding_id=choice, choice=choice) for choice in Choice]

    found = first_charges(replace(RENEWALS, mode=mode), members, CHARGED_AT, PARIS)
    assert {charge.holding_id for charge in found} == charged


def test_nobody_is_charged_before_the_day_that_was_told_nor_after_the_window() -> None:
    told = replace(RENEWALS, charge_at=CHARGED_AT)

    assert first_charges(told, [ANNA], Instant(CHARGED_AT - 1), PARIS) == ()
    assert len(first_charges(told, [ANNA], CHARGED_AT, PARIS)) == 1
    assert len(first_charges(told, [ANNA], LAST, PARIS)) == 1
    assert first_charges(told, [ANNA], OVER, PARIS) == ()


def test_s76_a_failure_is_tried_again_under_a_key_of_its_own() -> None:
    late = answered(ANNA, Answer.DECLINED)

    assert retries(RENEWALS, [late], wall("2026-06-02T08:59:59"), PARIS) == ()
    assert retries(RENEWALS, [late], wall("2026-06-02T09:00"), PARIS) == (
        RenewalCharge("c:anna:2", "anna", 25_000),
    )


@pytest.mark.parametrize(
    "member",
    [
        ANNA,
        answered(ANNA, Answer.SUCCEEDED),
        answered(ANNA, Answer.DECLINED, Answer.SUCCEEDED),
        answered(ANNA, Answer.DECLINED, Answer.UNKNOWN),
        answered(ANNA, *[Answer.DECLINED] * 4),
        replace(answered(ANNA, Answer.DECLINED), choice=Choice.OUT),
        replace(answered(ANNA, Answer.DECLINED), is_on_map=False),
    ],
)
def test_nobody_else_is_tried_again(member: Member) -> None:
    assert retries(RENEWALS, [member], wall("2026-06-20T09:00"), PARIS) == ()


def test_s77_no_retry_after_the_priority_window() -> None:
    late = answered(ANNA, Answer.DECLINED, at=wall("2026-06-30T09:00"))

    assert report(RENEWALS, [late], PARIS).failures[0].retry_at is None
    assert retries(RENEWALS, [late], wall("2026-07-01T09:00"), PARIS) == ()


def test_a_charge_without_an_answer_is_asked_about() -> None:
    assert unanswered([ANNA, answered(ANNA, Answer.UNKNOWN)]) == ("c:anna:1",)


def test_s77_the_holder_may_pay_to_the_last_millisecond_and_only_then_it_is_released() -> None:
    late = answered(ANNA, Answer.DECLINED)

    assert may_renew(RENEWALS, late, LAST, PARIS) is None
    assert may_release(RENEWALS, late, LAST, PARIS) is Refusal.PRIORITY_RUNS
    assert may_renew(RENEWALS, late, OVER, PARIS) is Refusal.RENEWAL_CLOSED
    assert may_release(RENEWALS, late, OVER, PARIS) is None


def test_s77_the_window_ends_in_site_time_with_the_business_day() -> None:
    assert RENEWALS.priority_until(SiteCalendar("Europe/Paris", "04:00")) == wall(
        "2026-07-01T04:00"
    )
    new_york = SiteCalendar("America/New_York")
    assert RENEWALS.priority_until(new_york) == wall("2026-07-01T00:00", new_york)


def test_s77_no_seat_is_released_under_a_charge_without_an_answer() -> None:
    asked = answered(ANNA, Answer.UNKNOWN)

    assert may_release(RENEWALS, asked, OVER, PARIS) is Refusal.CHARGES_OPEN
    assert may_renew(RENEWALS, asked, LAST, PARIS) is Refusal.CHARGES_OPEN


def test_who_opted_out_may_think_again_while_the_window_is_open() -> None:
    out = replace(ANNA, choice=Choice.OUT)

    assert may_renew(RENEWALS, out, LAST, PARIS) is None
    assert may_release(RENEWALS, out, LAST, PARIS) is Refusal.PRIORITY_RUNS
    assert may_release(RENEWALS, out, OVER, PARIS) is None


@pytest.mark.parametrize("now", [LAST, OVER])
def test_who_renewed_neither_pays_again_nor_loses_the_seat(now: Instant) -> None:
    renewed = answered(ANNA, Answer.SUCCEEDED)

    assert may_renew(RENEWALS, renewed, now, PARIS) is Refusal.ALREADY_RENEWED
    assert may_release(RENEWALS, renewed, now, PARIS) is Refusal.ALREADY_RENEWED


@pytest.mark.parametrize(
    ("member", "now", "is_seat_free", "answer"),
    [
        (ANNA, LAST, False, LinkAnswer.PAY),
        (ANNA, OVER, False, LinkAnswer.WAITLIST),
        (replace(ANNA, is_released=True), OVER, False, LinkAnswer.WAITLIST),
        (replace(ANNA, is_released=True), OVER, True, LinkAnswer.BUY),
        (answered(ANNA, Answer.SUCCEEDED), OVER, False, LinkAnswer.RENEWED),
        (replace(ANNA, is_on_map=False), LAST, False, LinkAnswer.SEAT_GONE),
        (answered(ANNA, Answer.UNKNOWN), LAST, False, Refusal.CHARGES_OPEN),
    ],
)
def test_s78_a_link_opened_too_late_charges_nothing(
    member: Member, now: Instant, *, is_seat_free: bool, answer: LinkAnswer | Refusal
) -> None:
    found = open_link(RENEWALS, member, now, PARIS, is_seat_free=is_seat_free)

    assert found is answer


def test_s81_a_seat_that_is_gone_stops_one_holder_and_no_other() -> None:
    gone, ben = replace(ANNA, is_on_map=False), replace(ANNA, holding_id="ben")

    assert [c.holding_id for c in first_charges(RENEWALS, [gone, ben], CHARGED_AT, PARIS)] == [
        "ben"
    ]
    assert may_renew(RENEWALS, gone, LAST, PARIS) is Refusal.SEAT_NOT_ON_MAP
    assert may_release(RENEWALS, gone, OVER, PARIS) is Refusal.SEAT_NOT_ON_MAP
    assert report(RENEWALS, [gone, ben], PARIS).stopped == ("anna",)


def test_a_released_seat_is_counted_as_such() -> None:
    assert standing(replace(ANNA, is_released=True)) is Standing.RELEASED


@pytest.mark.parametrize(
    ("state", "event", "answer"),
    [
        (CampaignState.OPEN, CampaignEvent.CHARGING_BEGAN, CampaignState.CHARGING),
        (CampaignState.CHARGING, CampaignEvent.CHARGING_BEGAN, CampaignState.CHARGING),
        (CampaignState.CHARGING, CampaignEvent.CHARGED, CampaignState.LATE),
        (CampaignState.CHARGING, CampaignEvent.PRIORITY_ENDED, Refusal.CHARGES_OPEN),
        (CampaignState.LATE, CampaignEvent.RELEASED, Refusal.PRIORITY_RUNS),
        (CampaignState.LATE, CampaignEvent.PRIORITY_ENDED, CampaignState.RELEASING),
        (CampaignState.OPEN, CampaignEvent.PRIORITY_ENDED, CampaignState.RELEASING),
        (CampaignState.RELEASING, CampaignEvent.RELEASED, CampaignState.COMPLETED),
        (CampaignState.COMPLETED, CampaignEvent.OPENED, Refusal.CAMPAIGN_OVER),
        (CampaignState.SCHEDULED, CampaignEvent.UNSCHEDULED, CampaignState.DRAFT),
        (CampaignState.DRAFT, CampaignEvent.OPENED, Refusal.CAMPAIGN_NOT_READY),
    ],
)
def test_a_campaign_goes_stage_by_stage(
    state: CampaignState, event: CampaignEvent, answer: CampaignState | Refusal
) -> None:
    assert next_state(CAMPAIGN_TABLE, state, event) == answer


OPEN, CHARGING, RELEASING = CampaignState.OPEN, CampaignState.CHARGING, CampaignState.RELEASING
AT_NINE = replace(RENEWALS, charge_at=CHARGED_AT)
BY_LINK = replace(AT_NINE, mode=CampaignMode.PAY_LINK)


@pytest.mark.parametrize(
    ("campaign", "state", "member", "now", "event"),
    [
        (AT_NINE, OPEN, ANNA, Instant(CHARGED_AT - 1), None),
        (AT_NINE, OPEN, ANNA, CHARGED_AT, CampaignEvent.CHARGING_BEGAN),
        (RENEWALS, OPEN, ANNA, CHARGED_AT, None),
        (BY_LINK, OPEN, ANNA, CHARGED_AT, None),
        (BY_LINK, OPEN, ANNA, LAST, None),
        (BY_LINK, OPEN, ANNA, OVER, CampaignEvent.PRIORITY_ENDED),
        (AT_NINE, CHARGING, ANNA, CHARGED_AT, None),
        (AT_NINE, CHARGING, answered(ANNA, Answer.UNKNOWN), CHARGED_AT, None),
        (AT_NINE, CHARGING, answered(ANNA, Answer.UNKNOWN), OVER, None),
        (AT_NINE, CHARGING, answered(ANNA, Answer.DECLINED), CHARGED_AT, CampaignEvent.CHARGED),
        (AT_NINE, CHARGING, ANNA, OVER, CampaignEvent.CHARGED),
        (AT_NINE, CampaignState.LATE, ANNA, LAST, None),
        (AT_NINE, CampaignState.LATE, ANNA, OVER, CampaignEvent.PRIORITY_ENDED),
        (AT_NINE, RELEASING, ANNA, OVER, None),
        (AT_NINE, RELEASING, replace(ANNA, choice=Choice.OUT), OVER, None),
        (AT_NINE, RELEASING, replace(ANNA, is_released=True), OVER, CampaignEvent.RELEASED),
        (AT_NINE, RELEASING, answered(ANNA, Answer.SUCCEEDED), OVER, CampaignEvent.RELEASED),
        (AT_NINE, RELEASING, replace(ANNA, is_on_map=False), OVER, CampaignEvent.RELEASED),
        (AT_NINE, CampaignState.DRAFT, ANNA, OVER, None),
        (AT_NINE, CampaignState.SCHEDULED, ANNA, OVER, None),
        (AT_NINE, CampaignState.COMPLETED, ANNA, OVER, None),
    ],
)
def test_a_run_applies_the_next_event_when_its_stage_is_done(
    campaign: Campaign,
    state: CampaignState,
    member: Member,
    now: Instant,
    event: CampaignEvent | None,
) -> None:
    assert due_event(campaign, state, [member], now, PARIS) is event
    assert event is None or isinstance(next_state(CAMPAIGN_TABLE, state, event), CampaignState)


def test_s80_kept_codes_open_under_the_new_right_too() -> None:
    assert plan_codes((4, 5), GrantNo(9), OVER, keep_codes=True) == CodePlan(
        linked=((4, GrantNo(9)), (5, GrantNo(9)))
    )


def test_s80_else_the_old_code_is_superseded_when_the_season_starts_not_when_paid() -> None:
    assert plan_codes((4,), GrantNo(9), OVER, keep_codes=False) == CodePlan(
        issues_new=True, revoked=(4,), revoked_at=OVER
    )


def test_who_has_no_code_to_keep_gets_a_new_one() -> None:
    assert plan_codes((), GrantNo(9), OVER, keep_codes=True) == CodePlan(issues_new=True)
