"""Nonces: each makes one signed request good once.

Law: issuing a nonce costs no memory (it carries its own proof, an HMAC under a key that lives as long as the process),
so nobody can exhaust the central by asking. Only a request whose signature was good uses one up; what is remembered is
bounded by the lifetime of a nonce and by `REMEMBERED_MOST`. A restart makes every old nonce invalid: the caller gets a
fresh one with its 401.

Source: docs/sync-protocol.md, "Signed requests".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict

from scanner.core.errors import InputError
from server_stub.clock import Clock

LIFETIME_MS = 300_000
REMEMBERED_MOST = 200_000

_TIME_BYTES = 8
_RANDOM_BYTES = 12
_PROOF_BYTES = 16
_NONCE_BYTES = _TIME_BYTES + _RANDOM_BYTES + _PROOF_BYTES


class Nonces:
    """The nonces of one running central. Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._used: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def issue(self) -> str:
        """A fresh nonce."""
        stamp = self._clock.monotonic_ms().to_bytes(_TIME_BYTES)
        unproven = stamp + secrets.token_bytes(_RANDOM_BYTES)
        return base64.urlsafe_b64encode(unproven + self._proof(unproven)).decode()

    def verify(self, nonce: str) -> None:
        """Says whether a nonce may be used, without using it.

        Raises:
            InputError: ``nonce_refused``.
        """
        issued_at = self._issued_at(nonce)
        with self._lock:
            if issued_at is None or nonce in self._used:
                raise _refused()

    def use(self, nonce: str) -> None:
        """Uses a nonce up; of two that come at once, one is refused.

        Raises:
            InputError: ``nonce_refused``.
        """
        issued_at = self._issued_at(nonce)
        with self._lock:
            self._forget()
            if issued_at is None or nonce in self._used or len(self._used) >= REMEMBERED_MOST:
                raise _refused()
            self._used[nonce] = self._clock.monotonic_ms()

    def _issued_at(self, nonce: str) -> int | None:
        """When we issued it; None = we did not, or too long ago."""
        try:
            raw = base64.b64decode(nonce, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        unproven, proof = raw[:-_PROOF_BYTES], raw[-_PROOF_BYTES:]
        if len(raw) != _NONCE_BYTES or not hmac.compare_digest(proof, self._proof(unproven)):
            return None
        issued_at = int.from_bytes(raw[:_TIME_BYTES])
        return issued_at if self._clock.monotonic_ms() - issued_at < LIFETIME_MS else None

    def _proof(self, unproven: bytes) -> bytes:
        return hmac.digest(self._key, unproven, hashlib.sha256)[:_PROOF_BYTES]

    def _forget(self) -> None:
        """Drops those that their own age refuses by now; they stand in the order of their use."""
        horizon = self._clock.monotonic_ms() - LIFETIME_MS
        while self._used and next(iter(self._used.values())) <= horizon:
            self._used.popitem(last=False)


def _refused() -> InputError:
    return InputError(
        "nonce_refused",
        "this nonce is not one of ours, too old, or used already; the request was not looked at",
        "sign again with the nonce of this reply",
    )
