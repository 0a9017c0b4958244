"""systemd hears that the gate is ready and alive, and nothing when it is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.notify import FEED_MS, Supervisor, supervisor_of
from support.fixed_clock import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.setblocking(False)
        yield door


@pytest.fixture
def supervisor(door: socket.socket, clock: FixedClock) -> Supervisor:
    return supervisor_of(clock.monotonic_ms, {"NOTIFY_SOCKET": door.getsockname()})


def heard(door: socket.socket) -> list[str]:
    found: list[str] = []
    try:
        while True:
            found.append(door.recv(4_096).decode())
    except BlockingIOError:
        return found


def feed(supervisor: Supervisor, status: str = "normal", *, is_live: bool = True) -> None:
    supervisor.feed(lambda: status, is_live=is_live)


def test_ready_says_what_it_is_doing_on_one_line(
    supervisor: Supervisor, door: socket.socket
) -> None:
    supervisor.ready("normal\nWATCHDOG=1")
    supervisor.stopping()
    assert heard(door) == ["READY=1\nSTATUS=normal WATCHDOG=1", "STOPPING=1"]


def test_it_is_fed_once_a_second_and_told_what_has_changed(
    supervisor: Supervisor, door: socket.socket, clock: FixedClock
) -> None:
    supervisor.ready("normal")
    for _ in range(3):
        feed(supervisor)
    clock.pass_ms(FEED_MS)
    feed(supervisor, "closed")
    clock.pass_ms(FEED_MS)
    feed(supervisor, "closed")
    assert heard(door)[1:] == ["WATCHDOG=1", "WATCHDOG=1\nSTATUS=closed", "WATCHDOG=1"]


def test_what_is_not_live_is_not_fed(
    supervisor: Supervisor, door: socket.socket, clock: FixedClock
) -> None:
    feed(supervisor, is_live=False)
    clock.pass_ms(10 * FEED_MS)
    feed(supervisor, is_live=False)
    assert heard(door) == []


def test_without_a_supervisor_of_nothing_happens(clock: FixedClock) -> None:
    lonely = supervisor_of(clock.monotonic_ms, {})
    lonely.ready("normal")
    feed(lonely)
    gone = Supervisor("/nowhere/notify", clock.monotonic_ms)
    gone.ready("normal")
    feed(gone)
    assert (lonely._fed_ms, gone._fed_ms) == (None, clock.monotonic_ms())


def test_an_abstract_address_is_one_too(clock: FixedClock) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind("\0portillon-of-the-test")
        Supervisor("@portillon-of-the-test", clock.monotonic_ms).stopping()
        assert door.recv(64) == b"STOPPING=1"
