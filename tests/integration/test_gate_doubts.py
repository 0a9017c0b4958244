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
    """A gate of the test's own, not started yet."""
    with GateRig(tmp_path) as rig:
        yield rig
        assert rig.stop() == 0
        rig.log()


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateRig]:
    with GateRig(tmp_path_factory.mktemp("gate")) as rig:
        rig.hold_up()
        rig.start_ready()
        yield rig
        assert rig.stop() == 0
        rig.log()


@pytest.fixture
def running(_running: GateRig) -> Iterator[GateRig]:
    """One gate for all that it survives: after each test it has no doubts and works from snapshot 100."""
    yield _running
    point(_running.cache, "100.db", 100)
    _running.hold_up()
    _running.wait_until(lambda: _running.status()["doubts"] == [], "the end of all doubts")
    assert _running.status()["snapshot"]["seq"] == 100


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


def test_pictures_that_are_none_cost_only_themselves(running: GateRig) -> None:
    picture = running.screen.written[-1].read_bytes()
    junk = (b"", b"\x89PNG\r\n\x1a\n", picture[: len(picture) // 2])
    for content in junk:
        running.screen.shown += 1
        (running.screen.folder / f"{running.screen.shown:06d}.png").write_bytes(content)
    running.screen.shown += 1
    (running.screen.folder / f"{running.screen.shown:06d}.png").mkdir()

    with running.watch() as watcher:
        assert running.admit(watcher, card(1))["outcome"] == "SUCCESS"


def test_a_folder_of_pictures_that_goes_away_is_a_camera_that_is_silent(running: GateRig) -> None:
    shutil.rmtree(running.screen.folder)
    running.wait_until(lambda: running.status()["doubts"] == ["camera_silent"], "the doubt")

    with running.watch() as watcher:
        assert running.admit(watcher, card(2))["outcome"] == "SUCCESS"

    assert running.status()["doubts"] == []
    assert [line["level"] for line in running.logged("camera_silent")] == ["warning", "info"]


def test_a_base_that_sync_swaps_in_is_used_for_the_next_scan(running: GateRig) -> None:
    with running.watch() as watcher:
        running.admit(watcher, card(3))
        place(running.cache, replace(open_site(cards=4), seq=101))

        admitted = running.admit(watcher, card(4))

    assert running.status()["snapshot"]["seq"] == 101
    assert running.facts(FactKind.SCAN)[-1].snapshot_seq == 101
    assert admitted["charged"] == 1


@pytest.mark.fault("gate: cache corrupted")
def test_a_pointer_to_a_broken_base_leaves_the_last_good_one_in_use(running: GateRig) -> None:
    (running.cache / "102.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 8_000)
    point(running.cache, "102.db", 102)
    running.wait_until(lambda: running.status()["doubts"] == ["snapshot_not_opened"], "the doubt")

    with running.watch() as watcher:
        assert running.admit(watcher, card(5))["outcome"] == "SUCCESS"
    assert running.status()["snapshot"]["seq"] == 100

    place(running.cache, replace(open_site(), seq=103))
    running.wait_until(lambda: running.status()["doubts"] == [], "its end")
    assert running.status()["snapshot"]["seq"] == 103


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        (b"", "snapshot_unusable"),
        (b'{"file": "../../etc/passwd"}', "snapshot_not_opened"),
        (b"\xff" * 9_000, "snapshot_unusable"),
    ],
)
def test_a_pointer_that_cannot_be_used_changes_nothing(
    running: GateRig, pointer: bytes, code: str
) -> None:
    (running.cache / "current").write_bytes(pointer)

    running.wait_until(lambda: running.status()["doubts"] == [code], "the doubt")

    assert running.status()["snapshot"]["seq"] == 100


def test_a_base_of_another_site_is_not_used(running: GateRig) -> None:
    place(running.cache, replace(open_site(), seq=104, site="zoo"))

    running.wait_until(
        lambda: running.status()["doubts"] == ["snapshot_of_another_site"], "the doubt"
    )

    assert running.status()["snapshot"]["seq"] == 100


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


@pytest.mark.fault("gate: its clock is wrong")
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
