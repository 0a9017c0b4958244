"""systemd hears that the gate is ready and alive, and nothing when it is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.notify import FEED_MS, ServiceManager, service_manager
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
def manager(door: socket.socket, clock: FixedClock) -> ServiceManager:
    return service_manager(clock.monotonic_ms, {"NOTIFY_SOCKET": door.getsockname()})


def heard(door: socket.socket) -> list[str]:
    found: list[str] = []
    try:
        while True:
            found.append(door.recv(4_096).decode())
    except BlockingIOError:
        return found


def feed(manager: ServiceManager, status: str = "normal", *, is_live: bool = True) -> None:
    manager.feed(lambda: status, is_live=is_live)


def test_ready_says_what_it_is_doing_on_one_line(
    manager: ServiceManager, door: socket.socket
) -> None:
    manager.ready("normal\nWATCHDOG=1")
    manager.stopping()
    assert heard(door) == ["READY=1\nSTATUS=normal WATCHDOG=1", "STOPPING=1"]


def test_it_is_fed_once_a_second_and_told_what_has_changed(
    manager: ServiceManager, door: socket.socket, clock: FixedClock
) -> None:
    manager.ready("normal")
    for _ in range(3):
        feed(manager)
    clock.pass_ms(FEED_MS)
    feed(manager, "closed")
    clock.pass_ms(FEED_MS)
    feed(manager, "closed")
    assert heard(door)[1:] == ["WATCHDOG=1", "WATCHDOG=1\nSTATUS=closed", "WATCHDOG=1"]


def test_what_is_not_live_is_not_fed(
    manager: ServiceManager, door: socket.socket, clock: FixedClock
) -> None:
    feed(manager, is_live=False)
    clock.pass_ms(10 * FEED_MS)
    feed(manager, is_live=False)
    assert heard(door) == []


def test_without_a_service_manager_nothing_happens(clock: FixedClock) -> None:
    lonely = service_manager(clock.monotonic_ms, {})
    lonely.ready("normal")
    feed(lonely)
    gone = ServiceManager("/nowhere/notify", clock.monotonic_ms)
    gone.ready("normal")
    feed(gone)
    assert (lonely._fed_ms, gone._fed_ms) == (None, clock.monotonic_ms())


def test_an_abstract_address_is_one_too(clock: FixedClock) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind("\0portillon-of-the-test")
        ServiceManager("@portillon-of-the-test", clock.monotonic_ms).stopping()
        assert door.recv(64) == b"STOPPING=1"
