"""The demo's own folder: made anew each time, and never anybody else's.

Law: nothing is removed from a folder that no demo made, and one demo at a time works in it.

Source: docs/quickstart.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from pathlib import Path

from scanner.core.errors import ConfigError

MARK = "demo.lock"
"""Says that a demo made this folder; held while one plays in it."""
UNMARKED = frozenset({"central", "frames"})
"""What a demo before this mark left, always both."""


def take_scratch(folder: Path, stack: contextlib.ExitStack) -> None:
    """An empty folder, this demo's until the stack is closed.

    Raises:
        ConfigError: ``demo_folder_foreign``, ``demo_folder_in_use`` or ``demo_folder_unusable``; nothing was removed.
    """
    try:
        _require_ours(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _hold(folder, stack)
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != MARK:
                path.unlink()
    except OSError as error:
        raise ConfigError(
            "demo_folder_unusable",
            f"{str(folder)!r} cannot be made anew ({error.strerror})",
            "name another folder with --dir",
        ) from error


def _require_ours(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if names and MARK not in names and not names >= UNMARKED:
        raise ConfigError(
            "demo_folder_foreign",
            f"{str(folder)!r} is not empty, and no demo made it; nothing was changed",
            "name a new folder with --dir: the demo's is emptied each time",
        )


def _hold(folder: Path, stack: contextlib.ExitStack) -> None:
    held = stack.enter_context((folder / MARK).open("ab"))
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(
            "demo_folder_in_use",
            f"another demo plays in {str(folder)!r}; this one ends",
            "leave that one first, or name another folder with --dir",
        ) from error
