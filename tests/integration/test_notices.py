"""The central's stream of notices: who is told what, who is not, and that nobody is left waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from server_stub.gates.devices import revoke_device
from server_stub.publishing.publisher import publish
from support.gate_facts import entry, refusal
from support.loopback_site import LoopbackSite, code_of, loopback_site
from support.signed_caller import Caller
from sync.wire import NoticeKind, NoticeReader


@pytest.fixture
def site(tmp_path: Path) -> Iterator[LoopbackSite]:
    with loopback_site(tmp_path) as made:
        yield made


@contextmanager
def listening(caller: Caller) -> Iterator[Iterator[tuple[NoticeKind, int]]]:
    """A held stream, once it has begun."""
    request = caller.prepare("GET", "/v1/notices")
    with requests.Session() as http, http.send(request, stream=True, timeout=30) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        pieces = response.raw.stream(1_024)
        assert next(pieces) == b":\n\n"
        yield _notices(pieces)


def _notices(pieces: Iterator[bytes]) -> Iterator[tuple[NoticeKind, int]]:
    reader = NoticeReader()
    for piece in pieces:
        yield from ((kind, notice.seq) for kind, notice in reader.feed(piece))


def test_a_publication_is_told_whoever_published(site: LoopbackSite) -> None:
    with listening(site.device()) as notices:
        made = publish(site.central)

        assert next(notices) == (NoticeKind.SNAPSHOT, made.seq)


def test_facts_are_told_to_the_others_only_and_only_if_they_count(site: LoopbackSite) -> None:
    here, there = site.device("G1"), site.device("G2")
    with listening(here) as told_here, listening(there) as told_there:
        here.record(refusal())
        assert here.call("POST", "/v1/scans", here.batch()).ok
        here.record(entry())
        assert here.call("POST", "/v1/scans", here.batch()).ok
        assert here.call("POST", "/v1/scans", here.batch()).ok
        kind, seq = next(told_there)
        made = publish(site.central)

        assert (kind, seq) == (NoticeKind.FACTS, 1)
        assert next(told_there) == next(told_here) == (NoticeKind.SNAPSHOT, made.seq)


def test_a_device_that_is_not_active_is_told_nothing(site: LoopbackSite) -> None:
    caller = site.device()
    with site.central.database.write() as connection:
        revoke_device(connection, caller.device, site.clock.now_ms())

    assert code_of(caller.call("GET", "/v1/notices")) == (403, "device_revoked")


def test_a_server_that_ends_lets_go_of_who_listens(tmp_path: Path) -> None:
    with loopback_site(tmp_path) as site:
        caller = site.device()
        held = listening(caller)
        notices = held.__enter__()

    assert list(notices) == []
    held.__exit__(None, None, None)
