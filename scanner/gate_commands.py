"""What may be asked of a running gate over its control socket.

Law: carried out by the lane's thread, between two scans. A command that only a simulation understands says so on real
hardware.

Source: docs/architecture.md, "Control socket".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scanner.control import Command, Reply
from scanner.core.errors import InputError
from scanner.core.events import FactKind
from scanner.core.lane_state import LaneMode
from scanner.lane_loop import Lane

TEXT_CHARACTERS = 80
WENT_BACK = "snapshot_gone_back"
"""What the ledger says when a person goes back to the base before."""
MINUTE_MS = 60_000
MINUTES_MAX = 24 * 60
Simulate = Callable[[bool], None]


def build_commands(
    lane: Lane, status: Callable[[], Reply], simulate_passage: Simulate | None
) -> Mapping[str, Command]:
    """The commands of one gate. ``simulate_passage`` None: the turnstile is real."""

    def mode(body: Mapping[str, Any]) -> Reply:
        wanted, minutes = _mode(body.get("mode")), _minutes(body.get("minutes"))
        for_ms = None if minutes is None else minutes * MINUTE_MS
        lane.set_mode(wanted, _text(body.get("operator")), for_ms)
        left_s = status()["lane"]["free_for_s"]
        left = {} if left_s is None else {"free_for_s": left_s}
        return {"mode": lane.state.mode.value, **left}

    def went_back(body: Mapping[str, Any]) -> Reply:
        lane.note(FactKind.SERVICE, note=WENT_BACK, operator=_text(body.get("operator")))
        return {"noted": WENT_BACK}

    def simulate(body: Mapping[str, Any]) -> Reply:
        if simulate_passage is None:
            raise InputError(
                "not_simulated",
                "'simulate' asked of a gate with a real turnstile; nothing is done",
                "only turnstile.backend = 'simulated' can be told how people walk",
            )
        turns = body.get("passage", True)
        if not isinstance(turns, bool):
            raise InputError(
                "passage_bad",
                f"passage {str(turns)[:40]!r} is neither true nor false; people walk as before",
                'send {"do": "simulate", "passage": false}',
            )
        simulate_passage(turns)
        return {"passage": turns}

    return {
        "status": lambda _body: status(),
        "mode": mode,
        "went_back": went_back,
        "simulate": simulate,
    }


def _mode(value: object) -> LaneMode:
    try:
        return LaneMode(str(value))
    except ValueError as error:
        valid = ", ".join(mode.value for mode in LaneMode)
        raise InputError(
            "lane_mode_unknown",
            f"mode {str(value)[:40]!r} is none (valid: {valid}); the lane stays as it is",
            "ask with one of the valid modes",
        ) from error


def _minutes(value: object) -> int | None:
    if value is None:
        return None
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 1 <= int(str(value)) <= MINUTES_MAX:
        raise InputError(
            "lane_minutes_bad",
            f"minutes {str(value)[:40]!r} is no number from 1 to {MINUTES_MAX}; the lane stays as it is",
            "say for how many minutes the arm is to be held open",
        )
    return int(str(value))


def _text(value: object) -> str | None:
    """What a caller says of itself, short and fit to be recorded: JSON may hold half a character."""
    if value is None:
        return None
    return str(value)[:TEXT_CHARACTERS].encode("utf-8", "replace").decode()
