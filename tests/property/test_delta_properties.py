"""Base and deltas in any valid chain are the full state; anything else is found out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.errors import CentralError
from support.examples import examples
from sync.delta import (
    Change,
    Delta,
    Header,
    Tombstone,
    Upsert,
    digest_text,
    encode_delta,
    parse_delta,
    parse_digest,
)
from sync.delta_rows import apply_changes, apply_delta, load_meta, save_meta, state_digest
from sync.row_layout import layouts
from sync.snapshot import schema_sql

State = dict[tuple[str, tuple[Any, ...]], tuple[Any, ...]]

small = st.integers(0, 3)
texts = st.one_of(st.none(), st.sampled_from(["A-1", "Ä „1“", '"\\\n\u2028', ""]))
blobs = st.sampled_from([b"\0" * 8, b"\xff" * 8, b"12345678"])
versions = st.integers(1, 2)
ROWS = {
    "revoked": st.tuples(blobs),
    "credential": st.tuples(blobs, small),
    "zone": st.tuples(small, st.text(max_size=3), versions),
    "grant_event": st.tuples(small, small, texts, st.none(), texts, versions),
    "tally": st.tuples(small, small, st.sampled_from(["{}", '{"days":[20250310]}'])),
    "seat_entry": st.tuples(
        small, st.sampled_from(["A", "B"]), st.one_of(st.none(), small), st.one_of(st.none(), blobs)
    ),
    "config": st.tuples(st.sampled_from(["zone", "x"]), st.text(max_size=3)),
}


def keyed(rows: list[tuple[str, tuple[Any, ...]]]) -> State:
    return {(table, layouts()[table].key_of(row)): row for table, row in rows}


states = st.lists(
    st.one_of(*[st.tuples(st.just(table), rows) for table, rows in ROWS.items()]), max_size=12
).map(keyed)


def newer(before: State, wish: State) -> State:
    """The wish, with row versions that never go back."""
    grown = {}
    for (table, key), row in wish.items():
        place, held = layouts()[table].version, before.get((table, key))
        if place is not None and held is not None and held != row:
            grown[table, key] = (*row[:place], held[place] + 1, *row[place + 1 :])
        else:
            grown[table, key] = row
    return grown


def changes_between(before: State, after: State) -> Iterator[Change]:
    for (table, _key), row in after.items():
        if before.get((table, _key)) != row:
            yield Upsert(table, row)
    for (table, key), row in before.items():
        if (table, key) not in after:
            yield Tombstone(table, key, layouts()[table].version_of(row))


@contextmanager
def base(state: State, seq: int = 0) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in schema_sql():
            connection.execute(statement)
        digest = apply_changes(connection, [Upsert(t, r) for (t, _), r in state.items()], 0)
        save_meta(connection, site="m", snapshot_seq=seq, pepper_id="p", digest=digest_text(digest))
        yield connection


def rows_of(connection: sqlite3.Connection) -> State:
    return keyed(
        [(table, row) for table in ROWS for row in connection.execute(f"SELECT * FROM {table}")]
    )


def chain_of(first: State, wishes: list[State]) -> list[tuple[Delta, State]]:
    """Deltas from state to state, through their bytes, and the state after each."""
    made, before = [], first
    with base(first) as connection:
        digest = parse_digest(load_meta(connection)["digest"])
        for number, wish in enumerate(wishes):
            after = newer(before, wish)
            changes = list(changes_between(before, after))
            digest = apply_changes(connection, changes, digest)
            header = Header(
                1, "m", number, number + 1, 5, "p", 0, len(changes), digest_text(digest)
            )
            made.append((parse_delta(encode_delta(header, changes)), after))
            before = after
    return made


@examples(0.3)
@given(first=states, wishes=st.lists(states, min_size=1, max_size=5))
def test_base_and_deltas_are_the_full_state_at_every_step(
    first: State, wishes: list[State]
) -> None:
    with base(first) as connection:
        for delta, full in chain_of(first, wishes):
            apply_delta(connection, delta)
            assert rows_of(connection) == full
            assert digest_text(state_digest(connection)) == load_meta(connection)["digest"]


@examples(0.3)
@given(first=states, wishes=st.lists(states, min_size=2, max_size=5), data=st.data())
def test_a_gap_or_a_repetition_in_the_chain_is_refused(
    first: State, wishes: list[State], data: st.DataObject
) -> None:
    chain = chain_of(first, wishes)
    stand = data.draw(st.integers(0, len(chain) - 1))
    odd = data.draw(st.integers(0, len(chain) - 1).filter(lambda n: n != stand))
    with base(first) as connection:
        for delta, _full in chain[:stand]:
            apply_delta(connection, delta)
        with pytest.raises(CentralError) as caught:
            apply_delta(connection, chain[odd][0])

    assert caught.value.code == "delta_out_of_place"


@examples(0.3)
@given(first=states, wish=states, data=st.data())
def test_a_row_that_is_missing_or_too_many_in_a_delta_is_found(
    first: State, wish: State, data: st.DataObject
) -> None:
    ((delta, _full),) = chain_of(first, [wish])
    extra = Upsert("revoked", (b"not told",))
    odd = [(*delta.changes, extra)]
    odd += [(*delta.changes[:n], *delta.changes[n + 1 :]) for n in range(len(delta.changes))]
    with base(first) as connection:
        connection.execute("BEGIN")
        with pytest.raises(CentralError) as caught:
            apply_delta(connection, Delta(delta.header, data.draw(st.sampled_from(odd))))
        connection.execute("ROLLBACK")

        assert caught.value.code == "delta_digest_wrong"
        assert rows_of(connection) == first
        apply_delta(connection, delta)
