"""Who may do what: every route of the API has one act, every role a set of acts.

Law: a table, and nothing beside it. A route that is not in it is closed to everybody (and a test walks all routes, so
that none is forgotten). What moves money or creates a right is in `ONCE` as well: it needs an ``Idempotency-Key``.

Source: docs/central.md, "Staff".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from scanner.core.errors import InputError
from server_stub.api.staff_forms import StaffRole


class Act(StrEnum):
    """What a route lets a person do."""

    OWN = "own"
    """Look after one's own session and password: everybody, also with a one-time password."""
    LOOK = "look"
    SELL = "sell"
    SET_UP = "set up"
    RUN = "run"
    MANAGE_STAFF = "manage staff"
    MANAGE_PEOPLE = "import, export or erase people"


ACTS_OF: Mapping[StaffRole, frozenset[Act]] = {
    StaffRole.VIEWER: frozenset({Act.OWN, Act.LOOK}),
    StaffRole.DESK: frozenset({Act.OWN, Act.LOOK, Act.SELL}),
    StaffRole.ORGANISER: frozenset({Act.OWN, Act.LOOK, Act.SELL, Act.SET_UP, Act.RUN}),
    StaffRole.ADMIN: frozenset(Act),
}

ACT_OF: Mapping[str, Act] = {
    "GET /v1/staff/me": Act.OWN,
    "POST /v1/staff/logout": Act.OWN,
    "POST /v1/staff/password": Act.OWN,
    "GET /v1/admin/list/{what}": Act.LOOK,
    "GET /v1/admin/counts": Act.LOOK,
    "GET /v1/admin/reports/entries": Act.LOOK,
    "GET /v1/admin/reports/entries.csv": Act.LOOK,
    "GET /v1/admin/reports/exceptions": Act.LOOK,
    "GET /v1/admin/reports/exceptions.csv": Act.LOOK,
    "GET /v1/admin/reports/expiring": Act.LOOK,
    "GET /v1/admin/reports/expiring.csv": Act.LOOK,
    "POST /v1/admin/imports/{what}": Act.MANAGE_PEOPLE,
    "POST /v1/admin/persons/export": Act.MANAGE_PEOPLE,
    "POST /v1/admin/persons/erase": Act.MANAGE_PEOPLE,
    "POST /v1/admin/sales": Act.SELL,
    "POST /v1/admin/orders": Act.SELL,
    "GET /v1/admin/orders/{order_id}": Act.SELL,
    "POST /v1/admin/orders/{order_id}/tickets": Act.SELL,
    "POST /v1/admin/orders/{order_id}/place": Act.SELL,
    "POST /v1/admin/orders/{order_id}/agree": Act.SELL,
    "POST /v1/admin/orders/{order_id}/pay": Act.SELL,
    "POST /v1/admin/orders/{order_id}/cancel": Act.SELL,
    "POST /v1/admin/orders/{order_id}/refund": Act.SELL,
    "POST /v1/admin/orders/{order_id}/settle": Act.SELL,
    "POST /v1/admin/plans": Act.SET_UP,
    "POST /v1/admin/subscriptions": Act.SELL,
    "GET /v1/admin/subscriptions/{subscription_id}": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/pay": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/payment-card": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/pause": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/resume": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/cancel": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/undo": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/end": Act.SELL,
    "GET /v1/admin/subscriptions/{subscription_id}/upgrade": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/upgrade": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/code": Act.SELL,
    "POST /v1/admin/subscriptions/{subscription_id}/code/replace": Act.SELL,
    "GET /v1/admin/subscriptions/{subscription_id}/token": Act.SELL,
    "POST /v1/admin/billing/run": Act.RUN,
    "POST /v1/admin/tickets/{ticket_id}/holder": Act.SELL,
    "POST /v1/admin/customers/tags": Act.SELL,
    "POST /v1/admin/customers/attributes": Act.SELL,
    "POST /v1/admin/events/{number}/attributes": Act.SET_UP,
    "POST /v1/admin/segments": Act.SET_UP,
    "POST /v1/admin/entitlements": Act.SET_UP,
    "POST /v1/admin/entitlements/{name}/active": Act.SET_UP,
    "POST /v1/admin/shops": Act.SET_UP,
    "POST /v1/admin/tickets/{ticket_id}/deny": Act.SELL,
    "GET /v1/admin/credentials/{number}": Act.SELL,
    "POST /v1/admin/credentials/{number}/revoke": Act.SELL,
    "POST /v1/admin/credentials/{number}/replace": Act.SELL,
    "POST /v1/admin/zones": Act.SET_UP,
    "POST /v1/admin/scopes": Act.SET_UP,
    "POST /v1/admin/gates": Act.SET_UP,
    "POST /v1/admin/types": Act.SET_UP,
    "POST /v1/admin/types/{name}/rule": Act.SET_UP,
    "POST /v1/admin/events": Act.SET_UP,
    "POST /v1/admin/events/{number}/cancel": Act.SET_UP,
    "POST /v1/admin/operators": Act.SET_UP,
    "POST /v1/admin/policies": Act.SET_UP,
    "POST /v1/admin/publish": Act.RUN,
    "POST /v1/admin/devices": Act.RUN,
    "POST /v1/admin/devices/{device}/revoke": Act.RUN,
    "POST /v1/admin/devices/{device}/release": Act.RUN,
    "POST /v1/admin/alerts/{number}/resolve": Act.RUN,
    "POST /v1/admin/seasons": Act.SET_UP,
    "POST /v1/admin/seasons/{name}/map": Act.SET_UP,
    "POST /v1/admin/seasons/{name}/matches": Act.SET_UP,
    "POST /v1/admin/events/{number}/move": Act.SET_UP,
    "POST /v1/admin/seats/sell": Act.SELL,
    "POST /v1/admin/seats/card": Act.SELL,
    "POST /v1/admin/seats/offer": Act.SELL,
    "POST /v1/admin/seats/accept": Act.SELL,
    "POST /v1/admin/seats/reject": Act.SELL,
    "POST /v1/admin/seats/recall": Act.SELL,
    "POST /v1/admin/seats/release": Act.SELL,
    "POST /v1/admin/seats/take-back": Act.SELL,
    "POST /v1/admin/seats/change": Act.SELL,
    "POST /v1/admin/seats/upgrade": Act.SELL,
    "POST /v1/admin/seats/upgrade/undo": Act.SELL,
    "POST /v1/admin/campaigns": Act.SET_UP,
    "POST /v1/admin/campaigns/{name}/open": Act.RUN,
    "POST /v1/admin/campaigns/{name}/choice": Act.SELL,
    "POST /v1/admin/campaigns/{name}/pay": Act.SELL,
    "POST /v1/admin/campaigns/{name}/charge": Act.RUN,
    "GET /v1/admin/campaigns/{name}": Act.LOOK,
    "GET /v1/admin/staff": Act.MANAGE_STAFF,
    "POST /v1/admin/staff": Act.MANAGE_STAFF,
    "POST /v1/admin/staff/{name}/role": Act.MANAGE_STAFF,
    "POST /v1/admin/staff/{name}/reset": Act.MANAGE_STAFF,
    "POST /v1/admin/staff/{name}/disable": Act.MANAGE_STAFF,
}
"""``METHOD path``, as the OpenAPI writes it → what it takes."""

ONCE: frozenset[str] = frozenset(
    {
        "POST /v1/admin/imports/{what}",
        "POST /v1/admin/sales",
        "POST /v1/admin/orders/{order_id}/pay",
        "POST /v1/admin/orders/{order_id}/refund",
        "POST /v1/admin/credentials/{number}/replace",
        "POST /v1/admin/devices",
        "POST /v1/admin/orders/{order_id}/settle",
        "POST /v1/admin/subscriptions",
        "POST /v1/admin/subscriptions/{subscription_id}/pay",
        "POST /v1/admin/subscriptions/{subscription_id}/resume",
        "POST /v1/admin/subscriptions/{subscription_id}/end",
        "POST /v1/admin/subscriptions/{subscription_id}/upgrade",
        "POST /v1/admin/subscriptions/{subscription_id}/code",
        "POST /v1/admin/subscriptions/{subscription_id}/code/replace",
        "POST /v1/admin/billing/run",
        "POST /v1/admin/seasons/{name}/matches",
        "POST /v1/admin/seats/sell",
        "POST /v1/admin/seats/accept",
        "POST /v1/admin/seats/recall",
        "POST /v1/admin/seats/release",
        "POST /v1/admin/seats/take-back",
        "POST /v1/admin/seats/change",
        "POST /v1/admin/seats/upgrade",
        "POST /v1/admin/seats/upgrade/undo",
        "POST /v1/admin/campaigns/{name}/pay",
        "POST /v1/admin/campaigns/{name}/charge",
    }
)
"""Routes of staff that move money or create a right: twice would be one time too many."""


ONCE_IN_SHOP: frozenset[str] = frozenset(
    {
        "POST /v1/shop/carts/{order_id}/complete",
        "POST /v1/shop/carts/{order_id}/pay",
        "POST /v1/shop/me/subscriptions/{subscription_id}/pay",
        "POST /v1/renewals/{link}",
    }
)
"""The same, of customers."""


def require_allowed(route: str, role: StaffRole) -> None:
    """Raises `InputError` ``role_may_not`` when a role may not use a route."""
    act = ACT_OF.get(route)
    if act is not None and act in ACTS_OF[role]:
        return
    able = [other.value for other in StaffRole if act in ACTS_OF[other]]
    raise InputError(
        "role_may_not",
        f"the role {role.value!r} may not {act.value if act else 'do this'}; nothing was done",
        f"ask somebody whose role is {' or '.join(able) if able else 'another'}",
    )
