"""Segments and entitlements, as they are kept.

Law: each function is part of its caller's transaction. Nothing is saved that the rules refuse (a group without parts, a
segment that is unknown or depends on itself). Saving under a name that exists replaces it.

Source: docs/membership-rules.md, "Segments", "Entitlements".
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select, update

from scanner.core.errors import InputError
from server_stub.api.benefit_forms import (
    ConditionForm,
    EntitlementForm,
    SegmentForm,
    parse_customer_condition,
    parse_entitlement,
)
from server_stub.api.forms import parse_name
from server_stub.faults import FieldError
from server_stub.rules.entitlements import Entitlement, refuse_entitlement
from server_stub.rules.refusals import MEANINGS, Refusal
from server_stub.rules.segments import Segments, refuse_segment
from server_stub.selling.catalogue import find_no
from server_stub.store.benefit_tables import entitlement, segment
from server_stub.store.season_tables import season
from server_stub.store.subscription_tables import plan
from server_stub.store.tables import ticket_type


def save_segment(connection: Connection, form: SegmentForm) -> None:
    """Adds a segment or gives one another condition.

    Raises:
        InputError: ``name_bad``, ``condition_wrong``, ``condition_refused``, ``name_unknown``.
    """
    name = parse_name("segment", form.name)
    tree = parse_customer_condition(form.condition)
    _require_accepted(refuse_segment(name, tree, load_segments(connection)))
    _require_known(connection, form.condition)
    kept = msgspec.json.encode(form.condition).decode()
    _replace(connection, segment, name, condition=kept)


def load_segments(connection: Connection) -> Segments:
    """Every segment."""
    return {
        row.name: parse_customer_condition(msgspec.json.decode(row.condition, type=ConditionForm))
        for row in connection.execute(select(segment))
    }


def save_entitlement(connection: Connection, form: EntitlementForm) -> None:
    """Adds an entitlement or replaces one.

    Raises:
        InputError: ``name_bad``, ``condition_wrong``, ``condition_refused``, ``name_unknown``,
            ``entitlement_grants_nothing``.
    """
    name = parse_name("entitlement", form.name)
    made = parse_entitlement(form, is_active=form.is_active)
    _require_accepted(refuse_entitlement(made, load_segments(connection)))
    _require_known(connection, form.condition)
    kept = msgspec.json.encode(form).decode()
    _replace(connection, entitlement, name, body=kept, is_active=int(form.is_active))


def set_active(connection: Connection, name: str, *, is_active: bool) -> None:
    """Switches an entitlement on or off.

    Raises:
        InputError: ``entitlement_unknown``.
    """
    changed = connection.execute(
        update(entitlement).where(entitlement.c.name == name).values(is_active=int(is_active))
    )
    if not changed.rowcount:
        raise InputError(
            "entitlement_unknown",
            f"entitlement {name[:40]!r} does not exist; nothing was changed",
            "see `entitlement list`",
        )


def load_entitlements(connection: Connection) -> tuple[Entitlement, ...]:
    """Every entitlement, also those that are switched off."""
    return tuple(
        parse_entitlement(
            msgspec.json.decode(row.body, type=EntitlementForm), is_active=bool(row.is_active)
        )
        for row in connection.execute(select(entitlement).order_by(entitlement.c.name))
    )


def _require_known(connection: Connection, form: ConditionForm) -> None:
    """What a condition names is there: misspelt, it would hold for nobody and say nothing."""
    product = None if form.product_in_cart is None else form.product_in_cart.product
    for table, what, name in (
        (ticket_type, "ticket type", form.ticket_type),
        (ticket_type, "ticket type", product),
        (plan, "plan", form.plan),
        (season, "season", form.season),
    ):
        if name is not None:
            find_no(connection, table, what, name, "condition")
    inner = [*(form.all_ or ()), *(form.any_ or ()), *([form.not_] if form.not_ else ())]
    for part in inner:
        _require_known(connection, part)


def _replace(connection: Connection, table: Table, name: str, **values: object) -> None:
    connection.execute(delete(table).where(table.c.name == name))
    connection.execute(insert(table).values(name=name, **values))


def _require_accepted(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise FieldError(
            "condition_refused",
            f"{refusal.value}: {MEANINGS[refusal]} Nothing was changed",
            "see docs/membership-rules.md, 'Segments'",
            field="condition",
        )
