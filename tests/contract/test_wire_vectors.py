"""The frozen vectors of tests/golden/wire: what a stranger's central or gate must send and accept, byte for byte."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms

from scanner.core.errors import InputError
from sync import manifest, wire

GOLDEN = Path(__file__).parents[1] / "golden" / "wire"


def vectors(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return found


KEYS, CHAIN, STATEMENTS = vectors("keys"), vectors("chain"), vectors("statements")
MESSAGES, REQUESTS = vectors("messages"), vectors("requests")
DEVICE = MESSAGES["EnrolReply"]["device"]


def kind_of(name: str) -> type[Any]:
    found: type[Any] = getattr(wire, name, None) or getattr(manifest, name)
    return found


def private(who: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEYS[who]["seed"]))


def test_there_is_a_vector_for_every_message() -> None:
    messages = {
        name
        for module in (wire, manifest)
        for name, found in vars(module).items()
        if isinstance(found, type)
        and issubclass(found, msgspec.Struct)
        and found.__module__ == module.__name__
    }
    parts_of_others = {"Row", "Receipt", "Rejected", "PeerFact", "BaseFile", "DeltaFile"}

    assert messages - parts_of_others == set(MESSAGES)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_is_read_and_written_as_agreed(name: str) -> None:
    sent = json.dumps(MESSAGES[name]).encode()
    message = wire.parse_message(kind_of(name), sent)

    assert json.loads(wire.encode_message(message)) == MESSAGES[name]


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_what_a_newer_end_adds_is_ignored(name: str) -> None:
    known = wire.parse_message(kind_of(name), json.dumps(MESSAGES[name]).encode())
    newer = json.dumps(MESSAGES[name] | {"from_the_future": [1]}).encode()

    assert wire.parse_message(kind_of(name), newer) == known


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_that_lacks_a_field_is_none(name: str) -> None:
    first = next(iter(MESSAGES[name]))
    lacking = {key: value for key, value in MESSAGES[name].items() if key != first}
    with pytest.raises(InputError) as caught:
        wire.parse_message(kind_of(name), json.dumps(lacking).encode())

    assert caught.value.code == "message_unreadable"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'"text"', b"[" * 5_000])
def test_no_bytes_break_the_reader(body: bytes) -> None:
    for name in MESSAGES:
        with pytest.raises(InputError):
            wire.parse_message(kind_of(name), body)


def test_a_message_over_its_limit_is_not_read() -> None:
    with pytest.raises(InputError) as caught:
        wire.parse_message(wire.NonceReply, b" " * 101, limit_bytes=100)

    assert caught.value.code == "message_too_long"


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_stream_of_notices_is_read_as_agreed_in_whatever_pieces_it_comes(size: int) -> None:
    vector = vectors("notices")
    stream, reader = vector["stream"].encode(), wire.NoticeReader()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]

    heard = [notice for piece in pieces for notice in reader.feed(piece)]

    assert [[kind, msgspec.to_builtins(notice)] for kind, notice in heard] == vector["events"]
    for kind, notice in heard:
        assert wire.encode_notice(kind, notice.seq).decode() in vector["stream"]


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (b"x" * 5_000, "message_too_long"),
        (b"event: facts\n\n", "message_unreadable"),
        (b"event: facts\ndata: {}\n\n", "message_unreadable"),
        (b'event: snapshot\ndata: {"seq":"1"}\n\n', "message_unreadable"),
    ],
)
def test_what_is_no_notice_is_an_error_of_the_other_end(stream: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        wire.NoticeReader().feed(stream)

    assert caught.value.code == code


def test_a_fact_is_encoded_in_one_way_only() -> None:
    for row in CHAIN["rows"]:
        assert wire.encode_fact(wire.parse_fact(row["body"].encode())).decode() == row["body"]


def test_rows_are_chained_from_genesis() -> None:
    head = bytes.fromhex(CHAIN["genesis"])
    assert head == wire.GENESIS
    for row in CHAIN["rows"]:
        head = wire.chain(head, row["body"].encode())
        assert head.hex() == row["hash"]


def test_what_is_signed_is_exactly_this() -> None:
    batch, receipt = MESSAGES["Batch"], MESSAGES["Exchange"]["receipt"]
    enrol, time = MESSAGES["EnrolRequest"], MESSAGES["TimeReply"]
    made = {
        "batch": wire.batch_statement(
            DEVICE, batch["epoch"], batch["last_seq"], batch["last_hash"]
        ),
        "receipt": wire.receipt_statement(
            receipt["device"], receipt["epoch"], receipt["have"], receipt["head"], receipt["at"]
        ),
        "enrol": wire.enrol_statement(enrol["token"], enrol["nonce"]),
        "time": wire.time_statement(time["now"], time["nonce"]),
    }

    assert {name: text.decode() for name, text in made.items()} == {
        name: vector["text"] for name, vector in STATEMENTS.items()
    }


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_has_this_signature(name: str) -> None:
    vector = STATEMENTS[name]
    signature = private(vector["signer"]).sign(vector["text"].encode())

    assert wire.to_base64(signature) == vector["signature"]


def test_a_key_is_named_by_its_hash() -> None:
    public = bytes.fromhex(KEYS["central"]["public"])

    assert wire.key_id(public) == KEYS["central"]["kid"] == MESSAGES["TimeReply"]["kid"]


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_signed_request_looks_like_this(name: str) -> None:
    vector = REQUESTS[name]
    signature = base64.b64decode(vector["headers"]["Signature"].split(":")[1])
    covered = [line.split('"')[1] for line in vector["signature_base"].splitlines()]

    assert private("device").sign(vector["signature_base"].encode()) == signature
    assert tuple(covered) == (*wire.SIGNED_COMPONENTS, "@signature-params")
    assert f'tag="{wire.SIGNATURE_TAG}"' in vector["headers"]["Signature-Input"]


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_reference_library_accepts_a_signed_request(name: str) -> None:
    class Message:
        method = REQUESTS[name]["method"]
        url = f"http://anything{REQUESTS[name]['path']}"
        headers = REQUESTS[name]["headers"]

    class Verifier(HTTPMessageVerifier):
        def validate_created_and_expires(self, *_: Any, **__: Any) -> None: ...

    keys = MappingKeyResolver(public_keys={DEVICE: private("device").public_key()}, private_keys={})
    (result,) = Verifier(signature_algorithm=algorithms.ED25519, key_resolver=keys).verify(
        Message(),
        max_age=None,
        expect_tag=wire.SIGNATURE_TAG,
        body=REQUESTS[name]["body"].encode(),
    )

    assert (result.nonce, result.parameters["keyid"]) == ("AAAA-nonce_1", DEVICE)


@pytest.mark.parametrize("text", ["", "not base64!", "AAA", "é"])
def test_what_is_no_base64_is_named(text: str) -> None:
    with pytest.raises(InputError) as caught:
        wire.parse_base64(text, 32)

    assert caught.value.code == "base64_unreadable"
