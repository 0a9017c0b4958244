"""Reading the tables of a rehearsal file field by field, and naming every field that is wrong.

Law: strict. A key that nobody asked for is an error, and so is a value of another type or out of range; each is named
by its place, its value and what would be valid. Reading goes on after an error with a stand-in, so that one look finds
all; nothing that was read counts if there was any.

Source: docs/rehearsal.md, "Errors".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, TypeVar

from scanner.core.calendar import SiteCalendar, minutes_of
from scanner.core.errors import GateError, InputError
from scanner.core.units import Instant

Name = TypeVar("Name", bound=StrEnum)
Value = TypeVar("Value")

EPOCH = Instant(0)
MOST = 2_147_483_647
"""The largest number of anything: what a ticket can state, and far beyond any count."""

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Years that a story may speak of; a term of a hundred years still ends within the calendar."""

_SHOWN_CHARACTERS = 80


class Problems:
    """What is wrong with one file, in the order in which it was found."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._lines: list[str] = []

    def add(self, place: str, what: str) -> None:
        """Something at a place is wrong."""
        self._lines.append(f"{self._file}: {place}: {what}")

    def raise_any(self) -> None:
        """End here if anything was wrong.

        Raises:
            InputError: ``rehearsal_file_wrong``; its message has one line for each problem.
        """
        if self._lines:
            raise InputError("rehearsal_file_wrong", "\n".join(dict.fromkeys(self._lines)))


class Table:
    """One TOML table at its place. Read every key that it may have, then call `close`."""

    def __init__(self, place: str, values: object, problems: Problems) -> None:
        self.place = place
        self.problems = problems
        self._asked: dict[str, None] = {}
        self._values: Mapping[str, Any] = values if isinstance(values, Mapping) else {}
        if not isinstance(values, Mapping):
            problems.add(place or "the file", f"{shown(values)} is not a table")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def values(self) -> Mapping[str, Any]:
        """All of it, as TOML has it."""
        return self._values

    @property
    def keys(self) -> Iterable[str]:
        """What the file gives."""
        return self._values.keys()

    def raw(self, key: str) -> Any:
        """The value as TOML has it; None where there is none."""
        self._asked[key] = None
        return self._values.get(key)

    def wrong(self, key: str, what: str) -> None:
        """The value of a key is wrong."""
        self.problems.add(self.at(key), what)

    def at(self, key: str) -> str:
        """The place of a key."""
        return f"{self.place}.{key}" if self.place else key

    def require(self, key: str) -> None:
        """A key must be there."""
        if key not in self._values:
            self._asked[key] = None
            self.wrong(key, "is missing")

    def close(self) -> None:
        """Whatever was not asked for is unknown."""
        for key in self._values:
            if key not in self._asked:
                self.wrong(key, f"unknown key (valid: {', '.join(self._asked)})")

    def text(self, key: str, default: str = "") -> str:
        """A text that is not empty."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, str) and value:
            return value
        self.wrong(key, f"{shown(value)} is {'empty' if value == '' else 'not a text'}")
        return default

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.wrong(key, f"{shown(value)} is not true or false")
        return default

    def number(self, key: str, default: int, least: int = 0, hint: str = "") -> int:
        """A whole number of at least ``least``; ``hint`` says what else would do."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= MOST:
            return value
        is_above = isinstance(value, int) and value > MOST
        bounds = f"at most {MOST}" if is_above else f"{least} or more"
        self.wrong(key, f"{shown(value)} is not a whole number of {bounds}{hint}")
        return default

    def optional_number(self, key: str, least: int = 0, hint: str = "") -> int | None:
        """A whole number, if given."""
        return self.number(key, least, least, hint) if key in self else self.raw(key)

    def seconds(self, key: str, default: float) -> float:
        """A length of time, fractions allowed."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST:
            return float(value)
        self.wrong(key, f"{shown(value)} is not a number of seconds")
        return default

    def choice(self, key: str, names: type[Name], default: Name) -> Name:
        """One of an enumeration's names."""
        value = self.raw(key)
        if value is None:
            return default
        found = self._named(key, value, names)
        return default if found is None else found

    def optional_choice(self, key: str, names: Iterable[Name]) -> Name | None:
        """One of some names, if given."""
        value = self.raw(key)
        return None if value is None else self._named(key, value, names)

    def choices(self, key: str, names: Iterable[Name]) -> frozenset[Name]:
        """Several of an enumeration's names."""
        found = (self._named(key, value, names) for value in self.list(key))
        return frozenset(name for name in found if name is not None)

    def list(self, key: str) -> Sequence[Any]:
        """A list, empty if not given."""
        value = self.raw(key)
        if value is None or isinstance(value, list):
            return value or []
        what = f"{shown(value)} is not a list"
        if isinstance(value, Mapping):
            what = f"is one table, not a list of them (write [[{self.at(key)}]])"
        elif isinstance(value, str):
            what += f" (write [{shown(value)}])"
        self.wrong(key, what)
        return []

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts in which none at all would be taken for all of them."""
        if self.raw(key) == []:
            self.wrong(key, "[] names none (leave it out for all)")
        return self.texts(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self.list(key)
        for value in values:
            if not isinstance(value, str) or not value:
                self.wrong(key, f"{shown(value)} is not a text")
        return tuple(value for value in values if isinstance(value, str))

    def known_word(self, key: str, words: Iterable[str]) -> str | None:
        """One of some words, if given."""
        value, words = self.raw(key), tuple(words)
        if value is None or value in words:
            return None if value is None else str(value)
        self.wrong(key, f"{shown(value)} is unknown (valid: {', '.join(words)})")
        return None

    def known(self, key: str, kind: str, names: Iterable[str]) -> str | None:
        """The name of something of this file; None (and a problem) where there is no such thing."""
        value = self.raw(key)
        if value is None:
            return None
        return value if self._is_known(key, value, kind, names) else None

    def all_known(self, key: str, kind: str, names: Iterable[str]) -> tuple[str, ...]:
        """Names of things of this file."""
        names = tuple(names)
        return tuple(v for v in self.texts(key) if self._is_known(key, v, kind, names))

    def table(self, key: str) -> Table:
        """A table within this one, empty if not given."""
        value = self.raw(key)
        return Table(self.at(key), {} if value is None else value, self.problems)

    def tables(self, key: str) -> Sequence[Table]:
        """A list of tables."""
        return [
            Table(f"{self.at(key)}[{number}]", value, self.problems)
            for number, value in enumerate(self.list(key))
        ]

    def instant(self, key: str, site: SiteCalendar, *, second: bool = False) -> Instant | None:
        """An instant: the site's wall time, or one with Z or an offset."""
        moment = self.moment(key)
        if moment is None:
            return None
        return instant_of(moment, site, second=second)

    def moment(self, key: str) -> datetime | None:
        """A date and time, as text or as TOML writes it."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, datetime):
            return self._within(key, value)
        try:
            if isinstance(value, str) and len(value) > len("2026-01-01"):
                return self._within(key, datetime.fromisoformat(value))
        except ValueError:
            pass
        self.wrong(key, f"{shown(value)} is not a date and time (2026-03-10T14:00)")
        return None

    def _within(self, key: str, moment: datetime) -> datetime | None:
        if FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment
        self.wrong(key, f"{moment.isoformat()} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
        return None

    def dates(self, key: str) -> frozenset[date]:
        """Dates, as text or as TOML writes them."""
        found = set()
        for value in self.list(key):
            try:
                found.add(_date(value))
            except ValueError:
                self.wrong(key, f"{shown(value)} is not a date (2026-12-24)")
        return frozenset(found)

    def clock_time(self, key: str, default: str) -> str:
        """A time of day as HH:MM; 24:00 ends a day."""
        value = self.raw(key)
        text = default if value is None else value
        if isinstance(value, time):
            is_whole = value == value.replace(second=0, microsecond=0)
            text = value.isoformat("minutes" if is_whole else "auto")
        if isinstance(text, str) and minutes_of(text) is not None:
            return text
        self.wrong(key, f"{shown(value)} is not a time of day (09:00)")
        return default

    def build(self, key: str, make: Callable[[], Value], default: Value) -> Value:
        """What a constructor makes of values that are right one by one; what it refuses is a problem at ``key``."""
        try:
            return make()
        except GateError as error:
            self.wrong(key, error.message)
            return default

    def _named(self, key: str, value: object, names: Iterable[Name]) -> Name | None:
        names = tuple(names)
        for name in names:
            if name.value == value:
                return name
        self.wrong(key, f"{shown(value)} is unknown (valid: {', '.join(n.value for n in names)})")
        return None

    def _is_known(self, key: str, value: object, kind: str, names: Iterable[str]) -> bool:
        names = tuple(names)
        if value in names:
            return True
        valid = ", ".join(names) or "none"
        self.wrong(key, f"{shown(value)} is not {kind} of this file (valid: {valid})")
        return False


def shown(value: object) -> str:
    """A value in a message, as TOML writes it, never longer than a line."""
    text = repr(value)
    if isinstance(value, bool):
        text = text.lower()
    elif isinstance(value, date | time):
        text = value.isoformat()
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def instant_of(moment: datetime, site: SiteCalendar, *, second: bool = False) -> Instant:
    """The instant of a wall time of the site, or of a time that says its offset."""
    if moment.tzinfo is None:
        return site.instant(moment, second=second)
    return Instant(round(moment.timestamp() * 1000))


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return date.fromisoformat(value)
    raise ValueError(value)
