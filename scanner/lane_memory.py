"""What a lane remembers across a restart: that it is closed, and that it is out of order.

Law: a small file, replaced as a whole. Closed stays closed, because a power cut must open nothing; out of order stays
until a technician says that it is mended; free does not outlive the process that held the arm. A file that cannot be
read is nothing to remember and is told; one that cannot be written is a doubt, and the lane goes on.

Source: docs/hardware.md, "Modes".
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from scanner.core import lane_state
from scanner.core.errors import StoreError
from scanner.core.lane_state import Block, LaneMode, LaneState
from scanner.logs import OnceLog
from sync.durable import save_atomically

LOG = logging.getLogger("portillon.lane")
FILE_NAME = "lane.json"
FILE_BYTES = 4_096


class Remembered(msgspec.Struct, frozen=True, omit_defaults=True):
    """``lane.json`` in the data folder."""

    is_closed: bool = False
    is_out_of_order: bool = False

    def starting_state(self, now_ms: int) -> LaneState:
        """The lane as it is found at the start."""
        mode = LaneMode.CLOSED if self.is_closed else LaneMode.NORMAL
        return lane_state.starting_state(now_ms, is_out_of_order=self.is_out_of_order, mode=mode)


NOTHING = Remembered()


@dataclass(slots=True)
class LaneMemory:
    """The file of one lane. ``kept`` is what it says now."""

    path: Path
    kept: Remembered = NOTHING
    refused: Remembered | None = None
    """What the disk would not take: tried again after `try_again`."""
    doubts: OnceLog = field(default_factory=lambda: OnceLog(LOG))

    def load(self) -> Remembered:
        """What the last process left; nothing where there is no file."""
        try:
            with self.path.open("rb") as file:
                self.kept = msgspec.json.decode(file.read(FILE_BYTES), type=Remembered)
        except FileNotFoundError:
            self.kept = NOTHING
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.kept = NOTHING
            self.doubts.doubt(_unreadable(self.path, str(error)))
        return self.kept

    def try_again(self) -> None:
        """The disk may take now what it would not."""
        self.refused = None

    def follow(self, state: LaneState) -> None:
        """Write down what has changed; costs a comparison when nothing has."""
        now = Remembered(state.mode is LaneMode.CLOSED, Block.OUT_OF_ORDER in state.blocks)
        if now in (self.kept, self.refused):
            return
        try:
            save_atomically(self.path, msgspec.json.encode(now))
        except StoreError as error:
            self.refused = now
            self.doubts.doubt(error)
            return
        self.kept, self.refused = now, None
        self.doubts.all_settled()


def _unreadable(path: Path, why: str) -> StoreError:
    return StoreError(
        "lane_memory_unreadable",
        f"{str(path)!r} cannot be read ({why}); the lane starts open for business and in order",
        "close the lane again if it was closed; look at the disk",
    )
