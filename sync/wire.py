"""Every message between a gate and a central: one definition for both ends.

Law: pure types and codecs, no socket, no disk. A fact's body is encoded once, at the gate; everybody else carries and
hashes exactly those bytes. Unknown fields are ignored on the way in (an older gate meets a newer central), missing ones
are an error. Sizes are capped before decoding.

Source: docs/sync-protocol.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

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

ERROR_BYTES = 64 * 1024
"""One `Problem`, at most; a reply that is longer is nobody's we know."""

NONCE_HEADER = "Portillon-Nonce"
"""Every reply carries a fresh nonce for the next request; a 401 with one means: sign again with it."""

SIGNATURE_TAG = "portillon"
"""The ``tag`` parameter of a request's RFC 9421 signature: signed, so no other signature can stand in for it."""

SIGNED_COMPONENTS = ("@method", "@path", "@query", "content-digest")
"""What a request's signature covers, a body or not. Scheme and host are left out: a proxy may change them, and the
nonce already belongs to one central. ``keyid`` = device id, ``nonce`` = the newest one; ``created`` is not judged."""

NOTICE_BYTES = 4_096
"""One line of the stream of notices, at most."""

HEART_BEAT_S = 10.0
"""A stream of notices is never silent for longer."""

DEVICE_ID_PATTERN = r"[a-z0-9]{1,64}"
EPOCH_PATTERN = r"[A-Za-z0-9_-]{1,64}"
CHALLENGE_PATTERN = r"[A-Za-z0-9_-]{16,86}"
"""What a caller may ask to have signed with the time."""


class Row(msgspec.Struct, frozen=True):
    """One ledger row on the wire: ``body`` is the fact's JSON exactly as first encoded, ``hash`` is h_n in hex."""

    seq: int
    body: str
    hash: str


class Batch(msgspec.Struct, frozen=True):
    """``POST /v1/scans``: up to 500 rows of one epoch, consecutive, and what the caller already knows of others.

    ``last_seq`` and ``last_hash`` are of the last row; without rows (a look at what is new) of the newest row the
    caller has, or 0 and `GENESIS`. ``signature``: base64 Ed25519 by the device key over `batch_statement`.
    ``vector``: (device, epoch) → seq known here.
    """

    epoch: str
    rows: list[Row]
    last_seq: int
    last_hash: str
    signature: str
    vector: list[tuple[str, str, int]] = msgspec.field(default_factory=list)


class Receipt(msgspec.Struct, frozen=True):
    """The central holds rows 1..``have`` of this epoch, and h_have is ``head`` (hex). Signed over `receipt_statement`.

    ``have`` below what was sent: send again from ``have + 1``. ``head`` other than the caller's own hash of that row:
    the two ledgers differ (a fork), which only a person can judge.
    """

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
    """A fact of another ledger above the caller's vector; its clock's correction comes as a fact of that ledger too."""

    device: str
    epoch: str
    seq: int
    body: str


class Exchange(msgspec.Struct, frozen=True):
    """The reply to a batch: the receipt, what was rejected, other lanes' facts, and the newest snapshot.

    ``snapshot_seq`` 0 = none yet. ``more``: there are facts left; ask again with the new vector.
    """

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
    """What makes a device a gate of a site.

    ``peppers``: pepper_id → base64. ``event_master``: base64 of what rotating codes are proven with; None = this site
    has none. Neither is ever in a snapshot.
    """

    device: str
    site: str
    gate_no: int
    peppers: dict[str, str]
    central_keys: dict[str, str]
    root_version: int
    root_sha256: str
    event_master: str | None = None


class DeviceState(StrEnum):
    """What the central thinks of a device."""

    WAITING = "waiting"
    """Created, its token not used yet."""
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    """Two ledgers under one name: its facts are still taken, nothing new is told until a person releases it."""
    REVOKED = "revoked"
    """Erase cache and peppers. Facts signed before are still taken, for review."""


class DeviceReply(msgspec.Struct, frozen=True):
    """``GET /v1/device``: is this device still trusted (a `DeviceState`)? With its secrets, only while active."""

    device: str
    state: str
    peppers: dict[str, str]
    event_master: str | None = None


class TimeReply(msgspec.Struct, frozen=True):
    """``GET /v1/time?nonce=``: signed over `time_statement`, so that a wrong clock cannot be fooled."""

    now: int
    nonce: str
    kid: str
    signature: str


class NonceReply(msgspec.Struct, frozen=True):
    """``GET /v1/nonce``: for the first request of a contact."""

    nonce: str


class NoticeKind(StrEnum):
    """What a notice says that there is."""

    SNAPSHOT = "snapshot"
    """A newer snapshot: ``seq`` is its sequence."""
    FACTS = "facts"
    """Facts of other devices that count; ``seq`` only grows."""


class Notice(msgspec.Struct, frozen=True):
    """The data of one event of ``GET /v1/notices``; the event's name is its `NoticeKind`."""

    seq: int


class Problem(msgspec.Struct, frozen=True):
    """Every refusal of the central: a stable code, what and where, what to do."""

    code: str
    message: str
    hint: str = ""


class EnrolmentText(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an operator hands over (QR, file, typed): where the central is, and how to know that it is the right one.

    ``root_sha256`` (hex) is of the file ``{root_version}.root.json``, the first TUF root to trust.
    """

    v: int
    url: str
    token: str
    root_version: int
    root_sha256: str
    tls_spki_sha256: str | None = None


Message = TypeVar("Message")


def encode_message(message: msgspec.Struct) -> bytes:
    """The JSON of a message."""
    return _ENCODER.encode(message)


def parse_message(kind: type[Message], body: bytes, limit_bytes: int = REQUEST_BYTES) -> Message:
    """The message of a body.

    Raises:
        InputError: ``message_too_long`` or ``message_unreadable``.
    """
    if len(body) > limit_bytes:
        raise InputError(
            "message_too_long",
            f"a {kind.__name__} of {len(body)} bytes is over {limit_bytes} bytes; it is not read",
            "the other end is not what it says it is, or runs a version with other limits",
        )
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            "message_unreadable",
            f"a {kind.__name__} of {len(body)} bytes cannot be read: {error}",
            "the other end is not what it says it is, or runs another version",
        ) from error


def encode_notice(kind: NoticeKind, seq: int) -> bytes:
    """One server-sent event."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), encode_message(Notice(seq)))


class NoticeReader:
    """The events of a stream, whatever pieces it comes in. Events and fields of a newer central are passed over."""

    def __init__(self) -> None:
        self._rest = b""
        self._kind = b""
        self._data = b""

    def feed(self, piece: bytes) -> list[tuple[NoticeKind, Notice]]:
        """What has become whole with this piece.

        Raises:
            InputError: ``message_too_long`` or ``message_unreadable``.
        """
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if any(len(line) > NOTICE_BYTES for line in (*lines, self._rest)):
            raise InputError(
                "message_too_long",
                f"a line of notices is over {NOTICE_BYTES} bytes; the stream is not read on",
                "the other end is not what it says it is",
            )
        return [notice for line in lines for notice in self._take(line.removesuffix(b"\r"))]

    def _take(self, line: bytes) -> list[tuple[NoticeKind, Notice]]:
        """A line of an event; an empty one ends it."""
        name, _colon, value = line.partition(b":")
        if name == b"event":
            self._kind = value.strip()
        elif name == b"data":
            self._data = value.strip()
        if line:
            return []
        kind, data, self._kind, self._data = self._kind, self._data, b"", b""
        known = [one for one in NoticeKind if one.encode() == kind]
        return [(one, parse_message(Notice, data)) for one in known]


def to_base64(raw: bytes) -> str:
    """How keys and signatures travel in a message."""
    return base64.b64encode(raw).decode()


def parse_base64(text: str, size_bytes: int | None = None) -> bytes:
    """The bytes of a key or signature.

    Raises:
        InputError: ``base64_unreadable``.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            "base64_unreadable", f"a field of {len(text)} characters is not base64"
        ) from error
    if size_bytes is not None and len(raw) != size_bytes:
        raise InputError(
            "base64_unreadable", f"a field holds {len(raw)} bytes instead of {size_bytes}"
        )
    return raw


def key_id(public_key: bytes) -> str:
    """The ``kid`` of a raw Ed25519 public key: the first 8 bytes of its SHA-256, in hex."""
    return hashlib.sha256(public_key).hexdigest()[:16]


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
