"""Letters to customers: a port, and an adapter that writes each to a file.

Law: whoever sends knows only the port. The file adapter writes a whole letter or none, for its owner only, so that a
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


class FileMailer:
    """Writes letters into a folder, one ``.eml`` each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: Letter) -> None:
        """As `Mailer.send`."""
        message = EmailMessage()
        message["To"], message["Subject"] = letter.to, letter.subject
        message.set_content(letter.text)
        name = secrets.token_hex(NAME_BYTES)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            unfinished = self._folder / f".{name}"
            with os.fdopen(
                os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.write(message.as_bytes())
            unfinished.rename(self._folder / f"{name}.eml")
        except OSError as error:
            raise StoreError(
                "mail_unsent",
                f"a letter could not be written ({error.strerror}); nothing else was done",
                "look at the disk's free space and at who owns the folder mail/",
            ) from error
