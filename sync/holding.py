"""What is not put in place before a person says yes.

Law: pure but for its one small file. A snapshot that lost more than the allowed share of its grants is held, because a
central that forgot its customers would lock them out; so is everything after a person went back to the base before. A
yes counts for what it was asked about and for what came after it that is no smaller. What is in use stays in use.

Source: docs/sync.md, "Held snapshots".
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec

from scanner.core.errors import CentralError, StoreError
from sync.durable import save_atomically, write_fault

HOLD_BYTES = 4_096
HINT = "look at the central; then: portillon snapshot accept"


class Why(StrEnum):
    """Why something is held."""

    SHRUNK = "shrunk"
    GONE_BACK = "gone_back"


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """``cache/held.json``: snapshot ``seq`` has ``rows`` grants where ``rows_before`` are in use.

    ``by``: the supervisor who went back, where the site has any.
    """

    why: Why
    seq: int
    rows: int
    rows_before: int
    since_ms: int = 0
    by: str | None = None
    is_accepted: bool = False

    @property
    def doubt(self) -> CentralError:
        """What a person is told."""
        if self.why is Why.GONE_BACK:
            return CentralError(
                "snapshot_gone_back",
                f"{self.by or 'somebody'} went back from snapshot {self.seq}; nothing newer comes before a yes",
                HINT,
            )
        return CentralError(
            "snapshot_shrunk",
            f"snapshot {self.seq} has {self.rows} grants where {self.rows_before} are in use; it waits for a yes",
            HINT,
        )


def is_shrunk(rows_before: int, rows: int, max_shrink: float) -> bool:
    """True when more than the allowed share of the grants is gone."""
    return rows < rows_before * (1 - max_shrink)


def must_wait(hold: Hold | None, *, seq: int, rows: int, is_suspicious: bool) -> bool:
    """True when a snapshot may not be put in place yet."""
    if hold is not None and hold.is_accepted:
        is_what_was_asked = seq >= hold.seq and rows >= hold.rows
        return is_suspicious and not is_what_was_asked
    return is_suspicious or (hold is not None and hold.why is Why.GONE_BACK)


def load_hold(path: Path) -> Hold | None:
    """What waits; None when nothing does."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(HOLD_BYTES), type=Hold)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def save_hold(path: Path, hold: Hold) -> None:
    """Something waits."""
    save_atomically(path, msgspec.json.encode(hold))


def clear_hold(path: Path) -> None:
    """Nothing waits any more."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise write_fault(error, path.name) from error


def accept(path: Path) -> Hold:
    """A person's yes.

    Raises:
        StoreError: ``nothing_held``.
    """
    hold = load_hold(path)
    if hold is None:
        raise StoreError(
            "nothing_held",
            "no snapshot waits for a yes; nothing was changed",
            "see: portillon snapshot status",
        )
    agreed = msgspec.structs.replace(hold, is_accepted=True)
    save_hold(path, agreed)
    return agreed
