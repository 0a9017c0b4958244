"""What may be asked of a running gate over its socket, and what a caller cannot do to it."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.control import ControlClient
from scanner.core.events import FactKind
from support.gates import GateRig, card, run_portillon, send_line
from support.snapshots import HERE, ticket


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateRig]:
    """One gate for all of these: whatever one caller does, the next finds it at work."""
    with GateRig(tmp_path_factory.mktemp("gate")) as rig:
        rig.hold_up()
        rig.start_ready()
        yield rig
        assert rig.stop() == 0
        rig.log()


@pytest.fixture
def gate(running: GateRig) -> Iterator[GateRig]:
    """The gate, in its normal mode before and after the test."""
    yield running
    assert running.ask("mode", mode="normal")["mode"] == "normal"
    running.hold_up()
    running.wait_until(running.is_idle, "an arm at rest")


def test_status_says_what_a_technician_asks(gate: GateRig) -> None:
    gate.wait_until(lambda: gate.status()["camera"]["state"] == "streaming", "a first picture")
    status = gate.status()

    assert status["gate"] == {"no": 1, "name": "North 1", "zone_no": 1}
    assert status["simulated"] is True
    idle = {"mode": "normal", "phase": "IDLE", "blocked_by": [], "free_for_s": None}
    assert status["lane"] == idle
    assert status["scanners"] == []
    assert status["clock"]["state"] == "trusted"
    assert status["snapshot"]["seq"] == 100
    assert status["doubts"] == []


def test_that_somebody_goes_back_to_the_base_before_is_recorded_with_who_it_was(
    gate: GateRig,
) -> None:
    gate.ask("went_back", operator="Ada")

    said = gate.facts(FactKind.SERVICE)[-1]
    assert (said.note, said.operator) == ("snapshot_gone_back", "Ada")


def test_a_mode_is_changed_recorded_with_who_did_it_and_told_to_who_watches(gate: GateRig) -> None:
    with gate.watch() as watcher:
        assert gate.ask("mode", mode="closed", operator="Ada") == {"ok": True, "mode": "closed"}
        assert watcher.hear(("lane",))["mode"] == "closed"
        refused = gate.scan(watcher, card(2))
    assert refused["reason"] == "LANE_CLOSED"
    changed = gate.facts(FactKind.LANE_MODE)[-1]
    assert (changed.note, changed.operator) == ("closed", "Ada")


def test_free_says_how_long_it_lasts(gate: GateRig) -> None:
    assert 59 <= gate.ask("mode", mode="free", minutes=1)["free_for_s"] <= 60
    assert 59 <= gate.status()["lane"]["free_for_s"] <= 60
    assert 1_799 <= gate.ask("mode", mode="free", minutes=1_440)["free_for_s"] <= 1_800


def test_a_watcher_hears_a_scan_and_its_passage(gate: GateRig) -> None:
    with gate.watch() as watcher:
        answer = gate.admit(watcher, card(3))
    assert (answer["outcome"], answer["colour"], answer["charged"]) == ("SUCCESS", "green", 1)


def test_a_simulated_visitor_does_as_told(gate: GateRig) -> None:
    assert gate.ask("simulate", passage=False) == {"ok": True, "passage": False}
    with gate.watch() as watcher:
        answer = gate.scan(watcher, card(4))
        gate.hold_up()
        given_back = watcher.hear(("not_passed",))
    assert given_back["refers_to"] == answer["seq"]


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (
            b'{"do": "dance"}\n',
            "control_unknown_command",
            "valid: answer, camera, doctor, explain, ",
        ),
        (b"{}\n", "control_unknown_command", "'None'"),
        (b'{"do": "mode"}\n', "lane_mode_unknown", "valid: normal, closed, free"),
        (b'{"do": "mode", "mode": ["free"]}\n', "lane_mode_unknown", "stays as it is"),
        (b'{"do": "mode", "mode": "free", "minutes": true}\n', "lane_minutes_bad", "1 to 1440"),
        (b'{"do": "mode", "mode": "free", "minutes": 0}\n', "lane_minutes_bad", "'0'"),
        (b'{"do": "simulate", "passage": "false"}\n', "passage_bad", "neither true nor false"),
        (b"[]\n", "control_not_object", ""),
        (b"\x00\xff\xfe\n", "control_not_json", ""),
        (b"[" * 16_000 + b"\n", "control_not_json", ""),
        (b"{" * 20_000, "control_line_too_long", ""),
    ],
)
def test_a_caller_who_asks_wrongly_is_told_what_would_be_right(
    gate: GateRig, line: bytes, code: str, says: str
) -> None:
    reply = send_line(gate.runtime / "gate.sock", line)

    assert (reply["ok"], reply["code"]) == (False, code)
    assert says in reply["message"]


@pytest.mark.parametrize("operator", ["\ud800", "x" * 5_000, 7, {"name": ["Ada"]}, "A\x00\n\u202e"])
def test_no_operators_name_can_stop_the_lane(gate: GateRig, operator: Any) -> None:
    line = json.dumps({"do": "mode", "mode": "closed", "operator": operator}).encode() + b"\n"

    assert send_line(gate.runtime / "gate.sock", line) == {"ok": True, "mode": "closed"}

    assert len(gate.facts(FactKind.LANE_MODE)[-1].operator or "") <= 80


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"TK1:", "BAD_SIGNATURE"),
        (ticket()[:-9], "BAD_SIGNATURE"),
        (b"TK1:" + b"7" * 300, "BAD_SIGNATURE"),
        (b"TR1:\xff\x00", "UNREADABLE"),
    ],
)
def test_a_ticket_that_is_none_is_refused_with_its_reason_and_the_lane_goes_on(
    gate: GateRig, payload: bytes, reason: str
) -> None:
    with gate.watch() as watcher:
        refused = gate.scan(watcher, payload)
    assert (refused["outcome"], refused["reason"], refused["charged"]) == ("DECLINED", reason, 0)


def test_callers_who_say_nothing_or_hang_up_cost_the_lane_nothing(gate: GateRig) -> None:
    for line in (b"", b'{"do": "st', b'{"do": "status"}\n', b'{"do": "watch"}\n') * 5:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(gate.runtime / "gate.sock"))
            caller.sendall(line)
    with gate.watch() as watcher:
        assert gate.admit(watcher, card(5))["outcome"] == "SUCCESS"


def test_only_the_gates_own_account_may_open_the_socket(gate: GateRig) -> None:
    assert stat.S_IMODE((gate.runtime / "gate.sock").stat().st_mode) == 0o600


def test_a_second_gate_on_the_lane_says_so_and_leaves_the_first_alone(gate: GateRig) -> None:
    second = run_portillon("gate", "--config", str(gate.config_path))

    assert second.returncode == 2
    assert "[gate_already_running]" in second.stderr
    assert gate.process is not None
    assert f"process {gate.process.pid}" in second.stderr
    with gate.watch() as watcher:
        assert gate.admit(watcher, card(6))["outcome"] == "SUCCESS"
    assert gate.is_whole()


def test_a_second_gate_with_folders_of_its_own_but_the_same_ledger_is_refused(
    gate: GateRig, tmp_path: Path
) -> None:
    config = tmp_path / "second.toml"
    config.write_text(gate.config_path.read_text().replace(str(gate.runtime), str(tmp_path)))

    second = run_portillon("gate", "--config", str(config))

    assert second.returncode == 2
    assert "[ledger_in_use]" in second.stderr
    assert ControlClient(gate.runtime / "gate.sock").ask("status")["ok"]
    assert {fact.device for fact in gate.facts()} == {HERE}
    assert len(gate.facts(FactKind.LANE_STARTED)) == 1
