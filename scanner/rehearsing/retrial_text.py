"""What would have been decided differently, for people and for programs.

Law: pure. What happens alike is told once, with how often and where to look: numbers of rows, for `portillon ledger
explain`.

Source: docs/rehearsal.md, "From the ledger".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from scanner.core.events import Fact
from scanner.core.reasons import FACES, Outcome
from scanner.records.ledger_views import Paint
from scanner.records.recorded import flags_of
from scanner.rehearsing.retrial import Difference, Retrial

EXAMPLES = 3


class _Answer(NamedTuple):
    """What is compared."""

    outcome: Outcome | None
    reason: str
    charged: int
    flags: tuple[str, ...]


def _then(fact: Fact) -> _Answer:
    return _Answer(fact.outcome, fact.reason or "", fact.charged, _flags(fact.flags))


def _now(one: Difference) -> _Answer:
    decision = one.decision
    return _Answer(decision.outcome, decision.reason, one.charged, _flags(decision.flags))


def _flags(flags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(flags_of(flags)))


Groups = dict[tuple[_Answer, _Answer], list[int]]


def grouped(retrial: Retrial) -> Groups:
    """Rows by what was and what would have been; the most frequent first."""
    groups: Groups = {}
    for one in retrial.differences:
        groups.setdefault((_then(one.fact), _now(one)), []).append(one.fact.seq)
    return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[1])))


def retrial_lines(ledger: str, retrial: Retrial, paint: Paint) -> Iterator[str]:
    """What a person reads."""
    different, tried = len(retrial.differences), retrial.decided - len(retrial.not_kept)
    if different:
        head = f"✖ {ledger}: {different} of {tried} decisions would have been different"
        yield paint(head, "orange")
    else:
        yield paint(f"✔ {ledger}: all {tried} decisions would have been the same", "green")
    if retrial.not_kept:
        rows = _rows(list(retrial.not_kept))
        yield f"  {len(retrial.not_kept)} more could not be tried: not enough was kept ({rows})"
    for (then, now), seqs in grouped(retrial).items():
        shown = _shown(then, now, paint), _shown(now, then, paint)
        yield f"  {len(seqs):>6} ×  {shown[0]}  →  {shown[1]}  ({_rows(seqs)})"


def retrial_json(ledger: str, rules: str | None, retrial: Retrial) -> dict[str, Any]:
    """The same for a program, with every row."""
    return {
        "ledger": ledger,
        "rules": rules,
        "decisions": retrial.decided,
        "different": len(retrial.differences),
        "not_kept": list(retrial.not_kept),
        "groups": [
            {"then": _json(then), "now": _json(now), "count": len(seqs), "rows": seqs}
            for (then, now), seqs in grouped(retrial).items()
        ],
    }


def _json(answer: _Answer) -> dict[str, Any]:
    return answer._asdict() | {"flags": list(answer.flags)}


def _shown(answer: _Answer, other: _Answer, paint: Paint) -> str:
    face = FACES[answer.outcome or Outcome.DECLINED]
    text = paint(f"{face.icon} {answer.outcome} {answer.reason}", face.colour)
    if answer.charged != other.charged:
        text += f", charged {answer.charged}"
    if answer[:2] == other[:2] and answer.flags != other.flags:
        text += f", flags [{', '.join(answer.flags)}]"
    return text


def _rows(seqs: list[int]) -> str:
    more = " …" if len(seqs) > EXAMPLES else ""
    return f"row {' '.join(map(str, seqs[:EXAMPLES]))}{more}"
