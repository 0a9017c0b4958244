"""How a central begins: one folder with database, keys and an empty, signed repository.

Law: all or nothing. Everything is made in a folder beside the final one, which gets its name last; a central is never
made over another. The three root keys are written apart, to be taken offline: any two of them make a new root.

Source: docs/central.md, "init".
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import ConfigError
from server_stub.api.accounts import OneTime, add_account
from server_stub.api.staff_forms import StaffRole
from server_stub.central import PEPPER_PREFIX, SECRET_BYTES
from server_stub.clock import Clock
from server_stub.folder import Folder, save_secret
from server_stub.publishing.keys import Signer, create_signer
from server_stub.publishing.repository import create_repository
from server_stub.site import parse_site_name, parse_url
from server_stub.store import tables
from server_stub.store.changes import RIGHTS
from server_stub.store.database import Database

DEFAULT_URL = "http://127.0.0.1:8377"


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """What `init` was told. ``database_url`` None = SQLite in the folder.

    ``admin``: name and one-time password of the first administrator; None = nobody may use the API yet.
    """

    path: Path
    site: str
    zone: str
    day_cutoff: str = "00:00"
    url: str = DEFAULT_URL
    database_url: str | None = None
    admin: tuple[str, OneTime] | None = None


def found_central(wish: Founding, clock: Clock) -> Folder:
    """Makes a central.

    Raises:
        ConfigError: ``central_exists``, ``central_folder_unusable``, ``database_taken``, or a zone or cut-off that
            is none.
        InputError: ``site_name_bad``.
    """
    parse_site_name(wish.site)
    SiteCalendar(wish.zone, wish.day_cutoff)
    try:
        return _found(wish, clock)
    except OSError as error:
        raise ConfigError(
            "central_folder_unusable",
            f"no central can be founded in {str(wish.path)!r} ({error.strerror}); there is none",
            "name a --dir that this account may make, on a disk with room",
        ) from error


def _found(wish: Founding, clock: Clock) -> Folder:
    if wish.path.exists() and any(wish.path.iterdir()):
        raise ConfigError(
            "central_exists",
            f"{str(wish.path)!r} is not empty; nothing was changed",
            "name a new --dir; a central is never made over another one",
        )
    final = wish.path.absolute()
    final.parent.mkdir(parents=True, exist_ok=True)
    building = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
    try:
        _build(Folder(building), wish, clock)
        building.replace(final)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Folder(wish.path)


def _build(folder: Folder, wish: Founding, clock: Clock) -> None:
    folder.make()
    pepper_id = secrets.token_hex(4)
    create_signer(folder.keys / "receipts.pem")
    tickets = create_signer(folder.keys / "tickets.pem")
    for name in ("seal", "event-master", f"{PEPPER_PREFIX}{pepper_id}"):
        save_secret(folder.keys / f"{name}.key", secrets.token_bytes(SECRET_BYTES))
    if wish.database_url is not None:
        save_secret(folder.database_url, wish.database_url.encode())
    create_repository(folder, wish.site, clock)
    database = Database(folder.load_database_url())
    try:
        database.migrate()
        with database.write() as connection:
            _require_unused(connection)
            _fill(connection, wish, pepper_id, tickets, clock)
            if wish.admin is not None:
                name, one_time = wish.admin
                add_account(connection, name, StaffRole.ADMIN, one_time, clock.now_ms())
    finally:
        database.close()


def _require_unused(connection: Connection) -> None:
    """A database server may be pointed at twice; what is there belongs to other keys."""
    if connection.execute(select(tables.setting.c.name).limit(1)).first() is not None:
        raise ConfigError(
            "database_taken",
            "another central lives in this database; nothing was changed",
            "name an empty database, or use the folder of the central that is there",
        )


def _fill(
    connection: Connection, wish: Founding, pepper_id: str, tickets: Signer, clock: Clock
) -> None:
    settings = {
        "site": wish.site,
        "zone": wish.zone,
        "day_cutoff": wish.day_cutoff,
        "url": parse_url(wish.url),
        "pepper_id": pepper_id,
    }
    connection.execute(
        insert(tables.setting), [{"name": n, "value": v} for n, v in settings.items()]
    )
    connection.execute(insert(tables.counter).values(name=RIGHTS, value=1))
    connection.execute(
        insert(tables.ticket_key).values(
            kid=tickets.kid,
            public=tickets.public,
            state="active",
            created_at=clock.now_ms(),
            version=1,
        )
    )
