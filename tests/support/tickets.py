"""Signed tickets for tests: four keys, a ring that knows three of them, and tickets that no honest issuer would sign.

Law: deterministic, so that golden vectors can be made from it.
"""

from __future__ import annotations

import cbor2

from scanner.core import base45
from scanner.core.token import (
    Claims,
    KeyRing,
    KeyState,
    TicketKey,
    TicketSigner,
    encode,
    seed_signer,
)
from scanner.core.units import Instant, SnapshotSeq, TypeNo

SITE, OTHER_SITE = "museum", "theatre"
SEEDS = {
    "own": bytes(range(32)),
    "other_site": bytes(range(32, 64)),
    "revoked": bytes(range(64, 96)),
    "unknown": bytes(range(96, 128)),
}
SIGNERS: dict[str, TicketSigner] = {name: seed_signer(seed)[0] for name, seed in SEEDS.items()}
OWN = SIGNERS["own"]

CREDENTIAL_ID = bytes.fromhex("f0e1d2c3b4a5968778695a4b3c2d1e0f")
ANNUAL = TypeNo(300)


def ticket_key(
    name: str,
    site: str = SITE,
    state: KeyState = KeyState.ACTIVE,
    types: frozenset[TypeNo] | None = None,
) -> TicketKey:
    """The public half of one of the keys."""
    signer, public = seed_signer(SEEDS[name])
    return TicketKey(kid=signer.kid, public=public, site=site, state=state, types=types)


RING = KeyRing(
    SITE,
    [
        ticket_key("own"),
        ticket_key("other_site", site=OTHER_SITE),
        ticket_key("revoked", state=KeyState.REVOKED),
    ],
)

MEMBERSHIP = Claims(credential_id=CREDENTIAL_ID, type_no=TypeNo(7))
TYPICAL: dict[str, Claims] = {
    "membership": MEMBERSHIP,
    "annual pass": Claims(CREDENTIAL_ID, ANNUAL, not_after=Instant(1_773_183_600_000)),
    "match with seat": Claims(
        CREDENTIAL_ID,
        TypeNo(12),
        not_before=Instant(1_785_513_600_000),
        not_after=Instant(1_785_628_800_000),
        max_total=1,
        seat="A-12",
    ),
    "renewal token": Claims(
        CREDENTIAL_ID,
        TypeNo(7),
        not_after=Instant(1_804_719_600_000),
        issued_seq=SnapshotSeq(1_773_000_000),
    ),
}
EXTREME: dict[str, Claims] = {
    "least of everything": Claims(
        bytes(16), TypeNo(0), Instant(0), Instant(0), 1, "A", SnapshotSeq(0)
    ),
    "most of everything": Claims(
        b"\xff" * 16,
        TypeNo(2**32 - 1),
        Instant(253_402_300_799_000),
        Instant(253_402_300_799_000),
        2**32 - 1,
        "Großer Saal · Rang 2 · Reihe 14 · Platz 7 · é" + "x" * 13,
        SnapshotSeq(2**40 - 1),
    ),
}


def ticket(claims: Claims = MEMBERSHIP, key: str = "own") -> bytes:
    """A good ticket of one of the keys."""
    return encode(claims, SIGNERS[key])


def protected_of(key: str = "own") -> bytes:
    """The protected header as it must be."""
    return cbor2.dumps({1: -8, 4: SIGNERS[key].kid})


def sealed(
    payload: bytes,
    key: str = "own",
    protected: bytes | None = None,
    unprotected: bytes = b"\xa0",
    start: bytes = b"\xd2\x84",
    end: bytes = b"",
) -> bytes:
    """A ticket's text around any payload and headers, with a signature that is good for them."""
    header = protected_of(key) if protected is None else protected
    signed = cbor2.dumps(["Signature1", header, b"", payload])
    body = cbor2.dumps(header) + unprotected + cbor2.dumps(payload)
    signature = cbor2.dumps(SIGNERS[key].sign(signed))
    return b"TK1:" + base45.encode(start + body + signature + end)


def tampered(token: bytes, at: int = -1) -> bytes:
    """The same text with one byte of its message changed."""
    message = bytearray(base45.decode(token[4:]) or b"")
    message[at] ^= 1
    return b"TK1:" + base45.encode(bytes(message))
