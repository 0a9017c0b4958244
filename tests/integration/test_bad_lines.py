"""Sync over lines that are slow, break, repeat themselves or go nowhere: in the end the central has every fact once.

What a gate makes of a single bad answer is in test_sync_with_central; what its client does with it in test_client.
"""

from __future__ import annotations

import http.client
import random
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from support.bad_line import BadLine, Trouble
from support.fault_table import Played
from support.line_gate import SILENCE_S, LineGate, line_gate
from support.meddler import HOP_BY_HOP, Passing, meddler
from support.scripted_server import Heard, reply

SEED = 20_261_127


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LineGate]:
    with line_gate(tmp_path_factory.mktemp("bad-lines")) as gate:
        yield gate


@pytest.mark.fault("line: slow")
def test_a_slow_line_takes_its_time_and_is_not_given_up(gate: LineGate, played: Played) -> None:
    gate.record(100)

    with BadLine(gate.central.port, Trouble(bytes_s=25_000)) as line:
        report = gate.contact(line.url)

    assert report.is_ok, report.faults
    assert report.have == report.held
    gate.recover(played)


@pytest.mark.fault("line: black hole")
def test_a_line_that_goes_nowhere_is_given_up_and_nothing_waits_for_ever(
    gate: LineGate, played: Played
) -> None:
    gate.record(3)

    with BadLine(gate.central.port, Trouble(is_hole=True)) as line:
        report = gate.contact(line.url, SILENCE_S)

    assert [fault.code for fault in report.faults] == ["central_timeout"]
    assert report.alarms == ()
    gate.recover(played)


@pytest.mark.faults
@pytest.mark.fault("line: reset in mid-message, one in three connections dies")
@pytest.mark.timeout(600)
def test_a_line_that_breaks_anywhere_loses_and_doubles_nothing(
    gate: LineGate, faults_share: Callable[[int], int], played: Played
) -> None:
    dice = random.Random(SEED)
    trouble = Trouble(breaks_after=lambda: dice.randint(1, 30_000))
    with BadLine(gate.central.port, trouble) as line:
        for number in range(faults_share(60)):
            gate.record(dice.randint(1, 60))
            if number % 3 == 0:
                gate.central.sell()
                gate.central.publish()
            gate.contact(line.url)
            gate.recover(played)
    assert line.resets > 0


def asked_again(port: int, heard: Heard) -> int:
    """What the central answers to the very same request."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as line:
        headers = {k: v for k, v in heard.headers.items() if k not in HOP_BY_HOP}
        line.request(heard.method, heard.path, heard.body, headers)
        return line.getresponse().status


@pytest.mark.fault("line: every request arrives twice")
def test_requests_that_arrive_twice_count_once(gate: LineGate, played: Played) -> None:
    gate.record(20)
    again: list[int] = []

    def repeat(heard: Heard, _passing: Passing) -> None:
        if "signature" in heard.headers:
            again.append(asked_again(gate.central.port, heard))

    with meddler(gate.central.port, repeat) as line:
        report = gate.contact(line.url)

    assert report.is_ok, report.faults
    assert set(again) == {401}
    gate.recover(played)


@pytest.mark.fault("line: replies lost after the central's commit")
def test_every_reply_that_is_lost_after_the_commit_is_made_up_for(
    gate: LineGate, played: Played
) -> None:
    for _ in range(5):
        gate.record(7)
        lose = lambda heard, _passing: b"" if heard.path == "/v1/scans" else None  # noqa: E731
        with meddler(gate.central.port, lose) as line:
            report = gate.contact(line.url)
        assert [fault.code for fault in report.faults] == ["central_cut_off"]
        assert len(gate.at_central()) == report.held
        gate.recover(played)


@pytest.mark.fault("line: proxy answers 502, 503 or a log-in page at random")
def test_a_proxy_in_a_bad_mood_loses_and_doubles_nothing(gate: LineGate, played: Played) -> None:
    dice = random.Random(SEED)
    moods = (
        None,
        None,
        reply(status="502 Bad Gateway"),
        reply(status="503 Busy", headers={"Retry-After": "7"}),
        reply(b"<html>log in</html>", kind="text/html"),
    )
    seen: set[str] = set()
    with meddler(gate.central.port, lambda _heard, _passing: dice.choice(moods)) as line:
        for _ in range(8):
            gate.record(4)
            report = gate.contact(line.url)
            seen |= {fault.code for fault in report.faults}
            assert report.alarms == ()
            assert report.retry_after_s in {0, 7}
            gate.recover(played)
    assert seen == {"central_busy", "captive_portal"}
