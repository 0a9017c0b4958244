"""A rehearsal's report for people and for programs.

Law: pure. Whoever reads a failing step can follow the decision without the program: each check in its order with the
values it used, instants as the site's wall time, numbers as the names of the file.

Source: docs/rehearsal.md, "The report".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any

from scanner.core.answer import TraceLine
from scanner.core.calendar import DAY_MINUTES
from scanner.core.rehearsal import Miss, Report, StepReport, shown_answer
from scanner.core.rehearsal_script import (
    ChangeEvent,
    ChangeGrant,
    Cut,
    EndPassage,
    ExpectCounts,
    Join,
    Restart,
    Revoke,
    ScanStep,
    Script,
    SetClock,
    SetDisk,
    SetMode,
    Step,
)
from scanner.core.tally import Mark
from scanner.core.units import GrantNo, Instant
from scanner.core.windows import WEEKDAYS, Window

_INSTANTS = frozenset({"at", "now", "floor", "valid_from", "valid_until", "grace_until"})
_WORDS: Mapping[type, str] = {
    Cut: "cut",
    Join: "join",
    Revoke: "revoke",
    ChangeGrant: "change",
    ChangeEvent: "event",
    SetClock: "clock",
    Restart: "restart",
    SetMode: "lane",
    SetDisk: "disk",
    ExpectCounts: "expect",
}


def text_of(file: str, report: Report) -> str:
    """What a person reads: one line where all holds, else every step that does not."""
    title = f" {report.script.title}" if report.script.title else ""
    wrong = [step for step in report.steps if step.misses]
    if not wrong:
        return f"✔ {file}:{title} ({len(report.steps)} steps)"
    head = f"✖ {file}:{title} ({len(wrong)} of {len(report.steps)} steps are not as expected)"
    return "\n".join((head, *(line for step in wrong for line in _step_lines(step, report.script))))


def json_of(file: str, through: str, report: Report) -> dict[str, Any]:
    """The same for a program, with every step."""
    return {
        "file": file,
        "title": report.script.title,
        "through": through,
        "holds": report.holds,
        "steps": [_step_json(step, report.script) for step in report.steps],
    }


def describe(step: Step, script: Script) -> str:
    """A step in one line, as `steps[3] 2025-04-01 10:00 G1 scan 'M-1'`."""
    where = f"steps[{step.place.index}] {_wall(step.place.at, script)}"
    if isinstance(step, ScanStep):
        shown = step.shown
        what = f"raw {shown.raw!r}" if shown.raw is not None else f"scan {shown.code!r}"
        return f"{where} {step.gate} {what}"
    if isinstance(step, EndPassage):
        return f"{where} {step.gate} {'turn' if step.has_turned else 'timeout'}"
    return f"{where} {_WORDS[type(step)]}"


def _step_lines(report: StepReport, script: Script) -> Iterator[str]:
    yield f"  {describe(report.step, script)}"
    for miss in report.misses:
        yield f"    {miss.name}: expected {_plain(miss.expected)}, got {_plain(miss.got)}"
    if report.answered is not None:
        answer = shown_answer(report.answered, script)
        yield f"    the gate said {answer['expect']} {answer['reason']}, because:"
        for line in report.answered.decision.trace:
            yield f"      {_trace_line(line, script)}"


def _trace_line(line: TraceLine, script: Script) -> str:
    values = ", ".join(f"{name} {_value(name, value, script)}" for name, value in line.values)
    grant = _grant_name(line.grant_no, script)
    whose = f" [{grant}]" if grant is not None else ""
    reason = f" → {line.reason.value}" if line.reason is not None else ""
    return f"{line.step:>2} {line.name:<18}{line.verdict.value:<7}{values}{reason}{whose}"


def _step_json(report: StepReport, script: Script) -> dict[str, Any]:
    step = report.step
    found: dict[str, Any] = {
        "index": step.place.index,
        "at": script.policy.calendar.wall(step.place.at).isoformat(),
        "step": describe(step, script),
        "holds": not report.misses,
        "misses": [_miss_json(miss) for miss in report.misses],
    }
    if isinstance(step, ScanStep):
        answer = shown_answer(report.answered, script)
        found["answer"] = {name: _listed(value) for name, value in answer.items()}
    if report.answered is not None:
        found["trace"] = [
            {
                "step": line.step,
                "name": line.name,
                "verdict": line.verdict.value,
                "values": {name: _value(name, value, script) for name, value in line.values},
                "reason": line.reason.value if line.reason is not None else None,
                "grant": _grant_name(line.grant_no, script),
            }
            for line in report.answered.decision.trace
        ]
    if report.counts is not None:
        used, overuse, inside = report.counts
        zones = {name: inside.get(number, 0) for name, number in script.zones.items()}
        found["counts"] = {"used": dict(used), "overuse": dict(overuse), "inside": zones}
    return found


def _miss_json(miss: Miss) -> dict[str, Any]:
    return {"name": miss.name, "expected": _listed(miss.expected), "got": _listed(miss.got)}


def _listed(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _plain(value: object) -> str:
    if isinstance(value, frozenset):
        return f"[{', '.join(sorted(value))}]"
    return "nothing" if value is None else str(value)


def _value(name: str, value: object, script: Script) -> str:
    """One value of a trace in words."""
    if isinstance(value, Mark):
        gate = next((n for n, g in script.gates.items() if g.gate.gate_no == value.gate_no), "?")
        return f"{_wall(value.at, script)} at {gate}"
    if isinstance(value, Window):
        return window_text(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | frozenset | list):
        parts = sorted(_value(name, one, script) for one in value)
        return f"[{', '.join(parts)}]"
    if isinstance(value, int) and name in _INSTANTS:
        return _wall(Instant(value), script)
    return _named(name, value, script)


def _named(name: str, value: object, script: Script) -> str:
    numbers: Mapping[str, Mapping[Any, str]] = {
        "zone_no": {number: zone for zone, number in script.zones.items()},
        "zones": {number: zone for zone, number in script.zones.items()},
        "type_no": {kind.type_no: kind.name for kind in script.types.values()},
        "types": {kind.type_no: kind.name for kind in script.types.values()},
        "event_no": script.event_names,
    }
    known = numbers.get(name, {}).get(value)
    return known or ("none" if value is None else str(value))


def window_text(window: Window) -> str:
    """A window of a rule, as `mon+tue 09:00–16:00`."""
    days = "+".join(WEEKDAYS[day] for day in sorted(window.days))
    return f"{days} {_time(window.from_)}–{_time(window.until)}"


def _time(minutes: int) -> str:
    return "24:00" if minutes == DAY_MINUTES else f"{minutes // 60:02}:{minutes % 60:02}"


def _wall(at: Instant, script: Script) -> str:
    wall = script.policy.calendar.wall(at)
    precision = "seconds" if wall.microsecond == 0 else "milliseconds"
    if wall.second == 0 and wall.microsecond == 0:
        precision = "minutes"
    return f"{wall.isoformat(' ', precision)}{' (second)' if wall.fold else ''}"


def _grant_name(grant_no: GrantNo | None, script: Script) -> str | None:
    return None if grant_no is None else script.grant_names.get(grant_no)
