"""Rotating codes: the RFCs' own vectors, the window, and what is judged first."""

from __future__ import annotations

import pytest

from scanner.core.credential import Rotating, parse
from scanner.core.reasons import Reason
from scanner.core.rotating import (
    encode,
    hkdf,
    is_current,
    is_genuine,
    judge,
    secret,
    step_of,
    totp,
)
from scanner.core.units import Instant

RFC_6238_KEY = b"12345678901234567890"
RFC_6238 = [
    (59, "94287082"),
    (1_111_111_109, "07081804"),
    (1_111_111_111, "14050471"),
    (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"),
    (20_000_000_000, "65353130"),
]
KEY = secret(b"m" * 32, b"i" * 16)
NOON_S = 1_773_144_000
"""The first second of a step."""


def shown(at_s: int, key: bytes = KEY) -> Rotating:
    """The code that a phone shows at a moment."""
    code = parse(encode(b"TK1:A+B", key, at_s))
    assert isinstance(code, Rotating)
    return code


def at(seconds: int) -> Instant:
    return Instant(seconds * 1_000)


@pytest.mark.parametrize(("at_s", "expected"), RFC_6238)
def test_the_vectors_of_rfc_6238_hold(at_s: int, expected: str) -> None:
    assert totp(RFC_6238_KEY, step_of(at_s)) == expected


def test_the_vectors_of_rfc_5869_hold() -> None:
    made = hkdf(b"\x0b" * 22, salt=bytes(range(13)), context=bytes(range(0xF0, 0xFA)), length=42)
    assert made.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    without_salt = hkdf(b"\x0b" * 22, salt=b"", context=b"", length=42)
    assert without_salt.hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_each_credential_has_its_own_secret_of_20_bytes() -> None:
    assert len(KEY) == 20
    assert len({KEY, secret(b"m" * 32, b"j" * 16), secret(b"n" * 32, b"i" * 16)}) == 3


def test_a_code_carries_its_time_its_proof_and_the_whole_ticket() -> None:
    code = shown(NOON_S)
    assert (code.at_s, code.token) == (NOON_S, b"TK1:A+B")
    assert code.totp == totp(KEY, NOON_S // 30)


@pytest.mark.parametrize(
    ("ahead_s", "is_good"),
    [(-31, False), (-30, True), (-1, True), (0, True), (29, True), (89, True), (90, False)],
)
def test_the_stated_time_is_within_one_step_before_and_two_after_the_gates(
    ahead_s: int,
    is_good: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_current(shown(NOON_S + ahead_s), at(NOON_S)) is is_good


def test_the_window_is_of_whole_steps_wherever_the_gates_clock_is_within_its_own() -> None:
    code = shown(NOON_S)
    good = [second for second in range(-120, 120) if is_current(code, at(NOON_S + second))]
    assert good == list(range(-60, 60))


def test_s65_a_screenshot_two_minutes_old_is_expired() -> None:
    assert judge(shown(NOON_S), KEY, at(NOON_S + 120)) is Reason.CODE_EXPIRED
    assert judge(shown(NOON_S), KEY, at(NOON_S + 20)) is None


def test_an_old_proof_under_a_new_time_is_a_forgery() -> None:
    old = shown(NOON_S - 120)
    forged = Rotating(NOON_S, old.totp, old.token)
    assert judge(forged, KEY, at(NOON_S)) is Reason.BAD_SIGNATURE


def test_another_credentials_proof_is_a_forgery_whatever_its_time() -> None:
    other = shown(NOON_S, secret(b"m" * 32, b"j" * 16))
    assert judge(other, KEY, at(NOON_S)) is Reason.BAD_SIGNATURE
    assert judge(other, KEY, at(NOON_S + 999)) is Reason.BAD_SIGNATURE


def test_the_proof_is_judged_without_a_clock() -> None:
    assert is_genuine(shown(0), KEY)
    assert not is_genuine(Rotating(30, shown(0).totp, b"TK1:A"), KEY)
