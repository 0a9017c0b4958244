"""Who sent a request: RFC 9421 signatures of devices, verified.

Law: nothing of a request is believed before its signature covers method, path, query and the digest of the very bytes
that came, with a nonce of ours that nobody used before. ``created`` is not judged: a gate's clock may be wrong, and the
nonce already says that the request is fresh.

Source: docs/sync-protocol.md, "Signed requests"; RFC 9421; RFC 9530.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

from scanner.core.errors import InputError
from server_stub.api.nonces import Nonces
from server_stub.central import Central
from server_stub.gates.devices import Device, load_device
from sync.wire import SIGNATURE_TAG, SIGNED_COMPONENTS


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A request as it came. ``url`` needs some host, which no signature covers."""

    method: str
    url: str
    headers: dict[str, str]


def build_message(
    method: str, path: bytes, query: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> SignedMessage:
    """A request from its raw parts; header lines of one name are joined, as RFC 9421 reads them."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("ascii", "replace").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value.strip()}" if name in joined else value.strip()
    target = path.decode("ascii", "replace") + (
        "?" + query.decode("ascii", "replace") if query else ""
    )
    return SignedMessage(method, f"http://central{target}", joined)


def verify_request(central: Central, nonces: Nonces, message: SignedMessage, body: bytes) -> Device:
    """The device that signed a request, its nonce used up.

    Raises:
        InputError: ``signature_refused``, ``nonce_refused``.
    """
    devices = _Devices(central)
    verifier = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=devices)
    try:
        (result,) = verifier.verify(
            message,
            max_age=None,
            expect_tag=SIGNATURE_TAG,
            require_components=SIGNED_COMPONENTS,
            body=body,
        )
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise _refused(str(error)) from error
    if result.body is None or result.nonce is None or devices.found is None:
        raise _refused("it covers no nonce or no body")
    nonces.use(result.nonce)
    return devices.found


class _Verifier(HTTPMessageVerifier):
    """Freshness is the nonce's matter."""

    require_created = False

    def validate_created_and_expires(self, _sig_input: Any, max_age: Any = None) -> None:
        pass


class _Devices(HTTPSignatureKeyResolver):
    """Public keys by device id, of devices in any state: what a device may do is asked later."""

    def __init__(self, central: Central) -> None:
        self._central = central
        self.found: Device | None = None

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        with self._central.database.read() as connection:
            self.found = load_device(connection, key_id)
        return (
            None
            if self.found is None
            else Ed25519PublicKey.from_public_bytes(self.found.public_key)
        )

    def resolve_private_key(self, key_id: str) -> None:
        raise NotImplementedError(key_id)


def _refused(why: str) -> InputError:
    return InputError(
        "signature_refused",
        f"the request's signature is refused: {why[:200]}",
        "look at docs/sync-protocol.md, 'Signed requests'; a device that was deleted must enrol again",
    )
