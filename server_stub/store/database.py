"""The central's database: one way to write, one way to read, the same on SQLite and PostgreSQL.

Law: every write is one transaction that takes its lock first, and what it read to decide it read inside that
transaction: one writer at a time, whichever database it is and however many processes there are. On SQLite that is
``BEGIN IMMEDIATE`` under a lock file held until after the checkpoint (two connections that checkpoint one WAL at the
same instant can corrupt it in SQLite 3.7.0 to 3.51.2); on PostgreSQL it is one advisory lock that ends with the
transaction. Readers never write, never wait and see one moment.

Source: docs/central.md, "Database"; docs/adr/0013-one-writer-at-a-time.md; sqlite.org/wal.html, "The WAL reset bug".
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
)

from scanner.core.errors import ConfigError, InputError, StoreError

BUSY_TIMEOUT_MS = 30_000
WRITERS_LOCK = 0x706F7274
"""The advisory lock of PostgreSQL that a writer holds; it belongs to one database, so to one central."""
UNSTORABLE = (DataError, OverflowError)
"""What somebody sent is no value that a column can hold: a NUL character, a number of more than 64 bits."""
MISTAKES = (IntegrityError, ProgrammingError)
"""Refusals that say something about our statement, not about the disk or the line."""
DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
POOLED = 4
THREADS_MOST = 64
"""More than the web framework's threads, so that none waits for a connection."""
REVISION = "0013"
"""The newest of `migrations/versions`."""


class Database:
    """The engine pair of one central.

    Args:
        url: ``sqlite:////path`` or ``postgresql+psycopg://...``.

    Raises:
        ConfigError: ``database_url_bad``.
    """

    def __init__(self, url: str) -> None:
        parsed = _parse_url(url)
        if parsed.get_backend_name() == "sqlite":
            path = Path(parsed.database or "").absolute()
            _make_private(path)
            self._writer = _sqlite_engine(f"sqlite:///{path}", "BEGIN IMMEDIATE")
            self._reader = _sqlite_engine(
                f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true", "BEGIN"
            )
            self._turn = _Turn(path.with_name(path.name + ".lock"))
        else:
            self._writer = _postgres_engine(parsed)
            self._reader = create_engine(
                parsed,
                pool_pre_ping=True,
                pool_size=POOLED,
                max_overflow=THREADS_MOST,
                execution_options={
                    "isolation_level": "REPEATABLE READ",
                    "postgresql_readonly": True,
                },
            )
            self._turn = _Turn(None)

    def close(self) -> None:
        """Gives everything back; may be called twice."""
        with self._turn.taken():
            self._reader.dispose()
            self._writer.dispose()
        self._turn.close()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of the block, or nothing of it.

        Raises:
            StoreError: ``database_unwritable``.
            InputError: ``value_unstorable``.
        """
        try:
            with self._turn.taken(), self._writer.begin() as connection:
                yield connection
        except UNSTORABLE as error:
            raise _unstorable() from error
        except MISTAKES:
            raise
        except DatabaseError as error:
            raise _unusable(error) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One view that does not change while it is read.

        Raises:
            StoreError: ``database_unwritable``.
            InputError: ``value_unstorable``.
        """
        try:
            with self._reader.begin() as connection:
                yield connection
        except UNSTORABLE as error:
            raise _unstorable() from error
        except MISTAKES:
            raise
        except DatabaseError as error:
            raise _unusable(error) from error

    def scrub(self) -> bool:
        """Writes the files anew, so that nothing that was deleted is left in them.

        Returns:
            False if a reader or a full disk stood in the way: do it again.
        """
        with self._turn.taken(), closing(self._writer.raw_connection()) as raw:
            try:
                if self._writer.dialect.name == "sqlite":
                    raw.driver_connection.execute("VACUUM")  # type: ignore[union-attr]
                    said = raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
                    return bool(said.fetchone()[0] == 0)
                return _scrub_postgres(raw.driver_connection)
            except self._writer.dialect.loaded_dbapi.Error:
                return False

    def migrate(self) -> None:
        """Brings the tables up to this version, in one transaction."""
        with self.write() as connection:
            revision = _revision(connection)
            if revision == REVISION:
                return
            from alembic import command  # a quarter of every command's start-up, and seldom needed
            from alembic.config import Config
            from alembic.util import CommandError

            config = Config()
            config.set_main_option("script_location", "server_stub:migrations")
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise StoreError(
                    "database_newer",
                    f"the central's database is of a newer version ({revision!r}); nothing was changed",
                    "use the version that made it, or restore the backup of before the upgrade",
                ) from error


def _scrub_postgres(driver: Any) -> bool:
    driver.rollback()
    driver.autocommit = True
    try:
        driver.execute("VACUUM FULL")
    finally:
        driver.autocommit = False
    return True


def _revision(connection: Connection) -> str | None:
    """Up to which migration a database has come; None = it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def inserted_no(result: CursorResult[Any]) -> int:
    """The number that one new row got."""
    key = result.inserted_primary_key
    if key is None:
        raise RuntimeError("this was no insert of one row")
    return int(key[0])


def _parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
        name = parsed.get_driver_name() and parsed.drivername
    except (ArgumentError, NoSuchModuleError):
        name = "none that we can read"
    if name not in DRIVERS:
        raise ConfigError(
            "database_url_bad",
            f"the database's address is {name}, which this central does not know; nothing was changed",
            "write postgresql+psycopg://USER:PASSWORD@HOST/NAME, or leave it out for SQLite in the folder",
        )
    return parsed


def _postgres_engine(url: URL) -> Engine:
    """Of those who write: each transaction waits for its turn before it reads anything."""
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=POOLED,
        max_overflow=THREADS_MOST,
        isolation_level="READ COMMITTED",
    )

    @event.listens_for(engine, "begin")
    def _take_turn(connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT_MS}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")

    return engine


def _sqlite_engine(url: str, begin: str) -> Engine:
    engine = create_engine(url, pool_size=POOLED, max_overflow=THREADS_MOST)

    @event.listens_for(engine, "connect")
    def _set_up(raw: Any, _record: object) -> None:
        raw.isolation_level = None
        raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        raw.execute("PRAGMA foreign_keys = ON")
        if begin == "BEGIN IMMEDIATE":
            raw.execute("PRAGMA journal_mode = WAL")
            raw.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class _Turn:
    """The right to write, one thread of one process at a time; without a path everybody has it."""

    def __init__(self, path: Path | None) -> None:
        self._among_threads = threading.Lock()
        self._file = None if path is None else os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    @contextmanager
    def taken(self) -> Iterator[None]:
        if self._file is None:
            yield
            return
        with self._among_threads:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _make_private(path: Path) -> None:
    """The file exists, for its owner only, before SQLite opens it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise _unusable(error) from error


def _unstorable() -> InputError:
    return InputError(
        "value_unstorable",
        "a value of this request is none that the database can hold; nothing was kept",
        "leave out NUL characters, and numbers of more than 64 bits",
    )


def _unusable(error: Exception) -> StoreError:
    said = error.orig if isinstance(error, DatabaseError) else error
    return StoreError(
        "database_unwritable",
        f"the central's database refused ({said}); nothing of this request was kept",
        "look at the disk's free space and at who owns the folder (PostgreSQL: whether it runs), then try again",
    )
