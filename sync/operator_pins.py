"""An operator's PIN as a snapshot carries it: salted scrypt, one definition for the central and the gate.

Law: pure, the salt is an argument. A PIN is short, so its hash costs what a small computer can just bear; a stolen box
can still try ten thousand PINs in minutes, which is why a PIN opens nothing but a question at a lane (docs/limits.md).

Source: docs/sync-protocol.md, "Operators"; RFC 7914.
"""

from __future__ import annotations

import hashlib
import hmac

SALT_BYTES = 16
COST = 2**14
BLOCK_SIZE = 8
_HASH_BYTES = 32
_FORM = "scrypt"


def encode_pin(pin: str, salt: bytes) -> str:
    """``scrypt$n$r$salt$hash``, salt and hash in hex."""
    hashed = _hash(pin, salt, COST, BLOCK_SIZE)
    return "$".join((_FORM, str(COST), str(BLOCK_SIZE), salt.hex(), hashed.hex()))


def is_pin(pin: str, kept: str) -> bool:
    """True when this is the PIN; text that is no hash of ours belongs to no PIN."""
    try:
        form, cost, block_size, salt, hashed = kept.split("$")
        found = _hash(pin, bytes.fromhex(salt), int(cost), int(block_size))
        expected = bytes.fromhex(hashed)
    except ValueError:
        return False
    return form == _FORM and hmac.compare_digest(found, expected)


def _hash(pin: str, salt: bytes, cost: int, block_size: int) -> bytes:
    return hashlib.scrypt(
        pin.encode(),
        salt=salt,
        n=cost,
        r=block_size,
        p=1,
        dklen=_HASH_BYTES,
        maxmem=64 * 1024 * 1024,
    )
