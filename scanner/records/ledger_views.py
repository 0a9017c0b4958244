"""A recorded fact as a line for people, a line of JSON, or a row of CSV.

Law: pure. Every fact has a line, also one that cannot be read. Colour never stands alone; a key is shown by its first
digits only, because a whole one finds a person in the central's books.

Source: docs/ledger.md, "Looking at it".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum

import msgspec

from scanner.core.clock import ClockState
from scanner.core.errors import InputError
from scanner.core.events import Fact
from scanner.core.reasons import FACES
from scanner.records.chain import Walk
from sync.ledger_format import LedgerRow
from sync.wire import parse_fact

Paint = Callable[[str, str], str]
"""(text, colour name of `scanner.core.reasons`) → text as the terminal shows it."""

KEY_DIGITS = 8
ANSWER_WIDTH = 13
HEADING = f"{'row':>9}  {'UTC':<24}  {'what':<15}  {'answer':<13}  {'why':<17}  {'grant':>9}  more"
CSV_FIELDS = ("hash", *(field.name for field in fields(Fact)))

_SHOWN_ELSEWHERE = {
    *("device", "epoch", "seq", "kind", "at", "mono_ms", "boot", "gate_no", "zone_no", "clock"),
    *("outcome", "reason", "grant_no", "key", "flags", "type_no", "movement", "snapshot_seq"),
    "snapshot_age_s",
}


def table_line(row: LedgerRow, paint: Paint) -> str:
    """One line of `portillon ledger show`."""
    try:
        fact = parse_fact(row.body)
    except InputError as error:
        return f"{row.seq:>9}  {paint(f'✖ {error.message}', 'red')}"
    grant = "" if fact.grant_no is None else str(fact.grant_no)
    return (
        f"{row.seq:>9}  {_utc(fact)}  {fact.kind:<15}  {_answer(fact, paint)}"
        f"  {fact.reason or '':<17}  {grant:>9}  {_more(fact)}"
    ).rstrip()


def json_line(row: LedgerRow) -> str:
    """One line of JSON: number, hash, and the body exactly as recorded."""
    try:
        parse_fact(row.body)
    except InputError as error:
        shown: dict[str, object] = {"unreadable": error.message}
    else:
        shown = {"fact": msgspec.Raw(row.body)}
    return msgspec.json.encode({"seq": row.seq, "hash": row.hash.hex(), **shown}).decode()


def csv_row(row: LedgerRow) -> list[object]:
    """Values in the order of ``CSV_FIELDS``; a row that cannot be read has its hash, number and a note only."""
    try:
        fact = parse_fact(row.body)
    except InputError as error:
        known = {"hash": row.hash.hex(), "seq": row.seq, "note": f"unreadable: {error.message}"}
        return [known.get(name, "") for name in CSV_FIELDS]
    return [row.hash.hex(), *(_csv_value(getattr(fact, name)) for name in CSV_FIELDS[1:])]


def _csv_value(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return value.value if isinstance(value, Enum) else value


def _utc(fact: Fact) -> str:
    """To the millisecond; marked where the clock could not be trusted."""
    at = datetime.fromtimestamp(fact.at // 1_000, UTC)
    doubt = "?" if fact.clock is ClockState.UNTRUSTED else " "
    return f"{at:%Y-%m-%d %H:%M:%S}.{fact.at % 1_000:03d}{doubt}"


def _answer(fact: Fact, paint: Paint) -> str:
    if fact.outcome is None:
        return " " * ANSWER_WIDTH
    face = FACES[fact.outcome]
    return paint(f"{face.icon} {fact.outcome:<11}", face.colour)


def _more(fact: Fact) -> str:
    """What else the fact says, ``name=value``."""
    said = [f"{name}={value}" for name, value in _others(fact) if value not in {None, ""}]
    if fact.key is not None:
        said.insert(0, f"key={fact.key[:KEY_DIGITS]}…")
    return " ".join([*said, *fact.flags])


def _others(fact: Fact) -> list[tuple[str, object]]:
    return [
        (field.name, _csv_value(getattr(fact, field.name)))
        for field in fields(Fact)
        if field.name not in _SHOWN_ELSEWHERE and getattr(fact, field.name) != field.default
    ]


def walk_line(walk: Walk) -> str:
    """How far the chain holds, as one line of JSON."""
    broken = walk.broken
    line = {
        "is_whole": broken is None,
        "rows": walk.rows,
        "seq": walk.head.seq,
        "head": walk.head.hash.hex(),
        "broken": None if broken is None else {"seq": broken.seq, "what": broken.what},
    }
    return msgspec.json.encode(line).decode()
