"""What goes wrong around a running gate and does not stop it: told once, shown in status, over when it is over."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.core.events import FactKind
from support.gates import CONFIG, GateRig, card, open_site, picture_of
from support.snapshots import place, point

NO_CAMERA = CONFIG.replace('source = "replay"', 'source = "v4l2"\ndevice = "{device}"')
LOG_ALL = 'log_level = "DEBUG"\n\n[camera]'
TWO_HOURS_MS = 2 * 3_600_000


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateRig]:
    with GateRig(tmp_path) as rig:
        yield rig
        assert rig.stop() == 0
        rig.log()


@pytest.mark.parametrize("device", ["/dev/video-that-is-not-there", "/dev/null"])
def test_a_gate_without_its_camera_goes_on_says_so_once_and_can_be_stopped(
    gate: GateRig, device: str
) -> None:
    gate.write_config(NO_CAMERA.replace("{device}", device).replace("[camera]", LOG_ALL))
    gate.start_ready()

    gate.wait_until(lambda: gate.status()["doubts"] == ["camera_missing"], "the doubt")
    gate.wait_until(lambda: gate.log_text().count(": opening") == 2, "two more attempts")
    gate.wait_until(lambda: gate.status()["camera"]["state"] == "back-off", "their failure")

    assert gate.ask("mode", mode="free")["mode"] == "free"
    assert gate.stop() == 0
    (told,) = gate.logged("camera_missing")
    assert device in told["message"]
    assert gate.facts()[-1].kind is FactKind.LANE_STOPPED


def test_pictures_that_are_none_cost_only_themselves(gate: GateRig) -> None:
    gate.hold_up()
    picture = gate.screen.written[-1].read_bytes()
    gate.start_ready()
    frames = gate.screen.folder
    for number, junk in enumerate((b"", b"\x89PNG\r\n\x1a\n", picture[: len(picture) // 2]), 2):
        (frames / f"{number:06d}.png").write_bytes(junk)
    (frames / "000005.png").mkdir()
    gate.screen.shown = 5

    with gate.watch() as watcher:
        assert gate.admit(watcher, card(1))["outcome"] == "SUCCESS"


def test_a_folder_of_pictures_that_goes_away_is_a_camera_that_is_silent(gate: GateRig) -> None:
    gate.hold_up()
    gate.start_ready()
    shutil.rmtree(gate.screen.folder)
    gate.wait_until(lambda: gate.status()["doubts"] == ["camera_silent"], "the doubt")

    with gate.watch() as watcher:
        assert gate.admit(watcher, card(1))["outcome"] == "SUCCESS"

    assert gate.status()["doubts"] == []
    assert [line["level"] for line in gate.logged("camera_silent")] == ["warning", "info"]


def test_a_base_that_sync_swaps_in_is_used_for_the_next_scan(gate: GateRig) -> None:
    gate.start_ready()
    with gate.watch() as watcher:
        gate.admit(watcher, card(1))
        place(gate.cache, replace(open_site(cards=2), seq=101))

        admitted = gate.admit(watcher, card(2))

    assert gate.status()["snapshot"]["seq"] == 101
    assert gate.facts(FactKind.SCAN)[-1].snapshot_seq == 101
    assert admitted["charged"] == 1


def test_a_pointer_to_a_broken_base_leaves_the_last_good_one_in_use(gate: GateRig) -> None:
    gate.start_ready()
    (gate.cache / "101.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 8_000)
    point(gate.cache, "101.db", 101)
    gate.wait_until(lambda: gate.status()["doubts"] == ["snapshot_not_opened"], "the doubt")

    with gate.watch() as watcher:
        assert gate.admit(watcher, card(1))["outcome"] == "SUCCESS"
    assert gate.status()["snapshot"]["seq"] == 100

    place(gate.cache, replace(open_site(), seq=102))
    gate.wait_until(lambda: gate.status()["doubts"] == [], "its end")
    assert gate.status()["snapshot"]["seq"] == 102
    assert len(gate.logged("snapshot_not_opened")) == 2


def test_a_pointer_that_cannot_be_read_changes_nothing(gate: GateRig) -> None:
    gate.start_ready()
    for pointer, code in (
        (b"", "snapshot_unusable"),
        (b'{"file": "../../etc/passwd"}', "snapshot_not_opened"),
        (b"\xff" * 9_000, "snapshot_unusable"),
    ):
        (gate.cache / "current").write_bytes(pointer)

        gate.wait_until(lambda code=code: code in gate.status()["doubts"], f"the doubt {code}")

        assert gate.status()["snapshot"]["seq"] == 100
        point(gate.cache, "100.db", 100)
        gate.wait_until(lambda: gate.status()["doubts"] == [], "its end")


def test_a_base_of_another_site_is_not_used(gate: GateRig) -> None:
    gate.start_ready()
    place(gate.cache, replace(open_site(), seq=101, site="zoo"))

    gate.wait_until(lambda: gate.status()["doubts"] == ["snapshot_of_another_site"], "the doubt")

    assert gate.status()["snapshot"]["seq"] == 100


def test_a_gate_whose_snapshot_is_taken_away_knows_nobody(gate: GateRig) -> None:
    gate.start_ready()
    (gate.cache / "current").unlink()
    gate.hold_up()
    with gate.watch() as watcher:
        gate.hold_up(card(1))
        gate.wait_until(lambda: gate.status()["snapshot"] is None, "the loss")
        gate.screen.show(picture_of(card(1))[:, ::-1].copy())  # a hand that moves
        gate.hold_up(card(1))
        assert watcher.hear(("scan",))["reason"] == "UNKNOWN"


def test_a_gate_that_never_synced_starts_and_knows_nobody(tmp_path: Path) -> None:
    with GateRig(tmp_path) as gate:
        (gate.cache / "current").unlink()
        (gate.cache / "100.db").unlink()
        gate.start_ready()

        assert gate.status()["snapshot"] is None
        place(gate.cache, open_site())
        with gate.watch() as watcher:
            assert gate.admit(watcher, card(1))["outcome"] == "SUCCESS"


def test_the_centrals_time_is_taken_over_and_recorded_when_sync_brings_it(tmp_path: Path) -> None:
    with GateRig(tmp_path, is_time_known=False) as gate:
        gate.start_ready()
        before = gate.status()["clock"]["now"]
        offsets = len(gate.facts(FactKind.CLOCK_OFFSET))

        gate.prove_time(ahead_ms=TWO_HOURS_MS)

        gate.wait_until(lambda: gate.status()["clock"]["now"] - before >= TWO_HOURS_MS, "the time")
        assert gate.status()["clock"]["state"] == "trusted"
        gate.wait_until(lambda: len(gate.facts(FactKind.CLOCK_OFFSET)) > offsets, "the fact")
        offset = gate.facts(FactKind.CLOCK_OFFSET)[-1]
        assert offset.note == "central"
        assert offset.offset_ms is not None
        assert abs(offset.mono_ms + offset.offset_ms - offset.at) < 1_000


def test_a_proof_of_time_that_proves_nothing_is_as_good_as_none(tmp_path: Path) -> None:
    with GateRig(tmp_path, is_time_known=False) as gate:
        (gate.cache / "time.json").write_bytes(b"\xff" * 5_000)
        gate.start_ready()
        with gate.watch() as watcher:
            assert gate.admit(watcher, card(1))["charged"] == 1
