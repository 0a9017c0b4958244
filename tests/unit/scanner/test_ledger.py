"""The ledger records what it is given, in order, once, and finds it again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scanner.core.clock import ClockState
from scanner.core.errors import StoreError
from scanner.core.events import FactKind
from scanner.core.units import BootId, DeviceId, Seq
from scanner.records.chain import verify_file
from scanner.records.ledger import CHECKPOINT_ROWS, LOG_BYTES, Ledger
from support.ledgers import (
    DEVICE,
    ENTRY,
    EXIT,
    NOON,
    REFUSAL,
    WATCHED_ENTRY,
    edit,
    fact,
    peek,
    record,
)
from sync.ledger_format import LOCAL_BYTES, connect_reader, load_rows
from sync.wire import GENESIS, chain, encode_fact, parse_fact


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path, DEVICE) as opened:
        yield opened


def test_facts_are_numbered_from_1_without_gaps(ledger: Ledger) -> None:
    assert [f.seq for f in record(ledger, ENTRY, REFUSAL, EXIT)] == [1, 2, 3]
    assert ledger.head.seq == 3


def test_a_row_holds_the_exact_body_and_the_hash_over_it_and_the_row_before(
    ledger: Ledger, tmp_path: Path
) -> None:
    first, second = record(ledger, ENTRY, REFUSAL)

    with closing(connect_reader(tmp_path / "ledger.db")) as reader:
        rows = load_rows(reader, after=0, limit=10)

    assert [row.body for row in rows] == [encode_fact(first), encode_fact(second)]
    assert rows[0].hash == chain(GENESIS, rows[0].body)
    assert rows[1].hash == chain(rows[0].hash, rows[1].body) == ledger.head.hash


def test_a_ledger_goes_on_where_it_ended(tmp_path: Path) -> None:
    with Ledger.open(tmp_path, DEVICE) as before:
        record(before, ENTRY, ENTRY)
        epoch, head = before.epoch, before.head
    with Ledger.open(tmp_path, DEVICE) as after:
        assert (after.epoch, after.head, after.set_aside) == (epoch, head, None)
        record(after, ENTRY)

    assert verify_file(tmp_path / "ledger.db").rows == 3


def test_every_new_ledger_has_an_epoch_of_its_own(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "a", DEVICE) as a, Ledger.open(tmp_path / "b", DEVICE) as b:
        assert a.epoch != b.epoch
        assert len(a.epoch) == 22


def test_a_fact_out_of_place_is_a_mistake_of_ours(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError, match="is not 1 of"):
        ledger.append([fact(ledger, ahead=1, **ENTRY)])
    assert ledger.head.seq == 0


def test_several_facts_are_one_commit(ledger: Ledger) -> None:
    ledger.append([fact(ledger, **ENTRY), fact(ledger, ahead=1, **REFUSAL)])

    assert ledger.head.seq == 2


def test_of_several_facts_none_is_recorded_when_one_cannot_be(
    ledger: Ledger, tmp_path: Path
) -> None:
    too_long = fact(ledger, ahead=1, **REFUSAL, note="x" * 5_000)

    with pytest.raises(RuntimeError, match="bytes"):
        ledger.append([fact(ledger, **ENTRY), too_long])

    assert ledger.head == (0, GENESIS)
    assert peek(tmp_path, "SELECT count(*) FROM fact") == [(0,)]
    assert record(ledger, ENTRY)[0].seq == 1


def test_what_the_gate_keeps_for_itself_stands_beside_the_fact_and_in_no_hash(
    ledger: Ledger, tmp_path: Path
) -> None:
    record(ledger, ENTRY, local=b"kept here")
    ledger.close()
    edit(tmp_path, "UPDATE fact SET local = NULL")

    assert verify_file(tmp_path / "ledger.db").broken is None


def test_what_the_gate_keeps_for_itself_has_a_limit(ledger: Ledger) -> None:
    record(ledger, ENTRY, local=bytes(LOCAL_BYTES))

    with pytest.raises(RuntimeError, match="local 1025 bytes"):
        record(ledger, ENTRY, local=bytes(LOCAL_BYTES + 1))


def test_a_second_gate_on_the_same_ledger_is_told_so(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="another gate process") as refused:
        Ledger.open(tmp_path, DEVICE)
    assert refused.value.code == "ledger_in_use"


def test_a_closed_ledger_lets_the_next_gate_in(ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    ledger.close()

    Ledger.open(tmp_path, DEVICE).close()


def test_only_clocks_that_can_be_trusted_move_the_floor(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.floor_at is None
    record(ledger, ENTRY)
    record(ledger, ENTRY | {"clock": ClockState.UNTRUSTED, "at": NOON * 2})
    assert ledger.floor_at == NOON + 1_000
    record(ledger, ENTRY | {"clock": ClockState.HOLDOVER})
    record(ledger, ENTRY | {"clock": ClockState.UNTRUSTED})
    ledger.close()

    with Ledger.open(tmp_path, DEVICE) as again:
        assert again.floor_at == NOON + 3_000


def test_a_trusted_clock_may_lower_the_floor(ledger: Ledger) -> None:
    record(ledger, ENTRY, {"kind": FactKind.CLOCK_STEPPED, "at": NOON - 9_000})

    assert ledger.floor_at == NOON - 9_000


PASSAGES = {
    "passed": ([{"kind": FactKind.PASSED, "refers_to": 1}], False),
    "given back": ([{"kind": FactKind.NOT_PASSED, "refers_to": 1}], False),
    "found open before": ([{"kind": FactKind.PASSAGE_UNKNOWN, "refers_to": 1}], False),
    "nothing said": ([], True),
    "another's": ([{"kind": FactKind.PASSED, "refers_to": 9}], True),
    "an alarm about it": ([{"kind": FactKind.ALARM, "refers_to": 1, "note": "tailgate"}], True),
}


@pytest.mark.parametrize(("later", "is_open"), PASSAGES.values(), ids=PASSAGES.keys())
def test_an_open_passage_is_one_that_nothing_settled(
    ledger: Ledger, later: list[dict[str, object]], *, is_open: bool
) -> None:
    entry = record(ledger, WATCHED_ENTRY, *later)[0]

    assert ledger.open_passages() == ((entry,) if is_open else ())


def test_a_party_is_open_until_every_person_is_accounted_for(ledger: Ledger) -> None:
    party = record(ledger, WATCHED_ENTRY | {"persons": 3, "charged": 3})
    record(ledger, {"kind": FactKind.PASSED, "refers_to": 1, "persons": 2})
    assert list(ledger.open_passages()) == party

    record(ledger, {"kind": FactKind.NOT_PASSED, "refers_to": 1, "persons": 1})
    assert ledger.open_passages() == ()


def test_an_entry_of_a_lane_without_a_sensor_awaits_nothing(ledger: Ledger) -> None:
    record(ledger, ENTRY, EXIT, REFUSAL)

    assert ledger.open_passages() == ()


def test_the_log_is_long_before_the_first_fact(ledger: Ledger, tmp_path: Path) -> None:
    size = (tmp_path / "ledger.db-wal").stat().st_size
    record(ledger, *[ENTRY] * 20)

    assert size > LOG_BYTES * 0.9
    assert (tmp_path / "ledger.db-wal").stat().st_size == size


def test_an_idle_gate_moves_its_log_into_the_file(ledger: Ledger, tmp_path: Path) -> None:
    record(ledger, *[ENTRY] * 3)
    assert not ledger.checkpoint()
    assert b"SCAN" not in (tmp_path / "ledger.db").read_bytes()

    assert ledger.checkpoint(after_rows=3)

    assert b"SCAN" in (tmp_path / "ledger.db").read_bytes()
    assert peek(tmp_path, "SELECT checkpoint_seq FROM ledger") == [(3,)]
    assert not ledger.checkpoint(after_rows=1)
    assert CHECKPOINT_ROWS > 3


def test_a_refusal_is_in_no_index(ledger: Ledger, tmp_path: Path) -> None:
    record(ledger, REFUSAL, {"kind": FactKind.PASSED, "refers_to": 1})

    filed = "SELECT of_grant, of_key, of_step, of_event, of_seat, of_boot FROM fact"
    assert set(peek(tmp_path, filed)) == {(None,) * 6}


def test_clock_corrections_are_known_at_once_and_after_a_restart(tmp_path: Path) -> None:
    correction = {"kind": FactKind.CLOCK_OFFSET, "note": "central"}
    with Ledger.open(tmp_path, DEVICE) as ledger:
        record(ledger, correction | {"offset_ms": 5}, correction | {"offset_ms": 8})
        record(ledger, correction | {"offset_ms": 9, "boot": BootId("boot-b")})
        expected = {(DEVICE, "boot-a"): 8, (DEVICE, "boot-b"): 9}
        assert ledger.own.offsets() == expected
    with Ledger.open(tmp_path, DEVICE) as again:
        assert again.own.offsets() == expected


PROBES = {
    "fact_of_grant": "SELECT body FROM fact WHERE of_grant = 1 AND seq > 2",
    "fact_of_key": "SELECT body FROM fact WHERE of_key = x'00' AND of_grant IS NULL AND seq > 2",
    "fact_of_key ": "SELECT body FROM fact WHERE of_key = x'00' AND of_step = 5",
    "fact_of_seat": "SELECT body FROM fact WHERE of_event = 1 AND of_seat = 'A' AND seq > 2",
    "fact_of_boot": "SELECT body FROM fact INDEXED BY fact_of_boot WHERE of_boot IS NOT NULL",
}


@pytest.mark.parametrize(("index", "sql"), PROBES.items())
def test_each_question_is_an_index_probe(
    ledger: Ledger, tmp_path: Path, index: str, sql: str
) -> None:
    plan = peek(tmp_path, f"EXPLAIN QUERY PLAN {sql}")

    assert len(plan) == 1
    assert f"USING INDEX {index.strip()}" in plan[0][3]


def test_a_give_back_is_found_with_what_it_gives_back(ledger: Ledger) -> None:
    seated = ENTRY | {"event_no": 4, "seat": "A 12", "step": 77}
    recorded = record(ledger, seated, {"kind": FactKind.NOT_PASSED, "refers_to": 1})

    own, key = ledger.own, bytes.fromhex(ENTRY["key"])
    assert own.of_grant(7, {}) == recorded
    assert own.on_seat(4, "A 12", {}) == recorded
    assert own.of_step(key, 77) == recorded
    assert own.of_key(key, {}) == []


def test_an_unlisted_entry_is_found_by_its_key(ledger: Ledger) -> None:
    recorded = record(ledger, ENTRY | {"grant_no": None}, ENTRY)

    assert ledger.own.of_key(bytes.fromhex(ENTRY["key"]), {}) == recorded[:1]


def test_facts_at_or_below_the_vector_are_already_counted(ledger: Ledger) -> None:
    recorded = record(ledger, ENTRY, ENTRY, ENTRY)
    mine, other = (DEVICE, ledger.epoch), (DeviceId("gate4"), ledger.epoch)

    assert ledger.own.of_grant(7, {mine: Seq(2), other: Seq(9)}) == recorded[2:]


def test_a_row_that_cannot_be_read_makes_the_ledger_damaged_not_an_answer_wrong(
    ledger: Ledger, tmp_path: Path
) -> None:
    record(ledger, ENTRY)
    ledger._connection.execute("UPDATE fact SET body = '{'")

    with pytest.raises(StoreError) as fault:
        ledger.own.of_grant(7, {})

    assert fault.value.code == "ledger_damaged"
    ledger.close()
    with Ledger.open(tmp_path, DEVICE) as again:
        assert again.set_aside is not None


def test_a_reader_cannot_write(ledger: Ledger, tmp_path: Path) -> None:
    with (
        closing(connect_reader(tmp_path / "ledger.db")) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader.execute("DELETE FROM fact")


def test_a_body_is_read_back_as_the_fact_it_was(ledger: Ledger, tmp_path: Path) -> None:
    recorded = record(ledger, WATCHED_ENTRY, REFUSAL, EXIT)

    with closing(connect_reader(tmp_path / "ledger.db")) as reader:
        rows = load_rows(reader, after=0, limit=10)
    assert [parse_fact(row.body) for row in rows] == recorded
