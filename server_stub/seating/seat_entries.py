"""Whether somebody has entered a match: what a transfer asks before a seat changes hands.

Law: read-only, over the facts that have arrived. An entry that was given back is none; those of revoked devices wait
for review and are none either.

Source: docs/decisions.md, "Counting".
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from scanner.core.events import FactKind
from scanner.core.tally import resolve
from scanner.core.units import Direction
from server_stub.gates.tallies import load_offsets
from server_stub.store.tables import fact
from sync.wire import parse_fact


def has_entered(connection: Connection, grant_no: int | None, event_no: int) -> bool:
    """True where an accepted entry of a right at an event stands."""
    entries = [
        parse_fact(body)
        for body in connection.execute(
            select(fact.c.body).where(
                fact.c.grant_no == grant_no,
                fact.c.movement == Direction.IN,
                fact.c.is_under_review == 0,
            )
        ).scalars()
    ]
    here = {(one.device, one.epoch, one.seq) for one in entries if one.event_no == event_no}
    returned = [
        parse_fact(body)
        for device, epoch, seq in here
        for body in connection.execute(
            select(fact.c.body).where(
                fact.c.kind == FactKind.NOT_PASSED,
                fact.c.device == device,
                fact.c.epoch == epoch,
                fact.c.refers_to == seq,
            )
        ).scalars()
    ]
    movements = resolve([*entries, *returned], load_offsets(connection))
    return any(movement.mark[1:4] in here for movement in movements)
