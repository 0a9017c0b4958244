"""A sale is published as a delta, and what a gate has after it is what a base of that moment would hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from scanner.core.grants import SnapshotMark
from server_stub.api.forms import CodeKind, EventForm, RuleForm
from server_stub.central import Central
from server_stub.gates.tallies import load_vector
from server_stub.publishing import publisher
from server_stub.publishing.base_file import build_base
from server_stub.publishing.base_renewal import BaseRenewal, renew_base
from server_stub.publishing.mirror import MIRROR_FILE
from server_stub.publishing.publisher import Publication, publish
from server_stub.selling.catalogue import add_event, add_zone, change_rule
from server_stub.selling.codes import replace_code, revoke_code
from server_stub.selling.sales import Sold
from server_stub.site import load_site, set_policy
from server_stub.store import tables
from server_stub.store.changes import note_rights_changed
from support.central_site import CentralClock, museum, sell_annual
from support.gate_facts import entry, not_passed, passed, watched
from support.sent_facts import record
from support.stick_gate import StickGate, tables_of

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    """One for all: whatever was sold and counted before, a gate has what a base would hold."""
    with museum(tmp_path_factory.mktemp("deltas")) as made:
        publish(made)
        yield made


@pytest.fixture
def gate(central: Central, tmp_path: Path) -> StickGate:
    """A gate that has what is there."""
    publish(central)
    made = StickGate(central, tmp_path / "gate")
    made.fetch()
    return made


def built_anew(central: Central, folder: Path, made: Publication) -> dict[str, list[Any]]:
    """What a base of this moment would hold, folded from everything."""
    path = folder / "anew.db"
    path.unlink(missing_ok=True)
    with central.database.read() as connection:
        mark = SnapshotMark(seq=made.seq, created_at=central.clock.now_ms())
        build_base(connection, path, load_site(connection), mark, load_vector(connection))
    with closing(sqlite3.connect(path)) as connection:
        return tables_of(connection)


def clock_of(central: Central) -> CentralClock:
    assert isinstance(central.clock, CentralClock)
    return central.clock


def test_a_sale_reaches_a_gate_without_a_base(central: Central, gate: StickGate) -> None:
    assert "base" in gate.kinds
    before = set((central.folder.targets / "museum").glob("*.base-*"))

    sold = sell_annual(central, kind=CodeKind.OPAQUE)
    made = publish(central)
    fetched = gate.fetch()

    assert (fetched.seq, fetched.is_new, gate.kinds) == (made.seq, True, {"delta"})
    assert (made.delta_rows, made.grants) == (2, sold.grant_no)
    made_now = set((central.folder.targets / "museum").glob("*.base-*")) - before
    assert made_now == set(), "old ones may go, a new one was not needed"


def test_a_revocation_is_two_rows(central: Central, gate: StickGate) -> None:
    sold = sell_annual(central)
    publish(central)
    gate.fetch()
    before = gate.tables()
    with central.database.write() as connection:
        revoke_code(connection, sold.credential_no, central.clock.now_ms())
    made = publish(central)
    gate.fetch()
    after = gate.tables()

    assert made.delta_rows == 2
    assert len(after["revoked"]) == len(before["revoked"]) + 1
    assert len(after["credential"]) == len(before["credential"]) - 1


def test_an_unchanged_site_is_an_empty_delta(central: Central, gate: StickGate) -> None:
    clock_of(central).pass_ms(60_000)
    made = publish(central)
    gate.fetch()

    assert made.delta_rows == 0
    pointer = gate.cache.current()
    assert pointer is not None
    assert (pointer.seq, pointer.created_at) == (made.seq, central.clock.now_ms())


def sell(central: Central, _sold: Sold) -> None:
    sell_annual(central, seat="A-12")


def replace_card(central: Central, sold: Sold) -> None:
    with central.database.write() as connection:
        replace_code(connection, central.secrets, sold.credential_no, 5)


def replace_it_twice(central: Central, sold: Sold) -> None:
    with central.database.write() as connection:
        replace_code(connection, central.secrets, sold.credential_no, 5)
    publish(central)
    with central.database.write() as connection:
        replace_code(connection, central.secrets, sold.credential_no, 6)


def set_up_more(central: Central, _sold: Sold) -> None:
    with central.database.write() as connection:
        add_zone(connection, f"cellar {central.clock.now_ms()}")
        change_rule(connection, "annual", RuleForm(max_total=7))
        set_policy(connection, "hard_age_policy", "signed_only")


def hold_an_event(central: Central, sold: Sold) -> None:
    now = datetime.fromtimestamp(central.clock.now_ms() / 1_000, UTC)
    times = [(now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M") for hours in (2, 4)]
    with central.database.write() as connection:
        form = EventForm(name="gala", starts_at=times[0], ends_at=times[1])
        event_no = add_event(connection, form, load_site(connection).calendar)
    one = {"grant_no": sold.grant_no, "event_no": event_no}
    record(central, entry(seat="A-1", **one), entry(seat="A-2", key="cd" * 16, **one))
    publish(central)
    clock_of(central).pass_ms(8 * 3_600_000)


def let_people_in(central: Central, sold: Sold) -> None:
    its = {"grant_no": sold.grant_no}
    device = record(central, entry(**its), watched(**its), entry(key="ab" * 16))
    publish(central)
    record(central, not_passed(2), entry(**its), device=device)


def give_an_entry_back(central: Central, sold: Sold) -> None:
    its = {"grant_no": sold.grant_no}
    record(central, watched(**its), watched(persons=2, charged=2, **its), not_passed(1), passed(2))
    publish(central)
    record(central, watched(**its), not_passed(1))


def begin_another_day(central: Central, sold: Sold) -> None:
    record(central, entry(grant_no=sold.grant_no, at=central.clock.now_ms()))
    publish(central)
    clock_of(central).pass_ms(3 * DAY_MS)


def change_a_row_by_hand(central: Central, sold: Sold) -> None:
    its = tables.access_grant.c.grant_no == sold.grant_no
    with central.database.write() as connection:
        connection.execute(update(tables.access_grant).where(its).values(seat="Z-9"))
        note_rights_changed(connection)


CHANGES = [
    sell,
    replace_card,
    replace_it_twice,
    set_up_more,
    hold_an_event,
    let_people_in,
    give_an_entry_back,
    begin_another_day,
    change_a_row_by_hand,
]


@pytest.mark.parametrize("change", CHANGES)
def test_after_any_change_a_gate_has_by_deltas_what_a_base_would_hold(
    central: Central, gate: StickGate, tmp_path: Path, change: Callable[[Central, Sold], None]
) -> None:
    sold = sell_annual(central)
    publish(central)

    change(central, sold)
    made = publish(central)
    gate.fetch()

    assert made.delta_rows
    assert gate.kinds == {"delta"}
    assert gate.tables() == built_anew(central, tmp_path, made)


def publish_many(central: Central, gate: StickGate, count: int) -> Publication:
    """A sale and a publication, so many times, each as a delta at a gate that follows."""
    for _ in range(count):
        clock_of(central).pass_ms(1_000)
        sell_annual(central)
        made = publish(central)
        gate.fetch()
        assert gate.kinds == {"delta"}
    return made


@pytest.fixture
def few_deltas(central: Central, gate: StickGate, monkeypatch: pytest.MonkeyPatch) -> int:
    """The way from a base is long with more than three; here it begins."""
    (central.folder.path / MIRROR_FILE).unlink()
    publish(central)
    gate.fetch()
    monkeypatch.setattr("server_stub.publishing.delta_file.DELTAS_MOST", 3)
    monkeypatch.setattr("sync.fetching.DELTAS_MOST", 3)
    return 3


def test_a_long_way_is_cut_short_by_a_base_that_is_made_beside_the_publications(
    central: Central, gate: StickGate, tmp_path: Path, few_deltas: int
) -> None:
    late = StickGate(central, tmp_path / "late")
    late.fetch()
    assert not publish_many(central, gate, few_deltas).is_base_due
    assert renew_base(central) is None
    assert publish_many(central, gate, 1).is_base_due
    renewal = BaseRenewal(central)

    assert renewal.copy()
    meanwhile = publish_many(central, gate, 1)
    renewal.pack()
    base = renewal.name()

    assert base is not None
    assert base.seq < meanwhile.seq
    assert not gate.fetch().is_new
    late.fetch()
    assert late.kinds == {"base", "delta"}
    assert gate.tables() == late.tables() == built_anew(central, tmp_path, meanwhile)
    assert not publish_many(central, gate, 1).is_base_due


def test_a_base_that_was_made_beside_is_forgotten_when_another_one_was_published_meanwhile(
    central: Central, gate: StickGate, tmp_path: Path, few_deltas: int
) -> None:
    publish_many(central, gate, few_deltas + 1)
    renewal = BaseRenewal(central)
    assert renewal.copy()
    renewal.pack()
    (central.folder.path / MIRROR_FILE).unlink()
    made = publish(central)

    assert renewal.name() is None
    gate.fetch()
    assert gate.tables() == built_anew(central, tmp_path, made)


def test_a_base_that_nobody_makes_beside_is_made_by_a_publication(
    central: Central, gate: StickGate, tmp_path: Path, few_deltas: int
) -> None:
    late = StickGate(central, tmp_path / "late")
    late.fetch()
    made = publish_many(central, gate, 2 * few_deltas + 1)
    late.fetch()

    assert not made.is_base_due
    assert late.kinds == {"base"}
    assert gate.tables() == late.tables()


def test_vectors_are_kept_of_publications_upon_the_two_newest_bases_only(
    central: Central, gate: StickGate, few_deltas: int
) -> None:
    record(central, entry(grant_no=sell_annual(central).grant_no))
    publish(central)
    gate.fetch()
    kept = []
    for _ in range(3):
        kept.append(publish_many(central, gate, few_deltas).seq)
        publish_many(central, gate, 1)
        assert renew_base(central) is not None
    publish_many(central, gate, 1)

    with central.database.read() as connection:
        seqs = connection.execute(select(tables.publication_vector.c.snapshot_seq)).scalars().all()

    assert min(seqs) > kept[0]
    assert set(kept[2:]) < set(seqs)


def test_a_gate_that_is_new_takes_base_and_deltas(central: Central, tmp_path: Path) -> None:
    sell_annual(central)
    made = publish(central)
    sell_annual(central)
    made = publish(central)
    new = StickGate(central, tmp_path / "new")
    new.fetch()

    assert new.kinds == {"base", "delta"}
    assert new.tables() == built_anew(central, tmp_path, made)
    assert [path.name for path in new.settings.cache_dir.glob("*.db")] == [f"{made.seq}.db"]


def test_many_changes_are_a_base(
    central: Central, gate: StickGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_stub.publishing.delta_file.rows_limit", lambda _rows: 3)
    for _ in range(2):
        sell_annual(central)
    made = publish(central)
    gate.fetch()

    assert made.delta_rows is None
    assert gate.kinds == {"base"}


def to_version(central: Central, sold: Sold, version: int) -> None:
    its = tables.access_grant.c.grant_no == sold.grant_no
    values = {"version": version, "seat": f"A-{version}"}
    with central.database.write() as connection:
        connection.execute(update(tables.access_grant).where(its).values(**values))
        note_rights_changed(connection, [sold.grant_no])


def test_after_a_restored_backup_gates_are_told_by_a_base(
    central: Central, gate: StickGate, tmp_path: Path
) -> None:
    sold = sell_annual(central)
    made = publish(central)
    gate.fetch()
    with central.database.write() as connection:
        for table in (tables.publication_vector, tables.publication):
            connection.execute(delete(table).where(table.c.snapshot_seq == made.seq))
    to_version(central, sold, 0)
    made = publish(central)
    gate.fetch()

    assert made.delta_rows is None
    assert gate.tables() == built_anew(central, tmp_path, made)


def test_a_row_that_is_older_than_before_is_told_by_a_base(
    central: Central, gate: StickGate, tmp_path: Path
) -> None:
    sold = sell_annual(central)
    to_version(central, sold, 5)
    publish(central)
    gate.fetch()
    to_version(central, sold, 4)
    made = publish(central)
    gate.fetch()

    assert made.delta_rows is None
    assert gate.tables() == built_anew(central, tmp_path, made)


def lose_it(path: Path) -> None:
    path.unlink()


def tear_it(path: Path) -> None:
    path.write_bytes(b"no database" * 1_000)


def let_it_lag(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE meta SET value = '7' WHERE name = 'snapshot_seq'")


@pytest.mark.parametrize("spoil", [lose_it, tear_it, let_it_lag])
def test_a_mirror_that_cannot_be_believed_is_made_anew(
    central: Central, gate: StickGate, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(central.folder.path / MIRROR_FILE)
    sell_annual(central)
    made = publish(central)
    gate.fetch()
    assert made.delta_rows is None
    assert gate.tables() == built_anew(central, tmp_path, made)

    sell_annual(central)
    again = publish(central)

    assert again.delta_rows == 2


def test_a_publisher_that_dies_before_it_wrote_it_down_publishes_a_base_next(
    central: Central, gate: StickGate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = sell_annual(central)
    with monkeypatch.context() as patch:

        def die(*_arguments: object) -> None:
            raise OSError("gone")

        patch.setattr(publisher, "_record", die)
        with pytest.raises(OSError, match="gone"):
            publish(central)
    gate.fetch()
    assert len(gate.tables()["access_grant"]) == sold.grant_no

    made = publish(central)
    gate.fetch()

    assert made.delta_rows is None
    assert gate.tables() == built_anew(central, tmp_path, made)
