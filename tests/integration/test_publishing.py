"""What is published: a repository that python-tuf believes, and a base that says what was sold and counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from tuf.api.exceptions import RepositoryError

from scanner.core.events import Fact, FactKind
from scanner.core.reasons import Reason
from scanner.core.units import DeviceId, Direction, Epoch, EventNo, GateNo, Seq, ZoneNo
from server_stub import repository as repository_module
from server_stub import tables
from server_stub.catalogue import add_event, add_scope, change_rule
from server_stub.central import Central
from server_stub.codes import replace_code, revoke_code
from server_stub.devices import Device, add_device
from server_stub.forms import CodeKind, EventForm, OperatorForm, RuleForm
from server_stub.intake import _plan, _store
from server_stub.publisher import Publication, publish
from server_stub.repository import KEEP_PUBLICATIONS, Repository
from server_stub.site import load_site, set_policy
from server_stub.staff import set_operator
from support.central_site import MARCH_10, CentralClock, museum, rows, sell_annual
from support.gate_facts import NOON, entry, fact, not_passed, passed, refusal, watched
from support.open_base import PublishedSite, query
from sync import base_rows
from sync.operator_pins import is_pin
from sync.snapshot import META_KEYS, schema_sql
from sync.tally_rows import parse_tally
from sync.wire import GENESIS, Batch, DeviceState, Row, chain, encode_fact

DAY_MS = 86_400_000


@pytest.fixture
def clock() -> CentralClock:
    return CentralClock()


@pytest.fixture
def central(tmp_path: Path, clock: CentralClock) -> Iterator[Central]:
    with museum(tmp_path, clock) as made:
        yield made


@pytest.fixture
def gate(central: Central, clock: CentralClock, tmp_path: Path) -> PublishedSite:
    return PublishedSite(central.folder.path / "repository", tmp_path / "gate", clock)


def base_of(gate: PublishedSite) -> bytes:
    return gate.fetch()[1]


def record(
    central: Central, *facts: Fact, device: str | None = None, epoch: str = "epoch-1"
) -> str:
    """Facts that a gate's device has sent, appended to what it sent before."""
    name = device or add_device(central, "G1")[0]
    sender = Device(name, 1, DeviceState.ACTIVE, b"")
    with central.database.write() as connection:
        ledger = connection.execute(
            select(tables.ledger).where(tables.ledger.c.device == name)
        ).first()
        have, head = (0, GENESIS) if ledger is None else (ledger.have, ledger.head)
        sent = []
        for seq, one in enumerate(facts, have + 1):
            placed = replace(one, device=DeviceId(name), epoch=Epoch(epoch), seq=Seq(seq))
            body = encode_fact(placed)
            head = chain(head, body)
            sent.append(Row(seq, body.decode(), head.hex()))
        batch = Batch(epoch, sent, have + len(facts), head.hex(), "")
        plan = _plan(connection, sender, batch, central.clock.now_ms())
        assert plan.have == have + len(facts)
        assert _store(connection, sender, epoch, plan, central.clock.now_ms()) == []
    return name


def totals(base: bytes) -> dict[int, int]:
    """Grant → charged entries ever."""
    found = query(base, "SELECT grant_no, counts FROM tally")
    return {grant_no: parse_tally(counts).total for grant_no, counts in found}


def test_the_base_has_exactly_the_agreed_tables(central: Central, gate: PublishedSite) -> None:
    publish(central)
    written = query(base_of(gate), "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")

    assert {sql for (sql,) in written} == set(schema_sql())


def test_the_base_says_what_it_is(
    central: Central, gate: PublishedSite, clock: CentralClock
) -> None:
    sell_annual(central)
    made = publish(central)
    manifest, base = gate.fetch()
    meta = dict(query(base, "SELECT name, value FROM meta"))

    assert set(meta) == set(META_KEYS)
    assert (meta["site"], meta["snapshot_seq"], meta["grants"]) == ("museum", str(made.seq), "1")
    assert meta["created_at"] == str(clock.now_ms()) == str(manifest.created_at)
    assert manifest.pepper_id == meta["pepper_id"] in central.secrets.peppers


def test_what_was_sold_is_there_and_readable_as_gates_read_it(
    central: Central, gate: PublishedSite
) -> None:
    signed = sell_annual(central, seat="A-12")
    card = sell_annual(central, kind=CodeKind.OPAQUE)
    publish(central)
    base = base_of(gate)
    grants = [base_rows.parse_grant(row) for row in query(base, "SELECT * FROM access_grant")]
    (rule,) = [base_rows.parse_rule(row) for row in query(base, "SELECT * FROM rule")]
    (kind,) = [base_rows.parse_type(row) for row in query(base, "SELECT * FROM type")]
    gates = [base_rows.parse_gate(row) for row in query(base, "SELECT * FROM gate")]
    policy = base_rows.parse_config(query(base, "SELECT name, value FROM config"))

    assert [(g.grant_no, g.seat) for g in grants] == [
        (signed.grant_no, "A-12"),
        (card.grant_no, None),
    ]
    assert grants[0].valid_until == signed.valid_until
    assert (rule.max_total, rule.max_per_day) == (50, 1)
    assert (kind.name, [g.name for g in gates]) == ("annual", ["G1", "G2"])
    assert policy.calendar.zone == "Europe/Paris"
    assert query(base, "SELECT count(*) FROM credential") == [(2,)]
    assert query(base, "SELECT hex(kid), state, site FROM ticket_key") == [
        (central.secrets.tickets.kid.upper(), "active", "museum")
    ]


def test_a_base_tells_nothing_about_people(central: Central, gate: PublishedSite) -> None:
    sold = sell_annual(central, email="ann@example.org", holder="Ann Onymous")
    card = sell_annual(central, kind=CodeKind.OPAQUE, code="CARD-0001")
    publish(central)
    base = base_of(gate)

    for secret in (
        b"ann@",
        b"Onymous",
        b"CARD-0001",
        sold.ticket_id.encode(),
        card.order_id.encode(),
    ):
        assert secret not in base
    for pepper in central.secrets.peppers.values():
        assert pepper not in base


def test_a_revoked_code_is_a_prefix_and_no_credential(
    central: Central, gate: PublishedSite
) -> None:
    sold = sell_annual(central)
    with central.database.write() as connection:
        fresh = replace_code(connection, central.secrets, sold.credential_no, 5)
        keys = dict(
            connection.execute(
                select(tables.credential_key.c.credential_no, tables.credential_key.c.key)
            ).all()
        )
    publish(central)
    base = base_of(gate)
    old, new = keys[sold.credential_no], keys[fresh.credential_no]

    assert query(base, "SELECT prefix FROM revoked") == [(old[:8],)]
    assert query(base, "SELECT key, grant_no FROM credential") == [(new, sold.grant_no)]
    assert query(base, "SELECT grant_no, key FROM grant_credential ORDER BY key") == sorted(
        [(sold.grant_no, old), (sold.grant_no, new)]
    )


def test_events_ahead_and_operators_travel_too(
    central: Central, gate: PublishedSite, clock: CentralClock
) -> None:
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        add_scope(connection, "season")
        for name, day in (("past", "2025-03-01"), ("next", "2025-04-01"), ("far", "2027-01-01")):
            add_event(
                connection,
                EventForm(
                    name=name,
                    starts_at=f"{day}T20:00",
                    ends_at=f"{day}T22:00",
                    zones=["hall"],
                    scopes=["season"],
                ),
                calendar,
            )
        set_operator(connection, OperatorForm(name="Ines", role="supervisor", pin="4711"))
        set_policy(connection, "hard_age_policy", "signed_only")
    publish(central)
    base = base_of(gate)
    events = [(base_rows.parse_event(row), row[1]) for row in query(base, "SELECT * FROM event")]
    ((name, role, pin),) = query(base, "SELECT name, role, pin_scrypt FROM operator")

    assert [name for _event, name in events] == ["next"]
    assert events[0][0].doors_from == events[0][0].starts_at - 3_600_000
    assert query(base, "SELECT * FROM scope_event") == [(1, events[0][0].event_no)]
    assert (name, role, is_pin("4711", pin), is_pin("4712", pin)) == (
        "Ines",
        "supervisor",
        True,
        False,
    )
    assert dict(query(base, "SELECT name, value FROM config"))["hard_age_policy"] == "signed_only"


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


def test_versions_never_go_back_even_if_the_clock_does(
    central: Central, gate: PublishedSite, clock: CentralClock
) -> None:
    made = [publish(central).seq]
    clock.now -= 30 * DAY_MS
    made.append(publish(central).seq)
    clock.now = MARCH_10 + 60_000
    made.append(publish(central).seq)

    assert made == [made[0], made[0] + 1, MARCH_10 // 1_000 + 60]


def test_versions_never_go_back_after_a_restored_backup(
    central: Central, gate: PublishedSite, clock: CentralClock
) -> None:
    before = publish(central)
    gate.fetch()
    with central.database.write() as connection:
        connection.execute(delete(tables.publication_vector))
        connection.execute(delete(tables.publication))
    for path in central.folder.metadata.glob("[!1]*"):
        path.unlink()
    for path in central.folder.metadata.glob("*.snapshot.json"):
        path.unlink()
    clock.pass_ms(2_000)
    after = publish(central)

    assert after.seq > before.seq
    assert gate.fetch()[0].seq == after.seq


class PowerCutError(Exception):
    """The process is gone."""


def published_until(cut: int, monkeypatch: pytest.MonkeyPatch, central: Central) -> bool:
    """Publishes, and dies before the ``cut``-th file is in place; True when it came through."""
    written = 0
    save = repository_module._save

    def save_or_die(path: Path, content: bytes) -> None:
        nonlocal written
        written += 1
        if written > cut:
            raise PowerCutError
        save(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(repository_module, "_save", save_or_die)
        try:
            publish(central)
        except PowerCutError:
            return False
    return True


def test_a_crash_at_any_point_leaves_the_old_publication_whole(
    central: Central, gate: PublishedSite, clock: CentralClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell_annual(central)
    old = publish(central)
    sell_annual(central)
    cuts = 0
    while not published_until(cuts, monkeypatch, central):
        assert gate.fetch()[0].seq == old.seq
        cuts += 1
        clock.pass_ms(1_000)

    assert cuts >= 6
    manifest, base = gate.fetch()
    assert manifest.seq > old.seq
    assert query(base, "SELECT count(*) FROM access_grant") == [(2,)]


def test_old_publications_are_swept_and_the_kept_ones_stay_whole(
    central: Central, clock: CentralClock
) -> None:
    for _ in range(KEEP_PUBLICATIONS + 4):
        clock.pass_ms(1_000)
        publish(central)
    metadata = [path.name for path in central.folder.metadata.iterdir()]
    bases = list((central.folder.targets / "museum").glob("*.zst"))

    assert len([name for name in metadata if name.endswith("snapshot.json")]) == KEEP_PUBLICATIONS
    assert len(bases) == KEEP_PUBLICATIONS
    assert "1.root.json" in metadata


def test_a_forged_or_foreign_repository_is_refused_and_the_old_state_stays(
    central: Central, gate: PublishedSite, tmp_path: Path, clock: CentralClock
) -> None:
    publish(central)
    trusted = gate.fetch()
    with museum(tmp_path / "foreign", clock) as foreign:
        clock.pass_ms(5_000)
        publish(foreign)
        gate.fetcher.folder = foreign.folder.path / "repository"  # type: ignore[attr-defined]
        with pytest.raises(RepositoryError):
            gate.fetch()
    gate.fetcher.folder = central.folder.path / "repository"  # type: ignore[attr-defined]

    assert gate.fetch() == trusted


def test_a_rolled_back_repository_is_refused(
    central: Central, gate: PublishedSite, clock: CentralClock
) -> None:
    publish(central)
    old = (central.folder.metadata / "timestamp.json").read_bytes()
    clock.pass_ms(5_000)
    publish(central)
    gate.fetch()
    (central.folder.metadata / "timestamp.json").write_bytes(old)

    with pytest.raises(RepositoryError):
        gate.fetch()


def test_the_sites_role_cannot_speak_for_another_site(central: Central) -> None:
    publish(central)
    targets = repository_module.Metadata.from_file(
        str(next(central.folder.metadata.glob("*.targets.json")))
    ).signed
    (role,) = targets.delegations.roles.values()

    assert (role.name, role.paths, role.terminating) == ("site-museum", ["museum/*"], True)
    assert not role.is_delegated_path("theatre/manifest.json")
    assert targets.targets == {}


def test_a_changed_rule_reaches_gates_with_a_higher_version(
    central: Central, gate: PublishedSite
) -> None:
    with central.database.write() as connection:
        change_rule(connection, "annual", RuleForm(max_total=None, max_per_day=3))
    publish(central)
    ((rule_no, body, version),) = query(base_of(gate), "SELECT * FROM rule")

    assert base_rows.parse_rule((rule_no, body, version)).max_per_day == 3
    assert version == 2


def test_a_big_base_comes_in_parts(
    central: Central, gate: PublishedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_stub.publisher.PART_BYTES", 500)
    sell_annual(central)
    publish(central)
    manifest, base = gate.fetch()

    assert len(manifest.base.parts) > 2
    assert query(base, "SELECT count(*) FROM access_grant") == [(1,)]


def test_what_was_published_is_on_record(central: Central) -> None:
    record(central, entry(grant_no=1))
    made: Publication = publish(central)
    with central.database.read() as connection:
        row = connection.execute(select(tables.publication)).one()

    assert (row.snapshot_seq, row.grants, row.rights_count) == (made.seq, 0, made.rights_count)
    assert rows(central, tables.publication_vector) == 1


def test_accepted_entries_the_central_would_have_refused_are_marked(central: Central) -> None:
    sold = sell_annual(central)
    with central.database.write() as connection:
        revoke_code(connection, sold.credential_no, NOON - 1)
        key = connection.execute(select(tables.credential_key.c.key)).scalar_one().hex()
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


def test_publishers_of_two_processes_take_turns(central: Central) -> None:
    one = Repository(central.folder, "museum", central.clock)
    with one.turn():
        assert one.next_version() >= MARCH_10 // 1_000
    assert publish(central).seq
