"""A device as a stranger would write one from docs/sync-protocol.md: own signatures, own chain, nothing of sync's.

Every step can be done wrong on purpose.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

from scanner.core.events import Fact
from scanner.core.units import DeviceId, Epoch, Seq
from server_stub.central import Central
from server_stub.gates.devices import add_device
from sync.wire import SIGNATURE_TAG, SIGNED_COMPONENTS, Exchange, encode_fact

GENESIS_HEX = "00" * 32


class Caller(HTTPSignatureKeyResolver):
    """One device. ``rows`` is its ledger: (body, hash) from sequence 1."""

    def __init__(self, url: str, epoch: str = "epoch-1") -> None:
        self.url = url
        self.key = Ed25519PrivateKey.generate()
        self.device = ""
        self.epoch = epoch
        self.nonce = ""
        self.rows: list[tuple[str, str]] = []
        self.http = requests.Session()
        self.http.trust_env = False

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self.key

    def resolve_public_key(self, key_id: str) -> None:
        raise NotImplementedError

    def sign(self, message: bytes) -> str:
        return base64.b64encode(self.key.sign(message)).decode()

    @property
    def public(self) -> str:
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def fresh_nonce(self) -> str:
        """Asks for one."""
        nonce: str = self.http.get(f"{self.url}/v1/nonce", timeout=10).json()["nonce"]
        return nonce

    def enrol(self, token: str, **changed: Any) -> requests.Response:
        """Shows a token; becomes the device it was made for."""
        nonce = self.fresh_nonce()
        body = {
            "token": token,
            "nonce": nonce,
            "public_key": self.public,
            "signature": self.sign(f"portillon-enrol-1\n{token}\n{nonce}".encode()),
            "software": "stranger",
        }
        response = self.http.post(f"{self.url}/v1/enrol", json=body | changed, timeout=10)
        if response.ok:
            self.device = response.json()["device"]
        return response

    def prepare(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        nonce: str | None = None,
        key_id: str | None = None,
        components: tuple[str, ...] = SIGNED_COMPONENTS,
        created: datetime | None = None,
        tag: str = SIGNATURE_TAG,
    ) -> requests.PreparedRequest:
        """A signed request, not sent yet."""
        headers = {"Content-Type": "application/json"} if body else {}
        request = requests.Request(method, self.url + path, data=body, headers=headers).prepare()
        HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=self).sign(
            request,
            key_id=self.device if key_id is None else key_id,
            nonce=self.fresh_nonce() if nonce is None else nonce,
            created=created or datetime(2031, 5, 1, tzinfo=UTC),
            label="any",
            tag=tag,
            covered_component_ids=components,
            body=body if "content-digest" in components else None,
        )
        return request

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        return self.http.send(request, timeout=10)

    def call(self, method: str, path: str, body: bytes = b"", **how: Any) -> requests.Response:
        """One signed request."""
        return self.send(self.prepare(method, path, body, **how))

    def record(self, *facts: Fact) -> None:
        """Adds facts to the ledger, under the next sequences."""
        for fact in facts:
            seq = Seq(len(self.rows) + 1)
            placed = replace(fact, device=DeviceId(self.device), epoch=Epoch(self.epoch), seq=seq)
            self.append(encode_fact(placed).decode())

    def append(self, body: str) -> None:
        """Adds a row of any content."""
        previous = bytes.fromhex(self.rows[-1][1] if self.rows else GENESIS_HEX)
        self.rows.append((body, hashlib.sha256(previous + body.encode()).hexdigest()))

    def batch(self, first: int = 1, last: int | None = None, **changed: Any) -> bytes:
        """Rows ``first`` to ``last`` of the ledger as a batch."""
        last = len(self.rows) if last is None else last
        rows = [
            {"seq": seq, "body": self.rows[seq - 1][0], "hash": self.rows[seq - 1][1]}
            for seq in range(first, last + 1)
        ]
        last_hash = self.rows[last - 1][1] if last else GENESIS_HEX
        message: dict[str, Any] = {
            "epoch": self.epoch,
            "rows": rows,
            "last_seq": last,
            "last_hash": last_hash,
            "vector": [],
        }
        message |= changed
        statement = "\n".join(
            (
                "portillon-batch-1",
                self.device,
                message["epoch"],
                str(message["last_seq"]),
                message["last_hash"],
            )
        )
        message.setdefault("signature", self.sign(statement.encode()))
        return msgspec.json.encode(message)

    def push(self, first: int = 1, last: int | None = None, **changed: Any) -> Exchange:
        """Sends rows and reads the answer."""
        response = self.call("POST", "/v1/scans", self.batch(first, last, **changed))
        assert response.status_code == 200, response.text
        return msgspec.json.decode(response.content, type=Exchange)


def enrolled(central: Central, url: str, gate: str = "G1", epoch: str = "epoch-1") -> Caller:
    """A device of a gate that has enrolled."""
    caller = Caller(url, epoch)
    _device, text = add_device(central, gate)
    response = caller.enrol(text.token)
    assert response.status_code == 200, response.text
    return caller
