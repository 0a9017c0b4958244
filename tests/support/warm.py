"""Programs of ours in processes that begin warm: forked from one that has imported everything already.

    with WarmProcess([sys.executable, "-c", CODE, *arguments], stdout=PIPE) as process: ...

Law: what runs is the same program in a process of its own, with its own arguments, environment, files and signals, and
it ends as any Python ends; only its imports were done before. What a start costs and what a program loads is asked of a
cold one, by `subprocess.Popen`.

Source: prctl(2), PR_SET_CHILD_SUBREAPER: an orphan becomes a child of the nearest such process, so what another process
forked is ours to wait for; unix(7), SCM_RIGHTS.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import os
import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any

import msgspec

PR_SET_CHILD_SUBREAPER = 36
MOST_BYTES = 100_000
HEAVY = (
    *("scanner.cli", "scanner.commands.gate_command", "scanner.daemon", "scanner.enrolling"),
    *("scanner.lane_start", "scanner.notify", "scanner.records.ledger_schema", "hardware.replay"),
    *("scanner.commands.sync_command", "sync.fetching", "sync.letters", "sync.notices"),
    *("scanner.commands.lane_command", "scanner.commands.snapshot_command"),
    *("server_stub.cli", "server_stub.commands.service_command", "server_stub.api.serving"),
)
"""What programs import, some of it late."""


class Order(msgspec.Struct):
    """``-c CODE ...`` or ``-m MODULE ...``, and an environment; standard input, output and errors come with it."""

    words: list[str]
    environment: dict[str, str]


class WarmProcess(subprocess.Popen[Any]):
    """As `subprocess.Popen`, for a command line of this very Python; anything else is started cold."""

    def _execute_child(self, args: Any, *others: Any) -> None:
        # Popen's own seam between its pipes and its fork
        words = [os.fspath(word) for word in args]
        if words[0] != sys.executable or words[1] not in {"-c", "-m"}:
            super()._execute_child(args, *others)  # type: ignore[misc]
            return
        environment = others[5]
        read, _, _, written, _, failing = pipes = others[9:15]
        files = [
            own if given == -1 else given for own, given in enumerate((read, written, failing))
        ]
        order = Order(words[1:], dict(os.environ if environment is None else environment))
        self.pid = nursery().bear(order, files)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def run(
    words: Sequence[str], told: str = "", *, within_s: float = 60.0, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Start a program, tell it something on its standard input, and wait for its end."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with WarmProcess(words, text=True, **pipes, **options) as process:
        try:
            output, errors = process.communicate(told, within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(words, process.returncode, output, errors)


class Nursery:
    """The process that forks, and the line to it."""

    def __init__(self) -> None:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "support.warm", str(theirs.fileno())],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def bear(self, order: Order, files: Sequence[int]) -> int:
        """The process that does this, with these three files."""
        with self._turn:
            socket.send_fds(self._line, [msgspec.json.encode(order)], files)
            return int(self._line.recv(MOST_BYTES))

    def close(self) -> None:
        """What is still running goes on."""
        self._line.close()
        self._process.wait()


@cache
def nursery() -> Nursery:
    """The one of this process."""
    made = Nursery()
    atexit.register(made.close)
    return made


# --- in the process that forks ----------------------------------------------------------------------


def next_order(line: socket.socket) -> Order | None:
    """In a child: what it is to do. In the parent: None, once nobody asks any more."""
    while True:
        message, files, _flags, _peer = socket.recv_fds(line, MOST_BYTES, 3)
        if not message:
            return None
        child = fork_orphan()
        if child == 0:
            line.close()
            return taken(message, files)
        for file in files:
            os.close(file)
        line.send(b"%d" % child)


def taken(message: bytes, files: Sequence[int]) -> Order:
    """In a child: what it is to do, once its three files are where it looks for them."""
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    return msgspec.json.decode(message, type=Order)


def fork_orphan() -> int:
    """As fork, but the child is not this process's; its parent is whoever reaps here."""
    reading, writing = os.pipe()
    between = os.fork()
    child = os.fork() if between == 0 else 0
    if child:
        os.write(writing, b"%d" % child)
        os._exit(0)
    if between:
        os.waitpid(between, 0)
        child = int(os.read(reading, 20))
    os.close(reading)
    os.close(writing)
    return child


def become(order: Order) -> None:
    """Be the program, as if Python had just been started for it."""
    os.environ.clear()
    os.environ.update(order.environment)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    option, what, *arguments = order.words
    sys.argv = [option, *arguments]
    if option == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(what, "<string>", "exec"), vars(main))


def main() -> None:
    """Import, then fork whatever is asked for."""
    line = socket.socket(fileno=int(sys.argv[1]))
    for name in HEAVY:
        importlib.import_module(name)
    gc.freeze()
    if order := next_order(line):
        become(order)


if __name__ == "__main__":
    main()
