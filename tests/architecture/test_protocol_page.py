"""docs/sync-protocol.md says everything a stranger needs: every message, field, column, limit and fact."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import fields

import msgspec
import pytest

from scanner.core.events import Fact, FactKind
from support.checkout import ROOT
from sync import bundle_format, delta, manifest, snapshot, wire

PAGE = (ROOT / "docs" / "sync-protocol.md").read_text(encoding="utf-8")
CENTRAL = (ROOT / "docs" / "central.md").read_text(encoding="utf-8")

MESSAGES = {
    name: found
    for module in (wire, manifest, delta, bundle_format)
    for name, found in vars(module).items()
    if isinstance(found, type)
    and issubclass(found, msgspec.Struct)
    and found.__module__ == module.__name__
}


def columns() -> dict[str, list[str]]:
    """Table → its columns, of an empty base."""
    with closing(sqlite3.connect(":memory:")) as base:
        for statement in snapshot.schema_sql():
            base.execute(statement)
        return {
            table: [row[1] for row in base.execute(f"PRAGMA table_info({table})")]
            for table in snapshot.TABLES
        }


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_field_of_a_message_is_shown(name: str) -> None:
    missing = [
        field
        for field in MESSAGES[name].__struct_encode_fields__
        if f'"{field}"' not in PAGE and f"`{field}`" not in PAGE
    ]

    assert missing == []


@pytest.mark.parametrize("table", sorted(snapshot.TABLES))
def test_every_column_of_a_base_is_listed(table: str) -> None:
    tables = PAGE.split("| table | columns |")[1].split("\n\n")[0]
    (row,) = re.findall(rf"^\| `{table}` \| (.+?) \|", tables, flags=re.MULTILINE)

    assert re.findall(r"`(\w+)`", row) == columns()[table]


@pytest.mark.parametrize("field", [f.name for f in fields(Fact)])
def test_every_field_of_a_fact_is_explained(field: str) -> None:
    facts = PAGE.split("## Facts\n")[1].split("## Facts up")[0]

    assert f"`{field}`" in facts


@pytest.mark.parametrize("kind", list(FactKind))
def test_every_kind_of_fact_is_named(kind: FactKind) -> None:
    assert f"`{kind}`" in PAGE


@pytest.mark.parametrize("state", list(wire.DeviceState))
def test_every_state_of_a_device_is_explained(state: wire.DeviceState) -> None:
    assert f"| `{state}` |" in PAGE


@pytest.mark.parametrize(
    ("limit", "shown"),
    [
        (wire.REQUEST_BYTES, "4 MiB"),
        (wire.BATCH_ROWS, "500 rows"),
        (wire.BODY_BYTES, "4,096 bytes"),
        (wire.ERROR_BYTES, "64 KiB"),
        (manifest.MANIFEST_BYTES, "256 KiB"),
        (snapshot.PART_BYTES, "4 MiB"),
        (manifest.BASE_BYTES, "4 GiB"),
        (delta.DELTA_WIRE_BYTES, "4 MiB"),
        (delta.DELTA_BYTES, "32 MiB"),
        (bundle_format.BUNDLE_BYTES, "256 MiB"),
        (bundle_format.PLAIN_BYTES, "2 GiB"),
        (bundle_format.LINE_BYTES, "8 MiB"),
        (delta.DELTAS_MOST, "20 deltas"),
        (delta.ROWS_MOST, "20,000 rows"),
        (delta.ROWS_ALWAYS, "1,000 rows"),
    ],
)
def test_every_limit_is_stated_as_it_is(limit: int, shown: str) -> None:
    number, unit = shown.split(" ")
    factor = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}.get(unit, 1)

    assert int(number.replace(",", "")) * factor == limit
    assert shown in PAGE


def test_what_is_signed_is_named_as_it_is() -> None:
    for statement in (
        wire.batch_statement("d", "e", 1, "h"),
        wire.receipt_statement("d", "e", 1, "h", 2),
        wire.time_statement(1, "n"),
        wire.enrol_statement("t", "n"),
        bundle_format.seal_statement("facts", "d", "h"),
    ):
        assert statement.decode().split("\n")[0] in PAGE


def test_every_table_of_the_central_is_told() -> None:
    from server_stub.store.all_tables import METADATA

    assert [name for name in METADATA.tables if f"`{name}`" not in CENTRAL] == []
