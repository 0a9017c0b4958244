"""A card company without money, that behaves: it accepts, declines, and sometimes hangs up before it answers.

Law: what becomes of a request is decided and committed before it is answered, in tables of its own, so that the truth
behind a time-out can be asked for later, by another process, after a crash. The number of a card is not kept. Only the
test numbers of `CARDS` are taken: nobody can type a real one here.

Source: docs/model-b.md, "Payments".
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from server_stub.faults import FieldError
from server_stub.rules.billing import Answer
from server_stub.selling.payments import MoneyRequest, require_same
from server_stub.store.database import Database
from server_stub.store.subscription_tables import simulated_card, simulated_charge

TOKEN_BYTES = 12


class Behaviour(StrEnum):
    """What a test card does. ``timeout``: its first answer is not heard."""

    SUCCESS = "success"
    DECLINE = "decline"
    DECLINE_OFF_SESSION = "decline_off_session"
    TIMEOUT = "timeout"
    TIMEOUT_DECLINE = "timeout_decline"


CARDS: Mapping[str, Behaviour] = {
    "4242424242424242": Behaviour.SUCCESS,
    "4000000000000002": Behaviour.DECLINE,
    "4000000000000341": Behaviour.DECLINE_OFF_SESSION,
    "4000000000000119": Behaviour.TIMEOUT,
    "4000000000000127": Behaviour.TIMEOUT_DECLINE,
}
"""The numbers that are taken."""

TIMES_OUT = frozenset({Behaviour.TIMEOUT, Behaviour.TIMEOUT_DECLINE})


def save_card(connection: Connection, number: str) -> str:
    """What a card is called from now on; part of the caller's transaction.

    Raises:
        InputError: ``card_not_simulated``.
    """
    digits = number.replace(" ", "")
    if digits not in CARDS:
        raise FieldError(
            "card_not_simulated",
            f"a card number of {len(digits)} characters is no test card; it was not kept",
            f"never type a real card here; valid: {', '.join(CARDS)}",
            field="card",
            valid=CARDS,
        )
    token = f"card_{secrets.token_hex(TOKEN_BYTES)}"
    connection.execute(
        insert(simulated_card).values(token=token, behaviour=CARDS[digits], last4=digits[-4:])
    )
    return token


def forget_cards(connection: Connection, tokens: list[str]) -> None:
    """What is known of cards beside their charges, for somebody who is forgotten; part of the caller's transaction."""
    connection.execute(
        update(simulated_card).where(simulated_card.c.token.in_(tokens)).values(last4="")
    )


class SimulatedCard:
    """The adapter, on the central's own database but in transactions of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def charge(self, request: MoneyRequest) -> Answer:
        """As `PaymentProvider`."""
        with self._database.write() as connection:  # one writer at a time: nobody asks in between
            known = _find(connection, request.key)
            if known is None:
                return _heard(*_decide(connection, request))
        require_same(
            request.key,
            (known.amount_minor, known.currency),
            (request.amount_minor, request.currency),
        )
        return Answer(known.answer)


def _find(connection: Connection, key: str) -> Row[Any] | None:
    return connection.execute(select(simulated_charge).where(simulated_charge.c.key == key)).first()


def _decide(connection: Connection, request: MoneyRequest) -> tuple[Behaviour, Answer]:
    behaviour = Behaviour(
        connection.execute(
            select(simulated_card.c.behaviour).where(simulated_card.c.token == request.method)
        ).scalar_one()
    )
    answer = _truth(behaviour, request)
    connection.execute(
        insert(simulated_charge).values(
            key=request.key,
            token=request.method,
            amount_minor=request.amount_minor,
            currency=request.currency,
            is_off_session=int(request.is_off_session),
            answer=answer,
            at=request.at,
        )
    )
    return behaviour, answer


def _truth(behaviour: Behaviour, request: MoneyRequest) -> Answer:
    declines = {Behaviour.DECLINE, Behaviour.TIMEOUT_DECLINE}
    if request.is_off_session:
        declines.add(Behaviour.DECLINE_OFF_SESSION)
    return Answer.DECLINED if behaviour in declines else Answer.SUCCEEDED


def _heard(behaviour: Behaviour, answer: Answer) -> Answer:
    return Answer.UNKNOWN if behaviour in TIMES_OUT else answer
