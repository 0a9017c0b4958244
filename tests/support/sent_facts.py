"""Facts that a gate's device has sent, put into the central without a socket."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from scanner.core.events import Fact
from scanner.core.units import DeviceId, Epoch, Seq
from server_stub.central import Central
from server_stub.gates.devices import Device, add_device
from server_stub.gates.intake import apply_batch
from server_stub.store import tables
from sync.wire import GENESIS, Batch, DeviceState, Row, chain, encode_fact


def record(
    central: Central, *facts: Fact, device: str | None = None, epoch: str = "epoch-1"
) -> str:
    """Facts that a gate's device has sent, appended to what it sent before."""
    name = device or add_device(central, "G1")[0]
    sender = Device(name, 1, DeviceState.ACTIVE, b"")
    with central.database.write() as connection:
        ledger = connection.execute(
            select(tables.ledger).where(tables.ledger.c.device == name)
        ).first()
        have, head = (0, GENESIS) if ledger is None else (ledger.have, ledger.head)
        sent = []
        for seq, one in enumerate(facts, have + 1):
            placed = replace(one, device=DeviceId(name), epoch=Epoch(epoch), seq=Seq(seq))
            body = encode_fact(placed)
            head = chain(head, body)
            sent.append(Row(seq, body.decode(), head.hex()))
        batch = Batch(epoch, sent, have + len(facts), head.hex(), "")
        plan, rejected = apply_batch(connection, sender, batch, central.clock.now_ms())
    assert (plan.have, rejected) == (have + len(facts), [])
    return name
