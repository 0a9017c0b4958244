"""However batches are cut, repeated and reordered, the central ends with exactly what the gate recorded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.events import FactKind
from server_stub.rules.chain import plan_intake
from server_stub.rules.vector import PassageFact, foldable_until
from sync.wire import GENESIS, Row, chain

bodies = st.lists(st.text(max_size=5), min_size=1, max_size=20)


def rows_of(texts: list[str]) -> list[Row]:
    head, rows = GENESIS, []
    for seq, text in enumerate(texts, 1):
        head = chain(head, text.encode())
        rows.append(Row(seq, text, head.hex()))
    return rows


@given(bodies, st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8)), max_size=12))
def test_batches_in_any_order_leave_a_whole_prefix(
    texts: list[str], cuts: list[tuple[int, int]]
) -> None:
    rows, stored = rows_of(texts), {}
    have, head = 0, GENESIS
    for start, size in cuts:
        plan = plan_intake(have, head, stored, rows[start : start + size])
        assert not plan.forked
        assert plan.have >= have
        for row in plan.new:
            assert row.seq not in stored
            stored[row.seq] = row.hash
        have, head = plan.have, plan.head
    plan = plan_intake(have, head, stored, rows[have:])
    stored |= {row.seq: row.hash for row in plan.new}

    assert stored == {row.seq: bytes.fromhex(row.hash) for row in rows}
    assert plan.head.hex() == rows[-1].hash


@given(bodies, bodies)
def test_a_second_history_never_overwrites_the_first(first: list[str], second: list[str]) -> None:
    mine, others = rows_of(first), rows_of(second)
    stored = {row.seq: bytes.fromhex(row.hash) for row in mine}
    plan = plan_intake(len(mine), bytes.fromhex(mine[-1].hash), stored, others)
    same = next(
        (i for i, (a, b) in enumerate(zip(mine, others, strict=False)) if a.hash != b.hash),
        min(len(mine), len(others)),
    )

    assert all(row.seq > len(mine) for row in plan.new)
    if same < min(len(mine), len(others)):
        assert [row.seq for row in plan.forked] == [row.seq for row in others[same:]]
        assert not plan.new


@st.composite
def passages(draw: st.DrawFn) -> list[PassageFact]:
    """A ledger as gates write it: entries, and later their passages, some of them never."""
    facts: list[PassageFact] = []
    waiting: list[int] = []
    for seq in range(1, draw(st.integers(1, 25)) + 1):
        kind = draw(st.sampled_from(["entry", "watched", "close", "refusal", "start"]))
        if kind == "watched":
            waiting.append(seq)
            facts.append(PassageFact(seq, FactKind.SCAN, 1, None, awaits_passage=True))
        elif kind == "close" and waiting:
            refers_to = waiting.pop(draw(st.integers(0, len(waiting) - 1)))
            closing = draw(
                st.sampled_from([FactKind.PASSED, FactKind.NOT_PASSED, FactKind.PASSAGE_UNKNOWN])
            )
            facts.append(PassageFact(seq, closing, 1, refers_to, awaits_passage=False))
        elif kind == "start":
            waiting.clear()
            facts.append(PassageFact(seq, FactKind.LANE_STARTED, 1, None, awaits_passage=False))
        else:
            facts.append(PassageFact(seq, FactKind.SCAN, 1, None, awaits_passage=False))
    return facts


def is_closed_at(facts: list[PassageFact], until: int) -> bool:
    """No entry at or below ``until`` can still be given back by a fact above it."""
    for entry in facts[:until]:
        if entry.awaits_passage and not any(
            later.refers_to == entry.seq or later.kind is FactKind.LANE_STARTED
            for later in facts[entry.seq : until]
        ):
            return False
    return True


@given(passages())
def test_the_vector_is_the_highest_place_below_every_open_passage(facts: list[PassageFact]) -> None:
    until = foldable_until(len(facts), facts)

    assert is_closed_at(facts, until)
    assert not any(is_closed_at(facts, higher) for higher in range(until + 1, len(facts) + 1))


@given(passages(), st.integers(0, 25))
def test_starting_from_an_earlier_vector_gives_the_same(
    facts: list[PassageFact], moment: int
) -> None:
    earlier = foldable_until(min(moment, len(facts)), facts[:moment])

    assert foldable_until(len(facts), facts[earlier:]) == foldable_until(len(facts), facts)
