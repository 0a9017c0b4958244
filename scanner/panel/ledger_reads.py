"""The ledger as a console asks it: pages of scans, why one was decided so, how many came today.

Law: read-only, on connections of its own, while the gate writes; the lane's thread is never asked. The work is
SQLite's, which lets go of the interpreter. A row that cannot be read is no scan. Never a code; of a key
its first digits.

Source: docs/ledger.md, "Looking at it"; docs/console.md, "Scans".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from scanner.control import Reply
from scanner.core.events import FactKind
from scanner.core.lane_facts import RELEASE
from scanner.core.reasons import Flag
from scanner.records.ledger_views import KEY_DIGITS
from sync.ledger_format import connect_reader, load_head, reading

PAGE_ROWS = 50
WINDOW_ROWS = 20_000
"""How far back one question looks; the next page goes on from there."""
FOLLOWING_ROWS = 2_000
SEEK_CHARACTERS = 40
INT_MAX = 2**62

_FOUND = """
WITH one AS (
  SELECT seq, CASE WHEN json_valid(body) THEN body ELSE '{}' END AS b
  FROM fact WHERE seq < :before AND seq >= :from
)
SELECT seq, b ->> 'at', b ->> 'kind', b ->> 'direction', b ->> 'outcome', b ->> 'reason', b ->> 'persons',
       b ->> 'grant_no', substr(b ->> 'key', 1, :digits), b ->> 'seat', b ->> 'movement',
       instr(coalesce(b ->> 'flags', ''), :awaits), b ->> 'note'
FROM one
WHERE (b ->> 'kind' IN ('SCAN', 'INSPECTED') OR (b ->> 'kind' = 'OVERRIDE' AND b ->> 'refers_to' IS NULL))
  AND (:outcome IS NULL OR b ->> 'outcome' = :outcome)
  AND (:seek IS NULL OR instr(upper(coalesce(b ->> 'reason', '')), :seek)
       OR upper(coalesce(b ->> 'seat', '')) = :seek OR coalesce(b ->> 'grant_no', '') = :seek
       OR upper(substr(coalesce(b ->> 'key', ''), 1, length(:seek))) = :seek)
ORDER BY seq DESC LIMIT :rows
"""
_LATER = """
SELECT seq, b ->> 'refers_to', b ->> 'kind', b ->> 'note'
FROM (SELECT seq, CASE WHEN json_valid(body) THEN body ELSE '{}' END AS b FROM fact WHERE seq > ? AND seq <= ?)
WHERE b ->> 'kind' IN ('OVERRIDE', 'PASSED', 'NOT_PASSED', 'PASSAGE_UNKNOWN') AND b ->> 'refers_to' IS NOT NULL
ORDER BY seq
"""
_PASSAGES = {
    FactKind.PASSED.value: "passed",
    FactKind.NOT_PASSED.value: "not_passed",
    FactKind.PASSAGE_UNKNOWN.value: "unknown",
}


class LedgerReads:
    """Of one gate's ledger."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def scans(self, body: Mapping[str, Any]) -> Reply:
        """A page of scans, newest first; ``more``: where the next page begins, None at the end."""
        with reading(self._path), closing(connect_reader(self._path)) as connection:
            head = load_head(connection).seq
            before = min(_whole(body.get("before"), head + 1), head + 1)
            found = connection.execute(_FOUND, _asked(body, before)).fetchall()
            scans = [_scan(row) for row in found]
            if scans:
                _tell_later(connection, scans)
        is_full = len(found) == PAGE_ROWS
        more = found[-1][0] if is_full else before - WINDOW_ROWS
        return {"scans": scans, "more": more if more > 1 else None}

    def explain(self, body: Mapping[str, Any]) -> Reply:
        """Why one scan was decided as it was, in lines of a language."""
        from scanner.records.explaining import Explanation
        from scanner.records.ledger_decisions import load_decision
        from scanner.records.recorded import parse_recorded
        from scanner.texts.catalogue import ENGLISH, languages, load_texts

        language = str(body.get("language"))
        texts = load_texts(language if language in languages() else ENGLISH)
        with reading(self._path), closing(connect_reader(self._path)) as connection:
            told = load_decision(connection, _whole(body.get("seq"), 0))
        explanation = Explanation(
            told, parse_recorded(*told.kept), texts, lambda text, _colour: text
        )
        return {"lines": list(explanation.lines())}


def _asked(body: Mapping[str, Any], before: int) -> dict[str, object]:
    seek, outcome = body.get("seek"), body.get("outcome")
    return {
        "before": before,
        "from": before - WINDOW_ROWS,
        "digits": KEY_DIGITS,
        "awaits": Flag.AWAITS_PASSAGE.value,
        "outcome": None if outcome is None else str(outcome),
        "seek": str(seek)[:SEEK_CHARACTERS].strip().upper() or None if seek is not None else None,
        "rows": PAGE_ROWS,
    }


def _scan(row: tuple[Any, ...]) -> dict[str, Any]:
    (
        seq,
        at,
        kind,
        direction,
        outcome,
        reason,
        persons,
        grant_no,
        key,
        seat,
        movement,
        awaits,
        note,
    ) = row
    is_release = kind == FactKind.OVERRIDE and str(note).startswith(RELEASE)
    opened = "pending" if awaits else "not_watched"
    return {
        "seq": seq,
        "at": at,
        "direction": direction,
        "outcome": outcome,
        "reason": reason,
        "persons": persons or 1,
        "grant_no": grant_no,
        "key": key,
        "seat": seat,
        "inspection": kind == FactKind.INSPECTED,
        "staff": RELEASE if is_release else None,
        "passage": opened if movement is not None or is_release else "shut",
    }


def _tell_later(connection: sqlite3.Connection, scans: list[dict[str, Any]]) -> None:
    """Staff's answers and passages stand in later rows; a passage may belong to the answer."""
    by_seq = {scan["seq"]: scan for scan in scans}
    rows = connection.execute(_LATER, (scans[-1]["seq"], scans[0]["seq"] + FOLLOWING_ROWS))
    for seq, refers_to, kind, note in rows.fetchall():
        scan = by_seq.get(refers_to)
        if scan is None:
            continue
        if kind == FactKind.OVERRIDE:
            scan["staff"] = str(note).partition(":")[0]
            by_seq[seq] = scan
        else:
            scan["passage"] = _PASSAGES[kind]


def _whole(value: object, otherwise: int) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return int(str(value)) if is_whole and 0 < int(str(value)) < INT_MAX else otherwise
