"""What a console knows of its gate: the newest reply of each kind, and since when there is none.

Law: a frozen value; screens are functions of it. A reply may lack anything (an older gate, a newer one): whoever reads
it goes through `at`, so that a missing part is a gap on the screen and never a fault.

Source: docs/architecture.md, "Control socket".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Reply = Mapping[str, Any]

SERIES_KEPT = 600
"""Samples of the plots: ten minutes at one a second."""
NOTICES_KEPT = 50


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment of the plots; None: not known then."""

    at_ms: int
    backlog: float | None = None
    temperature: float | None = None
    disk_free: float | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """``replies``: by what was asked. ``silent_since``: when the gate was last heard; None while it answers."""

    replies: Mapping[str, Reply] = field(default_factory=dict)
    silent_since: int | None = None
    notices: tuple[Reply, ...] = ()
    series: tuple[Sample, ...] = ()
    now_ms: int = 0

    def reply(self, do: str) -> Reply:
        """The newest reply to ``do``; empty while there is none."""
        return self.replies.get(do, {})

    def at(self, do: str, *path: str) -> Any:
        """A value in a reply; None where any step is missing."""
        return at(self.reply(do), *path)


def at(reply: Any, *path: str) -> Any:
    """A value down a path of names; None where any step is missing."""
    for name in path:
        if not isinstance(reply, Mapping):
            return None
        reply = reply.get(name)
    return reply


def heard(board: Board, do: str, reply: Reply, now_ms: int) -> Board:
    """The gate answered. One that is too busy to tell more leaves what is known as it is."""
    if reply.get("ok") is False and do in board.replies and do != "explain":
        return replace(board, silent_since=None, now_ms=now_ms)
    board = replace(board, replies={**board.replies, do: reply}, silent_since=None, now_ms=now_ms)
    if do != "overview":
        return board
    sample = Sample(
        at_ms=now_ms,
        backlog=backlog(reply),
        temperature=at(reply, "machine", "temperature_c"),
        disk_free=at(reply, "machine", "disk_free"),
    )
    return replace(board, series=(*board.series, sample)[-SERIES_KEPT:])


def noticed(board: Board, notice: Reply) -> Board:
    """The gate told something by itself."""
    return replace(board, notices=(*board.notices, notice)[-NOTICES_KEPT:])


def silent(board: Board, since_ms: int, now_ms: int) -> Board:
    """The gate does not answer; what it said last stays, marked as old."""
    began = board.silent_since if board.silent_since is not None else since_ms
    return replace(board, silent_since=began, now_ms=now_ms)


def backlog(overview: Reply) -> int | None:
    """Facts that the central has not receipted; None before the first contact."""
    head, have = at(overview, "ledger", "head"), at(overview, "network", "have")
    return None if head is None or have is None else max(0, int(head) - int(have))
