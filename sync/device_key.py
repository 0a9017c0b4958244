"""The device's own key: what proves that a request and a batch come from this gate.

Law: the private key is made here, stays in its file and is used through `Signer` only, so that a security chip can take
the file's place. A key that others may read is refused.

Source: docs/sync.md, "The device key"; RFC 8410.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from scanner.core.errors import StoreError
from sync.durable import OWNER_FILE, flush, flush_folder, make_folder

KEY_BYTES = 4_096
"""A key file, at most."""
OTHERS = 0o007
"""Permissions that must be off. The group's may be on: systemd shows a credential's access list there."""


class Signer(Protocol):
    """Something that holds an Ed25519 key."""

    @property
    def public_key(self) -> bytes:
        """The raw 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The raw 64 bytes of a signature."""
        ...


class FileSigner:
    """A `Signer` whose key was read from a file."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def public_key(self) -> bytes:
        """The raw 32 bytes."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """The raw 64 bytes of a signature."""
        return self._key.sign(message)


def load_signer(path: Path) -> FileSigner:
    """The key of a file.

    Raises:
        StoreError: ``device_key_missing``, ``device_key_exposed``, ``device_key_unreadable``.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            pem = file.read(KEY_BYTES + 1)
    except FileNotFoundError as error:
        raise StoreError(
            "device_key_missing",
            f"there is no device key at {str(path)!r}; nothing is sent",
            "enrol this gate: portillon enrol",
        ) from error
    except OSError as error:
        raise _unreadable(path, error.strerror) from error
    if mode & OTHERS:
        raise StoreError(
            "device_key_exposed",
            f"everybody on this machine may read the device key {str(path)!r} (mode {mode & 0o777:o})",
            "revoke the device at the central, delete the key and enrol again",
        )
    return FileSigner(_parse_key(pem, path))


def _parse_key(pem: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise _unreadable(path, "not a PEM key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unreadable(path, "not an Ed25519 key")
    return key


def _unreadable(path: Path, why: str | None) -> StoreError:
    return StoreError(
        "device_key_unreadable",
        f"the device key {str(path)!r} cannot be read ({why}); nothing is sent",
        "restore the file, or delete it and enrol again",
    )


def load_or_create_signer(path: Path) -> FileSigner:
    """The key of a file, made now if there is none (0600, never over another)."""
    try:
        return load_signer(path)
    except StoreError as error:
        if error.code != "device_key_missing":
            raise
    make_folder(path.parent)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            flush(file.fileno())
        flush_folder(path.parent)
    except OSError as error:
        raise _unreadable(path, error.strerror) from error
    return load_signer(path)


def delete_key(path: Path) -> None:
    """End a key whose device was revoked.

    Raises:
        StoreError: ``device_key_stays``.
    """
    try:
        path.unlink()
    except OSError as error:
        raise StoreError(
            "device_key_stays",
            f"the revoked device's key {str(path)!r} cannot be deleted ({error.strerror})",
            "delete it by hand (systemd: replace the credential), then enrol again",
        ) from error
