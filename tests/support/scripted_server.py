"""A peer on a real loopback socket that answers each request with exactly the bytes it is told to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Self

Answer = bytes | Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def reply(
    body: bytes = b"{}",
    *,
    status: str = "200 OK",
    kind: str = "application/json",
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> bytes:
    """An HTTP reply; ``length`` may lie."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body) if length is None else length}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class ScriptedServer:
    """Listens on 127.0.0.1 and asks ``script`` for every answer; an answer in pieces closes the connection."""

    script: Callable[[Heard], Answer]
    tls: ssl.SSLContext | None = None
    heard: list[Heard] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._is_closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._is_closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def wait(self, seconds: float) -> None:
        """Wait inside an answer, but not beyond the test."""
        self._is_closing.wait(seconds)

    def _accept(self) -> None:
        while not self._is_closing.is_set():
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), plain:
            line = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            with line, line.makefile("rb") as stream:
                self._converse(line, stream)

    def _converse(self, line: socket.socket, stream: IO[bytes]) -> None:
        while not self._is_closing.is_set():
            request = _read_request(stream)
            if request is None:
                return
            self.heard.append(request)
            answer = self.script(request)
            for piece in [answer] if isinstance(answer, bytes) else answer:
                line.sendall(piece)
            if not answer or not isinstance(answer, bytes):
                return


def _read_request(stream: IO[bytes]) -> Heard | None:
    start = stream.readline().decode()
    if not start:
        return None
    method, path, _version = start.split(" ", 2)
    headers = dict(_read_headers(iter(stream.readline, b"\r\n")))
    body = stream.read(int(headers.get("content-length", "0")))
    return Heard(method, path, headers, body)


def _read_headers(lines: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.decode().partition(":")
        yield name.strip().lower(), value.strip()
