"""What the set-up wizard shows, as values: the list of steps, and the page of each.

Law: pure. A step's state has a mark and a word beside its colour. What is done to the arm is told before it is asked.

Source: docs/console.md, "Set-up".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ui import scans_view
from ui.board import Board, at
from ui.hardware_view import camera_lines, hardware_lines
from ui.lane_view import current
from ui.lines import Line, Lines
from ui.tongue import Tongue

STEPS = ("network", "enrolment", "direction", "relay", "sensor", "camera", "scan")
"""As `scanner.installing.steps.Step`."""
TONES = {"done": "good", "doubt": "doubt", "passed_over": "dim", "open": "plain"}
MARKS = {"done": "✔", "doubt": "!", "passed_over": "–", "open": "·"}
HERE = "▶"
FIELDS: Mapping[str, tuple[str, ...]] = {
    "network": ("central",),
    "enrolment": ("camera", "token"),
    "direction": ("site", "direction", "relay_in", "sensor_in", "relay_out", "sensor_out"),
}
SECRET = frozenset({"token"})
WAYS = ("in", "out")
ROW_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the list."""

    text: str
    tone: str
    is_here: bool


def step_rows(board: Board, here: str, tongue: Tongue) -> tuple[Row, ...]:
    """Each step with its mark, its name and how far it is in a word."""
    return tuple(_row(board, step, here, tongue) for step in STEPS)


def _row(board: Board, step: str, here: str, tongue: Tongue) -> Row:
    state = str(board.at("look", "steps", step, "state") or "open")
    pointer, name = HERE if step == here else " ", tongue.say(f"setup_step_{step}")
    text = f"{pointer} {MARKS[state]} {name:<14} {tongue.say(f'setup_state_{state}')}"
    return Row(text, TONES[state], step == here)


def told(board: Board, step: str, tongue: Tongue) -> str:
    """What a step wants of a person."""
    if not board.reply("look"):
        return tongue.say("loading")
    is_taken = bool(board.at("look", "in_service")) and step != "scan"
    return tongue.say(f"setup_told_{'taken' if is_taken else _told_name(board, step)}")


def page(board: Board, step: str, tongue: Tongue) -> Lines:
    """What a step sees."""
    if not board.reply("look"):
        return ()
    return (*PAGES[step](board, tongue), *_fault(board, tongue))


def _told_name(board: Board, step: str) -> str:
    if step == "enrolment" and board.at("look", "device"):
        return "enrolled"
    if step != "scan":
        return step
    if not board.at("look", "finished") and not board.at("look", "in_service"):
        return "scan"
    if board.at("look", "steps", "scan", "state") == "done":
        return "finished"
    return "scan_ready" if board.at("overview", "lane") else "scan_waits"


def _fault(board: Board, tongue: Tongue) -> Iterator[Line]:
    """What keeps a device from being opened."""
    fault = board.at("look", "fault")
    if fault:
        yield from fault_lines(fault, tongue)


def has_picture(board: Board, step: str) -> bool:
    """A camera is looked through here: to read the code, until there is one, and to aim it."""
    return step == "camera" or (step == "enrolment" and not board.at("look", "device"))


def gone(words: str, tongue: Tongue) -> str:
    """There is no bench: why, and that the arm is locked."""
    if any(sign in words for sign in ("file_not_written", "folder_unusable", "Permission")):
        return f"{tongue.say('setup_no_bench')}. {tongue.say('setup_not_allowed')}"
    return f"{tongue.say('setup_bench_gone')}\n\n{words}".rstrip()


def fault_lines(told: Mapping[str, Any], tongue: Tongue) -> Iterator[Line]:
    """A fault in the reader's language where its code is known, and what to do as the program says it."""
    code = str(told.get("code") or "?")
    name = f"wrong_{code}"
    text = tongue.say(name) if tongue.knows(name) else str(told.get("message") or "")
    yield Line(tongue.say("setup_error"), f"{text} [{code}]", "bad")
    if told.get("hint") and not tongue.knows(name):
        yield Line(tongue.say("setup_hint"), str(told["hint"]))


# --- the pages -------------------------------------------------------------------------------------


def _network(board: Board, tongue: Tongue) -> Iterator[Line]:
    say, told = tongue.say, board.at("look", "errands", "reach") or {}
    if "interfaces" not in told:
        yield Line(say("setup_central"), say("setup_waits"))
        return
    for link in told["interfaces"]:
        addresses = ", ".join(link["addresses"]) or say("setup_address_none")
        is_good = bool(link["is_up"] and link["addresses"])
        yield Line(
            str(link["name"]),
            addresses if link["is_up"] else say("setup_link_down"),
            "good" if is_good else "plain",
        )
    clock = str(at(told, "clock", "state"))
    tone = "good" if clock == "synchronised" else "doubt"
    yield Line(say("setup_clock"), say(f"setup_clock_{clock}"), tone)
    if not told.get("url"):
        yield Line(say("setup_central"), say("setup_central_none"), "doubt")
    elif told.get("ok"):
        yield Line(say("setup_central"), say("setup_central_ok", url=told["url"]), "good")
    else:
        yield Line(say("setup_central"), str(told["url"]))
        yield from fault_lines(told, tongue)


def _enrolment(board: Board, tongue: Tongue) -> Iterator[Line]:
    say, device = tongue.say, board.at("look", "device")
    errands = board.at("look", "errands") or {}
    if device:
        yield Line(say("setup_site"), str(device["site"]), "good")
        yield Line(say("setup_gate_no"), str(device["gate_no"]), "good")
        yield Line(say("setup_central"), str(device["central"]), "good")
        yield from _snapshot(board, errands, tongue)
        return
    told = errands.get("enrol", {})
    if told.get("is_running"):
        yield Line(say("setup_enrolling"), tone="doubt")
    elif told.get("ok") is False:
        yield from fault_lines(told, tongue)
    else:
        yield Line(say("setup_not_enrolled"))
    seen = camera_lines(board, tongue)
    yield from (seen[0], seen[-1]) if len(seen) > 1 else seen


def _snapshot(board: Board, errands: Mapping[str, Any], tongue: Tongue) -> Iterator[Line]:
    say, seq, told = tongue.say, board.at("look", "snapshot_seq"), errands.get("contact", {})
    if seq:
        yield Line(say("setup_snapshot"), str(seq), "good")
    elif told.get("is_running"):
        yield Line(say("setup_fetching"), tone="doubt")
    elif told.get("code") == "sync_already_running":
        yield Line(say("setup_snapshot"), say("setup_sync_at_work"), "doubt")
    else:
        yield Line(say("setup_snapshot"), say("setup_snapshot_none"), "doubt")
        if told.get("ok") is False:
            yield from fault_lines((told.get("faults") or [told])[0], tongue)


def _direction(board: Board, tongue: Tongue) -> Iterator[Line]:
    answers = board.at("look", "answers") or {}
    for key in FIELDS["direction"]:
        if answers.get(key):
            yield Line(tongue.say(f"field_{key}"), _answer(key, answers, tongue))


def _answer(key: str, answers: Mapping[str, str], tongue: Tongue) -> str:
    value = str(answers[key])
    if key != "direction":
        return value
    return " + ".join(tongue.say(f"way_{way}") for way in (WAYS if value == "both" else (value,)))


def _relay(board: Board, tongue: Tongue) -> Iterator[Line]:
    say, arm = tongue.say, board.at("look", "arm")
    if arm:
        yield from hardware_lines(Board({"hardware": _levels(arm)}), tongue)[1:]
        for way, count in arm["pulses"].items():
            label = say("setup_pulses", way=say(f"way_{way}"))
            yield Line(label, tongue.number(count), "good" if count else "plain")
    yield from _word(board, "relay", tongue)


def _levels(arm: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arm.items() if name not in {"turns", "pulses"}}


def _word(board: Board, step: str, tongue: Tongue) -> Iterator[Line]:
    """What was said or seen of a step."""
    say, told = tongue.say, board.at("look", "steps", step) or {}
    why = told.get("why")
    if board.at("look", "steps", "direction", "state") != "done":
        yield Line(say("setup_no_ways"), tone="doubt")
    elif why == "not_fitted":
        yield Line(say("setup_not_fitted"), tone="good")
    elif why == "changed":
        yield Line(say("setup_word_changed"), tone="doubt")
    elif why == "not_good":
        yield Line(say("setup_word_bad"), tone="bad")
    elif told.get("state") == "done":
        yield Line(say(GOOD_WORDS[step]), tone="good")


GOOD_WORDS = {
    "relay": "setup_word_good",
    "sensor": "setup_sensor_good",
    "camera": "setup_camera_good",
}


def _sensor(board: Board, tongue: Tongue) -> Iterator[Line]:
    say, arm = tongue.say, board.at("look", "arm") or {}
    for way in arm.get("ways") or ():
        if not way.get("sensor"):
            continue
        name = say(f"way_{way['direction']}")
        level = say("level_active" if way["sensor_active"] else "level_rests")
        tone = "doubt" if way["sensor_active"] else "plain"
        yield Line(say("hardware_sensor", way=name), f"{level}  ({way['sensor']})", tone)
        count = arm["turns"].get(way["direction"], 0)
        label = say("setup_turns", way=name)
        yield Line(label, tongue.number(count), "good" if count else "plain")
    if arm.get("turns"):
        yield Line(say("setup_sensor_at_rest"))
    yield from _word(board, "sensor", tongue)


def _camera(board: Board, tongue: Tongue) -> Iterator[Line]:
    yield from camera_lines(board, tongue)
    yield from _word(board, "camera", tongue)


def _scan(board: Board, tongue: Tongue) -> Iterator[Line]:
    say, left = tongue.say, board.at("look", "missing") or ()
    if not board.at("look", "finished") and not board.at("look", "in_service"):
        yield Line(say("setup_not_in_service"), tone="doubt")
        if left:
            names = ", ".join(say(f"setup_step_{step}") for step in left)
            yield Line(say("setup_told_missing", steps=names), tone="bad")
        return
    if board.silent_since is not None or not board.reply("overview"):
        yield Line(say("setup_gate_silent"), tone="doubt")
        return
    scans = [one for one in board.notices if one.get("event") == "scan"]
    if not scans:
        yield from _recorded_scan(board, tongue)
        return
    view = current(board, scans[-1], tongue)
    tone = {"green": "good", "blue": "good", "red": "bad"}.get(view.tone, "doubt")
    yield Line(view.word, tone=tone)
    yield from (Line(text) for text in view.lines)


def _recorded_scan(board: Board, tongue: Tongue) -> Iterator[Line]:
    """The newest one of the ledger: the gate may have answered before anybody listened."""
    scans = board.at("scans", "scans") or ()
    if not scans:
        yield Line(tongue.say("setup_answer"), tongue.say("setup_no_scan"))
        return
    row = scans_view.rows(board, tongue, ROW_COLUMNS)[0]
    tone = {"green": "good", "blue": "good", "red": "bad"}.get(row.tone, "doubt")
    yield Line(" ".join(row.text.split()), tone=tone)
    yield Line(scans_view.reason_line(scans[0], tongue))


PAGES: Mapping[str, Callable[[Board, Tongue], Iterator[Line]]] = {
    "network": _network,
    "enrolment": _enrolment,
    "direction": _direction,
    "relay": _relay,
    "sensor": _sensor,
    "camera": _camera,
    "scan": _scan,
}


def ways(board: Board) -> tuple[str, ...]:
    """The ways of the arm that is open on the bench."""
    return tuple(board.at("look", "arm", "pulses") or ())


def shown_fields(board: Board, step: str, typed: Mapping[str, str]) -> tuple[str, ...]:
    """The fields of a step's form, by what is typed so far."""
    answers = board.at("look", "answers") or {}
    direction = typed.get("direction") or answers.get("direction") or ""
    unasked = {
        f"{part}_{way}"
        for way in WAYS
        for part in ("relay", "sensor")
        if direction not in {way, "both"}
    }
    if board.at("look", "is_camera_kept"):
        unasked.add("camera")
    return tuple(key for key in FIELDS.get(step, ()) if key not in unasked)


def hints(
    board: Board, step: str, tongue: Tongue, *, is_editing: bool
) -> tuple[tuple[str, str], ...]:
    """Keys of this step, each with the name of its text."""
    del tongue
    if is_editing:
        return (("Enter", "key_take"), ("Esc", "key_out"), ("F1", "key_help"))
    if not step:
        return (("F1", "key_help"), ("Q", "sure_leave_yes"))
    own: list[tuple[str, str]] = [] if step == STEPS[-1] else [("↵", "key_next")]
    own += [] if step == STEPS[0] else [("B", "key_before")]
    is_bench_ours = bool(board.at("look", "is_ours"))
    if step in FIELDS and is_bench_ours:
        own.append(("E", "key_edit"))
    if step in {"network", "enrolment"}:
        own.append(("R", "key_again"))
    if step == "relay" and ways(board):
        own += [
            ("P", "key_pulse_one"),
            ("Y", "key_opened"),
            ("X", "key_not_opened"),
            ("V", "key_other_level"),
        ]
    if step == "sensor" and ways(board):
        own.append(("C", "key_other_contact"))
        own += [("T", "key_turn")] if board.at("look", "simulated") else []
    if step == "scan" and is_bench_ours and not board.at("look", "missing"):
        own.append(("G", "key_go"))
    if step not in {"direction", "scan"}:
        own.append(("S", "key_pass_over"))
    return (*own, ("F1", "key_help"), ("Q", "sure_leave_yes"), ("L", "key_language"))
