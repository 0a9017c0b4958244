"""What an organiser sends to set a site up and to sell: one definition for the API and the command line.

Law: pure types and parsers. An unknown field is an error that names it; a value that is not allowed is answered with
those that are. Names (of zones, types, scopes) are what people see; the numbers of a snapshot stay inside.

Source: docs/central.md, "Setting up"; the scan rule's fields are those of docs/decisions.md, "Rights".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import InputError
from scanner.core.grants import GrantFlag
from scanner.core.reasons import Reason
from scanner.core.rules import (
    CounterScope,
    OverusePolicy,
    Policy,
    ReentryMode,
    ScanRule,
    rule_problems,
)
from scanner.core.units import Direction, ZoneNo
from scanner.core.validity import Anchor, Offset, Rounding, ValidityRule, parse_offset
from scanner.core.windows import parse_window
from server_stub.faults import FieldError
from server_stub.rules.tags import TagExpiry

NAME_CHARACTERS = 80
MINOR_MOST = 10**12
Minor = Annotated[int, msgspec.Meta(ge=0, le=MINOR_MOST)]
"""Minor units (cents) of the site's currency."""
NUMBER_MOST = 2**53 - 1
"""Larger numbers do not survive every JSON reader."""
YEAR_LEAST, YEAR_MOST = 1970, 9000
"""Instants are counted from 1970; and a term must find room behind a date."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form: a field that we do not know is an error, not something to ignore.

    Nothing in it is what cannot be kept: a NUL character, a number that not every reader survives.
    """

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            texts = value if isinstance(value, list) else [value]
            if any(isinstance(text, str) and "\0" in text for text in texts):
                raise ValueError(f"field `{name}` holds a NUL character")
            if isinstance(value, int) and abs(value) > NUMBER_MOST:
                raise ValueError(f"field `{name}` is over {NUMBER_MOST}")
            if isinstance(value, date) and not YEAR_LEAST <= value.year <= YEAR_MOST:
                raise ValueError(f"field `{name}` is not within {YEAR_LEAST} to {YEAR_MOST}")


class ZoneForm(Strict, frozen=True):
    """An area with its own right."""

    name: str


class GateForm(Strict, frozen=True):
    """One lane. ``direction`` null = both ways. ``types`` empty = every ticket type is admitted."""

    name: str
    zone: str
    direction: Direction | None = Direction.IN
    types: list[str] = msgspec.field(default_factory=list)


class WindowForm(Strict, frozen=True, rename={"from_": "from"}):
    """When a ticket admits: weekdays (``mon`` ...) and local times (``09:00``; ``24:00`` as an end)."""

    days: list[str]
    from_: str
    until: str


class RuleForm(Strict, frozen=True, omit_defaults=True):
    """X-Scans and every other limit; the names and defaults of `ScanRule`. ``max_total`` null = unlimited."""

    max_total: int | None = 1
    max_per_day: int | None = None
    max_per_week: int | None = None
    max_per_month: int | None = None
    max_per_year: int | None = None
    max_per_event: int | None = None
    max_distinct_days: int | None = None
    consecutive_only: bool = False
    min_interval_s: int = 0
    reentry_window_s: int = 0
    reentry_mode: ReentryMode = ReentryMode.NONE
    counter_scope: CounterScope = CounterScope.GLOBAL
    requires_zone: str | None = None
    windows: list[WindowForm] = msgspec.field(default_factory=list)
    blackouts: list[date] = msgspec.field(default_factory=list)
    party_max: int = 1
    unlisted: Policy = Policy.ACCEPT
    overuse: OverusePolicy = OverusePolicy.FLAG


class TagForm(Strict, frozen=True):
    """A tag pinned on whoever buys.

    It ends with what was bought (``source``), ``never``, or some time ``after`` it was given (``30 days``).
    """

    tag: str
    expiry: TagExpiry = TagExpiry.SOURCE
    after: str | None = None


class TypeForm(Strict, frozen=True):
    """A ticket type.

    ``validity`` is written as ``365 days after purchase``, ``30 days after first_scan``, ``1 year after 2026-09-01``,
    ``2026-01-01..2026-12-31`` (first and last day) or ``always``. ``zones`` empty = everywhere.
    ``price_minor`` and ``fee_minor``: 80.00 is 8000. ``tags``: pinned on the buyer when the order completes.
    ``is_personal``: sold without a name it asks for DETAILS_REQUIRED at the gate. ``is_renewable``: its codes carry no
    dates, so that renewal keeps the code; otherwise a gate knows the dates even of a ticket that it has not heard of.
    """

    name: str
    validity: str
    rounding: Rounding = Rounding.END_OF_BUSINESS_DAY
    count_first_day: bool = False
    zones: list[str] = msgspec.field(default_factory=list)
    scope: str | None = None
    is_personal: bool = False
    is_renewable: bool = True
    rule: RuleForm = msgspec.field(default_factory=RuleForm)
    price_minor: Minor = 0
    fee_minor: Minor = 0
    tags: list[TagForm] = msgspec.field(default_factory=list)


class EventForm(Strict, frozen=True):
    """A match or concert; local times as ``2026-05-01T20:00``. Doors default to 1 h before until the end."""

    name: str
    starts_at: str
    ends_at: str
    doors_from: str | None = None
    doors_until: str | None = None
    zones: list[str] = msgspec.field(default_factory=list)
    scopes: list[str] = msgspec.field(default_factory=list)


class ScopeForm(Strict, frozen=True):
    """A season: a list of events that one right covers."""

    name: str


class Role(StrEnum):
    """What a person at a lane may do."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    TECHNICIAN = "technician"


class OperatorForm(Strict, frozen=True):
    """Somebody who stands at a lane. ``pin``: 4 to 12 digits."""

    name: str
    role: Role
    pin: str


class CodeKind(StrEnum):
    """What the holder carries."""

    SIGNED = "signed"
    OPAQUE = "opaque"


class PaidBy(StrEnum):
    """How staff took the money; ``nothing`` = there was nothing to pay."""

    CASH = "cash"
    TRANSFER = "transfer"
    NOTHING = "nothing"


EventNumber = Annotated[int, msgspec.Meta(ge=1, le=NUMBER_MOST)]


class SaleForm(Strict, frozen=True):
    """One ticket for one customer (``email`` finds or makes one; without it the customer is nameless).

    ``code``: an opaque code that is already printed on a card; ``symbology`` as a reader names it where it is of the
    EAN/UPC family (``ean13``, ``ean8``, ``upca``). ``holder``: a name, for types that ask for
    one; it stays here. ``starts_on``: a first business day other than today.
    ``seat``: for a type of a season one of its map, which is sold once: for the whole season, as one ticket a match if
    ``per_event``, or for one ``event`` by its number. ``renews``: a ticket whose code opens under this one too, instead
    of a new code.
    """

    type: str
    email: str | None = None
    kind: CodeKind = CodeKind.SIGNED
    code: str | None = None
    symbology: str | None = None
    holder: str | None = None
    seat: str | None = None
    event: EventNumber | None = None
    per_event: bool = False
    starts_on: date | None = None
    renews: str | None = None
    paid_by: PaidBy = PaidBy.CASH
    flags: list[GrantFlag] = msgspec.field(default_factory=list)


class DenyForm(Strict, frozen=True):
    """Why a right is refused from now on; null = it is allowed again."""

    reason: Reason | None


class DeviceForm(Strict, frozen=True):
    """A device for a gate."""

    gate: str


class PolicyForm(Strict, frozen=True):
    """One site policy under its name in `SitePolicy`."""

    name: str
    value: str


def parse_name(what: str, name: str, field: str = "name") -> str:
    """A name that people see; ``field``: where it stood in what was sent.

    Raises:
        InputError: ``name_bad``.
    """
    if not name.strip() or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise FieldError(
            "name_bad",
            f"{what} name {name[:NAME_CHARACTERS]!r} is not 1 to {NAME_CHARACTERS} printable characters",
            "choose a name that fits on a screen",
            field=field,
        )
    return name.strip()


def parse_rule(form: RuleForm, zone_no: Callable[[str], ZoneNo], within: str = "") -> ScanRule:
    """The scan rule of a form; ``within``: the path to it in what was sent.

    Raises:
        InputError: ``rule_wrong``, ``window_wrong``, or what ``zone_no`` says of an unknown zone.
    """
    named = {name: getattr(form, name) for name in RuleForm.__struct_fields__}
    required = form.requires_zone
    named["requires_zone"] = None if required is None else zone_no(required)
    named["windows"] = tuple(parse_window(w.days, w.from_, w.until) for w in form.windows)
    named["blackouts"] = frozenset(form.blackouts)
    rule = ScanRule(**named)
    problems = rule_problems(rule)
    if problems:
        raise FieldError(
            "rule_wrong",
            f"this scan rule is not possible: {'; '.join(problems)}; nothing was changed",
            "see docs/decisions.md, 'Rights'",
            field=within + problems[0].partition(" ")[0],
        )
    return rule


_AFTER = re.compile(r"(.+?) after (purchase|first_scan|\d{4}-\d{2}-\d{2})")
_BETWEEN = re.compile(r"(\d{4}-\d{2}-\d{2})?\.\.(\d{4}-\d{2}-\d{2})?")


def parse_term(form: TypeForm, calendar: SiteCalendar) -> ValidityRule:
    """The validity rule of a ticket type.

    Raises:
        InputError: ``validity_not_understood``, ``date_bad``, or one of the core about its parts.
    """
    text = form.validity.strip()
    if text == "always":
        return ValidityRule()
    if match := _BETWEEN.fullmatch(text):
        first, last = (None if d is None else parse_date(d, "validity") for d in match.groups())
        return ValidityRule(
            starts_at=None if first is None else calendar.day_start(first),
            ends_at=None if last is None else calendar.day_start(last + timedelta(days=1)),
        )
    if match := _AFTER.fullmatch(text):
        length, anchor = match.groups()
        is_fixed = anchor[0].isdigit()
        return ValidityRule(
            anchor=Anchor.FIXED if is_fixed else Anchor(anchor),
            starts_at=calendar.day_start(parse_date(anchor, "validity")) if is_fixed else None,
            offset=_parse_length(length),
            rounding=form.rounding,
            count_first_day=form.count_first_day,
        )
    raise FieldError(
        "validity_not_understood",
        f"validity {form.validity[:NAME_CHARACTERS]!r} is not understood",
        "valid: '365 days after purchase', '30 days after first_scan', '1 year after 2026-09-01',"
        " '2026-01-01..2026-12-31', 'always'",
        field="validity",
    )


def _parse_length(text: str) -> Offset:
    try:
        return parse_offset(text)
    except InputError as error:
        raise FieldError(
            "validity_not_understood",
            f"validity: {error.message}; nothing was changed",
            error.hint or "write 365 days, 12 months, 1 year",
            field="validity",
        ) from error


def parse_date(text: str, field: str) -> date:
    """Raises `InputError` ``date_bad``; ``field``: where it stood in what was sent."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise _bad_date(f"date {text[:40]!r} does not exist", "write 2026-12-31", field) from error
    _require_near(found, field)
    return found


def parse_wall(text: str, field: str) -> datetime:
    """A local time without a zone; ``field``: where it stood in what was sent.

    Raises:
        InputError: ``date_bad``.
    """
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as error:
        raise _bad_date(f"time {text[:40]!r} is none", "write 2026-12-31T20:00", field) from error
    if wall.tzinfo is not None:
        hint = "leave it out: the site's own is meant"
        raise _bad_date(f"time {text[:40]!r} names a zone", hint, field)
    _require_near(wall, field)
    return wall


def _require_near(day: date, field: str) -> None:
    if not YEAR_LEAST <= day.year <= YEAR_MOST:
        why = f"the year {day.year} is not within {YEAR_LEAST} to {YEAR_MOST}"
        raise _bad_date(why, "write 2026-12-31", field)


def _bad_date(why: str, hint: str, field: str) -> FieldError:
    return FieldError("date_bad", why, hint, field=field)
