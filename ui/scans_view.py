"""The list of scans as values: what each row says, and which of them a search finds.

Law: pure. A row shows what the ledger holds: never a code, of a key its first digits.

Source: docs/console.md, "Scans"; docs/ledger.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scanner.core.reasons import FACES, Outcome
from ui.board import Board
from ui.lane_view import reason_text
from ui.tongue import Tongue

FILTERS: tuple[str, ...] = ("", *(outcome.value for outcome in Outcome))
"""What is shown of the outcomes: all, or one of them; a key goes through them."""
SEEK_CHARACTERS = 40
PASSAGES = ("passed", "not_passed", "unknown", "pending", "not_watched")


@dataclass(frozen=True, slots=True)
class Search:
    """Which scans are shown."""

    outcome: str = ""
    seek: str = ""

    def next_outcome(self) -> Search:
        """The same search for the next outcome."""
        place = FILTERS.index(self.outcome) if self.outcome in FILTERS else 0
        return replace(self, outcome=FILTERS[(place + 1) % len(FILTERS)])

    def fields(self) -> dict[str, Any]:
        """As the gate is asked."""
        return {"outcome": self.outcome or None, "seek": self.seek[:SEEK_CHARACTERS] or None}


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One line of the list."""

    seq: int
    mark: str
    tone: str
    text: str


def rows(board: Board, tongue: Tongue, width: int) -> tuple[ScanRow, ...]:
    """The scans that the gate found, newest first, cut to ``width`` columns."""
    found: Sequence[Mapping[str, Any]] = board.at("scans", "scans") or ()
    when = [tongue.moment(scan["at"], board.now_ms) for scan in found]
    columns = max(map(len, when), default=0)
    return tuple(
        _row(scan, tongue, f"{at:<{columns}}", width) for scan, at in zip(found, when, strict=True)
    )


def _row(scan: Mapping[str, Any], tongue: Tongue, when: str, width: int) -> ScanRow:
    outcome = str(scan.get("outcome") or Outcome.DECLINED)
    face = FACES.get(Outcome(outcome)) if outcome in set(Outcome) else None
    mark, tone = ("·", "plain") if face is None else (face.icon, face.colour)
    parts = [
        f"{scan['seq']:>7}",
        when,
        f"{mark} {tongue.tell(face.word) if face else outcome:<16}",
        f"{scan.get('reason') or '':<17}",
        " · ".join(_extras(scan, tongue)),
    ]
    return ScanRow(int(scan["seq"]), mark, tone, "  ".join(parts)[: max(1, width)].rstrip())


def _extras(scan: Mapping[str, Any], tongue: Tongue) -> list[str]:
    shown = []
    if scan.get("inspection"):
        shown.append(tongue.say("scan_look"))
    if scan.get("staff"):
        shown.append(tongue.say(f"scan_staff_{scan['staff']}"))
    if scan.get("passage") in PASSAGES:
        shown.append(tongue.say(f"scan_{scan['passage']}"))
    if (scan.get("persons") or 1) > 1:
        shown.append(tongue.say("scan_persons", count=scan["persons"]))
    return shown


def caption(search: Search, board: Board, tongue: Tongue) -> str:
    """What the list shows, in a sentence."""
    word = tongue.say("scans_all")
    if search.outcome:
        face = FACES[Outcome(search.outcome)]
        word = f"{face.icon} {tongue.tell(face.word)}"
    count = len(board.at("scans", "scans") or ())
    more = tongue.say("scans_more") if board.at("scans", "more") else ""
    sought = f"“{search.seek}”" if search.seek else "—"
    return tongue.say("scans_caption", count=count, filter=word, seek=sought) + more


def explanation(board: Board, tongue: Tongue) -> tuple[str, ...]:
    """The words of the scan that was asked about; what the gate says when it cannot tell."""
    reply = board.reply("explain")
    if reply.get("ok") is False:
        return (refusal_text(reply, tongue),)
    return tuple(str(line) for line in reply.get("lines") or ())


def reason_line(scan: Mapping[str, Any], tongue: Tongue) -> str:
    """The reason of a row in plain language: shown under the list for the row that is chosen."""
    return reason_text(str(scan.get("reason") or ""), tongue)


def refusal_text(reply: Mapping[str, Any], tongue: Tongue) -> str:
    """Why the gate did not do something: in the reader's language where its code is known here."""
    code = str(reply.get("code") or "?")
    texts = (f"refused_{code}", f"fault_{code}", f"trouble_{code}")
    known = next((text for text in texts if tongue.knows(text)), None)
    text = str(reply.get("message") or "") if known is None else tongue.say(known)
    return f"✖ {text} [{code}]"
