"""peers.db: one exchange is one transaction, and nothing in it is the only copy."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlite_utils import Database

from scanner.core.errors import StoreError
from scanner.core.events import FactKind
from scanner.core.units import DeviceId
from scanner.records.ledger import Ledger
from support.ledgers import BOOT, ENTRY, KEY, record
from sync.peers import MIGRATIONS, Peers, open_peers
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


def bodies(folder: Path, *shapes: dict[str, Any]) -> list[PeerFact]:
    """Facts of another lane's ledger, as an exchange brings them."""
    with Ledger.open(folder, DeviceId("d2")) as ledger:
        facts = record(ledger, *shapes)
    return [PeerFact(f.device, f.epoch, f.seq, encode_fact(f).decode()) for f in facts]


def filings(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as lane:
        columns = "of_grant, of_key, of_event, of_seat, of_boot"
        return lane.execute(f"SELECT {columns} FROM fact ORDER BY seq").fetchall()


SHAPES = (
    ENTRY,
    ENTRY | {"grant_no": None},
    ENTRY | {"event_no": 5, "seat": "A1"},
    {"kind": FactKind.NOT_PASSED, "refers_to": 3},
    {"kind": FactKind.CLOCK_OFFSET, "offset_ms": 5},
    {"kind": FactKind.NOT_PASSED, "refers_to": 77},
)
FILED = [
    (7, None, None, None, None),
    (None, bytes.fromhex(KEY), None, None, None),
    (7, None, 5, "A1", None),
    (7, None, 5, "A1", None),
    (None, None, None, None, BOOT),
    (None, None, None, None, None),
]


def test_a_peers_fact_is_filed_as_in_its_own_ledger(path: Path, tmp_path: Path) -> None:
    with fresh(path) as peers:
        peers.apply_exchange(exchange(0, *bodies(tmp_path / "d2", *SHAPES)))
        assert filings(path) == FILED


@pytest.mark.parametrize(
    "body", ["unreadable", '{"key":"no hex"}', "{}"], ids=["no JSON", "a key", "no fact"]
)
def test_a_fact_that_cannot_be_read_is_kept_and_found_by_nobody(path: Path, body: str) -> None:
    with fresh(path) as peers:
        peers.apply_exchange(exchange(0, peer_fact(1, body)))

        assert peers.count_facts() == 1
        assert filings(path) == [(None,) * 5]


def test_a_fact_that_says_it_is_another_one_is_found_by_nobody(path: Path, tmp_path: Path) -> None:
    (told,) = bodies(tmp_path / "d2", ENTRY)
    with fresh(path) as peers:
        peers.apply_exchange(exchange(0, peer_fact(9, told.body, "d3")))

        assert filings(path) == [(None,) * 5]


def test_an_older_file_is_filed_anew(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        MIGRATIONS.apply(Database(connection), stop_before="m002_seats_boots_and_give_backs")
        connection.executemany(
            "INSERT INTO fact (device, epoch, seq, body) VALUES (?, ?, ?, ?)",
            [msgspec.structs.astuple(one) for one in bodies(tmp_path / "d2", *SHAPES)],
        )
        connection.commit()

    with fresh(path):
        assert filings(path) == FILED


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
