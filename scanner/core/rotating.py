"""Rotating codes: a ticket whose text is made new every 30 seconds, so that a screenshot dies young.

Law: pure. A code states its own time and proves it with a one-time password of that time under the credential's secret.
A wrong proof is a forgery (BAD_SIGNATURE), whatever the time; a right proof of another time is an old or early code
(CODE_EXPIRED). Only the second asks the gate's clock, so only the second is not judged while that is untrusted. That a
step is used once is a fact of the ledger, not of this module.

Source: docs/credentials.md, "Rotating codes"; RFC 6238 (TOTP, HMAC-SHA-1), RFC 4226 (HOTP), RFC 5869 (HKDF-SHA-256).
"""

from __future__ import annotations

import hmac

from scanner.core.credential import ROTATING_PREFIX, SIGNED_PREFIX, TOTP_DIGITS, Rotating
from scanner.core.reasons import Reason
from scanner.core.units import SECOND_MS, Instant

STEP_S = 30
STEPS_BEHIND = 1
"""A code may state a time this many steps before the gate's ..."""
STEPS_AHEAD = 2
"""... or after it: phones are late to show and their clocks are off."""

SECRET_BYTES = 20
"""As RFC 4226 asks for, and as Google Wallet takes them."""

_SECRET_CONTEXT = b"TR1:"


def secret(master: bytes, credential_id: bytes) -> bytes:
    """The secret of one credential, derived from the event's master secret."""
    return hkdf(master, salt=b"", context=_SECRET_CONTEXT + credential_id, length=SECRET_BYTES)


def step_of(at_s: int) -> int:
    """The time step that a moment lies in."""
    return at_s // STEP_S


def totp(key: bytes, step: int) -> str:
    """The one-time password of a step: eight digits."""
    digest = hmac.digest(key, step.to_bytes(8), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**TOTP_DIGITS:0{TOTP_DIGITS}}"


def is_genuine(code: Rotating, key: bytes) -> bool:
    """True when the proof is of the stated time (BAD_SIGNATURE otherwise)."""
    return hmac.compare_digest(code.totp, totp(key, step_of(code.at_s)))


def is_current(code: Rotating, now: Instant) -> bool:
    """True when the stated time is near the gate's (CODE_EXPIRED otherwise). Not to be asked of an untrusted clock."""
    ahead = step_of(code.at_s) - step_of(now // SECOND_MS)
    return -STEPS_BEHIND <= ahead <= STEPS_AHEAD


def judge(code: Rotating, key: bytes, now: Instant) -> Reason | None:
    """Why a rotating code is none: BAD_SIGNATURE before CODE_EXPIRED, None when it is good."""
    if not is_genuine(code, key):
        return Reason.BAD_SIGNATURE
    return None if is_current(code, now) else Reason.CODE_EXPIRED


def encode(token: bytes, key: bytes, at_s: int) -> bytes:
    """The text that a phone shows at a moment."""
    stated = f"{at_s}+{totp(key, step_of(at_s))}+".encode("ascii")
    return ROTATING_PREFIX + stated + token.removeprefix(SIGNED_PREFIX)


def hkdf(master: bytes, *, salt: bytes, context: bytes, length: int) -> bytes:
    """HKDF with SHA-256."""
    pseudorandom = hmac.digest(salt or bytes(32), master, "sha256")
    made = block = b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(pseudorandom, block + context + bytes((number,)), "sha256")
        made += block
    return made[:length]
