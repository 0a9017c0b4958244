"""Other lanes' facts for a gate: those above its vector that count for somebody.

Law: read-only; a device that is not active is told nothing. Refusals and alarms stay here: they change no count. The
order is that of each ledger, so a gate's vector may be raised to the last fact it got.

Source: docs/sync-protocol.md, "One exchange".
"""

from __future__ import annotations

from sqlalchemy import Connection, or_, select

from scanner.core.events import Fact, FactKind
from server_stub.gates.devices import Device
from server_stub.store import tables
from sync.wire import Batch, DeviceState, PeerFact

PEER_FACTS = 1_000
"""In one reply, at most; ``more`` says that there are others."""

COUNTING_KINDS = (FactKind.NOT_PASSED, FactKind.CLOCK_OFFSET)


def load_peer_facts(
    connection: Connection, device: Device, batch: Batch
) -> tuple[list[PeerFact], bool]:
    """The facts a gate lacks, and whether there are more."""
    if device.state is not DeviceState.ACTIVE:
        return [], False
    known = {(name, epoch): seq for name, epoch, seq in batch.vector}
    found: list[PeerFact] = []
    ledger = tables.ledger
    for row in connection.execute(select(ledger).order_by(ledger.c.device, ledger.c.epoch)).all():
        of = (row.device, row.epoch)
        if of != (device.device, batch.epoch) and row.have > known.get(of, 0):
            found += _of_ledger(connection, of, known.get(of, 0), PEER_FACTS + 1 - len(found))
        if len(found) > PEER_FACTS:
            return found[:PEER_FACTS], True
    return found, False


def counts_for_others(fact: Fact) -> bool:
    """True for a fact that other gates are told."""
    return fact.movement is not None or fact.kind in COUNTING_KINDS


def _of_ledger(
    connection: Connection, of: tuple[str, str], above: int, limit: int
) -> list[PeerFact]:
    fact = tables.fact
    rows = connection.execute(
        select(fact.c.seq, fact.c.body)
        .where(
            fact.c.device == of[0],
            fact.c.epoch == of[1],
            fact.c.seq > above,
            fact.c.is_under_review == 0,
            or_(fact.c.movement.is_not(None), fact.c.kind.in_(COUNTING_KINDS)),
        )
        .order_by(fact.c.seq)
        .limit(limit)
    )
    return [PeerFact(*of, row.seq, row.body.decode()) for row in rows]
