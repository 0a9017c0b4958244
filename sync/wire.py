"""Every message between a gate and a central: one definition for both ends.

Law: pure types and codecs, no socket, no disk. A fact's body is encoded once, at the gate; everybody else carries and
hashes exactly those bytes. Unknown fields are ignored on the way in (an older gate meets a newer central), missing ones
are an error. Sizes are capped before decoding.

Source: docs/sync-protocol.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

import msgspec

from scanner.core.errors import InputError
from scanner.core.events import Fact

BATCH_ROWS = 500
"""Facts in one exchange, at most."""

BODY_BYTES = 4_096
"""One encoded fact, at most."""

REQUEST_BYTES = 4 * 1024 * 1024
"""One request body, at most; larger is refused unread."""

GENESIS = bytes(32)
"""h_0 of every epoch's hash chain."""

NONCE_HEADER = "Portillon-Nonce"
"""Every reply carries a fresh nonce for the next request; a 401 with one means: sign again with it."""


class Row(msgspec.Struct, frozen=True):
    """One ledger row on the wire: ``body`` is the fact's JSON exactly as first encoded, ``hash`` is h_n in hex."""

    seq: int
    body: str
    hash: str


class Batch(msgspec.Struct, frozen=True):
    """``POST /v1/scans``: up to 500 rows of one epoch, consecutive, and what the caller already knows of others.

    ``signature``: base64 Ed25519 by the device key over `batch_statement`.
    ``vector``: (device, epoch) → seq known here.
    """

    epoch: str
    rows: list[Row]
    last_seq: int
    last_hash: str
    signature: str
    vector: list[tuple[str, str, int]] = []


class Receipt(msgspec.Struct, frozen=True):
    """The central holds rows 1..``have`` of this epoch, and h_have is ``head`` (hex). Over `receipt_statement`."""

    device: str
    epoch: str
    have: int
    head: str
    at: int
    kid: str
    signature: str


class Rejected(msgspec.Struct, frozen=True):
    """A row the central cannot read: acknowledged, kept aside, never sent again."""

    seq: int
    code: str


class PeerFact(msgspec.Struct, frozen=True):
    """A fact of another ledger above the caller's vector, with the central's corrected time if it has one."""

    device: str
    epoch: str
    seq: int
    body: str


class Exchange(msgspec.Struct, frozen=True):
    """The reply to a batch: the receipt, what was rejected, other lanes' facts, and the newest snapshot."""

    receipt: Receipt
    rejected: list[Rejected]
    facts: list[PeerFact]
    snapshot_seq: int
    more: bool = False


class EnrolRequest(msgspec.Struct, frozen=True):
    """``POST /v1/enrol``: base64 public key and a signature over ``token ‖ nonce`` by it."""

    token: str
    nonce: str
    public_key: str
    signature: str
    software: str


class EnrolReply(msgspec.Struct, frozen=True):
    """What makes a device a gate of a site. ``peppers``: pepper_id → base64 (never in a snapshot)."""

    device: str
    site: str
    gate_no: int
    peppers: dict[str, str]
    central_keys: dict[str, str]
    root_version: int
    root_sha256: str


class DeviceReply(msgspec.Struct, frozen=True):
    """``GET /v1/device``: peppers held now, and whether this device is still trusted."""

    device: str
    state: str
    peppers: dict[str, str]


class TimeReply(msgspec.Struct, frozen=True):
    """``GET /v1/time?nonce=``: signed over `time_statement`, so that a wrong clock cannot be fooled."""

    now: int
    nonce: str
    kid: str
    signature: str


class NonceReply(msgspec.Struct, frozen=True):
    """``GET /v1/nonce``: for the first request of a contact."""

    nonce: str


class Problem(msgspec.Struct, frozen=True):
    """Every refusal of the central: a stable code, what and where, what to do."""

    code: str
    message: str
    hint: str = ""


def batch_statement(device: str, epoch: str, last_seq: int, last_hash: str) -> bytes:
    """What a device signs for a batch."""
    return f"portillon-batch-1\n{device}\n{epoch}\n{last_seq}\n{last_hash}".encode()


def receipt_statement(device: str, epoch: str, have: int, head: str, at: int) -> bytes:
    """What a central signs for a receipt."""
    return f"portillon-receipt-1\n{device}\n{epoch}\n{have}\n{head}\n{at}".encode()


def time_statement(now: int, nonce: str) -> bytes:
    """What a central signs for its time."""
    return f"portillon-time-1\n{now}\n{nonce}".encode()


def enrol_statement(token: str, nonce: str) -> bytes:
    """What a new device signs to prove that it holds its key."""
    return f"portillon-enrol-1\n{token}\n{nonce}".encode()


def chain(previous: bytes, body: bytes) -> bytes:
    """h_n = SHA-256(h_{n-1} ‖ body)."""
    return hashlib.sha256(previous + body).digest()


_DEFAULTS = {f.name: f.default for f in fields(Fact)}
_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode_fact(fact: Fact) -> bytes:
    """The body of a fact: JSON, sorted keys, defaults left out. Encoded once, at the gate."""
    shown: dict[str, Any] = {
        name: value
        for name, default in _DEFAULTS.items()
        if (value := getattr(fact, name)) != default
    }
    return _ENCODER.encode(shown)


def parse_fact(body: bytes) -> Fact:
    """The fact of a body.

    Raises:
        InputError: ``fact_too_long`` or ``fact_unreadable``.
    """
    if len(body) > BODY_BYTES:
        raise InputError(
            "fact_too_long",
            f"a fact of {len(body)} bytes is over {BODY_BYTES} bytes; it is set aside",
            "look at the gate that sent it",
        )
    try:
        return msgspec.convert(msgspec.json.decode(body), Fact, strict=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            "fact_unreadable",
            f"a fact of {len(body)} bytes cannot be read ({error}); it is set aside",
            "the gate runs another version: update the central first, then the gates",
        ) from error
