"""Shops, as they are kept, and what opens them for a visitor.

Law: each function is part of its caller's transaction. Who may use a shop is `server_stub.rules.shops`' answer alone,
asked at listing, cart and payment. Of a code or link only its HMAC is here; a visitor who showed one keeps that HMAC
with the cart, so that another code locks the cart again.

Source: docs/membership-rules.md, "Secret shops".
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select

from scanner.core.calendar import SiteCalendar
from scanner.core.errors import InputError
from scanner.core.units import Instant
from server_stub.api.benefit_forms import ShopForm
from server_stub.api.forms import parse_name, parse_wall
from server_stub.central import Secrets
from server_stub.faults import FieldError
from server_stub.rules.refusals import MEANINGS, Refusal
from server_stub.rules.segments import Customer
from server_stub.rules.shops import Shop, Unlock, Visitor, listed, shop_refusal
from server_stub.selling.benefits import load_segments
from server_stub.selling.catalogue import find_no
from server_stub.store.benefit_tables import shop, shop_type
from server_stub.store.tables import ticket_type

LINK_BYTES = 24
CODES = {
    Refusal.SHOP_LOCKED: "shop_locked",
    Refusal.SHOP_NOT_OPEN_YET: "shop_not_open_yet",
    Refusal.SHOP_CLOSED: "shop_closed",
}
CODE_LEAST = 4
HMAC_CONTEXT = b"portillon-shop-1\n"


@dataclass(frozen=True, slots=True)
class SavedShop:
    """A shop that is saved. ``link``: what opens it, in this answer and nowhere else."""

    name: str
    link: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ForSale:
    """A ticket type in a shop."""

    type: str
    price_minor: int
    fee_minor: int


@dataclass(frozen=True, slots=True)
class OpenShop:
    """A shop that a visitor may use now."""

    name: str
    types: tuple[ForSale, ...]


def save_shop(
    connection: Connection, keys: Secrets, form: ShopForm, calendar: SiteCalendar
) -> SavedShop:
    """Adds a shop or replaces one.

    Raises:
        InputError: ``name_bad``, ``name_unknown``, ``segment_unknown``, ``shop_code_wrong``, ``shop_times_wrong``,
            ``shop_types_missing``.
    """
    name = parse_name("shop", form.name)
    if not form.types:
        raise FieldError(
            "shop_types_missing",
            f"shop {name!r} would sell nothing; nothing was changed",
            "name at least one ticket type; --closes-at closes a shop",
            field="types",
        )
    _require_known_segments(connection, form)
    opens_at, closes_at = _times(form, calendar)
    link = secrets.token_urlsafe(LINK_BYTES) if form.unlock is Unlock.LINK else None
    types = [find_no(connection, ticket_type, "ticket type", one, "types") for one in form.types]
    connection.execute(delete(shop_type).where(shop_type.c.shop == name))
    connection.execute(delete(shop).where(shop.c.name == name))
    connection.execute(
        insert(shop).values(
            name=name,
            tags=msgspec.json.encode(sorted(set(form.tags))).decode(),
            segments=msgspec.json.encode(sorted(set(form.segments))).decode(),
            unlock=form.unlock,
            secret_hmac=_secret_hmac(keys, form, link),
            opens_at=opens_at,
            closes_at=closes_at,
        )
    )
    for type_no in sorted(set(types)):
        connection.execute(insert(shop_type).values(shop=name, type_no=type_no))
    return SavedShop(name, link)


def hmac_of(keys: Secrets, shown: str) -> bytes:
    """What is kept of a code or link. Blanks around it do not count."""
    return hmac.digest(keys.seal, HMAC_CONTEXT + shown.strip().encode(), hashlib.sha256)


def hmac_shown(keys: Secrets, shown: str | None) -> bytes | None:
    """What a visitor showed, as it may be kept."""
    return None if shown is None else hmac_of(keys, shown)


def require_open(
    connection: Connection, name: str, customer: Customer, shown: bytes | None, now: Instant
) -> None:
    """Refuses whoever may not use a shop now; one that does not exist is locked like a secret one.

    Raises:
        InputError: ``shop_locked``, ``shop_not_open_yet``, ``shop_closed``.
    """
    refusal = refusal_of(connection, name, customer, shown, now)
    if refusal is not None:
        raise InputError(
            CODES[refusal],
            f"{MEANINGS[refusal]} Nothing was done",
            "sign in as somebody who may, or show the code or link that opens it",
        )


def refusal_of(
    connection: Connection, name: str, customer: Customer, shown: bytes | None, now: Instant
) -> Refusal | None:
    """Why a visitor may not use a shop now."""
    row = connection.execute(select(shop).where(shop.c.name == name)).first()
    if row is None:
        return Refusal.SHOP_LOCKED
    visitor = Visitor(customer, _unlocked([row], shown))
    return shop_refusal(_parse(row), visitor, load_segments(connection), now)


def load_open_shops(
    connection: Connection, customer: Customer, shown: bytes | None, now: Instant
) -> list[OpenShop]:
    """The shops that a visitor is shown, with what they sell."""
    rows = connection.execute(select(shop).order_by(shop.c.name)).all()
    visitor = Visitor(customer, _unlocked(rows, shown))
    found = listed(map(_parse, rows), visitor, load_segments(connection), now)
    return [OpenShop(one.shop_id, _for_sale(connection, one.shop_id)) for one in found]


def _for_sale(connection: Connection, name: str) -> tuple[ForSale, ...]:
    rows = connection.execute(
        select(ticket_type.c.name, ticket_type.c.price_minor, ticket_type.c.fee_minor)
        .join(shop_type, shop_type.c.type_no == ticket_type.c.type_no)
        .where(shop_type.c.shop == name)
        .order_by(ticket_type.c.name)
    )
    return tuple(ForSale(*row) for row in rows)


def _parse(row: Row[Any]) -> Shop:
    return Shop(
        shop_id=row.name,
        tags=frozenset(msgspec.json.decode(row.tags)),
        segments=frozenset(msgspec.json.decode(row.segments)),
        unlock=Unlock(row.unlock),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
    )


def _unlocked(rows: Any, shown: bytes | None) -> frozenset[tuple[str, Unlock]]:
    """The shops that what was shown opens."""
    return frozenset(
        (row.name, Unlock(row.unlock))
        for row in rows
        if shown is not None
        and row.secret_hmac is not None
        and hmac.compare_digest(row.secret_hmac, shown)
    )


def _secret_hmac(keys: Secrets, form: ShopForm, link: str | None) -> bytes | None:
    code = form.code
    if (code is not None) != (form.unlock is Unlock.CODE) or (code and len(code) < CODE_LEAST):
        raise FieldError(
            "shop_code_wrong",
            f"shop {form.name!r}: unlock {form.unlock.value!r} and its code do not go together",
            f"give a code of {CODE_LEAST} or more characters with unlock 'code', and only then",
            field="code",
        )
    return hmac_shown(keys, link if code is None else code)


def _times(form: ShopForm, calendar: SiteCalendar) -> tuple[Instant | None, Instant | None]:
    opens_at = (
        None if form.opens_at is None else calendar.instant(parse_wall(form.opens_at, "opens_at"))
    )
    closes_at = (
        None
        if form.closes_at is None
        else calendar.instant(parse_wall(form.closes_at, "closes_at"), second=True)
    )
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise FieldError(
            "shop_times_wrong",
            f"shop {form.name!r} closes before it opens; nothing was changed",
            "write opens_at < closes_at",
            field="closes_at",
        )
    return opens_at, closes_at


def _require_known_segments(connection: Connection, form: ShopForm) -> None:
    known = load_segments(connection)
    unknown = sorted(set(form.segments) - set(known))
    if unknown:
        raise FieldError(
            "segment_unknown",
            f"segment {unknown[0]!r} does not exist; nothing was changed",
            f"valid: {', '.join(sorted(known)) or 'none yet'}",
            field="segments",
            valid=sorted(known),
        )
