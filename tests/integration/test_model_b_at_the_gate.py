"""Subscriptions as gates meet them (S34, S38–S40, S42, S84): a real central's base, looked up as gates do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.core.reasons import Outcome, Reason
from server_stub.rules.subscription import SubscriptionState
from server_stub.subscribing.subscription_codes import card_of, renewal_token
from server_stub.subscribing.subscriptions import cancel, load_benefits, pause, pay, resume
from support.instants import wall
from support.offline_gate import OfflineGate
from support.subscribers import BAD_LATER, Club, club


@pytest.fixture
def friends(tmp_path: Path) -> Iterator[Club]:
    with club(tmp_path) as made:
        yield made


@pytest.fixture
def gate(friends: Club, tmp_path: Path) -> Iterator[OfflineGate]:
    folder = tmp_path / "gate"
    folder.mkdir()
    with OfflineGate(friends.central, friends.clock, folder) as made:
        yield made


def benefits(friends: Club, who: str) -> frozenset[str]:
    """What logging in now gives."""
    with friends.central.database.read() as connection:
        return load_benefits(connection, friends.look(who).customer_id, friends.clock.now_ms())


def test_a_member_joins_fails_to_pay_is_in_grace_pays_cancels_and_leaves(
    friends: Club, gate: OfflineGate
) -> None:
    who = friends.join(BAD_LATER)
    card = card_of(friends.central, who).payload
    assert benefits(friends, who) == {"Friends"}
    gate.sync()
    assert gate.show(card) == (Outcome.SUCCESS, Reason.OK)

    friends.at("2026-03-02T10:00")
    friends.bill()
    gate.sync()
    assert friends.notices(who) == [("payment_failed", None)]
    assert gate.show(card) == (Outcome.HIGHLIGHTED, Reason.GRACE)

    pay(friends.central, friends.providers, who)
    gate.sync()
    assert gate.show(card)[0] is not Outcome.DECLINED
    assert gate.show(card)[1] is not Reason.GRACE

    cancel(friends.central, who)
    friends.clock.now = wall("2026-03-31T10:00") - 1
    gate.sync()
    assert gate.show(card)[0] is not Outcome.DECLINED
    friends.at("2026-03-31T10:00")
    assert gate.show(card) == (Outcome.DECLINED, Reason.EXPIRED), "by the gate's clock alone"
    friends.bill()
    gate.sync()
    assert gate.show(card) == (Outcome.DECLINED, Reason.ENDED)
    assert friends.state(who) is SubscriptionState.ENDED
    assert benefits(friends, who) == frozenset()


def test_a_gate_without_contact_lets_grace_run_out_and_a_renewal_token_opens_it(
    friends: Club, gate: OfflineGate
) -> None:
    who = friends.join(BAD_LATER)
    card = card_of(friends.central, who).payload
    friends.at("2026-02-28T10:00")
    friends.bill()
    gate.sync()
    friends.at("2026-03-03T10:00")
    pay(friends.central, friends.providers, who)
    token = renewal_token(friends.central, who)

    friends.clock.now = wall("2026-03-07T10:00") - 1
    assert gate.show(card)[0] is Outcome.HIGHLIGHTED
    friends.at("2026-03-07T10:00")
    assert gate.show(card) == (Outcome.DECLINED, Reason.SUSPENDED)
    assert gate.show(token)[0] is not Outcome.DECLINED
    gate.sync()
    assert gate.show(card) == (Outcome.SUCCESS, Reason.OK)


def test_a_pause_is_refused_after_the_next_contact_and_resuming_opens_again(
    friends: Club, gate: OfflineGate
) -> None:
    who = friends.join()
    card = card_of(friends.central, who).payload
    pause(friends.central, who)
    gate.sync()
    assert gate.show(card) == (Outcome.DECLINED, Reason.PAUSED)
    friends.at("2026-02-10T10:00")
    resume(friends.central, friends.providers, who)
    gate.sync()

    assert gate.show(card) == (Outcome.SUCCESS, Reason.OK)
