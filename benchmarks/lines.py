"""Lines between a gate's sync and its central, good and bad: real sockets on loopback.

Law: bytes pass unchanged, if they pass. What a line is like is said by its name.

Source: docs/performance.md.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from threading import Event

CENTRAL = "from server_stub.cli import main; main()"
SYNC = "from scanner.cli import main; main()"
PIECE_BYTES = 256
ADDRESS = "127.0.0.1"


@contextlib.contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of our programs as a process of its own, killed in the end."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=quiet, stderr=quiet
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port on which nobody listens: connections to it are refused."""
    with socket.create_server((ADDRESS, 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """The port of a line that takes everything and answers nothing."""
    with socket.create_server((ADDRESS, 0)) as server:
        held: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        for one in held:
            one.close()


@contextlib.contextmanager
def slow_line(target_port: int, bytes_s: int) -> Iterator[int]:
    """The port of a line that lets so many bytes a second through, each way."""
    with socket.create_server((ADDRESS, 0)) as server:

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near = server.accept()[0]
                    # what waits in a buffer of ours would have arrived
                    near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE_BYTES)
                    far = socket.create_connection((ADDRESS, target_port))
                    for ends in ((near, far), (far, near)):
                        threading.Thread(target=_pump, args=(*ends, bytes_s), daemon=True).start()

        threading.Thread(target=take, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, sink: socket.socket, bytes_s: int) -> None:
    pause = Event()
    with contextlib.suppress(OSError):
        while chunk := source.recv(PIECE_BYTES):
            pause.wait(len(chunk) / bytes_s)
            sink.sendall(chunk)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
