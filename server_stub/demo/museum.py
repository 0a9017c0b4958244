"""The museum and the club: what is for sale, and what the people of the story bought.

Law: everything is done over the central's own API, as an organiser would. Times are chosen so that the story gives the
same answers at any hour: the business day of this museum ends half a day from now.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import CentralError
from scanner.core.units import Instant
from server_stub.demo.play import Pass

ZONE = "Europe/Paris"
SITE = "museum"
GATE = "North entrance"
TECHNICIAN = {"name": "Theo", "role": "technician", "pin": "31415"}
"""Whom the console asks for."""
TIMEOUT_S = 20.0

ANNUAL, THREE_VISITS, LAST_MONTH = "Annual pass", "Three-visit card", "Last month's pass"
EXHIBITION, CLUB, SEASON = "Exhibition only", "Club membership", "Season seat"

BUYERS: Mapping[str, Mapping[str, Any]] = {
    "alice": {"type": ANNUAL},
    "bruno": {"type": THREE_VISITS},
    "chloe": {"type": CLUB, "kind": "opaque", "code": "CLUB-3120-4567"},
    "david": {"type": LAST_MONTH},
    "emma": {"type": EXHIBITION},
    "hugo": {"type": ANNUAL},
    "ines": {"type": ANNUAL},
    "karim": {"type": ANNUAL},
    "lea": {"type": ANNUAL},
    "manon": {"type": ANNUAL},
    "nadia": {"type": ANNUAL},
    "oscar": {"type": SEASON, "seat": "A-12"},
}
"""Who bought what before the gates heard of it."""


def wall(now: Instant) -> datetime:
    """The museum's wall clock."""
    return SiteCalendar(ZONE).wall(now)


def day_cutoff(now: Instant) -> str:
    """A business day that ends twelve hours from now, so that no story is cut in two."""
    return f"{(wall(now).hour + 12) % 24:02d}:00"


@dataclass(frozen=True, slots=True)
class Organiser:
    """Somebody who is signed in at the central's API."""

    url: str
    token: str = field(repr=False)

    def ask(self, path: str) -> Any:
        """GET a management resource."""
        return self._call(requests.get, path)

    def tell(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST to a management resource."""
        return self._call(requests.post, path, json=dict(body or {}))

    def _call(self, method: Callable[..., requests.Response], path: str, **sent: Any) -> Any:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": secrets.token_hex(16),
        }
        reply = method(
            f"{self.url}/v1/{path}" if path.startswith("staff/") else f"{self.url}/v1/admin/{path}",
            headers=headers,
            timeout=TIMEOUT_S,
            **sent,
        )
        if not reply.ok:
            raise CentralError(
                "demo_central_refused",
                f"the central answered {reply.status_code} to {path!r}: {reply.text[:300]}",
                "this is a fault of the demo; please report it",
            )
        return reply.json()

    def sell(self, sale: Mapping[str, Any]) -> dict[str, Any]:
        """Sell one ticket; what the buyer gets."""
        sold: dict[str, Any] = self.tell("sales", sale)
        return sold


def sign_in(url: str, name: str, one_time: str) -> Organiser:
    """The first administrator: signs in with what `init` printed, and chooses a password."""
    first = Organiser(url, "").tell("staff/login", {"name": name, "password": one_time})
    chosen = {"old": one_time, "new": secrets.token_urlsafe(24)}
    return Organiser(url, Organiser(url, first["token"]).tell("staff/password", chosen)["token"])


def open_museum(organiser: Organiser, now: Instant) -> None:
    """Zones, the gate, and what is for sale."""
    for name in ("main", "exhibition"):
        organiser.tell("zones", {"name": name})
    last_month = wall(now) - timedelta(days=45), wall(now) - timedelta(days=15)
    for name, validity, fields in (
        (ANNUAL, "365 days after purchase", {"rule": {"max_total": 50, "max_per_day": 1}}),
        (THREE_VISITS, "365 days after purchase", {"rule": {"max_total": 3}}),
        (LAST_MONTH, "..".join(f"{day:%Y-%m-%d}" for day in last_month), {}),
        (EXHIBITION, "30 days after purchase", {"zones": ["exhibition"]}),
        (CLUB, "always", {"rule": {"max_total": None}}),
        (SEASON, "always", {"rule": {"max_total": None}}),
    ):
        organiser.tell("types", {"name": name, "validity": validity, **fields})
    organiser.tell("gates", {"name": GATE, "zone": "main"})
    organiser.tell("operators", TECHNICIAN)


def sell_passes(organiser: Organiser) -> dict[str, Pass]:
    """Everybody's codes, the lost card revoked, and what people bring who bought nothing."""
    sold = {who: organiser.sell(sale) for who, sale in BUYERS.items()}
    organiser.tell(f"credentials/{sold['hugo']['credential_no']}/revoke")
    passes = {who: Pass(sale["payload"].encode()) for who, sale in sold.items()}
    passes["chloe"] = Pass(passes["chloe"].payload, "code128")
    passes["forged"] = Pass(forged(passes["alice"].payload))
    passes["unknown"] = Pass(b"MV-2044-778-OTHER-SHOP")
    passes["poster"] = Pass(b"https://museum.example/exhibition")
    return passes


def sell_late(organiser: Organiser) -> Pass:
    """A ticket sold after the snapshot that the gate works from."""
    return Pass(organiser.sell({"type": ANNUAL})["payload"].encode())


def forged(ticket: bytes) -> bytes:
    """The ticket with one character of its signature changed."""
    spot = len(ticket) - 9
    other = b"7" if ticket[spot : spot + 1] != b"7" else b"8"
    return ticket[:spot] + other + ticket[spot + 1 :]
