"""Recorded decisions read back from a ledger: the fact, what was kept beside it, and what followed.

Law: read-only, also while the gate writes. What the gate keeps beside a fact is read here and nowhere else.

Source: docs/ledger.md, "What the gate keeps for itself".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from scanner.core.errors import InputError
from scanner.core.events import Fact, FactKind
from scanner.core.units import Seq
from scanner.records.recorded import DECIDED
from scanner.rehearsing.retrial import Kept
from sync.ledger_format import load_head, load_rows
from sync.wire import parse_fact

FOLLOWING_ROWS = 2_000
"""Staff's answer and the passage stand soon after a scan, or at the next start."""

_KEPT = "SELECT CAST(body AS BLOB), local FROM fact"
_FOLLOWS = frozenset(
    {FactKind.OVERRIDE, FactKind.PASSED, FactKind.NOT_PASSED, FactKind.PASSAGE_UNKNOWN}
)


class Told(NamedTuple):
    """A recorded decision with everything recorded of it later."""

    kept: Kept
    later: tuple[Fact, ...]


def load_kept(connection: sqlite3.Connection) -> Iterator[Kept]:
    """Every row in order.

    Raises:
        InputError: a body that cannot be read.
    """
    for body, local in connection.execute(f"{_KEPT} ORDER BY seq"):
        yield Kept(parse_fact(body or b""), local)


def load_decision(connection: sqlite3.Connection, seq: int) -> Told:
    """One recorded decision.

    Raises:
        InputError: ``ledger_row_missing`` or ``ledger_row_no_decision``, or a body that cannot be read.
    """
    last = load_head(connection).seq
    found = connection.execute(f"{_KEPT} WHERE seq = ?", (min(seq, last),)).fetchone()
    if found is None or seq > last:
        raise _missing(connection, seq)
    fact = parse_fact(found[0] or b"")
    if fact.kind not in DECIDED:
        raise _no_decision(fact)
    return Told(Kept(fact, found[1]), tuple(_later(connection, fact.seq)))


def _later(connection: sqlite3.Connection, seq: Seq) -> Iterator[Fact]:
    meant = {seq}
    for row in load_rows(connection, seq, FOLLOWING_ROWS):
        try:
            fact = parse_fact(row.body)
        except InputError:
            continue
        if fact.refers_to in meant and fact.kind in _FOLLOWS:
            meant |= {fact.seq} if fact.kind is FactKind.OVERRIDE else set()
            yield fact


def _missing(connection: sqlite3.Connection, seq: int) -> InputError:
    first = connection.execute("SELECT min(seq) FROM fact").fetchone()[0]
    kept = "no row at all" if first is None else f"rows {first}..{load_head(connection).seq}"
    return InputError(
        "ledger_row_missing",
        f"there is no row {seq} in this ledger (it has {kept})",
        "`portillon ledger show` lists the last ones with their numbers",
    )


def _no_decision(fact: Fact) -> InputError:
    of = "" if fact.refers_to is None else f", it belongs to row {fact.refers_to}"
    return InputError(
        "ledger_row_no_decision",
        f"row {fact.seq} is no decision but {fact.kind.value}{of}",
        "name the row of a SCAN or INSPECTED",
    )
