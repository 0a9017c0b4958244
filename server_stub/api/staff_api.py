"""Staff at the API: sign in and out, one's own password, and the accounts of others.

Law: thin. Only the login is open to all, and it is limited. A one-time password is in one answer and nowhere else.

Source: docs/central.md, "Staff".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from scanner.core.errors import InputError
from server_stub.api import accounts, sessions
from server_stub.api.authorisation import ACT_OF, Act, require_allowed
from server_stub.api.injected import TheCentral, TheLimits, TheStaff, services_of
from server_stub.api.paging import CURSOR_CHARACTERS_MOST, LIMIT, LIMIT_MOST, Page, load_page
from server_stub.api.sessions import SignedIn, Staff
from server_stub.api.staff_forms import LoginForm, PasswordForm, StaffForm, StaffRole, StaffRoleForm

BEARER = "Bearer "
PageLimit = Annotated[
    int, QueryParameter(ge=1, le=LIMIT_MOST, description="How many rows at most.")
]
PageCursor = Annotated[
    str | None,
    QueryParameter(max_length=CURSOR_CHARACTERS_MOST, description="`next` of the page before."),
]


class Me(msgspec.Struct, frozen=True):
    """Who is signed in."""

    name: str
    role: StaffRole
    must_change: bool


class HandedOut(msgspec.Struct, frozen=True):
    """An account whose password is good once; it is in this answer and nowhere else."""

    name: str
    password: str


class Done(msgspec.Struct, frozen=True):
    """It is so now."""

    done: bool = True


@post("/login", sync_to_thread=True, status_code=200, summary="Sign in")
def log_in(
    request: Request[Any, Any, Any],
    central: TheCentral,
    limits: TheLimits,
    data: JSONBody[LoginForm],
) -> SignedIn:
    """For twelve hours. With a one-time password only the change of it is open."""
    address = request.client.host if request.client else "unknown"
    limits.begin(data.name, address)
    signed_in = sessions.sign_in(central, data.name, data.password)
    limits.forgive(data.name, address)
    return signed_in


@post("/logout", sync_to_thread=True, status_code=200, summary="Sign out")
def log_out(request: Request[Any, Any, Any], central: TheCentral) -> Done:
    """The token is worth nothing from now on."""
    sessions.sign_out(central, shown_token(request.headers))
    return Done()


@get("/me", sync_to_thread=False, summary="Who is signed in")
def give_me(staff: TheStaff) -> Me:
    """Name and role."""
    return Me(staff.name, staff.role, staff.must_change)


@post("/password", sync_to_thread=True, status_code=200, summary="Change one's own password")
def change_password(
    request: Request[Any, Any, Any],
    central: TheCentral,
    limits: TheLimits,
    staff: TheStaff,
    data: JSONBody[PasswordForm],
) -> SignedIn:
    """Every session of the account ends; a new one begins with this answer."""
    address = request.client.host if request.client else "unknown"
    limits.begin(staff.name, address)
    signed_in = sessions.change_password(central, staff.name, data.old, data.new)
    limits.forgive(staff.name, address)
    return signed_in


@get("/staff", sync_to_thread=True, summary="Staff accounts")
def give_staff(central: TheCentral, limit: PageLimit = LIMIT, cursor: PageCursor = None) -> Page:
    """Also those that have ended."""
    with central.database.read() as connection:
        return load_page(connection, accounts.LISTED, limit, cursor)


@post("/staff", sync_to_thread=True, summary="Add a staff account")
def add_staff(central: TheCentral, data: JSONBody[StaffForm]) -> HandedOut:
    """With a one-time password, to be changed at the first login."""
    one_time = accounts.create_one_time()
    with central.database.write() as connection:
        now = central.clock.now_ms()
        accounts.add_account(connection, data.name, data.role, one_time, now)
    return HandedOut(data.name, one_time.password)


@post("/staff/{name:str}/role", sync_to_thread=True, status_code=200, summary="Change a role")
def change_role(central: TheCentral, name: FromPath[str], data: JSONBody[StaffRoleForm]) -> Done:
    """From the next request on."""
    with central.database.write() as connection:
        accounts.change_role(connection, name, data.role)
    return Done()


@post("/staff/{name:str}/reset", sync_to_thread=True, status_code=200, summary="Reset a password")
def reset_password(central: TheCentral, name: FromPath[str]) -> HandedOut:
    """Another one-time password; a disabled account is back."""
    one_time = accounts.create_one_time()
    with central.database.write() as connection:
        accounts.reset_password(connection, name, one_time)
    return HandedOut(name, one_time.password)


@post("/staff/{name:str}/disable", sync_to_thread=True, status_code=200, summary="End an account")
def disable_staff(central: TheCentral, name: FromPath[str]) -> Done:
    """At once, also where it is signed in."""
    with central.database.write() as connection:
        accounts.disable_account(connection, name, central.clock.now_ms())
    return Done()


def shown_token(headers: Mapping[str, str]) -> str:
    """The token of a request; empty = there is none."""
    shown = headers.get("authorization", "")
    return shown.removeprefix(BEARER) if shown.startswith(BEARER) else ""


async def require_staff(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """The guard of every route but the login: who is it, and may they do this?

    Raises:
        InputError: ``session_refused``, ``password_must_change``, ``role_may_not``.
    """
    staff = await asyncio.to_thread(
        sessions.verify_session, services_of(connection).central, shown_token(connection.headers)
    )
    route = route_of(connection)
    if staff.must_change and ACT_OF.get(route) is not Act.OWN:
        raise InputError(
            "password_must_change",
            "this password is a one-time one; nothing was done",
            "choose your own with POST /v1/staff/password",
        )
    require_allowed(route, staff.role)
    connection.state.staff = staff


def route_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """``POST /v1/admin/orders/{order_id}/refund``."""
    return f"{connection.scope['method']} {connection.scope['path_template']}"  # type: ignore[typeddict-item]


def find_staff(request: Request[Any, Any, Any]) -> Staff:
    """Whom the guard let in."""
    staff: Staff = request.state.staff
    return staff


def build_staff_routes() -> list[Router]:
    """The routes under ``/v1/staff``, and those of ``/v1/admin/staff``."""
    dependencies = {"staff": Provide(find_staff, sync_to_thread=False)}
    return [
        Router(
            "/v1/staff",
            route_handlers=[log_in],
            dependencies=dependencies,
            tags=["staff"],
        ),
        Router(
            "/v1/staff",
            route_handlers=[log_out, give_me, change_password],
            dependencies=dependencies,
            guards=[require_staff],
            tags=["staff"],
        ),
        Router(
            "/v1/admin",
            route_handlers=[give_staff, add_staff, change_role, reset_password, disable_staff],
            dependencies=dependencies,
            guards=[require_staff],
            tags=["staff"],
        ),
    ]
