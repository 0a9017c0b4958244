"""Subscriptions in the database: found, kept, and the right that follows from what was kept.

Law: each function is part of its caller's transaction. A row is read with its lock before it is changed. Its right is
computed by `server_stub.rules.subscription` for exactly this subscription, and written only where it came out
different, with a higher version.

Source: docs/model-b.md; docs/membership-rules.md, "Subscriptions".
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from scanner.core.errors import InputError
from scanner.core.grants import AccessGrant, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import GrantNo, Instant
from server_stub.faults import FieldError
from server_stub.rules.billing import Account, Answer, Attempt
from server_stub.rules.refusals import MEANINGS, Refusal
from server_stub.rules.subscription import (
    Moment,
    Subscription,
    SubscriptionEvent,
    SubscriptionState,
    grant_of_subscription,
)
from server_stub.rules.subscription_gifts import tags_of_subscription
from server_stub.rules.subscription_steps import step
from server_stub.selling.orders import GRANT_COLUMNS
from server_stub.selling.payments import ProviderName
from server_stub.selling.type_tags import load_plan_tags
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.store.changes import note_rights_changed
from server_stub.store.database import inserted_no
from server_stub.store.subscription_tables import charge, subscription, subscription_notice
from server_stub.store.tag_rows import OF_SUBSCRIPTION, write_tags
from server_stub.subscribing.plans import load_plan, load_plan_row
from sync.base_rows import encode_grant, parse_grant

CYCLE = "cycle"
UPGRADE = "upgrade"


@dataclass(frozen=True, slots=True)
class Kept:
    """A subscription as it stands, with what surrounds it. ``moment`` holds its plan."""

    subscription: Subscription
    moment: Moment
    customer_id: str
    plan_no: int
    plan_name: str
    currency: str
    provider: ProviderName
    method: str | None
    grant_no: GrantNo | None


def load_kept(connection: Connection, subscription_id: str, now: Instant) -> Kept:
    """A subscription, locked for this transaction where it may change.

    Raises:
        InputError: ``subscription_unknown``.
    """
    row = connection.execute(
        select(subscription)
        .where(subscription.c.subscription_id == subscription_id)
        .with_for_update()
    ).first()
    if row is None:
        raise unknown_subscription(subscription_id)
    return _kept(connection, row, now)


def look_at(connection: Connection, subscription_id: str, now: Instant) -> Kept:
    """A subscription, only to look at.

    Raises:
        InputError: ``subscription_unknown``.
    """
    row = connection.execute(
        select(subscription).where(subscription.c.subscription_id == subscription_id)
    ).first()
    if row is None:
        raise unknown_subscription(subscription_id)
    return _kept(connection, row, now)


def load_account(connection: Connection, kept: Kept) -> Account:
    """Everything that a billing run looks at."""
    subscription_id = kept.subscription.subscription_id
    attempts = connection.execute(
        select(charge)
        .where(charge.c.subscription_id == subscription_id, charge.c.purpose == CYCLE)
        .order_by(charge.c.asked_at, charge.c.key)
    )
    notices = connection.execute(
        select(subscription_notice.c.key).where(
            subscription_notice.c.subscription_id == subscription_id
        )
    ).scalars()
    return Account(
        kept.subscription,
        tuple(Attempt(a.key, a.cycle_at, a.asked_at, Answer(a.answer)) for a in attempts),
        frozenset(notices),
    )


def apply_event(
    connection: Connection, kept: Kept, event: SubscriptionEvent, cycle_at: Instant | None = None
) -> Kept:
    """Moves a subscription and keeps what came of it, its right included.

    Raises:
        InputError: ``subscription_refused``.
    """
    after = step(kept.subscription, event, kept.moment, cycle_at)
    if isinstance(after, Refusal):
        raise refused(after)
    return keep(connection, replace(kept, subscription=after))


def keep(connection: Connection, kept: Kept) -> Kept:
    """Writes a subscription, and the right and the tags that follow from it."""
    columns = asdict(kept.subscription)
    del columns["subscription_id"]
    grant_no = _write_right(connection, kept)
    connection.execute(
        update(subscription)
        .where(subscription.c.subscription_id == kept.subscription.subscription_id)
        .values(plan_no=kept.plan_no, grant_no=grant_no, **columns)
    )
    _write_tags(connection, kept)
    return replace(kept, grant_no=grant_no)


def load_right(connection: Connection, grant_no: GrantNo) -> AccessGrant:
    """The row that gates have of it."""
    of_grant = tables.access_grant.c.grant_no == grant_no
    return parse_grant(tuple(connection.execute(select(tables.access_grant).where(of_grant)).one()))


def refused(refusal: Refusal) -> InputError:
    """A refusal of the rules, for the person who asked."""
    return FieldError(
        "subscription_refused",
        f"{refusal.value}: {MEANINGS[refusal]} Nothing was changed.",
        "docs/membership-rules.md lists what may happen in each state",
        field="plan" if refusal is Refusal.NO_UPGRADE else "",
    )


def unknown_subscription(subscription_id: str) -> InputError:
    """There is none of that name."""
    return InputError(
        "subscription_unknown",
        f"subscription {subscription_id[:40]!r} does not exist",
        "see `portillon-central subscription list`",
    )


def _kept(connection: Connection, row: Row[Any], now: Instant) -> Kept:
    known = load_plan_row(connection, row.plan_no)
    site = load_site(connection).calendar
    return Kept(
        subscription=Subscription(
            subscription_id=row.subscription_id,
            state=SubscriptionState(row.state),
            asked_at=row.asked_at,
            started_at=row.started_at,
            anchor_at=row.anchor_at,
            paid_cycles=row.paid_cycles,
            minimum_until=row.minimum_until,
            ends_at=row.ends_at,
            credit_minor=row.credit_minor,
        ),
        moment=Moment(now, load_plan(connection, row.plan_no), site),
        customer_id=row.customer_id,
        plan_no=row.plan_no,
        plan_name=known.name,
        currency=known.currency,
        provider=ProviderName(row.provider),
        method=row.method,
        grant_no=row.grant_no,
    )


def _write_tags(connection: Connection, kept: Kept) -> None:
    source = OF_SUBSCRIPTION + kept.subscription.subscription_id
    rules = load_plan_tags(connection, kept.plan_no)
    wanted = tags_of_subscription(rules, source, kept.subscription, kept.moment)
    write_tags(connection, kept.customer_id, source, wanted)


def _write_right(connection: Connection, kept: Kept) -> GrantNo | None:
    if kept.grant_no is None:
        return _add_right(connection, kept)
    before = load_right(connection, kept.grant_no)
    if _right(kept, before, before.version) != before:
        columns = _columns(_right(kept, before, before.version + 1))
        of_grant = tables.access_grant.c.grant_no == kept.grant_no
        connection.execute(update(tables.access_grant).where(of_grant).values(columns))
        note_rights_changed(connection, [kept.grant_no])
    return kept.grant_no


def _add_right(connection: Connection, kept: Kept) -> GrantNo | None:
    right = grant_of_subscription(kept.subscription, kept.moment, GrantNo(0), 1)
    if right is None:
        return None
    columns = _columns(right)
    del columns["grant_no"]
    number = inserted_no(connection.execute(insert(tables.access_grant).values(columns)))
    note_rights_changed(connection, [number])
    return GrantNo(number)


def _right(kept: Kept, before: AccessGrant, version: int) -> AccessGrant:
    """A right never vanishes: under a plan that opens no gate it is refused."""
    right = grant_of_subscription(kept.subscription, kept.moment, before.grant_no, version)
    if right is None:
        return replace(
            before,
            state=GrantState.DENY,
            deny_reason=Reason.ENDED,
            grace_until=None,
            version=version,
        )
    return right


def _columns(grant: AccessGrant) -> dict[str, Any]:
    return dict(zip(GRANT_COLUMNS, encode_grant(grant), strict=True))
