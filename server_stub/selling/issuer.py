"""Codes: what a holder carries, as payload and as picture, and what the central keeps of it.

Law: the database alone tells no code. Of a signed ticket it keeps the id and what it states: only the ticket key makes
a code of that, always the same one. An opaque code is sealed with a key that is a file (AES-256-GCM), because it must
be hashed anew when the pepper changes and printed anew when a card breaks. Payloads are returned to who asked, never
logged.

Source: docs/credentials.md; docs/central.md, "What the central keeps of a code".
"""

from __future__ import annotations

import io
import secrets
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from scanner.core import credential as credentials
from scanner.core import token as tokens
from scanner.core.errors import StoreError
from scanner.core.units import CredentialKey
from server_stub.central import Secrets
from server_stub.faults import FieldError

CODE_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 16
"""A code we make: 80 random bits, no letters that look like digits, in Code 128's and QR's cheap alphabets."""

CREDENTIAL_ID_BYTES = 16
SEAL_CONTEXT = b"portillon-opaque-code-1"
SEAL_NONCE_BYTES = 12
QR_ERROR_CORRECTION = "m"
QUIET_ZONE_MODULES = 4


def create_code() -> str:
    """A fresh opaque code."""
    return "".join(secrets.choice(CODE_CHARACTERS) for _ in range(CODE_LENGTH))


def create_credential_id() -> bytes:
    """A fresh id of a signed ticket."""
    return secrets.token_bytes(CREDENTIAL_ID_BYTES)


def encode_ticket(claims: tokens.Claims, keys: Secrets) -> str:
    """The payload of a signed ticket; the same claims give the same payload."""
    signer = tokens.TicketSigner(bytes.fromhex(keys.tickets.kid), keys.tickets.sign)
    return tokens.encode(claims, signer).decode("ascii")


def encode_claims(claims: tokens.Claims) -> str:
    """What a ticket states, as it is kept; without the id, which has its own column."""
    stated = {
        name: value
        for name in ("type_no", "not_before", "not_after", "max_total", "seat", "issued_seq")
        if (value := getattr(claims, name)) is not None
    }
    return msgspec.json.encode(stated, order="deterministic").decode()


def parse_claims(credential_id: bytes, kept: str) -> tokens.Claims:
    """What a ticket states, from what was kept."""
    stated: dict[str, Any] = msgspec.json.decode(kept)
    return tokens.Claims(credential_id=credential_id, **stated)


def parse_opaque(code: str, symbology: str | None) -> bytes:
    """An opaque code, normalised as the gates do it.

    Raises:
        InputError: ``code_bad``.
    """
    parsed = credentials.parse(credentials.clean(code.encode()), symbology)
    if not isinstance(parsed, credentials.Opaque):
        raise FieldError(
            "code_bad",
            f"a code of {len(code)} characters cannot be a card number (it is {parsed.kind.value})",
            "1 to 4,096 characters, no control characters, not beginning with TK1: or TR1:",
            field="code",
        )
    return parsed.code


def opaque_keys(code: bytes, keys: Secrets) -> dict[str, CredentialKey]:
    """The look-up key for each pepper in use."""
    return {pid: credentials.opaque_key(pepper, code) for pid, pepper in keys.peppers.items()}


def signed_keys(credential_id: bytes, keys: Secrets) -> dict[str, CredentialKey]:
    """The look-up key for each pepper in use."""
    return {
        pid: credentials.signed_key(pepper, credential_id) for pid, pepper in keys.peppers.items()
    }


def seal(code: bytes, keys: Secrets) -> bytes:
    """A code as the database may hold it."""
    nonce = secrets.token_bytes(SEAL_NONCE_BYTES)
    return nonce + AESGCM(keys.seal).encrypt(nonce, code, SEAL_CONTEXT)


def unseal(sealed: bytes, keys: Secrets) -> bytes:
    """The code that was sealed.

    Raises:
        StoreError: ``code_unreadable``.
    """
    nonce, rest = sealed[:SEAL_NONCE_BYTES], sealed[SEAL_NONCE_BYTES:]
    try:
        return AESGCM(keys.seal).decrypt(nonce, rest, SEAL_CONTEXT)
    except InvalidTag as error:
        raise StoreError(
            "code_unreadable",
            "a sealed code does not open with this central's seal.key",
            "bring keys/ back from the backup that belongs to this database",
        ) from error


def qr_svg(payload: str) -> bytes:
    """The QR code as an SVG picture."""
    return _drawn(payload, "svg", scale=4)


def qr_png(payload: str, px_per_module: int = 8) -> bytes:
    """The QR code as a PNG picture."""
    return _drawn(payload, "png", scale=px_per_module)


def qr_text(payload: str) -> str:
    """The QR code for a terminal."""
    picture = io.StringIO()
    _qr(payload).terminal(picture, border=QUIET_ZONE_MODULES, compact=True)
    return picture.getvalue()


def qr_version(payload: str) -> int:
    """How big the QR code is (1..40)."""
    return int(_qr(payload).version)


def _qr(payload: str) -> Any:
    import segno

    return segno.make(payload, error=QR_ERROR_CORRECTION, micro=False, boost_error=False)


def _drawn(payload: str, kind: str, scale: int) -> bytes:
    picture = io.BytesIO()
    _qr(payload).save(picture, kind=kind, scale=scale, border=QUIET_ZONE_MODULES)
    return picture.getvalue()
