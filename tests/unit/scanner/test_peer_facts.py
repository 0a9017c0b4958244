"""Other lanes' facts as a lane reads them: found by what they count for, and never a reason to stop."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scanner.core.events import Fact, FactKind
from scanner.core.units import BootId, CredentialKey, DeviceId, Epoch, EventNo, GrantNo, Seq
from scanner.peer_facts import OF_GRANT, OF_KEY, OFFSETS, ON_SEAT, PeerFacts
from scanner.records.ledger import Ledger
from support.ledgers import BOOT, ENTRY, KEY, fact, record
from sync.peers import open_peers
from sync.wire import Exchange, PeerFact, Receipt, encode_fact

D2, D3 = DeviceId("d2"), DeviceId("d3")
SEATED = ENTRY | {"event_no": 5, "seat": "A1"}
UNLISTED = ENTRY | {"grant_no": None}


@dataclass
class Heard:
    """Other lanes' ledgers, what sync stored of them, and the lane's view of that."""

    folder: Path
    lane: PeerFacts = field(init=False)

    def __post_init__(self) -> None:
        self.path = self.folder / "peers" / "peers.db"
        self.lane = PeerFacts(self.path)

    def tell(self, *shapes: dict[str, Any], device: DeviceId = D2) -> list[Fact]:
        """Another lane records this, and an exchange brings it."""
        with Ledger.open(self.folder / device, device) as ledger:
            facts = record(ledger, *shapes)
        self.store(*facts)
        return facts

    def store(self, *facts: Fact) -> None:
        told = [PeerFact(f.device, f.epoch, f.seq, encode_fact(f).decode()) for f in facts]
        receipt = Receipt("d1", "e1", 0, "ab" * 32, 7, "k1", "sig")
        peers, _aside = open_peers(self.path)
        with peers:
            peers.apply_exchange(Exchange(receipt, [], told, snapshot_seq=1))

    def of_grant(self, **above: int) -> list[int]:
        vector = {(DeviceId(of), self.epoch_of(of)): Seq(seq) for of, seq in above.items()}
        return [fact.seq for fact in self.lane.of_grant(GrantNo(7), vector)]

    def epoch_of(self, device: str) -> Epoch:
        with Ledger.open(self.folder / device, DeviceId(device)) as ledger:
            return ledger.epoch

    @property
    def codes(self) -> tuple[str, ...]:
        return self.lane.doubts.open_codes


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    heard = Heard(tmp_path)
    yield heard
    heard.lane.close()


def test_without_a_file_nothing_is_known_and_nothing_is_wrong(heard: Heard) -> None:
    assert heard.of_grant() == []
    assert heard.lane.offsets({}) == {}
    assert heard.codes == ()


def test_a_file_without_our_tables_is_one_that_sync_is_still_making(heard: Heard) -> None:
    heard.path.parent.mkdir()
    heard.path.touch()
    assert heard.of_grant() == []
    assert heard.codes == ()

    heard.tell(ENTRY)

    assert heard.of_grant() == [1]


def test_facts_are_found_by_grant_by_key_and_by_seat(heard: Heard) -> None:
    told = heard.tell(ENTRY, UNLISTED, SEATED)

    assert heard.lane.of_grant(GrantNo(7), {}) == [told[0], told[2]]
    assert heard.lane.of_grant(GrantNo(8), {}) == []
    assert heard.lane.of_key(CredentialKey(bytes.fromhex(KEY)), {}) == [told[1]]
    assert heard.lane.on_seat(EventNo(5), "A1", {}) == [told[2]]
    assert heard.lane.on_seat(EventNo(5), "A2", {}) == []


def test_a_give_back_comes_with_what_it_gives_back(heard: Heard) -> None:
    heard.tell(SEATED, {"kind": FactKind.NOT_PASSED, "refers_to": 1})
    heard.tell(UNLISTED, {"kind": FactKind.NOT_PASSED, "refers_to": 1}, device=D3)

    assert heard.of_grant() == [1, 2]
    on_seat = heard.lane.on_seat(EventNo(5), "A1", {})
    of_key = heard.lane.of_key(CredentialKey(bytes.fromhex(KEY)), {})
    kinds = [FactKind.SCAN, FactKind.NOT_PASSED]
    assert [fact.kind for fact in on_seat] == [fact.kind for fact in of_key] == kinds


def test_what_the_base_counts_is_not_told_again(heard: Heard) -> None:
    heard.tell(ENTRY, ENTRY, ENTRY)

    assert heard.of_grant(d2=2) == [3]
    assert heard.of_grant(d2=3) == []
    assert heard.of_grant(d3=3) == [1, 2, 3]


def test_the_newest_correction_of_each_boot_is_the_one_that_holds(heard: Heard) -> None:
    correction = {"kind": FactKind.CLOCK_OFFSET, "note": "central"}
    heard.tell(correction | {"offset_ms": 5}, ENTRY)
    assert heard.lane.offsets({}) == {(D2, BOOT): 5}

    heard.tell(correction | {"offset_ms": 8})
    heard.tell(correction | {"offset_ms": 9, "boot": BootId("boot-b")}, device=D3)

    assert heard.lane.offsets({}) == {(D2, BOOT): 8, (D3, "boot-b"): 9}
    vector = {(D2, heard.epoch_of("d2")): Seq(3)}
    assert heard.lane.offsets(vector) == {(D3, "boot-b"): 9}


def test_every_look_up_is_an_index_probe(heard: Heard) -> None:
    heard.tell(ENTRY)
    probes = {
        "fact_of_grant": (OF_GRANT, (7,)),
        "fact_of_key": (OF_KEY, (b"k",)),
        "fact_of_seat": (ON_SEAT, (5, "A1")),
        "fact_of_boot": (OFFSETS, ()),
    }
    with closing(sqlite3.connect(heard.path)) as connection:
        for index, (sql, values) in probes.items():
            plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
            assert f"USING INDEX {index}" in plan[0][3], plan


def test_a_file_that_takes_the_place_of_another_is_followed(heard: Heard) -> None:
    heard.tell(ENTRY, ENTRY)
    assert heard.of_grant() == [1, 2]

    heard.path.rename(heard.path.with_name("peers.db.damaged-1"))
    assert heard.of_grant() == []
    heard.tell(ENTRY)

    assert heard.of_grant() == [3]
    assert heard.codes == ()


def test_a_damaged_file_is_told_once_and_the_lane_goes_on_until_sync_has_made_a_new_one(
    heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    heard.path.parent.mkdir()
    heard.path.write_bytes(b"garbage" * 1_000)

    for _ in range(3):
        assert heard.of_grant() == []
        assert heard.lane.offsets({}) == {}
    assert heard.codes == ("peers_not_read",)
    assert [r.message for r in caplog.records if getattr(r, "code", "") == "peers_not_read"] != []
    assert len(caplog.records) == 1

    heard.tell(ENTRY)

    assert heard.of_grant() == [1]
    assert heard.codes == ()


@pytest.mark.parametrize("damage", ["'no fact'", "x'ff00'", "NULL", "7"])
def test_a_row_that_cannot_be_read_is_a_doubt_and_no_fault(heard: Heard, damage: str) -> None:
    heard.tell(ENTRY)
    with closing(sqlite3.connect(heard.path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("CREATE TABLE aside AS SELECT * FROM fact")
        connection.execute("DROP TABLE fact")
        connection.execute("ALTER TABLE aside RENAME TO fact")
        connection.execute("CREATE INDEX fact_of_boot ON fact (of_boot) WHERE of_boot IS NOT NULL")
        connection.execute(f"UPDATE fact SET body = {damage}")
        connection.commit()

    assert heard.of_grant() == []
    assert heard.codes == ("peers_not_read",)


def test_own_facts_of_an_earlier_ledger_are_facts_like_others(heard: Heard, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "first", D2) as earlier:
        old = fact(earlier, **ENTRY)
    heard.store(old)
    heard.tell(ENTRY)

    assert len(heard.lane.of_grant(GrantNo(7), {})) == 2


def test_it_writes_nothing(heard: Heard) -> None:
    heard.tell(ENTRY)
    assert heard.of_grant() == [1]
    connection = heard.lane._follow()
    assert connection is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM fact")
