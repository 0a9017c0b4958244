"""Facts to fill a ledger with, and a ledger looked at from outside."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from scanner.core.clock import ClockState
from scanner.core.events import Fact, FactKind
from scanner.core.reasons import Flag, Outcome, Reason
from scanner.core.units import BootId, DeviceId, Direction, GateNo, Instant, MonoMs, ZoneNo
from scanner.records.ledger import Ledger

DEVICE = DeviceId("gate3")
BOOT = BootId("boot-a")
NOON = Instant(1_763_899_200_000)
KEY = "00112233445566778899aabbccddeeff"

ENTRY: dict[str, Any] = {
    "kind": FactKind.SCAN,
    "direction": Direction.IN,
    "movement": Direction.IN,
    "charged": 1,
    "key": KEY,
    "grant_no": 7,
    "outcome": Outcome.SUCCESS,
    "reason": Reason.OK,
}
WATCHED_ENTRY = ENTRY | {"flags": (Flag.AWAITS_PASSAGE.value,)}
REFUSAL = ENTRY | {
    "movement": None,
    "charged": 0,
    "outcome": Outcome.DECLINED,
    "reason": Reason.EXPIRED,
}
EXIT = ENTRY | {
    "direction": Direction.OUT,
    "movement": Direction.OUT,
    "charged": 0,
    "outcome": Outcome.CHECKED_OUT,
    "reason": Reason.EXIT,
}


def fact(ledger: Ledger, ahead: int = 0, **fields: Any) -> Fact:
    """The fact that could be appended next, or ``ahead`` places later."""
    device, epoch, seq = ledger.next_identity()
    named: dict[str, Any] = {
        "at": Instant(NOON + seq * 1_000),
        "mono_ms": MonoMs(seq * 1_000),
        "boot": BOOT,
        "clock": ClockState.TRUSTED,
        "gate_no": GateNo(3),
        "zone_no": ZoneNo(1),
    }
    return Fact(device=device, epoch=epoch, seq=seq + ahead, **(named | fields))  # type: ignore[arg-type]


def record(ledger: Ledger, *shapes: dict[str, Any], local: bytes | None = None) -> list[Fact]:
    """Append facts of these shapes, one commit each."""
    recorded = []
    for shape in shapes:
        recorded.append(fact(ledger, **shape))
        ledger.append(recorded[-1:], local)
    return recorded


def peek(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the ledger in ``folder``, read from outside."""
    connection = sqlite3.connect(f"file:{folder / 'ledger.db'}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def edit(folder: Path, *statements: str) -> None:
    """Change the file of a closed ledger, as somebody with a database tool would."""
    connection = sqlite3.connect(folder / "ledger.db", isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
