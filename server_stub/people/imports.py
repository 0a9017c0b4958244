"""Customers and passes from a file, all of them or none.

Law: one transaction for the whole file; each row is carried out by the very functions that a desk uses, so what they
refuse is refused here, and every refusal is collected before the file is. A dry run is the same run, taken back at its
end. Passes that are imported were paid elsewhere: no money is recorded for them, and no price asked.

Source: docs/central.md, "Imports".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.api.form_reading import parse_form
from server_stub.api.forms import CodeKind, SaleForm, parse_name, parse_wall
from server_stub.central import Central
from server_stub.people.import_file import (
    ATTRIBUTE,
    Columns,
    FileKind,
    ImportRefusedError,
    ImportRow,
    RowProblem,
    find_repeated,
    parse_rows,
    problem_of,
)
from server_stub.rules.orders import OrderState
from server_stub.selling.codes import issue_code
from server_stub.selling.customers import set_attribute
from server_stub.selling.orders import (
    add_ticket,
    find_or_add_customer,
    load_grant,
    move_order,
    open_order,
    parse_email,
)
from server_stub.site import Site, load_site
from server_stub.store import tables
from server_stub.store.tag_rows import pin_tag

CHANNEL = "import"
PATH_TO_COMPLETED = (OrderState.PENDING, OrderState.COMPLETED)
WATCH_EVERY_ROWS = 50

CUSTOMER_COLUMNS = Columns(("email",), ("tag", "tag_until"), ATTRIBUTE)
PASS_COLUMNS = Columns(
    ("type",),
    ("email", "holder", "seat", "kind", "code", "symbology", "starts_on", "flags"),
)

Watch = Callable[[int, int], None]


class Importing(StrEnum):
    """What a file holds."""

    CUSTOMERS = "customers"
    PASSES = "passes"


@dataclass(frozen=True, slots=True)
class ImportedPass:
    """A pass of a line. ``payload``: what its code says, for whoever hands it out."""

    line: int
    ticket_id: str
    credential_no: int
    kind: CodeKind
    payload: str = field(repr=False)


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or (``is_dry``) would have done.

    ``added``: customers or passes that are new; ``known``: customers that were there and got what their line says.
    """

    what: Importing
    is_dry: bool
    rows: int
    added: int
    known: int
    passes: list[ImportedPass] = []


class _TakenBackError(Exception):
    """A dry run, at its end."""


def import_file(
    central: Central,
    what: Importing,
    content: bytes,
    kind: FileKind,
    *,
    is_dry: bool,
    watch: Watch = lambda _done, _of_all: None,
) -> Imported:
    """Imports a file, or only says what would come of it.

    Raises:
        InputError: ``import_too_long``, ``import_encoding``, ``import_empty``.
        ImportRefusedError: ``import_refused``; nothing was kept.
    """
    rows = parse_import(what, content, kind)
    done: list[Imported] = []
    try:
        with central.database.write() as connection:
            done.append(apply_import(connection, central, what, rows, is_dry=is_dry, watch=watch))
            if is_dry:
                raise _TakenBackError  # noqa: TRY301 - only an error takes a transaction back
    except _TakenBackError:
        pass
    return done[0]


def parse_import(what: Importing, content: bytes, kind: FileKind) -> tuple[ImportRow, ...]:
    """The rows of a file of customers or passes.

    Raises:
        InputError: ``import_too_long``, ``import_encoding``, ``import_empty``.
        ImportRefusedError: ``import_refused``.
    """
    columns = CUSTOMER_COLUMNS if what is Importing.CUSTOMERS else PASS_COLUMNS
    rows = parse_rows(content, kind, columns)
    repeated = (
        find_repeated(rows, _customer_of, "one line for each customer")
        if what is Importing.CUSTOMERS
        else _repeated_passes(rows)
    )
    if repeated:
        raise ImportRefusedError(repeated)
    return rows


def apply_import(
    connection: Connection,
    central: Central,
    what: Importing,
    rows: tuple[ImportRow, ...],
    *,
    is_dry: bool,
    watch: Watch = lambda _done, _of_all: None,
) -> Imported:
    """All rows, in the caller's transaction.

    Raises:
        ImportRefusedError: ``import_refused``; the transaction must be taken back.
    """
    act = _add_customer if what is Importing.CUSTOMERS else _add_pass
    problems: list[RowProblem] = []
    made: list[Any] = []
    site, now = load_site(connection), central.clock.now_ms()
    for number, row in enumerate(rows, start=1):
        try:
            made.append(act(connection, central, site, row, now))
        except InputError as error:
            problems.append(problem_of(row, error))
        if number % WATCH_EVERY_ROWS == 0 or number == len(rows):
            watch(number, len(rows))
    if problems:
        raise ImportRefusedError(problems)
    passes = made if what is Importing.PASSES else []
    added = len(passes) if passes else sum(made)
    known = 0 if passes else len(rows) - added
    return Imported(
        what=what, is_dry=is_dry, rows=len(rows), added=added, known=known,
        passes=[] if is_dry else passes,
    )  # fmt: skip


def _customer_of(row: ImportRow) -> str:
    return row.values["email"].casefold()


def _repeated_passes(rows: tuple[ImportRow, ...]) -> list[RowProblem]:
    return [
        *find_repeated(rows, lambda row: row.values.get("code"), "a code is on one card"),
        *find_repeated(
            [row for row in rows if "code" not in row.values],
            lambda row: tuple(sorted(row.values.items())),
            "if two are meant, name their holders or give each its code",
        ),
    ]


def _add_customer(
    connection: Connection, _central: Central, site: Site, row: ImportRow, now: Instant
) -> bool:
    """True when the customer is new."""
    email = parse_email(row.values["email"])
    found = select(tables.customer.c.customer_id).where(tables.customer.c.email == email)
    is_new = connection.execute(found).first() is None
    customer_id = find_or_add_customer(connection, email, now)
    for name, value in row.values.items():
        if name.startswith(ATTRIBUTE):
            set_attribute(connection, customer_id, name.removeprefix(ATTRIBUTE), value)
    until = row.values.get("tag_until")
    expires_at = (
        None
        if until is None
        else site.calendar.instant(parse_wall(until, "tag_until"), second=True)
    )
    if "tag" in row.values:
        tag = parse_name("tag", row.values["tag"], "tag")
        pin_tag(connection, customer_id, tag, now, expires_at)
    elif until is not None:
        raise InputError("import_tag_missing", "`tag_until` stands without a `tag`", "name the tag")
    return is_new


def _add_pass(
    connection: Connection, central: Central, site: Site, row: ImportRow, now: Instant
) -> ImportedPass:
    raw: dict[str, Any] = dict(row.values)
    if "flags" in raw:
        raw["flags"] = raw["flags"].split()
    if "code" in raw:
        raw.setdefault("kind", CodeKind.OPAQUE.value)
    form = parse_form(SaleForm, raw)
    customer_id = find_or_add_customer(connection, form.email, now)
    order_id = open_order(connection, customer_id, now, channel=CHANNEL)
    ticket_id = add_ticket(connection, order_id, form, now)
    for state in PATH_TO_COMPLETED:
        move_order(connection, order_id, state, now, site.calendar)
    grant = load_grant(connection, ticket_id)
    code = issue_code(connection, central.secrets, form, grant, now)
    return ImportedPass(row.line, ticket_id, code.credential_no, code.kind, code.payload)
