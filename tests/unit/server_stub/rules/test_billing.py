"""What a billing run does (S44, S45, S46)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.core.calendar import Unit
from scanner.core.units import Instant, RuleNo, TypeNo
from server_stub.rules.billing import (
    Account,
    Action,
    Answer,
    AskAgain,
    Attempt,
    Charge,
    Move,
    NoticeKind,
    Proration,
    SendNotice,
    attempt_key,
    plan_run,
    prorate_upgrade,
    retry_at,
    upgrade,
)
from server_stub.rules.cycles import Cycle, Period
from server_stub.rules.refusals import Refusal
from server_stub.rules.renewal_notice import FreeLeave, free_leave, notice_key
from server_stub.rules.subscription import (
    Moment,
    Plan,
    Subscription,
    SubscriptionEvent,
    SubscriptionState,
    WhenUnpaid,
)
from support.instants import PARIS, wall

S, E = SubscriptionState, SubscriptionEvent
PLAN = Plan(period=Period(1, Unit.MONTHS), price_minor=1_000, type_no=TypeNo(4), rule_no=RuleNo(5))
DUE = wall("2026-03-01T10:00")
ANCHOR = wall("2026-02-01T10:00")
MEMBER = Subscription(
    subscription_id="s", state=S.ACTIVE, started_at=ANCHOR, anchor_at=ANCHOR, paid_cycles=1
)
LATE = replace(MEMBER, state=S.PAST_DUE)


def run(account: Account, text: str, plan: Plan = PLAN) -> tuple[Action, ...]:
    return plan_run(account, Moment(wall(text), plan, PARIS))


def attempts(*answers: Answer) -> tuple[Attempt, ...]:
    days = ("2026-03-01", "2026-03-02", "2026-03-04", "2026-03-08")
    return tuple(
        Attempt(attempt_key("s", DUE, n), DUE, wall(f"{day}T10:00"), answer)
        for n, (day, answer) in enumerate(zip(days, answers, strict=False), 1)
    )


def told(*failed: int) -> frozenset[str]:
    return frozenset(f"{attempt_key('s', DUE, n)}:failed" for n in failed)


def test_nothing_is_done_before_the_charge_is_due() -> None:
    assert run(Account(MEMBER), "2026-03-01T09:59:59") == ()


def test_at_its_hour_the_cycle_is_charged() -> None:
    assert run(Account(MEMBER), "2026-03-01T10:00") == (Charge(f"s:{DUE}:1", DUE, 1_000),)


def test_s44_while_the_answer_is_unknown_nothing_else_is_charged() -> None:
    account = Account(MEMBER, attempts(Answer.UNKNOWN))

    assert run(account, "2026-03-09T10:00") == (AskAgain(f"s:{DUE}:1", DUE),)


def test_s44_a_charge_that_was_recorded_but_not_applied_is_applied_not_repeated() -> None:
    account = Account(MEMBER, attempts(Answer.SUCCEEDED))

    assert run(account, "2026-03-01T10:01") == (Move(E.PAYMENT_SUCCEEDED, DUE),)


def test_s44_once_applied_there_is_nothing_until_the_next_cycle() -> None:
    account = Account(replace(MEMBER, paid_cycles=2), attempts(Answer.SUCCEEDED))

    assert run(account, "2026-03-31T23:59") == ()


def test_a_failure_is_applied_and_told_once() -> None:
    account = Account(MEMBER, attempts(Answer.DECLINED))
    notice = SendNotice(f"s:{DUE}:1:failed", NoticeKind.PAYMENT_FAILED)

    assert run(account, "2026-03-01T10:01") == (Move(E.PAYMENT_FAILED, DUE), notice)
    assert run(replace(account, subscription=LATE, notices=told(1)), "2026-03-02T09:59:59") == ()


@pytest.mark.parametrize(
    ("failed", "before", "due"),
    [
        (1, "2026-03-02T09:59:59", "2026-03-02T10:00"),
        (2, "2026-03-04T09:59:59", "2026-03-04T10:00"),
        (3, "2026-03-08T09:59:59", "2026-03-08T10:00"),
    ],
)
def test_retries_come_after_one_three_and_seven_days(failed: int, before: str, due: str) -> None:
    declined = attempts(*[Answer.DECLINED] * failed)
    account = Account(LATE, declined, told(failed))

    assert run(account, before) == ()
    assert run(account, due) == (Charge(f"s:{DUE}:{failed + 1}", DUE, 1_000),)


@pytest.mark.parametrize(
    ("policy", "event"),
    [
        (WhenUnpaid.SUSPEND, E.GAVE_UP_SUSPENDING),
        (WhenUnpaid.CANCEL, E.GAVE_UP_CANCELLING),
    ],
)
def test_after_the_last_retry_the_plan_says_what_becomes_of_it(
    policy: WhenUnpaid, event: E
) -> None:
    account = Account(LATE, attempts(*[Answer.DECLINED] * 4))
    notice = SendNotice(f"s:{DUE}:4:failed", NoticeKind.LAST_RETRY_FAILED)

    plan = replace(PLAN, when_unpaid=policy)
    assert run(account, "2026-03-08T10:00", plan) == (notice, Move(event))


def test_a_longer_grace_is_waited_for() -> None:
    account = Account(LATE, attempts(*[Answer.DECLINED] * 4), told(4))
    plan = replace(PLAN, grace_days=14)

    assert run(account, "2026-03-15T09:59:59", plan) == ()
    assert run(account, "2026-03-15T10:00", plan) == (Move(E.GAVE_UP_SUSPENDING),)


def test_without_grace_the_retries_decide() -> None:
    account = Account(LATE, attempts(*[Answer.DECLINED] * 4), told(4))

    plan = replace(PLAN, grace_days=0)
    assert run(account, "2026-03-08T10:00", plan) == (Move(E.GAVE_UP_SUSPENDING),)


def test_retries_count_from_the_first_failure_so_a_late_run_does_not_try_thrice_at_once() -> None:
    assert retry_at((wall("2026-03-20T10:00"),), PARIS) == wall("2026-03-21T10:00")


def test_s43_an_incomplete_one_times_out() -> None:
    asked = Subscription(subscription_id="s", state=S.INCOMPLETE, asked_at=ANCHOR)

    assert run(Account(asked), "2026-02-02T08:59:59") == ()
    assert run(Account(asked), "2026-02-02T09:00") == (Move(E.TIMED_OUT),)


@pytest.mark.parametrize("state", [S.DRAFT, S.EXPIRED, S.SUSPENDED, S.PAUSED, S.ENDED])
def test_what_does_not_run_is_not_billed(state: S) -> None:
    assert run(Account(replace(MEMBER, state=state)), "2027-01-01T00:00") == ()


def test_s41_what_was_cancelled_ends_and_is_not_charged() -> None:
    cancelled = replace(MEMBER, state=S.PENDING_CANCELLATION, ends_at=DUE)

    assert run(Account(cancelled), "2026-03-01T09:59:59") == ()
    assert run(Account(cancelled), "2026-03-01T10:00") == (Move(E.PERIOD_ENDED),)


def test_s41_within_a_minimum_term_a_cancelled_one_is_charged_until_its_end() -> None:
    cancelled = replace(MEMBER, state=S.PENDING_CANCELLATION, ends_at=wall("2026-04-01T10:00"))

    assert run(Account(cancelled), "2026-03-01T10:00") == (Charge(f"s:{DUE}:1", DUE, 1_000),)


def test_a_credit_is_taken_off_and_one_that_covers_all_charges_nothing() -> None:
    some, all_of_it = replace(MEMBER, credit_minor=400), replace(MEMBER, credit_minor=1_000)

    assert run(Account(some), "2026-03-01T10:00") == (Charge(f"s:{DUE}:1", DUE, 600),)
    assert run(Account(all_of_it), "2026-03-01T10:00") == (Move(E.PAYMENT_SUCCEEDED, DUE),)


def test_s45_an_upgrade_half_way_costs_half_the_difference_and_keeps_the_period() -> None:
    current = Cycle(Instant(0), Instant(1_000))
    dearer = replace(PLAN, price_minor=3_000)

    change = prorate_upgrade(PLAN, dearer, current, Instant(500))

    assert change == Proration(new_minor=1_500, credit_minor=500)
    assert isinstance(change, Proration)
    assert change.charge_minor == 1_000


def test_s45_the_current_cycle_of_the_subscription_is_what_is_shared() -> None:
    moment = Moment(wall("2026-02-15T10:00"), PLAN, PARIS)

    assert upgrade(MEMBER, moment, replace(PLAN, price_minor=3_000)) == Proration(1_500, 500)


@pytest.mark.parametrize(
    "new",
    [
        PLAN,
        replace(PLAN, price_minor=999),
        replace(PLAN, price_minor=9_000, period=Period(1, Unit.YEARS)),
    ],
)
def test_what_is_no_dearer_or_another_rhythm_waits_for_the_end(new: Plan) -> None:
    moment = Moment(wall("2026-02-15T10:00"), PLAN, PARIS)

    assert upgrade(MEMBER, moment, new) is Refusal.NO_UPGRADE


@pytest.mark.parametrize(
    ("subscription", "now", "refusal"),
    [
        (MEMBER, "2026-03-01T10:00", Refusal.PAYMENT_OPEN),
        (LATE, "2026-02-15T10:00", Refusal.PAYMENT_OPEN),
        (
            replace(MEMBER, state=S.PENDING_CANCELLATION),
            "2026-02-15T10:00",
            Refusal.CANCELLATION_PENDING,
        ),
    ],
)
def test_only_a_paid_running_period_is_upgraded(
    subscription: Subscription, now: str, refusal: Refusal
) -> None:
    moment = Moment(wall(now), PLAN, PARIS)

    assert upgrade(subscription, moment, replace(PLAN, price_minor=3_000)) is refusal


def test_an_instant_outside_the_cycle_is_no_time_to_upgrade() -> None:
    dearer, current = replace(PLAN, price_minor=3_000), Cycle(Instant(0), Instant(1_000))

    assert prorate_upgrade(PLAN, dearer, current, Instant(1_000)) is Refusal.PAYMENT_OPEN


FRENCH = replace(PLAN, period=Period(1, Unit.YEARS), needs_renewal_notice=True, price_minor=36_500)
TERM_END = wall("2027-02-01T10:00")
RENEWAL = SendNotice(notice_key("s", TERM_END), NoticeKind.RENEWAL)


@pytest.mark.parametrize(
    ("now", "actions"),
    [
        ("2026-11-01T09:59:59", ()),
        ("2026-11-01T10:00", (RENEWAL,)),
        ("2027-01-01T09:59:59", (RENEWAL,)),
        ("2027-01-01T10:00", ()),
    ],
)
def test_s46_the_renewal_notice_goes_out_between_three_and_one_months_before(
    now: str, actions: tuple[Action, ...]
) -> None:
    assert run(Account(MEMBER), now, FRENCH) == actions
    assert run(Account(MEMBER, notices=frozenset({RENEWAL.key})), now, FRENCH) == ()
    assert run(Account(MEMBER), now, replace(FRENCH, needs_renewal_notice=False)) == ()


def test_s46_nobody_is_told_of_a_renewal_that_will_not_come() -> None:
    cancelled = replace(MEMBER, state=S.PENDING_CANCELLATION, ends_at=TERM_END)

    assert run(Account(cancelled), "2026-12-01T10:00", FRENCH) == ()


@pytest.mark.parametrize(
    ("noticed", "answer"),
    [
        (None, FreeLeave(18_250)),
        ("2026-10-31T10:00", FreeLeave(18_250)),
        ("2026-12-01T10:00", None),
        ("2027-01-01T10:00", FreeLeave(18_250)),
    ],
)
def test_s46_without_a_notice_in_its_window_the_renewed_term_can_be_left_free_of_charge(
    noticed: str | None, answer: FreeLeave | None
) -> None:
    renewed = replace(MEMBER, paid_cycles=2)
    notices = {} if noticed is None else {RENEWAL.key: wall(noticed)}
    half_way = Moment(Instant((TERM_END + wall("2028-02-01T10:00")) // 2), FRENCH, PARIS)

    assert free_leave(renewed, half_way, notices) == answer


@pytest.mark.parametrize(
    ("subscription", "plan"),
    [
        (MEMBER, FRENCH),
        (replace(MEMBER, state=S.ENDED), FRENCH),
        (MEMBER, replace(FRENCH, needs_renewal_notice=False)),
    ],
)
def test_s46_the_first_term_and_other_plans_are_left_as_agreed(
    subscription: Subscription, plan: Plan
) -> None:
    assert free_leave(subscription, Moment(wall("2026-06-01T10:00"), plan, PARIS), {}) is None
