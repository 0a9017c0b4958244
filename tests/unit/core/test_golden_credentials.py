"""The frozen vectors of tests/golden/: what was printed once is read for ever.

Law: a vector is added, never changed. If a test here fails, tickets in people's pockets have stopped working.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from scanner.core import base45, rotating
from scanner.core.credential import Opaque, Rotating, clean, opaque_key, parse, signed_key
from scanner.core.reasons import Reason
from scanner.core.token import (
    Claims,
    KeyRing,
    KeyState,
    Refusal,
    TicketKey,
    encode,
    seed_signer,
    verify,
)
from scanner.core.units import Instant

GOLDEN = Path(__file__).parents[2] / "golden"
FROZEN = {
    "credentials.json": "4a9a123a1710adeb10a9c39adc578cf151935b4f8a57890c3f340d15cc496063",
    "tickets_by_cwt.json": "a70fd53ba6cc29aa1074e1041cc420c26cbb5706c1f43abcc0922facabe8c29b",
}
OURS: dict[str, Any] = json.loads((GOLDEN / "credentials.json").read_text("utf-8"))
THEIRS: dict[str, Any] = json.loads((GOLDEN / "tickets_by_cwt.json").read_text("utf-8"))
RING = KeyRing(
    OURS["gate_site"],
    [
        TicketKey(
            kid=bytes.fromhex(key["kid"]),
            public=bytes.fromhex(key["public"]),
            site=key["site"],
            state=KeyState(key["state"]),
        )
        for key in OURS["keys"].values()
        if "site" in key
    ],
)


def named(vectors: list[dict[str, Any]]) -> pytest.MarkDecorator:
    """One test a vector."""
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


def claims_of(vector: dict[str, Any]) -> Claims:
    stated = dict(vector["claims"])
    return Claims(**stated | {"credential_id": bytes.fromhex(stated["credential_id"])})


def text_of(vector: dict[str, Any]) -> bytes:
    return b"TK1:" + base45.encode(bytes.fromhex(vector["message"]))


@pytest.mark.parametrize("name", FROZEN)
def test_the_vectors_are_those_that_were_published(name: str) -> None:
    assert sha256((GOLDEN / name).read_bytes()).hexdigest() == FROZEN[name]


@pytest.mark.parametrize("name", OURS["keys"])
def test_a_seed_gives_the_same_key_and_name(name: str) -> None:
    key = OURS["keys"][name]
    signer, public = seed_signer(bytes.fromhex(key["seed"]))
    assert (signer.kid.hex(), public.hex()) == (key["kid"], key["public"])


@named(OURS["tickets"])
def test_a_ticket_is_written_to_the_letter(vector: dict[str, Any]) -> None:
    signer, _ = seed_signer(bytes.fromhex(OURS["keys"][vector["key"]]["seed"]))
    assert encode(claims_of(vector), signer) == vector["text"].encode("ascii") == text_of(vector)


@named(OURS["tickets"])
def test_a_ticket_is_read_as_it_was_meant(vector: dict[str, Any]) -> None:
    assert verify(vector["text"].encode("ascii"), RING) == claims_of(vector)


@named(OURS["refused"])
def test_a_ticket_that_is_none_is_refused_for_the_same_reason(vector: dict[str, Any]) -> None:
    assert verify(vector["text"].encode("ascii"), RING) == Refusal(Reason(vector["reason"]))


@named(THEIRS["tickets"])
def test_a_ticket_of_the_cwt_library_is_read(vector: dict[str, Any]) -> None:
    is_here = OURS["keys"][vector["key"]]["site"] == OURS["gate_site"]
    expected = claims_of(vector) if is_here else Refusal(Reason.WRONG_SITE)
    assert verify(text_of(vector), RING) == expected


@named(OURS["rotating"]["codes"])
def test_a_rotating_code_is_judged_as_it_was(vector: dict[str, Any]) -> None:
    credential_id = bytes.fromhex(OURS["rotating"]["credential_id"])
    key = rotating.secret(bytes.fromhex(OURS["rotating"]["master"]), credential_id)
    code = parse(vector["text"].encode("ascii"))
    assert key.hex() == OURS["rotating"]["secret"]
    assert isinstance(code, Rotating)
    assert isinstance(claims := verify(code.token, RING), Claims)
    assert claims.credential_id == credential_id
    answer = rotating.judge(code, key, Instant(vector["gate_s"] * 1_000))
    assert (answer or "OK") == vector["answer"]


@pytest.mark.parametrize("vector", OURS["lookup"]["signed"])
def test_a_credential_id_has_the_same_look_up_key(vector: dict[str, str]) -> None:
    pepper = bytes.fromhex(OURS["lookup"]["pepper"])
    assert signed_key(pepper, bytes.fromhex(vector["credential_id"])).hex() == vector["key"]


@pytest.mark.parametrize("vector", OURS["lookup"]["opaque"])
def test_an_opaque_code_has_the_same_look_up_key(vector: dict[str, Any]) -> None:
    code = parse(clean(bytes.fromhex(vector["raw"])), vector["symbology"])
    assert code == Opaque(bytes.fromhex(vector["normalised"]))
    assert opaque_key(bytes.fromhex(OURS["lookup"]["pepper"]), code.code).hex() == vector["key"]
