"""A delta as bytes: written in one way, and nothing else is read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from scanner.core.errors import CentralError, InputError
from sync import delta as deltas
from sync.delta import (
    Delta,
    Header,
    Tombstone,
    Upsert,
    digest_text,
    encode_delta,
    encode_upsert,
    parse_delta,
    rows_limit,
    walk,
)
from sync.delta_rows import apply_changes, apply_delta, load_meta, save_meta, state_digest
from sync.manifest import DeltaFile
from sync.row_layout import layouts
from sync.snapshot import TABLES, schema_sql

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "golden" / "wire" / "delta.json").read_text(encoding="utf-8")
)
SENT = parse_delta(bytes.fromhex(GOLDEN["delta"]["zstd"]))


def compressed(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return zstandard.ZstdCompressor().compress(raw)


def with_lines(*lines: str, **header: Any) -> bytes:
    """The golden delta with other rows."""
    first = json.loads(GOLDEN["delta"]["text"].split("\n")[0])
    return compressed("\n".join([json.dumps(first | {"rows": len(lines)} | header), *lines, ""]))


@pytest.fixture
def base() -> Iterator[sqlite3.Connection]:
    """The base that the golden delta begins with."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in schema_sql():
            connection.execute(statement)
        lines = [row["line"] for row in GOLDEN["before"]["rows"]]
        rows = parse_delta(with_lines(*lines)).changes
        digest = apply_changes(connection, rows, 0)
        save_meta(
            connection,
            site="museum",
            snapshot_seq=1741690500,
            created_at=1741690500123,
            pepper_id="f7c1de91",
            grants=2,
            digest=digest_text(digest),
        )
        yield connection


def test_the_golden_delta_is_read_and_written_as_agreed() -> None:
    text = (
        zstandard.ZstdDecompressor()
        .decompressobj()
        .decompress(bytes.fromhex(GOLDEN["delta"]["zstd"]))
    )

    assert text.decode() == GOLDEN["delta"]["text"]
    assert parse_delta(encode_delta(*SENT)) == SENT
    assert isinstance(SENT.changes[0], Upsert)
    assert SENT.changes[0].table == "revoked"


def test_rows_have_exactly_these_digests(base: sqlite3.Connection) -> None:
    for row in GOLDEN["before"]["rows"]:
        (change,) = parse_delta(with_lines(row["line"])).changes
        assert isinstance(change, Upsert)
        assert encode_upsert(*change).decode() == row["line"]
        assert digest_text(deltas.row_digest(*change)) == row["digest"]
    assert digest_text(state_digest(base)) == GOLDEN["before"]["digest"]


def test_the_golden_delta_makes_the_golden_state(base: sqlite3.Connection) -> None:
    apply_delta(base, SENT)
    rows = [
        encode_upsert(table, row).decode()
        for table in layouts()
        for row in base.execute(f"SELECT * FROM {table}")
    ]

    assert sorted(rows) == GOLDEN["after"]["rows"]
    assert load_meta(base)["digest"] == GOLDEN["after"]["digest"]
    assert digest_text(state_digest(base)) == GOLDEN["after"]["digest"]
    assert load_meta(base)["snapshot_seq"] == "1741690530"


OUT_OF_PLACE = [
    ("another site", {"site": "club"}),
    ("a gap", {"from_seq": 1741690510}),
    ("another pepper", {"pepper_id": "p9"}),
    ("backwards", {"to_seq": 1741690500}),
]


@pytest.mark.parametrize(("_what", "header"), OUT_OF_PLACE)
def test_a_delta_that_does_not_follow_is_refused(
    base: sqlite3.Connection, _what: str, header: dict[str, Any]
) -> None:
    odd = Delta(msgspec.structs.replace(SENT.header, **header), SENT.changes)
    with pytest.raises(CentralError) as caught:
        apply_delta(base, odd)

    assert caught.value.code == "delta_out_of_place"


def test_a_base_without_a_digest_takes_no_delta(base: sqlite3.Connection) -> None:
    base.execute("DELETE FROM meta WHERE name = 'digest'")
    with pytest.raises(CentralError) as caught:
        apply_delta(base, SENT)

    assert caught.value.code == "delta_out_of_place"


DRIFTS = [
    "DELETE FROM access_grant WHERE grant_no = 8",
    "UPDATE access_grant SET seat = 'A-13' WHERE grant_no = 7",
    "INSERT INTO revoked VALUES (x'0011223344556677')",
    "UPDATE access_grant SET version = 9 WHERE grant_no = 7",
]


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_base_that_drifted_is_found_by_its_digest(base: sqlite3.Connection, drift: str) -> None:
    base.execute(drift)
    with pytest.raises(CentralError) as caught:
        apply_delta(base, SENT)

    assert caught.value.code == "delta_digest_wrong"


def test_an_older_row_never_overwrites_a_newer_one(base: sqlite3.Connection) -> None:
    row = base.execute("SELECT * FROM access_grant WHERE grant_no = 7").fetchone()
    older = Upsert("access_grant", (*row[:-3], "B-1", None, 0))

    assert apply_changes(base, [older, Tombstone("access_grant", (7,), 0)], 5) == 5
    assert base.execute("SELECT * FROM access_grant WHERE grant_no = 7").fetchone() == row


ODD_LINES = [
    "",
    "{}",
    "[]",
    "null",
    '["+","access_grant",[7]]',
    '["+","access_grant",[7,1,1,null,null,null,null,null,0,null,null,null,null,1],1]',
    '["+","access_grant",["7",1,1,null,null,null,null,null,0,null,null,null,null,1]]',
    '["+","access_grant",[7.5,1,1,null,null,null,null,null,0,null,null,null,null,1]]',
    '["+","access_grant",[true,1,1,null,null,null,null,null,0,null,null,null,null,1]]',
    '["+","access_grant",[9223372036854775808,1,1,null,null,null,null,null,0,null,null,null,null,1]]',
    '["+","meta",["digest","00"]]',
    '["+","sqlite_master",["a"]]',
    '["+","credential",["zz",1]]',
    '["+","zone",[1,["x"],1]]',
    '["*","zone",[1,"x",1]]',
    '["-","zone",[1],null]',
    '["-","zone",[1],true]',
    '["-","zone",[1]]',
    '["-","revoked",["00"],1]',
    '["+",["zone"],[1,"x",1]]',
    '["+","config",["zone",' + "[" * 5_000,
    "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
]


@pytest.mark.parametrize("line", ODD_LINES)
def test_what_is_no_row_is_not_read(line: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_delta(with_lines(line))

    assert caught.value.code == "delta_unreadable"


def cut(raw: bytes) -> bytes:
    return raw[:-9]


def another_format(_raw: bytes) -> bytes:
    return with_lines(format=2)


def a_bad_digest(_raw: bytes) -> bytes:
    return with_lines(digest="0g" * 16)


def a_short_digest(_raw: bytes) -> bytes:
    return with_lines(digest="00")


def more_rows_than_said(_raw: bytes) -> bytes:
    return with_lines('["+","revoked",["00"]]', rows=2)


def fewer_rows_than_said(_raw: bytes) -> bytes:
    return with_lines('["+","revoked",["00"]]', '["+","revoked",["01"]]', rows=1)


def no_end_of_line(_raw: bytes) -> bytes:
    return compressed(GOLDEN["delta"]["text"].rstrip("\n"))


def nothing(_raw: bytes) -> bytes:
    return b""


def not_compressed(_raw: bytes) -> bytes:
    return GOLDEN["delta"]["text"].encode()  # type: ignore[no-any-return]


def a_greedy_window(_raw: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=30)
    maker = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return maker.compress(b"x" * 70_000) + maker.flush()


@pytest.mark.parametrize(
    "spoil",
    [
        cut,
        another_format,
        a_bad_digest,
        a_short_digest,
        more_rows_than_said,
        fewer_rows_than_said,
        no_end_of_line,
        nothing,
        not_compressed,
        a_greedy_window,
    ],
)
def test_what_is_no_delta_is_not_read(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InputError) as caught:
        parse_delta(spoil(bytes.fromhex(GOLDEN["delta"]["zstd"])))

    assert caught.value.code == "delta_unreadable"


@pytest.mark.fault("attack: a zip bomb")
def test_a_zip_bomb_is_cut_off_at_its_limit() -> None:
    bomb = compressed(bytes(deltas.DELTA_BYTES + 1))
    assert len(bomb) < 10_000
    with pytest.raises(InputError) as caught:
        parse_delta(bomb)

    assert caught.value.code == "delta_too_long"


def test_what_is_too_long_is_not_even_decompressed() -> None:
    with pytest.raises(InputError) as caught:
        parse_delta(bytes(deltas.DELTA_WIRE_BYTES + 1))

    assert caught.value.code == "delta_too_long"


def test_a_delta_that_nobody_would_read_is_not_made() -> None:
    header = Header(1, "museum", 1, 2, 3, "p1", 0, 1, "0" * 32)
    with pytest.raises(InputError) as caught:
        encode_delta(header, [Upsert("config", ("zone", "x" * deltas.DELTA_BYTES))])

    assert caught.value.code == "delta_too_long"


def test_every_table_of_a_site_has_a_layout_with_a_key() -> None:
    assert set(layouts()) == set(TABLES) - {"meta"}
    assert all(layout.keys for layout in layouts().values())
    assert layouts()["access_grant"].version == 13
    assert layouts()["credential"].version is None
    assert {t for t, layout in layouts().items() if layout.blobs} == {
        "credential",
        "grant_credential",
        "key_tally",
        "seat_entry",
        "revoked",
        "ticket_key",
    }


@pytest.mark.parametrize(
    ("base_rows", "limit"), [(0, 1_000), (20_000, 1_000), (100_000, 5_000), (10_000_000, 20_000)]
)
def test_a_delta_is_worth_it_up_to_so_many_rows(base_rows: int, limit: int) -> None:
    assert rows_limit(base_rows) == limit


def test_deltas_are_walked_from_where_one_stands() -> None:
    chain = [DeltaFile(f"d{n}", n, n + 1, 1) for n in (4, 1, 2, 3)]
    loop = [DeltaFile("a", 1, 2, 1), DeltaFile("b", 2, 1, 1)]

    assert [one.to_seq for one in walk(chain, 2)] == [3, 4, 5]
    assert list(walk(chain, 9)) == []
    assert [one.target for one in walk(loop, 1)] == ["a"]
