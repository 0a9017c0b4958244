"""Enrolment: an operator's one-time code makes this device a gate of a site.

Law: the key is made here and never leaves. ``device.json`` is written last and whole: it is the enrolment. Whatever
fails before, a second try with the same code ends the same, because the central knows our key again. The root that the
code names is the only one taken; a typed token names none, so its root comes over TLS from the central that is asked.

Source: docs/sync-protocol.md, "Enrolment"; docs/sync.md, "Enrolling".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from scanner.core.errors import ConfigError, InputError
from sync.cache import Cache
from sync.client import CentralClient, Identity, parse_central_url
from sync.clock_proof import Clock
from sync.device import Device, load_device, save_device
from sync.device_key import FileSigner, Signer, delete_key, load_or_create_signer
from sync.durable import save_atomically
from sync.settings import SyncSettings
from sync.trust import METADATA_PATH, verify_root
from sync.wire import (
    EnrolmentText,
    EnrolReply,
    EnrolRequest,
    encode_message,
    enrol_statement,
    parse_message,
    to_base64,
)

ENROL_PATH = "/v1/enrol"
VERSION = 1
TEXT_BYTES = 4_096
"""An enrolment code, at most."""
ROOT_BYTES = 512_000
"""A root, at most; as python-tuf's own limit."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")


class Root(NamedTuple):
    """The first root to trust."""

    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an operator handed over. ``root`` None: only a token was typed."""

    url: str
    token: str
    root: Root | None = None
    tls_spki_sha256: str | None = None


def parse_invitation(text: bytes, url: str = "") -> Invitation:
    """The invitation of an enrolment code (JSON) or of a bare token.

    Args:
        text: what was read, typed or handed over.
        url: where the central is, if the code does not say or somebody knows better.

    Raises:
        InputError: ``enrolment_text_bad``.
        ConfigError: ``central_url_bad``, ``enrolment_url_missing``.
    """
    cleaned = text.strip()
    if cleaned.startswith(b"{"):
        return _parse_code(cleaned, url)
    token = cleaned.decode("ascii", "replace")
    if not _TOKEN.fullmatch(token):
        raise _bad_text("it is neither an enrolment code, nor a token, nor a file's name")
    if not url:
        raise ConfigError(
            "enrolment_url_missing",
            "a token alone does not say where the central is",
            "add --url https://central.example, or set central.url, or use the whole code",
        )
    return Invitation(parse_central_url(url), token)


def _parse_code(text: bytes, url: str) -> Invitation:
    try:
        code = parse_message(EnrolmentText, text, TEXT_BYTES)
    except InputError as error:
        raise _bad_text(error.message) from error
    if code.v != VERSION:
        raise _bad_text(f"it has version {code.v}, this software reads {VERSION}")
    if not _TOKEN.fullmatch(code.token):
        raise _bad_text("its token is none")
    root = Root(code.root_version, code.root_sha256)
    return Invitation(parse_central_url(url or code.url), code.token, root, code.tls_spki_sha256)


def _bad_text(why: str) -> InputError:
    return InputError(
        "enrolment_text_bad",
        f"the enrolment code cannot be used: {why}",
        "make a new one at the central: portillon-central device add (of --json take what stands in `enrolment`)",
    )


def enrol(invitation: Invitation, settings: SyncSettings, clock: Clock) -> Device:
    """Become a gate of the site that made the invitation.

    Raises:
        ConfigError: ``already_enrolled``.
        CentralError: the line, the central's refusal, or ``root_not_pinned``.
    """
    signer = _signer_for_new_identity(settings)
    pin = invitation.tls_spki_sha256
    with CentralClient(invitation.url, settings, clock, spki_sha256=pin) as client:
        reply = _ask(client, invitation, signer, settings.software)
    device = _device(invitation, reply, signer)
    identity = Identity(device.device, signer)
    with CentralClient(invitation.url, settings, clock, identity, pin) as client:
        path = f"{METADATA_PATH}{device.root_version}.root.json"
        root = verify_root(b"".join(client.stream(path, ROOT_BYTES)), device.root_sha256)
    # what an earlier life of this device left would be another site's
    Cache(settings.cache_dir).erase()
    save_atomically(settings.root_path, root)
    save_device(settings.device_path, device)
    return device


def _signer_for_new_identity(settings: SyncSettings) -> FileSigner:
    """One device, one identity, one key: only a revoked device may get another, with a key of its own."""
    device = load_device(settings.device_path)
    if device is not None and not device.is_revoked:
        raise ConfigError(
            "already_enrolled",
            f"this device is gate {device.gate_no} of {device.site!r} already; nothing was changed",
            "revoke the device at the central first; it erases itself at its next contact",
        )
    signer = load_or_create_signer(settings.key_path)
    if device is not None and device.public_key == to_base64(signer.public_key):
        delete_key(settings.key_path)
        signer = load_or_create_signer(settings.key_path)
    return signer


def _ask(
    client: CentralClient, invitation: Invitation, signer: Signer, software: str
) -> EnrolReply:
    nonce = client.fetch_nonce()
    request = EnrolRequest(
        token=invitation.token,
        nonce=nonce,
        public_key=to_base64(signer.public_key),
        signature=to_base64(signer.sign(enrol_statement(invitation.token, nonce))),
        software=software,
    )
    return client.call("POST", ENROL_PATH, EnrolReply, encode_message(request), is_signed=False)


def _device(invitation: Invitation, reply: EnrolReply, signer: Signer) -> Device:
    """The code's root wins: it did not come over the line that it vouches for."""
    code = invitation.root
    return Device(
        device=reply.device,
        site=reply.site,
        gate_no=reply.gate_no,
        peppers=reply.peppers,
        central_keys=reply.central_keys,
        central_url=invitation.url,
        root_version=reply.root_version if code is None else code.version,
        root_sha256=reply.root_sha256 if code is None else code.sha256,
        public_key=to_base64(signer.public_key),
        event_master=reply.event_master,
        tls_spki_sha256=invitation.tls_spki_sha256,
    )
