"""What a batch of ledger rows is to what is already held: new, sent again, another truth, or too early.

Law: pure. Rows are held from 1 without gaps, each chained to the one before. A row whose place is taken by the same
hash was sent again; by another hash it is a fork, and so is everything chained to it and every row that does not chain
to the head. A batch that starts above ``have + 1`` stores nothing: the answer ``have`` says where to start.

Source: docs/sync-protocol.md, "Facts up".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.wire import Row, chain


@dataclass(frozen=True, slots=True)
class ChainedRow:
    """A row as it is stored."""

    seq: int
    hash: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Intake:
    """What to do with a batch. ``have`` and ``head`` are those after it."""

    have: int
    head: bytes
    new: tuple[ChainedRow, ...] = ()
    replayed: int = 0
    forked: tuple[ChainedRow, ...] = ()


def plan_intake(have: int, head: bytes, held: Mapping[int, bytes], rows: Sequence[Row]) -> Intake:
    """Judges the rows of a batch.

    Args:
        have: the last sequence held.
        head: its hash.
        held: sequence → hash, of every row of the batch at or below ``have`` (a row that was purged is left out).
        rows: consecutive, in order.
    """
    if rows and rows[0].seq > have + 1:
        return Intake(have, head)
    new: list[ChainedRow] = []
    forked: list[ChainedRow] = []
    replayed = 0
    for row in rows:
        one = ChainedRow(row.seq, bytes.fromhex(row.hash), row.body.encode())
        if forked:
            forked.append(one)
        elif row.seq <= have:
            if held.get(row.seq, one.hash) == one.hash:
                replayed += 1
            else:
                forked.append(one)
        elif chain(head, one.body) == one.hash:
            new.append(one)
            have, head = one.seq, one.hash
        else:
            forked.append(one)
    return Intake(have, head, tuple(new), replayed, tuple(forked))
