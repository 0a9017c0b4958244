"""The first facts of a lane that starts: that it did, what it had to set aside, and whose passage nobody saw.

Law: an entry that was recorded counts, whether or not its passage was seen: a gate that was killed in between cannot
know. It is flagged, once, and never given back by itself.

Source: docs/architecture.md, "The life of a scan" (8); docs/ledger.md, "At start".
"""

from __future__ import annotations

import logging

from scanner.core.events import FactKind
from scanner.core.lane_state import AlarmCode, Block, LaneMode
from scanner.lane_loop import Lane
from scanner.records.ledger import Ledger
from scanner.records.ledger_files import SetAside

LOG = logging.getLogger("portillon.gate")


def begin(lane: Lane, ledger: Ledger, how: str, left_on: tuple[str, ...] = ()) -> None:
    """Record the start. ``how``: what drives the arm; ``left_on``: relays that were found on."""
    lane.note(FactKind.LANE_STARTED, note=how)
    _tell_what_was_left(lane, left_on)
    if ledger.set_aside is not None:
        _tell(lane, ledger.set_aside)
    for fact in ledger.open_passages():
        lane.note(FactKind.PASSAGE_UNKNOWN, refers_to=fact.seq, persons=fact.persons)


def _tell_what_was_left(lane: Lane, left_on: tuple[str, ...]) -> None:
    """How the last process left this lane, as far as that matters now."""
    if lane.state.mode is LaneMode.CLOSED:
        lane.note(FactKind.LANE_MODE, note=LaneMode.CLOSED.value)
    if Block.OUT_OF_ORDER in lane.state.blocks:
        lane.note(FactKind.ALARM, note=AlarmCode.NO_REPORT.value)
    if left_on:
        code = AlarmCode.RELAY_LEFT_ON.value
        lane.note(FactKind.ALARM, note=code)
        LOG.warning("relays %s were left on; they are off now", left_on, extra={"code": code})


def _tell(lane: Lane, aside: SetAside) -> None:
    lane.note(FactKind.ALARM, note=aside.code)
    LOG.warning(
        "a new ledger is begun; the old one lies in %r: %s",
        str(aside.folder),
        aside.why,
        extra={"code": aside.code},
    )
