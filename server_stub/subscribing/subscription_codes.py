"""What a subscriber shows at a gate: the card, and the renewal token for a gate that has not heard of a payment.

Law: a subscription has one active code; asking again shows it again. A renewal token is signed for that very code and
states the end that is paid now; a gate believes it only while its snapshot is older.

Source: docs/credentials.md, "Renewal token"; docs/model-b.md, "The card".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from scanner.core.errors import InputError
from scanner.core.token import Claims, outer_seconds
from scanner.core.units import GrantNo, Interval, SnapshotSeq
from server_stub.api.forms import CodeKind, SaleForm
from server_stub.central import Central
from server_stub.faults import FieldError
from server_stub.publishing.publisher import load_newest_seq
from server_stub.rules.subscription import RUNNING, paid_until
from server_stub.selling.codes import ACTIVE, Code, issue_code, replace_code, show_code
from server_stub.selling.issuer import encode_ticket
from server_stub.store import tables
from server_stub.store.subscription_rows import Kept, load_kept, load_right, look_at


def card_of(
    central: Central, subscription_id: str, code: str | None = None, symbology: str | None = None
) -> Code:
    """The subscription's code: made now, or shown again. ``code``: the number that is already on a card.

    Raises:
        InputError: ``subscription_unknown``, ``subscription_without_right``, ``code_bad``, ``code_taken``,
            ``subscription_code_known``.
    """
    with central.database.write() as connection:
        return apply_card(connection, central, subscription_id, code, symbology)


def apply_card(
    connection: Connection,
    central: Central,
    subscription_id: str,
    code: str | None,
    symbology: str | None,
) -> Code:
    """As `card_of`, in the caller's transaction."""
    now = central.clock.now_ms()
    grant_no = _require_right(load_kept(connection, subscription_id, now))
    known = _active(connection, grant_no)
    if known is not None and code is not None:
        raise FieldError(
            "subscription_code_known",
            "this subscription has a code already, so no other was made",
            "`portillon-central code replace`, or POST …/code/replace, puts the new card's number in its place",
            field="code",
        )
    if known is not None:
        return show_code(connection, central.secrets, known.credential_no)
    kind = CodeKind.SIGNED if code is None else CodeKind.OPAQUE
    form = SaleForm(type="", kind=kind, code=code, symbology=symbology)
    right = load_right(connection, grant_no)
    return issue_code(connection, central.secrets, form, right, now)


def replace_card(
    connection: Connection, central: Central, subscription_id: str, code: str | None
) -> Code:
    """Another code for the same right and counts; the one that was lost is revoked.

    Raises:
        InputError: ``subscription_unknown``, ``subscription_without_right``, ``subscription_without_code``,
            ``code_bad``, ``code_taken``.
    """
    now = central.clock.now_ms()
    known = _active(connection, _require_right(load_kept(connection, subscription_id, now)))
    if known is None:
        raise InputError(
            "subscription_without_code",
            "this subscription has no code yet; nothing was replaced",
            "make one: `subscription card`",
        )
    return replace_code(connection, central.secrets, known.credential_no, now, code)


def renewal_token(central: Central, subscription_id: str) -> str:
    """A payload that tells a gate with an older snapshot how far is paid.

    Raises:
        InputError: ``subscription_unknown``, ``subscription_without_right``, ``token_without_ticket``.
    """
    with central.database.read() as connection:
        kept = look_at(connection, subscription_id, central.clock.now_ms())
        known = _active(connection, _require_right(kept))
        newest = load_newest_seq(connection)
    until = paid_until(kept.subscription, kept.moment)
    is_paid = kept.subscription.state in RUNNING and kept.moment.now < until
    if known is None or known.kind != CodeKind.SIGNED or not is_paid:
        raise InputError(
            "token_without_ticket",
            "a renewal token needs a signed ticket and a cycle that is paid; none was made",
            "pay first; a card with a printed number needs the gate's next contact instead",
        )
    claims = Claims(
        credential_id=known.credential_id,
        type_no=kept.moment.plan.type_no,
        not_after=outer_seconds(Interval(None, until)).until,
        issued_seq=SnapshotSeq(newest + 1),
    )
    return encode_ticket(claims, central.secrets)


def _require_right(kept: Kept) -> GrantNo:
    if kept.grant_no is None:
        raise InputError(
            "subscription_without_right",
            "this subscription opens no gate: its first payment is missing, or its plan has benefits only",
            "take the first payment; see `subscription show`",
        )
    return kept.grant_no


def _active(connection: Connection, grant_no: GrantNo) -> Row[Any] | None:
    one, pointing = tables.credential, tables.credential_grant
    return connection.execute(
        select(one)
        .join(pointing, pointing.c.credential_no == one.c.credential_no)
        .where(pointing.c.grant_no == grant_no, one.c.state == ACTIVE)
        .order_by(one.c.credential_no.desc())
    ).first()
