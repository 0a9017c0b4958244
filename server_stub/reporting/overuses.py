"""Overuse for people: what lanes that could not hear each other admitted beyond a right's limits.

Law: read-only, over every fact that is here and waits for no review, upon what purged facts had counted; found anew
each time, so it is right after any late ledger or correction. What was charged is not touched. No row names a person
or a code.

Source: docs/decisions.md, "Counting"; docs/central.md, "Counts".
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, select

from scanner.core.overuse import Overuse, overuse_of
from scanner.core.rules import ScanRule
from scanner.core.units import RuleNo
from server_stub.gates.tallies import Counted, load_counted, load_offsets
from server_stub.selling.catalogue import load_rules
from server_stub.site import load_site
from server_stub.store import tables


class OveruseEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry beyond its limits. ``at`` is corrected; ``before_at`` and ``before_gate``: the entry before it."""

    grant_no: int | None
    gate: str
    at: int
    before_gate: str | None
    before_at: int | None
    persons: int
    limits: list[str]
    device: str
    epoch: str
    seq: int


def load_overuse(connection: Connection) -> list[OveruseEntry]:
    """Every entry beyond its limits, by the order of the site's facts."""
    calendar, offsets = load_site(connection).calendar, load_offsets(connection)
    ledger = tables.ledger
    haves = connection.execute(select(ledger.c.device, ledger.c.epoch, ledger.c.have))
    everything = {(device, epoch): have for device, epoch, have in haves}
    gates = _names(connection)
    rules = _Rules(connection)
    found = [
        _entry(counted, overuse, gates)
        for counted in load_counted(connection, everything, offsets, calendar)
        if (rule := rules.of(counted)) is not None
        for overuse in overuse_of(
            (*counted.facts, *counted.given_back), rule, offsets, calendar, counted.purged
        )
    ]
    return sorted(found, key=lambda entry: (entry.at, entry.device, entry.epoch, entry.seq))


class _Rules:
    """The rule of a right; of a code without one, and of a right that was erased, that of its ticket type."""

    def __init__(self, connection: Connection) -> None:
        grant, kind = tables.access_grant, tables.ticket_type
        self._rules = {rule.rule_no: rule for rule, _version in load_rules(connection)}
        self._of_grants = dict(_pairs(connection, grant.c.grant_no, grant.c.rule_no))
        self._of_types = dict(_pairs(connection, kind.c.type_no, kind.c.rule_no))

    def of(self, counted: Counted) -> ScanRule | None:
        rule_no = self._of_grants.get(counted.grant_no or 0)
        if rule_no is None and counted.facts:
            rule_no = self._of_types.get(counted.facts[0].type_no or 0)
        return None if rule_no is None else self._rules.get(RuleNo(rule_no))


def _pairs(connection: Connection, key: object, value: object) -> Iterator[tuple[int, int]]:
    for row in connection.execute(select(key, value)):  # type: ignore[call-overload]
        yield row[0], row[1]


def _names(connection: Connection) -> dict[int, str]:
    rows = connection.execute(select(tables.gate.c.gate_no, tables.gate.c.name))
    return {row.gate_no: row.name for row in rows}


def _entry(counted: Counted, overuse: Overuse, gates: dict[int, str]) -> OveruseEntry:
    mark = overuse.mark
    earlier = [m.mark for m in counted.movements if m.charged and m.mark < mark]
    before = max(earlier, default=None)
    return OveruseEntry(
        grant_no=counted.grant_no,
        gate=gates.get(mark.gate_no, str(mark.gate_no)),
        at=mark.at,
        before_gate=None if before is None else gates.get(before.gate_no, str(before.gate_no)),
        before_at=None if before is None else before.at,
        persons=overuse.persons,
        limits=[reason.value for reason in overuse.limits],
        device=mark.device,
        epoch=mark.epoch,
        seq=mark.seq,
    )
