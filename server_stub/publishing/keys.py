"""The central's Ed25519 keys: made once at `init`, loaded at every start.

Law: a private key leaves this module only as a `Signer` or into its own 0600 file. Each key has one purpose; what it
signs starts with that purpose's name (`sync.wire`), so no signature can be taken for another.

Source: docs/central.md, "Keys".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from scanner.core.errors import StoreError
from server_stub.folder import load_secret, save_secret
from sync.wire import key_id


@dataclass(frozen=True, slots=True)
class Signer:
    """One private key and the names it goes by."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def kid(self) -> str:
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """64 bytes of signature."""
        return self.private.sign(message)


def create_signer(path: Path) -> Signer:
    """A new key, on disk before it is used."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    save_secret(path, pem)
    return Signer(private)


def load_signer(path: Path) -> Signer:
    """The key of a file.

    Raises:
        StoreError: ``secret_unreadable``, ``key_unreadable``.
    """
    try:
        private = load_pem_private_key(load_secret(path), password=None)
    except ValueError as error:
        raise StoreError(
            "key_unreadable",
            f"{str(path)!r} is not an unencrypted PEM private key",
            "bring the file back from the backup",
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise StoreError("key_unreadable", f"{str(path)!r} is not an Ed25519 key")
    return Signer(private)
