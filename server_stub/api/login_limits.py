"""How often a password may be guessed: per account and per address, within a quarter of an hour.

Law: an attempt counts before it is looked at, so a hundred at once are a hundred; a good one takes its own count back.
An account that does not exist counts like any other. What is remembered is bounded, lives as long as the process and
holds no password.

Source: docs/central.md, "Staff".
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from scanner.core.errors import InputError
from scanner.core.units import SECOND_MS
from server_stub.clock import Clock

WINDOW_MS = 15 * 60 * SECOND_MS
ACCOUNT_ATTEMPTS_MOST = 5
ADDRESS_ATTEMPTS_MOST = 30
REMEMBERED_MOST = 50_000


class LoginThrottledError(InputError):
    """Too many attempts; ``retry_after_s`` says when the next one is looked at."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            "login_throttled",
            f"too many attempts to sign in; the next one is looked at in {retry_after_s} s",
            "wait, or have the password reset with `portillon-central staff reset NAME`",
        )
        self.retry_after_s = retry_after_s


class LoginLimits:
    """The attempts of one running central. Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempts: OrderedDict[tuple[str, str], deque[int]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, name: str, address: str) -> None:
        """Counts an attempt.

        Raises:
            LoginThrottledError: it is one too many; it was not counted.
        """
        now = self._clock.monotonic_ms()
        with self._lock:
            account = self._recent(("account", name), now)
            caller = self._recent(("address", address), now)
            for attempts, most in (
                (account, ACCOUNT_ATTEMPTS_MOST),
                (caller, ADDRESS_ATTEMPTS_MOST),
            ):
                if len(attempts) >= most:
                    waits_ms = attempts[0] + WINDOW_MS - now
                    raise LoginThrottledError(-(-waits_ms // SECOND_MS))
            account.append(now)
            caller.append(now)

    def forgive(self, name: str, address: str) -> None:
        """The attempt was a good one: the account begins anew, the address has one less."""
        with self._lock:
            self._attempts.pop(("account", name), None)
            if caller := self._attempts.get(("address", address)):
                caller.pop()

    def _recent(self, key: tuple[str, str], now: int) -> deque[int]:
        attempts = self._attempts.setdefault(key, deque())
        self._attempts.move_to_end(key)
        while attempts and attempts[0] <= now - WINDOW_MS:
            attempts.popleft()
        while len(self._attempts) > REMEMBERED_MOST:
            self._attempts.popitem(last=False)
        return attempts
