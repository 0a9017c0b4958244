"""The opened central: its folder, database, clock and keys, built once and handed down.

Law: a composition root builds exactly one `Central`; nothing below opens a file of the folder or reads a clock by
itself. Secrets are loaded at the start, so that a missing file shows at once and not at the first sale.

Source: docs/central.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from server_stub.clock import Clock
from server_stub.folder import Folder, load_secret
from server_stub.publishing.keys import Signer, load_signer
from server_stub.store.database import Database
from sync.wire import to_base64

RECEIPTS = "receipts.pem"
NEXT_RECEIPTS = "receipts-next.pem"
"""Told to the gates already, signs nothing yet."""
PEPPER_PREFIX = "pepper-"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What must never leave this machine (peppers only to enrolled gates).

    ``receipts`` signs receipts and time, ``tickets`` signs tickets, ``seal`` closes opaque codes in the database,
    ``event_master`` is what rotating codes are derived from.
    """

    receipts: Signer
    tickets: Signer
    seal: bytes
    event_master: bytes
    peppers: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Central:
    """One site's central."""

    folder: Folder
    database: Database
    clock: Clock
    secrets: Secrets

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.database.close()


def open_central(path: Path, clock: Clock) -> Central:
    """The central of a folder, its tables brought up to this version.

    Raises:
        ConfigError: ``central_not_founded``.
        StoreError: ``database_missing``, or a key that is missing or unreadable.
    """
    folder = Folder(path)
    folder.require_founded()
    folder.require_database()
    secrets = load_secrets(folder)
    database = Database(folder.load_database_url())
    database.migrate()
    return Central(folder, database, clock, secrets)


def load_secrets(folder: Folder) -> Secrets:
    """Every key of the folder but the root keys and those of the repository."""
    return Secrets(
        receipts=load_signer(folder.keys / RECEIPTS),
        tickets=load_signer(folder.keys / "tickets.pem"),
        seal=load_secret(folder.keys / "seal.key"),
        event_master=load_secret(folder.keys / "event-master.key"),
        peppers={
            file.stem.removeprefix(PEPPER_PREFIX): load_secret(file)
            for file in sorted(folder.keys.glob(f"{PEPPER_PREFIX}*.key"))
        },
    )


def load_central_keys(central: Central) -> dict[str, str]:
    """What gates may believe receipts, time and letters by, by kid.

    The key that signs here, the one on disk (another process may have changed it since), and the next one.
    """
    paths = (central.folder.keys / name for name in (RECEIPTS, NEXT_RECEIPTS))
    signers = [central.secrets.receipts, *(load_signer(path) for path in paths if path.exists())]
    return {signer.kid: to_base64(signer.public) for signer in signers}
