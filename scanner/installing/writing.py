"""Where an installation's files go: the configuration, and whose they are.

Law: whole or not there; the configuration that was there is kept beside the new one. What root writes into the gate's
folders belongs to the gate's account.

Source: docs/operations.md, "Set up".
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sync.durable import save_atomically

READABLE = 0o644


def kept_path(path: Path) -> Path:
    """Where the configuration that was there is kept."""
    return path.with_name(f"{path.name}.before")


def write_config(path: Path, text: str, *, keeps: bool = True) -> None:
    """Put a configuration in its place; ``keeps``: the one before is kept beside it.

    Raises:
        StoreError: ``file_not_written``, ``folder_unusable``.
    """
    if keeps and path.exists():
        shutil.copy2(path, kept_path(path))
    save_atomically(path, text.encode(), READABLE)


def owner_of(folder: Path) -> tuple[int, int] | None:
    """Whose a folder is, where we are root and somebody else's it is; None: nothing has to be given away."""
    if os.geteuid() != 0 or not folder.is_dir():
        return None
    found = folder.stat()
    return (found.st_uid, found.st_gid) if found.st_uid else None


def give_away(folder: Path, *paths: Path) -> None:
    """Files of the gate to the account that its folder belongs to."""
    owner = owner_of(folder)
    if owner is None:
        return
    for path in paths:
        os.chown(path, *owner)
