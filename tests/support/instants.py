"""Instants as a person writes them."""

from __future__ import annotations

from datetime import datetime

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant

PARIS = SiteCalendar("Europe/Paris")


def utc(text: str) -> Instant:
    """An instant written in ISO 8601 with ``Z`` or an offset: ``2026-03-10T23:00Z``."""
    return Instant(round(datetime.fromisoformat(text).timestamp() * 1_000))


def wall(text: str, site: SiteCalendar = PARIS, *, second: bool = False) -> Instant:
    """An instant written in a site's wall time: ``2026-03-10T14:00``."""
    return site.instant(datetime.fromisoformat(text), second=second)
