"""One way to write, one way to read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, MetaData, func, insert, inspect, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from scanner.core.errors import StoreError
from server_stub.store.all_tables import METADATA
from server_stub.store.database import REVISION, Database
from server_stub.store.tables import zone
from support.databases import NewDatabase

NOTICE_OF_0005 = """
INSERT INTO rule (rule_no, body, version) VALUES (1, '{}', 1);
INSERT INTO ticket_type (type_no, name, rule_no, validity, is_personal, is_renewable, version)
  VALUES (1, 't', 1, '{}', 0, 1, 1);
INSERT INTO customer (customer_id, created_at) VALUES ('c', 1);
INSERT INTO plan (plan_no, name, type_no, period_amount, period_unit, minimum_cycles, price_minor, currency,
  grace_days, when_unpaid, admits, benefit_grace, needs_renewal_notice, created_at)
  VALUES (1, 'p', 1, 1, 'months', 0, 1, 'EUR', 7, 'suspend', 1, 1, 0, 1);
INSERT INTO subscription (subscription_id, customer_id, plan_no, provider, state, paid_cycles, credit_minor, created_at)
  VALUES ('s', 'c', 1, 'manual', 'ended', 0, 0, 1);
INSERT INTO subscription_notice (key, subscription_id, kind, at) VALUES ('n', 's', 'renewal', 700)
"""
"""A subscription that was told something, as revision 0005 keeps it."""


@pytest.fixture
def url(tmp_path: Path, new_database: NewDatabase) -> str:
    return new_database() or f"sqlite:///{tmp_path / 'central.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    made.migrate()
    yield made
    made.close()


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(zone)).scalar_one())


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_newest_migration_is_the_one_that_is_asked_for() -> None:
    config = Config()
    config.set_main_option("script_location", "server_stub:migrations")

    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_a_notice_of_a_version_that_sent_no_letters_counts_as_told(tmp_path: Path) -> None:
    """Or the first run after an upgrade would write to everybody about everything once more."""
    older = Database(f"sqlite:///{tmp_path / 'older.db'}")
    config = Config()
    config.set_main_option("script_location", "server_stub:migrations")
    with older.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for statement in NOTICE_OF_0005.split(";"):
            connection.execute(text(statement))
    older.migrate()
    with older.read() as connection:
        told = connection.execute(text("SELECT key, sent_at FROM subscription_notice")).all()
    older.close()

    assert [tuple(row) for row in told] == [("n", 700)]


def fill(connection: Connection) -> set[str]:
    """One row in each table that has none, whatever it means; gives the tables that had one."""
    there = MetaData()
    there.reflect(connection)
    had = set()
    for table in there.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            had.add(table.name)
        else:
            row = {column.name: value_of(column) for column in table.columns}
            connection.execute(insert(table).values(row))
    return had


def value_of(column: Column[Any]) -> Any:
    """The same for every column of a kind, so that all that refers to something refers to the one row there is."""
    kind = column.type.python_type
    return kind(1) if kind is int else b"1" if kind is bytes else "1"


def test_every_migration_keeps_the_rows_of_every_version_before_it(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", "server_stub:migrations")
    revisions = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    older = Database(f"sqlite:///{tmp_path / 'older.db'}")
    filled = {"alembic_version"}
    for revision in revisions:
        with older.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            assert fill(connection) == filled, revision
            filled |= set(inspect(connection).get_table_names())
    with older.read() as connection:
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    older.close()

    assert filled == {"alembic_version", *METADATA.tables}


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(zone).values(name="hall", version=1))
    database.migrate()

    assert count(database) == 1


def test_a_write_that_breaks_leaves_nothing(database: Database) -> None:
    def break_half_way() -> None:
        with database.write() as connection:
            connection.execute(insert(zone).values(name="hall", version=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_half_way()

    assert count(database) == 0


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StoreError) as caught, database.read() as connection:
        connection.execute(insert(zone).values(name="hall", version=1))

    assert caught.value.code == "database_unwritable"


def test_a_reader_sees_one_moment_while_others_write(database: Database) -> None:
    with database.read() as connection:
        before = connection.execute(select(func.count()).select_from(zone)).scalar_one()
        with database.write() as writing:
            writing.execute(insert(zone).values(name="hall", version=1))
        after = connection.execute(select(func.count()).select_from(zone)).scalar_one()

    assert (before, after, count(database)) == (0, 0, 1)


def test_writers_of_two_connections_take_turns(url: str, database: Database) -> None:
    other = Database(url)

    def write(to: Database, who: str) -> None:
        for number in range(20):
            with to.write() as connection:
                held = connection.execute(select(func.count()).select_from(zone)).scalar_one()
                connection.execute(insert(zone).values(name=f"{who}{number}", version=held))

    threads = [
        threading.Thread(target=write, args=(to, who))
        for to, who in ((database, "a"), (database, "b"), (other, "c"), (other, "d"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    other.close()
    with database.read() as connection:
        seen = connection.execute(select(zone.c.version).order_by(zone.c.zone_no)).scalars().all()

    assert list(seen) == list(range(80))


def test_a_number_that_was_given_is_never_given_again(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(zone).values(name="hall", version=1))
        connection.execute(zone.delete())
        again = connection.execute(insert(zone).values(name="hall", version=1))

    assert again.inserted_primary_key == (2,)


def test_a_database_that_cannot_be_written_is_a_named_fault(tmp_path: Path) -> None:
    (tmp_path / "central.db").write_bytes(b"this is no database" * 100)
    broken = Database(f"sqlite:///{tmp_path / 'central.db'}")
    with pytest.raises(StoreError) as caught:
        broken.migrate()
    broken.close()

    assert caught.value.code == "database_unwritable"


def test_closing_twice_is_no_fault(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'central.db'}")
    database.close()
    database.close()

    assert (tmp_path / "central.db").exists()


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError) as caught:
        database.migrate()

    assert caught.value.code == "database_newer"


def test_every_table_can_also_be_made_on_postgresql() -> None:
    statements = [
        str(CreateTable(table).compile(dialect=postgresql.dialect()))
        for table in METADATA.tables.values()
    ]

    assert all(statement.strip().startswith("CREATE TABLE") for statement in statements)
