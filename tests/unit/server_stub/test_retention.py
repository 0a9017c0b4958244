"""The retention run (S64): old facts become daily counts, and no right is younger for it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockState
from scanner.core.errors import InputError
from scanner.core.events import Fact, FactKind
from scanner.core.grants import SnapshotMark
from scanner.core.reasons import Reason
from scanner.core.units import DeviceId, Epoch, Instant, SnapshotSeq
from server_stub.api.forms import RuleForm
from server_stub.central import Central
from server_stub.cli import main
from server_stub.gates.tallies import load_counted, load_offsets
from server_stub.people.retention import run_retention
from server_stub.people.retention_periods import Periods, load_periods, set_period
from server_stub.publishing.base_file import build_base
from server_stub.reporting.overuses import load_overuse
from server_stub.reporting.report import load_counts
from server_stub.selling.catalogue import change_rule
from server_stub.selling.orders import create_order
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.store.retention_tables import daily_count, kept_tally
from support.central_site import CentralClock, museum, rows, sell_annual
from support.examples import examples
from support.gate_facts import NOON, entry, fact, not_passed, refusal, watched
from support.sent_facts import record

DAY_MS = 86_400_000
KEY = "ab" * 16


def folded(central: Central) -> None:
    """As if two bases had been published: everything that has arrived is in both."""
    with central.database.write() as connection:
        connection.execute(delete(tables.publication_vector))
        connection.execute(delete(tables.publication))
        ledgers = connection.execute(select(tables.ledger)).all()
        for seq in (1, 2):
            connection.execute(
                tables.publication.insert().values(
                    snapshot_seq=seq,
                    created_at=0,
                    rights_count=0,
                    grants=0,
                    base_bytes=0,
                    sha256="",
                )
            )
            for row in ledgers:
                connection.execute(
                    tables.publication_vector.insert().values(
                        snapshot_seq=seq, device=row.device, epoch=row.epoch, seq=row.have
                    )
                )


def tallies(central: Central) -> dict[Any, Any]:
    """What the next base would say that each right and code has used, to the number."""
    with central.database.read() as connection:
        calendar = load_site(connection).calendar
        haves = connection.execute(select(tables.ledger)).all()
        vector = {(row.device, row.epoch): row.have for row in haves}
        return {
            (one.grant_no or one.key, zone_no): (
                {on: (day.charged, day.entries) for on, day in tally.days.items()},
                dict(tally.events),
                tally.first_entry and tally.first_entry.at,
                tally.last_charged and tally.last_charged.at,
            )
            for one in load_counted(connection, vector, load_offsets(connection), calendar)
            for zone_no, tally in one.tallies.items()
        }


def clear(central: Central) -> None:
    with central.database.write() as connection:
        for table in (
            *(tables.publication_vector, tables.publication, tables.fact, tables.ledger),
            *(daily_count, kept_tally, tables.clock_offset),
        ):
            connection.execute(delete(table))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    clock = CentralClock(NOON)
    with museum(tmp_path_factory.mktemp("site"), clock) as made:
        sell_annual(made)
        sell_annual(made)
        record(made)
        yield made


@pytest.fixture
def central(shared: Central) -> Central:
    clear(shared)
    assert isinstance(shared.clock, CentralClock)
    shared.clock.now = NOON
    return shared


def device_of(central: Central) -> str:
    with central.database.read() as connection:
        return str(connection.execute(select(tables.device.c.device)).scalars().first())


def took(central: Central, *facts: Fact) -> None:
    """Facts arrive, bases fold them, and a hundred days pass."""
    assert isinstance(central.clock, CentralClock)
    central.clock.now = NOON + 5 * DAY_MS
    record(central, *facts, device=device_of(central))
    folded(central)
    central.clock.now = NOON + 100 * DAY_MS


def test_old_facts_leave_daily_counts_and_what_rights_have_used(central: Central) -> None:
    took(
        central,
        entry(grant_no=1),
        entry(grant_no=1, at=Instant(NOON + DAY_MS)),
        watched(grant_no=2, persons=3, charged=3),
        not_passed(3),
        entry(key=KEY, type_no=None),
        refusal(),
    )
    before = tallies(central)
    done = run_retention(central, is_dry=False)
    with central.database.read() as connection:
        days = connection.execute(select(daily_count).order_by(daily_count.c.day)).all()
        (ledger,) = load_counts(connection).ledgers

    assert (done.facts, done.ledgers) == (6, 1)
    assert rows(central, tables.fact) == 0
    assert tallies(central) == before
    assert {row.day for row in days} == {"2025-03-11", "2025-03-12"}
    assert sum(row.entries for row in days) == 4
    assert sum(row.persons for row in days) == 5
    assert sum(row.given_back for row in days) == 1
    assert [row.scans for row in days if row.reason == "EXPIRED"] == [1]
    assert (ledger.have, ledger.facts, ledger.purged) == (6, 0, 6)


def test_a_second_run_and_a_dry_run_change_nothing(central: Central) -> None:
    took(central, entry(grant_no=1), entry(grant_no=1))
    dry = run_retention(central, is_dry=True)
    assert (dry.facts, rows(central, tables.fact), rows(central, daily_count)) == (2, 2, 0)
    run_retention(central, is_dry=False)
    before = tallies(central)
    again = run_retention(central, is_dry=False)

    assert again.facts == 0
    assert tallies(central) == before
    assert rows(central, daily_count) == 1


def test_young_facts_and_what_no_two_bases_have_folded_stay(central: Central) -> None:
    record(central, entry(grant_no=1), entry(grant_no=1), device=device_of(central))
    assert isinstance(central.clock, CentralClock)
    central.clock.now = NOON + 100 * DAY_MS
    assert run_retention(central, is_dry=False).facts == 0
    folded(central)
    central.clock.now = NOON + 89 * DAY_MS
    assert run_retention(central, is_dry=False).facts == 0
    central.clock.now = NOON + 91 * DAY_MS

    assert run_retention(central, is_dry=False).facts == 2


def test_a_fact_whose_time_nobody_knows_is_as_old_as_its_receipt(central: Central) -> None:
    assert isinstance(central.clock, CentralClock)
    lost = entry(grant_no=1, at=Instant(0), clock=ClockState.UNTRUSTED)
    record(central, lost, device=device_of(central))
    folded(central)
    assert run_retention(central, is_dry=False).facts == 0
    central.clock.now = NOON + 91 * DAY_MS
    run_retention(central, is_dry=False)
    with central.database.read() as connection:
        days = connection.execute(select(daily_count.c.day)).scalars().all()

    assert days == ["2025-03-11"]


def test_totals_of_the_report_stay_when_facts_go(central: Central) -> None:
    took(central, entry(grant_no=1), watched(grant_no=2), not_passed(2), refusal())
    with central.database.read() as connection:
        before = load_counts(connection)
    run_retention(central, is_dry=False)
    with central.database.read() as connection:
        after = load_counts(connection)

    assert (after.entries, after.answers) == (before.entries, before.answers)


def test_a_limit_that_was_used_up_long_ago_is_still_overused(central: Central) -> None:
    took(central, entry(grant_no=1), entry(grant_no=1))
    run_retention(central, is_dry=False)
    with central.database.write() as connection:
        change_rule(connection, "annual", RuleForm(max_total=2))
    late = entry(grant_no=1, at=Instant(NOON + 95 * DAY_MS))
    record(central, late, device=device_of(central))
    with central.database.write() as connection:
        (found,) = load_overuse(connection)
        change_rule(connection, "annual", RuleForm(max_total=50, max_per_day=1))

    assert (found.limits, found.persons) == ([Reason.LIMIT_TOTAL.value], 1)


def test_a_base_made_afterwards_counts_the_same(central: Central, tmp_path: Path) -> None:
    took(central, entry(grant_no=1), entry(grant_no=1, at=Instant(NOON + 2 * DAY_MS)))
    run_retention(central, is_dry=False)
    path = tmp_path / "base.db"
    with central.database.read() as connection:
        mark = SnapshotMark(seq=SnapshotSeq(9), created_at=central.clock.now_ms())
        build_base(connection, path, load_site(connection), mark, {})
    with closing(sqlite3.connect(path)) as base:
        ((grant_no, counts),) = base.execute("SELECT grant_no, counts FROM tally").fetchall()

    assert (grant_no, json.loads(counts)["days"]) == (1, [20250311, 20250313])


shapes = st.lists(
    st.tuples(
        st.sampled_from(
            [
                {"grant_no": 1},
                {"grant_no": 2, "persons": 2, "charged": 2},
                {"key": KEY},
                {"grant_no": 1, "zone_no": 2},
            ]
        ),
        st.integers(0, 40),
        st.booleans(),
    ),
    max_size=12,
)


@examples(0.25)
@given(plan=shapes, passed_days=st.integers(85, 140))
def test_wherever_the_horizon_cuts_the_counts_are_those_of_all_facts(
    shared: Central, plan: list[tuple[dict[str, Any], int, bool]], passed_days: int
) -> None:
    clear(shared)
    assert isinstance(shared.clock, CentralClock)
    shared.clock.now = NOON + 41 * DAY_MS
    facts: list[Fact] = []
    for fields, day, is_given_back in plan:
        when = Instant(NOON + day * DAY_MS)
        facts.append(watched(at=when, **fields))
        if is_given_back:
            facts.append(not_passed(len(facts)))
    record(shared, *facts, device=device_of(shared))
    folded(shared)
    before = tallies(shared)
    shared.clock.now = NOON + passed_days * DAY_MS
    run_retention(shared, is_dry=False)

    assert tallies(shared) == before


def test_codes_carts_and_letters_that_are_over_go(central: Central) -> None:
    assert isinstance(central.clock, CentralClock)
    with central.database.write() as connection:
        create_order(connection, "ann@example.org", central.clock.now_ms())
    central.folder.mail.mkdir(exist_ok=True)
    (central.folder.mail / "old.eml").write_bytes(b"To: ann@example.org\n")
    central.clock.now = 4_000_000_000_000
    dry = run_retention(central, is_dry=True)
    done = run_retention(central, is_dry=False)

    assert (dry.drafts, dry.letters) == (done.drafts, done.letters) == (1, 1)
    assert run_retention(central, is_dry=False).drafts == 0
    assert list(central.folder.mail.iterdir()) == []


def test_periods_are_checked_before_they_are_kept(central: Central) -> None:
    with central.database.write() as connection:
        for name, days, code in (("facts", 90, "period_unknown"), ("facts_days", 0, "period_bad")):
            with pytest.raises(InputError) as caught:
                set_period(connection, name, days)
            assert caught.value.code == code
        assert load_periods(connection) == Periods()
        set_period(connection, "drafts_days", 31)
        assert load_periods(connection).drafts_days == 31
        set_period(connection, "drafts_days", 30)


def test_the_command_says_what_went(central: Central) -> None:
    took(central, entry(grant_no=1))
    env = {"PORTILLON_CENTRAL_DIR": str(central.folder.path)}
    run = CliRunner().invoke(main, ["retention", "run", "--dry-run"], env=env)
    shown = CliRunner().invoke(main, ["retention", "show", "--json"], env=env)
    assert run.output.startswith("would go (nothing was changed):")
    assert json.loads(shown.output)["facts_days"] == 90
    run = CliRunner().invoke(main, ["retention", "set", "facts_days", "0"], env=env)
    assert (run.exit_code, "period_bad" in run.stderr) == (2, True)


def test_marks_of_facts_name_the_day_of_the_corrected_time(central: Central) -> None:
    offset = fact(
        FactKind.CLOCK_OFFSET,
        offset_ms=NOON + DAY_MS - 5_000,
        device=DeviceId("d"),
        epoch=Epoch("e"),
    )
    took(central, entry(grant_no=1, at=Instant(0), clock=ClockState.UNTRUSTED), offset)
    run_retention(central, is_dry=False)
    with central.database.read() as connection:
        days = connection.execute(select(daily_count.c.day)).scalars().all()
        assert load_site(connection).calendar == SiteCalendar("Europe/Paris")

    assert days == ["2025-03-12"]
