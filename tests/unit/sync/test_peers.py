"""peers.db: one exchange is one transaction, and nothing in it is the only copy."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from scanner.core.errors import StoreError
from scanner.core.units import DeviceId
from scanner.ledger import Ledger
from support.ledgers import ENTRY, KEY, fact
from sync.peers import Peers, open_peers
from sync.wire import Exchange, PeerFact, Receipt, Rejected, encode_fact


def exchange(have: int, *facts: PeerFact, rejected: tuple[Rejected, ...] = ()) -> Exchange:
    receipt = Receipt("d1", "e1", have, "ab" * 32, 7, "k1", "sig")
    return Exchange(receipt, list(rejected), list(facts), snapshot_seq=1)


def fresh(path: Path) -> Peers:
    peers, aside = open_peers(path)
    assert aside is None
    return peers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "peers" / "peers.db"


def peer_fact(seq: int, body: str, device: str = "d2") -> PeerFact:
    return PeerFact(device, "e2", seq, body)


def test_the_newest_receipt_of_a_ledger_is_kept(path: Path) -> None:
    with fresh(path) as peers:
        assert peers.receipt("d1", "e1") is None
        peers.apply_exchange(exchange(5))
        peers.apply_exchange(exchange(3))

    with fresh(path) as peers:
        receipt = peers.receipt("d1", "e1")
        assert receipt is not None
        assert (receipt.have, receipt.head) == (3, "ab" * 32)
        assert peers.receipt("d1", "e2") is None


def test_a_peers_fact_is_stored_once_and_moves_the_vector(path: Path) -> None:
    with fresh(path) as peers:
        peers.apply_exchange(exchange(0, peer_fact(1, "{}"), peer_fact(2, "{}")))
        peers.apply_exchange(exchange(0, peer_fact(2, "{}"), peer_fact(1, "{}", "d3")))

        assert peers.count_facts() == 3
        assert peers.vector() == {("d2", "e2"): 2, ("d3", "e2"): 1}


def test_a_peers_fact_is_found_by_grant_and_by_key(path: Path, tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger", DeviceId("d2"))
    body = encode_fact(fact(ledger, **ENTRY)).decode()
    ledger.close()
    with fresh(path) as peers:
        peers.apply_exchange(exchange(0, peer_fact(1, body), peer_fact(2, "unreadable")))

    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as lane:
        found = "SELECT seq, body FROM fact WHERE {} = ?"
        assert lane.execute(found.format("of_grant"), (7,)).fetchall() == [(1, body)]
        key = bytes.fromhex(KEY)
        assert lane.execute(found.format("of_key"), (key,)).fetchall() == [(1, body)]
        plan = lane.execute("EXPLAIN QUERY PLAN SELECT body FROM fact WHERE of_key = ?", (key,))
        assert "USING INDEX fact_of_key" in plan.fetchone()[3]


def test_rejected_rows_are_remembered(path: Path) -> None:
    with fresh(path) as peers:
        for _ in range(2):
            peers.apply_exchange(exchange(2, rejected=(Rejected(2, "fact_unreadable"),)))

        assert peers.rejected("d1", "e1") == (Rejected(2, "fact_unreadable"),)


def test_an_exchange_is_stored_whole_or_not_at_all(path: Path) -> None:
    with fresh(path) as peers:
        with sqlite3.connect(path) as saboteur:
            saboteur.execute(
                "CREATE TRIGGER no BEFORE INSERT ON fact BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        with pytest.raises(StoreError) as caught:
            peers.apply_exchange(exchange(5, peer_fact(1, "{}")))

        assert caught.value.code == "peers_unusable"
        assert peers.receipt("d1", "e1") is None


def test_erasing_forgets_other_lanes_and_keeps_our_receipts(path: Path) -> None:
    with fresh(path) as peers:
        peers.apply_exchange(exchange(5, peer_fact(1, "{}")))

        peers.erase_facts()

        assert (peers.count_facts(), peers.vector()) == (0, {})
        assert peers.receipt("d1", "e1") is not None


@pytest.mark.parametrize("content", [b"garbage" * 1_000, b"SQLite format 3\x00" + b"\xff" * 5_000])
def test_a_damaged_file_is_set_aside(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    peers, aside = open_peers(path)

    with peers:
        assert peers.count_facts() == 0
    assert aside is not None
    assert (aside.name, aside.read_bytes()) == ("peers.db.damaged-1", content)


def test_the_file_is_private_and_has_a_log_that_lanes_can_read_beside(path: Path) -> None:
    with fresh(path) as peers:
        peers.apply_exchange(exchange(1))
        assert path.stat().st_mode & 0o777 == 0o600
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as lane:
            assert lane.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "peers.db").mkdir()

    with pytest.raises(StoreError) as caught:
        open_peers(tmp_path / "peers.db")
    assert caught.value.code == "peers_unusable"
