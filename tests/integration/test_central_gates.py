"""What gates may ask of the central, over real sockets: enrolment, the repository, facts up, and every way to cheat."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.events import FactKind
from server_stub import tables
from server_stub.central import Central
from server_stub.devices import add_device, release_device, revoke_device
from server_stub.listings import load_records
from server_stub.publisher import publish
from support.central_site import CentralClock, museum, rows, sell_annual, served
from support.gate_facts import entry, fact, refusal
from support.signed_caller import GENESIS_HEX, Caller, enrolled
from sync.wire import NONCE_HEADER, REQUEST_BYTES


@dataclass
class Site:
    central: Central
    clock: CentralClock
    url: str

    def device(self, gate: str = "G1", epoch: str = "epoch-1") -> Caller:
        return enrolled(self.central, self.url, gate, epoch)

    def token(self) -> str:
        return add_device(self.central, "G1")[1].token

    def device_state(self, device: str) -> str:
        with self.central.database.read() as connection:
            states = {r["device"]: r["state"] for r in load_records(connection, "devices")}
        return str(states[device])

    def alerts(self) -> list[str]:
        with self.central.database.read() as connection:
            return [record["code"] for record in load_records(connection, "alerts")]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    clock = CentralClock()
    with museum(tmp_path_factory.mktemp("site"), clock) as central, served(central) as url:
        sell_annual(central)
        publish(central)
        yield Site(central, clock, url)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    clock = CentralClock()
    with museum(tmp_path, clock) as central, served(central) as url:
        yield Site(central, clock, url)


def code_of(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_time_is_signed_with_the_callers_challenge_by_the_key_told_at_enrolment(
    shared: Site,
) -> None:
    caller = Caller(shared.url)
    papers = caller.enrol(shared.token()).json()
    reply = requests.get(
        f"{shared.url}/v1/time", params={"nonce": "challenge-0123456789"}, timeout=10
    ).json()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(papers["central_keys"][reply["kid"]]))

    key.verify(
        base64.b64decode(reply["signature"]),
        f"portillon-time-1\n{shared.clock.now}\nchallenge-0123456789".encode(),
    )


@pytest.mark.parametrize("challenge", ["short", "line\nbreak-0123456789", "x" * 87, ""])
def test_nothing_but_a_plain_challenge_is_signed(shared: Site, challenge: str) -> None:
    response = requests.get(f"{shared.url}/v1/time", params={"nonce": challenge}, timeout=10)

    assert response.status_code == 422


def test_enrolment_gives_all_that_makes_a_gate(shared: Site) -> None:
    caller = Caller(shared.url)
    device, text = add_device(shared.central, "G2")
    papers = caller.enrol(text.token).json()
    root = caller.call("GET", f"/v1/repo/metadata/{text.root_version}.root.json").content

    assert (papers["device"], papers["site"], papers["gate_no"]) == (device, "museum", 2)
    assert len(papers["peppers"]) == 1
    assert base64.b64decode(papers["event_master"]) == shared.central.secrets.event_master
    assert hashlib.sha256(root).hexdigest() == text.root_sha256 == papers["root_sha256"]


def test_a_lost_reply_to_an_enrolment_may_be_asked_for_again_with_the_same_key(
    shared: Site,
) -> None:
    caller, token = Caller(shared.url), shared.token()

    assert caller.enrol(token).json() == caller.enrol(token).json()


def test_a_token_is_good_for_one_key(shared: Site) -> None:
    token = shared.token()
    Caller(shared.url).enrol(token)

    assert code_of(Caller(shared.url).enrol(token)) == (403, "enrolment_token")


def test_a_token_is_good_for_15_minutes(site: Site) -> None:
    token = site.token()
    site.clock.now += 15 * 60 * 1_000

    assert code_of(Caller(site.url).enrol(token)) == (403, "enrolment_token")


def test_a_guessed_token_is_refused(shared: Site) -> None:
    assert code_of(Caller(shared.url).enrol("a" * 26)) == (403, "enrolment_token")


def test_an_enrolment_must_be_signed_by_the_key_it_brings(shared: Site) -> None:
    response = Caller(shared.url).enrol(shared.token(), public_key=Caller(shared.url).public)

    assert code_of(response) == (403, "enrolment_signature")


def test_a_key_cannot_enrol_as_a_second_device(shared: Site) -> None:
    caller = shared.device()

    assert code_of(caller.enrol(shared.token())) == (409, "device_key_taken")


def test_a_device_revoked_before_it_enrolled_cannot_enrol(site: Site) -> None:
    device, text = add_device(site.central, "G1")
    with site.central.database.write() as connection:
        revoke_device(connection, device, site.clock.now_ms())

    assert code_of(Caller(site.url).enrol(text.token)) == (403, "enrolment_token")


def test_every_reply_brings_a_nonce_even_of_what_does_not_exist(shared: Site) -> None:
    nonces = {
        requests.get(shared.url + path, timeout=10).headers[NONCE_HEADER]
        for path in ("/v1/health", "/v1/nothing", "/v1/device", "/v1/nonce")
    }

    assert len(nonces) == 4


def test_a_nonce_of_any_reply_signs_the_next_request(shared: Site) -> None:
    caller = shared.device()
    refused = requests.get(f"{shared.url}/v1/device", timeout=10)

    assert code_of(refused) == (401, "signature_refused")
    assert caller.call("GET", "/v1/device", nonce=refused.headers[NONCE_HEADER]).ok


@pytest.mark.parametrize(
    "path", ["/v1/device", "/v1/repo/metadata/timestamp.json", "/v1/repo/targets/museum/x"]
)
def test_nothing_is_told_to_whom_has_not_signed(shared: Site, path: str) -> None:
    assert code_of(requests.get(shared.url + path, timeout=10)) == (401, "signature_refused")


def test_a_recorded_request_is_worth_nothing(shared: Site) -> None:
    caller = shared.device()
    request = caller.prepare("GET", "/v1/device")

    assert caller.send(request).status_code == 200
    assert code_of(caller.send(request)) == (401, "nonce_refused")


def test_a_nonce_dies_after_five_minutes(site: Site) -> None:
    caller = site.device()
    request = caller.prepare("GET", "/v1/device")
    site.clock.pass_ms(300_000)

    assert code_of(caller.send(request)) == (401, "nonce_refused")


@pytest.mark.parametrize("nonce", ["", "made-up", "A" * 48, "\u00fc"])
def test_a_nonce_that_is_not_ours_is_refused(shared: Site, nonce: str) -> None:
    caller = shared.device()
    try:
        response = caller.call("GET", "/v1/device", nonce=nonce)
    except (UnicodeError, ValueError):  # not even the library signs it
        return

    assert response.status_code == 401


def test_another_devices_key_does_not_sign_for_this_one(shared: Site) -> None:
    one, other = shared.device(), shared.device("G2")

    response = other.call("GET", "/v1/device", key_id=one.device)

    assert code_of(response) == (401, "signature_refused")


def test_an_altered_body_is_refused(shared: Site) -> None:
    caller = shared.device()
    caller.record(entry())
    request = caller.prepare("POST", "/v1/scans", caller.batch())
    assert isinstance(request.body, bytes)
    request.body = request.body.replace(b"charged", b"chargeD")

    assert code_of(caller.send(request)) == (401, "signature_refused")


def test_an_altered_path_or_query_is_refused(shared: Site) -> None:
    caller = shared.device()
    request = caller.prepare("GET", "/v1/repo/metadata/timestamp.json")
    request.url = f"{shared.url}/v1/repo/metadata/1.root.json"
    with_query = caller.prepare("GET", "/v1/device")
    with_query.url = f"{shared.url}/v1/device?x=1"

    assert code_of(caller.send(request)) == (401, "signature_refused")
    assert code_of(caller.send(with_query)) == (401, "signature_refused")


@pytest.mark.parametrize("left_out", ["@method", "@path", "@query", "content-digest"])
def test_a_signature_must_cover_everything(shared: Site, left_out: str) -> None:
    caller = shared.device()
    covered = tuple(
        name for name in ("@method", "@path", "@query", "content-digest") if name != left_out
    )

    response = caller.call("GET", "/v1/device", components=covered)

    assert code_of(response) == (401, "signature_refused")


def test_a_signature_made_for_another_purpose_is_refused(shared: Site) -> None:
    caller = shared.device()

    assert code_of(caller.call("GET", "/v1/device", tag="other")) == (401, "signature_refused")


def test_a_body_over_the_limit_is_refused_unread(shared: Site) -> None:
    response = requests.post(
        f"{shared.url}/v1/scans",
        data=b" " * (REQUEST_BYTES + 1),
        headers={"Content-Type": "application/json"},
        timeout=20,
    )

    assert code_of(response) == (413, "body_too_long")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"{" * 10_000, b'{"epoch": 3}'])
def test_a_body_that_is_no_batch_is_refused_with_a_reason(shared: Site, body: bytes) -> None:
    caller = shared.device()
    response = caller.call("POST", "/v1/scans", body)

    assert response.status_code in {400, 422}
    assert response.json()["code"]


def test_the_repository_gives_its_files_and_no_others(shared: Site) -> None:
    caller = shared.device()

    assert caller.call("GET", "/v1/repo/metadata/timestamp.json").json()["signed"]["version"]
    for path in (
        "/v1/repo/metadata/..%2f..%2fadmin-token",
        "/v1/repo/metadata/.timestamp.json.new",
        "/v1/repo/targets/..%2f..%2fkeys/seal.key",
        "/v1/repo/targets/../keys",
        "/v1/repo/metadata/none.json",
    ):
        assert caller.call("GET", path).status_code in {401, 404}, path


def test_facts_arrive_once_and_are_receipted(site: Site) -> None:
    caller = site.device()
    caller.record(*(entry(grant_no=1) for _ in range(3)), refusal())
    exchange = caller.push()
    receipt = exchange.receipt
    with site.central.database.read() as connection:
        bodies = connection.execute(tables.fact.select().order_by(tables.fact.c.seq)).all()

    assert (receipt.have, receipt.head) == (4, caller.rows[-1][1])
    assert [row.body.decode() for row in bodies] == [body for body, _hash in caller.rows]
    Ed25519PublicKey.from_public_bytes(site.central.secrets.receipts.public).verify(
        base64.b64decode(receipt.signature),
        "\n".join(
            (
                "portillon-receipt-1",
                caller.device,
                "epoch-1",
                "4",
                receipt.head,
                str(receipt.at),
            )
        ).encode(),
    )


def test_the_same_batch_twice_is_stored_once(site: Site) -> None:
    caller = site.device()
    caller.record(*(entry(grant_no=1) for _ in range(500)))
    first, second = caller.push(), caller.push()

    assert (first.receipt.have, second.receipt.have) == (500, 500)
    assert rows(site.central, tables.fact) == 500
    assert site.alerts() == []


def test_overlapping_batches_are_stored_once(site: Site) -> None:
    caller = site.device()
    caller.record(*(entry() for _ in range(10)))
    caller.push(1, 6)

    assert caller.push(4, 10).receipt.have == 10
    assert rows(site.central, tables.fact) == 10


def test_a_gap_stores_nothing_and_says_where_to_start(site: Site) -> None:
    caller = site.device()
    caller.record(*(entry() for _ in range(6)))
    caller.push(1, 2)
    exchange = caller.push(4, 6)

    assert (exchange.receipt.have, exchange.receipt.head) == (2, caller.rows[1][1])
    assert rows(site.central, tables.fact) == 2
    assert caller.push(3, 6).receipt.have == 6


def test_an_empty_batch_tells_how_far_the_central_is(site: Site) -> None:
    caller = site.device()
    nothing = caller.push(1, 0)
    caller.record(entry())
    caller.push()

    assert (nothing.receipt.have, nothing.receipt.head) == (0, GENESIS_HEX)
    assert caller.push(2, 1).receipt.have == 1


def test_a_fork_is_stored_beside_quarantines_the_device_and_calls_a_person(site: Site) -> None:
    caller = site.device()
    caller.record(entry(grant_no=1), entry(grant_no=2))
    caller.push()
    original = list(caller.rows)
    caller.rows = caller.rows[:1]
    caller.record(entry(grant_no=3), entry(grant_no=4))
    exchange = caller.push()

    assert (exchange.receipt.have, exchange.receipt.head) == (2, original[1][1])
    assert rows(site.central, tables.fact) == 2
    assert rows(site.central, tables.forked_row) == 2
    assert site.device_state(caller.device) == "quarantined"
    assert site.alerts() == ["ledger_forked"]


def test_a_quarantined_device_still_reports_but_is_told_nothing_until_released(site: Site) -> None:
    publish(site.central)
    caller, other = site.device(), site.device("G2", "epoch-2")
    other.record(entry(grant_no=7))
    other.push()
    caller.record(entry())
    caller.push()
    caller.rows = []
    caller.record(refusal())
    caller.push()

    assert caller.call("GET", "/v1/device").json() == {
        "device": caller.device,
        "state": "quarantined",
        "peppers": {},
        "event_master": None,
    }
    assert code_of(caller.call("GET", "/v1/repo/metadata/timestamp.json")) == (
        403,
        "device_quarantined",
    )
    assert caller.push(1, 0).facts == []
    with site.central.database.write() as connection:
        release_device(connection, caller.device, site.clock.now_ms())
    assert caller.call("GET", "/v1/repo/metadata/timestamp.json").ok
    assert len(caller.push(1, 0).facts) == 1


def test_sending_the_fork_again_raises_no_second_alert(site: Site) -> None:
    caller = site.device()
    caller.record(entry())
    caller.push()
    caller.rows = []
    caller.record(refusal())
    caller.push()
    caller.push()

    assert site.alerts() == ["ledger_forked"]
    assert rows(site.central, tables.forked_row) == 1


def test_rows_edited_by_hand_do_not_chain_and_are_found(site: Site) -> None:
    caller = site.device()
    caller.record(entry(), entry())
    caller.push()
    caller.record(entry(charged=1))
    body, row_hash = caller.rows[2]
    caller.rows[2] = (body.replace('"charged":1', '"charged":0'), row_hash)
    assert caller.rows[2][0] != body

    assert caller.push(3, 3).receipt.have == 2
    assert site.alerts() == ["ledger_forked"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"not":"a fact"}', "fact_unreadable"),
        ("not json", "fact_unreadable"),
        ("x" * 5_000, "fact_too_long"),
    ],
)
def test_a_bad_row_is_put_aside_and_holds_nobody_up(site: Site, body: str, code: str) -> None:
    caller = site.device()
    caller.record(entry())
    caller.append(body)
    caller.record(entry())
    exchange = caller.push()

    assert exchange.receipt.have == 3
    assert [(one.seq, one.code) for one in exchange.rejected] == [(2, code)]
    assert rows(site.central, tables.fact) == 2
    assert caller.push().receipt.have == 3
    assert rows(site.central, tables.rejected_row) == 1
    assert site.alerts() == ["rows_rejected"]


def test_a_fact_of_another_place_or_with_impossible_numbers_is_put_aside(site: Site) -> None:
    caller = site.device()
    caller.record(entry(), entry(grant_no=2**60), entry(key="zz"), entry(persons=0))
    body, _hash = caller.rows[0]
    caller.append(body)
    codes = [one.code for one in caller.push().rejected]

    assert codes == ["fact_out_of_range"] * 3 + ["fact_misplaced"]


@pytest.mark.parametrize(
    "changed",
    [
        {"epoch": ""},
        {"epoch": "with\nbreak"},
        {"last_hash": "zz"},
        {"last_seq": 7},
        {"last_seq": -1},
        {"last_seq": 2**60},
    ],
)
def test_a_batch_of_no_proper_shape_is_refused_whole(
    shared: Site, changed: dict[str, object]
) -> None:
    caller = shared.device()
    caller.record(entry(), entry())
    response = caller.call("POST", "/v1/scans", caller.batch(**changed))

    assert code_of(response) == (422, "batch_wrong")


def test_too_many_rows_or_holes_in_a_batch_are_refused(shared: Site) -> None:
    caller = shared.device()
    caller.record(*(entry() for _ in range(501)))
    too_many = caller.call("POST", "/v1/scans", caller.batch())
    holes = msgspec.json.decode(caller.batch(1, 3))
    del holes["rows"][1]
    with_hole = caller.call("POST", "/v1/scans", msgspec.json.encode(holes))

    assert code_of(too_many) == (422, "batch_wrong")
    assert code_of(with_hole) == (422, "batch_wrong")


def test_rows_must_be_signed_by_the_device_that_recorded_them(shared: Site) -> None:
    caller, thief = shared.device(), shared.device("G2")
    caller.record(entry())
    stolen = caller.batch()

    assert code_of(thief.call("POST", "/v1/scans", stolen)) == (403, "batch_signature")


def test_a_revoked_device_is_told_so_gets_no_snapshot_and_its_facts_wait_for_review(
    site: Site,
) -> None:
    publish(site.central)
    caller = site.device()
    caller.record(entry(grant_no=1))
    with site.central.database.write() as connection:
        revoke_device(connection, caller.device, site.clock.now_ms())

    assert caller.call("GET", "/v1/device").json()["state"] == "revoked"
    assert caller.call("GET", "/v1/device").json()["peppers"] == {}
    assert code_of(caller.call("GET", "/v1/repo/metadata/timestamp.json")) == (
        403,
        "device_revoked",
    )
    assert caller.push().receipt.have == 1
    other = site.device("G2", "epoch-2")
    assert other.push(1, 0).facts == []


def test_other_lanes_entries_come_back_above_the_callers_vector(site: Site) -> None:
    one, two = site.device(), site.device("G2", "epoch-2")
    one.record(entry(grant_no=1), refusal(), entry(grant_no=2))
    one.push()
    everything = two.push(1, 0)
    newer = two.push(1, 0, vector=[[one.device, "epoch-1", 1]])
    nothing = two.push(1, 0, vector=[[one.device, "epoch-1", 3]])

    assert [fact.seq for fact in everything.facts] == [1, 3]
    assert [fact.body for fact in everything.facts] == [one.rows[0][0], one.rows[2][0]]
    assert [fact.seq for fact in newer.facts] == [3]
    assert (nothing.facts, nothing.more) == ([], False)
    assert one.push(4, 3).facts == []


def test_own_facts_of_an_older_epoch_come_back(site: Site) -> None:
    caller = site.device()
    caller.record(entry(grant_no=1))
    caller.push()
    caller.rows, caller.epoch = [], "epoch-new"

    assert [fact.epoch for fact in caller.push(1, 0).facts] == ["epoch-1"]


def test_the_newest_snapshot_is_named_in_every_exchange(site: Site) -> None:
    caller = site.device()
    before = caller.push(1, 0).snapshot_seq
    made = publish(site.central)

    assert (before, caller.push(1, 0).snapshot_seq) == (0, made.seq)


def test_a_central_restored_from_a_backup_answers_a_lower_have(site: Site) -> None:
    caller = site.device()
    caller.record(*(entry() for _ in range(4)))
    caller.push(1, 2)
    backup = {table: _all(site.central, table) for table in (tables.fact, tables.ledger)}
    caller.push(3, 4)
    with site.central.database.write() as connection:
        for table, kept in backup.items():
            connection.execute(table.delete())
            connection.execute(table.insert(), kept)

    assert caller.push(5, 4).receipt.have == 2
    assert caller.push(3, 4).receipt.have == 4


def _all(central: Central, table: object) -> list[dict[str, object]]:
    with central.database.read() as connection:
        return [dict(row) for row in connection.execute(table.select()).mappings()]  # type: ignore[attr-defined]


def test_many_facts_of_others_come_in_several_replies(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_stub.peers.PEER_FACTS", 3)
    one, two, reader = site.device(), site.device("G2", "epoch-2"), site.device("G1", "epoch-3")
    for caller in (one, two):
        caller.record(*(entry(grant_no=1) for _ in range(4)))
        caller.push()
    known: dict[tuple[str, str], int] = {}
    replies = []
    while not replies or replies[-1].more:
        exchange = reader.push(1, 0, vector=[[*of, seq] for of, seq in known.items()])
        for one_fact in exchange.facts:
            known[one_fact.device, one_fact.epoch] = one_fact.seq
        replies.append(exchange)

    assert [len(reply.facts) for reply in replies] == [3, 3, 2]
    assert known == {(one.device, "epoch-1"): 4, (two.device, "epoch-2"): 4}


def test_the_newest_correction_of_a_clock_wins_in_whatever_order_it_comes(site: Site) -> None:
    caller = site.device()
    for mono_ms, offset_ms in ((9_000, 500), (12_000, 700), (10_000, 600)):
        caller.record(fact(FactKind.CLOCK_OFFSET, mono_ms=mono_ms, offset_ms=offset_ms))
        caller.push(len(caller.rows))
    with site.central.database.read() as connection:
        (row,) = connection.execute(tables.clock_offset.select()).all()

    assert (row.offset_ms, row.mono_ms) == (700, 12_000)
