"""Signed-in staff: a random token, good for twelve hours, in exchange for a name and a password.

Law: of a token only its SHA-256 is kept. Every request looks its session up, so a role that changes or an account that
ends does so at once. A refused login says the same whatever was wrong, takes as long, and counts (`login_limits`).

Source: docs/central.md, "Staff".
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from scanner.core.errors import InputError
from scanner.core.units import SECOND_MS, Instant
from server_stub.api.accounts import find_account, hash_password, is_password, set_password
from server_stub.api.staff_forms import StaffRole
from server_stub.central import Central
from server_stub.faults import FieldError
from server_stub.store.staff_tables import staff_account, staff_session

SESSION_MS = 12 * 3_600 * SECOND_MS
TOKEN_BYTES = 32
TOKEN_CHARACTERS_MOST = 200
_TWO_AT_ONCE = threading.BoundedSemaphore(2)
"""Checking a password takes a core and 19 MiB for a while: many at once would leave nothing for the gates."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Who asks. ``must_change``: the password is a one-time one, so that it opens nothing yet."""

    name: str
    role: StaffRole
    must_change: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session; the token is in this answer and nowhere else."""

    token: str = field(repr=False)
    name: str
    role: StaffRole
    must_change: bool
    expires_at: Instant


def sign_in(central: Central, name: str, password: str) -> SignedIn:
    """Opens a session.

    Raises:
        InputError: ``login_refused``.
    """
    _require_password(central, name, password)
    now = central.clock.now_ms()
    with central.database.write() as connection:
        connection.execute(delete(staff_session).where(staff_session.c.expires_at <= now))
        return open_session(connection, name, now)


def open_session(connection: Connection, name: str, at: Instant) -> SignedIn:
    """A session of an account, in the caller's transaction.

    Raises:
        InputError: ``staff_unknown``.
    """
    account = find_account(connection, name)
    token, expires_at = secrets.token_urlsafe(TOKEN_BYTES), Instant(at + SESSION_MS)
    connection.execute(
        insert(staff_session).values(
            token_hash=_hash(token), name=name, created_at=at, expires_at=expires_at
        )
    )
    return SignedIn(token, name, StaffRole(account.role), bool(account.must_change), expires_at)


def verify_session(central: Central, token: str) -> Staff:
    """Who a token belongs to.

    Raises:
        InputError: ``session_refused``.
    """
    known = staff_account.c
    with central.database.read() as connection:
        row = connection.execute(
            select(known.name, known.role, known.must_change)
            .join(staff_session, staff_session.c.name == known.name)
            .where(
                staff_session.c.token_hash == _hash(token[:TOKEN_CHARACTERS_MOST]),
                staff_session.c.expires_at > central.clock.now_ms(),
                known.disabled_at.is_(None),
            )
        ).first()
    if row is None:
        raise InputError(
            "session_refused",
            "the session is missing, over or not one of ours; nothing was done",
            "sign in with POST /v1/staff/login and send 'Authorization: Bearer TOKEN'",
        )
    return Staff(row.name, StaffRole(row.role), bool(row.must_change))


def sign_out(central: Central, token: str) -> None:
    """Ends a session."""
    with central.database.write() as connection:
        connection.execute(delete(staff_session).where(staff_session.c.token_hash == _hash(token)))


def change_password(central: Central, name: str, old: str, new: str) -> SignedIn:
    """Another password; every session ends and a new one begins.

    Raises:
        InputError: ``login_refused``, ``password_bad``, ``password_same``.
    """
    _require_password(central, name, old)
    if old == new:
        raise FieldError(
            "password_same",
            "the new password is the old one; nothing was changed",
            "choose another one",
            field="new",
        )
    with _TWO_AT_ONCE:
        argon2 = hash_password(new)
    with central.database.write() as connection:
        set_password(connection, name, argon2)
        return open_session(connection, name, central.clock.now_ms())


def _require_password(central: Central, name: str, password: str) -> None:
    with central.database.read() as connection:
        kept = connection.execute(
            select(staff_account.c.password_argon2).where(
                staff_account.c.name == name, staff_account.c.disabled_at.is_(None)
            )
        ).scalar_one_or_none()
    with _TWO_AT_ONCE:
        if is_password(kept, password):
            return
    raise InputError(
        "login_refused",
        "name or password is wrong, or the account has ended; nothing was done",
        "on the central's machine `portillon-central staff reset NAME` gives a new password",
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
