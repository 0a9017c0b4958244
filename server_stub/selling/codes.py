"""Credentials in the database: issued, shown again, replaced, revoked.

Law: each function is part of its caller's transaction. A code belongs to one credential for ever; a revoked credential
never becomes active again, and its replacement points to the same grants, so also to the same counts.

Source: docs/decisions.md, "Rights"; docs/central.md, "Codes".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from scanner.core import credential as credentials
from scanner.core import token as tokens
from scanner.core.errors import InputError
from scanner.core.grants import AccessGrant
from scanner.core.units import CredentialKey, GrantNo, Instant, Interval
from server_stub.api.forms import CodeKind, SaleForm
from server_stub.central import Secrets
from server_stub.faults import FieldError
from server_stub.selling import issuer
from server_stub.selling.issuer import encode_claims
from server_stub.selling.orders import unknown_ticket
from server_stub.store import tables
from server_stub.store.changes import note_rights_changed
from server_stub.store.database import inserted_no

ACTIVE = "active"
REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Code:
    """A credential with its payload in the clear, for the moment of handing it over."""

    credential_no: int
    kind: CodeKind
    payload: str = field(repr=False)


def issue_code(
    connection: Connection, keys: Secrets, form: SaleForm, grant: AccessGrant, at: Instant
) -> Code:
    """A new code for a grant, as the sale asks.

    Raises:
        InputError: ``code_bad``, ``code_taken``, ``code_not_asked``.
    """
    if form.code is not None and form.kind is CodeKind.SIGNED:
        raise FieldError(
            "code_not_asked",
            "a code was given, but a signed ticket makes its own",
            "leave the code out, or ask for kind 'opaque'",
            field="code",
        )
    if form.code is None and form.symbology is not None:
        raise FieldError(
            "code_not_asked",
            "a symbology was given, but no code that is of it; nothing was sold",
            "give the card's number as the code, or leave the symbology out",
            field="symbology",
        )
    if form.kind is CodeKind.OPAQUE:
        text = issuer.create_code() if form.code is None else form.code
        code = _add_opaque(connection, keys, text, form.symbology, at)
    else:
        code = _add_signed(connection, keys, _claims(connection, grant), at)
    _point(connection, code.credential_no, [grant.grant_no])
    note_rights_changed(connection, [grant.grant_no])
    return code


def show_code(connection: Connection, keys: Secrets, credential_no: int) -> Code:
    """The code of a credential once more, to print it again.

    Raises:
        InputError: ``credential_unknown``.
    """
    row = _find(connection, credential_no)
    kind = CodeKind(row.kind)
    if kind is CodeKind.OPAQUE:
        return Code(credential_no, kind, issuer.unseal(row.sealed_code, keys).decode())
    claims = issuer.parse_claims(row.credential_id, row.claims)
    return Code(credential_no, kind, issuer.encode_ticket(claims, keys))


def replace_code(
    connection: Connection,
    keys: Secrets,
    credential_no: int,
    at: Instant,
    new_opaque: str | None = None,
) -> Code:
    """Revokes a lost or broken credential and issues another for the same grants.

    ``new_opaque``: the number that is on the new card already; None = of the same kind as the old one.

    Raises:
        InputError: ``credential_unknown``, ``code_bad``, ``code_taken``.
    """
    old = _find(connection, credential_no, to_change=True)
    grants = _grants_of(connection, credential_no)
    revoke_code(connection, credential_no, at)
    if old.kind == CodeKind.OPAQUE or new_opaque is not None:
        text = issuer.create_code() if new_opaque is None else new_opaque
        code = _add_opaque(connection, keys, text, None, at)
    else:
        fresh_id = issuer.create_credential_id()
        code = _add_signed(connection, keys, issuer.parse_claims(fresh_id, old.claims), at)
    _point(connection, code.credential_no, grants)
    note_rights_changed(connection, grants)
    return code


def keep_codes(connection: Connection, linked: Iterable[tuple[int, GrantNo]]) -> None:
    """Has codes open under other rights too (`server_stub.rules.keeping_codes`)."""
    pairs = list(linked)
    for credential_no, grant_no in pairs:
        _point(connection, credential_no, [grant_no])
    note_rights_changed(connection, [grant_no for _credential_no, grant_no in pairs])


def revoke_code(connection: Connection, credential_no: int, at: Instant) -> None:
    """Makes a credential worthless at every gate, for ever. Again is not an error.

    Raises:
        InputError: ``credential_unknown``.
    """
    if _find(connection, credential_no, to_change=True).state == REVOKED:
        return
    connection.execute(
        update(tables.credential)
        .where(tables.credential.c.credential_no == credential_no)
        .values(state=REVOKED, revoked_at=at)
    )
    note_rights_changed(connection, _grants_of(connection, credential_no))


def find_by_ticket(connection: Connection, ticket_id: str) -> list[int]:
    """The active credentials of a ticket.

    Raises:
        InputError: ``ticket_unknown``.
    """
    grant_no = connection.execute(
        select(tables.ticket.c.grant_no).where(tables.ticket.c.ticket_id == ticket_id)
    ).scalar_one_or_none()
    if grant_no is None:
        raise unknown_ticket(ticket_id)
    pointing = tables.credential_grant
    return list(
        connection.execute(
            select(tables.credential.c.credential_no)
            .join(pointing, pointing.c.credential_no == tables.credential.c.credential_no)
            .where(pointing.c.grant_no == grant_no, tables.credential.c.state == ACTIVE)
        ).scalars()
    )


def find_by_payload(connection: Connection, keys: Secrets, payload: str) -> int:
    """The credential that a code belongs to.

    Raises:
        InputError: ``credential_unknown``.
    """
    parsed = credentials.parse(credentials.clean(payload.encode()))
    key = next(iter(_keys_of(parsed, keys).values()), None)
    found: int | None = connection.execute(
        select(tables.credential_key.c.credential_no).where(tables.credential_key.c.key == key)
    ).scalar_one_or_none()
    if found is None:
        raise InputError(
            "credential_unknown",
            "this code is not one of ours",
            "look for the ticket with `ticket list` instead",
        )
    return found


def _keys_of(parsed: credentials.Credential, keys: Secrets) -> Mapping[str, CredentialKey]:
    if isinstance(parsed, credentials.Opaque):
        return issuer.opaque_keys(parsed.code, keys)
    if isinstance(parsed, credentials.Unreadable):
        return {}
    kid = bytes.fromhex(keys.tickets.kid)
    ring = tokens.KeyRing("", [tokens.TicketKey(kid=kid, public=keys.tickets.public, site="")])
    claims = tokens.verify(parsed.token, ring)
    if isinstance(claims, tokens.Refusal):
        return {}
    return issuer.signed_keys(claims.credential_id, keys)


def _claims(connection: Connection, grant: AccessGrant) -> tokens.Claims:
    """What a ticket states: no dates where renewal keeps the code."""
    is_renewable = connection.execute(
        select(tables.ticket_type.c.is_renewable).where(
            tables.ticket_type.c.type_no == grant.type_no
        )
    ).scalar_one()
    term = Interval(None, None)
    if not is_renewable:
        term = tokens.outer_seconds(Interval(grant.valid_from, grant.valid_until))
    return tokens.Claims(
        credential_id=issuer.create_credential_id(),
        type_no=grant.type_no,
        not_before=term.start,
        not_after=term.until,
        seat=grant.seat,
    )


def _add_signed(connection: Connection, keys: Secrets, claims: tokens.Claims, at: Instant) -> Code:
    payload = issuer.encode_ticket(claims, keys)
    number = _add(
        connection,
        issuer.signed_keys(claims.credential_id, keys),
        kind=CodeKind.SIGNED,
        credential_id=claims.credential_id,
        claims=encode_claims(claims),
        kid=keys.tickets.kid,
        issued_at=at,
    )
    return Code(number, CodeKind.SIGNED, payload)


def _add_opaque(
    connection: Connection, keys: Secrets, text: str, symbology: str | None, at: Instant
) -> Code:
    code = issuer.parse_opaque(text, symbology)
    keyed = issuer.opaque_keys(code, keys)
    taken = select(tables.credential_key.c.key).where(
        tables.credential_key.c.key.in_(list(keyed.values()))
    )
    if connection.execute(taken).first():
        raise FieldError(
            "code_taken",
            f"this code of {len(text)} characters belongs to another card, or did; nothing was sold",
            "take another card: a code is never given out twice",
            field="code",
        )
    number = _add(
        connection,
        keyed,
        kind=CodeKind.OPAQUE,
        sealed_code=issuer.seal(code, keys),
        issued_at=at,
    )
    return Code(number, CodeKind.OPAQUE, text)


def _add(connection: Connection, keyed: Mapping[str, CredentialKey], **columns: Any) -> int:
    number = inserted_no(
        connection.execute(insert(tables.credential).values(state=ACTIVE, **columns))
    )
    connection.execute(
        insert(tables.credential_key),
        [
            {"key": key, "pepper_id": pepper_id, "credential_no": number}
            for pepper_id, key in keyed.items()
        ],
    )
    return number


def _point(connection: Connection, credential_no: int, grants: list[GrantNo]) -> None:
    connection.execute(
        insert(tables.credential_grant),
        [{"credential_no": credential_no, "grant_no": grant_no} for grant_no in grants],
    )


def _grants_of(connection: Connection, credential_no: int) -> list[GrantNo]:
    pointing = tables.credential_grant
    found = select(pointing.c.grant_no).where(pointing.c.credential_no == credential_no)
    return list(connection.execute(found).scalars())


def _find(connection: Connection, credential_no: int, *, to_change: bool = False) -> Row[Any]:
    statement = select(tables.credential).where(tables.credential.c.credential_no == credential_no)
    row = connection.execute(statement.with_for_update() if to_change else statement).first()
    if row is None or (row.claims is None and row.sealed_code is None):
        raise InputError(
            "credential_unknown",
            f"credential {credential_no!r} does not exist, or its holder was erased",
            "the number is printed when a ticket is sold; see `ticket list`",
        )
    return row
