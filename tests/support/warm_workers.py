"""Workers of pytest-xdist that begin with every test imported: forked from one process that has collected them all.

    config.pluginmanager.register(WarmWorkers())

Law: a worker collects and runs as any worker does; it only finds loaded what it imports, which is most of what
collecting takes. What the loading covers of the rules is measured where it happens, and counted with the rest.

Source: execnet, ``popen//python=``; unix(7), SCM_RIGHTS.
"""

from __future__ import annotations

import gc
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from zlib import crc32

import coverage
import pytest
from execnet import XSpec

from support.warm import MOST_BYTES, Order, become, taken

SEED = """
import json, os, socket, sys
order = json.dumps({"words": ["-c", sys.argv[-1]], "environment": dict(os.environ)})
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
    line.connect(sys.argv[1])
    socket.send_fds(line, [order.encode()], [0, 1, 2])
    line.recv(1)  # ends with the worker
"""
"""What takes the place of a Python: it hands its files, its environment and the code it was given to whoever forks."""


class WarmWorkers:
    """A plugin of the process that the others report to."""

    _loading: Path

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config, specs: list[XSpec]) -> None:
        """Start the process that collects and forks, for as long as this run lasts; each node is a seed to it."""
        folder = tempfile.TemporaryDirectory(prefix="portillon-workers-")
        place, self._loading = str(Path(folder.name, "line")), Path(folder.name, "coverage")
        words = [str(self._loading), *config.invocation_params.args]
        environment = {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "OPENCV_FOR_THREADS_NUM": "1",  # its pool of threads does not outlive a fork
        }
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(place)
            listener.listen()
            process = subprocess.Popen(
                [sys.executable, "-m", "support.warm_workers", str(listener.fileno()), *words],
                env=os.environ | environment,
                stdin=subprocess.PIPE,  # its end tells of ours
                pass_fds=[listener.fileno()],
            )
        config.add_cleanup(folder.cleanup)
        config.add_cleanup(process.communicate)
        for spec in specs:
            spec.python = shlex.join([sys.executable, "-I", "-S", "-c", SEED, place])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self) -> None:
        """What the loading covered lies beside what the tests did, now that no worker begins by clearing that away."""
        if self._loading.exists():
            shutil.move(self._loading, ".coverage.loading")


# --- in the process that collects and forks ---------------------------------------------------------


def load_rules(measured_into: str) -> None:
    """Import the rules, and the calendar that their tests share, and measure what that covers, as a worker would."""
    measured = coverage.Coverage(measured_into)
    measured.start()
    for module in walk_packages(import_module("scanner.core").__path__, "scanner.core."):
        import_module(module.name)
    import_module("support.rights")
    measured.stop()
    measured.save()


class EveryOther:
    """A plugin that leaves out every other file of tests."""

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        is_left = collection_path.is_file() and crc32(collection_path.name.encode()) % 2
        return True if is_left else None


def collect(words: list[str], *plugins: object) -> None:
    """Import the tests that these words of pytest's name. What is wrong with them, the workers will say."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        pytest.main([*words, "--collect-only", "-qqq", "--no-cov"], plugins)


def collect_with_help(words: list[str]) -> None:
    """Collect. It takes one core, so on another one a second process writes the asserts anew of every other file."""
    if os.fork() == 0:
        collect(words, EveryOther())
        os._exit(0)
    collect(words)
    gc.collect()
    gc.freeze()


def next_order(listener: socket.socket) -> Order | None:
    """In a child: what it is to do. In the parent: None, once the run has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        if 0 in ready:
            return None
        line, _ = listener.accept()
        message, files, _flags, _peer = socket.recv_fds(line, MOST_BYTES, 3)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            line.detach()  # the seed sees it close when we end
            return taken(message, files)
        line.close()
        for file in files:
            os.close(file)


def main() -> None:
    """Collect, then fork whoever is asked for."""
    listening, loading, *words = sys.argv[1:]
    with socket.socket(fileno=int(listening)) as listener:
        if "--cov" in words:
            load_rules(loading)
        collect_with_help(words)
        order = next_order(listener)
    if order:
        become(order)


if __name__ == "__main__":
    main()
