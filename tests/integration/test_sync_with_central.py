"""A gate's sync and the real central, over real sockets and real files."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete

from scanner.core.errors import ConfigError, GateError, StoreError
from scanner.records.ledger import Ledger
from server_stub.publishing.keys import create_signer
from server_stub.store import tables
from support.certificates import VALID, issue, save_pem
from support.fixed_clock import FixedClock
from support.ledgers import ENTRY, REFUSAL, record
from support.meddler import Alter, Passing, meddler
from support.real_central import RealCentral, machine_clock
from support.scripted_server import Heard, reply
from sync.cache import Cache
from sync.device import Device, load_device, save_device
from sync.enrolment import enrol, parse_invitation
from sync.peers import open_peers
from sync.report import ContactReport, load_status
from sync.settings import SyncSettings
from sync.wire import DeviceState
from sync.worker import Worker, run_once

DAY_MS = 86_400_000


@dataclass
class Gate:
    """One gate's data folder and what its processes do with it."""

    settings: SyncSettings
    clock: Any

    def enrol(self, code: bytes) -> Device:
        return enrol(parse_invitation(code), self.settings, self.clock)

    def contact(self, url: str = "") -> ContactReport:
        return run_once(replace(self.settings, central_url=url), self.clock)

    @property
    def device(self) -> Device:
        device = load_device(self.settings.device_path)
        assert device is not None
        return device

    @property
    def cache(self) -> Cache:
        return Cache(self.settings.cache_dir)

    @contextlib.contextmanager
    def ledger(self) -> Iterator[Ledger]:
        ledger = Ledger.open(self.settings.ledger_path.parent, self.device.device)  # type: ignore[arg-type]
        yield ledger
        ledger.close()

    def record(self, *shapes: dict[str, Any]) -> None:
        with self.ledger() as ledger:
            record(ledger, *shapes)

    def grants(self) -> int:
        """What a lane would find in the current base."""
        pointer = self.cache.current()
        assert pointer is not None
        uri = f"file:{self.cache.base_path(pointer)}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM access_grant").fetchone()[0])


def gate_in(folder: Path, clock: Any) -> Gate:
    settings = SyncSettings(
        data_dir=folder,
        runtime_dir=folder / "run",
        key_path=folder / "keys" / "device.key",
        read_timeout_s=5,
        total_timeout_s=10,
    )
    return Gate(settings, clock)


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A central and a gate that were introduced once; what follows begins with copies of both."""
    folder = tmp_path_factory.mktemp("enrolled")
    gate = gate_in(folder / "gate", machine_clock())
    with RealCentral(folder / "central") as central:
        central.sell()
        central.publish()
        gate.enrol(central.code())
        assert gate.contact().is_ok
    return folder


@pytest.fixture
def central(
    request: pytest.FixtureRequest, tmp_path: Path, enrolled: Path
) -> Iterator[RealCentral]:
    """It knows the gate, where the test asks for that; else it has nothing but a museum."""
    template = enrolled / "central" if "gate" in request.fixturenames else None
    with RealCentral(tmp_path / "central", template=template) as central:
        yield central


@pytest.fixture
def new_gate(tmp_path: Path) -> Callable[..., Gate]:
    return lambda name="gate", clock=None: gate_in(tmp_path / name, clock or machine_clock())


@pytest.fixture
def gate(
    central: RealCentral, tmp_path: Path, new_gate: Callable[..., Gate], enrolled: Path
) -> Gate:
    """An enrolled gate with the first snapshot in place."""
    shutil.copytree(enrolled / "gate", tmp_path / "gate")
    gate = new_gate()
    told = msgspec.structs.replace(gate.device, central_url=central.url)
    save_device(gate.settings.device_path, told)
    return gate


def codes(report: ContactReport) -> list[str]:
    return [fault.code for fault in report.faults]


def test_from_the_enrolment_code_to_a_live_base_and_a_verified_receipt(
    central: RealCentral, new_gate: Callable[..., Gate]
) -> None:
    sold = [central.sell() for _ in range(3)]
    published = central.publish()
    gate = new_gate()

    device = gate.enrol(central.code())
    report = gate.contact()

    assert (device.site, report.state) == ("museum", DeviceState.ACTIVE)
    assert report.is_ok
    assert (report.snapshot_seq, report.has_new_snapshot) == (published.seq, True)
    assert gate.grants() == len(sold)

    gate.record(*[ENTRY, REFUSAL] * 400)
    report = gate.contact()

    assert report.is_ok
    assert (report.sent, report.have, report.held, report.rejected) == (800, 800, 800, 0)
    assert central.count("fact") == 800
    peers, aside = open_peers(gate.settings.peers_path)
    with peers, gate.ledger() as ledger:
        receipt = peers.receipt(device.device, ledger.epoch)
        assert receipt is not None
        assert (receipt.have, receipt.head) == (ledger.head.seq, ledger.head.hash.hex())
    assert aside is None


def test_secrets_of_a_gate_are_for_its_account_only(central: RealCentral, gate: Gate) -> None:
    for path in (
        gate.settings.device_path,
        gate.settings.key_path,
        gate.settings.time_path,
        gate.settings.peers_path,
        gate.settings.root_path,
    ):
        assert path.stat().st_mode & 0o777 == 0o600, path
    papers = json.loads(gate.settings.device_path.read_bytes())
    assert papers["peppers"]
    assert gate.device.master() == central.central.secrets.event_master
    assert papers["event_master"] not in repr(gate.device)
    assert "pepper" not in repr(gate.device)


def test_the_status_file_tells_screens_how_the_last_contact_went(gate: Gate) -> None:
    status = load_status(gate.settings.status_path)

    assert status is not None
    assert (status.failures, status.report.site) == (0, "museum")
    assert status.last_ok_at_ms == status.report.at_ms


def test_a_contact_with_nothing_new_changes_nothing(central: RealCentral, gate: Gate) -> None:
    gate.record(ENTRY)
    gate.contact()
    before = sorted(path.name for path in gate.settings.cache_dir.iterdir())

    report = gate.contact()

    assert (report.is_ok, report.sent, report.has_new_snapshot) == (True, 0, False)
    assert sorted(path.name for path in gate.settings.cache_dir.iterdir()) == before
    assert central.count("fact") == 1


@pytest.mark.fault("line: refused")
def test_while_the_central_is_away_facts_wait_and_then_arrive_once(
    central: RealCentral, gate: Gate
) -> None:
    central.stop()
    gate.record(ENTRY, ENTRY)

    away = gate.contact()

    assert codes(away) == ["central_refused"]
    assert (away.unsent, away.alarms, gate.grants()) == (2, (), 1)

    central.start()
    back = gate.contact()

    assert (back.is_ok, back.have, central.count("fact")) == (True, 2, 2)


@pytest.mark.fault("line: replies lost after the central's commit")
def test_a_reply_that_is_lost_after_the_commit_doubles_nothing(
    central: RealCentral, gate: Gate
) -> None:
    gate.record(*[ENTRY] * 5)

    def cut_scans(heard: Heard, _reply: Passing) -> bytes | None:
        return b"" if heard.path == "/v1/scans" else None

    with meddler(central.port, cut_scans) as line:
        lost = gate.contact(line.url)
    assert codes(lost) == ["central_cut_off"]
    assert (lost.have, central.count("fact")) == (0, 5)

    again = gate.contact()

    assert (again.is_ok, again.have, again.sent, central.count("fact")) == (True, 5, 5, 5)


@pytest.mark.fault("central: restored from a backup")
def test_a_central_restored_from_a_backup_gets_everything_again(
    central: RealCentral, gate: Gate, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    gate.record(*[ENTRY] * 3)
    gate.contact()
    with contextlib.closing(sqlite3.connect(central.folder / "central.db")) as live:
        live.execute("VACUUM INTO ?", (str(backup),))
    gate.record(*[ENTRY] * 600)
    assert gate.contact().have == 603

    central.stop()
    central.central.database.close()
    for side in ("", "-wal", "-shm"):
        (central.folder / f"central.db{side}").unlink(missing_ok=True)
    shutil.copy(backup, central.folder / "central.db")
    central.reopen()
    assert central.count("fact") == 3

    report = gate.contact()

    assert (report.is_ok, report.have, central.count("fact")) == (True, 603, 603)


def test_other_lanes_facts_come_down_once(
    central: RealCentral, gate: Gate, new_gate: Callable[..., Gate]
) -> None:
    other = new_gate("other")
    other.enrol(central.code())
    other.contact()
    other.record(*[ENTRY] * 4)
    other.contact()
    gate.record(ENTRY)

    assert gate.contact().peer_facts == 4
    assert gate.contact().peer_facts == 0
    peers, _aside = open_peers(gate.settings.peers_path)
    with peers:
        assert peers.count_facts() == 4


@pytest.mark.fault("gate: other lanes' facts corrupted")
def test_a_damaged_peers_db_is_set_aside_and_comes_back_from_the_central(
    central: RealCentral, gate: Gate
) -> None:
    gate.record(*[ENTRY] * 3)
    gate.contact()
    gate.settings.peers_path.write_bytes(b"garbage" * 1_000)

    report = gate.contact()

    assert (report.is_ok, report.have, central.count("fact")) == (True, 3, 3)
    assert (gate.settings.peers_dir / "peers.db.damaged-1").exists()


@pytest.mark.fault("gate: other lanes' facts corrupted")
def test_a_peers_db_that_breaks_while_sync_runs_is_replaced(
    central: RealCentral, gate: Gate
) -> None:
    gate.record(ENTRY)
    with Worker.open(gate.settings, gate.clock) as worker:
        assert worker.contact().is_ok
        for side in ("-wal", "-shm", ""):
            path = gate.settings.peers_path.with_name(f"peers.db{side}")
            path.write_bytes(b"\xff" * path.stat().st_size)

        broken = worker.contact()
        after = worker.contact()

    assert codes(broken) == ["peers_unusable"]
    assert (after.is_ok, after.have, central.count("fact")) == (True, 1, 1)


@pytest.mark.fault("gate: cache corrupted")
def test_a_base_that_was_torn_on_disk_is_set_aside_and_fetched_again(
    central: RealCentral, gate: Gate
) -> None:
    pointer = gate.cache.current()
    assert pointer is not None
    path = gate.cache.base_path(pointer)
    torn = bytearray(path.read_bytes())
    torn[4_096 : 4_096 * 6] = bytes(range(256)) * 80
    path.write_bytes(torn)

    report = gate.contact()

    assert (report.is_ok, report.has_new_snapshot, gate.grants()) == (True, True, 1)
    assert path.with_name(f"{path.name}.damaged").exists()


IN_1970, IN_2099 = 0, 4_070_908_800_000


@pytest.mark.fault("gate: its clock is wrong")
@pytest.mark.parametrize("now_ms", [IN_1970, IN_2099])
def test_a_gate_whose_clock_stands_at_1970_or_2099_syncs_and_learns_the_time(
    central: RealCentral, new_gate: Callable[..., Gate], now_ms: int
) -> None:
    central.publish()
    gate = new_gate(clock=FixedClock(now_ms=now_ms))
    gate.enrol(central.code())

    report = gate.contact()

    assert report.is_ok
    proof = json.loads(gate.settings.time_path.read_bytes())
    assert abs(proof["now_ms"] - central.clock.now_ms()) < 60_000
    assert (proof["boot"], proof["mono_ms"], proof["source"]) == ("boot-1", 1_000, "central")


@pytest.mark.fault("gate: its clock jumps by a day")
@pytest.mark.parametrize("days", [-1, 1])
def test_a_gate_whose_clock_jumps_by_a_day_syncs_on(
    central: RealCentral, new_gate: Callable[..., Gate], days: int
) -> None:
    central.publish()
    clock = FixedClock(now_ms=central.clock.now_ms())
    gate = new_gate(clock=clock)
    gate.enrol(central.code())
    assert gate.contact().is_ok
    gate.record(ENTRY)
    clock.now += days * DAY_MS
    gate.record(ENTRY)
    central.sell()
    newest = central.publish()

    report = gate.contact()

    assert report.is_ok, report.faults
    assert (report.have, report.held, report.snapshot_seq) == (2, 2, newest.seq)
    assert gate.grants() == 1


def test_over_tls_with_a_key_of_its_own_making_the_pin_is_all_that_counts(
    tmp_path: Path, new_gate: Callable[..., Gate]
) -> None:
    pem = save_pem(tmp_path / "central.pem", issue("a central in a cupboard"))
    clock = FixedClock(now_ms=int(VALID.timestamp() * 1_000) + DAY_MS)
    with RealCentral(tmp_path / "central", tls_pem=pem, clock=clock) as central:
        central.publish()
        gate = new_gate(clock=FixedClock(now_ms=0))

        device = gate.enrol(central.code())

        assert device.central_url.startswith("https://")
        assert device.tls_spki_sha256 is not None
        assert gate.contact().is_ok
        clock.pass_ms(100 * DAY_MS)
        assert codes(gate.contact()) == ["central_certificate_refused"]


def test_a_newer_snapshot_replaces_the_old_one_and_facts_go_first(
    central: RealCentral, gate: Gate
) -> None:
    gate.record(ENTRY)
    central.sell()
    newer = central.publish()
    paths: list[str] = []

    def note(heard: Heard, _reply: Passing) -> None:
        paths.append(heard.path.partition("?")[0])

    with meddler(central.port, note) as line:
        report = gate.contact(line.url)

    assert report.is_ok
    assert (report.snapshot_seq, gate.grants()) == (newer.seq, 2)
    assert paths[:3] == ["/v1/time", "/v1/device", "/v1/scans"]
    assert paths[-1].endswith(".zst")


def refused_by(
    central: RealCentral, gate: Gate, alter: Alter
) -> tuple[ContactReport, ContactReport]:
    """A new snapshot with somebody on the line, and the next contact without."""
    gate.record(ENTRY)
    central.sell()
    central.publish()
    before = gate.cache.current()
    with meddler(central.port, alter) as line:
        report = gate.contact(line.url)
    assert gate.cache.current() == before
    assert gate.grants() == 1
    return report, gate.contact()


def altering(ending: str, change: Callable[[bytes], bytes]) -> Alter:
    def alter(heard: Heard, passing: Passing) -> Passing | None:
        return passing.with_body(change(passing.body)) if heard.path.endswith(ending) else None

    return alter


@pytest.mark.fault("attack: a snapshot altered on its way")
@pytest.mark.parametrize(
    ("ending", "change", "code"),
    [
        ("timestamp.json", lambda raw: raw.replace(b'"sig": "', b'"sig": "00'), None),
        ("manifest.json", lambda raw: raw.replace(b"museum", b"louvre"), "snapshot_damaged"),
        (".zst", lambda raw: raw[:-1], "snapshot_damaged"),
        (".zst", lambda raw: raw + b"x", "snapshot_oversize"),
        (".zst", lambda raw: bytes(len(raw)), "snapshot_damaged"),
    ],
)
def test_a_snapshot_altered_on_its_way_is_refused_and_facts_still_go_up(
    central: RealCentral,
    gate: Gate,
    ending: str,
    change: Callable[[bytes], bytes],
    code: str | None,
) -> None:
    report, after = refused_by(central, gate, altering(ending, change))

    assert codes(report) == [code or "snapshot_signature_bad"]
    assert [alarm.code for alarm in report.alarms] == codes(report)
    assert (report.have, central.count("fact")) == (1, 1)
    assert (after.is_ok, gate.grants()) == (True, 2)


@pytest.mark.fault("line: cut in the middle of a download")
def test_a_download_that_is_cut_goes_on_at_the_next_contact(
    central: RealCentral, gate: Gate
) -> None:
    def cut(heard: Heard, passing: Passing) -> list[bytes] | None:
        whole = passing.as_answer()
        return [whole[:-40]] if heard.path.endswith(".zst") else None

    report, after = refused_by(central, gate, cut)

    assert codes(report) == ["central_cut_off"]
    assert (after.is_ok, gate.grants()) == (True, 2)


@pytest.mark.fault("line: captive portal")
@pytest.mark.parametrize("path", ["/v1/time", "/v1/device", "/v1/repo"])
def test_a_captive_portal_answers_nothing_for_the_central(
    central: RealCentral, gate: Gate, path: str
) -> None:
    page = reply(b"<html>Please log in</html>", kind="text/html")

    def portal(heard: Heard, _reply: Passing) -> bytes | None:
        return page if heard.path.startswith(path) else None

    report, after = refused_by(central, gate, portal)

    assert codes(report) == ["captive_portal"]
    assert report.alarms == ()
    assert (after.is_ok, after.have, central.count("fact"), gate.grants()) == (True, 1, 1, 2)


@pytest.mark.fault("line: captive portal")
def test_a_captive_portal_on_one_path_does_not_keep_a_snapshot_away(
    central: RealCentral, gate: Gate
) -> None:
    page = reply(b"<html>Please log in</html>", kind="text/html")
    gate.record(ENTRY)
    central.sell()
    newer = central.publish()

    with meddler(central.port, lambda h, _r: page if h.path == "/v1/scans" else None) as line:
        report = gate.contact(line.url)

    assert (codes(report), report.have) == (["captive_portal"], 0)
    assert report.snapshot_seq == newer.seq


@pytest.mark.fault("attack: a forged answer")
def test_a_receipt_that_was_altered_does_not_count(central: RealCentral, gate: Gate) -> None:
    def lie(heard: Heard, passing: Passing) -> Passing | None:
        if heard.path != "/v1/scans":
            return None
        exchange = json.loads(passing.body)
        exchange["receipt"]["at"] += 1
        return passing.with_body(json.dumps(exchange).encode())

    gate.record(ENTRY)
    with meddler(central.port, lie) as line:
        report = gate.contact(line.url)

    assert codes(report) == ["receipt_signature_bad"]
    assert report.have == 0


@pytest.mark.fault("attack: a replayed request")
def test_a_replayed_request_is_refused_by_the_central(central: RealCentral, gate: Gate) -> None:
    seen: list[Heard] = []

    def note(heard: Heard, _reply: Passing) -> None:
        seen.append(heard)

    with meddler(central.port, note) as line:
        gate.contact(line.url)
    device = next(heard for heard in seen if heard.path == "/v1/device")

    with meddler(central.port, lambda _heard, _reply: None) as line:
        again = line.script(device)

    assert isinstance(again, bytes)
    assert again.startswith(b"HTTP/1.1 401")


@pytest.mark.fault("attack: a forged answer")
def test_signed_time_that_was_altered_ends_the_contact(central: RealCentral, gate: Gate) -> None:
    def lie(heard: Heard, passing: Passing) -> Passing | None:
        if not heard.path.startswith("/v1/time"):
            return None
        told = json.loads(passing.body)
        told["now"] += DAY_MS
        return passing.with_body(json.dumps(told).encode())

    before = gate.settings.time_path.read_bytes()
    with meddler(central.port, lie) as line:
        report = gate.contact(line.url)

    assert codes(report) == ["time_signature_bad"]
    assert gate.settings.time_path.read_bytes() == before


@pytest.mark.fault("attack: a forged answer")
def test_an_answer_about_another_device_is_not_used(central: RealCentral, gate: Gate) -> None:
    def lie(heard: Heard, passing: Passing) -> Passing | None:
        if heard.path != "/v1/device":
            return None
        told = json.loads(passing.body) | {"device": "another", "state": "revoked"}
        return passing.with_body(json.dumps(told).encode())

    with meddler(central.port, lie) as line:
        report = gate.contact(line.url)

    assert codes(report) == ["device_reply_wrong"]
    assert gate.cache.current() is not None


@pytest.mark.fault("attack: a forged answer")
def test_a_strangers_403_erases_nothing(central: RealCentral, gate: Gate) -> None:
    forged = reply(b'{"code": "device_revoked", "message": "go"}', status="403 Forbidden")

    with meddler(central.port, lambda _heard, _reply: forged) as line:
        report = gate.contact(line.url)

    assert codes(report) == ["device_revoked"]
    assert gate.grants() == 1
    assert gate.device.peppers


def test_an_event_master_that_a_device_lacks_comes_with_the_next_contact(
    central: RealCentral, gate: Gate
) -> None:
    before_upgrade = msgspec.structs.replace(gate.device, event_master=None)
    save_device(gate.settings.device_path, before_upgrade)

    gate.contact()

    assert gate.device.master() == central.central.secrets.event_master


def test_keys_that_the_central_changed_come_with_the_next_snapshot(
    central: RealCentral, gate: Gate
) -> None:
    gate.record(ENTRY)
    central.stop()
    (central.folder / "keys" / "receipts.pem").unlink()
    create_signer(central.folder / "keys" / "receipts.pem")
    central.central.database.close()
    central.reopen()
    central.publish()

    changed = gate.contact()
    after = gate.contact()

    assert codes(changed) == ["central_key_unknown", "central_key_unknown"]
    assert changed.alarms == ()
    assert (after.is_ok, after.have, central.count("fact")) == (True, 1, 1)


def test_a_snapshot_for_a_pepper_we_do_not_hold_is_not_taken(
    central: RealCentral, gate: Gate
) -> None:
    def rename(heard: Heard, passing: Passing) -> Passing | None:
        if heard.path != "/v1/device":
            return None
        told = json.loads(passing.body)
        told["peppers"] = {"other": next(iter(told["peppers"].values()))}
        return passing.with_body(json.dumps(told).encode())

    report, after = refused_by(central, gate, rename)

    assert codes(report) == ["pepper_missing"]
    assert (after.is_ok, gate.grants()) == (True, 2)


def test_a_lost_root_is_named_and_facts_still_go_up(central: RealCentral, gate: Gate) -> None:
    gate.settings.root_path.unlink()
    gate.record(ENTRY)

    report = gate.contact()

    assert (codes(report), report.have, gate.grants()) == (["root_missing"], 1, 1)


@pytest.mark.fault("line: proxy is busy")
def test_a_busy_proxy_is_given_the_time_it_asks_for(central: RealCentral, gate: Gate) -> None:
    busy = reply(b"busy", status="503 Busy", kind="text/html", headers={"Retry-After": "9"})

    with meddler(central.port, lambda _heard, _reply: busy) as line:
        report = gate.contact(line.url)

    assert (codes(report), report.retry_after_s) == (["central_busy"], 9)


@pytest.mark.fault("attack: rolled back or frozen")
def test_an_older_repository_is_refused_and_the_newer_base_stays(
    central: RealCentral, gate: Gate, tmp_path: Path
) -> None:
    repository = central.folder / "repository"
    shutil.copytree(repository, tmp_path / "yesterday")
    central.sell()
    central.publish()
    assert gate.contact().has_new_snapshot

    shutil.rmtree(repository)
    shutil.copytree(tmp_path / "yesterday", repository)
    report = gate.contact()

    assert codes(report) == ["snapshot_rolled_back"]
    assert gate.grants() == 2


@pytest.mark.fault("attack: another site's snapshot")
def test_another_centrals_repository_is_refused(
    central: RealCentral, gate: Gate, tmp_path: Path
) -> None:
    with RealCentral(tmp_path / "other", has_own_keys=True) as other:
        other.publish()
        shutil.rmtree(central.folder / "repository")
        shutil.copytree(other.folder / "repository", central.folder / "repository")

    report = gate.contact()

    assert codes(report) == ["snapshot_signature_bad"]
    assert gate.grants() == 1


@pytest.mark.fault("attack: rolled back or frozen")
def test_a_repository_whose_signatures_ran_out_is_refused_and_facts_still_go_up(
    tmp_path: Path, new_gate: Callable[..., Gate]
) -> None:
    clock = FixedClock()
    with RealCentral(tmp_path / "central", clock=clock) as central:
        central.publish()
        gate = new_gate()
        gate.enrol(central.code())
        assert gate.contact().is_ok
        gate.record(ENTRY)

        clock.pass_ms(60 * DAY_MS)
        report = gate.contact()

        assert codes(report) == ["snapshot_expired"]
        assert (report.have, central.count("fact")) == (1, 1)
        assert gate.cache.current() is not None


def test_before_the_first_publication_a_gate_says_so_and_its_facts_go_up(
    central: RealCentral, new_gate: Callable[..., Gate]
) -> None:
    gate = new_gate()
    gate.enrol(central.code())
    gate.record(ENTRY)

    report = gate.contact()

    assert codes(report) == ["snapshot_not_published"]
    assert (report.have, report.alarms) == (1, ())


def refusal(action: Callable[[], object]) -> GateError:
    with pytest.raises(GateError) as caught:
        action()
    return caught.value


def test_a_token_is_good_for_one_device(
    central: RealCentral, new_gate: Callable[..., Gate]
) -> None:
    code = central.code()
    new_gate("first").enrol(code)

    second = new_gate("second")
    fault = refusal(lambda: second.enrol(code))

    assert fault.code == "enrolment_token"
    assert "used already" in fault.message
    assert load_device(second.settings.device_path) is None


def test_a_token_runs_out(tmp_path: Path, new_gate: Callable[..., Gate]) -> None:
    clock = FixedClock()
    with RealCentral(tmp_path / "central", clock=clock) as central:
        code = central.code()
        clock.pass_ms(16 * 60_000)

        fault = refusal(lambda: new_gate().enrol(code))

    assert fault.code == "enrolment_token"
    assert "15 minutes" in fault.message


def test_an_enrolment_whose_answer_was_lost_succeeds_when_it_is_tried_again(
    central: RealCentral, new_gate: Callable[..., Gate]
) -> None:
    code, gate = central.code(), new_gate()

    def cut(heard: Heard, _reply: Passing) -> bytes | None:
        return b"" if heard.path == "/v1/enrol" else None

    with meddler(central.port, cut) as line:
        fault = refusal(lambda: enrol(parse_invitation(code, line.url), gate.settings, gate.clock))
    assert fault.code == "central_cut_off"

    assert gate.enrol(code).site == "museum"


def test_a_central_with_another_root_than_the_codes_is_refused(
    central: RealCentral, new_gate: Callable[..., Gate]
) -> None:
    code = msgspec.json.decode(central.code())
    code["root_sha256"] = "0" * 64
    gate = new_gate()

    fault = refusal(lambda: gate.enrol(msgspec.json.encode(code)))

    assert fault.code == "root_not_pinned"
    assert load_device(gate.settings.device_path) is None


def test_an_enrolled_device_is_not_enrolled_again(central: RealCentral, gate: Gate) -> None:
    before = gate.settings.device_path.read_bytes()

    fault = refusal(lambda: gate.enrol(central.code()))

    assert isinstance(fault, ConfigError)
    assert fault.code == "already_enrolled"
    assert gate.settings.device_path.read_bytes() == before


def test_a_bare_token_enrols_at_a_given_address(
    central: RealCentral, new_gate: Callable[..., Gate]
) -> None:
    central.publish()
    token = msgspec.json.decode(central.code())["token"].encode()
    gate = new_gate()

    enrol(parse_invitation(token + b"\n", central.url), gate.settings, gate.clock)

    assert gate.contact().is_ok


def test_a_revoked_device_erases_itself_and_its_facts_still_arrive(
    central: RealCentral, gate: Gate, new_gate: Callable[..., Gate]
) -> None:
    other = new_gate("other")
    other.enrol(central.code())
    other.contact()
    other.record(ENTRY)
    other.contact()
    gate.contact()
    gate.record(ENTRY, ENTRY)
    central.revoke(gate.device.device)

    report = gate.contact()

    assert codes(report) == ["sync_revoked"]
    assert (report.have, report.snapshot_seq) == (2, 0)
    assert gate.device.is_revoked
    assert gate.device.peppers == {}
    assert gate.device.master() is None
    assert gate.cache.current() is None
    assert sorted(path.name for path in gate.settings.cache_dir.iterdir()) == [
        "device.json",
        "lock",
        "time.json",
    ]
    peers, _aside = open_peers(gate.settings.peers_path)
    with peers:
        assert peers.count_facts() == 0


def test_a_revoked_device_may_be_enrolled_anew(central: RealCentral, gate: Gate) -> None:
    first = gate.device.device
    with gate.ledger() as ledger:
        record(ledger, ENTRY)
        epoch = ledger.epoch
    central.revoke(first)
    gate.contact()

    gate.enrol(central.code())
    with gate.ledger() as ledger:
        record(ledger, ENTRY)
        assert ledger.epoch != epoch
    report = gate.contact()

    assert gate.device.device != first
    assert (report.is_ok, report.have, gate.grants()) == (True, 1, 1)


def test_facts_of_an_earlier_identity_are_not_sent_as_our_own(
    central: RealCentral, gate: Gate
) -> None:
    gate.record(ENTRY)
    central.revoke(gate.device.device)
    gate.contact()
    gate.enrol(central.code())

    assert codes(gate.contact()) == ["ledger_not_ours"]


@pytest.mark.fault("gate: cloned card")
def test_a_copied_gate_is_found_out(
    central: RealCentral, gate: Gate, new_gate: Callable[..., Gate]
) -> None:
    gate.record(ENTRY)
    gate.contact()
    twin = new_gate("twin")
    shutil.copytree(gate.settings.data_dir, twin.settings.data_dir)
    gate.record(ENTRY)
    twin.record(REFUSAL)
    gate.contact()

    report = twin.contact()

    assert codes(report)[0] == "receipt_differs"
    assert codes(gate.contact()) == ["sync_quarantined"]


def test_before_enrolment_a_contact_says_what_to_do(new_gate: Callable[..., Gate]) -> None:
    report = new_gate().contact()

    assert codes(report) == ["sync_not_enrolled"]
    assert "portillon enrol" in report.faults[0].hint


def test_a_second_sync_on_the_same_folder_does_nothing(gate: Gate) -> None:
    with Worker.open(gate.settings, gate.clock), pytest.raises(StoreError) as caught:
        gate.contact()

    assert caught.value.code == "sync_already_running"
    assert gate.contact().is_ok


def test_a_missing_key_is_named_and_nothing_is_sent(gate: Gate) -> None:
    gate.settings.key_path.unlink()

    assert codes(gate.contact()) == ["device_key_missing"]


def test_a_gate_whose_central_forgot_it_is_refused(central: RealCentral, gate: Gate) -> None:
    central.change(lambda c: c.execute(delete(tables.enrolment_token)))
    central.change(lambda c: c.execute(delete(tables.ledger)))
    central.change(lambda c: c.execute(delete(tables.device)))

    report = gate.contact()

    assert codes(report) == ["signature_refused"]
    assert gate.grants() == 1
