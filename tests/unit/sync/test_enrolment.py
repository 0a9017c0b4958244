"""Reading what an operator hands over."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.errors import ConfigError, GateError, InputError
from sync.enrolment import Invitation, Root, parse_invitation

TOKEN = "abcdefghijklmnopqrstuvwxyz"
CODE = {
    "v": 1,
    "url": "https://central.example/",
    "token": TOKEN,
    "root_version": 2,
    "root_sha256": "ab" * 32,
}


def test_a_code_says_where_and_whom_to_trust() -> None:
    assert parse_invitation(json.dumps(CODE).encode()) == Invitation(
        "https://central.example", TOKEN, Root(2, "ab" * 32)
    )


def test_a_pinned_tls_key_comes_along() -> None:
    code = CODE | {"tls_spki_sha256": "cd" * 32}

    assert parse_invitation(json.dumps(code).encode()).tls_spki_sha256 == "cd" * 32


def test_an_address_given_by_hand_wins() -> None:
    invitation = parse_invitation(json.dumps(CODE).encode(), "https://10.1.1.1:8443")

    assert invitation.url == "https://10.1.1.1:8443"


def test_a_bare_token_needs_an_address() -> None:
    assert parse_invitation(f" {TOKEN}\r\n".encode(), "https://c") == Invitation("https://c", TOKEN)
    with pytest.raises(ConfigError) as caught:
        parse_invitation(TOKEN.encode())
    assert caught.value.code == "enrolment_url_missing"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello",
        b"{",
        b"{}",
        json.dumps(CODE | {"v": 2}).encode(),
        json.dumps(CODE | {"token": "x y"}).encode(),
        json.dumps(CODE | {"root_version": "2"}).encode(),
        b" " * 10 + b"x" * 200,
        b'{"v": 1' + b" " * 5_000 + b"}",
        b"\xff" * 20,
    ],
)
def test_what_is_no_code_is_refused(text: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse_invitation(text, "https://central.example")
    assert caught.value.code == "enrolment_text_bad"


def test_a_code_that_would_send_its_token_in_the_clear_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_invitation(json.dumps(CODE | {"url": "http://central.example"}).encode())
    assert caught.value.code == "central_url_bad"


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(text: bytes) -> None:
    try:
        url = parse_invitation(text, "https://central.example").url
    except GateError as error:
        url = error.code

    assert url in {"https://central.example", "enrolment_text_bad"}
