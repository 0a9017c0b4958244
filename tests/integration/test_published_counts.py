"""What gates recorded, as the next base counts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from scanner.core.events import FactKind
from scanner.core.reasons import Reason
from scanner.core.units import Direction, EventNo, GateNo, ZoneNo
from server_stub.api.forms import EventForm
from server_stub.central import Central
from server_stub.publishing.publisher import Publication, publish
from server_stub.selling.catalogue import add_event
from server_stub.selling.codes import revoke_code
from server_stub.site import load_site
from server_stub.store import tables
from support.central_site import CentralClock, museum, rows, sell_annual
from support.databases import NewDatabase
from support.gate_facts import NOON, entry, fact, not_passed, passed, refusal, watched
from support.open_base import PublishedSite, query
from support.sent_facts import record
from sync.tally_rows import parse_tally

DAY_MS = 86_400_000


@pytest.fixture
def clock() -> CentralClock:
    return CentralClock()


@pytest.fixture
def central(tmp_path: Path, clock: CentralClock, new_database: NewDatabase) -> Iterator[Central]:
    """Two passes are sold: what counts for a right that nobody has, no base holds."""
    with museum(tmp_path, clock, new_database()) as made:
        sell_annual(made)
        sell_annual(made)
        yield made


@pytest.fixture
def gate(central: Central, clock: CentralClock, tmp_path: Path) -> PublishedSite:
    return PublishedSite(central.folder.path / "repository", tmp_path / "gate", clock)


def base_of(gate: PublishedSite) -> bytes:
    return gate.fetch()[1]


def totals(base: bytes) -> dict[int, int]:
    """Grant → charged entries ever."""
    found = query(base, "SELECT grant_no, counts FROM tally")
    return {grant_no: parse_tally(counts).total for grant_no, counts in found}


def test_entries_are_folded_by_grant_up_to_the_vector(
    central: Central, gate: PublishedSite
) -> None:
    device = record(
        central,
        entry(grant_no=1, key="aa" * 16),
        entry(grant_no=1, key="aa" * 16),
        refusal(grant_no=1),
        entry(grant_no=2, key="bb" * 16),
        entry(key="cc" * 16),
    )
    publish(central)
    base = base_of(gate)
    unlisted = query(base, "SELECT hex(key), zone_no, counts FROM key_tally")

    assert totals(base) == {1: 2, 2: 1}
    assert [(key, zone, parse_tally(counts).total) for key, zone, counts in unlisted] == [
        ("CC" * 16, 1, 1)
    ]
    assert query(base, "SELECT device, epoch, seq FROM vector") == [(device, "epoch-1", 5)]


def test_an_entry_that_awaits_its_passage_stays_above_the_vector(
    central: Central, gate: PublishedSite, clock: CentralClock
) -> None:
    device = record(central, entry(grant_no=1), watched(grant_no=1))
    publish(central)
    waiting = base_of(gate)
    clock.pass_ms(5_000)
    record(central, not_passed(2), entry(grant_no=2), device=device)
    publish(central)
    after = base_of(gate)

    assert totals(waiting) == {1: 1}
    assert query(waiting, "SELECT seq FROM vector") == [(1,)]
    assert totals(after) == {1: 1, 2: 1}
    assert query(after, "SELECT seq FROM vector") == [(4,)]


def test_given_back_entries_are_out_of_every_count(central: Central, gate: PublishedSite) -> None:
    record(
        central,
        watched(grant_no=1),
        not_passed(1),
        watched(grant_no=1, persons=3, charged=3),
        passed(3, persons=2),
        not_passed(3, persons=1),
    )
    publish(central)
    ((counts,),) = query(base_of(gate), "SELECT counts FROM tally")
    tally = parse_tally(counts)

    assert (tally.total, sum(day.entries for day in tally.days.values())) == (2, 1)


def test_facts_of_a_revoked_device_count_nothing(central: Central, gate: PublishedSite) -> None:
    record(central, entry(grant_no=1))
    with central.database.write() as connection:
        connection.execute(tables.fact.update().values(is_under_review=1))
    publish(central)

    assert totals(base_of(gate)) == {}


def test_a_corrected_clock_moves_entries_to_their_true_day(
    central: Central, gate: PublishedSite
) -> None:
    wrong = NOON - 3 * DAY_MS
    device = record(central, entry(grant_no=1, at=wrong, mono_ms=7_000))
    record(
        central,
        fact(FactKind.CLOCK_OFFSET, offset_ms=NOON - 7_000),
        device=device,
    )
    publish(central)
    base = base_of(gate)
    ((counts,),) = query(base, "SELECT counts FROM tally")

    assert [str(day) for day in parse_tally(counts).days] == ["2025-03-11"]
    assert query(base, "SELECT * FROM clock_offset") == [(device, "boot-1", NOON - 7_000)]


def test_seats_that_were_entered_are_told_while_the_event_lasts(
    central: Central, gate: PublishedSite
) -> None:
    with central.database.write() as connection:
        number = add_event(
            connection,
            EventForm(name="match", starts_at="2025-03-10T13:00", ends_at="2025-03-10T16:00"),
            load_site(connection).calendar,
        )
    record(
        central,
        entry(grant_no=1, key="aa" * 16, event_no=number, seat="A-12"),
        watched(grant_no=2, event_no=number, seat="A-13"),
        not_passed(2),
        entry(grant_no=3, event_no=EventNo(99), seat="A-14"),
    )
    publish(central)

    assert query(base_of(gate), "SELECT event_no, seat, grant_no, hex(key) FROM seat_entry") == [
        (number, "A-12", 1, "AA" * 16)
    ]


def test_what_was_published_is_on_record(central: Central) -> None:
    record(central, entry(grant_no=1))
    made: Publication = publish(central)
    with central.database.read() as connection:
        row = connection.execute(select(tables.publication)).one()

    assert (row.snapshot_seq, row.grants, row.rights_count) == (made.seq, 2, made.rights_count)
    assert rows(central, tables.publication_vector) == 1


def test_accepted_entries_the_central_would_have_refused_are_marked(central: Central) -> None:
    sold = sell_annual(central)
    with central.database.write() as connection:
        revoke_code(connection, sold.credential_no, NOON - 1)
        of_code = tables.credential_key.c.credential_no == sold.credential_no
        found = connection.execute(select(tables.credential_key.c.key).where(of_code))
        key = found.scalar_one().hex()
    record(
        central,
        entry(grant_no=sold.grant_no, key=key),
        entry(grant_no=77),
        refusal(grant_no=77),
        entry(grant_no=sold.grant_no, movement=Direction.OUT),
        entry(grant_no=sold.grant_no, gate_no=GateNo(2), zone_no=ZoneNo(2)),
    )
    with central.database.read() as connection:
        marks = connection.execute(
            select(tables.fact.c.conflict).order_by(tables.fact.c.seq)
        ).scalars()

    assert list(marks) == [Reason.REVOKED, Reason.UNKNOWN, None, None, None]
