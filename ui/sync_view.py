"""What the Sync tab shows: the snapshot, the line and its push, what waits to be sent, receipts, other lanes.

Law: pure; a part that the gate did not tell is said to be unknown.

Source: docs/console.md, "Sync"; docs/sync.md, "Status".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ui.board import Board, at, backlog
from ui.lane_view import network_sign, snapshot_sign
from ui.lines import Line, Lines, title
from ui.plot import bars
from ui.scans_view import refusal_text
from ui.tongue import Tongue

PLOT_ROWS = 3
PUSHES = {"push_connected": "good", "push_polling": "doubt", "push_silent": "bad"}
TONE_OF_MARK = {"✔": "good", "!": "doubt", "✖": "bad"}


def sync_lines(board: Board, tongue: Tongue, width: int) -> Lines:
    """Everything about the central, top to bottom."""
    return (
        *_snapshot(board, tongue),
        *_network(board, tongue),
        *_backlog(board, tongue, width),
        *_peers(board, tongue),
    )


def _snapshot(board: Board, tongue: Tongue) -> Iterator[Line]:
    say = tongue.say
    yield title(say("sync_snapshot"))
    status = board.reply("overview")
    sign = snapshot_sign(status, tongue)
    yield Line(say("sync_age"), sign[2:], TONE_OF_MARK[sign[0]])
    if at(status, "snapshot") is not None:
        yield Line(say("sync_seq"), str(status["snapshot"]["seq"]))
    waits = at(status, "network", "waits")
    if waits is not None:
        yield Line(say("sync_waits"), refusal_text(waits, tongue)[2:], "doubt")


def _network(board: Board, tongue: Tongue) -> Iterator[Line]:
    say = tongue.say
    yield title(say("sync_central"))
    status = board.reply("overview")
    sign = network_sign(status, tongue)
    yield Line(say("sync_line"), sign[2:], TONE_OF_MARK[sign[0]])
    network: Mapping[str, Any] = at(status, "network") or {}
    for name in ("last_at", "last_ok_at"):
        if network.get(name):
            yield Line(say(f"sync_{name}"), tongue.date_time(network[name]))
    yield from _push(board, tongue)
    for fault in network.get("faults") or ():
        yield Line(say("sync_fault"), refusal_text(fault, tongue)[2:], "bad")


def _push(board: Board, tongue: Tongue) -> Iterator[Line]:
    """Does the central speak by itself, or has it to be asked?"""
    say, push = tongue.say, board.at("overview", "push")
    state = str(at(push, "state"))
    if f"push_{state}" not in PUSHES:
        yield Line(say("sync_push"), say("push_unknown"), "doubt")
        return
    since, heard = (_moment(at(push, name), board, tongue) for name in ("since", "heard_at"))
    text = say(f"push_{state}", since=since, heard=heard, code=at(push, "code") or "?")
    yield Line(say("sync_push"), text, PUSHES[f"push_{state}"])
    if at(push, "heard_at") is not None:
        yield Line(say("sync_push_heard"), heard)
    told_at = at(push, "told_at")
    told = say("push_no_message") if told_at is None else _moment(told_at, board, tongue)
    yield Line(say("sync_push_told"), told)


def _moment(at_ms: int | None, board: Board, tongue: Tongue) -> str:
    return tongue.say("unknown") if at_ms is None else tongue.moment(at_ms, board.now_ms)


def _backlog(board: Board, tongue: Tongue, width: int) -> Iterator[Line]:
    say = tongue.say
    yield title(say("sync_facts"))
    status = board.reply("overview")
    waiting = backlog(status)
    if waiting is None:
        yield Line(say("sync_backlog"), say("unknown"), "doubt")
    else:
        tone = "doubt" if waiting else "good"
        yield Line(
            say("sync_backlog"), say("sync_backlog_count", count=tongue.number(waiting)), tone
        )
        have, head = (
            tongue.number(status["network"]["have"]),
            tongue.number(status["ledger"]["head"]),
        )
        yield Line(say("sync_receipts"), say("sync_receipts_of", have=have, head=head))
    values = [sample.backlog for sample in board.series]
    for number, row in enumerate(bars(values, max(10, width - 26), PLOT_ROWS)):
        yield Line("" if number else say("sync_plot"), row)


def _peers(board: Board, tongue: Tongue) -> Iterator[Line]:
    say = tongue.say
    yield title(say("sync_peers"))
    peers = board.at("peers", "peers")
    if not peers:
        yield Line(say("sync_peers_none"))
    for peer in peers or ():
        text = say(
            "sync_peer",
            count=tongue.number(peer["facts"]),
            at=_moment(peer.get("last_at"), board, tongue),
        )
        yield Line(str(peer["device"])[:12], text)
