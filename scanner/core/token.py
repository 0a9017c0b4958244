"""The signed ticket: a CWT in a COSE_Sign1, small enough for a QR code that a cheap camera reads.

Law: `verify` is total. Any bytes give claims or a refusal, never an exception, and a bad ticket never costs more than
a good one: size first, then shape, key, signature, and claims only where one of our keys has signed them. There is
exactly one text for given claims and key: what `encode` would not have written is no ticket (definite lengths, shortest
integers, sorted labels, no label twice, no unknown header, no trailing bytes). So the one shape is written down as a
grammar, not left to a CBOR library, whose readers accept more than its writers write.

Source: docs/credentials.md, "The signed ticket"; RFC 9052 (COSE), RFC 8392 (CWT), RFC 8949 section 4.2 (one encoding).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from unicodedata import category

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from scanner.core import base45
from scanner.core.credential import SIGNED_PREFIX
from scanner.core.errors import InputError
from scanner.core.reasons import Reason
from scanner.core.units import SECOND_MS, Instant, Interval, SnapshotSeq, TypeNo

KID_BYTES = 8
TICKET_MAX_BYTES = 512
SEAT_MAX_BYTES = 64
TIME_MAX_S = 253_402_300_799
"""The last second of the year 9999."""

EXP, NBF, CTI = 4, 5, 7
TYPE_NO, MAX_TOTAL, SEAT, ISSUED_SEQ = -1, -2, -3, -4

_TIME_MAX_MS = TIME_MAX_S * SECOND_MS
_NOT_SHOWN = frozenset({"Cc", "Cf", "Zl", "Zp"})  # controls, format marks, line ends
_SHORT_TEXT_MAX = 24  # bytes with their head
_TEXT_MAX_BYTES = len(SIGNED_PREFIX) + TICKET_MAX_BYTES // 2 * 3
_PAYLOAD_SIZES = tuple(cbor2.dumps(bytes(size))[: 1 + (size > 23)] for size in range(256))  # noqa: PLR2004 - RFC 8949

_START = b"\xd2\x84"  # tag 18, array of 4
_PROTECTED = b"\x4d\xa2\x01\x27\x04\x48"  # 13 bytes: alg -8, kid of 8 bytes
_UNPROTECTED = b"\xa0"  # nothing
_SIGNATURE = b"\x58\x40"  # 64 bytes
_SIGNED_CONTEXT = b"\x84\x6aSignature1"
_NO_EXTERNAL_DATA = b"\x40"

_MESSAGE = re.compile(
    rb"""
    \xd2 \x84                            # tag 18 (COSE_Sign1), array of 4
    (\x4d \xa2 \x01\x27 \x04\x48 (.{8})) # protected: 1 (alg) -8 (EdDSA), 4 (kid) 8 bytes
    \xa0                                 # unprotected: nothing
    ([\x55-\x57] | \x58[\x18-\xff])      # payload: its size
    (.{21,255})                          #   and the claims
    \x58\x40 (.{64})                     # signature
    """,
    re.VERBOSE | re.DOTALL,
)

_NUMBER = rb"[\x00-\x17] | \x18[\x18-\xff] | \x19(?!\x00).{2} | \x1a(?!\x00\x00).{4}"
_LONG_NUMBER = _NUMBER + rb" | \x1b\x00{3}(?!\x00).{5}"
_SHORT_TEXT = rb" | ".join(rb"\x%02x.{%d}" % (0x60 | size, size) for size in range(1, 24))
_LONG_TEXT = rb" | ".join(rb"\x%02x.{%d}" % (size, size) for size in range(24, SEAT_MAX_BYTES + 1))

_CLAIMS = re.compile(
    rb"""
    [\xa2-\xa7]                            # a map of 2 to 7
    (?: \x04 ( %(long)b ))?                #  4 (exp) not_after
    (?: \x05 ( %(long)b ))?                #  5 (nbf) not_before
        \x07 \x50 (.{16})                  #  7 (cti) credential_id
        \x20 ( %(number)b )                # -1 type_no
    (?: \x21 (?!\x00)( %(number)b ))?      # -2 max_total
    (?: \x22 ( %(text)b ))?                # -3 seat
    (?: \x23 ( %(long)b ))?                # -4 issued_seq
    """
    % {
        b"number": _NUMBER,
        b"long": _LONG_NUMBER,
        b"text": _SHORT_TEXT + rb" | \x78 (?: " + _LONG_TEXT + rb" )",
    },
    re.VERBOSE | re.DOTALL,
)


class Claims(NamedTuple):
    """What a ticket says, only what a gate needs.

    Attributes:
        credential_id: 128 random bits; with the pepper it gives the look-up key.
        type_no: the ticket type, for a ticket the snapshot does not know yet.
        not_before: from when; whole seconds. Tickets of renewable memberships carry no term dates.
        not_after: until when, exclusive; whole seconds.
        max_total: entries in all; None = as the type's rule says.
        seat: the seat's label.
        issued_seq: this is a renewal token, issued at that snapshot sequence; ``not_after`` is the new end.
    """

    credential_id: bytes
    type_no: TypeNo
    not_before: Instant | None = None
    not_after: Instant | None = None
    max_total: int | None = None
    seat: str | None = None
    issued_seq: SnapshotSeq | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a ticket is none: BAD_SIGNATURE, UNKNOWN_KEY, KEY_REVOKED or WRONG_SITE."""

    reason: Reason


class KeyState(StrEnum):
    """Whether the central still stands behind a ticket key."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketKey:
    """A public key that signs tickets of one site. ``types`` None = of every type."""

    kid: bytes
    public: bytes
    site: str
    state: KeyState = KeyState.ACTIVE
    types: frozenset[TypeNo] | None = None


@dataclass(frozen=True, slots=True)
class TicketSigner:
    """Whoever holds a private key: its name and a function from bytes to a signature."""

    kid: bytes
    sign: Callable[[bytes], bytes]


class KeyRing:
    """The ticket keys a gate knows, ready to verify with.

    Raises:
        InputError: a key that is none, or that has another key's name.
    """

    __slots__ = ("_keys", "site")

    def __init__(self, site: str, keys: Iterable[TicketKey]) -> None:
        self.site = site
        self._keys = {key.kid: (key, _prepared(key)) for key in keys}

    def find(self, kid: bytes) -> tuple[TicketKey, Ed25519PublicKey] | None:
        """The key of that name and its prepared form."""
        return self._keys.get(kid)


_BAD_SIGNATURE = Refusal(Reason.BAD_SIGNATURE)
_UNKNOWN_KEY = Refusal(Reason.UNKNOWN_KEY)
_KEY_REVOKED = Refusal(Reason.KEY_REVOKED)
_WRONG_SITE = Refusal(Reason.WRONG_SITE)


def verify(token: bytes, ring: KeyRing) -> Claims | Refusal:
    """The claims of a ticket, or why there are none. No clock is asked: dates are the decision's.

    A key's status is judged after its signature, its site before the claims; a type that the key may not sign is as
    good as not signed.
    """
    parts = _parse_message(token)
    if parts is None:
        return _BAD_SIGNATURE
    protected, kid, size, payload, signature = parts
    known = ring.find(kid)
    if known is None:
        return _UNKNOWN_KEY
    key, public = known
    try:
        public.verify(signature, _signed_bytes(protected, size + payload))
    except InvalidSignature:
        return _BAD_SIGNATURE
    return _judged(payload, key, ring.site)


def encode(claims: Claims, signer: TicketSigner) -> bytes:
    """The text of a ticket.

    Raises:
        RuntimeError: claims that no verifier would accept (a time with a fraction of a second, an empty seat ...).
    """
    payload = _encode_claims(claims)
    if _parse_claims(payload) != claims:
        raise RuntimeError("these claims cannot be stated in a ticket (see docs/credentials.md)")
    protected, sized = _PROTECTED + signer.kid, cbor2.dumps(payload)
    signature = signer.sign(_signed_bytes(protected, sized))
    message = _START + protected + _UNPROTECTED + sized + _SIGNATURE + signature
    return SIGNED_PREFIX + base45.encode(message)


def outer_seconds(valid: Interval) -> Interval:
    """The smallest interval of whole seconds that holds a right: a printed ticket never shortens it."""
    start, until = valid
    return Interval(
        None if start is None else Instant(start // SECOND_MS * SECOND_MS),
        None if until is None else Instant(-(-until // SECOND_MS) * SECOND_MS),
    )


def key_id(public: bytes) -> bytes:
    """The name of a key: the first 8 bytes of SHA-256 over its 32 bytes."""
    return sha256(public).digest()[:KID_BYTES]


def seed_signer(seed: bytes) -> tuple[TicketSigner, bytes]:
    """The signer of a 32-byte Ed25519 seed, and its public key."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    return TicketSigner(key_id(public), private.sign), public


def _prepared(key: TicketKey) -> Ed25519PublicKey:
    try:
        public = Ed25519PublicKey.from_public_bytes(key.public)
    except ValueError as error:
        raise _damaged(key, "is no Ed25519 key of 32 bytes") from error
    if key.kid != key_id(key.public):
        raise _damaged(key, "is not the key that its name says")
    return public


def _damaged(key: TicketKey, what: str) -> InputError:
    return InputError(
        "ticket_key_damaged",
        f"ticket key {key.kid.hex()!r} of site {key.site!r} {what}; none of its snapshot's keys is used",
        "publish a new snapshot at the central",
    )


def _parse_message(token: bytes) -> tuple[bytes, ...] | None:
    """Protected header, kid, the payload's size, the payload and the signature of a ticket's text."""
    if len(token) > _TEXT_MAX_BYTES or not token.startswith(SIGNED_PREFIX):
        return None
    message = base45.decode(token[len(SIGNED_PREFIX) :])
    match = None if message is None else _MESSAGE.fullmatch(message)
    if match is None:
        return None
    parts = match.groups()
    _, _, size, payload, _ = parts
    return parts if size == _PAYLOAD_SIZES[len(payload)] else None


def _signed_bytes(protected: bytes, sized: bytes) -> bytes:
    """What the signature is over: COSE's Sig_structure."""
    return _SIGNED_CONTEXT + protected + _NO_EXTERNAL_DATA + sized


def _judged(payload: bytes, key: TicketKey, site: str) -> Claims | Refusal:
    """What a good signature is worth."""
    if key.state is not KeyState.ACTIVE:
        return _KEY_REVOKED
    if key.site != site:
        return _WRONG_SITE
    claims = _parse_claims(payload)
    if claims is None or (key.types is not None and claims.type_no not in key.types):
        return _BAD_SIGNATURE
    return claims


def _encode_claims(claims: Claims) -> bytes:
    """The claims as CBOR; the labels stand in their canonical order."""
    stated = {
        EXP: _seconds(claims.not_after),
        NBF: _seconds(claims.not_before),
        CTI: claims.credential_id,
        TYPE_NO: claims.type_no,
        MAX_TOTAL: claims.max_total,
        SEAT: claims.seat,
        ISSUED_SEQ: claims.issued_seq,
    }
    return cbor2.dumps({label: value for label, value in stated.items() if value is not None})


def _parse_claims(payload: bytes) -> Claims | None:
    """The claims of a payload, if it is to the byte what `_encode_claims` makes of them."""
    match = _CLAIMS.fullmatch(payload)
    if match is None:
        return None
    stated = match.groups()
    if payload[0] != 0xA0 + len(stated) - stated.count(None):
        return None
    exp, nbf, credential_id, type_no, max_total, seat, issued_seq = stated
    claims = Claims(
        credential_id,
        TypeNo(_number(type_no)),
        None if nbf is None else Instant(_number(nbf) * SECOND_MS),
        None if exp is None else Instant(_number(exp) * SECOND_MS),
        None if max_total is None else _number(max_total),
        None if seat is None else _label(seat),
        None if issued_seq is None else SnapshotSeq(_number(issued_seq)),
    )
    return claims if _are_sound(claims) else None


def _number(stated: bytes) -> int:
    return int.from_bytes(stated[1:] or stated)


def _label(stated: bytes) -> str:
    """A seat's label; empty (which is not legal) where it is no text that a screen can show."""
    raw = stated[2:] if len(stated) > _SHORT_TEXT_MAX else stated[1:]
    try:
        label = raw.decode()
    except UnicodeDecodeError:
        return ""
    return "" if any(category(letter) in _NOT_SHOWN for letter in label) else label


def _are_sound(claims: Claims) -> bool:
    """What the grammar cannot say: times before the year 10000, a label to show, a renewal with its new end."""
    _, _, not_before, not_after, _, seat, issued_seq = claims
    return (
        (not_before or 0) <= _TIME_MAX_MS
        and (not_after or 0) <= _TIME_MAX_MS
        and seat != ""
        and (issued_seq is None or not_after is not None)
    )


def _seconds(at: Instant | None) -> int | None:
    return None if at is None else at // SECOND_MS
