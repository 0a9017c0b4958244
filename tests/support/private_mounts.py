"""Small and read-only disks that only one child process sees: a tmpfs in a mount namespace of its own.

Law: nothing is mounted in the test's own namespace; what the child saw is gone with the child.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

_MOUNT = 'mount -t tmpfs -o "$0" none "$1" && shift && exec "$@"'


def on_disk(folder: Path, options: str) -> tuple[str, ...]:
    """The words before a command that shall find a disk of its own at ``folder`` (``options`` as for tmpfs)."""
    folder.mkdir(parents=True, exist_ok=True)
    return ("unshare", "--mount", "sh", "-c", _MOUNT, options, str(folder))


def seen_by(process_id: int, path: Path) -> Path:
    """Where we find what that process calls ``path``."""
    return Path(f"/proc/{process_id}/root") / path.relative_to("/")


@cache
def can_mount() -> bool:
    """True where this account may do so (root in a container that allows it)."""
    trial = ("unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt")
    try:
        return subprocess.run(trial, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def copy_ledger(process_id: int, ledger: Path, into: Path) -> Path:
    """A copy of that process's ledger, with its log: SQLite itself loses its way in ``/proc``."""
    into.mkdir(exist_ok=True)
    for name in (ledger.name, f"{ledger.name}-wal"):
        shutil.copy(seen_by(process_id, ledger.with_name(name)), into / name)
    return into / ledger.name


def resize(process_id: int, folder: Path, size: str) -> None:
    """Make that process's disk larger or smaller."""
    remount = ("mount", "-o", f"remount,size={size}", "none", str(folder))
    subprocess.run(["nsenter", "--mount", f"--target={process_id}", *remount], check=True)
