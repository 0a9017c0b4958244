"""A new gate's life begins with a code before its own camera: real gate, real sync, real central; and once more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.enrolling import is_enrolment
from server_stub.demo.scenes import Scene, Shown, render
from support.gates import CONFIG, START_WITHIN_S, GateRig, environment
from support.real_central import RealCentral
from support.warm import WarmProcess
from sync.device import load_device
from sync.ledger_format import connect_reader, load_origin

SYNC = "from scanner.cli import main; main()"
FRAME = (1280, 720)


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCentral]:
    with RealCentral(tmp_path_factory.mktemp("by-camera") / "central") as made:
        made.publish()
        yield made


@pytest.fixture
def rig(central: RealCentral, tmp_path: Path) -> Iterator[GateRig]:
    """A gate that nobody has enrolled, with its sync."""
    section = f'\n[central]\nurl = "{central.url}"\npoll_s = 0.5\n'
    with GateRig(tmp_path, site=None, config=CONFIG + section, is_time_known=False) as made:
        made.hold_up()
        with (tmp_path / "sync.log").open("ab") as log:
            arguments = ["sync", "--config", str(made.config_path)]
            sync = WarmProcess(
                [sys.executable, "-c", SYNC, *arguments], env=environment(), stdout=log, stderr=log
            )
        try:
            yield made
        finally:
            sync.kill()
            sync.wait(20)


def hold_up_code(rig: GateRig, code: bytes) -> None:
    """On paper, as the central prints it."""
    shown = Shown(payload=code, medium="paper", px_per_module=6)
    rig.screen.show(render(Scene(shown=(shown,)), *FRAME))


def identity(rig: GateRig) -> tuple[str, str]:
    connection = connect_reader(rig.ledger)
    try:
        origin = load_origin(connection)
        return origin.device, origin.epoch
    finally:
        connection.close()


def is_revoked(rig: GateRig) -> bool:
    device = load_device(rig.cache / "device.json")
    return device is not None and device.is_revoked


def test_a_gate_is_enrolled_revoked_and_enrolled_again_by_its_own_camera(
    central: RealCentral, rig: GateRig
) -> None:
    code = central.code()
    rig.start()
    rig.wait_until(lambda: bool(rig.logged("gate_not_enrolled")), "a gate that waits")
    hold_up_code(rig, code)
    rig.wait_until(rig.answers, "a gate that works", START_WITHIN_S)
    rig.hold_up()
    first = identity(rig)
    assert not (rig.runtime / "enrol").exists()
    assert b"token" not in rig.log_path.read_bytes()
    assert rig.stop() == 0

    central.revoke(first[0])
    rig.wait_until(lambda: is_revoked(rig), "a gate that erased itself", START_WITHIN_S)
    rig.start()
    rig.wait_until(lambda: bool(rig.logged("gate_revoked")), "a gate that waits again")
    hold_up_code(rig, central.code())
    rig.wait_until(rig.answers, "a gate that works again", START_WITHIN_S)

    device, epoch = identity(rig)
    assert device != first[0]
    assert epoch != first[1]
    assert rig.stop() == 0


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"{}", b'{"v":1}', b"TK1:ABC", b"4001234567890", b"{" * 9_000]
)
def test_a_ticket_is_no_enrolment_code(payload: bytes) -> None:
    assert not is_enrolment(payload)


def test_an_enrolment_code_is_known_by_its_shape(central: RealCentral) -> None:
    assert is_enrolment(central.code())
