"""What is held before a reader in a rehearsal: card numbers, signed tickets, rotating codes, forgeries.

Law: pure and deterministic; made with keys that nobody else has, so that nothing of a rehearsal opens a real gate. What
a lane reads is judged by the same functions as everywhere.

Source: docs/rehearsal.md, "What is shown"; docs/credentials.md.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from scanner.core import base45, rotating, token
from scanner.core.credential import SIGNED_PREFIX, opaque_key, signed_key
from scanner.core.presenting import Reader
from scanner.core.rehearsal_script import Script, ScriptGrant, Shown, Signer
from scanner.core.token import Claims, KeyRing, KeyState, TicketKey, TicketSigner, seed_signer
from scanner.core.units import SECOND_MS, CredentialKey, Instant, Interval, SnapshotSeq

SITE = "rehearsal"
ANOTHER_SITE = "another-site"
PEPPER_ID, PEPPER = "rehearsal", b"the pepper of a rehearsal"
MASTER = b"the master secret of a rehearsal"


def _signer(name: str) -> tuple[TicketSigner, bytes]:
    return seed_signer(sha256(f"portillon rehearsal {name}".encode()).digest())


_SIGNERS = {signer: _signer(signer.value) for signer in Signer}


def _key(signer: Signer, site: str = SITE, state: KeyState = KeyState.ACTIVE) -> TicketKey:
    kid_of, public = _SIGNERS[signer]
    return TicketKey(kid=kid_of.kid, public=public, site=site, state=state)


TICKET_KEYS = (
    _key(Signer.OWN),
    _key(Signer.REVOKED, state=KeyState.REVOKED),
    _key(Signer.OTHER_SITE, site=ANOTHER_SITE),
)
"""Those that the snapshot knows: `Signer.OTHER` is not among them."""

READER = Reader(KeyRing(SITE, TICKET_KEYS), PEPPER, MASTER)


def credential_id(code: str) -> bytes:
    """The id within a code's signed ticket."""
    return sha256(code.encode()).digest()[:16]


def keys_of(grant: ScriptGrant) -> tuple[CredentialKey, ...]:
    """The look-up keys of a grant's codes, as a card number and as a ticket."""
    return tuple(key for code in grant.codes for key in keys_of_code(code))


@lru_cache(maxsize=65_536)
def keys_of_code(code: str) -> tuple[CredentialKey, CredentialKey]:
    """Under what a code is known: as a card number and as a ticket."""
    return opaque_key(PEPPER, code.encode()), signed_key(PEPPER, credential_id(code))


def payload(
    shown: Shown, owner: ScriptGrant | None, script: Script, at: Instant, issued_seq: SnapshotSeq
) -> bytes:
    """The bytes that a reader gives.

    Args:
        shown: by the story.
        owner: the grant that the code is one of; None: nobody's, a number on some card.
        script: for the rule behind the ticket.
        at: true time, for what rotates.
        issued_seq: of a renewal token that the central issues now.
    """
    if shown.raw is not None:
        return shown.raw
    is_rotating = shown.is_rotating or (owner is not None and shown.code in owner.rotating)
    is_ticket = is_rotating or shown.renewal_until is not None
    if owner is None or not (is_ticket or owner.is_signed):
        return shown.code.encode()
    ticket = _ticket(_claims(shown, owner, script, issued_seq), shown.signer)
    if shown.is_tampered:
        ticket = _tampered(ticket)
    if not is_rotating:
        return ticket
    at_s = rotating.step_of(at // SECOND_MS) * rotating.STEP_S
    return rotating.encode(ticket, rotating.secret(MASTER, credential_id(shown.code)), at_s)


def _claims(shown: Shown, owner: ScriptGrant, script: Script, issued_seq: SnapshotSeq) -> Claims:
    grant = owner.grant
    if shown.renewal_until is not None:
        _, until = token.outer_seconds(Interval(None, shown.renewal_until))
        return Claims(
            credential_id(shown.code), grant.type_no, not_after=until, issued_seq=issued_seq
        )
    start, until = token.outer_seconds(Interval(grant.valid_from, grant.valid_until))
    return Claims(
        credential_id(shown.code),
        grant.type_no,
        not_before=start,
        not_after=until,
        max_total=script.rules[grant.rule_no].max_total,
        seat=grant.seat,
    )


@lru_cache(maxsize=4_096)
def _ticket(claims: Claims, signer: Signer) -> bytes:
    return token.encode(claims, _SIGNERS[signer][0])


def _tampered(ticket: bytes) -> bytes:
    """The same ticket with one byte of its message changed."""
    message = bytearray(base45.decode(ticket.removeprefix(SIGNED_PREFIX)) or b"")
    message[-1] ^= 1
    return SIGNED_PREFIX + base45.encode(bytes(message))
