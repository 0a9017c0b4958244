"""What every payment provider promises, on the till and on the simulated card."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.rules.billing import Answer
from server_stub.selling.payments import MoneyRequest, PaymentProvider, ProviderName
from server_stub.selling.simulated_card import save_card
from server_stub.selling.till import Means, record_payment
from support.subscribers import BAD, GOOD, Club, club


@dataclass
class Desk:
    """A provider with somebody who pays, or does not."""

    provider: PaymentProvider
    friends: Club
    name: ProviderName
    subscription_id: str

    def request(self, key: str = "k1", *, pays: bool = True) -> MoneyRequest:
        """A request that will be paid or declined."""
        with self.friends.central.database.write() as connection:
            method = None
            if self.name is ProviderName.CARD:
                method = save_card(connection, GOOD if pays else BAD)
            if pays and method is None:
                due = (700, "EUR")
                record_payment(connection, self.subscription_id, due, Means.CASH, None, _now(self))
        return MoneyRequest(
            key=key,
            subscription_id=self.subscription_id,
            method=method,
            amount_minor=700,
            currency="EUR",
            is_off_session=True,
            at=_now(self),
        )


def _now(desk: Desk) -> Instant:
    return desk.friends.clock.now_ms()


@pytest.fixture(params=list(ProviderName))
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with club(tmp_path) as friends:
        who = friends.join(None)
        yield Desk(friends.providers[request.param], friends, request.param, who)


@pytest.mark.parametrize("pays", [True, False])
def test_a_key_that_was_used_tells_the_first_answer_again(desk: Desk, *, pays: bool) -> None:
    request = desk.request(pays=pays)
    answers = {desk.provider.charge(request) for _ in range(3)}

    assert answers == {Answer.SUCCEEDED if pays else Answer.DECLINED}


def test_what_was_declined_stays_declined_when_money_comes_later(desk: Desk) -> None:
    declined = desk.request(pays=False)
    assert desk.provider.charge(declined) is Answer.DECLINED
    paid = desk.request("k2")

    assert desk.provider.charge(declined) is Answer.DECLINED
    assert desk.provider.charge(paid) is Answer.SUCCEEDED


def test_a_key_is_not_for_another_amount(desk: Desk) -> None:
    request = desk.request()
    desk.provider.charge(request)
    with pytest.raises(InputError) as caught:
        desk.provider.charge(replace(request, amount_minor=701))

    assert caught.value.code == "charge_key_reused"


def test_one_payment_is_not_taken_for_two_requests(desk: Desk) -> None:
    if desk.name is ProviderName.CARD:
        pytest.skip("a card can be charged twice, for two requests")
    request = desk.request()

    assert desk.provider.charge(request) is Answer.SUCCEEDED
    assert desk.provider.charge(replace(request, key="k2")) is Answer.DECLINED


def test_who_asks_at_once_under_one_key_hears_one_answer(desk: Desk) -> None:
    request = desk.request()
    heard: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: heard.append(desk.provider.charge(request)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert heard == [Answer.SUCCEEDED] * 4
