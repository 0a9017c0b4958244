"""What a code is, before anything is looked up."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from scanner.core.credential import (
    PAYLOAD_MAX_BYTES,
    CredentialKind,
    Opaque,
    Rotating,
    Signed,
    Unreadable,
    clean,
    normalised,
    opaque_key,
    parse,
    signed_key,
)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        (b"12345\r\n", b"12345"),
        (b"12345\t", b"12345"),
        (b"12345\n\r\t\n", b"12345"),
        (b"\\00002612345", b"12345"),
        (b"\\000001A", b"A"),
        (b"\\000003A", b"A"),
        (b"\\000027A\r\n", b"A"),
        (b"\\000026\\000003A", b"A"),
        (b"\r\n", b""),
        (b"\\000026\r\n", b""),
        (b"", b""),
    ],
)
def test_what_scanners_add_is_taken_away(raw: bytes, cleaned: bytes) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    "raw",
    [
        b" 12345 ",
        b"\n12345",
        b"12\t345",
        b"12345\x00",
        b"\\000002A",
        b"\\000028A",
        b"A\\000026",
        b"\\00026A",
        b"\\\\000026A",
        b"]Q112345",
    ],
)
def test_nothing_else_is_taken_away(raw: bytes) -> None:
    assert clean(raw) == raw


def test_a_prefix_says_signed_or_rotating_and_all_else_is_opaque() -> None:
    assert parse(b"TK1:ABC") == Signed(b"TK1:ABC")
    assert parse(b"TR1:1770000000+12345678+ABC") == Rotating(1_770_000_000, "12345678", b"TK1:ABC")
    assert parse(b"M-1") == Opaque(b"M-1")
    assert parse(b"tk1:ABC") == Opaque(b"tk1:ABC")
    assert parse("Jahreskarte é".encode()) == Opaque("Jahreskarte é".encode())


def test_each_kind_says_what_it_is() -> None:
    shown = (b"TK1:", b"TR1:0+00000000+A", b"1", b"")
    assert [parse(code).kind for code in shown] == [
        CredentialKind.SIGNED,
        CredentialKind.ROTATING,
        CredentialKind.OPAQUE,
        CredentialKind.UNREADABLE,
    ]


def test_a_rotating_code_is_split_from_the_left() -> None:
    parsed = parse(b"TR1:0+00000042+A+B+C")
    assert parsed == Rotating(0, "00000042", b"TK1:A+B+C")


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"1770000000",
        b"1770000000+12345678",
        b"1770000000+12345678+",
        b"1770000000+1234567+A",
        b"1770000000+123456789+A",
        b"1770000000+1234567x+A",
        b"01770000000+12345678+A",
        b"-1+12345678+A",
        b"+1+12345678+A",
        b"1_0+12345678+A",
        b" 1+12345678+A",
        b"1e9+12345678+A",
        b"1234567890123+12345678+A",
        b"+12345678+A",
    ],
)
def test_a_rotating_code_in_any_other_form_is_unreadable(rest: bytes) -> None:
    assert isinstance(parse(b"TR1:" + rest), Unreadable)


def test_a_code_may_have_4096_bytes_and_no_more() -> None:
    assert parse(b"1" * PAYLOAD_MAX_BYTES) == Opaque(b"1" * 4_096)
    assert parse(b"1" * (PAYLOAD_MAX_BYTES + 1)) == Unreadable("over 4,096 bytes")


@pytest.mark.parametrize("byte", [*range(0x20), 0x7F])
def test_a_control_character_inside_makes_it_unreadable(byte: int) -> None:
    for code in (b"12%c34", b"TK1:A%cB", b"%c12"):
        assert parse(code % byte) == Unreadable("control characters inside")


def test_why_it_is_unreadable_never_repeats_the_payload() -> None:
    assert "secret" not in repr(parse(b"TR1:secret"))
    assert "secret" not in repr(parse(b"secret\x00"))


@pytest.mark.parametrize(
    ("code", "symbology", "number"),
    [
        (b"96385074", "ean8", b"0000096385074"),
        (b"012345678905", "upca", b"0012345678905"),
        (b"012345678905", "UPC-A", b"0012345678905"),
        (b"012345678905", "EAN/UPC", b"0012345678905"),
        (b"012345000065", "upce", b"0012345000065"),
        (b"4006381333931", "ean13", b"4006381333931"),
    ],
)
def test_ean_and_upc_have_13_digits(code: bytes, symbology: str, number: bytes) -> None:
    assert normalised(code, symbology) == number
    assert parse(code, symbology) == Opaque(number)


@pytest.mark.parametrize(
    ("code", "symbology"),
    [
        (b"012345678905", "code128"),
        (b"012345678905", None),
        (b"96385074", "qr"),
        (b"96385074", "upca"),
        (b"01234565", "upce"),
        (b"12345678901A", "upca"),
        (b"12345", "ean13"),
        (b"abc", "ean8"),
    ],
)
def test_nothing_else_is_folded(code: bytes, symbology: str | None) -> None:
    assert normalised(code, symbology) == code


def test_keys_are_hmacs_with_a_byte_that_tells_the_kinds_apart() -> None:
    pepper, secret = b"p" * 32, b"i" * 16
    by_hand = hmac.new(pepper, b"\x01" + secret, hashlib.sha256).digest()[:16]
    assert signed_key(pepper, secret) == by_hand
    by_hand = hmac.new(pepper, b"\x00" + secret, hashlib.sha256).digest()[:16]
    assert opaque_key(pepper, secret) == by_hand
    assert signed_key(b"q" * 32, secret) != signed_key(pepper, secret)
