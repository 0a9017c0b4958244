"""What the web framework hands to every handler."""

from __future__ import annotations

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import HeaderParameter, SkipValidation

from server_stub.api.idempotency import KEY_HEADER, Once
from server_stub.api.login_limits import LoginLimits
from server_stub.api.nonces import Nonces
from server_stub.api.notices import Notices
from server_stub.api.sessions import Staff
from server_stub.central import Central
from server_stub.gates.devices import Device

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
