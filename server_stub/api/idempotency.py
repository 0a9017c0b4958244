"""What must not happen twice: a sale, a refund, a new card.

Law: the effect and the note that it happened are one transaction, and writers take turns
(`server_stub.store.database`), so of two equal requests at once one acts and the other is given the same answer. The
same key with another request is a mistake of the caller and does nothing. A request that was refused did nothing, so
it leaves no note. Answers may hold codes: they are sealed like codes, and forgotten after 30 days. An act that asks
somebody outside takes several transactions; it must be safe to begin again, and its note is written when it has ended.

Source: docs/central.md, "Once only".
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, delete, insert, select

from scanner.core.errors import InputError
from scanner.core.units import DAY_S, SECOND_MS
from server_stub.central import Central
from server_stub.faults import FieldError
from server_stub.selling.issuer import seal, unseal
from server_stub.store.staff_tables import idempotency

KEY_HEADER = "Idempotency-Key"
KEY = re.compile(r"[A-Za-z0-9_.:-]{8,100}", re.ASCII)
KEPT_MS = 30 * DAY_S * SECOND_MS

NAME_CHARACTERS = 32
_TURNS = tuple(threading.Lock() for _ in range(64))
"""For acts in several steps: equal requests share one; two others that share one only wait for each other."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Once:
    """One request that must not act twice: whose it is, its key, and a hash of everything it asks for."""

    staff: str
    key: str
    request_sha256: bytes


def build_once(staff: str, key: str | None, route: str, body: bytes) -> Once:
    """The identity of a request.

    Raises:
        InputError: ``idempotency_key_missing``.
    """
    if key is None or not KEY.fullmatch(key):
        raise FieldError(
            "idempotency_key_missing",
            f"this request needs the header {KEY_HEADER} with 8 to 100 of A-Z a-z 0-9 _ . : -; nothing was done",
            "send a new random key with each new wish, and the same one when you repeat it",
            field=KEY_HEADER,
        )
    return Once(staff, key, hashlib.sha256(route.encode() + b"\n" + _plain(body)).digest())


def act_once(
    central: Central, once: Once, kind: type[Answer], act: Callable[[Connection], Answer]
) -> Answer:
    """Acts, or gives the answer of the time when it did.

    Raises:
        InputError: ``idempotency_key_reused``, or what ``act`` raises; nothing was done.
    """
    now = central.clock.now_ms()
    with central.database.write() as connection:
        sealed = _find(connection, once)
        if sealed is not None:
            return msgspec.json.decode(unseal(sealed, central.secrets), type=kind)
        answer = act(connection)
        connection.execute(delete(idempotency).where(idempotency.c.at <= now - KEPT_MS))
        connection.execute(
            insert(idempotency).values(
                staff=once.staff,
                key=once.key,
                request_sha256=once.request_sha256,
                sealed_answer=seal(msgspec.json.encode(answer), central.secrets),
                at=now,
            )
        )
    return answer


def act_in_steps(
    central: Central,
    once: Once,
    kind: type[Answer],
    act: Callable[[], Answer],
    is_final: Callable[[Answer], bool] = lambda _answer: True,
) -> Answer:
    """As `act_once`, for an act with transactions of its own; equal requests in this process take turns.

    Args:
        central: whose database keeps the note.
        once: the request.
        kind: of the answer.
        act: what to do; after a crash in the middle it is done again from the start.
        is_final: False = no note is kept, so that the same request asks again.

    Raises:
        InputError: ``idempotency_key_reused``, or what ``act`` raises.
    """
    with _TURNS[hash((once.staff, once.key)) % len(_TURNS)]:
        with central.database.read() as connection:
            sealed = _find(connection, once)
        if sealed is not None:
            return msgspec.json.decode(unseal(sealed, central.secrets), type=kind)
        answer = act()
        return (
            act_once(central, once, kind, lambda _connection: answer)
            if is_final(answer)
            else answer
        )


def name_of(once: Once) -> str:
    """What the thing is called that a request makes, so that the same request makes no second one."""
    said = f"{once.staff}\n{once.key}\n".encode() + once.request_sha256
    return hashlib.sha256(said).hexdigest()[:NAME_CHARACTERS]


def _find(connection: Connection, once: Once) -> bytes | None:
    row = connection.execute(
        select(idempotency).where(idempotency.c.staff == once.staff, idempotency.c.key == once.key)
    ).first()
    if row is None:
        return None
    if row.request_sha256 != once.request_sha256:
        raise InputError(
            "idempotency_key_reused",
            f"this {KEY_HEADER} stood for another request before; nothing was done",
            "a new wish needs a new key",
        )
    sealed: bytes = row.sealed_answer
    return sealed


def _plain(body: bytes) -> bytes:
    """The same for two spellings of one JSON document."""
    try:
        document: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body
    return msgspec.json.encode(document, order="sorted")
