"""Customers sign in: a one-time code by e-mail, in exchange for a session token.

Law: of a code only its HMAC is kept, of a token only its SHA-256. A code is good once, for ten minutes and five tries;
a try counts before it is looked at and stays counted. Asking is limited per address of mail, in the database, so for
every process. The answer to a question is the same whether or not there is such a customer: one is made by the first
sign-in. Benefits are judged anew with each request, so they apply from the one after the sign-in.

Source: docs/decisions.md, "Central: state machines"; docs/central.md, "Customers".
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, insert, select, update

from scanner.core.errors import InputError
from scanner.core.units import SECOND_MS, Instant
from server_stub.central import Central, Secrets
from server_stub.selling.mailer import Letter, Mailer
from server_stub.selling.orders import find_or_add_customer, parse_email
from server_stub.store.benefit_tables import customer_login, customer_session

CODE_DIGITS = 8
CODE_MS = 10 * 60 * SECOND_MS
TRIES_MOST = 5
ASKED_MOST = 3
"""Codes for one address of mail within `ASKED_WINDOW_MS`."""
ASKED_WINDOW_MS = 15 * 60 * SECOND_MS
SESSION_MS = 30 * 24 * 3_600 * SECOND_MS
ID_BYTES = 16
TOKEN_BYTES = 32
TOKEN_CHARACTERS_MOST = 200
HMAC_CONTEXT = b"portillon-login-1\n"


@dataclass(frozen=True, slots=True)
class CustomerSession:
    """A customer who is signed in; the token is in this answer and nowhere else."""

    token: str = field(repr=False)
    expires_at: Instant


def ask_code(central: Central, mailer: Mailer, email: str) -> None:
    """Sends a one-time code.

    Raises:
        InputError: ``email_bad``, ``codes_asked_often``.
    """
    email = parse_email(email)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    with central.database.write() as connection:
        now = central.clock.now_ms()
        _require_seldom(connection, email, now)
        connection.execute(
            insert(customer_login).values(
                login_id=secrets.token_hex(ID_BYTES),
                email=email,
                code_hmac=_hmac(central.secrets, email, code),
                created_at=now,
                expires_at=now + CODE_MS,
                tries=0,
            )
        )
    mailer.send(
        Letter(
            email,
            "Your code",
            f"{code}\n\nIt is good once, for ten minutes. If you did not ask for it, do nothing.\n",
        )
    )


def sign_in(central: Central, email: str, code: str) -> CustomerSession:
    """Opens a session in exchange for the newest code.

    Raises:
        InputError: ``email_bad``, ``code_refused``.
    """
    email = parse_email(email)
    with central.database.write() as connection:
        login_id = _try(connection, central.secrets, email, code, central.clock.now_ms())
    if login_id is None:
        raise InputError(
            "code_refused",
            "this code is wrong, used, too old or was tried too often; nothing was done",
            "ask for a new one",
        )
    with central.database.write() as connection:
        used = connection.execute(
            delete(customer_login).where(customer_login.c.login_id == login_id)
        )
        if not used.rowcount:
            raise InputError("code_refused", "this code was used a moment ago", "ask for a new one")
        now = central.clock.now_ms()
        _end_codes(connection, email, now)
        return _open_session(connection, find_or_add_customer(connection, email, now), now)


def find_signed_in(connection: Connection, token: str, now: Instant) -> str | None:
    """The customer whose token this is; None = nobody's."""
    found: str | None = connection.execute(
        select(customer_session.c.customer_id).where(
            customer_session.c.token_hash == _hash(token[:TOKEN_CHARACTERS_MOST]),
            customer_session.c.expires_at > now,
        )
    ).scalar_one_or_none()
    return found


def require_customer(connection: Connection, token: str, now: Instant) -> str:
    """As `find_signed_in`, for what nobody may do without a session.

    Raises:
        InputError: ``customer_session_refused``.
    """
    found = find_signed_in(connection, token, now)
    if found is None:
        raise InputError(
            "customer_session_refused",
            "the customer's session is missing, over or not one of ours; nothing was done",
            "ask for a code and sign in again",
        )
    return found


def sign_out(connection: Connection, token: str) -> None:
    """Ends a session. Again is not an error."""
    connection.execute(
        delete(customer_session).where(customer_session.c.token_hash == _hash(token))
    )


def _try(connection: Connection, keys: Secrets, email: str, code: str, now: Instant) -> str | None:
    """Counts a try of the newest code, and says which it was if it was right."""
    row = connection.execute(
        select(customer_login)
        .where(customer_login.c.email == email)
        .order_by(customer_login.c.created_at.desc(), customer_login.c.login_id)
        .limit(1)
    ).first()
    if row is None or row.expires_at <= now or row.tries >= TRIES_MOST:
        return None
    connection.execute(
        update(customer_login)
        .where(customer_login.c.login_id == row.login_id)
        .values(tries=row.tries + 1)
    )
    shown = _hmac(keys, email, code.strip())
    login_id: str = row.login_id
    return login_id if hmac.compare_digest(row.code_hmac, shown) else None


def _end_codes(connection: Connection, email: str, now: Instant) -> None:
    """Older codes are worth nothing once a newer one was used."""
    connection.execute(
        update(customer_login).where(customer_login.c.email == email).values(expires_at=now)
    )


def _require_seldom(connection: Connection, email: str, now: Instant) -> None:
    connection.execute(
        delete(customer_login).where(customer_login.c.created_at <= now - ASKED_WINDOW_MS)
    )
    asked = connection.execute(
        select(func.count()).where(customer_login.c.email == email)
    ).scalar_one()
    if asked >= ASKED_MOST:
        raise InputError(
            "codes_asked_often",
            f"{ASKED_MOST} codes were sent to this address within a quarter of an hour; none was sent now",
            "use the newest one, or wait",
        )


def _open_session(connection: Connection, customer_id: str, now: Instant) -> CustomerSession:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = Instant(now + SESSION_MS)
    connection.execute(delete(customer_session).where(customer_session.c.expires_at <= now))
    connection.execute(
        insert(customer_session).values(
            token_hash=_hash(token), customer_id=customer_id, expires_at=expires_at
        )
    )
    return CustomerSession(token, expires_at)


def _hmac(keys: Secrets, email: str, code: str) -> bytes:
    return hmac.digest(keys.seal, HMAC_CONTEXT + f"{email}\n{code}".encode(), hashlib.sha256)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
