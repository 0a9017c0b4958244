"""Who of the site's staff stands behind a command that could harm a lane: a supervisor or technician, by their PIN.

Law: where the snapshot names staff, nothing is done without one of them; where it names nobody, or no base can be read
any more (then going back is what mends it), there is nobody to ask. Whoever may type the command could also edit the
files: this keeps honest people from mistakes, and says who it was.

Source: docs/sync.md, "Held snapshots"; docs/sync-protocol.md, "Operators".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from scanner.core.errors import InputError
from scanner.core.override import MENDERS
from sync.cache import Cache
from sync.operator_pins import is_pin
from sync.verified_base import UNREADABLE


def require_supervisor(cache: Cache, name: str | None, ask_pin: Callable[[], str]) -> str | None:
    """The name of whoever proved to be a supervisor; None where there is no staff.

    Args:
        cache: whose base in use is asked, or else the newest that can be read.
        name: who they say they are.
        ask_pin: gives what was typed.

    Raises:
        InputError: ``supervisor_needed``, ``supervisor_pin_wrong``.
    """
    pins = load_supervisors(cache)
    if not pins:
        return None
    if name is None:
        raise InputError(
            "supervisor_needed",
            "the site has supervisors, and this is theirs to do; nothing was done",
            "add --operator NAME; the PIN is asked for",
        )
    # an unknown name is asked for its PIN, too: it is nobody's business who works here
    if not is_pin(ask_pin(), pins.get(name, "")):
        raise InputError(
            "supervisor_pin_wrong",
            "the snapshot has no supervisor or technician of this name with this PIN; nothing was done",
            "type it again; staff are set at the central and come with the next snapshot",
        )
    return name


def load_supervisors(cache: Cache) -> Mapping[str, str]:
    """Name → hash of the PIN; of all operators where none is a supervisor or technician."""
    current = cache.current()
    paths = [] if current is None else [cache.base_path(current)]
    paths += [cache.folder / f"{seq}.db" for seq in cache.kept()]
    for path in paths:
        try:
            rows = _load_staff(path)
        except UNREADABLE:
            continue
        supervisors = {name: pin for name, role, pin in rows if role in MENDERS}
        return supervisors or {name: pin for name, _role, pin in rows}
    return {}


def _load_staff(path: Path) -> list[tuple[str, str, str]]:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as base:
        return base.execute("SELECT name, role, pin_scrypt FROM operator").fetchall()
