"""`portillon enrol`, `sync` and `snapshot status` as a technician uses them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scanner.cli import main
from support.eventually import eventually
from support.real_central import RealCentral
from support.scripted_server import Answer, Heard, ScriptedServer

PORTILLON = "from scanner.cli import main; main()"


@pytest.fixture
def central(tmp_path: Path) -> Iterator[RealCentral]:
    with RealCentral(tmp_path / "central") as central:
        central.sell()
        central.publish()
        yield central


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path)


def write_config(tmp_path: Path, url: str = "") -> Path:
    path = tmp_path / "portillon.toml"
    path.write_text(
        f"[gate]\ndata_dir = '{tmp_path / 'data'}'\nruntime_dir = '{tmp_path / 'run'}'\n"
        f"[central]\nurl = '{url}'\n[turnstile]\nbackend = 'simulated'\n[camera]\nsource = 'none'\n"
    )
    return path


def portillon(config: Path, *words: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)], input=stdin)


def test_from_the_code_to_the_status(central: RealCentral, config: Path, tmp_path: Path) -> None:
    before = portillon(config, "snapshot", "status")
    assert (before.exit_code, "no snapshot yet" in before.output) == (1, True)

    code = tmp_path / "code.json"
    code.write_bytes(central.code())
    enrolled = portillon(config, "enrol", str(code))
    assert enrolled.exit_code == 0, enrolled.output
    assert "this is now gate 1 of 'museum'" in enrolled.output

    synced = portillon(config, "sync", "--once")
    assert synced.exit_code == 0, synced.output
    assert synced.stdout.startswith("✔ museum · snapshot ")

    status = json.loads(portillon(config, "snapshot", "status", "--json").stdout)
    assert (status["site"], status["grants"], status["is_age_proven"]) == ("museum", 1, True)
    assert 0 <= status["age_s"] < 600
    assert status["kept"] == [status["seq"]]
    told = portillon(config, "snapshot", "status").stdout
    assert f"✔ snapshot {status['seq']} of 'museum': 1 grants" in told


def test_a_contact_as_json_is_one_line(central: RealCentral, config: Path) -> None:
    assert portillon(config, "enrol", "-", stdin=central.code()).exit_code == 0

    result = portillon(config, "sync", "--once", "--json")

    (line,) = result.stdout.splitlines()
    assert json.loads(line)["snapshot_seq"] > 0
    assert "software" not in line


def test_the_central_learns_the_software_of_its_gates(central: RealCentral, config: Path) -> None:
    portillon(config, "enrol", central.code().decode())

    assert central.value("device", "software").startswith("portillon")


def test_a_contact_with_faults_exits_1_and_names_them(central: RealCentral, config: Path) -> None:
    portillon(config, "enrol", "-", stdin=central.code())
    central.stop()

    result = portillon(config, "sync", "--once")

    assert result.exit_code == 1
    assert "[central_refused]" in result.stdout


LONG = {
    "v": 1,
    "url": f"http://{'c' * 150}.example.org",
    "token": "t" * 26,
    "root_version": 1,
    "root_sha256": "0" * 64,
    "tls_spki_sha256": "0" * 64,
}
"""A code that is longer than a file's name may be, and wrong: plain http is for this machine only."""


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("no code at all", "enrolment_text_bad"),
        ("x" * 300, "enrolment_text_bad"),
        ("\udcff", "enrolment_text_bad"),
        (json.dumps(LONG), "central_url_bad"),
    ],
)
def test_what_a_person_can_mend_exits_2(config: Path, typed: str, code: str) -> None:
    result = portillon(config, "enrol", typed)

    assert (result.exit_code, f"[{code}]" in result.output) == (2, True)
    assert "tttttttt" not in result.output, "the token is a secret"


def test_a_contact_of_a_device_that_is_none_exits_1(config: Path) -> None:
    assert portillon(config, "sync", "--once").exit_code == 1


def test_sigterm_ends_it_at_once_while_the_line_is_a_black_hole(tmp_path: Path) -> None:
    def swallow(_heard: Heard) -> Answer:
        return wait()

    def wait() -> Iterator[bytes]:
        server.wait(60)
        yield b""

    with ScriptedServer(swallow) as server:
        config = write_config(tmp_path, server.url)
        enrol_by_hand(tmp_path, server.url)
        process = subprocess.Popen(
            [sys.executable, "-c", PORTILLON, "sync", "--config", str(config)],
            stderr=subprocess.PIPE,
        )
        try:
            assert eventually(lambda: bool(server.heard), within_s=30)
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0
        finally:
            process.kill()
            process.communicate()


def enrol_by_hand(tmp_path: Path, url: str) -> None:
    from sync.device import Device, save_device
    from sync.device_key import load_or_create_signer

    load_or_create_signer(tmp_path / "data" / "keys" / "device.key")
    save_device(
        tmp_path / "data" / "cache" / "device.json",
        Device(
            device="d1",
            site="museum",
            gate_no=1,
            peppers={},
            central_keys={},
            central_url=url,
            root_version=1,
            root_sha256="",
        ),
    )
