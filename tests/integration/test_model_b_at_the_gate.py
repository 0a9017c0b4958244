"""Subscriptions as gates meet them (S34, S38–S40, S42, S84): a real central's base, verified and looked up as gates do.

The central publishes into its folder, python-tuf verifies, the gate's own look-ups and `decide` answer; only time is
ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from scanner.core.decision import decide
from scanner.core.question import Scan
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import Direction, LaneReadiness
from scanner.ledger import Ledger
from scanner.lookups import Lookups
from server_stub.publisher import publish
from server_stub.rules.subscription import SubscriptionState
from server_stub.subscription_codes import card_of, renewal_token
from server_stub.subscriptions import cancel, load_benefits, pause, pay, resume
from support.instants import wall
from support.open_base import PublishedSite
from support.rights import reading
from support.snapshots import HERE, enrol, point
from support.subscribers import BAD_LATER, Club, club


class OfflineGate:
    """A gate's cache and look-ups; it hears of the central only in ``sync``."""

    def __init__(self, friends: Club, folder: Path) -> None:
        self._friends = friends
        self._cache = folder / "cache"
        central = friends.central
        peppers = dict(central.secrets.peppers)
        enrol(self._cache, gate_no=1, site="museum", **peppers)
        folder_of_site = central.folder.path / "repository"
        self._site = PublishedSite(folder_of_site, folder / "tuf", friends.clock)
        self._stack = ExitStack()
        self._folder = folder

    def __enter__(self) -> Self:
        ledger = self._stack.enter_context(Ledger.open(self._folder / "ledger", HERE))
        self._lookups = Lookups(self._cache, ledger.own)
        self._stack.callback(self._lookups.close)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def sync(self) -> None:
        """The central publishes what there is now, and the gate has it."""
        publish(self._friends.central)
        manifest, base = self._site.fetch()
        (self._cache / f"{manifest.seq}.db").write_bytes(base)
        point(self._cache, f"{manifest.seq}.db", manifest.seq)

    def show(self, payload: str) -> tuple[Outcome, Reason]:
        """What the gate would answer now."""
        clock = reading(self._friends.clock.now_ms())
        facts = self._lookups.facts_for(
            payload.encode(), None, Direction.IN, clock, LaneReadiness.READY
        )
        decision = decide(Scan(), facts, self._lookups.policy, clock)
        return decision.outcome, decision.reason


@pytest.fixture
def friends(tmp_path: Path) -> Iterator[Club]:
    with club(tmp_path) as made:
        yield made


@pytest.fixture
def gate(friends: Club, tmp_path: Path) -> Iterator[OfflineGate]:
    folder = tmp_path / "gate"
    folder.mkdir()
    with OfflineGate(friends, folder) as made:
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
