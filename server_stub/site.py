"""The site's settings: name, calendar, policies, address. One row each, so that each can change by itself.

Law: a setting is checked before it is kept; what is kept can be read. Those of `SitePolicy` travel to the gates under
the same names.

Source: docs/decisions.md, "Freshness and failure policies"; docs/central.md, "Settings".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from sqlalchemy import Connection, insert, select, update

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import InputError
from scanner.core.rules import SitePolicy
from server_stub.api.forms import NUMBER_MOST
from server_stub.faults import FieldError
from server_stub.store import tables
from server_stub.store.changes import note_rights_changed

SITE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
"""It is part of file names and of a TUF role's name."""

URL_CHARACTERS = 200
CURRENCY = re.compile(r"[A-Z]{3}")
CURRENCY_UNLESS_SET = "EUR"

POLICY_TYPES: Mapping[str, type] = {
    name: kind for name, kind in get_type_hints(SitePolicy).items() if name != "calendar"
}


@dataclass(frozen=True, slots=True)
class Site:
    """One venue. ``pepper_id``: the one that the next base is made with. ``url``: where gates find this central."""

    name: str
    policy: SitePolicy
    pepper_id: str
    url: str

    @property
    def calendar(self) -> SiteCalendar:
        return self.policy.calendar


def parse_site_name(name: str) -> str:
    """Raises `InputError` ``site_name_bad``."""
    if not SITE_NAME.fullmatch(name):
        raise InputError(
            "site_name_bad",
            f"site {name!r} is not 1 to 32 of a-z, 0-9 and - (not at an end)",
            "choose a short name such as 'museum'; it is part of file names and cannot be changed later",
        )
    return name


def load_site(connection: Connection) -> Site:
    """The site as it is set now."""
    stored = dict(connection.execute(select(tables.setting.c.name, tables.setting.c.value)).all())
    policy = {name: _parse_policy(name, stored[name]) for name in POLICY_TYPES if name in stored}
    calendar = SiteCalendar(stored["zone"], stored["day_cutoff"])
    return Site(
        name=stored["site"],
        policy=SitePolicy(calendar=calendar, **policy),
        pepper_id=stored["pepper_id"],
        url=stored["url"],
    )


def set_policy(connection: Connection, name: str, value: str) -> None:
    """Keeps one policy and has it published.

    Raises:
        InputError: ``policy_unknown``, ``policy_bad``.
    """
    if name not in POLICY_TYPES:
        raise FieldError(
            "policy_unknown",
            f"policy {name[:40]!r} does not exist",
            f"valid: {', '.join(sorted(POLICY_TYPES))}",
            field="name",
            valid=sorted(POLICY_TYPES),
        )
    save_setting(connection, name, str(_parse_policy(name, value)))
    note_rights_changed(connection, ())


def set_url(connection: Connection, url: str) -> None:
    """Keeps the address that new devices are told.

    Raises:
        InputError: ``url_bad``.
    """
    save_setting(connection, "url", parse_url(url))


def parse_url(url: str) -> str:
    """Raises `InputError` ``url_bad``."""
    if not _is_address(url):
        raise FieldError(
            "url_bad",
            f"address {url[:URL_CHARACTERS]!r} is none",
            f"write https://central.example.org, at most {URL_CHARACTERS} characters",
            field="url",
        )
    return url.rstrip("/")


def _is_address(url: str) -> bool:
    """It is told to gates in a QR code, so it is short."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_web and len(url) <= URL_CHARACTERS and not (parts.query or parts.username)


def set_currency(connection: Connection, currency: str) -> None:
    """The currency of every price, once for all.

    Raises:
        InputError: ``currency_bad``.
    """
    if not CURRENCY.fullmatch(currency):
        raise FieldError(
            "currency_bad",
            f"currency {currency[:20]!r} is none; nothing was changed",
            "write its three letters of ISO 4217: EUR, CHF, JPY",
            field="currency",
        )
    save_setting(connection, "currency", currency)


def load_currency(connection: Connection) -> str:
    """The currency of every price."""
    found: str | None = connection.execute(
        select(tables.setting.c.value).where(tables.setting.c.name == "currency")
    ).scalar_one_or_none()
    return found or CURRENCY_UNLESS_SET


def save_setting(connection: Connection, name: str, value: str) -> None:
    """Keeps one setting, new or not."""
    of_name = tables.setting.c.name == name
    if connection.execute(update(tables.setting).where(of_name).values(value=value)).rowcount == 0:
        connection.execute(insert(tables.setting).values(name=name, value=value))


def _parse_policy(name: str, value: str) -> Any:
    kind = POLICY_TYPES[name]
    try:
        parsed = kind(value)
    except ValueError as error:
        valid = ", ".join(kind) if issubclass(kind, StrEnum) else f"a number ({kind.__name__})"
        raise FieldError(
            "policy_bad",
            f"policy {name} = {value[:40]!r} is not valid",
            f"valid: {valid}",
            field="value",
            valid=kind if issubclass(kind, StrEnum) else (),
        ) from error
    if not isinstance(parsed, StrEnum) and not 0 <= parsed <= NUMBER_MOST:
        raise FieldError(
            "policy_bad",
            f"policy {name} = {value[:40]!r} is not within 0 to {NUMBER_MOST}",
            "0 = off",
            field="value",
        )
    return parsed
