"""Nonces: good once, for five minutes, and free to give away."""

from __future__ import annotations

import threading

import pytest

from scanner.core.errors import InputError
from server_stub.api import nonces as module
from server_stub.api.nonces import LIFETIME_MS, Nonces
from support.central_site import CentralClock


def is_refused(nonces: Nonces, nonce: str) -> bool:
    try:
        nonces.use(nonce)
    except InputError as error:
        return error.code == "nonce_refused"
    return False


def test_a_nonce_is_good_once() -> None:
    nonces = Nonces(CentralClock())
    nonce = nonces.issue()

    assert [is_refused(nonces, nonce) for _ in range(3)] == [False, True, True]


def test_looking_at_a_nonce_does_not_use_it() -> None:
    nonces = Nonces(CentralClock())
    nonce = nonces.issue()
    nonces.verify(nonce)

    assert not is_refused(nonces, nonce)
    with pytest.raises(InputError):
        nonces.verify(nonce)


def test_a_nonce_dies_of_age_and_the_wall_clock_has_no_say() -> None:
    clock = CentralClock()
    nonces = Nonces(clock)
    old, young = nonces.issue(), nonces.issue()
    clock.now += 10 * LIFETIME_MS
    assert not is_refused(nonces, young)
    clock.mono += LIFETIME_MS

    assert is_refused(nonces, old)


@pytest.mark.parametrize("made_up", ["", "x", "A" * 48, "é" * 48, "=" * 48, "A" * 10_000])
def test_what_we_did_not_issue_is_refused(made_up: str) -> None:
    assert is_refused(Nonces(CentralClock()), made_up)


def test_a_nonce_of_before_a_restart_is_refused() -> None:
    clock = CentralClock()

    assert is_refused(Nonces(clock), Nonces(clock).issue())


def test_giving_nonces_away_costs_no_memory_and_used_ones_are_forgotten_in_time() -> None:
    clock = CentralClock()
    nonces = Nonces(clock)
    for _ in range(100):
        nonces.issue()
    assert len(nonces._used) == 0
    for _ in range(50):
        nonces.use(nonces.issue())
    clock.mono += LIFETIME_MS
    nonces.use(nonces.issue())

    assert len(nonces._used) == 1


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MOST", 3)
    nonces = Nonces(CentralClock())
    for _ in range(3):
        nonces.use(nonces.issue())

    assert is_refused(nonces, nonces.issue())


def test_of_many_who_use_one_nonce_at_once_one_wins() -> None:
    nonces = Nonces(CentralClock())
    nonce, results = nonces.issue(), []
    start = threading.Barrier(8)

    def race() -> None:
        start.wait(5)
        results.append(is_refused(nonces, nonce))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert sorted(results) == [False] + [True] * 7
