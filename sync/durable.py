"""Files that are either the old ones or the new ones, whatever happens in between.

Law: written beside, flushed to the disk, then renamed over, then the folder flushed. Nobody else may read what is
written here (0600 in 0700 folders), but where a caller says so.

Source: docs/sync.md, "Files"; rename(2), fsync(2).
"""

from __future__ import annotations

import os
from pathlib import Path

from scanner.core.errors import StoreError

OWNER_FILE = 0o600
OWNER_FOLDER = 0o700


def make_folder(path: Path) -> Path:
    """The folder, made if it is missing.

    Raises:
        StoreError: ``folder_unusable``.
    """
    try:
        path.mkdir(mode=OWNER_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            "folder_unusable",
            f"folder {str(path)!r} cannot be made ({error.strerror})",
            "give the gate's account the data folder, or mend gate.data_dir",
        ) from error
    return path


def save_atomically(path: Path, content: bytes, mode: int = OWNER_FILE) -> None:
    """Put ``content`` at ``path``; a crash leaves the old file or the new one.

    Raises:
        StoreError: ``file_not_written``.
    """
    beside = path.with_name(f".{path.name}.new")
    make_folder(path.parent)
    try:
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_FILE)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            flush(file.fileno())
        beside.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise write_fault(error, path.name) from error


def write_fault(error: OSError, what: str) -> StoreError:
    """The disk did not take something; what was there before is still there."""
    return StoreError(
        "file_not_written",
        f"{what} cannot be written ({error.strerror}); the old state stays",
        "look at the disk: is it full, read-only or worn out?",
    )


def flush(descriptor: int) -> None:
    """Wait until an open file is on the disk."""
    os.fsync(descriptor)


def flush_folder(path: Path) -> None:
    """Wait until a folder's names are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
