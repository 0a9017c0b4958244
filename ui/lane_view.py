"""What the lane screen shows, as a value: a gate's notice in, words and colours out.

Law: pure. Colour never stands alone: every view has an icon and a word too, and no two outcomes share either. Unknown
notices change nothing. Nothing is said that the gate did not tell.

Source: docs/decisions.md, "Outcomes and reasons"; docs/console.md, "Lane screen".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scanner.core.meanings import MEANINGS
from scanner.core.reasons import Reason
from scanner.texts.english import FLAGS
from ui.board import Board, at
from ui.tongue import MINUTE_S, Tongue

ANSWER_KEYS = {"accept": "a", "refuse": "r", "force": "f"}
"""What staff press to answer."""
NOT_FOR_STAFF = frozenset({"AWAITS_PASSAGE"})
"""Flags that say nothing to somebody at the gate."""
QUIET_CAMERAS = frozenset({"streaming", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """One picture of the lane screen. ``tone`` names a style of the screen; ``lines`` stand under the word."""

    tone: str = "ready"
    icon: str = "◌"
    word: str = "READY"
    lines: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    """Keys and what they do, while staff may answer."""


def ready(tongue: Tongue, mode: str = "normal") -> LaneView:
    """Nobody is there. A lane that is closed or free says so instead."""
    if mode == "closed":
        return LaneView(tone="shut", icon="✖", word=tongue.say("lane_closed"))
    if mode == "free":
        return LaneView(tone="free", icon="→", word=tongue.say("lane_free"))
    return LaneView(word=tongue.say("lane_ready"), lines=(tongue.say("lane_ready_hint"),))


def no_answer(tongue: Tongue, since_ms: int | None) -> LaneView:
    """The gate does not answer; say so instead of showing something old."""
    when = tongue.say("lane_never") if since_ms is None else tongue.time(since_ms)
    return LaneView(
        tone="silent",
        icon="⚠",
        word=tongue.say("lane_silent"),
        lines=(tongue.say("no_answer_since", when=when), tongue.say("lane_silent_hint")),
    )


def connecting(tongue: Tongue) -> LaneView:
    """The first answer is still to come."""
    return LaneView(word=tongue.say("lane_connecting"), lines=(tongue.say("loading"),))


def current(board: Board, notice: Mapping[str, Any] | None, tongue: Tongue) -> LaneView:
    """What is to be seen now. ``notice``: what the gate told last, while it is shown; silence comes before all."""
    if board.silent_since is not None:
        return no_answer(tongue, board.silent_since)
    if "overview" not in board.replies and notice is None:
        return connecting(tongue)
    mode = str(board.at("overview", "lane", "mode") or "normal")
    view = ready(tongue, mode)
    if notice is not None:
        view = after(view, notice, tongue, board.now_ms)
    return with_question(view, board, tongue)


def after(view: LaneView, notice: Mapping[str, Any], tongue: Tongue, now_ms: int = 0) -> LaneView:
    """What a notice of the gate makes of the view of a lane without anybody."""
    kind = notice.get("event")
    if kind == "scan":
        return _answered(notice, tongue, now_ms)
    if kind == "override":
        return _overridden(notice, tongue)
    if kind == "not_passed":
        return replace(view, lines=(tongue.say("lane_given_back"),))
    if kind == "alarm":
        return LaneView(
            tone="alarm", icon="⚠", word=tongue.say("lane_alarm"), lines=_alarm(notice, tongue)
        )
    return view


def with_question(view: LaneView, board: Board, tongue: Tongue) -> LaneView:
    """The view with the keys that answer it: only what the gate asks or would take."""
    question = board.at("overview", "question")
    possible = at(question, "answers") or ()
    if view.tone in {"ready", "silent", "alarm", "shut", "free"} or not possible:
        return replace(view, answers=())
    keys = tuple(
        tongue.say(f"key_{name}", key=ANSWER_KEYS[name].upper())
        for name in possible
        if name in ANSWER_KEYS
    )
    return replace(view, answers=keys)


def signs(board: Board, tongue: Tongue) -> tuple[str, ...]:
    """The small signs at the foot, most urgent first, each with its word."""
    return tuple(_signs(board, tongue))


def _signs(board: Board, tongue: Tongue) -> Iterator[str]:
    say = tongue.say
    if board.silent_since is not None:
        # what the gate said before is old: no sign of it
        yield f"⚠ {say('no_answer_since', when=tongue.time(board.silent_since))}"
        return
    status = board.reply("overview")
    if not status:
        return
    if status.get("simulated"):
        yield f"▲ {say('sign_simulation')}"
    mode = at(status, "lane", "mode")
    if mode in {"closed", "free"}:
        yield f"▲ {say(f'sign_{mode}')}"
    for block in at(status, "lane", "blocked_by") or ():
        yield f"✖ {block_word(block, tongue)}"
    yield from _technical_signs(status, tongue)
    yield from _people(status, tongue)


def _technical_signs(status: Mapping[str, Any], tongue: Tongue) -> Iterator[str]:
    say = tongue.say
    camera = at(status, "camera", "state")
    if camera is not None and camera not in QUIET_CAMERAS:
        yield f"✖ {say('sign_camera', state=camera_word(camera, tongue))}"
    clock = at(status, "clock", "state")
    mark = {"trusted": "✔", "holdover": "!"}.get(str(clock), "✖")
    yield f"{mark} {say('sign_clock', state=tongue.tell(_clock_word(clock)))}"
    yield network_sign(status, tongue)
    yield snapshot_sign(status, tongue)


def network_sign(status: Mapping[str, Any], tongue: Tongue) -> str:
    """Whether the central is reached."""
    network, now = at(status, "network"), at(status, "clock", "now") or 0
    if network is None:
        return f"! {tongue.say('sign_network_never')}"
    last_ok = network.get("last_ok_at")
    if not network.get("failures"):
        return f"✔ {tongue.say('sign_network_up')}"
    since = tongue.say("lane_never") if last_ok is None else tongue.moment(last_ok, now)
    return f"✖ {tongue.say('sign_network_down', since=since)}"


def snapshot_sign(status: Mapping[str, Any], tongue: Tongue) -> str:
    """How old the snapshot is, and whether that matters."""
    snapshot = at(status, "snapshot")
    if snapshot is None:
        return f"✖ {tongue.say('sign_no_snapshot')}"
    age_s = snapshot.get("age_s") or 0
    soft, hard = at(status, "site", "soft_age_s"), at(status, "site", "hard_age_s")
    mark = "✖" if hard and age_s >= hard else "!" if soft and age_s >= soft else "✔"
    return f"{mark} {tongue.say('sign_snapshot', age=tongue.length(age_s))}"


def _people(status: Mapping[str, Any], tongue: Tongue) -> Iterator[str]:
    today = at(status, "today")
    if today is not None:
        inside, entries = tongue.number(today["inside"]), tongue.number(today["entries"])
        yield tongue.say("sign_people", inside=inside, entries=entries)


def block_word(block: str, tongue: Tongue) -> str:
    """Why a lane lets nobody through."""
    return tongue.say(f"block_{block}") if tongue.knows(f"block_{block}") else block


def camera_word(state: str, tongue: Tongue) -> str:
    """What a camera's state is called."""
    return tongue.say(f"camera_{state}") if tongue.knows(f"camera_{state}") else state


def _clock_word(state: object) -> str:
    from scanner.texts.english import WORDS

    return WORDS.get(str(state), str(state or ""))


def reason_text(name: str, tongue: Tongue) -> str:
    """A reason or flag in plain language; by its name where a newer gate knows more than this console."""
    if name in FLAGS:
        return tongue.tell(FLAGS[name])
    return tongue.tell(MEANINGS[Reason(name)]) if name in set(Reason) else name


def staff_text(name: str, tongue: Tongue) -> str:
    """A reason or flag in the fewest words."""
    return tongue.say(f"staff_{name}") if tongue.knows(f"staff_{name}") else name


def _answered(notice: Mapping[str, Any], tongue: Tongue, now_ms: int) -> LaneView:
    word = tongue.tell(str(notice["word"]))
    if notice.get("inspection"):
        word = tongue.say("lane_look", word=word)
    return LaneView(
        tone=str(notice["colour"]),
        icon=str(notice["icon"]),
        word=word,
        lines=tuple(_details(notice, tongue, now_ms)),
    )


def _details(notice: Mapping[str, Any], tongue: Tongue, now_ms: int) -> Iterator[str]:
    say, reason = tongue.say, str(notice["reason"])
    now_ms = now_ms or notice.get("at") or 0
    text = staff_text(reason, tongue)
    if text.rstrip(".").casefold() != tongue.tell(str(notice["word"])).casefold():
        yield text
    if notice.get("wait_s"):
        yield say("again_in", minutes=tongue.number(-(-int(notice["wait_s"]) // MINUTE_S)))
    if notice.get("last_used_at") and notice.get("colour") in {"orange", "red"}:
        at_text = tongue.moment(notice["last_used_at"], now_ms)
        yield say("used_at", at=at_text, gate=notice.get("last_used_gate") or "?")
    if notice.get("remaining") is not None:
        yield say("remaining", count=tongue.number(notice["remaining"]))
    if notice.get("seat"):
        yield say("seat", seat=notice["seat"])
    flags = [flag for flag in notice.get("flags") or () if flag not in NOT_FOR_STAFF]
    if notice.get("valid_until") and {"EXPIRES_SOON", "GRACE", "EXPIRED"} & {reason, *flags}:
        yield say("valid_until", at=tongue.date_time(notice["valid_until"]))
    yield from (f"★ {staff_text(flag, tongue)}" for flag in flags)


def _overridden(notice: Mapping[str, Any], tongue: Tongue) -> LaneView:
    if notice.get("opens"):
        return LaneView(
            tone="green",
            icon="✔",
            word=tongue.tell("WELCOME"),
            lines=(tongue.say("by_staff_let_in"),),
        )
    return LaneView(
        tone="red", icon="✖", word=tongue.tell("NO ENTRY"), lines=(tongue.say("by_staff_refused"),)
    )


def _alarm(notice: Mapping[str, Any], tongue: Tongue) -> tuple[str, ...]:
    code = str(notice.get("code"))
    return (doubt_text(code, tongue, str(notice.get("message") or code)),)


def doubt_text(code: str, tongue: Tongue, otherwise: str = "") -> str:
    """What a code of trouble means to somebody at the gate, with the code that the handbook explains."""
    text = tongue.say(f"trouble_{code}") if tongue.knows(f"trouble_{code}") else otherwise
    return f"{text} [{code}]" if text and text != code else f"[{code}]"
