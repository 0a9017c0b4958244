"""What is published: a repository that python-tuf believes, and a base that says what was sold and counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from tuf.api.exceptions import RepositoryError

from server_stub.api.forms import CodeKind, EventForm, OperatorForm, RuleForm
from server_stub.central import Central
from server_stub.gates.operators import set_operator
from server_stub.publishing import repository as repository_module
from server_stub.publishing.publisher import publish
from server_stub.publishing.repository import KEEP_PUBLICATIONS, Repository
from server_stub.selling.catalogue import add_event, add_scope, change_rule
from server_stub.selling.codes import replace_code
from server_stub.site import load_site, set_policy
from server_stub.store import tables
from support.central_site import MARCH_10, CentralClock, museum, sell_annual
from support.databases import NewDatabase
from support.open_base import PublishedSite, query
from sync import base_rows
from sync.operator_pins import is_pin
from sync.snapshot import META_KEYS, META_KEYS_NEWER, schema_sql

DAY_MS = 86_400_000


@pytest.fixture
def clock() -> CentralClock:
    return CentralClock()


@pytest.fixture
def central(tmp_path: Path, clock: CentralClock, new_database: NewDatabase) -> Iterator[Central]:
    with museum(tmp_path, clock, new_database()) as made:
        yield made


@pytest.fixture
def gate(central: Central, clock: CentralClock, tmp_path: Path) -> PublishedSite:
    return PublishedSite(central.folder.path / "repository", tmp_path / "gate", clock)


def base_of(gate: PublishedSite) -> bytes:
    return gate.fetch()[1]


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

    assert set(meta) == {*META_KEYS, *META_KEYS_NEWER}
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


def test_versions_never_go_back_even_if_the_clock_does(
    central: Central, gate: PublishedSite, clock: CentralClock
) -> None:
    made = [publish(central).seq]
    clock.now -= 30 * DAY_MS
    made.append(publish(central).seq)
    clock.now = MARCH_10 + 60_000
    made.append(publish(central).seq)

    assert made == [made[0], made[0] + 1, MARCH_10 // 1_000 + 60]


@pytest.mark.fault("central: restored from a backup")
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
    save = repository_module.save_file

    def save_or_die(path: Path, content: bytes) -> None:
        nonlocal written
        written += 1
        if written > cut:
            raise PowerCutError
        save(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(repository_module, "save_file", save_or_die)
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

    assert cuts >= 5
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
    targets = [path.name for path in (central.folder.targets / "museum").iterdir()]

    assert len([name for name in metadata if name.endswith("snapshot.json")]) == KEEP_PUBLICATIONS
    assert len([name for name in targets if name.endswith("manifest.json")]) == KEEP_PUBLICATIONS
    assert len([name for name in targets if ".base-" in name]) == 1
    assert "1.root.json" in metadata


def test_a_forged_or_foreign_repository_is_refused_and_the_old_state_stays(
    central: Central, gate: PublishedSite, tmp_path: Path, clock: CentralClock
) -> None:
    publish(central)
    trusted = gate.fetch()
    with museum(tmp_path / "foreign", clock, has_own_keys=True) as foreign:
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
    monkeypatch.setattr("server_stub.publishing.base_parts.PART_BYTES", 500)
    sell_annual(central)
    publish(central)
    manifest, base = gate.fetch()

    assert len(manifest.base.parts) > 2
    assert query(base, "SELECT count(*) FROM access_grant") == [(1,)]


def test_publishers_of_two_processes_take_turns(central: Central) -> None:
    one = Repository(central.folder, "museum", central.clock)
    with one.turn():
        assert one.next_version() >= MARCH_10 // 1_000
    assert publish(central).seq


def test_who_watches_a_publication_hears_of_every_right_and_code(central: Central) -> None:
    for _ in range(3):
        sell_annual(central)
    heard: list[tuple[int, int]] = []
    publish(central, lambda done, of_all: heard.append((done, of_all)))

    assert heard == [(3, 6), (6, 6)]
