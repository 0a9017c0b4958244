"""From cleaned bytes to what is presented: parsed, verified, keyed (steps 1, 3 and 4 of a decision).

Law: total; no disk. The code itself goes no further than this: what leaves is its keyed hash and its claims. A ticket
that was refused has no id of its own; the keyed hash of its text lets a person see that the same forgery came again.

Source: docs/credentials.md; docs/decisions.md, "Decision order" (1, 3, 4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from scanner.core import rotating, token
from scanner.core.clock import ClockReading, ClockState
from scanner.core.credential import (
    CredentialKind,
    Opaque,
    Rotating,
    Signed,
    opaque_key,
    parse,
    signed_key,
)
from scanner.core.question import Presented
from scanner.core.reasons import Reason
from scanner.core.token import KeyRing, Refusal
from scanner.core.units import CredentialKey


@dataclass(frozen=True, slots=True)
class Reader:
    """What a gate reads codes with.

    ``pepper`` None: not enrolled, or the snapshot's pepper is not here; nothing can be keyed. ``master`` None: no
    rotating code can be proven here.
    """

    ring: KeyRing
    pepper: bytes | None = None
    master: bytes | None = None


def present(
    cleaned: bytes, symbology: str | None, reader: Reader, clock: ClockReading
) -> Presented:
    """What is presented, or why it is nothing."""
    match parse(cleaned, symbology):
        case Opaque(code):
            return Presented(kind=CredentialKind.OPAQUE, key=_opaque(reader, code))
        case Signed(text):
            return _ticket(CredentialKind.SIGNED, text, reader)
        case Rotating() as code:
            return _rotating(code, reader, clock)
        case _:
            return Presented(kind=CredentialKind.UNREADABLE, problem=Reason.UNREADABLE)


def _ticket(kind: CredentialKind, text: bytes, reader: Reader) -> Presented:
    found = token.verify(text, reader.ring)
    if isinstance(found, Refusal):
        return Presented(kind=kind, key=_opaque(reader, text), problem=found.reason)
    key = None if reader.pepper is None else signed_key(reader.pepper, found.credential_id)
    return Presented(kind=kind, key=key, claims=found)


def _rotating(code: Rotating, reader: Reader, clock: ClockReading) -> Presented:
    presented = _ticket(CredentialKind.ROTATING, code.token, reader)
    if presented.claims is None:
        return presented
    problem = _wrong_proof(code, presented.claims.credential_id, reader, clock)
    return replace(presented, step=rotating.step_of(code.at_s), problem=problem)


def _wrong_proof(
    code: Rotating, credential_id: bytes, reader: Reader, clock: ClockReading
) -> Reason | None:
    """Why the proof does not hold; its time is not judged by an untrusted clock."""
    if reader.master is None:
        return Reason.UNKNOWN_KEY
    secret = rotating.secret(reader.master, credential_id)
    if clock.state is ClockState.UNTRUSTED:
        return None if rotating.is_genuine(code, secret) else Reason.BAD_SIGNATURE
    return rotating.judge(code, secret, clock.now)


def _opaque(reader: Reader, code: bytes) -> CredentialKey | None:
    return None if reader.pepper is None else opaque_key(reader.pepper, code)
