"""One recorded decision in plain words: what was answered, to what, by which checks, and what came of it.

Law: pure; says what is recorded and what `decide` says of it again, and adds nothing. Colour never stands alone. Never
a code, a name or a whole key; of staff that they answered, not who.

Source: docs/ledger.md, "Why was it decided so?".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from enum import Enum
from gettext import NullTranslations
from typing import Any, NamedTuple

from scanner.core.answer import Decision, TraceLine, Verdict
from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockState
from scanner.core.events import FactKind
from scanner.core.lane_facts import may_open
from scanner.core.meanings import MEANINGS
from scanner.core.reasons import FACES, Flag, Outcome, Reason
from scanner.core.tally import Mark
from scanner.core.units import Instant
from scanner.core.windows import Window
from scanner.records.ledger_decisions import Told
from scanner.records.ledger_views import KEY_DIGITS, Paint
from scanner.records.recorded import NotKept, Recorded, is_same
from scanner.rehearsing.rehearsal_text import window_text
from scanner.texts.english import (
    CHECKS,
    FLAGS,
    HEADINGS,
    SENTENCES,
    VALUES,
    VERDICTS,
    WORDS,
)
from scanner.texts.screens import FORMATS

UTC = SiteCalendar("UTC")
"""Where the site's zone was not kept."""

INSTANTS = frozenset({"at", "now", "floor", "valid_from", "valid_until", "grace_until"})
LENGTHS_MS = {"age_ms": 1, "hard_age_s": 1_000, "min_interval_s": 1_000, "wait_s": 1_000}
ICONS: dict[Verdict, tuple[str, str]] = {
    Verdict.PASS: ("✔", "green"),
    Verdict.NOTE: ("★", "green"),
    Verdict.ASK: ("?", "amber"),
    Verdict.REFUSE: ("✖", "red"),
    Verdict.SKIP: ("–", "blue"),
}
_MINUTE_MS, _HOUR_MINUTES = 60_000, 60


class Again(NamedTuple):
    """The decision made again, and whether it is the recorded one."""

    decision: Decision
    is_same: bool


def decide_again(recorded: Recorded | NotKept) -> Again | None:
    """None where not enough was kept."""
    if isinstance(recorded, NotKept):
        return None
    decision = recorded.decide()
    charged = decision.charged if may_open(decision) else 0
    return Again(decision, is_same(recorded.fact, decision, charged))


class Explanation:
    """The words of one decision in one language."""

    def __init__(
        self, told: Told, recorded: Recorded | NotKept, texts: NullTranslations, paint: Paint
    ) -> None:
        self._fact, self._later = told.kept.fact, told.later
        self._recorded = recorded if isinstance(recorded, Recorded) else None
        self._again = decide_again(recorded)
        self._say = texts.gettext
        self._paint = paint
        self._calendar = UTC if self._recorded is None else self._recorded.policy.calendar

    def lines(self) -> Iterator[str]:
        """What a person reads."""
        fact = self._fact
        outcome, reason = fact.outcome or Outcome.DECLINED, fact.reason or Reason.UNKNOWN
        face = FACES[outcome]
        head = f"{face.icon} {self._say(face.word)}  {outcome.value} {reason.value}"
        title = self._sentence("title", seq=fact.seq, device=fact.device)
        yield f"{self._paint(head, face.colour)}  {title}"
        yield self._say(MEANINGS[reason])
        yield ""
        headings = {name: self._say(text) for name, text in HEADINGS.items()}
        width = max(map(len, headings.values()))
        for name, text in self.parts():
            yield f"{headings[name]:<{width}}  {text}"
        if self._again is not None:
            yield f"\n{headings['trace']}"
            yield from map(self._check, self._again.decision.trace)

    def json(self) -> dict[str, Any]:
        """The same for a program; names of the vocabulary as recorded, words in the language asked for."""
        fact, again = self._fact, self._again
        parts: dict[str, list[str]] = {}
        for name, text in self.parts():
            parts.setdefault(name, []).append(text)
        return {
            "seq": fact.seq,
            "device": fact.device,
            "at": fact.at,
            "outcome": fact.outcome,
            "reason": fact.reason,
            "flags": list(fact.flags),
            "charged": fact.charged,
            "remaining": None if again is None else again.decision.remaining,
            "meaning": self._say(MEANINGS[fact.reason or Reason.UNKNOWN]),
            "is_same_again": None if again is None else again.is_same,
            "texts": parts,
            "trace": [] if again is None else [*map(self._check_json, again.decision.trace)],
        }

    def parts(self) -> Iterator[tuple[str, str]]:
        """What is said under each heading."""
        fact, say = self._fact, self._sentence
        yield "when", say("when", at=self._wall(fact.at), zone=self._calendar.zone)
        yield "way", self._listed(self._way())
        if fact.kind is FactKind.INSPECTED:
            yield "way", say("look")
        yield "code", self._listed(self._code())
        yield "clock", self._clock()
        yield "snapshot", self._snapshot()
        yield "counted", self._listed(self._counted())
        for flag in fact.flags:
            yield "flags", f"{flag}: {self._flag(flag)}"
        yield from (("staff", text) for text in self._staff())
        yield from (("passage", text) for text in self._passage())
        yield "again", self._verdict()

    # --- the parts --------------------------------------------------------------------------------

    def _way(self) -> Iterator[tuple[str, object]]:
        fact = self._fact
        yield "direction", fact.direction
        yield "gate_no", fact.gate_no
        yield "zone_no", fact.zone_no
        yield "persons", fact.persons

    def _code(self) -> Iterator[tuple[str, object]]:
        fact, recorded = self._fact, self._recorded
        if recorded is not None:
            yield "kind", recorded.facts.presented.kind
        if fact.key is not None:
            yield "key", f"{fact.key[:KEY_DIGITS]}…"
        rules = {} if recorded is None else _rules(recorded)
        named = {
            "grant_no": fact.grant_no,
            "type_no": fact.type_no,
            "rule_no": rules.get(fact.grant_no),
            "event_no": fact.event_no,
            "seat": fact.seat,
        }
        yield from ((name, value) for name, value in named.items() if value is not None)

    def _clock(self) -> str:
        word = self._say(WORDS[self._fact.clock])
        if self._recorded is None or self._fact.clock is not ClockState.UNTRUSTED:
            return word
        return f"{word}, {self._pair('floor', self._recorded.clock.floor)}"

    def _snapshot(self) -> str:
        fact, recorded = self._fact, self._recorded
        mark = None if recorded is None else recorded.facts.snapshot
        if fact.snapshot_seq is None:
            return self._sentence("no_snapshot")
        made = "?" if mark is None else self._wall(mark.created_at)
        age = self._length((fact.snapshot_age_s or 0) * 1_000)
        return self._sentence("snapshot", seq=fact.snapshot_seq, made=made, age=age)

    def _counted(self) -> Iterator[tuple[str, object]]:
        yield "charged", self._fact.charged
        if self._again is not None and self._again.decision.remaining is not None:
            yield "remaining", self._again.decision.remaining

    def _flag(self, flag: str) -> str:
        known = FLAGS.get(flag)
        return self._say(MEANINGS[Reason(flag)] if known is None else known)

    def _staff(self) -> Iterator[str]:
        answers = [fact for fact in self._later if fact.kind is FactKind.OVERRIDE]
        for fact in answers:
            answer = self._say(WORDS.get(fact.note or "none", fact.note or ""))
            text = self._sentence("answered", answer=answer, seq=fact.seq)
            yield f"{text}, {self._pair('charged', fact.charged)}"
        if not answers and self._fact.outcome is Outcome.ACTION:
            yield self._sentence("not_answered")

    def _passage(self) -> Iterator[str]:
        names = {
            FactKind.PASSED: "passed",
            FactKind.NOT_PASSED: "not_passed",
            FactKind.PASSAGE_UNKNOWN: "unknown",
        }
        found = [fact for fact in self._later if fact.kind in names]
        for fact in found:
            persons = self._pair("persons", fact.persons)
            yield self._sentence(names[fact.kind], persons=persons, seq=fact.seq)
        entries = [self._fact, *(f for f in self._later if f.kind is FactKind.OVERRIDE)]
        opened = [fact for fact in entries if fact.movement is not None]
        if not opened:
            yield self._sentence("shut")
        elif not found:
            is_watched = any(Flag.AWAITS_PASSAGE in fact.flags for fact in opened)
            yield self._sentence("pending" if is_watched else "not_watched")

    def _verdict(self) -> str:
        if self._again is None:
            return self._sentence("not_kept")
        if self._again.is_same:
            return self._sentence("same")
        now = self._again.decision
        return self._sentence("other", outcome=now.outcome.value, reason=now.reason.value)

    # --- the checks -------------------------------------------------------------------------------

    def _check(self, line: TraceLine) -> str:
        icon, colour = ICONS[line.verdict]
        verdict = self._paint(f"{icon} {self._say(VERDICTS[line.verdict])}", colour)
        reason = "" if line.reason is None else f" → {line.reason.value}"
        values = self._listed(line.values)
        shown = f" ({values})" if values else ""
        return f"{line.step:>4}  {self._say(CHECKS[line.name])} {verdict}{reason}{shown}{self._whose(line)}"

    def _whose(self, line: TraceLine) -> str:
        """Said only where several rights are behind one code."""
        recorded = self._recorded
        if line.grant_no is None or recorded is None or len(recorded.facts.grants) == 1:
            return ""
        return f" [{self._sentence('of_right', grant_no=line.grant_no)}]"

    def _check_json(self, line: TraceLine) -> dict[str, Any]:
        return {
            "step": line.step,
            "name": line.name,
            "verdict": line.verdict,
            "reason": line.reason,
            "grant_no": line.grant_no,
            "question": self._say(CHECKS[line.name]),
            "answer": self._say(VERDICTS[line.verdict]),
            "values": {name: self._value(name, value) for name, value in line.values},
        }

    # --- words ------------------------------------------------------------------------------------

    def _sentence(self, name: str, **values: object) -> str:
        return self._say(SENTENCES[name]).format(**values)

    def _listed(self, pairs: Any) -> str:
        return ", ".join(self._pair(name, value) for name, value in pairs)

    def _pair(self, name: str, value: object) -> str:
        return f"{self._say(VALUES[name])}: {self._value(name, value)}"

    def _value(self, name: str, value: object) -> str:
        for kind, tell in self._tellers().items():
            if isinstance(value, kind):
                return tell(value)
        if isinstance(value, tuple | frozenset):
            return " + ".join(sorted(self._value(name, one) for one in value)) or self._word("none")
        if isinstance(value, int) and name in INSTANTS:
            return self._wall(Instant(value))
        if isinstance(value, int) and name in LENGTHS_MS:
            return self._length(value * LENGTHS_MS[name])
        return self._word("none") if value is None else str(value)

    def _tellers(self) -> dict[type, Callable[[Any], str]]:
        return {
            Mark: lambda m: self._sentence("at_gate", at=self._wall(m.at), gate_no=m.gate_no),
            Window: window_text,
            Enum: lambda named: self._word(named.value),
            date: lambda day: day.strftime(self._say(FORMATS["format_date"])),
        }

    def _word(self, name: str) -> str:
        return self._say(WORDS[name]) if name in WORDS else name

    def _wall(self, at: Instant) -> str:
        wall = self._calendar.wall(at)
        written = wall.strftime(self._say(FORMATS["format_date_time"]))
        return f"{written}{' (2)' if wall.fold else ''}"

    def _length(self, ms: int) -> str:
        if ms < _MINUTE_MS:
            return self._sentence("seconds", seconds=ms // 1_000)
        hours, minutes = divmod(ms // _MINUTE_MS, _HOUR_MINUTES)
        return self._sentence("minutes", hours=hours, minutes=minutes)


def _rules(recorded: Recorded) -> dict[Any, int]:
    """The number of the rule of each right."""
    facts = recorded.facts
    rules: dict[Any, int] = {one.grant.grant_no: one.rule.rule_no for one in facts.grants}
    if facts.unlisted is not None and facts.unlisted.rule is not None:
        rules[None] = facts.unlisted.rule.rule_no
    return rules
