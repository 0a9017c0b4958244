"""Staff accounts: who may use the API, as what, and with which password.

Law: part of its caller's transaction, except for hashing, which takes long and is done before it. A password is kept
as argon2 only. The one that an administrator hands out is good once: it opens nothing but the change of itself. There
is always at least one administrator, and whoever loses a role or an account is signed out by the same transaction.

Source: docs/central.md, "Staff"; OWASP, Password Storage Cheat Sheet.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.api.paging import Listing, Sorted
from server_stub.api.staff_forms import StaffRole
from server_stub.faults import FieldError
from server_stub.store.staff_tables import staff_account, staff_session

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
PASSWORD_CHARACTERS_LEAST = 12
PASSWORD_CHARACTERS_MOST = 256
ONE_TIME_BYTES = 15

LISTED = Listing(
    select(
        staff_account.c.name,
        staff_account.c.role,
        staff_account.c.must_change,
        staff_account.c.created_at,
        staff_account.c.disabled_at,
    ),
    (Sorted(staff_account.c.name, str),),
)
"""The accounts, for people."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""argon2id as OWASP's Password Storage Cheat Sheet asks at least: two passes over 19 MiB. A login costs one core some
50 ms, and a hundred of them at once do not fill the memory."""


@dataclass(frozen=True, slots=True)
class OneTime:
    """A password to hand over, once, and what is kept of it."""

    password: str = field(repr=False)
    argon2: str = field(repr=False)


def create_one_time() -> OneTime:
    """A random password of 20 characters."""
    password = secrets.token_urlsafe(ONE_TIME_BYTES)
    return OneTime(password, _HASHER.hash(password))


def hash_password(password: str) -> str:
    """What is kept of a password that a person chose.

    Raises:
        InputError: ``password_bad``.
    """
    if not PASSWORD_CHARACTERS_LEAST <= len(password) <= PASSWORD_CHARACTERS_MOST:
        raise FieldError(
            "password_bad",
            f"a password of {len(password)} characters is not one of"
            f" {PASSWORD_CHARACTERS_LEAST} to {PASSWORD_CHARACTERS_MOST}; nothing was changed",
            "take several words that do not belong together",
            field="new",
        )
    return _HASHER.hash(password)


def is_password(kept: str | None, password: str) -> bool:
    """Whether a password is the one that was kept; as slow for an account that does not exist."""
    try:
        _HASHER.verify(kept or _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(ONE_TIME_BYTES))


def add_account(
    connection: Connection, name: str, role: StaffRole, one_time: OneTime, at: Instant
) -> None:
    """A new account with a one-time password.

    Raises:
        InputError: ``staff_name_bad``, ``staff_name_taken``.
    """
    if not NAME.fullmatch(name):
        raise FieldError(
            "staff_name_bad",
            f"staff name {name[:40]!r} is not 1 to 40 of a-z, 0-9, '.', '_' and '-'",
            "write it like ann.smith",
            field="name",
        )
    if connection.execute(select(staff_account).where(staff_account.c.name == name)).first():
        raise FieldError(
            "staff_name_taken",
            f"staff account {name!r} exists already, or did; nothing was changed",
            "a name is never given to a second person; `staff reset` gives a new password",
            field="name",
        )
    connection.execute(
        insert(staff_account).values(
            name=name,
            role=role,
            password_argon2=one_time.argon2,
            must_change=1,
            created_at=at,
        )
    )


def change_role(connection: Connection, name: str, role: StaffRole) -> None:
    """Another role, from the next request on.

    Raises:
        InputError: ``staff_unknown``, ``last_admin``.
    """
    find_account(connection, name)
    if role is not StaffRole.ADMIN:
        _require_another_admin(connection, name)
    _change(connection, name, role=role)


def reset_password(connection: Connection, name: str, one_time: OneTime) -> None:
    """A new one-time password; who is signed in is signed out, and a disabled account is back.

    Raises:
        InputError: ``staff_unknown``.
    """
    find_account(connection, name)
    _change(connection, name, password_argon2=one_time.argon2, must_change=1, disabled_at=None)
    sign_out_everywhere(connection, name)


def set_password(connection: Connection, name: str, argon2: str) -> None:
    """A password that the person chose; all sessions end."""
    _change(connection, name, password_argon2=argon2, must_change=0)
    sign_out_everywhere(connection, name)


def disable_account(connection: Connection, name: str, at: Instant) -> None:
    """Ends an account; its name stays taken. Again is not an error.

    Raises:
        InputError: ``staff_unknown``, ``last_admin``.
    """
    find_account(connection, name)
    _require_another_admin(connection, name)
    _change(connection, name, disabled_at=at)
    sign_out_everywhere(connection, name)


def find_account(connection: Connection, name: str) -> Row[Any]:
    """Raises `InputError` ``staff_unknown``."""
    row = connection.execute(select(staff_account).where(staff_account.c.name == name)).first()
    if row is None:
        raise InputError(
            "staff_unknown", f"staff account {name[:40]!r} does not exist", "see `staff list`"
        )
    return row


def sign_out_everywhere(connection: Connection, name: str) -> None:
    """Every session of an account ends."""
    connection.execute(delete(staff_session).where(staff_session.c.name == name))


def _require_another_admin(connection: Connection, name: str) -> None:
    others = connection.execute(
        select(func.count()).where(
            staff_account.c.role == StaffRole.ADMIN,
            staff_account.c.disabled_at.is_(None),
            staff_account.c.name != name,
        )
    ).scalar_one()
    if not others:
        raise InputError(
            "last_admin",
            f"{name!r} is the only administrator; nothing was changed",
            "make somebody else an administrator first",
        )


def _change(connection: Connection, name: str, **values: Any) -> None:
    connection.execute(update(staff_account).where(staff_account.c.name == name).values(values))
