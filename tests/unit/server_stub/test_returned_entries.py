"""How the entries that were given back are found when a delta is made: without walking a ledger for every entry."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, create_engine, event

from server_stub.gates.tallies import Owners, load_counted
from server_stub.store import tables
from support.rights import PARIS


@pytest.mark.parametrize("owners", [Owners(grants=[1, 2]), Owners(keys=["aa", "bb"])])
def test_each_fact_is_looked_up_by_its_whole_identity(owners: Owners) -> None:
    engine = create_engine("sqlite://")
    tables.fact.metadata.create_all(engine)
    plans: list[str] = []

    def explain(
        connection: Connection, _cursor: object, sql: str, values: object, *_: object
    ) -> None:
        raw = connection.connection.cursor()
        plans.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values))  # type: ignore[call-overload]

    with engine.begin() as connection:
        event.listen(engine, "before_cursor_execute", explain)
        assert list(load_counted(connection, {}, {}, PARIS, owners)) == []

    walks = [plan for plan in plans if plan.endswith("(device=? AND epoch=?)")]
    assert plans
    assert walks == []
