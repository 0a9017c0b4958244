"""Reports: entries by day, hour, lane and type; exceptions; who expires; the same by command and over HTTP."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from sqlalchemy import insert

from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockState
from scanner.core.errors import InputError
from scanner.core.events import FactKind
from scanner.core.reasons import Outcome, Reason
from scanner.core.units import Direction, GateNo, Instant
from server_stub.api.staff_forms import StaffRole
from server_stub.central import Central
from server_stub.cli import main
from server_stub.commands.report_command import BAR_CELLS, bar
from server_stub.gates.devices import add_device
from server_stub.reporting.csv_table import write_csv
from server_stub.reporting.entry_report import By, EntryReport, load_entries
from server_stub.reporting.exception_report import ExceptionKind, ExceptionRow, load_exceptions
from server_stub.reporting.expiry_report import ExpiryRow, load_expiring
from server_stub.reporting.report import load_counts
from server_stub.reporting.report_span import parse_span
from server_stub.selling.checkout import name_holder
from server_stub.selling.codes import revoke_code
from server_stub.selling.orders import deny_ticket
from server_stub.site import load_site, save_setting
from server_stub.store import tables
from server_stub.store.retention_tables import daily_count
from support.central_site import CentralClock, museum, sell_annual, served, signed_in
from support.gate_facts import entry, fact, not_passed, refusal, watched
from support.instants import wall
from support.sent_facts import record

PARIS = SiteCalendar("Europe/Paris", "04:00")
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    """Cut-off at four; two lanes, one of which had a wrong clock; old days that are only sums any more."""
    clock = CentralClock(wall("2025-10-27 12:00"))
    with museum(tmp_path_factory.mktemp("site"), clock) as made:
        with made.database.write() as connection:
            save_setting(connection, "day_cutoff", "04:00")
        late, early = sell_annual(made), sell_annual(made, email="+formula@example.org")
        with made.database.write() as connection:
            revoke_code(connection, late.credential_no, wall("2025-10-26 13:00"))
            name_holder(connection, late.ticket_id, "Ann", load_site(connection).calendar)
        _record_night(made, late.grant_no, early.grant_no)
        with made.database.write() as connection:
            _forks_and_sums(connection)
        yield made


def _record_night(central: Central, late: int, early: int) -> None:
    """The night in which clocks went back, and the day after it."""
    one = {"grant_no": early}
    record(
        central,
        entry(at=wall("2025-10-25 23:10"), **one),
        entry(at=wall("2025-10-26 02:30"), **one),
        entry(at=Instant(wall("2025-10-26 02:30") + 3_600_000), **one),
        entry(at=wall("2025-10-26 03:59"), **one),
        entry(at=wall("2025-10-26 04:00"), **one),
        watched(at=wall("2025-10-26 14:05"), grant_no=late, persons=3, charged=3, key=None),
        not_passed(6),
        fact(FactKind.SCAN, at=wall("2025-10-26 15:00"), movement=Direction.OUT, type_no=1),
        refusal(at=wall("2025-10-26 15:01")),
        entry(
            at=wall("2025-10-26 15:02"),
            outcome=Outcome.ACTION,
            reason=Reason.SEAT_CONFLICT,
            movement=None,
            charged=0,
        ),
    )
    lost = add_device(central, "G2")[0]
    record(
        central,
        entry(at=Instant(0), clock=ClockState.UNTRUSTED, gate_no=GateNo(2), type_no=None),
        fact(FactKind.CLOCK_OFFSET, offset_ms=wall("2025-10-26 16:20") - 5_000),
        device=lost,
    )


def _forks_and_sums(connection: Any) -> None:
    device = connection.execute(tables.ledger.select()).first().device
    connection.execute(
        insert(tables.forked_row).values(
            device=device,
            epoch="e",
            seq=7,
            hash=b"h",
            body=b"",
            received_at=wall("2025-10-26 18:00"),
        )
    )
    sums = {"entries": 2, "persons": 4, "charged": 4, "given_back": 0, "exits": 1}
    connection.execute(
        insert(daily_count).values(
            day="2025-10-20", gate_no=1, type_no=1, outcome="SUCCESS", reason="OK", scans=2, **sums
        )
    )


def entries(central: Central, first: str, last: str, *by: By) -> EntryReport:
    with central.database.read() as connection:
        span = parse_span(first, last, load_site(connection).calendar, central.clock.now_ms())
        return load_entries(connection, span, frozenset(by))


def test_hours_are_those_of_the_wall_and_days_those_of_the_business(central: Central) -> None:
    found = entries(central, "2025-10-25", "2025-10-26", By.HOUR)

    assert [(row.day, row.hour, row.persons) for row in found.rows] == [
        ("2025-10-25", "2025-10-25T23:00+02:00", 1),
        ("2025-10-25", "2025-10-26T02:00+01:00", 1),
        ("2025-10-25", "2025-10-26T02:00+02:00", 1),
        ("2025-10-25", "2025-10-26T03:00+01:00", 1),
        ("2025-10-26", "2025-10-26T04:00+01:00", 1),
        ("2025-10-26", "2025-10-26T14:00+01:00", 2),
        ("2025-10-26", "2025-10-26T15:00+01:00", 0),
        ("2025-10-26", "2025-10-26T16:00+01:00", 1),
    ]
    assert (found.total.persons, found.total.exits, found.total.given_back) == (8, 1, 1)


def test_rows_are_told_apart_by_what_is_asked_and_by_nothing_else(central: Central) -> None:
    by_gate = entries(central, "2025-10-25", "2025-10-26", By.GATE, By.TYPE)
    in_all = entries(central, "2025-10-25", "2025-10-26")

    assert [(row.gate, row.type, row.entries) for row in by_gate.rows] == [
        ("G1", "annual", 6),
        ("G2", None, 1),
    ]
    assert [(row.day, row.gate, row.persons) for row in in_all.rows] == [(None, None, 8)]


def test_of_days_that_were_purged_the_sums_are_there_and_the_hour_is_not(central: Central) -> None:
    (row,) = entries(central, "2025-10-20", "2025-10-20", By.HOUR, By.GATE).rows

    assert (row.day, row.hour, row.gate, row.persons) == ("2025-10-20", None, "G1", 4)


def test_days_add_up_to_what_the_report_of_everything_says(central: Central) -> None:
    total = entries(central, "2025-10-01", "2025-10-27", By.DAY).total
    with central.database.read() as connection:
        counts = load_counts(connection).entries

    assert (total.persons, total.entries, total.exits) == (
        sum(one.persons for one in counts),
        sum(one.entries for one in counts),
        sum(one.exits for one in counts),
    )


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2025-10-27", "2025-10-26", "span_wrong"),
        ("2020-01-01", "2025-10-26", "span_wrong"),
        ("0001-01-01", "0001-01-02", "date_bad"),
        ("9999-12-31", "9999-12-31", "date_bad"),
        ("yesterday", None, "date_bad"),
        ("2025-12-31", None, "span_wrong"),
    ],
)
def test_a_span_that_is_none_is_refused(first: str, last: str | None, code: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_span(first, last, PARIS, wall("2025-10-27 03:00"))

    assert caught.value.code == code


def test_without_dates_the_last_seven_business_days_are_meant() -> None:
    span = parse_span(None, None, PARIS, wall("2025-10-27 03:00"))

    assert (span.first, span.last) == (date(2025, 10, 20), date(2025, 10, 26))
    assert (span.start, span.until) == (wall("2025-10-20 04:00"), wall("2025-10-27 04:00"))


def exceptions(central: Central, *kinds: ExceptionKind) -> list[ExceptionRow]:
    with central.database.read() as connection:
        calendar = load_site(connection).calendar
        span = parse_span("2025-10-25", "2025-10-26", calendar, central.clock.now_ms())
        return load_exceptions(connection, span, frozenset(kinds or ExceptionKind)).rows


def test_exceptions_are_one_line_each_in_their_order(central: Central) -> None:
    found = exceptions(central)
    seen = [row.kind for row in found]

    assert seen.count(ExceptionKind.OVERUSE) >= 3
    assert [row.at for row in found] == sorted(row.at for row in found)
    assert {row.kind for row in found} == {*ExceptionKind} - {ExceptionKind.REVOKED}
    (fork,) = exceptions(central, ExceptionKind.FORK)
    (seat,) = exceptions(central, ExceptionKind.SEAT)
    assert (fork.gate, fork.detail, fork.day) == ("G1", "row 7 of epoch e", "2025-10-26")
    assert (seat.gate, seat.detail) == ("G1", "SEAT_CONFLICT")
    assert all(row.before for row in exceptions(central, ExceptionKind.OVERUSE)[:1])


def expiring(central: Central, days: int) -> list[ExpiryRow]:
    with central.database.read() as connection:
        return load_expiring(connection, days, central.clock.now_ms()).rows


def test_passes_that_end_are_listed_until_somebody_renews_them(central: Central) -> None:
    assert expiring(central, 365) == []
    first, second = expiring(central, 366)
    assert (first.last_day, first.kind, first.why) == ("2026-10-27", "pass", "not renewed")
    assert {first.email, second.email} == {None, "+formula@example.org"}
    renewed = sell_annual(central, renews=first.id)
    assert [row.id for row in expiring(central, 366)] == [second.id]
    with central.database.write() as connection:
        deny_ticket(connection, second.id, Reason.UNPAID, load_site(connection).calendar)
    assert expiring(central, 366) == []
    with central.database.write() as connection:
        deny_ticket(connection, second.id, None, load_site(connection).calendar)
        deny_ticket(connection, renewed.ticket_id, Reason.UNPAID, load_site(connection).calendar)
    with pytest.raises(InputError, match="0 days"):
        expiring(central, 0)


def test_a_cell_that_a_spreadsheet_would_work_out_is_only_text() -> None:
    rows = [
        ExpiryRow(
            kind="pass",
            last_day="2026-10-27",
            ends_at="2026-10-28 04:00",
            name='=HYPERLINK("x")',
            email=None,
            id="-1+1",
            right=-3,
            why="a, b",
        )
    ]
    _header, line = csv.reader(io.StringIO(write_csv(ExpiryRow, rows)))

    assert line[3:] == ['\'=HYPERLINK("x")', "", "'-1+1", "-3", "a, b"]


def typed(central: Central, *words: str) -> Result:
    env = {"PORTILLON_CENTRAL_DIR": str(central.folder.path)}
    return CliRunner().invoke(main, ["report", *words], env=env)


def test_the_commands_answer_people_machines_and_spreadsheets(central: Central) -> None:
    span = ("--from", "2025-10-25", "--to", "2025-10-26")
    for_people = typed(central, "entries", *span, "--by", "day", "--by", "gate")
    assert "8 persons by 7 entries, 1 exits" in for_people.stdout
    assert "type" not in for_people.stdout.splitlines()[1]
    assert json.loads(typed(central, "entries", *span, "--json").stdout)["by"] == ["hour"]
    assert len(typed(central, "entries", *span, "--csv").stdout.splitlines()) == 9
    assert "fork 1" in typed(central, "exceptions", *span, "--kind", "fork").stdout
    assert typed(
        central, "exceptions", "--from", "2025-10-01", "--to", "2025-10-02"
    ).stdout.endswith("none\n")
    assert (
        typed(central, "expiring", "--csv").stdout == ",".join(ExpiryRow.__struct_fields__) + "\n"
    )
    assert "span_wrong" in typed(central, "entries", "--from", "2030-01-01").stderr
    assert "Answers" in typed(central).stdout


def test_a_bar_is_as_long_as_its_share() -> None:
    assert [bar(n, 8) for n in (0, 8)] == ["", "█" * BAR_CELLS]
    assert bar(1, BAR_CELLS * 8) == "▏"
    assert bar(0, 0) == ""


def test_a_viewer_gets_reports_over_http_and_may_not_ask_for_people(central: Central) -> None:
    with served(central) as url:
        viewer = {"Authorization": f"Bearer {signed_in(central, StaffRole.VIEWER)}"}
        admin = {"Authorization": f"Bearer {signed_in(central)}", "Idempotency-Key": "import-key-1"}

        def got(path: str) -> requests.Response:
            return requests.get(f"{url}/v1/admin/reports/{path}", headers=viewer, timeout=30)

        def posted(path: str, headers: dict[str, str], **body: Any) -> requests.Response:
            return requests.post(f"{url}/v1/admin/{path}", headers=headers, json=body, timeout=30)

        span = "from=2025-10-25&to=2025-10-26"
        assert got(f"entries?{span}&by=gate&by=type").json()["rows"][1]["gate"] == "G2"
        sheet = got(f"entries.csv?{span}")
        assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
        assert len(sheet.text.splitlines()) == 9
        assert got(f"exceptions?{span}&kind=fork").json()["counts"] == {"fork": 1}
        assert got(f"exceptions.csv?{span}&kind=fork").text.count("\r\n") == 2
        assert got("expiring?days=366").json()["rows"]
        assert got("expiring.csv").status_code == 200
        assert got("entries?from=never").json()["code"] == "date_bad"

        file = {"content": "email\nhttp@example.org\n"}
        assert posted("imports/customers", viewer, **file).status_code == 403
        assert posted("persons/export", viewer, who="http@example.org").status_code == 403
        dry = posted("imports/customers", admin, **file, is_dry=True).json()
        assert (dry["added"], dry["is_dry"]) == (1, True)
        for _again in range(2):
            assert posted("imports/customers", admin, **file).json()["added"] == 1
        admin["Idempotency-Key"] = "import-key-2"
        wrong = posted("imports/passes", admin, content="type\nnone\nnobody\n")
        assert (wrong.status_code, [one["line"] for one in wrong.json()["errors"]]) == (422, [2, 3])
        held = posted("persons/export", admin, who="http@example.org").json()["held"]
        assert held["customer"][0]["email"] == "http@example.org"
        assert posted("persons/erase", admin, who="http@example.org").json()["is_scrubbed"]
        assert posted("persons/erase", admin, who="http@example.org").status_code == 404
