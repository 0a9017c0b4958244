"""Requests signed by the device: RFC 9421 over method, path, query and the body's digest.

Law: every signature carries a nonce of the central, used once, so a recorded request is worth nothing; ``created`` is
for the central's log and proves nothing, because this device's clock may be wrong. The key stays behind `Signer`.

Source: docs/sync-protocol.md, "Signed requests"; RFC 9421; RFC 9530.
"""

from __future__ import annotations

from datetime import UTC, datetime

from http_message_signatures import HTTPMessageSigner, algorithms
from requests import PreparedRequest

from sync.device_key import Signer
from sync.wire import SIGNATURE_TAG, SIGNED_COMPONENTS

LABEL = "portillon"
SECOND_MS = 1_000


def sign_request(
    request: PreparedRequest, *, device: str, signer: Signer, nonce: str, created_ms: int
) -> None:
    """Add ``Content-Digest``, ``Signature-Input`` and ``Signature`` to a request that is ready to go."""
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    messages = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)
    request.headers.pop("Content-Digest", None)
    prepared = messages.prepare(
        request,
        key_id=device,
        created=datetime.fromtimestamp(created_ms // SECOND_MS, UTC),
        nonce=nonce,
        label=LABEL,
        tag=SIGNATURE_TAG,
        covered_component_ids=SIGNED_COMPONENTS,
        body=body,
    )
    messages.apply(request, prepared, signer.sign(prepared.signature_base))
