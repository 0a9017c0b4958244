"""What the Health tab shows: everything that is wrong now, the machine's figures, and how they went.

Law: pure. Shows what `portillon doctor` would find, the worst first: a line a sign, by its own light, and what to do.

Source: docs/console.md, "Health".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ui.board import Board, at
from ui.lane_view import block_word, doubt_text
from ui.lines import Line, Lines, title
from ui.plot import bars, gauge
from ui.tongue import Tongue

HOT_C, TOO_HOT_C = 70.0, 80.0
"""A Raspberry Pi slows down from 80 °C on (its data sheet)."""
LOW_SHARE, TOO_LOW_SHARE = 0.10, 0.03
"""Of the disk that is free."""
GAUGE_COLUMNS = 20
TONES = {"green": "good", "amber": "doubt"}
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
    found, say = board.reply("doctor"), tongue.say
    if not found or found.get("ok") is False:
        return
    if found.get("at") is None:
        yield title(say("health_doctor_looks"))
        yield Line(say("health_doctor_first"))
        return
    yield title(say("health_doctor", at=tongue.time(found["at"])))
    for sign in sorted(found.get("signs") or (), key=_is_well):
        tone = TONES.get(str(at(sign, "light")), "bad")
        yield Line(sign_name(sign, tongue), sign_text(sign, tongue), tone)
        if hint := sign_hint(sign, tongue):
            yield Line("", f"→ {hint}")


def _is_well(sign: Mapping[str, Any]) -> int:
    """The worst first, else as the doctor has them."""
    return {"red": 0, "amber": 1}.get(str(at(sign, "light")), 2)


def sign_name(sign: Mapping[str, Any], tongue: Tongue) -> str:
    """What was looked at; by its name where a newer gate looks at more."""
    name = f"sign_of_{at(sign, 'name')}"
    return tongue.say(name) if tongue.knows(name) else str(at(sign, "name") or "?")


def sign_text(sign: Mapping[str, Any], tongue: Tongue) -> str:
    """What was found, in the reader's language; in the gate's own words where it has no text here."""
    text, values = f"says_{at(sign, 'text')}", at(sign, "values") or {}
    if not tongue.knows(text):
        return str(at(sign, "says") or "")
    shown = {name: _value(name, value, tongue) for name, value in values.items()}
    return tongue.say(text, **shown) if shown else tongue.say(text)


def sign_hint(sign: Mapping[str, Any], tongue: Tongue) -> str:
    """What to do; nothing where all is well."""
    if _is_well(sign) == 2:  # noqa: PLR2004 - see there
        return ""
    text = f"hint_{at(sign, 'text')}"
    return tongue.say(text) if tongue.knows(text) else str(at(sign, "hint") or "")


def _value(name: str, value: object, tongue: Tongue) -> str:
    if isinstance(value, int):
        return tongue.number(value)
    if name == "blocks":
        return ", ".join(block_word(block, tongue) for block in str(value).split(", "))
    known = f"camera_{value}" if name == "state" else ""
    return tongue.say(known) if tongue.knows(known) else str(value)


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
