r"""What a code is: the bytes that a camera or scanner gave, cleaned, and read as one kind of credential.

Law: total. Every byte string is one of four kinds; nothing here raises, verifies a signature or looks anything up.
Cleaning takes away what scanners add (an ECI prefix, a line end) and nothing else. A code is compared only by its keyed
hash; no raw payload reaches a log or a disk.

=============  =====================================================================================
``TK1:…``      a signed ticket (`scanner.core.token`)
``TR1:…``      a rotating code around a signed ticket (`scanner.core.rotating`)
anything else  an opaque code, looked up in the snapshot; an equal citizen
=============  =====================================================================================

Source: docs/credentials.md.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from scanner.core.units import CredentialKey

PAYLOAD_MAX_BYTES = 4_096
KEY_BYTES = 16
SIGNED_PREFIX = b"TK1:"
ROTATING_PREFIX = b"TR1:"
TOTP_DIGITS = 8

_ECI_PREFIX = re.compile(rb"(?:\\0000(?:01|03|26|27))+")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_ROTATING = re.compile(rb"TR1:(0|[1-9][0-9]{0,11})\+([0-9]{%d})\+(.+)" % TOTP_DIGITS)

_DIGITS_READ = {"ean8": 8, "upca": 12, "upce": 12, "ean13": 12, "eanupc": 12}
"""Symbology → how many digits are padded to the 13 of its family; a UPC-E's own eight are not a number of it."""

_HASH = "sha256"
_OPAQUE = b"\x00"
_SIGNED = b"\x01"


class CredentialKind(StrEnum):
    """What a presented code is."""

    SIGNED = "signed"
    ROTATING = "rotating"
    OPAQUE = "opaque"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed ticket, not verified yet. ``token`` is its whole text."""

    kind: ClassVar = CredentialKind.SIGNED
    token: bytes


@dataclass(frozen=True, slots=True)
class Rotating:
    """A code made new every 30 s: the time it states, the proof for it, and the signed ticket it stands for.

    ``token`` is the ticket's whole text, with the prefix that the rotating code leaves out.
    """

    kind: ClassVar = CredentialKind.ROTATING
    at_s: int
    totp: str
    token: bytes


@dataclass(frozen=True, slots=True)
class Opaque:
    """A card number or any other code that means something only to the snapshot; normalised."""

    kind: ClassVar = CredentialKind.OPAQUE
    code: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No credential syntax at all. ``why`` names the rule that was broken, never the payload."""

    kind: ClassVar = CredentialKind.UNREADABLE
    why: str


Credential = Signed | Rotating | Opaque | Unreadable


def clean(raw: bytes) -> bytes:
    """What was read, without what scanners add. Empty = there was no scan. Cleaning twice changes nothing."""
    stripped = raw.rstrip(b"\r\n\t")
    prefix = _ECI_PREFIX.match(stripped)
    return stripped[prefix.end() :] if prefix else stripped


def parse(cleaned: bytes, symbology: str | None = None) -> Credential:
    """Read cleaned bytes as a credential.

    Args:
        cleaned: from `clean`.
        symbology: the bar code's kind where the reader knows it; only the EAN/UPC family has a meaning here.
    """
    if not cleaned:
        return Unreadable("empty")
    if len(cleaned) > PAYLOAD_MAX_BYTES:
        return Unreadable("over 4,096 bytes")
    if _CONTROL.search(cleaned):
        return Unreadable("control characters inside")
    if cleaned.startswith(SIGNED_PREFIX):
        return Signed(cleaned)
    if cleaned.startswith(ROTATING_PREFIX):
        return _rotating(cleaned)
    return Opaque(normalised(cleaned, symbology))


def normalised(code: bytes, symbology: str | None = None) -> bytes:
    """An opaque code as it is hashed: EAN and UPC numbers with their 13 digits, everything else as it is."""
    family = (symbology or "").lower().translate({ord(mark): None for mark in "-_ /"})
    if len(code) == _DIGITS_READ.get(family) and code.isdigit():
        return code.rjust(13, b"0")
    return code


def signed_key(pepper: bytes, credential_id: bytes) -> CredentialKey:
    """The look-up key of a signed ticket or a rotating code, from its verified credential id."""
    return CredentialKey(hmac.digest(pepper, _SIGNED + credential_id, _HASH)[:KEY_BYTES])


def opaque_key(pepper: bytes, code: bytes) -> CredentialKey:
    """The look-up key of an opaque code, from its normalised bytes."""
    return CredentialKey(hmac.digest(pepper, _OPAQUE + code, _HASH)[:KEY_BYTES])


def _rotating(cleaned: bytes) -> Credential:
    match = _ROTATING.fullmatch(cleaned)
    if match is None:
        return Unreadable("a rotating code without time, proof and ticket")
    at_s, totp, rest = match.groups()
    return Rotating(int(at_s), totp.decode("ascii"), SIGNED_PREFIX + rest)
