"""Letters to customers: two ports, and an adapter that writes each to a file.

Law: whoever sends knows only the ports. The file adapter writes a whole letter or none, for its owner only, so that a
venue's own mail program (or a test) can take it from there. A letter is never logged.

Source: docs/central.md, "Customers"; RFC 5322.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from scanner.core.errors import StoreError

NAME_BYTES = 8
WAITING = ".waiting-"
"""Begins the name of a letter that is written and not handed over."""
MESSAGE_ID_HOST = "portillon.invalid"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one person."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends letters."""

    def send(self, letter: Letter) -> None:
        """Hands a letter over.

        Raises:
            StoreError: ``mail_unsent``.
        """
        ...


class Outbox(Protocol):
    """Sends letters that must not go twice: written down under a name, and handed over once that is on record.

    Whoever uses it notes between the two steps that the letter is sent, and hands over what an earlier process noted
    and did not come to (`prepared`).
    """

    def prepare(self, letter: Letter, name: str) -> None:
        """Writes a letter down; nobody gets it yet. Again under one name: the newer one.

        Raises:
            StoreError: ``mail_unsent``.
        """
        ...

    def prepared(self) -> frozenset[str]:
        """The names of those that were not handed over."""
        ...

    def hand_over(self, name: str) -> None:
        """Lets a letter go; one that has gone is not an error.

        Raises:
            StoreError: ``mail_unsent``.
        """
        ...


class FileMailer:
    """Writes letters into a folder, one ``.eml`` each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: Letter) -> None:
        """As `Mailer.send`."""
        name = secrets.token_hex(NAME_BYTES)
        self._write(letter, self._folder / f".{name}", None)
        self._rename(self._folder / f".{name}", name)

    def prepare(self, letter: Letter, name: str) -> None:
        """As `Outbox.prepare`."""
        self._write(letter, self._waiting(name), f"<{name}@{MESSAGE_ID_HOST}>")

    def prepared(self) -> frozenset[str]:
        """As `Outbox.prepared`."""
        return frozenset(
            file.name.removeprefix(WAITING) for file in self._folder.glob(f"{WAITING}*")
        )

    def hand_over(self, name: str) -> None:
        """As `Outbox.hand_over`."""
        if self._waiting(name).exists():
            self._rename(self._waiting(name), name)

    def _waiting(self, name: str) -> Path:
        return self._folder / f"{WAITING}{name}"

    def _write(self, letter: Letter, path: Path, message_id: str | None) -> None:
        message = EmailMessage()
        message["To"], message["Subject"] = letter.to, letter.subject
        if message_id is not None:
            message["Message-ID"] = message_id
        message.set_content(letter.text)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
            ) as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _unsent(error) from error

    def _rename(self, path: Path, name: str) -> None:
        try:
            path.rename(self._folder / f"{name}.eml")
        except FileNotFoundError:
            return  # another process handed it over a moment ago
        except OSError as error:
            raise _unsent(error) from error


def _unsent(error: OSError) -> StoreError:
    return StoreError(
        "mail_unsent",
        f"a letter could not be written ({error.strerror}); nothing else was done",
        "look at the disk's free space and at who owns the folder mail/",
    )
