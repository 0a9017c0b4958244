"""Facts up, receipts and peers' facts down, over real sockets; forks, gaps, bad rows and revoked devices."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scanner.core.events import FactKind
from server_stub.central import Central
from server_stub.gates.devices import release_device, revoke_device
from server_stub.publishing.publisher import publish
from server_stub.store import tables
from support.central_site import rows, sell_annual
from support.databases import NewDatabase
from support.gate_facts import entry, fact, refusal
from support.loopback_site import LoopbackSite, code_of, loopback_site
from support.signed_caller import GENESIS_HEX


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[LoopbackSite]:
    with loopback_site(tmp_path_factory.mktemp("site"), new_database()) as made:
        sell_annual(made.central)
        publish(made.central)
        yield made


@pytest.fixture
def site(tmp_path: Path, new_database: NewDatabase) -> Iterator[LoopbackSite]:
    with loopback_site(tmp_path, new_database()) as made:
        yield made


def test_facts_arrive_once_and_are_receipted(site: LoopbackSite) -> None:
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


@pytest.mark.fault("line: every request arrives twice")
def test_the_same_batch_twice_is_stored_once(site: LoopbackSite) -> None:
    caller = site.device()
    caller.record(*(entry(grant_no=1) for _ in range(500)))
    first, second = caller.push(), caller.push()

    assert (first.receipt.have, second.receipt.have) == (500, 500)
    assert rows(site.central, tables.fact) == 500
    assert site.alerts() == []


def test_overlapping_batches_are_stored_once(site: LoopbackSite) -> None:
    caller = site.device()
    caller.record(*(entry() for _ in range(10)))
    caller.push(1, 6)

    assert caller.push(4, 10).receipt.have == 10
    assert rows(site.central, tables.fact) == 10


def test_a_gap_stores_nothing_and_says_where_to_start(site: LoopbackSite) -> None:
    caller = site.device()
    caller.record(*(entry() for _ in range(6)))
    caller.push(1, 2)
    exchange = caller.push(4, 6)

    assert (exchange.receipt.have, exchange.receipt.head) == (2, caller.rows[1][1])
    assert rows(site.central, tables.fact) == 2
    assert caller.push(3, 6).receipt.have == 6


def test_an_empty_batch_tells_how_far_the_central_is(site: LoopbackSite) -> None:
    caller = site.device()
    nothing = caller.push(1, 0)
    caller.record(entry())
    caller.push()

    assert (nothing.receipt.have, nothing.receipt.head) == (0, GENESIS_HEX)
    assert caller.push(2, 1).receipt.have == 1


@pytest.mark.fault("gate: cloned card")
def test_a_fork_is_stored_beside_quarantines_the_device_and_calls_a_person(
    site: LoopbackSite,
) -> None:
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


def test_a_quarantined_device_still_reports_but_is_told_nothing_until_released(
    site: LoopbackSite,
) -> None:
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


def test_sending_the_fork_again_raises_no_second_alert(site: LoopbackSite) -> None:
    caller = site.device()
    caller.record(entry())
    caller.push()
    caller.rows = []
    caller.record(refusal())
    caller.push()
    caller.push()

    assert site.alerts() == ["ledger_forked"]
    assert rows(site.central, tables.forked_row) == 1


@pytest.mark.fault("gate: a row of the ledger edited by hand")
def test_rows_edited_by_hand_do_not_chain_and_are_found(site: LoopbackSite) -> None:
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
def test_a_bad_row_is_put_aside_and_holds_nobody_up(
    site: LoopbackSite, body: str, code: str
) -> None:
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


def test_a_fact_of_another_place_or_with_impossible_numbers_is_put_aside(
    site: LoopbackSite,
) -> None:
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
    shared: LoopbackSite, changed: dict[str, object]
) -> None:
    caller = shared.device()
    caller.record(entry(), entry())
    response = caller.call("POST", "/v1/scans", caller.batch(**changed))

    assert code_of(response) == (422, "batch_wrong")


def test_too_many_rows_or_holes_in_a_batch_are_refused(shared: LoopbackSite) -> None:
    caller = shared.device()
    caller.record(*(entry() for _ in range(501)))
    too_many = caller.call("POST", "/v1/scans", caller.batch())
    holes = msgspec.json.decode(caller.batch(1, 3))
    del holes["rows"][1]
    with_hole = caller.call("POST", "/v1/scans", msgspec.json.encode(holes))

    assert code_of(too_many) == (422, "batch_wrong")
    assert code_of(with_hole) == (422, "batch_wrong")


@pytest.mark.fault("attack: another device's key")
def test_rows_must_be_signed_by_the_device_that_recorded_them(shared: LoopbackSite) -> None:
    caller, thief = shared.device(), shared.device("G2")
    caller.record(entry())
    stolen = caller.batch()

    assert code_of(thief.call("POST", "/v1/scans", stolen)) == (403, "batch_signature")


def test_a_revoked_device_is_told_so_gets_no_snapshot_and_its_facts_wait_for_review(
    site: LoopbackSite,
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


def test_other_lanes_entries_come_back_above_the_callers_vector(site: LoopbackSite) -> None:
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


def test_own_facts_of_an_older_epoch_come_back(site: LoopbackSite) -> None:
    caller = site.device()
    caller.record(entry(grant_no=1))
    caller.push()
    caller.rows, caller.epoch = [], "epoch-new"

    assert [fact.epoch for fact in caller.push(1, 0).facts] == ["epoch-1"]


def test_the_newest_snapshot_is_named_in_every_exchange(site: LoopbackSite) -> None:
    caller = site.device()
    before = caller.push(1, 0).snapshot_seq
    made = publish(site.central)

    assert (before, caller.push(1, 0).snapshot_seq) == (0, made.seq)


@pytest.mark.fault("central: restored from a backup")
def test_a_central_restored_from_a_backup_answers_a_lower_have(site: LoopbackSite) -> None:
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
    site: LoopbackSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_stub.gates.peers.PEER_FACTS", 3)
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


def test_the_newest_correction_of_a_clock_wins_in_whatever_order_it_comes(
    site: LoopbackSite,
) -> None:
    caller = site.device()
    for mono_ms, offset_ms in ((9_000, 500), (12_000, 700), (10_000, 600)):
        caller.record(fact(FactKind.CLOCK_OFFSET, mono_ms=mono_ms, offset_ms=offset_ms))
        caller.push(len(caller.rows))
    with site.central.database.read() as connection:
        (row,) = connection.execute(tables.clock_offset.select()).all()

    assert (row.offset_ms, row.mono_ms) == (700, 12_000)
