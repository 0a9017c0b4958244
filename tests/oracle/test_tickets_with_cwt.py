"""Our tickets, read and written by somebody else's library (``make oracle``).

Law: nothing of ours is imported here; the two sides meet in the frozen vectors of tests/golden/. `credentials.json` is
what we write and the library must read; `tickets_by_cwt.json` is what the library writes, to the byte, and we must
read (tests/unit/core/test_golden_credentials.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cwt import COSE, COSEKey, COSEMessage
from cwt.exceptions import VerifyError

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
OURS = json.loads((GOLDEN / "credentials.json").read_text("utf-8"))
THEIRS = json.loads((GOLDEN / "tickets_by_cwt.json").read_text("utf-8"))

LABELS = {
    "not_after": 4,
    "not_before": 5,
    "credential_id": 7,
    "type_no": -1,
    "max_total": -2,
    "seat": -3,
    "issued_seq": -4,
}
OKP, ED25519, EDDSA = 1, 6, -8


def kid_of(name: str) -> bytes:
    return bytes.fromhex(OURS["keys"][name]["kid"])


def key(name: str, *, private: bool, called: str | None = None) -> Any:
    """One of the vectors' keys, as the library holds it, under its own name or another's."""
    vector = OURS["keys"][name]
    parameters: dict[int, Any] = {
        1: OKP,
        2: kid_of(called or name),
        3: EDDSA,
        -1: ED25519,
        -2: bytes.fromhex(vector["public"]),
    }
    if private:
        parameters[-4] = bytes.fromhex(vector["seed"])
    return COSEKey.new(parameters)


def stated(claims: dict[str, Any]) -> dict[int, Any]:
    """A vector's claims under their labels: times in seconds, the id as bytes."""
    values = dict(claims)
    values["credential_id"] = bytes.fromhex(values["credential_id"])
    for name in ("not_after", "not_before"):
        if name in values:
            values[name] //= 1_000
    return {LABELS[name]: values[name] for name in LABELS if name in values}


@pytest.mark.parametrize("vector", OURS["tickets"], ids=lambda vector: vector["name"])
def test_the_library_reads_what_we_write(vector: dict[str, Any]) -> None:
    protected, unprotected, payload = COSE.new().decode_with_headers(
        bytes.fromhex(vector["message"]), key(vector["key"], private=False)
    )
    assert protected == {1: EDDSA, 4: kid_of(vector["key"])}
    assert unprotected == {}
    assert cbor2.loads(payload) == stated(vector["claims"])


@pytest.mark.parametrize("vector", OURS["tickets"], ids=lambda vector: vector["name"])
def test_the_library_refuses_it_under_another_key(vector: dict[str, Any]) -> None:
    other = key("revoked", private=False, called=vector["key"])
    with pytest.raises(VerifyError):
        COSE.new().decode(bytes.fromhex(vector["message"]), other)


@pytest.mark.parametrize("vector", THEIRS["tickets"], ids=lambda vector: vector["name"])
def test_the_library_writes_what_we_read(vector: dict[str, Any]) -> None:
    written = COSE.new().encode_and_sign(
        cbor2.dumps(stated(vector["claims"])),
        key(vector["key"], private=True),
        protected={1: EDDSA, 4: kid_of(vector["key"])},
    )
    assert written.hex() == vector["message"]
    assert COSEMessage.loads(written).type.name == "SIGN1"
