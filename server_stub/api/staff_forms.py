"""What staff send about themselves and each other.

Source: docs/central.md, "Staff".
"""

from __future__ import annotations

from enum import StrEnum

from server_stub.api.forms import Strict


class StaffRole(StrEnum):
    """What a person may do at the central; `server_stub.api.authorisation` says what that is."""

    ADMIN = "admin"
    ORGANISER = "organiser"
    DESK = "desk"
    VIEWER = "viewer"


class LoginForm(Strict, frozen=True):
    """A name and its password."""

    name: str
    password: str


class PasswordForm(Strict, frozen=True):
    """The password of now, and the one to come: 12 to 256 characters."""

    old: str
    new: str


class StaffForm(Strict, frozen=True):
    """Somebody who may use the API. ``name``: 1 to 40 of ``a-z 0-9 . _ -``."""

    name: str
    role: StaffRole


class StaffRoleForm(Strict, frozen=True):
    """Another role."""

    role: StaffRole
