"""What wakes the worker: a bell, and a ledger that grew; never sooner than a moment after it began."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from support.fixed_clock import FixedClock
from sync.waking import BETWEEN_S, SETTLE_MS, Alarm


class Bench:
    """An alarm over a ledger that grows on request."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.stop = threading.Event()
        self.log = folder / "ledger.db-wal"
        self.has_more = False
        self.alarm = Alarm(folder / "ledger.db", self.clock, self.stop, lambda: self.has_more)
        self.alarm.begin()
        self.clock.pass_ms(int(BETWEEN_S * 1_000))

    def is_woken(self, **how: bool) -> bool:
        return self.alarm.wait(0, **how)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_bell_wakes_once_whenever_it_rang(bench: Bench) -> None:
    assert not bench.is_woken()
    bench.alarm.ring()
    assert bench.is_woken()
    assert not bench.is_woken(hears=False)

    bench.alarm.begin()
    bench.clock.pass_ms(1_000)
    assert not bench.is_woken()


def test_a_bell_that_rings_during_a_contact_wakes_after_it_and_not_at_once(bench: Bench) -> None:
    bench.alarm.begin()
    bench.alarm.ring()
    assert not bench.is_woken()

    bench.clock.pass_ms(int(BETWEEN_S * 1_000))
    assert bench.is_woken()


def test_a_commit_that_can_be_read_only_after_its_flush_is_not_missed(bench: Bench) -> None:
    bench.log.write_bytes(b"frames")
    assert not bench.is_woken()

    bench.clock.pass_ms(SETTLE_MS - 1)
    bench.has_more = True

    assert bench.is_woken()
    assert not bench.is_woken(watches=False)


def test_a_ledger_at_rest_is_not_asked(bench: Bench) -> None:
    bench.log.write_bytes(b"frames")
    assert not bench.is_woken()
    bench.clock.pass_ms(SETTLE_MS + 1)
    bench.has_more = True

    assert not bench.is_woken()
    bench.log.write_bytes(b"more frames")
    assert bench.is_woken()


def test_who_is_told_to_stop_waits_for_nothing(bench: Bench) -> None:
    bench.stop.set()

    assert not bench.alarm.wait(3_600)
