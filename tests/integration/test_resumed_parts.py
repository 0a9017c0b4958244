"""A part of a base goes on where the line dropped, and whatever came before is verified with the rest."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from server_stub.store import tables
from support.meddler import Passing, meddler
from support.real_central import RealCentral, machine_clock
from support.scripted_server import Answer, Heard
from sync.cache import Cache
from sync.enrolment import enrol, parse_invitation
from sync.report import ContactReport
from sync.settings import SyncSettings
from sync.worker import run_once

NAME_BYTES = 300_000
"""Random, so that it cannot be compressed: the base has one part of a few hundred KB."""


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCentral]:
    with RealCentral(tmp_path_factory.mktemp("resumed") / "central") as central:
        name = secrets.token_hex(NAME_BYTES)
        central.change(lambda c: c.execute(insert(tables.zone).values(name=name, version=1)))
        central.publish()
        yield central


@dataclass
class Line:
    """A line that drops in the middle of a part, ``drops`` times; hears what was asked for and how much was sent."""

    drops: int = 1
    knows_pieces: bool = True
    ranges: list[str | None] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def alter(self, heard: Heard, passing: Passing) -> Answer | Passing | None:
        if ".base-" not in heard.path:
            return None
        self.ranges.append(heard.headers.get("range"))
        self.sent.append(len(passing.body))
        if self.drops:
            self.drops -= 1
            half = replace(passing, body=passing.body[: len(passing.body) // 2])
            return half.as_answer(length=len(passing.body))
        return None


@dataclass
class Gate:
    settings: SyncSettings

    def contact(self, central: RealCentral, line: Line) -> ContactReport:
        def alter(heard: Heard, passing: Passing) -> Answer | Passing | None:
            return line.alter(heard, passing)

        with meddler(central.port, alter, hides=() if line.knows_pieces else ("range",)) as server:
            return run_once(replace(self.settings, central_url=server.url), machine_clock())

    @property
    def partials(self) -> list[Path]:
        return list(self.settings.parts_dir.glob("*.partial"))


@pytest.fixture
def gate(central: RealCentral, tmp_path: Path) -> Gate:
    settings = SyncSettings(
        data_dir=tmp_path, runtime_dir=tmp_path, key_path=tmp_path / "key.pem", read_timeout_s=2
    )
    enrol(parse_invitation(central.code()), settings, machine_clock())
    return Gate(settings)


def is_in_place(gate: Gate) -> bool:
    return Cache(gate.settings.cache_dir).current() is not None


@pytest.mark.fault("line: cut in the middle of a download")
def test_a_part_goes_on_where_the_line_dropped(central: RealCentral, gate: Gate) -> None:
    line = Line(drops=2)
    for _ in range(2):
        report = gate.contact(central, line)
        assert not report.is_ok
        assert not is_in_place(gate)
    held = gate.partials[0].stat().st_size

    report = gate.contact(central, line)

    assert report.is_ok, report.faults
    assert is_in_place(gate)
    assert line.ranges[0] is None
    assert line.ranges[2] == f"bytes={held}-"
    assert line.sent[0] > line.sent[1] > line.sent[2] == line.sent[0] - held
    assert gate.partials == []


def test_a_central_that_sends_no_pieces_sends_the_whole(central: RealCentral, gate: Gate) -> None:
    line = Line(knows_pieces=False)
    gate.contact(central, line)

    report = gate.contact(central, line)

    assert report.is_ok, report.faults
    assert line.sent[0] == line.sent[1]
    assert is_in_place(gate)


def test_a_byte_that_changed_while_it_waited_is_found_and_the_part_comes_anew(
    central: RealCentral, gate: Gate
) -> None:
    line = Line()
    gate.contact(central, line)
    (partial,) = gate.partials
    partial.write_bytes(bytes(partial.stat().st_size))

    damaged = gate.contact(central, line)
    report = gate.contact(central, line)

    assert [fault.code for fault in damaged.faults] == ["snapshot_damaged"]
    assert report.is_ok, report.faults
    assert line.ranges[-1] is None
    assert is_in_place(gate)
