"""One reader's language: texts, dates, numbers and sizes as that reader writes them.

Law: pure but for the catalogue, which is read once. What differs between languages stands in the catalogue, formats
too, so a further language is one file. Instants are shown in the site's zone, never in this machine's.

Source: docs/console.md, "Languages".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from gettext import NullTranslations
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scanner.texts.catalogue import ENGLISH, load_texts
from scanner.texts.screens import TEXTS

SECOND_MS = 1_000
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
STEP = 1_000
"""Sizes go up by thousands, as disks are sold."""
UNITS = 5
"""From bytes up; their names are a text."""
TIED = re.compile(r"(?<=\d) (?=[\w%°])|(?<=«) | (?=[;:?!»%])")
"""Blanks at which no line is broken: between a number and its unit, and before a sign that a language sets apart."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """Says everything that a screen shows."""

    language: str = ENGLISH
    zone: str = "UTC"
    texts: NullTranslations = field(default_factory=lambda: load_texts(ENGLISH))

    @classmethod
    def of(cls, language: str, zone: str = "UTC") -> Tongue:
        """The tongue of one of `scanner.texts.catalogue.languages`."""
        return cls(language, zone, load_texts(language))

    def say(self, name: str, **values: object) -> str:
        """A text of `scanner.texts.screens`, with its values in place."""
        text = self.texts.gettext(TEXTS[name])
        return tied(text.format(**values) if values else text)

    def tell(self, english: str) -> str:
        """Any text that the catalogues have."""
        return tied(self.texts.gettext(english)) if english else ""

    def knows(self, name: str) -> bool:
        """True when there is a text of this name: a newer gate may name what this console cannot tell."""
        return name in TEXTS

    def key(self, name: str) -> str:
        """What stands on a key."""
        return self.say(f"name_{name}") if self.knows(f"name_{name}") else name

    def number(self, value: float, decimals: int = 0) -> str:
        """``1234.5`` as the language writes it."""
        sample = self._format("format_number")
        thousands, point = sample[1], sample[5]
        text = f"{value:,.{decimals}f}"
        return text.replace(",", "\0").replace(".", point).replace("\0", thousands)

    def date_time(self, at_ms: int) -> str:
        """Date and time of day in the site's zone."""
        return self._at(at_ms).strftime(self._format("format_date_time"))

    def time(self, at_ms: int) -> str:
        """Time of day in the site's zone."""
        return self._at(at_ms).strftime(self._format("format_time"))

    def date(self, at_ms: int) -> str:
        """The date in the site's zone."""
        return self._at(at_ms).strftime(self._format("format_date"))

    def moment(self, at_ms: int, now_ms: int) -> str:
        """The time of day; with the date where it is another day's."""
        same = self._at(at_ms).date() == self._at(now_ms).date()
        return self.time(at_ms) if same else self.date_time(at_ms)

    def length(self, seconds: float) -> str:
        """A length of time in its two largest units."""
        whole = max(0, int(seconds))
        if whole < MINUTE_S:
            return self.say("length_s", s=whole)
        if whole < HOUR_S:
            return self.say("length_min", m=whole // MINUTE_S)
        if whole < 2 * DAY_S:
            return self.say("length_h", h=whole // HOUR_S, m=whole % HOUR_S // MINUTE_S)
        return self.say("length_d", d=whole // DAY_S, h=whole % DAY_S // HOUR_S)

    def size(self, count: float) -> str:
        """A number of bytes, in a unit that keeps it short."""
        unit = 0
        while count >= STEP and unit < UNITS - 1:
            count, unit = count / STEP, unit + 1
        decimals = 1 if unit and count < 100 else 0  # noqa: PLR2004 - three digits say enough
        return tied(f"{self.number(count, decimals)} {self.say('size_units').split()[unit]}")

    def _format(self, name: str) -> str:
        return self.texts.gettext(TEXTS[name])

    def _at(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / SECOND_MS, _zone(self.zone))


def tied(text: str) -> str:
    """With no-break blanks where a number would be torn from its unit, or a sign from its word."""
    return TIED.sub("\N{NO-BREAK SPACE}", text)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
