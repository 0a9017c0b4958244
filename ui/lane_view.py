"""What the lane screen shows, as a value: a gate's notice in, words and colours out.

Law: pure. Colour never stands alone: every view has an icon and a word too. Unknown notices change nothing.

Source: docs/decisions.md, "Outcomes and reasons".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """One picture of the lane screen. ``tone`` names a style of the screen; ``lines`` stand under the word."""

    tone: str = "ready"
    icon: str = "◌"
    word: str = "READY"
    lines: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()


READY = LaneView()


def no_answer(why: str) -> LaneView:
    """The gate does not answer; say so instead of showing something old."""
    return LaneView(tone="silent", icon="⚠", word="NO ANSWER FROM THE GATE", lines=(why,))


def after(view: LaneView, notice: Mapping[str, Any]) -> LaneView:
    """The view after one notice of the gate."""
    kind = notice.get("event")
    if kind == "scan":
        return _answered(view, notice)
    if kind == "passed":
        return replace(READY, signs=view.signs)
    if kind == "not_passed":
        return replace(READY, lines=("arm not turned: the entry is given back",), signs=view.signs)
    if kind == "alarm":
        return replace(view, tone="alarm", icon="⚠", word="ALARM", lines=(str(notice["message"]),))
    return view


def with_signs(view: LaneView, status: Mapping[str, Any]) -> LaneView:
    """The view with the small signs of a status reply: simulation, clock, snapshot, camera."""
    signs = [f"gate {status['gate']['name']}", f"clock {status['clock']['state']}"]
    snapshot = status["snapshot"]
    signs.append(
        f"snapshot {snapshot['age_s'] // 60} min old" if snapshot is not None else "no snapshot"
    )
    if status["camera"]["state"] != "streaming":
        signs.append(f"camera {status['camera']['state']}")
    if status["simulated"]:
        signs.insert(0, "SIMULATION")
    if status["lane"]["mode"] != "normal":
        signs.insert(0, f"LANE {status['lane']['mode'].upper()}")
    return replace(view, signs=tuple(signs))


def _answered(view: LaneView, notice: Mapping[str, Any]) -> LaneView:
    lines = [str(notice["reason"]).replace("_", " ").lower()]
    if notice.get("remaining") is not None:
        lines.append(f"{notice['remaining']} left")
    if notice.get("seat"):
        lines.append(f"seat {notice['seat']}")
    if notice.get("wait_s"):
        lines.append(f"again in {-(-int(notice['wait_s']) // 60)} min")
    return LaneView(
        tone=str(notice["colour"]),
        icon=str(notice["icon"]),
        word=str(notice["word"]),
        lines=tuple(lines),
        signs=view.signs,
    )
