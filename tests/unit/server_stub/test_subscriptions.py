"""Subscriptions in the store: sold, billed, paused, cancelled, changed, and the right that follows each time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from scanner.core.errors import InputError
from scanner.core.grants import GrantState
from scanner.core.reasons import Reason
from server_stub.central import open_central
from server_stub.rules.billing import Answer
from server_stub.rules.subscription import SubscriptionState
from server_stub.selling.till import Means
from server_stub.store.changes import load_rights_count
from server_stub.store.subscription_tables import (
    simulated_card,
    simulated_charge,
    subscription_notice,
)
from server_stub.subscribing.billing_run import build_providers, run_billing
from server_stub.subscribing.subscriptions import (
    cancel,
    change_card,
    end,
    load_benefits,
    pause,
    pay,
    resume,
    take_payment,
    undo_cancellation,
    upgrade_plan,
)
from support.instants import wall
from support.subscribers import BAD, BAD_LATER, GOOD, SILENT, SILENT_BAD, Club, club

S = SubscriptionState


@pytest.fixture
def friends(tmp_path: Path) -> Iterator[Club]:
    with club(tmp_path) as made:
        yield made


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        action()
    return f"{caught.value.code} {caught.value.message.partition(':')[0]}"


def benefits(friends: Club, who: str) -> frozenset[str]:
    with friends.central.database.read() as connection:
        return load_benefits(connection, friends.look(who).customer_id, friends.clock.now_ms())


def rights_count(friends: Club) -> int:
    with friends.central.database.read() as connection:
        return load_rights_count(connection)


def test_a_paid_subscription_gives_a_right_and_benefits_at_once_and_gates_hear_of_it(
    friends: Club,
) -> None:
    before = rights_count(friends)
    who = friends.join()
    right = friends.right(who)

    assert friends.state(who) is S.ACTIVE
    assert right is not None
    assert (right.valid_until, right.grace_until) == (
        wall("2026-02-28T10:00"),
        wall("2026-03-07T10:00"),
    )
    assert benefits(friends, who) == {"Friends"}
    assert rights_count(friends) == before + 1


@pytest.mark.parametrize("card", [BAD, None])
def test_nothing_is_given_before_the_first_payment_and_after_23_hours_it_is_over(
    friends: Club, card: str | None
) -> None:
    who = friends.join(card)
    assert (friends.state(who), friends.right(who)) == (S.INCOMPLETE, None)
    assert benefits(friends, who) == frozenset()

    friends.at("2026-02-01T08:59")
    assert friends.bill().subscriptions == 0
    friends.at("2026-02-01T09:00")
    friends.bill()

    assert (friends.state(who), friends.right(who)) == (S.EXPIRED, None)
    assert refusal(lambda: end(friends.central, who)).startswith("subscription_refused SUBSC")


def test_a_first_payment_may_be_tried_again_with_another_card(friends: Club) -> None:
    who = friends.join(BAD)
    change_card(friends.central, who, GOOD)
    paid = pay(friends.central, friends.providers, who)

    assert (paid.answer, paid.state) == (Answer.SUCCEEDED, S.ACTIVE)
    assert friends.charges(who) == [(1_000, "declined"), (1_000, "succeeded")]
    assert refusal(lambda: pay(friends.central, friends.providers, who)) == (
        "subscription_refused CYCLE_NOT_OPEN"
    )


def test_cycles_keep_their_anchor_and_each_is_charged_once(friends: Club) -> None:
    who = friends.join()
    for day in ("2026-02-28T10:00", "2026-03-31T10:00", "2026-04-30T10:00"):
        friends.at(day)
        assert friends.bill().succeeded == 1
        assert friends.bill().subscriptions == 0

    assert friends.cycles(who) == [
        wall(day)
        for day in ("2026-01-31T10:00", "2026-02-28T10:00", "2026-03-31T10:00", "2026-04-30T10:00")
    ]
    assert friends.paid_until(who) == wall("2026-05-31T10:00")


def test_a_run_after_a_long_outage_charges_every_cycle_that_came_due(friends: Club) -> None:
    who = friends.join()
    friends.at("2026-04-15T10:00")

    assert friends.bill().succeeded == 2
    assert friends.paid_until(who) == wall("2026-04-30T10:00")


@pytest.mark.parametrize(
    ("when_unpaid", "last", "reason"),
    [("suspend", S.SUSPENDED, Reason.SUSPENDED), ("cancel", S.ENDED, Reason.ENDED)],
)
def test_a_failed_charge_is_told_tried_four_times_and_then_given_up(
    friends: Club, when_unpaid: str, last: S, reason: Reason
) -> None:
    friends.plan(name="Strict", when_unpaid=when_unpaid)
    who = friends.join(BAD_LATER, "Strict")
    states = []
    for day in ("02-28", "03-01", "03-03", "03-06", "03-07"):
        friends.at(f"2026-{day}T10:00")
        friends.bill()
        friends.bill()
        states.append(friends.state(who))
    right = friends.right(who)

    assert states == [S.PAST_DUE] * 4 + [last]
    assert [answer for _minor, answer in friends.charges(who)] == ["succeeded"] + ["declined"] * 4
    assert [kind for kind, _minor in friends.notices(who)] == ["payment_failed"] * 3 + [
        "last_retry_failed"
    ]
    assert right is not None
    assert (right.state, right.deny_reason) == (GrantState.DENY, reason)
    assert benefits(friends, who) == frozenset()


@pytest.mark.parametrize(("benefit_grace", "has"), [(True, {"Friends+"}), (False, set())])
def test_in_grace_the_card_opens_and_benefits_are_as_the_plan_says(
    friends: Club, *, benefit_grace: bool, has: set[str]
) -> None:
    friends.plan(name="Friends+", benefit_grace=benefit_grace)
    who = friends.join(BAD_LATER, "Friends+")
    friends.at("2026-03-02T10:00")
    friends.bill()
    right = friends.right(who)

    assert friends.state(who) is S.PAST_DUE
    assert right is not None
    assert (right.state, right.grace_until) == (GrantState.ALLOW, wall("2026-03-07T10:00"))
    assert benefits(friends, who) == has


def test_paying_in_grace_continues_the_same_cycles(friends: Club) -> None:
    who = friends.join(BAD_LATER)
    friends.at("2026-03-02T10:00")
    friends.bill()
    paid = pay(friends.central, friends.providers, who)

    assert (paid.state, friends.paid_until(who)) == (S.ACTIVE, wall("2026-03-31T10:00"))


def test_paying_after_the_suspension_begins_new_cycles(friends: Club) -> None:
    who = friends.join(BAD_LATER)
    for day in ("02-28", "03-01", "03-03", "03-07"):
        friends.at(f"2026-{day}T10:00")
        friends.bill()
    friends.at("2026-03-20T12:00")
    assert friends.state(who) is S.SUSPENDED
    pay(friends.central, friends.providers, who)
    right = friends.right(who)

    assert friends.paid_until(who) == wall("2026-04-20T12:00")
    assert right is not None
    assert right.state is GrantState.ALLOW


def test_a_time_out_is_asked_again_under_its_key_and_counts_once(friends: Club) -> None:
    who = friends.join(SILENT)
    assert friends.state(who) is S.INCOMPLETE
    assert friends.bill().subscriptions == 1

    assert friends.state(who) is S.ACTIVE
    assert friends.charges(who) == [(1_000, "succeeded")]


def test_a_time_out_that_was_a_decline_gives_nothing(friends: Club) -> None:
    who = friends.join(SILENT_BAD)
    friends.bill()

    assert (friends.state(who), friends.charges(who)) == (S.INCOMPLETE, [(1_000, "declined")])


def test_money_that_is_heard_of_too_late_is_to_be_given_back(friends: Club) -> None:
    who = friends.join()
    change_card(friends.central, who, SILENT)
    friends.at("2026-02-28T10:00")
    assert friends.bill().unknown == 1
    end(friends.central, who)
    friends.bill()

    assert friends.state(who) is S.ENDED
    assert friends.notices(who) == [("refund_due", 1_000)]
    assert friends.charges(who)[-1] == (1_000, "succeeded")


def test_cash_is_recorded_by_staff_and_unpaid_cycles_go_the_way_of_a_failed_card(
    friends: Club,
) -> None:
    who = friends.join(None)
    take_payment(friends.central, friends.providers, who, Means.CASH)
    assert friends.state(who) is S.ACTIVE
    friends.at("2026-02-28T10:00")
    friends.bill()
    assert friends.state(who) is S.PAST_DUE
    take_payment(friends.central, friends.providers, who, Means.TRANSFER, reference="T-17")

    assert friends.paid_until(who) == wall("2026-03-31T10:00")
    assert refusal(lambda: take_payment(friends.central, friends.providers, who, Means.CASH)) == (
        "subscription_refused CYCLE_NOT_OPEN"
    )


def test_a_transfer_in_advance_waits_for_its_cycle(friends: Club) -> None:
    who = friends.join(None)
    take_payment(friends.central, friends.providers, who, Means.CASH)
    early = lambda: take_payment(  # noqa: E731 - asked twice below
        friends.central, friends.providers, who, Means.TRANSFER, is_in_advance=True
    )
    early()
    assert refusal(early).startswith("payment_waits")
    friends.at("2026-02-28T10:00")

    assert friends.bill().succeeded == 1
    assert friends.notices(who) == []


def test_pause_refuses_at_gates_and_resuming_begins_a_period_less_the_credit(friends: Club) -> None:
    who = friends.join()
    friends.at("2026-02-14T10:00")
    pause(friends.central, who)
    right = friends.right(who)
    assert right is not None
    assert (right.state, right.deny_reason) == (GrantState.DENY, Reason.PAUSED)
    friends.at("2026-06-01T12:00")
    assert friends.bill().subscriptions == 0
    resume(friends.central, friends.providers, who)
    right = friends.right(who)

    assert friends.charges(who) == [(1_000, "succeeded"), (500, "succeeded")]
    assert friends.paid_until(who) == wall("2026-07-01T12:00")
    assert right is not None
    assert right.state is GrantState.ALLOW


def test_paused_and_resumed_in_the_millisecond_of_a_cycles_start_it_is_refused_and_then_goes_on(
    friends: Club,
) -> None:
    who = friends.join()
    pause(friends.central, who)

    early = lambda: resume(friends.central, friends.providers, who)  # noqa: E731
    assert refusal(early) == "subscription_refused TOO_EARLY"
    friends.clock.now += 1
    early()
    assert (friends.state(who), len(friends.cycles(who))) == (S.ACTIVE, 2)
    assert friends.charges(who) == [(1_000, "succeeded")]
    assert friends.bill().faults == {}


def test_cancelled_it_runs_to_the_end_of_its_period_and_no_further(friends: Club) -> None:
    who = friends.join()
    cancel(friends.central, who)
    right = friends.right(who)
    assert right is not None
    assert (right.valid_until, right.grace_until) == (wall("2026-02-28T10:00"), None)
    friends.at("2026-02-28T10:00")
    friends.bill()

    assert friends.state(who) is S.ENDED
    assert len(friends.charges(who)) == 1


def test_a_cancellation_can_be_undone_to_the_last_millisecond(friends: Club) -> None:
    who = friends.join()
    cancel(friends.central, who)
    friends.clock.now = wall("2026-02-28T10:00") - 1
    undo_cancellation(friends.central, who)

    assert friends.state(who) is S.ACTIVE


def test_within_the_minimum_term_a_cancellation_waits_for_its_end(friends: Club) -> None:
    friends.plan(name="Bound", minimum_cycles=3)
    who = friends.join(plan="Bound")
    cancel(friends.central, who)
    for day in ("02-28", "03-31", "04-30"):
        friends.at(f"2026-{day}T10:00")
        friends.bill()

    assert (friends.state(who), len(friends.charges(who))) == (S.ENDED, 3)


def test_an_upgrade_half_way_costs_the_difference_and_leaves_the_period(friends: Club) -> None:
    friends.plan(name="Patrons", price_minor=3_000)
    who = friends.join()
    friends.at("2026-02-14T10:00")
    upgrade_plan(friends.central, friends.providers, who, "Patrons")

    assert friends.charges(who) == [(1_000, "succeeded"), (1_000, "succeeded")]
    assert friends.look(who).plan_name == "Patrons"
    assert friends.paid_until(who) == wall("2026-02-28T10:00")
    assert refusal(lambda: upgrade_plan(friends.central, friends.providers, who, "Patrons")) == (
        "subscription_refused NO_UPGRADE"
    )


def test_an_upgrade_whose_card_fails_changes_nothing(friends: Club) -> None:
    friends.plan(name="Patrons", price_minor=3_000)
    who = friends.join()
    change_card(friends.central, who, BAD)
    upgrade_plan(friends.central, friends.providers, who, "Patrons")

    assert (friends.look(who).plan_name, friends.state(who)) == ("Friends", S.ACTIVE)


def test_an_upgrade_that_timed_out_takes_effect_when_its_answer_is_heard(friends: Club) -> None:
    friends.plan(name="Patrons", price_minor=3_000)
    who = friends.join()
    change_card(friends.central, who, SILENT)
    upgrade_plan(friends.central, friends.providers, who, "Patrons")
    assert friends.look(who).plan_name == "Friends"
    friends.bill()

    assert friends.look(who).plan_name == "Patrons"
    assert friends.charges(who)[1:] == [(2_000, "succeeded")]


def test_an_upgrade_that_is_heard_of_after_its_cycle_is_to_be_given_back(friends: Club) -> None:
    friends.plan(name="Patrons", price_minor=3_000)
    who = friends.join()
    change_card(friends.central, who, SILENT)
    upgrade_plan(friends.central, friends.providers, who, "Patrons")
    cancel(friends.central, who)
    friends.bill()

    assert friends.look(who).plan_name == "Friends"
    assert friends.notices(who) == [("refund_due", 2_000)]


def test_an_upgrade_paid_by_hand_records_what_was_handed_over(friends: Club) -> None:
    friends.plan(name="Patrons", price_minor=3_000)
    who = friends.join(None)
    take_payment(friends.central, friends.providers, who, Means.CASH)
    upgrade_plan(friends.central, friends.providers, who, "Patrons")

    assert friends.look(who).plan_name == "Patrons"
    assert friends.charges(who) == [(1_000, "succeeded"), (2_000, "succeeded")]


def test_the_renewal_notice_is_recorded_in_its_window_or_leaving_is_free(friends: Club) -> None:
    friends.plan(name="Year", every="year", price_minor=12_000, needs_renewal_notice=True)
    told, untold = friends.join(plan="Year"), friends.join(plan="Year", email="c@d.org")
    friends.at("2026-11-15T10:00")
    friends.bill()
    friends.bill()
    assert friends.notices(told) == [("renewal", None)]
    with friends.central.database.write() as connection:
        of_untold = subscription_notice.c.subscription_id == untold
        connection.execute(delete(subscription_notice).where(of_untold))
    friends.at("2027-01-31T10:00")
    friends.bill()

    assert end(friends.central, told)[1] == 0
    assert end(friends.central, untold)[1] == 12_000
    assert friends.notices(untold) == [("refund_due", 12_000)]


def test_a_plan_with_benefits_only_opens_no_gate(friends: Club) -> None:
    friends.plan(name="Newsletter", admits=False)
    who = friends.join(plan="Newsletter")

    assert friends.right(who) is None
    assert benefits(friends, who) == {"Newsletter"}


def test_no_card_number_is_kept_and_a_real_one_is_refused(friends: Club) -> None:
    friends.join()
    with friends.central.database.read() as connection:
        kept = str(connection.execute(select(simulated_card)).all())

    assert GOOD not in kept
    assert refusal(lambda: friends.join("4111111111111111")).startswith("card_not_simulated")


def test_two_runs_at_once_charge_once(friends: Club, tmp_path: Path) -> None:
    """Two databases on one file, as two processes have them."""
    members = [friends.join(email=f"m{number}@b.org") for number in range(4)]
    friends.at("2026-02-28T10:00")
    barrier = threading.Barrier(2)
    faults: list[dict[str, int]] = []

    def bill() -> None:
        with open_central(tmp_path / "central", friends.clock) as central:
            barrier.wait(30)
            faults.append(run_billing(central, build_providers(central)).faults)

    threads = [threading.Thread(target=bill) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with friends.central.database.read() as connection:
        asked = len(connection.execute(select(simulated_charge)).all())

    assert faults == [{}, {}]
    assert asked == 8
    assert [len(friends.cycles(who)) for who in members] == [2] * 4
