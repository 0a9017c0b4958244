"""What the Health tab shows: everything that is wrong now, the machine's figures, and how they went.

Law: pure. Shows what `portillon doctor` found as soon as the gate tells it (``doctor`` in the reply): one line a
finding, by its own state.

Source: docs/console.md, "Health".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ui.board import Board, at
from ui.lane_view import doubt_text
from ui.lines import Line, Lines, title
from ui.plot import bars, gauge
from ui.tongue import Tongue

HOT_C, TOO_HOT_C = 70.0, 80.0
"""A Raspberry Pi slows down from 80 °C on (its data sheet)."""
LOW_SHARE, TOO_LOW_SHARE = 0.10, 0.03
"""Of the disk that is free."""
GAUGE_COLUMNS = 20
TONES = {"ok": "good", "good": "good", "warning": "doubt", "doubt": "doubt"}
PLOTS = ("temperature", "disk_free", "backlog")


def health_lines(board: Board, tongue: Tongue, width: int) -> Lines:
    """Top to bottom: what is wrong, what the doctor says, the machine, its plots."""
    return (
        *_doubts(board, tongue),
        *_doctor(board, tongue),
        *_machine(board, tongue),
        *_counts(board, tongue),
        *_plots(board, tongue, width),
    )


def _doubts(board: Board, tongue: Tongue) -> Iterator[Line]:
    say = tongue.say
    yield title(say("health_now"))
    status = board.reply("overview")
    if not status:
        yield Line(say("unknown"), tone="doubt")
        return
    doubts: Sequence[str] = status.get("doubts") or ()
    if not doubts:
        yield Line(say("health_no_doubt"), tone="good")
    for code in doubts:
        yield Line(doubt_text(code, tongue), tone="bad")


def _doctor(board: Board, tongue: Tongue) -> Iterator[Line]:
    findings = board.at("overview", "doctor")
    if not isinstance(findings, Sequence) or isinstance(findings, str):
        return
    yield title(tongue.say("health_doctor"))
    for finding in findings:
        tone = TONES.get(str(at(finding, "state")), "bad")
        yield Line(str(at(finding, "name") or "?"), str(at(finding, "text") or ""), tone)


def _machine(board: Board, tongue: Tongue) -> Iterator[Line]:
    say, machine = tongue.say, board.at("overview", "machine")
    if machine is None:
        return
    yield title(say("health_machine"))
    heat = machine.get("temperature_c")
    if heat is None:
        yield Line(say("health_temperature"), say("not_measured"))
    else:
        tone = "bad" if heat >= TOO_HOT_C else "doubt" if heat >= HOT_C else "good"
        yield Line(say("health_temperature"), f"{tongue.number(heat, 1)} °C", tone)
    yield from _disk(machine, tongue)
    if machine.get("memory_bytes") is not None:
        yield Line(say("health_memory"), tongue.size(machine["memory_bytes"]))
    if machine.get("load") is not None:
        yield Line(say("health_load"), tongue.number(machine["load"], 2))
    if machine.get("up_s") is not None:
        yield Line(say("health_up"), tongue.length(machine["up_s"]))


def _disk(machine: Mapping[str, Any], tongue: Tongue) -> Iterator[Line]:
    free, whole = machine.get("disk_free"), machine.get("disk_bytes")
    if free is None or not whole:
        return
    share = free / whole
    tone = "bad" if share < TOO_LOW_SHARE else "doubt" if share < LOW_SHARE else "good"
    text = tongue.say("health_disk_of", free=tongue.size(free), all=tongue.size(whole))
    yield Line(tongue.say("health_disk"), f"{gauge(1 - share, GAUGE_COLUMNS)} {text}", tone)


def _counts(board: Board, tongue: Tongue) -> Iterator[Line]:
    reads = board.at("overview", "reads")
    if reads is None:
        return
    yield title(tongue.say("health_since_start"))
    for name in ("all", "same_presentation", "not_read", "not_recorded"):
        if reads.get(name) is not None:
            bad = name == "not_recorded" and reads[name]
            tone = "bad" if bad else "plain"
            yield Line(tongue.say(f"reads_{name}"), tongue.number(reads[name]), tone)


def _plots(board: Board, tongue: Tongue, width: int) -> Iterator[Line]:
    yield title(tongue.say("health_plots"))
    for name in PLOTS:
        values = [getattr(sample, name) for sample in board.series]
        known = [value for value in values if value is not None]
        if not known:
            continue
        (row,) = bars(values, max(10, width - 44))
        shown = {"temperature": lambda v: f"{tongue.number(v, 1)} °C", "disk_free": tongue.size}
        tell = shown.get(name, tongue.number)
        span = (
            tell(known[-1])
            if min(known) == max(known)
            else f"{tell(min(known))} – {tell(max(known))}"
        )
        yield Line(tongue.say(f"plot_{name}"), f"{row} {span}")
