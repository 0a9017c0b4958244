"""What the Hardware tab shows: levels of pins, lamps, the camera and what it read.

Law: pure. Takes what today's gate tells and whatever comes later: a section that is told is shown by its own names.

Source: docs/console.md, "Hardware"; docs/hardware.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.reading.picture_limits import BRIGHTEST, DARKEST, SHARP_SHARE
from ui.board import Board, at
from ui.lane_view import QUIET_CAMERAS, camera_word
from ui.lines import Line, Lines, title
from ui.plot import gauge
from ui.tongue import Tongue

GAUGE_COLUMNS = 20
NAMES_OF_CONTROLS = {"␍": "CR", "␊": "LF", "␉": "TAB", "␃": "ETX", "␂": "STX", "␝": "GS", "␠": "SP"}
"""ISO 646; what scanners are set to add, and what stands inside codes of goods."""
KNOWN = frozenset({"ok", "backend", "simulated", "ways", "inputs", "lamps", "scanners", "cameras"})


def hardware_lines(board: Board, tongue: Tongue) -> Lines:
    """The pins, and anything that a newer gate tells beside them."""
    found = board.reply("hardware")
    return (
        *_arm(found, tongue),
        *_inputs(found, tongue),
        *_cameras(found, tongue),
        *_others(found),
    )


def _arm(found: Mapping[str, Any], tongue: Tongue) -> Iterator[Line]:
    say = tongue.say
    yield title(say("hardware_arm"))
    if not found:
        yield Line(say("unknown"), tone="doubt")
        return
    is_simulated = bool(found.get("simulated"))
    text = say("hardware_simulated") if is_simulated else str(found.get("backend"))
    yield Line(say("hardware_backend"), text, "doubt" if is_simulated else "plain")
    for way in found.get("ways") or ():
        direction = say(f"way_{way['direction']}")
        relay = say("level_on") if way.get("relay_on") else say("level_off")
        yield Line(say("hardware_relay", way=direction), _at_line(relay, way.get("relay")))
        if way.get("sensor"):
            sensor = say("level_active") if way.get("sensor_active") else say("level_rests")
            yield Line(say("hardware_sensor", way=direction), _at_line(sensor, way["sensor"]))
        else:
            yield Line(say("hardware_sensor", way=direction), say("not_wired"))


def _inputs(found: Mapping[str, Any], tongue: Tongue) -> Iterator[Line]:
    say = tongue.say
    for name, active in (found.get("inputs") or {}).items():
        label = say(f"input_{name}") if tongue.knows(f"input_{name}") else str(name)
        if active is None:
            yield Line(label, say("not_wired"))
        else:
            yield Line(
                label, say("level_active" if active else "level_rests"), "bad" if active else "good"
            )


def _cameras(found: Mapping[str, Any], tongue: Tongue) -> Iterator[Line]:
    """Each of several, and which way a code before it opens."""
    for camera in found.get("cameras") or ():
        state, way = str(camera.get("state")), str(camera.get("direction"))
        told = tongue.say(f"way_{way}") if tongue.knows(f"way_{way}") else way
        tone = "good" if state in QUIET_CAMERAS else "bad"
        yield Line(str(camera.get("name")), f"{camera_word(state, tongue)}  ({told})", tone)


def _others(found: Mapping[str, Any]) -> Iterator[Line]:
    for name, value in found.items():
        if name not in KNOWN:
            yield Line(str(name), str(value))


def _at_line(level: str, line: object) -> str:
    return f"{level}  ({line})" if line else level


def camera_lines(board: Board, tongue: Tongue) -> Lines:
    """How well the camera sees: state, sharpness, exposure."""
    say, found = tongue.say, board.reply("camera")
    state = at(found, "state") or board.at("overview", "camera", "state")
    if state is None:
        return (Line(say("hardware_camera"), say("unknown"), "doubt"),)
    tone = "good" if state in QUIET_CAMERAS else "bad"
    lines = [Line(say("hardware_camera"), camera_word(str(state), tongue), tone)]
    sharpness, mean = at(found, "sharpness"), at(found, "exposure", "mean")
    if sharpness is not None:
        is_sharp = sharpness >= SHARP_SHARE
        word = say("sharp" if is_sharp else "blurred")
        bar = f"{gauge(sharpness / 100, GAUGE_COLUMNS)} {tongue.number(sharpness)} {word}"
        lines.append(Line(say("hardware_sharpness"), bar, "good" if is_sharp else "doubt"))
    if mean is not None:
        lines.append(_exposure(float(mean), tongue))
    found_code = at(found, "code")
    lines.append(
        Line(say("hardware_code"), str(found_code), "good")
        if found_code
        else Line(say("hardware_code"), say("no_code"))
    )
    return tuple(lines)


def _exposure(mean: float, tongue: Tongue) -> Line:
    say = tongue.say
    name = "too_dark" if mean < DARKEST else "too_bright" if mean > BRIGHTEST else "well_lit"
    bar = f"{gauge(mean / 255, GAUGE_COLUMNS)} {tongue.number(mean)} {say(name)}"
    return Line(say("hardware_exposure"), bar, "good" if name == "well_lit" else "doubt")


def read_lines(board: Board, tongue: Tongue) -> Lines:
    """The last reads by their shape: what a scanner adds or turns round can be seen, the code itself cannot."""
    say = tongue.say
    reads = board.at("camera", "reads") or ()
    shown = [
        Line(
            tongue.time(read["at"]),
            f"{read['symbology']}  {tongue.size(read['bytes'])}  {spelled(str(read['shape']))}",
        )
        for read in reads
    ]
    return (title(say("hardware_reads")), *(shown or [Line(say("no_reads"))]))


def scanner_lines(board: Board, tongue: Tongue) -> Lines:
    """Wired scanners: are they there, and what do they put around a code? None wired: nothing."""
    scanners = board.at("hardware", "scanners") or ()
    if not scanners:
        return ()
    lines = [title(tongue.say("hardware_scanners"))]
    for scanner in scanners:
        lines += _scanner(scanner, tongue)
    return tuple(lines)


def _scanner(scanner: Mapping[str, Any], tongue: Tongue) -> Iterator[Line]:
    say, state, fault = tongue.say, str(scanner.get("state")), scanner.get("fault")
    word = say(f"scanner_{state}") if tongue.knows(f"scanner_{state}") else state
    code = f" [{fault}]" if fault else ""
    yield Line(str(scanner.get("name")), f"{word}{code}", "good" if state == "ready" else "bad")
    counts = scanner.get("counts") or {}
    if counts:
        numbers = {name: tongue.number(count) for name, count in counts.items()}
        yield Line("", say("scanner_counts", **numbers), "doubt" if counts["unframed"] else "plain")
    for line in scanner.get("lines") or ():
        tone = "doubt" if line.get("prefix") is False or line.get("suffix") is False else "plain"
        parts = " ".join(_line_parts(line, tongue))
        yield Line(tongue.size(line["bytes"]), parts, tone)


def _line_parts(line: Mapping[str, Any], tongue: Tongue) -> Iterator[str]:
    """What the scanner adds by name, the code by its shape."""
    say = tongue.say
    for name in ("prefix", "aim", "code", "suffix"):
        found = line.get(name)
        if name == "code":
            yield spelled(str(found))
        elif found is not None:
            there = str(found) if name == "aim" else f"[{say(f'scanner_{name}')}]"
            yield there if found else f"[{say(f'scanner_no_{name}')}]"
    end = line.get("end")
    yield spelled(str(end)) if end else f"[{say('scanner_no_end')}]"


def spelled(shape: str) -> str:
    """Control characters by their names: not every terminal has letters for them."""
    return "".join(f"[{NAMES_OF_CONTROLS.get(c, c)}]" if "␀" <= c <= "␠" else c for c in shape)
