"""The demo's network cable, over real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from server_stub.demo.network import Cable


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that sends back what it gets."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            with caller:
                while chunk := caller.recv(4096):
                    caller.sendall(chunk)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def _says(port: int, words: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
        caller.sendall(words)
        return caller.recv(4096)


def test_bytes_pass_while_plugged_in(echo_port: int) -> None:
    cable = Cable(echo_port)
    assert _says(cable.port, b"hello") == b"hello"
    cable.cut()


def test_a_cut_ends_open_connections_and_refuses_new_ones(echo_port: int) -> None:
    cable = Cable(echo_port)
    with socket.create_connection(("127.0.0.1", cable.port), timeout=10) as caller:
        caller.sendall(b"a")
        assert caller.recv(1) == b"a"
        cable.cut()
        assert caller.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", cable.port), timeout=10)


def test_after_a_restore_bytes_pass_on_the_same_port(echo_port: int) -> None:
    cable = Cable(echo_port)
    port = cable.port
    cable.cut()
    cable.cut()
    cable.restore()
    cable.restore()
    assert cable.port == port
    assert _says(port, b"again") == b"again"
    cable.cut()
