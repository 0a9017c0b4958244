"""Devices: added by an operator, enrolled by a one-time token, quarantined by a fork, revoked by a person.

Law: one device, one key, never shared. A token is 128 random bits, good for 15 minutes and for one key, and kept only
as its hash; the same key may ask again within that time, because a reply can get lost. Peppers leave this machine only
to an active device.

Source: docs/sync-protocol.md, "Enrolment".
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Row, insert, select, update

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.central import Central, load_central_keys
from server_stub.gates.alerts import raise_alert
from server_stub.publishing.repository import load_root_mark
from server_stub.selling.catalogue import find_no
from server_stub.site import load_site, parse_url
from server_stub.store import tables
from sync.wire import (
    DeviceReply,
    DeviceState,
    EnrolmentText,
    EnrolReply,
    EnrolRequest,
    enrol_statement,
    parse_base64,
    to_base64,
)

TOKEN_LIFETIME_MS = 15 * 60 * 1_000
TOKEN_BYTES = 16
DEVICE_ID_BYTES = 16
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
SOFTWARE_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Device:
    """A device that has proven its key."""

    device: str
    gate_no: int
    state: DeviceState
    public_key: bytes


def add_device(
    central: Central, gate: str, url: str | None = None, spki_sha256: str | None = None
) -> tuple[str, EnrolmentText]:
    """Makes a device for a gate, and the text that lets it enrol (``url``: at another address than the site's).

    Raises:
        InputError: ``name_unknown``, ``url_bad``.
    """
    with central.database.write() as connection:
        return apply_device(connection, central, gate, url, spki_sha256)


def apply_device(
    connection: Connection,
    central: Central,
    gate: str,
    url: str | None = None,
    spki_sha256: str | None = None,
) -> tuple[str, EnrolmentText]:
    """Makes a device, in the caller's transaction.

    Raises:
        InputError: ``name_unknown``, ``url_bad``.
    """
    device, token = secrets.token_hex(DEVICE_ID_BYTES), _create_token()
    now = central.clock.now_ms()
    connection.execute(
        insert(tables.device).values(
            device=device,
            gate_no=find_no(connection, tables.gate, "gate", gate),
            state=DeviceState.WAITING,
            added_at=now,
        )
    )
    connection.execute(
        insert(tables.enrolment_token).values(
            token_hash=_hash(token), device=device, expires_at=now + TOKEN_LIFETIME_MS
        )
    )
    url = load_site(connection).url if url is None else parse_url(url)
    version, sha256 = load_root_mark(central.folder)
    return device, EnrolmentText(
        v=1,
        url=url,
        token=token,
        root_version=version,
        root_sha256=sha256,
        tls_spki_sha256=spki_sha256,
    )


def enrol(central: Central, request: EnrolRequest) -> EnrolReply:
    """Takes a device's key for the token it shows. The nonce is the caller's matter.

    Raises:
        InputError: ``enrolment_signature``, ``enrolment_token``, ``device_key_taken``.
    """
    key = parse_base64(request.public_key, PUBLIC_KEY_BYTES)
    _verify(key, parse_base64(request.signature, SIGNATURE_BYTES), request)
    now = central.clock.now_ms()
    with central.database.write() as connection:
        token = _find_token(connection, request.token, now)
        device = connection.execute(
            select(tables.device).where(tables.device.c.device == token.device).with_for_update()
        ).one()
        if device.state == DeviceState.WAITING:
            _keep_key(connection, device.device, key, request.software, now)
            connection.execute(
                update(tables.enrolment_token)
                .where(tables.enrolment_token.c.token_hash == token.token_hash)
                .values(used_at=now)
            )
        elif device.public_key != key or device.state != DeviceState.ACTIVE:
            raise _token_refused("it was used already")
        site = load_site(connection)
    version, sha256 = load_root_mark(central.folder)
    return EnrolReply(
        device=device.device,
        site=site.name,
        gate_no=device.gate_no,
        peppers=_peppers(central),
        central_keys=load_central_keys(central),
        root_version=version,
        root_sha256=sha256,
        event_master=to_base64(central.secrets.event_master),
    )


def load_device(connection: Connection, device: str) -> Device | None:
    """A device that has enrolled, whatever became of it."""
    row = connection.execute(select(tables.device).where(tables.device.c.device == device)).first()
    if row is None or row.public_key is None:
        return None
    return Device(row.device, row.gate_no, DeviceState(row.state), row.public_key)


def describe(central: Central, device: Device) -> DeviceReply:
    """What a device is told about itself."""
    is_active = device.state is DeviceState.ACTIVE
    return DeviceReply(
        device=device.device,
        state=device.state,
        peppers=_peppers(central) if is_active else {},
        event_master=to_base64(central.secrets.event_master) if is_active else None,
    )


def revoke_device(connection: Connection, device: str, at: Instant) -> None:
    """Ends a device for ever: it erases itself at its next contact. Again is not an error.

    Raises:
        InputError: ``device_unknown``.
    """
    _change_state(connection, device, DeviceState.REVOKED, at)


def release_device(connection: Connection, device: str, at: Instant) -> None:
    """Ends a quarantine, after a person has looked.

    Raises:
        InputError: ``device_unknown``, ``device_not_quarantined``.
    """
    state = connection.execute(
        select(tables.device.c.state).where(tables.device.c.device == device)
    ).scalar_one_or_none()
    if state not in {None, DeviceState.QUARANTINED}:
        raise InputError(
            "device_not_quarantined",
            f"device {device!r} is {state}; nothing was changed",
            "only a quarantined device can be released; a revoked one stays revoked",
        )
    _change_state(connection, device, DeviceState.ACTIVE, at)


def quarantine_device(connection: Connection, device: str, note: str, at: Instant) -> None:
    """Tells a device nothing more until a person has looked, and tells that person."""
    connection.execute(
        update(tables.device)
        .where(tables.device.c.device == device, tables.device.c.state == DeviceState.ACTIVE)
        .values(state=DeviceState.QUARANTINED)
    )
    raise_alert(connection, "ledger_forked", note, at, device=device)


def _change_state(connection: Connection, device: str, state: DeviceState, at: Instant) -> None:
    revoked = {"revoked_at": at} if state is DeviceState.REVOKED else {}
    changed = connection.execute(
        update(tables.device).where(tables.device.c.device == device).values(state=state, **revoked)
    )
    if not changed.rowcount:
        raise InputError(
            "device_unknown", f"device {device[:40]!r} does not exist", "see `device list`"
        )


def _create_token() -> str:
    """128 bits that can be typed."""
    return base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().rstrip("=").lower()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _find_token(connection: Connection, token: str, now: Instant) -> Row[Any]:
    found = connection.execute(
        select(tables.enrolment_token)
        .where(tables.enrolment_token.c.token_hash == _hash(token))
        .with_for_update()
    ).first()
    if found is None:
        raise _token_refused("it is not one of ours")
    if found.expires_at <= now:
        raise _token_refused("it is older than 15 minutes")
    return found


def _token_refused(why: str) -> InputError:
    return InputError(
        "enrolment_token",
        f"this enrolment token is refused: {why}",
        "make a new one with `portillon-central device add --gate GATE`",
    )


def _verify(key: bytes, signature: bytes, request: EnrolRequest) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(
            signature, enrol_statement(request.token, request.nonce)
        )
    except (InvalidSignature, ValueError) as error:
        raise InputError(
            "enrolment_signature",
            "the enrolment is not signed by the key it brings; nothing was changed",
            "enrol again; the private key never leaves the device",
        ) from error


def _keep_key(connection: Connection, device: str, key: bytes, software: str, now: Instant) -> None:
    if connection.execute(
        select(tables.device.c.device).where(tables.device.c.public_key == key)
    ).first():
        raise InputError(
            "device_key_taken",
            "this key belongs to another device; nothing was changed",
            "delete the device's key file, so that it makes its own",
        )
    connection.execute(
        update(tables.device)
        .where(tables.device.c.device == device)
        .values(
            public_key=key,
            state=DeviceState.ACTIVE,
            software=software[:SOFTWARE_CHARACTERS],
            enrolled_at=now,
        )
    )


def _peppers(central: Central) -> dict[str, str]:
    return {pid: to_base64(pepper) for pid, pepper in central.secrets.peppers.items()}
