"""One way to write, one way to read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from scanner.core.errors import StoreError
from server_stub.all_tables import METADATA
from server_stub.database import REVISION, Database
from server_stub.tables import zone


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'central.db'}")
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


def test_writers_of_two_connections_take_turns(tmp_path: Path, database: Database) -> None:
    other = Database(f"sqlite:///{tmp_path / 'central.db'}")

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
