"""The control socket: JSON lines over a unix socket that only the gate's own user may open.

Law: nothing here decides or touches hardware. A request is queued and carried out by the lane's own thread between two
scans; a slow, dead or greedy caller costs the lane nothing (bounded queue, bounded lines, oldest notices dropped).

Requests: ``{"do": "status"}``, ``{"do": "watch"}`` (then notices until the caller hangs up), and the commands that
`scanner.daemon` offers. Replies: ``{"ok": true, ...}`` or ``{"ok": false, "code", "message", "hint"}``.

Source: docs/architecture.md, "Control socket".
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import socket
import socketserver
import stat
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from scanner.core.errors import ConfigError, GateError, InputError

LOG = logging.getLogger("portillon.control")

LINE_BYTES = 16_384
"""One request, at most."""
WAITING_REQUESTS = 32
"""Requests that wait for the lane's thread, at most; more are refused."""
ANSWER_WITHIN_S = 5.0
NOTICES_KEPT = 256
"""Notices a slow watcher may lag behind before the oldest are dropped."""
WATCHERS = 16
HANG_UP_WITHIN_S = 0.2
"""How long the end of the gate lets a caller's last reply go out."""

Reply = dict[str, Any]
Command = Callable[[Mapping[str, Any]], Reply]
Check = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Turns a request into what the lane gets of it, on the caller's own thread: what takes long is done there."""


NO_CHECKS: Mapping[str, Check] = {}

_CLOSING = InputError(
    "control_closing", "the gate is ending; nothing was done", "ask again when it runs again"
)


class _Request:
    """A request on its way to the lane's thread and back."""

    def __init__(self, work: Callable[[], Reply]) -> None:
        self.work = work
        self.reply: Reply = {}
        self.answered = threading.Event()


class ControlSocket:
    """Serves the socket from threads of its own; the lane calls `serve_waiting` between scans."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._commands: dict[str, Command] = {}
        self._checks: dict[str, Check] = {}
        self._asides: dict[str, Command] = {}
        self._waiting: queue.Queue[_Request] = queue.Queue(WAITING_REQUESTS)
        self._watchers: list[queue.Queue[Reply | None]] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _build_server(path, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="control", daemon=True, args=(0.1,)
        )
        self._thread.start()

    def offer(
        self, commands: Mapping[str, Command], checks: Mapping[str, Check] = NO_CHECKS
    ) -> None:
        """What callers may ask for from now on; ``checks`` come before the commands of their name."""
        self._checks |= checks
        self._commands |= commands

    def offer_aside(self, asides: Mapping[str, Command]) -> None:
        """What callers may ask for that takes time and needs no lane: done on the caller's own thread."""
        self._asides |= asides

    def serve_waiting(self) -> None:
        """Carry out what callers asked for. Called by the lane's thread."""
        while True:
            try:
                request = self._waiting.get_nowait()
            except queue.Empty:
                return
            request.reply = _done(request.work)
            request.answered.set()

    def notify(self, notice: Reply) -> None:
        """Tell every watcher; never waits."""
        self._tell(notice)

    def _tell(self, notice: Reply | None) -> None:
        """``None``: there will be no more."""
        with self._lock:
            watchers = list(self._watchers)
        for watcher in watchers:
            if watcher.full():
                with contextlib.suppress(queue.Empty):
                    watcher.get_nowait()
            with contextlib.suppress(queue.Full):
                watcher.put_nowait(notice)

    def close(self) -> None:
        """Hang up on everybody and remove the socket. Idempotent."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._refuse_waiting()
        self._tell(None)
        self._server.hang_up()
        self._path.unlink(missing_ok=True)

    def _refuse_waiting(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                request = self._waiting.get_nowait()
                request.reply = _refused(_CLOSING)
                request.answered.set()

    def _command(self, body: Mapping[str, Any]) -> Command:
        name = str(body.get("do"))
        command = self._commands.get(name)
        if command is None:
            valid = ", ".join(sorted([*self._commands, *self._asides, "watch"]))
            raise InputError(
                "control_unknown_command",
                f"'do' {name[:40]!r} is not a command of this gate (valid: {valid})",
                "ask with one of the valid names",
            )
        return command

    def _checked(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        check = self._checks.get(str(body.get("do")))
        return body if check is None else check(body)

    def answer(self, line: bytes) -> Reply:
        """The reply to one line; waits for the lane's thread, but for what is done aside."""
        try:
            body = _parse_request(line)
            aside = self._asides.get(str(body.get("do")))
            if aside is not None:
                return _done(lambda: aside(body))
            checked = self._checked(body)
        except InputError as error:
            return _refused(error)
        return self.on_lane(lambda: self._command(checked)(checked))

    def on_lane(self, work: Callable[[], Reply]) -> Reply:
        """Have the lane's thread do something between two scans, and wait for the reply."""
        try:
            request = _Request(work)
            if self.is_closing:
                raise _CLOSING
            self._waiting.put_nowait(request)
        except InputError as error:
            return _refused(error)
        except queue.Full:
            return _refused(
                InputError(
                    "control_busy",
                    f"more than {WAITING_REQUESTS} requests wait for the lane; this one is dropped",
                    "ask less often",
                )
            )
        if not request.answered.wait(ANSWER_WITHIN_S):
            return _refused(
                InputError(
                    "control_no_answer",
                    f"the lane did not answer within {ANSWER_WITHIN_S:g} s",
                    "see docs/troubleshooting.md; `systemctl status portillon-gate`",
                )
            )
        return request.reply

    @contextlib.contextmanager
    def watching(self) -> Any:
        """A queue of notices for one watcher, ended by ``None``."""
        watcher: queue.Queue[Reply | None] = queue.Queue(NOTICES_KEPT)
        with self._lock:
            if self.is_closing:
                raise _CLOSING
            if len(self._watchers) >= WATCHERS:
                raise InputError(
                    "control_too_many_watchers",
                    f"{WATCHERS} callers watch already",
                    "close another console",
                )
            self._watchers.append(watcher)
        try:
            yield watcher
        finally:
            with self._lock:
                self._watchers.remove(watcher)

    @property
    def is_closing(self) -> bool:
        """True once `close` was called."""
        return self._closing.is_set()

    @property
    def waiting_count(self) -> int:
        """Requests that wait for the lane's thread now."""
        return self._waiting.qsize()


def _parse_request(line: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(
            "control_not_json", f"a line of {len(line)} bytes is not JSON", "send one JSON object"
        ) from error
    if not isinstance(body, dict):
        raise InputError("control_not_object", "the line is not a JSON object", 'send {"do": …}')
    return body


def _done(work: Callable[[], Reply]) -> Reply:
    try:
        return {"ok": True, **work()}
    except GateError as error:
        return _refused(error)


def _refused(error: GateError) -> Reply:
    return {"ok": False, **error.told()}


class _Conversation(socketserver.StreamRequestHandler):
    """One caller."""

    timeout = 60

    def handle(self) -> None:
        control = cast("_Server", self.server).control
        with contextlib.suppress(OSError):
            while not control.is_closing:
                line = self.rfile.readline(LINE_BYTES + 1)
                if not line:
                    return
                if len(line) > LINE_BYTES:
                    too_long = f"a line is over {LINE_BYTES} bytes; the caller is cut off"
                    self._send(_refused(InputError("control_line_too_long", too_long)))
                    return
                if _asks_to_watch(line):
                    self._watch(control)
                    return
                self._send(control.answer(line))

    def _watch(self, control: ControlSocket) -> None:
        try:
            with control.watching() as notices:
                self._send({"ok": True, "watching": True})
                while (notice := notices.get()) is not None:
                    self._send(notice)
        except InputError as error:
            self._send(_refused(error))

    def _send(self, reply: Reply) -> None:
        self.wfile.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")


def _asks_to_watch(line: bytes) -> bool:
    with contextlib.suppress(InputError):
        return _parse_request(line).get("do") == "watch"
    return False


_PEER = struct.Struct("=3i")


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One thread a caller, all of which `hang_up` ends."""

    request_queue_size = 64
    control: ControlSocket

    def __init__(self, path: str) -> None:
        self._callers: dict[socket.socket, threading.Thread] = {}
        super().__init__(path, _Conversation)

    def verify_request(self, request: Any, _client_address: Any) -> bool:
        """Whatever the folder allows, only the gate's own account and root are heard (unix(7), ``SO_PEERCRED``)."""
        said = request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        return _PEER.unpack(said)[1] in {0, os.geteuid()}

    def process_request(self, request: Any, client_address: Any) -> None:
        talk = threading.Thread(
            target=self.process_request_thread,
            name="caller",
            daemon=True,
            args=(request, client_address),
        )
        self._callers[request] = talk
        talk.start()

    def shutdown_request(self, request: Any) -> None:
        self._callers.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        LOG.exception("a caller was cut off; the lane is not touched")  # noqa: LOG004 - called by their handler

    def hang_up(self) -> None:
        """End every conversation."""
        for caller, talk in self._callers.copy().items():
            for how in (socket.SHUT_RD, socket.SHUT_RDWR):
                with contextlib.suppress(OSError):
                    caller.shutdown(how)
                talk.join(HANG_UP_WITHIN_S)


def _build_server(path: Path, control: ControlSocket) -> _Server:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()
    try:
        server = _Server(str(path))
    except OSError as error:
        raise ConfigError(
            "control_socket_failed",
            f"runtime_dir {str(path.parent)!r} takes no control socket ({error.strerror or error})",
            "choose a folder of the gate's own user, its path under 90 characters",
        ) from error
    path.chmod(0o600)
    server.control = control
    return server


class ControlClient:
    """The other end, for consoles, the demo and tests: one request, one reply."""

    def __init__(self, path: Path, timeout_s: float = ANSWER_WITHIN_S + 1) -> None:
        self._path = path
        self._timeout_s = timeout_s

    def ask(self, do: str, **fields: object) -> Reply:
        """The gate's reply.

        Raises:
            ConfigError: ``gate_not_running``.
        """
        with self._connect() as line:
            line.write(json.dumps({"do": do, **fields}).encode() + b"\n")
            line.flush()
            return cast("Reply", json.loads(line.readline() or b"{}"))

    @contextlib.contextmanager
    def listening(self) -> Iterator[Iterator[Reply]]:
        """What the gate tells until it hangs up or is silent for too long.

        Raises:
            ConfigError: ``gate_not_running``.
        """
        with self._connect() as line:
            line.write(b'{"do": "watch"}\n')
            line.flush()
            line.readline()
            yield _notices(line)

    @contextlib.contextmanager
    def _connect(self) -> Any:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout_s)
        try:
            connection.connect(str(self._path))
        except OSError as error:
            connection.close()
            raise ConfigError(
                "gate_not_running",
                f"no gate answers at {str(self._path)!r} ({error.strerror})",
                "start it (`portillon gate --config portillon.toml`), or ask as the gate's own account",
            ) from error
        with connection, connection.makefile("rwb") as line:
            yield line


def _notices(line: IO[bytes]) -> Iterator[Reply]:
    with contextlib.suppress(OSError):
        while text := line.readline():
            yield json.loads(text)
