"""The control socket over a real unix socket: answers, refusals, and callers that misbehave."""

from __future__ import annotations

import json
import socket
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scanner.control import LINE_BYTES, NOTICES_KEPT, ControlClient, ControlSocket
from scanner.core.errors import ConfigError, InputError
from support.eventually import eventually


def _fail(_body: Mapping[str, Any]) -> dict[str, Any]:
    raise InputError("test_refusal", "no", "yes")


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ControlSocket]:
    """A control socket whose lane thread serves all the time."""
    served = ControlSocket(tmp_path / "run" / "gate.sock")
    served.offer({"echo": lambda body: {"said": body["say"]}, "fail": _fail})
    stop = threading.Event()

    def serve() -> None:
        while not stop.wait(0.005):
            served.serve_waiting()

    lane = threading.Thread(target=serve)
    lane.start()
    yield served
    stop.set()
    lane.join()
    served.close()


def _client(tmp_path: Path) -> ControlClient:
    return ControlClient(tmp_path / "run" / "gate.sock")


def _line(tmp_path: Path, line: bytes) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(10)
        caller.connect(str(tmp_path / "run" / "gate.sock"))
        caller.sendall(line)
        reply: dict[str, Any] = json.loads(caller.makefile().readline())
        return reply


@pytest.mark.usefixtures("control")
def test_a_request_is_answered(tmp_path: Path) -> None:
    assert _client(tmp_path).ask("echo", say="hé") == {"ok": True, "said": "hé"}


@pytest.mark.usefixtures("control")
def test_only_the_gates_own_account_may_open_the_socket(tmp_path: Path) -> None:
    socket_file = tmp_path / "run" / "gate.sock"
    assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket_file.parent.stat().st_mode) == 0o700


@pytest.mark.usefixtures("control")
def test_a_refusal_carries_code_and_hint(tmp_path: Path) -> None:
    reply = _client(tmp_path).ask("fail")
    assert reply == {"ok": False, "code": "test_refusal", "message": "no", "hint": "yes"}


@pytest.mark.usefixtures("control")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"not json\n", "control_not_json"),
        (b"[1]\n", "control_not_object"),
        (b'{"do": "dance"}\n', "control_unknown_command"),
        (b"\xff\n", "control_not_json"),
        (b"x" * (LINE_BYTES + 2), "control_line_too_long"),
    ],
)
def test_a_wrong_line_gets_a_clear_answer(tmp_path: Path, line: bytes, code: str) -> None:
    assert _line(tmp_path, line)["code"] == code


def test_a_watcher_hears_every_notice(control: ControlSocket, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(10)
        caller.connect(str(tmp_path / "run" / "gate.sock"))
        lines = caller.makefile()
        caller.sendall(b'{"do": "watch"}\n')
        assert json.loads(lines.readline()) == {"ok": True, "watching": True}
        control.notify({"event": "scan", "seq": 1})
        control.notify({"event": "scan", "seq": 2})
        assert [json.loads(lines.readline())["seq"] for _ in range(2)] == [1, 2]


def test_a_deaf_watcher_costs_the_lane_nothing_and_loses_the_oldest(control: ControlSocket) -> None:
    with control.watching() as notices:
        for seq in range(NOTICES_KEPT + 5):
            control.notify({"seq": seq})
        assert notices.get_nowait() == {"seq": 5}


def test_a_caller_that_hangs_up_does_no_harm(control: ControlSocket, tmp_path: Path) -> None:
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(tmp_path / "run" / "gate.sock"))
            caller.sendall(b'{"do": "echo", "say": 1}')
    assert _client(tmp_path).ask("echo", say=1)["ok"]
    assert not control.is_closing


def test_an_old_socket_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "gate.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    ControlSocket(path).close()
    assert not path.exists()


def test_no_gate_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        ControlClient(tmp_path / "gate.sock").ask("status")
    assert refusal.value.code == "gate_not_running"


def test_a_path_too_long_for_a_socket_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        ControlSocket(tmp_path / ("d" * 120) / "gate.sock")
    assert refusal.value.code == "control_socket_failed"


@pytest.mark.usefixtures("control")
@pytest.mark.parametrize("line", [b"[" * 16_000 + b"\n", b'{"do":' * 2_000 + b"\n"])
def test_a_line_nested_too_deep_is_no_json(tmp_path: Path, line: bytes) -> None:
    assert _line(tmp_path, line)["code"] == "control_not_json"
    assert _client(tmp_path).ask("echo", say=1)["ok"]


def test_what_waits_when_the_gate_ends_is_refused_at_once(tmp_path: Path) -> None:
    served = ControlSocket(tmp_path / "run" / "gate.sock")
    with socket.socket(socket.AF_UNIX) as caller, caller.makefile("rb") as replies:
        caller.settimeout(10)
        caller.connect(str(tmp_path / "run" / "gate.sock"))
        caller.sendall(b'{"do": "echo"}\n')
        assert eventually(lambda: served.waiting_count == 1)
        served.close()
        assert json.loads(replies.readline())["code"] == "control_closing"
        assert replies.readline() == b""


def test_closing_hangs_up_on_everybody_and_leaves_no_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    served = ControlSocket(tmp_path / "run" / "gate.sock")
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as watcher:
        for caller in (silent, watcher):
            caller.settimeout(10)
            caller.connect(str(tmp_path / "run" / "gate.sock"))
        watcher.sendall(b'{"do": "watch"}\n')
        assert json.loads(watcher.makefile().readline())["watching"]
        served.close()
        assert (silent.recv(1), watcher.recv(1)) == (b"", b"")
    assert set(threading.enumerate()) == before


def test_a_folder_that_takes_no_socket_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long"):
        ControlSocket(tmp_path / ("d" * 120) / "gate.sock")
