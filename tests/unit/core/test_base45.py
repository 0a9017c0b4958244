"""Base45 as RFC 9285 says, and nothing beside it."""

from __future__ import annotations

import pytest

from scanner.core.base45 import ALPHABET, decode, encode

RFC_EXAMPLES = [
    (b"AB", b"BB8"),
    (b"Hello!!", b"%69 VD92EX0"),
    (b"base-45", b"UJCLQE7W581"),
    (b"ietf!", b"QED8WEX0"),
    (b"", b""),
]


@pytest.mark.parametrize(("raw", "text"), RFC_EXAMPLES)
def test_the_examples_of_the_rfc_hold_both_ways(raw: bytes, text: bytes) -> None:
    assert encode(raw) == text
    assert decode(text) == raw


@pytest.mark.parametrize(
    "raw", [b"\x00", b"\x00\x00", b"\xff", b"\xff\xff", b"\x00\xff\x00", bytes(512)]
)
def test_every_byte_survives(raw: bytes) -> None:
    assert decode(encode(raw)) == raw


@pytest.mark.parametrize("text", [b"A", b"BB8A", b"0000000"])
def test_a_lone_letter_at_the_end_is_no_base45(text: bytes) -> None:
    assert decode(text) is None


@pytest.mark.parametrize("text", [b"GGW", b":::", b"000GGW", b"GGW000", b":::00"])
def test_three_letters_above_two_bytes_are_no_base45(text: bytes) -> None:
    assert decode(b"FGW") == b"\xff\xff"
    assert decode(text) is None


@pytest.mark.parametrize("text", [b"V5", b"::", b"000V5"])
def test_two_letters_above_one_byte_are_no_base45(text: bytes) -> None:
    assert decode(b"U5") == b"\xff"
    assert decode(text) is None


def test_a_letter_outside_the_alphabet_is_no_base45() -> None:
    foreign = [letter for letter in range(256) if letter not in ALPHABET]
    assert len(foreign) == 256 - 45
    assert [decode(bytes((letter, 0x30, 0x30))) for letter in foreign] == [None] * len(foreign)
    assert decode(b"bb8") is None
