"""From bytes to what is presented: kind, key, claims, or the problem."""

from __future__ import annotations

import pytest

from scanner.core import rotating
from scanner.core.clock import ClockReading
from scanner.core.credential import CredentialKind, Rotating, opaque_key, parse, signed_key
from scanner.core.presenting import Reader, present
from scanner.core.reasons import Reason
from scanner.core.token import KeyRing
from scanner.core.units import SECOND_MS
from support.rights import NOON, at, reading, untrusted
from support.snapshots import PEPPER, SITE, TICKET_KEY, ticket

MASTER = b"the event's master secret"
ID = bytes(range(16))
READER = Reader(KeyRing(SITE, [TICKET_KEY]), PEPPER, MASTER)
NOON_S = at(NOON) // SECOND_MS


def code_at(at_s: int, master: bytes = MASTER) -> bytes:
    return rotating.encode(ticket(ID), rotating.secret(master, ID), at_s)


def test_a_card_is_keyed_by_its_normalised_number() -> None:
    presented = present(b"4012345", None, READER, reading())

    assert (presented.kind, presented.key) == (
        CredentialKind.OPAQUE,
        opaque_key(PEPPER, b"4012345"),
    )


def test_a_ticket_is_keyed_by_its_id() -> None:
    presented = present(ticket(ID), None, READER, reading())

    assert presented.key == signed_key(PEPPER, ID)
    assert presented.claims is not None
    assert presented.problem is None


def test_a_rotating_code_has_its_tickets_key_and_its_step() -> None:
    presented = present(code_at(NOON_S), None, READER, reading())

    assert presented.kind is CredentialKind.ROTATING
    assert presented.key == signed_key(PEPPER, ID)
    assert presented.step == NOON_S // rotating.STEP_S
    assert presented.problem is None


LATE = NOON_S - 5 * rotating.STEP_S
PROOFS = {
    "another secret": (code_at(NOON_S, b"another"), reading(), Reason.BAD_SIGNATURE),
    "an old code": (code_at(LATE), reading(), Reason.CODE_EXPIRED),
    "an old code, clock untrusted": (code_at(LATE), untrusted(), None),
    "another secret, clock untrusted": (
        code_at(NOON_S, b"another"),
        untrusted(),
        Reason.BAD_SIGNATURE,
    ),
}


@pytest.mark.parametrize(("code", "clock", "problem"), PROOFS.values(), ids=PROOFS.keys())
def test_a_proof_is_judged_by_a_clock_that_can_be_trusted(
    code: bytes, clock: ClockReading, problem: Reason | None
) -> None:
    assert present(code, None, READER, clock).problem is problem


def test_without_the_masters_secret_no_rotating_code_is_proven() -> None:
    reader = Reader(READER.ring, PEPPER)

    assert present(code_at(NOON_S), None, reader, reading()).problem is Reason.UNKNOWN_KEY


def test_a_rotating_code_around_a_forged_ticket_is_forged() -> None:
    forged = code_at(NOON_S)[:-1] + b"1"

    presented = present(forged, None, READER, reading())

    assert (presented.problem, presented.claims, presented.step) == (
        Reason.BAD_SIGNATURE,
        None,
        None,
    )


def test_a_forgery_is_keyed_apart_from_every_ticket_and_every_card() -> None:
    forged = ticket(ID)[:-1] + b"1"
    code = parse(code_at(NOON_S))
    assert isinstance(code, Rotating)

    presented = present(forged, None, READER, reading())

    assert presented.key == opaque_key(PEPPER, forged)
    assert presented.key != signed_key(PEPPER, ID)


def test_what_is_no_syntax_has_no_key() -> None:
    presented = present(b"a\x07b", None, READER, reading())

    assert (presented.kind, presented.key, presented.problem) == (
        CredentialKind.UNREADABLE,
        None,
        Reason.UNREADABLE,
    )


def test_without_a_pepper_nothing_is_keyed() -> None:
    reader = Reader(READER.ring)

    assert present(b"4012345", None, reader, reading()).key is None
    assert present(ticket(ID), None, reader, reading()).key is None
