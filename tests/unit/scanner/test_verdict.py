"""Which of many readings are believed: error correction proves, agreement proves, a majority proves; a rival spoils."""

from __future__ import annotations

import pytest

from scanner.reading.candidate import Quad
from scanner.verdict import AGREED_VOTES, SINGLE_VOTES, Reading, Verdict, judge

HERE: Quad = ((100, 100), (300, 100), (300, 160), (100, 160))
ELSEWHERE: Quad = ((100, 400), (300, 400), (300, 460), (100, 460))


def readings(
    payload: bytes,
    zxing: int = 0,
    zbar: int = 0,
    symbology: str = "ean13",
    quad: Quad = HERE,
) -> list[Reading]:
    return [
        Reading(symbology, payload, quad, f"view {n}", decoder)
        for decoder, votes in (("zxing", zxing), ("zbar", zbar))
        for n in range(votes)
    ]


def believed(verdict: Verdict) -> list[tuple[bytes, bool | None]]:
    return [(candidate.payload, candidate.agreed) for candidate, _ in verdict.believed]


def test_nothing_read_is_nothing_believed_and_not_settled() -> None:
    verdict = judge([])

    assert believed(verdict) == []
    assert not verdict.is_settled


def test_a_matrix_code_is_believed_at_once() -> None:
    verdict = judge(readings(b"T", zxing=1, symbology="qr"))

    assert believed(verdict) == [(b"T", None)]
    assert verdict.is_settled


def test_a_micro_qr_code_must_be_seen_twice() -> None:
    assert believed(judge(readings(b"T", zxing=1, symbology="microqr"))) == []
    assert believed(judge(readings(b"T", zxing=2, symbology="microqr"))) == [(b"T", None)]


@pytest.mark.parametrize(
    ("zxing", "zbar", "expected"),
    [
        (AGREED_VOTES - 1, 1, [(b"1", True)]),
        (1, 1, []),
        (SINGLE_VOTES - 1, 0, []),
        (SINGLE_VOTES, 0, [(b"1", False)]),
        (0, SINGLE_VOTES - 1, []),
        (0, SINGLE_VOTES, [(b"1", False)]),
    ],
)
def test_bars_need_two_decoders_or_many_views(
    zxing: int, zbar: int, expected: list[tuple[bytes, bool]]
) -> None:
    verdict = judge(readings(b"1", zxing, zbar))

    assert believed(verdict) == expected
    assert verdict.is_settled is bool(expected)
    assert verdict.doubtful == (0 if expected else 1)


def test_a_part_of_a_longer_itf_value_is_neither_believed_nor_a_doubt() -> None:
    whole = readings(b"12345678901231", zxing=2, zbar=1, symbology="itf")
    parts = readings(b"78901231", 3, 3, "itf", ELSEWHERE) + readings(
        b"1234", zbar=9, symbology="itf"
    )
    beside = readings(b"2345", 3, 3, "itf", ELSEWHERE)

    assert believed(judge(whole + parts)) == [(b"12345678901231", True)]
    assert judge(whole + parts).is_settled
    assert believed(judge(whole + beside)) == [(b"2345", True), (b"12345678901231", True)]


def test_a_misread_in_the_same_place_is_outvoted_and_no_longer_a_doubt() -> None:
    verdict = judge(readings(b"true", zxing=8, zbar=3) + readings(b"false", zxing=4))

    assert believed(verdict) == [(b"true", True)]
    assert verdict.is_settled


def test_of_two_near_equal_values_in_one_place_neither_is_believed() -> None:
    verdict = judge(readings(b"1", zxing=5) + readings(b"2", zxing=4))

    assert believed(verdict) == []
    assert verdict.doubtful == 2


def test_two_values_in_two_places_are_both_believed() -> None:
    both = readings(b"1", zxing=3, zbar=1) + readings(b"2", zxing=3, zbar=1, quad=ELSEWHERE)

    assert {payload for payload, _ in believed(judge(both))} == {b"1", b"2"}


def test_bars_inside_a_matrix_code_are_not_believed() -> None:
    found = readings(b"M", zxing=1, symbology="pdf417") + readings(b"1", zxing=9, zbar=5)

    assert believed(judge(found)) == [(b"M", None)]


def test_a_value_that_the_decoders_spell_differently_is_agreed() -> None:
    found = readings(b"12ab", zxing=2, symbology="code39")
    found += readings(b"12+A+B", zbar=1, symbology="code39")

    assert believed(judge(found)) == [(b"12ab", True)]
