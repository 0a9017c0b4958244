"""Plans: what can be subscribed to.

Law: a plan is never changed; who subscribed keeps what was agreed, and a new price is a new plan. Its ticket type says
where it admits and by which scan rule; that type's codes carry no dates, or no renewal would reach the card.

Source: docs/model-b.md, "Plans".
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from scanner.core.calendar import Unit
from scanner.core.units import Instant, RuleNo, TypeNo, ZoneNo
from server_stub.api.forms import Strict, TagForm, parse_name
from server_stub.faults import FieldError
from server_stub.rules.cycles import Period
from server_stub.rules.subscription import Plan, WhenUnpaid
from server_stub.selling.catalogue import find_no
from server_stub.selling.type_tags import save_plan_tags
from server_stub.store import tables
from server_stub.store.database import inserted_no
from server_stub.store.subscription_tables import plan

UNITS = {
    "day": Unit.DAYS,
    "week": Unit.WEEKS,
    "month": Unit.MONTHS,
    "year": Unit.YEARS,
}
EVERY = re.compile(r"(?:([1-9][0-9]{0,2}) )?(day|week|month|year)s?")
CURRENCY = re.compile(r"[A-Z]{3}")
PRICE_MOST_MINOR = 100_000_000
MINIMUM_MOST_CYCLES = 1_000
GRACE_MOST_DAYS = 365


class PlanForm(Strict, frozen=True):
    """A plan.

    ``every``: how often is billed: ``month``, ``2 weeks``, ``1 year``. ``price_minor``: for one period, in cents.
    ``currency``: ISO 4217. ``minimum_cycles``: so many periods at least. ``when_unpaid``: what becomes of it after the
    last retry. ``admits`` false = benefits only, no gate opens. ``benefit_grace``: benefits go on in grace.
    ``needs_renewal_notice``: a fixed term under French law. ``tags``: pinned on the subscriber.
    """

    name: str
    type: str
    every: str
    price_minor: int
    currency: str
    minimum_cycles: int = 0
    grace_days: int = 7
    when_unpaid: WhenUnpaid = WhenUnpaid.SUSPEND
    admits: bool = True
    benefit_grace: bool = True
    needs_renewal_notice: bool = False
    tags: list[TagForm] = msgspec.field(default_factory=list)


def add_plan(connection: Connection, form: PlanForm, at: Instant) -> int:
    """A new plan.

    Raises:
        InputError: ``plan_exists``, ``name_unknown``, ``plan_wrong``, ``plan_type_dated``, ``tag_expiry_wrong``.
    """
    name = parse_name("plan", form.name)
    period = parse_every(form.every)
    _check_figures(form)
    if connection.execute(select(plan.c.plan_no).where(plan.c.name == name)).first():
        raise FieldError(
            "plan_exists",
            f"plan {name!r} exists already; nothing was changed",
            "choose another name",
            field="name",
        )
    type_no = find_no(connection, tables.ticket_type, "ticket type", form.type)
    _require_undated(connection, type_no, form.type)
    plan_no = inserted_no(
        connection.execute(
            insert(plan).values(
                name=name,
                type_no=type_no,
                period_amount=period.amount,
                period_unit=period.unit,
                minimum_cycles=form.minimum_cycles,
                price_minor=form.price_minor,
                currency=form.currency,
                grace_days=form.grace_days,
                when_unpaid=form.when_unpaid,
                admits=int(form.admits),
                benefit_grace=int(form.benefit_grace),
                needs_renewal_notice=int(form.needs_renewal_notice),
                created_at=at,
            )
        )
    )
    save_plan_tags(connection, plan_no, form.tags)
    return plan_no


def parse_every(text: str) -> Period:
    """Raises `InputError` ``plan_wrong``."""
    found = EVERY.fullmatch(text.strip())
    if found is None:
        raise _wrong("every", text, "month, 2 weeks, 1 year; at most 999")
    return Period(int(found[1] or 1), UNITS[found[2]])


def find_plan(connection: Connection, name: str) -> int:
    """Raises `InputError` ``name_unknown``."""
    return find_no(connection, plan, "plan", name)


def load_plan(connection: Connection, plan_no: int) -> Plan:
    """A plan as the rules know it."""
    row = load_plan_row(connection, plan_no)
    zones = connection.execute(
        select(tables.type_zone.c.zone_no).where(tables.type_zone.c.type_no == row.type_no)
    ).scalars()
    return Plan(
        period=Period(row.period_amount, Unit(row.period_unit)),
        price_minor=row.price_minor,
        type_no=TypeNo(row.type_no),
        rule_no=RuleNo(row.rule_no),
        zones=frozenset(ZoneNo(no) for no in zones),
        admits=bool(row.admits),
        minimum_cycles=row.minimum_cycles,
        grace_days=row.grace_days,
        benefit_grace=bool(row.benefit_grace),
        when_unpaid=WhenUnpaid(row.when_unpaid),
        needs_renewal_notice=bool(row.needs_renewal_notice),
    )


def load_plan_row(connection: Connection, plan_no: int) -> Row[Any]:
    """A plan with its name, its currency and its type's rule."""
    kind = tables.ticket_type
    return connection.execute(
        select(plan, kind.c.rule_no, kind.c.name.label("type"))
        .join(kind, kind.c.type_no == plan.c.type_no)
        .where(plan.c.plan_no == plan_no)
    ).one()


def _check_figures(form: PlanForm) -> None:
    if not CURRENCY.fullmatch(form.currency):
        raise _wrong("currency", form.currency, "three capital letters of ISO 4217, such as EUR")
    for field, most in (
        ("price_minor", PRICE_MOST_MINOR),
        ("minimum_cycles", MINIMUM_MOST_CYCLES),
        ("grace_days", GRACE_MOST_DAYS),
    ):
        if not 0 <= getattr(form, field) <= most:
            raise _wrong(field, getattr(form, field), f"0..{most:,}")


def _require_undated(connection: Connection, type_no: int, name: str) -> None:
    kind = tables.ticket_type
    row = connection.execute(
        select(kind.c.is_renewable, kind.c.scope_no).where(kind.c.type_no == type_no)
    ).one()
    if not row.is_renewable or row.scope_no is not None:
        raise FieldError(
            "plan_type_dated",
            f"ticket type {name!r} puts dates into its codes or belongs to a scope; no plan was made",
            "make a type for it without --dated and --scope, with --validity always",
            field="type",
        )


def _wrong(field: str, value: object, valid: str) -> FieldError:
    return FieldError(
        "plan_wrong",
        f"{field} {repr(value)[:42]} of this plan cannot be; nothing was changed",
        f"valid: {valid}",
        field=field,
    )
