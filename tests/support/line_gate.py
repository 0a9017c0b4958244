"""One gate's sync with a real central, over whatever line a test puts in between, and what the two hold in the end.

Law: what came of a fault is counted from the two stores themselves: every row of the gate's ledger is at the central,
once, under the same hash.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scanner.core.units import DeviceId
from scanner.records.ledger import Ledger
from server_stub.selling.sales import Sold
from support.fault_table import Played
from support.ledgers import ENTRY, REFUSAL, fact
from support.limits_right import require_right_limits, sell_what_is_scanned
from support.real_central import RealCentral, machine_clock
from sync.device import load_device
from sync.enrolment import enrol, parse_invitation
from sync.ledger_format import connect_reader, load_rows
from sync.report import ContactReport
from sync.settings import SyncSettings
from sync.worker import run_once

SILENCE_S = 1.0
"""Of a gate that is soon out of patience."""
PATIENCE_S = 10.0


@dataclass
class LineGate:
    """One gate, with a central that it reaches over whatever line a test puts in between."""

    settings: SyncSettings
    central: RealCentral
    scanned: Sold
    """The pass that whatever is recorded is on."""

    def contact(self, url: str = "", patience_s: float = PATIENCE_S) -> ContactReport:
        patience = {
            "connect_timeout_s": patience_s,
            "read_timeout_s": patience_s,
            "total_timeout_s": 2 * patience_s,
        }
        return run_once(replace(self.settings, central_url=url, **patience), machine_clock())

    def record(self, count: int) -> None:
        device = load_device(self.settings.device_path)
        assert device is not None
        with Ledger.open(self.settings.ledger_path.parent, DeviceId(device.device)) as ledger:
            shapes = [(ENTRY, REFUSAL)[n % 3 == 0] for n in range(count)]
            ledger.append([fact(ledger, n, **shape) for n, shape in enumerate(shapes)])

    def recover(self, played: Played) -> None:
        """One contact over a good line: and all is well, or the fault has cost something."""
        begun = machine_clock().monotonic_ms()
        report = self.contact()
        recovered_ms = machine_clock().monotonic_ms() - begun
        assert report.is_ok, report.faults
        recorded, arrived = self.recorded(), self.at_central()
        lost, doubled = len(recorded - set(arrived)), len(arrived) - len(recorded)
        played.add(lost=lost, doubled=doubled, recovered_ms=recovered_ms)
        assert (lost, doubled) == (0, 0)
        assert report.have == report.held == len(recorded)
        require_right_limits(self.central.central, self.settings, self.scanned)

    def recorded(self) -> set[tuple[int, str]]:
        with closing(connect_reader(self.settings.ledger_path)) as connection:
            return {(row.seq, row.hash.hex()) for row in load_rows(connection, 0, 1_000_000)}

    def at_central(self) -> list[tuple[int, str]]:
        uri = f"file:{self.central.folder / 'central.db'}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return connection.execute("SELECT seq, lower(hex(hash)) FROM fact").fetchall()


@contextmanager
def line_gate(folder: Path, clock: Any = None) -> Iterator[LineGate]:
    """An enrolled gate, and a central that sold a few passes."""
    wish = {} if clock is None else {"clock": clock}
    with RealCentral(folder / "central", **wish) as central:
        scanned = sell_what_is_scanned(central.central)
        central.publish()
        settings = SyncSettings(
            data_dir=folder,
            runtime_dir=folder,
            key_path=folder / "device.key",
        )
        enrol(parse_invitation(central.code()), settings, machine_clock())
        gate = LineGate(settings, central, scanned)
        assert gate.contact().is_ok
        yield gate
