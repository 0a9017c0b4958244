"""How far a set-up came: a small file beside the configuration, so that it can be left and gone on with.

Law: whole or not there; no secret ever stands in it. While it says that a set-up is under way, the gate stays out of
service. A file that cannot be read keeps no lane shut: it counts as none, and the steps are found out anew.

Source: docs/console.md, "Set-up".
"""

from __future__ import annotations

from pathlib import Path

import msgspec

FILE_BYTES = 64 * 1024
READABLE = 0o644


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a step: ``about`` which wires, when, and whose account said so."""

    about: str
    is_good: bool
    at_ms: int
    by: str = ""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """``finished_at_ms`` None: under way, and the lane is not in service. ``is_kept``: the old configuration is."""

    began_at_ms: int = 0
    site: str = ""
    step: str = ""
    passed_over: tuple[str, ...] = ()
    is_kept: bool = False
    words: dict[str, Word] = {}
    finished_at_ms: int | None = None

    @property
    def is_under_way(self) -> bool:
        """Begun and not finished."""
        return bool(self.began_at_ms) and self.finished_at_ms is None


NOTHING = Progress()


def progress_path(config_path: Path) -> Path:
    """``portillon.setup.json`` beside ``portillon.toml``."""
    return config_path.with_name(f"{config_path.stem}.setup.json")


def load_progress(path: Path) -> Progress:
    """What the file says; `NOTHING` where there is none that can be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(FILE_BYTES + 1), type=Progress)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return NOTHING


def save_progress(path: Path, progress: Progress) -> None:
    """Put it on the disk.

    Raises:
        StoreError: ``file_not_written``, ``folder_unusable``.
    """
    from sync.durable import save_atomically

    save_atomically(path, msgspec.json.format(msgspec.json.encode(progress), indent=1), READABLE)
