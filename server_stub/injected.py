"""What the web framework hands to every handler."""

from __future__ import annotations

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from server_stub.central import Central
from server_stub.devices import Device
from server_stub.idempotency import Once
from server_stub.login_limits import LoginLimits
from server_stub.nonces import Nonces
from server_stub.notices import Notices
from server_stub.sessions import Staff

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
