"""A process that imports everything once and then forks a gate, a sync or a central for every line it is told.

    python -m support.forebear FOLDER

Lines: ``gate SEED STEP``: records facts into FOLDER/gate until it dies at about that instruction of SQLite's machine;
``sync EVENTS``: one contact that dies at that change of the disk or of the line; ``central PORT STEP MS``: serves
FOLDER/central until it dies at about that instruction of its database's, or after so long; ``end``: kills the central.
0 = never. Each is answered with one line: how it ended (-9 = killed), or, by a central, its port.

Law: all that is forked is the product's own; only the moment of death is ours. What the gate acknowledged stands in
FOLDER/said, one number a line, written after the ledger had returned.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine, event

# what a contact imports when it is needed, so that no child has to
import sync.fetching
import sync.peers  # noqa: F401
from hardware.system_clock import SystemClock
from scanner.core.units import DeviceId
from scanner.records.ledger import Ledger
from server_stub.api.serving import Serving, build_server
from server_stub.central import open_central
from server_stub.system_clock import SystemClock as CentralClock
from support.ledgers import ENTRY, REFUSAL, fact
from sync.device import load_device
from sync.settings import SyncSettings
from sync.worker import run_once

INSTRUCTIONS = 40
"""Of SQLite's machine, between two looks of a central whether it is time to die."""
MOST_COMMITS = 40
WATCHED = {"open", "os.rename", "os.remove", "sqlite3.connect", "socket.connect"}


def gate_settings(folder: Path) -> SyncSettings:
    """Where the gate of such a folder keeps its files."""
    data = folder / "gate"
    return SyncSettings(data_dir=data, runtime_dir=data, key_path=data / "device.key")


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def count_down(left: int) -> Callable[[], int]:
    def look() -> int:
        nonlocal left
        left -= 1
        return die() if left == 0 else 0

    return look


def be_gate(folder: Path, seed: str, step: int) -> None:
    """Record entries and refusals, alone and in groups, and move the log now and then."""
    chance, settings = random.Random(seed), gate_settings(folder)
    device = load_device(settings.device_path)
    assert device is not None
    said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with Ledger.open(settings.ledger_path.parent, DeviceId(device.device)) as ledger:
        if step:
            ledger._connection.set_progress_handler(count_down(step), 1)
        for _ in range(chance.randint(1, MOST_COMMITS)):
            shapes = [chance.choice((ENTRY, REFUSAL)) for _ in range(chance.choice((1, 1, 1, 7)))]
            ledger.append([fact(ledger, n, **shape) for n, shape in enumerate(shapes)], b"x" * 200)
            os.write(said, b"%d\n" % ledger.head.seq)
            ledger.checkpoint(after_rows=chance.choice((5, 1_000)))


def be_sync(folder: Path, events: int) -> None:
    """One contact."""
    look = count_down(events)

    def hook(name: str, _arguments: tuple[Any, ...]) -> None:
        if name in WATCHED:
            look()

    sys.addaudithook(hook)
    run_once(gate_settings(folder), SystemClock())


def be_central(folder: Path, port: int, step: int, ms: int) -> None:
    """Serve until killed."""
    look, has_begun = count_down(step), threading.Event()

    def opened(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(lambda: look() if has_begun.is_set() else 0, INSTRUCTIONS)

    def listening(url: str) -> None:
        has_begun.set()
        if ms:
            threading.Timer(ms / 1_000, die).start()
        answer(url.rpartition(":")[2])

    event.listen(Engine, "connect", opened)
    build_server(
        open_central(folder / "central", CentralClock()), Serving(port=port), listening
    ).run()


def answer(word: object) -> None:
    os.write(1, f"{word}\n".encode())


def fork(work: Callable[[], None]) -> int:
    """A child that does nothing but this."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - a child says why it ended, whatever it was
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    return child


def end_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Fork what is asked for, one line after the other."""
    folder, central = Path(sys.argv[1]), 0
    for line in sys.stdin:
        what, *words = line.split()
        if what == "gate":
            seed, step = words
            answer(end_of(fork(lambda s=seed, n=int(step): be_gate(folder, s, n))))  # type: ignore[misc]
        elif what == "sync":
            answer(end_of(fork(lambda n=int(words[0]): be_sync(folder, n))))  # type: ignore[misc]
        elif what == "central":
            port, step, ms = map(int, words)
            central = fork(lambda p=port, s=step, m=ms: be_central(folder, p, s, m))  # type: ignore[misc]
        elif what == "end":
            os.kill(central, signal.SIGKILL)
            answer(end_of(central))


if __name__ == "__main__":
    main()
