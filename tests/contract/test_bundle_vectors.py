"""What travels on a stick is exactly what tests/golden/wire/bundle.json says, both ways."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.errors import InputError
from sync.bundle_format import (
    BundleHead,
    BundleKind,
    BundleSeal,
    LetterPart,
    open_bundle,
    write_bundle,
)
from sync.clock_proof import is_signed_by
from sync.wire import Batch, encode_message, parse_message, to_base64

GOLDEN = Path(__file__).parents[1] / "golden" / "wire"
KEYS = json.loads((GOLDEN / "keys.json").read_text(encoding="utf-8"))
VECTORS = json.loads((GOLDEN / "bundle.json").read_text(encoding="utf-8"))
CONTENT: dict[str, Any] = {"facts": Batch, "letter": LetterPart}


def raw_of(name: str) -> io.BytesIO:
    return io.BytesIO(base64.b64decode(VECTORS[name]["bundle"]))


@pytest.mark.parametrize("name", VECTORS)
def test_a_bundle_is_read_as_agreed(name: str) -> None:
    agreed = VECTORS[name]
    with open_bundle(raw_of(name), BundleKind(name)) as bundle:
        said = [encode_message(one) for one in bundle.messages(CONTENT[name])]

    public = bytes.fromhex(KEYS[agreed["signer"]]["public"])
    keys = {bundle.seal.kid: public}
    assert [json.loads(one) for one in said] == [json.loads(one) for one in agreed["lines"][1:-1]]
    assert bundle.statement.decode() == agreed["statement"]
    assert is_signed_by(keys, bundle.seal.kid, bundle.seal.signature, bundle.statement)


@pytest.mark.parametrize("name", VECTORS)
def test_a_bundle_is_written_as_agreed(name: str) -> None:
    agreed = VECTORS[name]
    lines = [line.encode() for line in agreed["lines"]]
    head = parse_message(BundleHead, lines[0])
    seal = parse_message(BundleSeal, lines[-1])
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEYS[agreed["signer"]]["seed"]))
    content = [parse_message(CONTENT[name], line) for line in lines[1:-1]]
    written = io.BytesIO()

    def sign(text: bytes) -> tuple[str, str]:
        return seal.kid, to_base64(key.sign(text))

    assert write_bundle(written, head, content, sign) == seal.lines
    written.seek(0)
    with open_bundle(written, BundleKind(name)) as bundle:
        assert (bundle.head, bundle.seal) == (head, seal)


@pytest.mark.parametrize("name", VECTORS)
def test_every_cut_of_a_bundle_is_refused(name: str) -> None:
    raw = raw_of(name).getvalue()
    for length in range(0, len(raw) - 1, 23):
        with (
            pytest.raises(InputError) as caught,
            open_bundle(io.BytesIO(raw[:length]), BundleKind(name)),
        ):
            pass
        assert caught.value.code in {"bundle_cut_off", "bundle_unreadable"}
