"""Bytes of a ledger row → a fact that the database can hold.

Law: pure. What is not a fact of exactly this place in this ledger, or holds a number no column can, is an `InputError`;
its row is put aside.

Source: docs/sync-protocol.md, "Facts up".
"""

from __future__ import annotations

import re
from dataclasses import fields

from scanner.core.errors import InputError
from scanner.core.events import Fact
from server_stub.rules.chain import ChainedRow
from sync.wire import parse_fact

NUMBER_MOST = 2**53 - 1
"""Larger numbers do not survive every JSON reader."""

PERSONS_MOST = 10_000
_KEY = re.compile(r"[0-9a-f]{32}")
_BOOT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def parse_row(device: str, epoch: str, row: ChainedRow) -> Fact:
    """The fact of a row.

    Raises:
        InputError: ``fact_too_long``, ``fact_unreadable``, ``fact_misplaced``, ``fact_out_of_range``.
    """
    fact = parse_fact(row.body)
    if (fact.device, fact.epoch, fact.seq) != (device, epoch, row.seq):
        raise InputError(
            "fact_misplaced",
            f"row {row.seq} holds a fact of another place; it is set aside",
            "look at the gate that sent it: its ledger was put together from others",
        )
    if problem := _problem(fact):
        raise InputError(
            "fact_out_of_range",
            f"row {row.seq}: {problem}; it is set aside",
            "look at the gate that sent it: no gate of ours writes this",
        )
    return fact


def _problem(fact: Fact) -> str | None:
    for field in fields(fact):
        value = getattr(fact, field.name)
        if isinstance(value, int) and not -NUMBER_MOST <= value <= NUMBER_MOST:
            return f"{field.name} is over {NUMBER_MOST}"
    if not 1 <= fact.persons <= PERSONS_MOST or not 0 <= fact.charged <= PERSONS_MOST:
        return f"persons or charged is not within 1 (0) to {PERSONS_MOST}"
    if fact.key is not None and not _KEY.fullmatch(fact.key):
        return "key is not 32 of 0-9a-f"
    if not _BOOT.fullmatch(fact.boot):
        return "boot is no boot id"
    return None
