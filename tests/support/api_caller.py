"""Somebody at the central's API: staff, a customer who signed in, or a visitor."""

from __future__ import annotations

import email
from itertools import count
from typing import Any

import requests

from server_stub.central import Central

TIMEOUT_S = 30
_WISHES = count(1)
"""No two wishes of a test run share a key, whoever sends them: a key belongs to an account."""


class Caller:
    """Sends JSON with a session, and a new key with each wish."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: Any = None, key: str | None = None) -> requests.Response:
        """``key``: of a wish that is repeated."""
        headers = self.headers | {"Idempotency-Key": key or f"wish-{next(_WISHES):06}"}
        return requests.post(self.url + path, json=body or {}, headers=headers, timeout=TIMEOUT_S)

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, headers=self.headers, timeout=TIMEOUT_S)

    def tell(self, path: str, body: Any = None) -> Any:
        """What a wish that is granted answers."""
        reply = self.post(path, body)
        assert reply.ok, reply.text
        return reply.json()

    def ask(self, path: str) -> Any:
        """What a question is answered."""
        reply = self.get(path)
        assert reply.ok, reply.text
        return reply.json()


def sign_in(central: Central, url: str, address: str) -> Caller:
    """A customer, with the code of the letter that was written for them; the letter is thrown away."""
    visitor, mail = Caller(url), central.folder.mail
    before = set(mail.glob("*.eml"))
    visitor.tell("/v1/shop/codes", {"email": address})
    (letter,) = set(mail.glob("*.eml")) - before
    code = str(email.message_from_bytes(letter.read_bytes()).get_payload()).split()[0]
    letter.unlink()
    session = visitor.tell("/v1/shop/sessions", {"email": address, "code": code})
    return Caller(url, session["token"])
