from __future__ import annotations

import threading

import pytest

from hardware.deadlines import STALE_AFTER_MS, ThreadKeeper


class Hands:
    """A clock moved by hand, under a keeper that waits in real time."""

    def __init__(self) -> None:
        self.ms = 0

    def now(self) -> int:
        return self.ms


class Bell:
    """Counts how often it is asked, and lets a test wait for it."""

    def __init__(self, due_ms: int | None = None) -> None:
        self.due_ms = due_ms
        self.asked = threading.Semaphore(0)

    def __call__(self) -> int | None:
        self.asked.release()
        return self.due_ms

    def is_asked(self) -> bool:
        return self.asked.acquire(timeout=10)


def test_it_asks_at_the_start_and_whenever_it_is_woken() -> None:
    bell, keeper = Bell(), ThreadKeeper(Hands().now, "test")
    keeper.start(bell)
    assert bell.is_asked()
    keeper.wake()
    assert bell.is_asked()
    keeper.stop()


def test_it_asks_by_itself_when_a_deadline_is_due() -> None:
    bell, keeper = Bell(due_ms=5), ThreadKeeper(Hands().now, "test")
    keeper.start(bell)
    assert bell.is_asked()
    assert bell.is_asked()
    keeper.stop()


def test_a_deadline_that_is_over_is_asked_for_at_once() -> None:
    hands, bell = Hands(), Bell(due_ms=1)
    hands.ms = 1_000
    keeper = ThreadKeeper(hands.now, "test")
    keeper.start(bell)
    assert all(bell.is_asked() for _ in range(20))
    keeper.stop()


def test_a_wake_before_it_waits_is_not_lost() -> None:
    keeper = ThreadKeeper(Hands().now, "test")
    asked = threading.Semaphore(0)

    def expire() -> int | None:
        asked.release()
        if first.is_set():
            return None
        first.set()
        keeper.wake()
        return 10_000_000

    first = threading.Event()
    keeper.start(expire)
    assert asked.acquire(timeout=10)
    assert asked.acquire(timeout=10)
    keeper.stop()


def test_it_is_live_while_it_beats_and_not_when_it_is_stuck() -> None:
    hands, stuck, free = Hands(), threading.Event(), threading.Event()
    keeper = ThreadKeeper(hands.now, "test")
    assert not keeper.is_live()

    def expire() -> int | None:
        stuck.set()
        free.wait(10)
        return None

    keeper.start(expire)
    assert stuck.wait(10)
    assert keeper.is_live()
    hands.ms = STALE_AFTER_MS + 1
    assert not keeper.is_live()
    free.set()
    keeper.stop()
    assert not keeper.is_live()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_it_never_claims_to_live_after_its_thread_has_died() -> None:
    died = threading.Event()
    keeper = ThreadKeeper(Hands().now, "test")

    def expire() -> int | None:
        died.set()
        raise RuntimeError("a mistake of ours")

    keeper.start(expire)
    assert died.wait(10)
    keeper.stop()
    assert not keeper.is_live()


def test_stopping_twice_or_before_the_start_is_no_fault() -> None:
    keeper = ThreadKeeper(Hands().now, "test")
    keeper.stop()
    keeper.stop()
    assert not keeper.is_live()
