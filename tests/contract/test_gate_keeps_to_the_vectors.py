"""The gate's end signs and believes exactly what tests/golden/wire says, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.clock_proof import Asked, is_signed_by, verify_time
from sync.device_key import FileSigner
from sync.signing import sign_request
from sync.wire import TimeReply, to_base64

GOLDEN = Path(__file__).parents[1] / "golden" / "wire"
CREATED_MS = 1_741_690_801_000


def vectors(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return found


KEYS, STATEMENTS, REQUESTS = vectors("keys"), vectors("statements"), vectors("requests")
DEVICE = STATEMENTS["batch"]["text"].split("\n")[1]
CENTRAL_KEYS = {KEYS["central"]["kid"]: bytes.fromhex(KEYS["central"]["public"])}


def signer() -> FileSigner:
    return FileSigner(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEYS["device"]["seed"])))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_signed_as_agreed(name: str) -> None:
    agreed = REQUESTS[name]
    body = agreed["body"].encode() or None
    url = f"http://127.0.0.1{agreed['path']}" + (f"?{agreed['query']}" if agreed["query"] else "")
    request = requests.Request(agreed["method"], url, data=body).prepare()

    sign_request(
        request, device=DEVICE, signer=signer(), nonce="AAAA-nonce_1", created_ms=CREATED_MS
    )

    assert {name: request.headers[name] for name in agreed["headers"]} == agreed["headers"]


def test_the_agreed_time_is_believed() -> None:
    _title, now, challenge = STATEMENTS["time"]["text"].split("\n")
    kid = KEYS["central"]["kid"]
    reply = TimeReply(int(now), challenge, kid, STATEMENTS["time"]["signature"])
    asked = Asked(nonce=challenge, boot="b", sent_mono_ms=0, received_mono_ms=100)

    assert verify_time(reply, asked, CENTRAL_KEYS).now_ms == CREATED_MS + 50


def test_the_agreed_receipt_is_believed() -> None:
    agreed = STATEMENTS["receipt"]
    kid, text = KEYS["central"]["kid"], agreed["text"].encode()

    assert is_signed_by(CENTRAL_KEYS, kid, agreed["signature"], text)
    assert not is_signed_by(CENTRAL_KEYS, kid, agreed["signature"], text + b" ")


@pytest.mark.parametrize("name", ["batch", "enrol"])
def test_what_the_device_states_is_signed_as_agreed(name: str) -> None:
    agreed = STATEMENTS[name]

    assert to_base64(signer().sign(agreed["text"].encode())) == agreed["signature"]
