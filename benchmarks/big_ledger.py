"""Ledgers of many facts: rows with true bodies, a true chain and true filing, written by SQL in one transaction.

Law: what is in the file is what the gate itself would have recorded, row for row (the first is compared); only the
million commits are left out.

Source: docs/ledger.md, "Formats".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from scanner.core.clock import ClockState
from scanner.core.events import Fact, FactKind
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import (
    BootId,
    DeviceId,
    Direction,
    Epoch,
    GateNo,
    GrantNo,
    Instant,
    MonoMs,
    Seq,
    ZoneNo,
)
from scanner.records.ledger import Ledger
from sync.filing import filing_of, floor_after
from sync.ledger_format import FILE_NAME
from sync.wire import GENESIS, chain, encode_fact

SECOND_MS = 1_000
COLUMNS = "seq, body, hash, floor_at, of_grant"


def fill_ledger(
    folder: Path, device: DeviceId, count: int, grant_of: Callable[[int], int], until_ms: int
) -> None:
    """A ledger of ``count`` entries, one a second, the last at ``until_ms``; ``grant_of`` says whose each is."""
    with Ledger.open(folder, device) as ledger:
        epoch = ledger.epoch
        first = _entry(device, epoch, 1, grant_of(1), until_ms - (count - 1) * SECOND_MS)
        ledger.append([first])
    rows = _rows(device, epoch, count, grant_of, until_ms)
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as raw:
        raw.execute("PRAGMA synchronous = OFF")
        if raw.execute(f"SELECT {COLUMNS} FROM fact").fetchone() != next(rows):
            raise RuntimeError("a gate would have recorded the first row in another way")
        raw.execute("BEGIN")
        raw.executemany(f"INSERT INTO fact ({COLUMNS}) VALUES (?, ?, ?, ?, ?)", rows)
        raw.execute("COMMIT")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _rows(
    device: DeviceId, epoch: Epoch, count: int, grant_of: Callable[[int], int], until_ms: int
) -> Iterator[tuple[object, ...]]:
    head = GENESIS
    for seq in range(1, count + 1):
        entry = _entry(device, epoch, seq, grant_of(seq), until_ms - (count - seq) * SECOND_MS)
        body = encode_fact(entry)
        head = chain(head, body)
        yield seq, body.decode(), head, floor_after(entry, None), filing_of(entry).grant_no


def _entry(device: DeviceId, epoch: Epoch, seq: int, grant_no: int, at: int) -> Fact:
    return Fact(
        device=device,
        epoch=epoch,
        seq=Seq(seq),
        kind=FactKind.SCAN,
        at=Instant(at),
        mono_ms=MonoMs(seq * SECOND_MS),
        boot=BootId("a boot before"),
        clock=ClockState.TRUSTED,
        gate_no=GateNo(1),
        zone_no=ZoneNo(1),
        direction=Direction.IN,
        movement=Direction.IN,
        charged=1,
        grant_no=GrantNo(grant_no),
        outcome=Outcome.SUCCESS,
        reason=Reason.OK,
    )
