"""`portillon gate` as a process: a whole scan, its tidy end, its crash, and what it says meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.core.events import FactKind
from scanner.core.reasons import Flag
from scanner.records.ledger import Ledger
from support.gates import ENTRIES, GateRig, card
from support.snapshots import HERE

RELAY = "GPIO17"
SLOW_OR_NETWORK = {
    *("sqlite_utils", "requests", "urllib3", "tuf", "http_message_signatures", "zstandard"),
    *("textual", "rich", "sqlalchemy", "alembic", "litestar", "uvicorn", "asyncio", "ssl"),
}


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateRig]:
    """A gate that is enrolled, has a snapshot and knows the time; not started yet."""
    with GateRig(tmp_path) as rig:
        yield rig


@pytest.fixture
def metered(tmp_path: Path) -> Iterator[GateRig]:
    """As `gate`, with a meter on its wires."""
    with GateRig(tmp_path, fault="none") as rig:
        yield rig


def test_a_code_before_the_camera_turns_the_arm_and_every_step_is_a_fact(gate: GateRig) -> None:
    gate.start_ready()
    with gate.watch() as watcher:
        answer = gate.admit(watcher, card(1))
        assert (answer["outcome"], answer["remaining"]) == ("SUCCESS", ENTRIES - 1)
        assert gate.stop() == 0

    started, scan, passed, stopped = gate.facts()[-4:]
    assert (started.kind, started.note) == (FactKind.LANE_STARTED, "simulated")
    assert (scan.kind, scan.seq, scan.charged) == (FactKind.SCAN, answer["seq"], 1)
    assert Flag.AWAITS_PASSAGE in scan.flags
    assert (passed.kind, passed.refers_to) == (FactKind.PASSED, scan.seq)
    assert (stopped.kind, stopped.note) == (FactKind.LANE_STOPPED, "stopped")
    assert gate.is_whole()
    assert not (gate.runtime / "gate.sock").exists()


def test_every_line_that_a_gate_writes_is_json_without_a_payload_also_while_somebody_watches_its_end(
    gate: GateRig,
) -> None:
    gate.write_config(
        gate.config.replace("[gate]", "[gate]\nlog_level = 'DEBUG'", 1).replace(
            '["qr"]', '["qr", "aztec", "code128", "pdf417"]'
        )
    )
    gate.start_ready()
    with gate.watch() as watcher:
        gate.admit(watcher, card(1))
        assert gate.stop() == 0

    assert [line["message"] for line in gate.log()][-1] == "gate North 1: stopped"
    assert card(1).decode() not in gate.log_text()


def test_sigterm_locks_an_arm_that_was_held_open(metered: GateRig) -> None:
    metered.start_ready()
    assert metered.ask("mode", mode="free")["mode"] == "free"
    assert metered.wires()[-1] == (RELAY, True)

    assert metered.stop() == 0

    assert metered.wires()[-1] == (RELAY, False)
    assert metered.facts()[-1].note == "stopped"


def test_sigterm_while_somebody_is_let_in_locks_the_arm_and_the_next_start_flags_the_passage(
    metered: GateRig,
) -> None:
    metered.write_config(metered.config.replace("walk_ms = 50", "walk_ms = 30000"))
    metered.start_ready()
    with metered.watch() as watcher:
        entered = metered.scan(watcher, card(1))
        assert metered.stop() == 0

    assert metered.wires()[-1] == (RELAY, False)
    metered.start_ready()
    (unknown,) = metered.facts(FactKind.PASSAGE_UNKNOWN)
    assert unknown.refers_to == entered["seq"]


def test_a_crash_that_nobody_foresaw_locks_the_arm_is_recorded_and_exits_1(tmp_path: Path) -> None:
    with GateRig(tmp_path, fault="camera") as gate:
        gate.hold_up()
        gate.start_ready()
        gate.ask("mode", mode="free")
        assert gate.wires()[-1] == (RELAY, True)

        gate.hold_up(card(1))

        assert gate.ended() == 1
        assert gate.wires()[-1] == (RELAY, False)
        stopped = gate.facts()[-1]
        assert (stopped.kind, stopped.note) == (
            FactKind.LANE_STOPPED,
            "crashed: ZeroDivisionError",
        )
        (crash,) = [line for line in gate.log() if line["level"] == "error"]
        assert "broke its word" in crash["trace"]


def test_an_arm_that_cannot_be_locked_at_the_end_is_said_everywhere(tmp_path: Path) -> None:
    with GateRig(tmp_path, fault="relay") as gate:
        gate.start_ready()
        gate.ask("mode", mode="free")

        assert gate.stop() == 1

        assert gate.facts()[-1].note == "stopped, not locked: line_failed"
        assert [line["message"] for line in gate.log() if line["level"] == "error"] == [
            "the arm cannot be locked",
            "the gate crashed",
        ]


def test_a_start_after_a_crash_takes_over_what_was_left_lying(gate: GateRig) -> None:
    gate.start_ready()
    gate.kill()
    assert (gate.runtime / "gate.sock").exists()
    assert (gate.runtime / "gate.lock").read_text().strip().isdecimal()

    gate.start_ready()

    assert gate.status()["lane"]["phase"] == "IDLE"
    assert len(gate.facts(FactKind.LANE_STARTED)) == 2


def test_a_ledger_that_breaks_under_the_gate_is_set_aside_by_the_next_start(tmp_path: Path) -> None:
    with GateRig(tmp_path, fault="disk") as gate:
        gate.start_ready()
        before = gate.facts()[0].epoch
        with gate.watch() as watcher:
            refused = gate.scan(watcher, card(1))
            assert gate.ended() == 1
        assert (refused["reason"], refused["seq"]) == ("NOT_RECORDED", None)
        assert (RELAY, True) not in gate.wires()

        gate.fault = None
        gate.hold_up()
        gate.start_ready()

        assert gate.status()["doubts"] == ["ledger_damaged"]
        (alarm,) = gate.facts(FactKind.ALARM)
        assert (alarm.note, alarm.epoch != before) == ("ledger_damaged", True)
        with gate.watch() as watcher:
            assert gate.admit(watcher, card(1))["outcome"] == "SUCCESS"
        assert (gate.ledger.parent / "set-aside-1" / "ledger.db").exists()
        assert gate.logged("ledger_damaged")


def test_a_gate_whose_ledger_is_of_today_loads_nothing_slow_and_no_network(
    metered: GateRig,
) -> None:
    metered.is_cold = True
    Ledger.open(metered.ledger.parent, HERE).close()
    metered.start_ready()
    with metered.watch() as watcher:
        metered.admit(watcher, card(1))
    assert metered.stop() == 0

    foreign = {name.partition(".")[0] for name in metered.loaded()}
    assert foreign & SLOW_OR_NETWORK == set()
