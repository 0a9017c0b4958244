"""A disk that is full, read-only or damaged under the real gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.core.events import Fact, FactKind
from support.gates import GateRig, card, run_portillon
from support.private_mounts import can_mount, copy_ledger, on_disk, resize, seen_by

NO_MOUNTS = "needs root in a place that allows private mounts (unshare --mount)"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateRig]:
    with GateRig(tmp_path) as rig:
        yield rig


def recorded(gate: GateRig, kind: FactKind) -> list[Fact]:
    """What is on a disk that only the gate sees."""
    assert gate.process is not None
    copy = copy_ledger(gate.process.pid, gate.ledger, gate.folder / "copy")
    return gate.facts(kind, copy)


def use_up(gate: GateRig, folder: Path) -> None:
    """Have the gate record until even the reserve for what opens nothing is touched."""
    for _ in range(100):
        if not (folder / "reserve").exists():
            return
        gate.ask("mode", mode="normal")
    raise AssertionError("the disk never got full")


@pytest.mark.fault("gate: its disk is full")
@pytest.mark.skipif(not can_mount(), reason=NO_MOUNTS)
def test_a_full_disk_keeps_the_arm_shut_until_there_is_room_again(gate: GateRig) -> None:
    gate.fault = "none"
    gate.hold_up()
    gate.start_ready(*on_disk(gate.ledger.parent, "size=1200k"))
    assert gate.process is not None
    process_id = gate.process.pid
    with gate.watch() as watcher:
        gate.admit(watcher, card(1))
        pulses = gate.wires()
        use_up(gate, seen_by(process_id, gate.ledger.parent))

        refused = gate.scan(watcher, card(2))

        assert (refused["reason"], refused["seq"]) == ("NOT_RECORDED", None)
        assert (refused["outcome"], refused["charged"]) == ("DECLINED", 0)
        assert gate.wires() == pulses
        assert gate.status()["doubts"] == ["ledger_full"]
        assert recorded(gate, FactKind.ALARM)[-1].note == "ledger_full"

        resize(process_id, gate.ledger.parent, "8m")
        admitted = gate.admit(watcher, card(3))

        assert admitted["outcome"] == "SUCCESS"
        assert gate.status()["doubts"] == []
        assert recorded(gate, FactKind.PASSED)[-1].refers_to == admitted["seq"]
    told = [line["message"] for line in gate.logged("ledger_full")]
    assert (len(told), told[-1]) == (2, "over: ledger_full")
    assert gate.stop() == 0


@pytest.mark.fault("gate: its disk is full")
@pytest.mark.skipif(not can_mount(), reason=NO_MOUNTS)
def test_a_disk_that_is_full_at_the_start_does_not_keep_the_gate_from_starting(
    gate: GateRig,
) -> None:
    gate.start_ready(*on_disk(gate.ledger.parent, "size=300k"))
    with gate.watch() as watcher:
        assert gate.scan(watcher, card(1))["reason"] == "NOT_RECORDED"
    assert gate.status()["doubts"] == ["ledger_full"]
    assert gate.stop() == 0


@pytest.mark.fault("gate: its disk is read-only")
@pytest.mark.skipif(not can_mount(), reason=NO_MOUNTS)
@pytest.mark.parametrize(
    ("place", "code"), [("data/ledger", "ledger_read_only"), ("run", "runtime_dir_unusable")]
)
def test_a_read_only_disk_is_named(gate: GateRig, place: str, code: str) -> None:
    around = on_disk(gate.folder / place, "ro")

    ended = run_portillon("gate", "--config", str(gate.config_path), around=around)

    assert (ended.returncode, f"[{code}]" in ended.stderr) == (2, True), ended.stderr
    assert "Read-only file system" in ended.stderr


@pytest.mark.fault("gate: ledger corrupted")
def test_a_damaged_ledger_is_set_aside_at_the_start_and_the_gate_opens(gate: GateRig) -> None:
    gate.start_ready()
    with gate.watch() as watcher:
        gate.admit(watcher, card(1))
    assert gate.stop() == 0
    before = gate.facts()[-1]
    content = bytearray(gate.ledger.read_bytes())
    content[4_096:8_192] = b"\xff" * 4_096
    gate.ledger.write_bytes(content)
    gate.hold_up()

    gate.start_ready()

    (alarm,) = gate.facts(FactKind.ALARM)
    assert alarm.note == "ledger_damaged"
    assert alarm.epoch != before.epoch
    assert gate.status()["doubts"] == ["ledger_damaged"]
    with gate.watch() as watcher:
        assert gate.admit(watcher, card(2))["outcome"] == "SUCCESS"
    assert gate.is_whole()
    (told,) = gate.logged("ledger_damaged")
    assert "set-aside-1" in told["message"]


def test_a_ledger_of_a_newer_portillon_is_left_alone(gate: GateRig) -> None:
    gate.start_ready()
    assert gate.stop() == 0
    raw = bytearray(gate.ledger.read_bytes())
    raw[60:64] = (999).to_bytes(4, "big")  # the database header's user version
    gate.ledger.write_bytes(raw)

    ended = run_portillon("gate", "--config", str(gate.config_path))

    assert (ended.returncode, "[ledger_newer]" in ended.stderr) == (2, True)
    assert gate.ledger.read_bytes() == raw
