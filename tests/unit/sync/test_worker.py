"""The worker between contacts: waiting, telling once, enrolling by a code that the camera read."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import msgspec
import pytest

from scanner.core.units import DeviceId
from scanner.records.ledger import Ledger
from support.fixed_clock import FixedClock
from support.scripted_server import Answer, Heard, ScriptedServer, reply
from sync.backoff import limit_s
from sync.device import Device, save_device
from sync.device_key import load_or_create_signer
from sync.report import (
    ContactReport,
    SyncStatus,
    describe_report,
    load_status,
    save_status,
)
from sync.session import Fault
from sync.settings import SyncSettings
from sync.wire import NonceReply
from sync.worker import LOOK_FOR_CODE_S, POLL_JITTER, Worker, run


@pytest.fixture
def settings(tmp_path: Path) -> SyncSettings:
    return SyncSettings(
        data_dir=tmp_path / "data",
        runtime_dir=tmp_path / "run",
        key_path=tmp_path / "data" / "keys" / "device.key",
        poll_s=30,
    )


def enrol_with(settings: SyncSettings, url: str) -> None:
    load_or_create_signer(settings.key_path)
    save_device(
        settings.device_path,
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


def nowhere() -> str:
    """An address where nothing listens any more."""
    with ScriptedServer(lambda _heard: b"") as server:
        return server.url


def test_a_dead_line_is_tried_again_after_a_random_wait_that_may_double(
    settings: SyncSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "portillon.sync")
    enrol_with(settings, nowhere())
    with Worker.open(settings, FixedClock()) as worker:
        for failures in range(1, 9):
            assert 0 <= worker.turn() <= limit_s(failures)

    assert [record.__dict__["code"] for record in caplog.records] == ["central_refused"]
    status = load_status(settings.status_path)
    assert status is not None
    assert (status.failures, status.last_ok_at_ms) == (8, None)
    assert status.report.faults[0].is_line


def test_what_is_over_is_told_once(
    settings: SyncSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "portillon.sync")
    enrol_with(settings, nowhere())
    with Worker.open(settings, FixedClock()) as worker:
        worker.turn()
        worker.turn()
        settings.key_path.unlink()
        worker.turn()
        worker.turn()

    assert [record.getMessage() for record in caplog.records if record.levelname == "INFO"] == [
        "over: central_refused"
    ]
    assert [r.__dict__["code"] for r in caplog.records] == [
        "central_refused",
        "device_key_missing",
        "central_refused",
    ]


def test_a_busy_central_is_left_alone_for_as_long_as_it_asks(settings: SyncSettings) -> None:
    busy = reply(status="503 Busy", headers={"Retry-After": "90"})

    with ScriptedServer(lambda _heard: busy) as server:
        enrol_with(settings, server.url)
        with Worker.open(settings, FixedClock()) as worker:
            assert worker.turn() >= 90


def test_a_central_that_was_heard_is_asked_again_at_the_usual_time(
    settings: SyncSettings,
) -> None:
    with ScriptedServer(lambda _heard: reply(b"<p>", kind="text/html")) as server:
        enrol_with(settings, server.url)
        with Worker.open(settings, FixedClock()) as worker:
            assert worker.turn() >= settings.poll_s * (1 - POLL_JITTER)


def test_a_device_without_enrolment_waits_for_a_code_and_says_so_once(
    settings: SyncSettings, caplog: pytest.LogCaptureFixture
) -> None:
    with Worker.open(settings, FixedClock()) as worker:
        assert [worker.turn() for _ in range(3)] == [LOOK_FOR_CODE_S] * 3

    assert [record.__dict__["code"] for record in caplog.records] == ["sync_not_enrolled"]


def test_a_code_that_the_camera_read_is_used_once(
    settings: SyncSettings, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(heard: Heard) -> Answer:
        if heard.path == "/v1/nonce":
            return reply(msgspec.json.encode(NonceReply("nonce-1")))
        return reply(b'{"code": "enrolment_token", "message": "used"}', status="403 Forbidden")

    settings.runtime_dir.mkdir()
    with ScriptedServer(refuse) as server, Worker.open(settings, FixedClock()) as worker:
        code = {
            "v": 1,
            "url": server.url,
            "token": "t" * 26,
            "root_version": 1,
            "root_sha256": "",
        }
        settings.invitation_path.write_bytes(msgspec.json.encode(code))
        worker.turn()
        worker.turn()

    assert not settings.invitation_path.exists()
    assert [heard.path for heard in server.heard] == ["/v1/nonce", "/v1/enrol"]
    assert "enrolment_token" in [record.__dict__["code"] for record in caplog.records]
    assert "t" * 26 not in caplog.text


def test_garbage_in_the_runtime_folder_is_taken_away_and_named(
    settings: SyncSettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.runtime_dir.mkdir()
    settings.invitation_path.write_bytes(b"\xff" * 9_000)
    with Worker.open(settings, FixedClock()) as worker:
        worker.turn()

    assert not settings.invitation_path.exists()
    assert "enrolment_text_bad" in [record.__dict__["code"] for record in caplog.records]


def test_it_ends_when_it_is_told_to(settings: SyncSettings) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, FixedClock(), stop))
    thread.start()

    stop.set()
    thread.join(5)

    assert not thread.is_alive()


def test_a_status_that_cannot_be_written_stops_nothing(
    settings: SyncSettings, caplog: pytest.LogCaptureFixture
) -> None:
    enrol_with(settings, nowhere())
    (settings.status_path / "full").mkdir(parents=True)

    with Worker.open(settings, FixedClock()) as worker:
        worker.turn()

    assert "file_not_written" in [record.__dict__["code"] for record in caplog.records]


def test_a_disk_that_takes_no_peers_db_stops_nothing(settings: SyncSettings) -> None:
    enrol_with(settings, nowhere())
    with Worker.open(settings, FixedClock()) as worker:
        worker.turn()
        with Ledger.open(settings.ledger_path.parent, DeviceId("d1")):
            pass
        for side in ("-wal", "-shm", ""):
            settings.peers_path.with_name(f"peers.db{side}").unlink()
        settings.peers_path.mkdir()
        worker._peers.close()

        reports = [worker.contact() for _ in range(2)]

    assert [r.faults[0].code for r in reports] == ["peers_unusable", "peers_unusable"]


def test_a_status_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    report = ContactReport(
        at_ms=5, site="museum", have=3, held=7, faults=(Fault("a_code", "words", "do", True, 2.0),)
    )
    status = SyncStatus(report=report, last_ok_at_ms=4, failures=1)

    save_status(tmp_path / "status.json", status)

    assert load_status(tmp_path / "status.json") == status
    assert load_status(tmp_path / "none.json") is None
    (tmp_path / "bad.json").write_bytes(b"{")
    assert load_status(tmp_path / "bad.json") is None


def test_a_dead_line_is_no_alarm_and_a_forged_snapshot_is_one() -> None:
    dead = Fault("central_refused", "down", is_line=True)
    portal = Fault("captive_portal", "log in")
    forged = Fault("snapshot_signature_bad", "forged")
    report = ContactReport(at_ms=0, have=1, held=4, faults=(dead, portal, forged))

    assert (report.is_ok, report.unsent, report.alarms) == (False, 3, (forged,))


def test_a_contact_is_told_in_a_few_lines() -> None:
    report = ContactReport(
        at_ms=0,
        site="museum",
        snapshot_seq=8,
        has_new_snapshot=True,
        sent=2,
        have=5,
        held=5,
        faults=(Fault("a_code", "words", "do this"),),
    )

    assert describe_report(report).splitlines() == [
        "✖ museum · snapshot 8 (new) · 2 facts sent, 5 of 5 receipted",
        "  words [a_code]",
        "    → do this",
    ]
