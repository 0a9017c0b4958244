"""A delta's rows as a lane will read them, before they are committed.

Law: what a lane could not read (a newer central's word, a rule that is illegal) is refused here, because the base in
use would be lost to it otherwise. Part of its caller's transaction.

Source: docs/sync.md, "Deltas".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scanner.core.errors import CentralError, InputError
from sync.base_rows import (
    parse_config,
    parse_event,
    parse_exception,
    parse_gate,
    parse_grant,
    parse_rule,
    parse_ticket_key,
    parse_type,
)
from sync.delta import Change, Delta, Upsert
from sync.delta_rows import apply_delta
from sync.row_layout import Row
from sync.tally_rows import parse_tally

_PARSERS: Mapping[str, Callable[[Row], Any]] = {
    "access_grant": parse_grant,
    "grant_event": parse_exception,
    "rule": parse_rule,
    "type": parse_type,
    "event": parse_event,
    "gate": parse_gate,
    "ticket_key": parse_ticket_key,
    "tally": lambda row: parse_tally(row[2]),
    "key_tally": lambda row: parse_tally(row[2]),
}
_RULES_LACKING = "SELECT rule_no FROM type WHERE rule_no NOT IN (SELECT rule_no FROM rule) LIMIT 1"


def apply_checked(connection: sqlite3.Connection, deltas: Iterable[Delta]) -> None:
    """Bring a base forward by deltas that follow one another.

    Raises:
        CentralError: ``delta_out_of_place``, ``delta_digest_wrong``, ``delta_rows_wrong``.
        sqlite3.Error: the file, or a row that its table does not take.
    """
    for delta in deltas:
        _require_readable(delta.changes)
        apply_delta(connection, delta)
    try:
        parse_config(connection.execute("SELECT name, value FROM config"))
    except InputError as error:
        raise _wrong(error.message) from error
    lacking = connection.execute(_RULES_LACKING).fetchone()
    if lacking is not None:
        raise _wrong(f"rule {lacking[0]} of a ticket type is not there")


def _require_readable(changes: Iterable[Change]) -> None:
    try:
        for change in changes:
            parser = _PARSERS.get(change.table)
            if parser is not None and isinstance(change, Upsert):
                parser(change.row)
    except InputError as error:
        raise _wrong(error.message) from error


def _wrong(why: str) -> CentralError:
    return CentralError(
        "delta_rows_wrong",
        f"a delta holds what this gate cannot read ({why[:200]}); the old state stays",
        "update the gate, or publish again with a central of this gate's version",
    )
