"""Waiting between contacts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.backoff import MOST_S, RETRY_AFTER_MOST_S, delay_s, limit_s, parse_retry_after


def test_the_limit_doubles_from_half_a_second_to_a_minute() -> None:
    assert [limit_s(n) for n in range(1, 10)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


@given(failures=st.integers(0, 10**9), roll=st.floats(0, 1, exclude_max=True))
def test_the_wait_is_anything_between_nothing_and_the_limit(failures: int, roll: float) -> None:
    assert delay_s(failures, roll) == roll * limit_s(failures)
    assert 0 <= delay_s(failures, roll) <= MOST_S


@given(
    failures=st.integers(1, 99),
    roll=st.floats(0, 1, exclude_max=True),
    asked=st.floats(0, RETRY_AFTER_MOST_S),
)
def test_a_central_is_never_asked_sooner_than_it_said(
    failures: int, roll: float, asked: float
) -> None:
    assert delay_s(failures, roll, asked) >= asked


def test_a_slip_of_the_central_does_not_silence_a_gate_for_a_season() -> None:
    assert delay_s(1, 0, 10**9) == RETRY_AFTER_MOST_S


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", None, 120),
        (" 7 ", None, 7),
        ("999999999999", None, RETRY_AFTER_MOST_S),
        ("Wed, 21 Oct 2026 07:28:30 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 30),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:30 GMT", 0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", None, 0),
        ("soon", None, 0),
        ("-5", None, 0),
        ("١٢", None, 0),
        ("", None, 0),
        (None, None, 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_of_the_central(
    value: str | None, date: str | None, seconds: float
) -> None:
    assert parse_retry_after(value, date) == seconds


@given(value=st.text(), date=st.text())
def test_no_header_crashes_the_reader(value: str, date: str) -> None:
    assert 0 <= parse_retry_after(value, date) <= RETRY_AFTER_MOST_S
