"""What the web framework hands to every handler.

Law: the routes know no central. What a server works on travels with each request, so the routes are built once a
process (which takes longer than all else of a start), however many centrals are served by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter, SkipValidation

from server_stub.api.idempotency import KEY_HEADER, Once
from server_stub.api.login_limits import LoginLimits
from server_stub.api.nonces import Nonces
from server_stub.api.notices import Notices
from server_stub.api.sessions import Staff
from server_stub.central import Central
from server_stub.gates.devices import Device


@dataclass(frozen=True, slots=True)
class Services:
    """One running server: its central, and what it remembers between requests."""

    central: Central
    nonces: Nonces
    notices: Notices
    limits: LoginLimits


SERVICES = "services"
"""Its name in the state of a request's scope."""


def services_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Services:
    """The server that this request came to."""
    services: Services = connection.scope["state"][SERVICES]
    return services


def find_central(request: Request[Any, Any, Any]) -> Central:
    """For `TheCentral`."""
    return services_of(request).central


def find_nonces(request: Request[Any, Any, Any]) -> Nonces:
    """For `TheNonces`."""
    return services_of(request).nonces


def find_notices(request: Request[Any, Any, Any]) -> Notices:
    """For `TheNotices`."""
    return services_of(request).notices


def find_limits(request: Request[Any, Any, Any]) -> LoginLimits:
    """For `TheLimits`."""
    return services_of(request).limits


PROVIDED: Mapping[str, Provide] = {
    "central": Provide(find_central, sync_to_thread=False),
    "nonces": Provide(find_nonces, sync_to_thread=False),
    "notices": Provide(find_notices, sync_to_thread=False),
    "limits": Provide(find_limits, sync_to_thread=False),
}
"""What any handler may ask for by its name."""

TheCentral = NamedDependency[SkipValidation[Central]]
TheNonces = NamedDependency[SkipValidation[Nonces]]
TheNotices = NamedDependency[SkipValidation[Notices]]
Proven = NamedDependency[SkipValidation[Device]]
"""The device that signed this request; asking for it is what makes a route signed."""

TheStaff = NamedDependency[SkipValidation[Staff]]
"""Whom the guard of the staff's routes let in."""

TheLimits = NamedDependency[SkipValidation[LoginLimits]]
TheOnce = NamedDependency[SkipValidation[Once]]
"""Asking for it is what makes a route need an ``Idempotency-Key``."""

ShownKey = Annotated[
    str | None,
    HeaderParameter(
        name=KEY_HEADER,
        description="New for each wish, the same when it is repeated: 8 to 100 of A-Z a-z 0-9 _ . : -",
    ),
]
"""What a request says in that header; who proves it decides whose key it is."""
