"""Halves go up, and parts sum to the whole."""

from __future__ import annotations

import pytest

from server_stub.rules.money import half_up, split


@pytest.mark.parametrize(
    ("numerator", "denominator", "whole"),
    [(5, 10, 1), (49, 100, 0), (15, 10, 2), (0, 3, 0), (7, 7, 1)],
)
def test_a_half_goes_up(numerator: int, denominator: int, whole: int) -> None:
    assert half_up(numerator, denominator) == whole


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 2), (1, 0), (1, -2)])
def test_a_negative_amount_is_our_mistake(numerator: int, denominator: int) -> None:
    with pytest.raises(RuntimeError, match="no amount"):
        half_up(numerator, denominator)


def test_the_cent_left_over_goes_to_the_largest_remainder_then_by_name() -> None:
    assert split(100, {"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert split(10, {"a": 1, "b": 2}) == {"a": 3, "b": 7}


def test_nothing_among_nobody_is_nothing() -> None:
    assert split(0, {}) == {}
    assert split(0, {"a": 0}) == {"a": 0}


def test_something_among_nobody_is_our_mistake() -> None:
    with pytest.raises(RuntimeError, match="among nobody"):
        split(1, {"a": 0})
