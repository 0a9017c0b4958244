from __future__ import annotations

import pytest

from hardware.debounce import Debouncer, Settled

Sample = tuple[bool, int]


@pytest.mark.parametrize(
    ("debounce_ms", "samples", "settled"),
    [
        (0, [(True, 5), (False, 6)], [Settled(True, 5), Settled(False, 6)]),
        (10, [(True, 5), (True, 14), (True, 15)], [Settled(True, 15)]),
        (10, [(True, 5), (False, 8), (False, 30)], []),
        (10, [(True, 5), (False, 8), (True, 9), (True, 19)], [Settled(True, 19)]),
        (10, [(True, 5), (False, 40), (False, 50)], [Settled(True, 15), Settled(False, 50)]),
    ],
    ids=["none", "stable", "glitch", "chatter", "two edges"],
)
def test_a_level_counts_once_it_has_been_stable(
    debounce_ms: int, samples: list[Sample], settled: list[Settled]
) -> None:
    line = Debouncer(level=False, debounce_ms=debounce_ms)
    found = [line.feed(level=level, at_ms=at_ms) for level, at_ms in samples]
    assert [edge for edge in found if edge is not None] == settled


def test_time_alone_settles_a_level() -> None:
    line = Debouncer(level=False, debounce_ms=10)
    line.feed(level=True, at_ms=5)
    assert line.settle(14) is None
    assert line.settle(100) == Settled(level=True, at_ms=15)
    assert line.level is True
    assert line.settle(200) is None
