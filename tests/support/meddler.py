"""Somebody on the line between a gate and its central: forwards everything, and alters what he is told to."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass, replace

from support.scripted_server import Answer, Heard, ScriptedServer

HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "host"}


@dataclass(frozen=True, slots=True)
class Passing:
    """The central's reply on its way."""

    status: int
    headers: dict[str, str]
    body: bytes

    def as_answer(self, length: int | None = None) -> bytes:
        """The bytes of the reply; ``length`` may lie."""
        lines = [f"HTTP/1.1 {self.status} Meddled"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"Content-Length: {len(self.body) if length is None else length}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body

    def with_body(self, body: bytes) -> Passing:
        return replace(self, body=body)


Alter = Callable[[Heard, Passing], Answer | Passing | None]
"""None: nothing altered. An empty answer: the line is cut, after the central has done its work."""


def meddler(port: int, alter: Alter, *, hides: tuple[str, ...] = ()) -> ScriptedServer:
    """A server in front of the central on ``port``; ``hides`` are headers that it does not pass on."""

    def pass_on(heard: Heard) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        headers = {k: v for k, v in heard.headers.items() if k not in {*HOP_BY_HOP, *hides}}
        line.request(heard.method, heard.path, heard.body, headers)
        reply = line.getresponse()
        passing = Passing(
            reply.status,
            {k: v for k, v in reply.getheaders() if k.lower() not in HOP_BY_HOP},
            reply.read(),
        )
        line.close()
        altered = alter(heard, passing)
        if isinstance(altered, Passing):
            return altered.as_answer()
        return passing.as_answer() if altered is None else altered

    return ScriptedServer(pass_on)
