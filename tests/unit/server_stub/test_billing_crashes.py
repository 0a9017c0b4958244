"""A billing run that dies around the provider's answer: the next one asks again, and a cycle is charged once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from server_stub.rules.billing import Answer
from server_stub.rules.subscription import SubscriptionState
from server_stub.selling.payments import MoneyRequest, PaymentProvider, ProviderName
from server_stub.store.subscription_tables import paid_cycle, simulated_charge, subscription
from server_stub.subscribing.billing_run import run_billing
from support.subscribers import BAD_LATER, Club, club


class PowerCut(BaseException):
    """The machine is off: nothing catches this."""


class DyingLine:
    """A provider whose caller dies before the request reaches it, or before the answer comes back."""

    def __init__(self, provider: PaymentProvider, *, arrives: bool) -> None:
        self._provider = provider
        self._arrives = arrives

    def charge(self, request: MoneyRequest) -> Answer:
        if self._arrives:
            self._provider.charge(request)
        raise PowerCut


@pytest.fixture
def friends(tmp_path: Path) -> Iterator[Club]:
    with club(tmp_path) as made:
        yield made


def asked_of_the_card(friends: Club) -> int:
    with friends.central.database.read() as connection:
        found = connection.execute(select(func.count()).select_from(simulated_charge))
        return int(found.scalar_one())


@pytest.mark.parametrize("arrives", [False, True])
def test_a_run_that_dies_leaves_a_request_that_the_next_one_asks_again(
    friends: Club, *, arrives: bool
) -> None:
    who = friends.join()
    friends.at("2026-02-28T10:00")
    line = DyingLine(friends.providers[ProviderName.CARD], arrives=arrives)
    for _ in range(2):
        with pytest.raises(PowerCut):
            run_billing(friends.central, {ProviderName.CARD: line})
    assert friends.charges(who)[-1] == (1_000, "unknown")
    friends.bill()

    assert friends.charges(who) == [(1_000, "succeeded")] * 2
    assert len(friends.cycles(who)) == 2
    assert asked_of_the_card(friends) == 2


def test_an_answer_lost_for_days_goes_on_as_if_it_had_been_heard(friends: Club) -> None:
    who = friends.join(BAD_LATER)
    friends.at("2026-02-28T10:00")
    line = DyingLine(friends.providers[ProviderName.CARD], arrives=True)
    with pytest.raises(PowerCut):
        run_billing(friends.central, {ProviderName.CARD: line})
    friends.at("2026-03-02T10:00")
    friends.bill()

    assert friends.state(who) is SubscriptionState.PAST_DUE
    assert [answer for _minor, answer in friends.charges(who)] == ["succeeded"] + ["declined"] * 2


def test_a_broken_subscription_is_reported_and_does_not_stop_the_others(
    friends: Club, caplog: pytest.LogCaptureFixture
) -> None:
    without_anchor, paid_twice, sound = (friends.join() for _ in range(3))
    due_at = friends.paid_until(paid_twice)
    of_the_first = subscription.c.subscription_id == without_anchor
    with friends.central.database.write() as connection:
        connection.execute(update(subscription).where(of_the_first).values(anchor_at=None))
        connection.execute(
            insert(paid_cycle).values(subscription_id=paid_twice, cycle_at=due_at, paid_at=due_at)
        )
    friends.at("2026-02-28T10:00")
    report = friends.bill()

    assert report.faults == {"subscription_broken": 2}
    assert sorted(report.broken) == sorted([without_anchor, paid_twice])
    assert friends.charges(sound) == [(1_000, "succeeded")] * 2
    assert {record.__dict__["subscription_id"] for record in caplog.records} == set(report.broken)
