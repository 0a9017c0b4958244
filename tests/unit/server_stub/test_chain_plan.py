"""What a batch is to what the central already holds."""

from __future__ import annotations

from server_stub.rules.chain import Intake, plan_intake
from sync.wire import GENESIS, Row, chain


def ledger(*bodies: str, head: bytes = GENESIS, first: int = 1) -> list[Row]:
    rows = []
    for seq, body in enumerate(bodies, first):
        head = chain(head, body.encode())
        rows.append(Row(seq, body, head.hex()))
    return rows


def held(rows: list[Row]) -> dict[int, bytes]:
    return {row.seq: bytes.fromhex(row.hash) for row in rows}


def plan(have: list[Row], batch: list[Row]) -> Intake:
    head = bytes.fromhex(have[-1].hash) if have else GENESIS
    return plan_intake(len(have), head, held(have), batch)


def shape(intake: Intake) -> tuple[int, list[int], int, list[int]]:
    return (
        intake.have,
        [row.seq for row in intake.new],
        intake.replayed,
        [row.seq for row in intake.forked],
    )


ABC = ledger("a", "b", "c")


def test_the_first_rows_chain_to_nothing() -> None:
    assert shape(plan([], ABC)) == (3, [1, 2, 3], 0, [])
    assert plan([], ABC).head.hex() == ABC[-1].hash


def test_rows_sent_again_change_nothing() -> None:
    assert shape(plan(ABC, ABC)) == (3, [], 3, [])


def test_new_rows_may_come_with_old_ones() -> None:
    assert shape(plan(ABC[:2], ABC)) == (3, [3], 2, [])


def test_a_batch_that_starts_too_far_on_is_left_alone() -> None:
    assert shape(plan(ABC[:1], ABC[2:])) == (1, [], 0, [])


def test_another_row_under_a_taken_sequence_is_a_fork_with_all_that_follows() -> None:
    other = ledger("a", "X", "Y", "Z")

    assert shape(plan(ABC, other)) == (3, [], 1, [2, 3, 4])


def test_rows_that_do_not_chain_to_the_head_are_a_fork() -> None:
    later = ledger("d", "e", first=4)

    assert shape(plan(ABC, later)) == (3, [], 0, [4, 5])


def test_a_row_whose_hash_is_not_of_its_body_is_not_stored() -> None:
    edited = [ABC[0], Row(2, "edited", ABC[1].hash), ABC[2]]

    assert shape(plan([], edited)) == (1, [1], 0, [2, 3])


def test_a_row_that_was_purged_here_counts_as_sent_again() -> None:
    head = bytes.fromhex(ABC[-1].hash)

    assert shape(plan_intake(3, head, {3: head}, ABC)) == (3, [], 3, [])


def test_nothing_sent_changes_nothing() -> None:
    assert shape(plan(ABC, [])) == (3, [], 0, [])
