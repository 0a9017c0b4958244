"""The central's signed time, and what it proves about this device's clock.

Law: pure. A proof says "at monotonic instant ``mono_ms`` of boot ``boot`` it was ``now_ms``" and nothing about any
other boot. The nonce is ours and fresh, so an old answer proves nothing; half the round trip is added, and an answer
that took long proves too little to be kept. No date of a TLS certificate is involved.

Source: docs/sync-protocol.md, "Time".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.errors import CentralError
from sync.wire import TimeReply, time_statement

ROUND_TRIP_MOST_MS = 10_000
"""A slower answer may be 5 s off; the next contact asks again."""


class Clock(Protocol):
    """What sync needs of a clock; `hardware.system_clock.SystemClock` is one."""

    def now_ms(self) -> int:
        """Wall time, ms since 1970."""
        ...

    def monotonic_ms(self) -> int:
        """Ms of this boot, never going back."""
        ...

    def boot_id(self) -> str:
        """Which boot this is."""
        ...


class TimeProof(msgspec.Struct, frozen=True):
    """``cache/time.json``: it was ``now_ms`` at ``mono_ms`` of ``boot``, signed by key ``kid``."""

    boot: str
    mono_ms: int
    now_ms: int
    kid: str
    source: Literal["central"] = "central"

    def now_at(self, boot: str, mono_ms: int) -> int | None:
        """The time at another monotonic instant of the same boot; None in any other boot."""
        if boot != self.boot or mono_ms < self.mono_ms:
            return None
        return self.now_ms + (mono_ms - self.mono_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Our question: its nonce and when it left and its answer came, in one boot's monotonic ms."""

    nonce: str
    boot: str
    sent_mono_ms: int
    received_mono_ms: int


def verify_time(reply: TimeReply, asked: Asked, central_keys: Mapping[str, bytes]) -> TimeProof:
    """What the reply proves.

    Raises:
        CentralError: ``time_nonce_wrong``, ``time_too_slow``, ``central_key_unknown``, ``time_signature_bad``.
    """
    if reply.nonce != asked.nonce:
        raise CentralError(
            "time_nonce_wrong",
            "the central's signed time answers another question; it is not used",
            "something between gate and central keeps old replies: look for a caching proxy",
        )
    round_trip_ms = asked.received_mono_ms - asked.sent_mono_ms
    if not 0 <= round_trip_ms <= ROUND_TRIP_MOST_MS:
        raise CentralError(
            "time_too_slow",
            f"the central's time took {round_trip_ms} ms, over {ROUND_TRIP_MOST_MS} ms; it is not used",
            "the line is very slow; the next contact asks again",
        )
    statement = time_statement(reply.now, reply.nonce)
    if not is_signed_by(central_keys, reply.kid, reply.signature, statement):
        raise CentralError(
            "time_signature_bad",
            f"the central's time has a bad signature by key {reply.kid[:16]!r}; it is not used",
            "the answer was altered on its way, or this is not our central",
        )
    now_ms = reply.now + round_trip_ms // 2
    return TimeProof(boot=asked.boot, mono_ms=asked.received_mono_ms, now_ms=now_ms, kid=reply.kid)


def is_signed_by(
    central_keys: Mapping[str, bytes], kid: str, signature: str, statement: bytes
) -> bool:
    """True when one of the central's keys, the one named, signed the statement.

    Raises:
        CentralError: ``central_key_unknown`` when we hold no key of that name.
    """
    public = central_keys.get(kid)
    if public is None:
        raise CentralError(
            "central_key_unknown",
            f"the central signed with key {kid[:16]!r}, which this gate does not know",
            "its keys come with the next snapshot; if this stays, enrol the gate again",
        )
    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(raw, statement)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
