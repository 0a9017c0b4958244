"""Centrals in trouble: another time, another memory, no room. Facts wait, and in the end each is there once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from scanner.core.units import Instant
from server_stub.system_clock import SystemClock
from support.fault_table import Played
from support.line_gate import LineGate, line_gate
from support.meddler import meddler
from support.real_central import RealCentral
from support.scripted_server import Answer, Heard, ScriptedServer

DAY_MS = 86_400_000


class WrongClock(SystemClock):
    """The machine's time, so much off."""

    off_ms = 0

    def now_ms(self) -> Instant:
        return Instant(super().now_ms() + self.off_ms)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LineGate]:
    with line_gate(tmp_path_factory.mktemp("bad-centrals"), WrongClock()) as gate:
        yield gate


def codes(report: Any) -> set[str]:
    return {fault.code for fault in report.faults}


@pytest.mark.fault("central: its disk is full")
def test_a_central_without_room_takes_nothing_and_says_so(gate: LineGate, played: Played) -> None:
    engine = gate.central.central.database._writer
    gate.record(300)

    def limit(connection: Any, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    event.listen(engine, "connect", limit)
    engine.dispose()
    full = gate.contact()
    event.remove(engine, "connect", limit)
    engine.dispose()

    assert codes(full) == {"central_busy"}
    assert full.have < full.held
    gate.recover(played)


@pytest.mark.fault("central: two of them behind one address")
def test_two_centrals_behind_one_address_lose_nothing(
    gate: LineGate, tmp_path: Path, played: Played
) -> None:
    shutil.copytree(gate.central.folder, tmp_path / "twin")
    gate.record(5)
    with RealCentral.opened(tmp_path / "twin") as twin:
        ours, theirs = (meddler(port, lambda *_: None) for port in (gate.central.port, twin.port))
        turns = cycle((ours, theirs, theirs))

        def either(heard: Heard) -> Answer:
            return next(turns).script(heard)

        with ScriptedServer(either) as address:
            for _ in range(6):
                gate.record(5)
                gate.contact(address.url)
    gate.recover(played)


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
@pytest.mark.fault("central: its clock is days or a year off")
def test_a_central_that_published_at_another_time_is_believed_again_once_it_is_mended(
    gate: LineGate, played: Played, days: int
) -> None:
    clock: Any = gate.central.clock
    clock.off_ms = days * DAY_MS
    gate.record(3)
    gate.central.sell()
    gate.central.publish()
    wrong = gate.contact()
    clock.off_ms = 0
    gate.central.sell()
    mended = gate.central.publish()

    assert wrong.have == wrong.held
    report = gate.contact()
    assert report.is_ok, report.faults
    assert report.snapshot_seq == mended.seq
    gate.recover(played)
