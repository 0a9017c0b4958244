"""How often a password may be guessed."""

from __future__ import annotations

import pytest

from server_stub.api.login_limits import (
    ACCOUNT_ATTEMPTS_MOST,
    ADDRESS_ATTEMPTS_MOST,
    WINDOW_MS,
    LoginLimits,
    LoginThrottledError,
)
from support.central_site import CentralClock


@pytest.fixture
def clock() -> CentralClock:
    return CentralClock()


@pytest.fixture
def limits(clock: CentralClock) -> LoginLimits:
    return LoginLimits(clock)


def test_an_account_is_guessed_at_from_everywhere_together(limits: LoginLimits) -> None:
    for number in range(ACCOUNT_ATTEMPTS_MOST):
        limits.begin("ann", f"address-{number}")
    with pytest.raises(LoginThrottledError) as caught:
        limits.begin("ann", "another")
    limits.begin("bob", "another")

    assert caught.value.retry_after_s == WINDOW_MS // 1_000


def test_an_address_guesses_at_all_accounts_together(limits: LoginLimits) -> None:
    for number in range(ADDRESS_ATTEMPTS_MOST):
        limits.begin(f"name-{number}", "one")

    with pytest.raises(LoginThrottledError):
        limits.begin("ann", "one")


def test_a_refused_attempt_does_not_make_the_wait_longer(
    limits: LoginLimits, clock: CentralClock
) -> None:
    for _ in range(ACCOUNT_ATTEMPTS_MOST):
        limits.begin("ann", "one")
    clock.pass_ms(WINDOW_MS - 1)
    with pytest.raises(LoginThrottledError) as caught:
        limits.begin("ann", "one")
    clock.pass_ms(1)
    limits.begin("ann", "one")

    assert caught.value.retry_after_s == 1


def test_a_good_login_takes_its_count_back(limits: LoginLimits) -> None:
    for _ in range(ADDRESS_ATTEMPTS_MOST + 5):
        limits.begin("ann", "one")
        limits.forgive("ann", "one")

    for _ in range(ACCOUNT_ATTEMPTS_MOST):
        limits.begin("ann", "one")
    with pytest.raises(LoginThrottledError):
        limits.begin("ann", "one")
