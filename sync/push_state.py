"""What screens are told of the stream of notices: does the central push, since when, and when it last spoke.

Law: a small file in the runtime folder, which is memory on a gate: written at each change and each sign of life (every
10 s), gone after a power cut. A worker that was killed leaves it; then its newest sign of life is old, and says so.
It is a help for eyes: what cannot be written or read is not known, and nothing stops.

Source: docs/sync.md, "Notices".
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from scanner.core.errors import StoreError
from sync.durable import save_atomically

PUSH_BYTES = 4_096


class PushState(msgspec.Struct, frozen=True, kw_only=True):
    """``is_connected``: the stream is open since ``since_ms``; else the central is polled, ``code`` says why."""

    is_connected: bool
    since_ms: int
    heard_at_ms: int | None = None
    """The newest sign of life on a stream."""
    told_at_ms: int | None = None
    """The newest notice."""
    code: str = ""


def save_push(path: Path, state: PushState) -> None:
    """Write it; a folder that takes nothing keeps the old one."""
    with contextlib.suppress(StoreError):
        save_atomically(path, msgspec.json.encode(state))


def forget_push(path: Path) -> None:
    """Nobody listens any more."""
    with contextlib.suppress(OSError):
        path.unlink()


def load_push(path: Path) -> PushState | None:
    """The newest state; None where there is none that can be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(PUSH_BYTES), type=PushState)
    except (OSError, msgspec.MsgspecError):
        return None
