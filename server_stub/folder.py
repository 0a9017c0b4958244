"""The central's folder: where everything lies on disk, and who may read it.

Law: folders 0700, files 0600; a secret is written with its final mode from its first byte, and a file that exists is
never overwritten. The three root keys belong offline: nothing here reads them.

Source: docs/central.md, "The folder".
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from scanner.core.errors import ConfigError, StoreError

ROOT_KEY_NUMBERS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths of one central."""

    path: Path

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def root_keys(self) -> Path:
        return self.path / "root-keys"

    @property
    def metadata(self) -> Path:
        return self.path / "repository" / "metadata"

    @property
    def targets(self) -> Path:
        return self.path / "repository" / "targets"

    @property
    def database(self) -> Path:
        return self.path / "central.db"

    @property
    def database_url(self) -> Path:
        """Holds the URL of another database than `database`; a URL may hold a password."""
        return self.path / "database-url"

    def root_key(self, number: int) -> Path:
        return self.root_keys / f"root-{number}.pem"

    def load_database_url(self) -> str:
        """The database's URL: SQLite in this folder unless told otherwise."""
        if self.database_url.exists():
            return self.database_url.read_text().strip()
        return f"sqlite:///{self.database.absolute()}"

    def require_founded(self) -> None:
        """Raises `ConfigError` when there is no central here."""
        if not self.keys.is_dir():
            raise ConfigError(
                "central_not_founded",
                f"there is no central in {str(self.path)!r}",
                "make one with `portillon-central init --dir DIR --site NAME --zone ZONE`, or name its --dir",
            )

    def require_database(self) -> None:
        """A lost database is never quietly begun anew: everything that was sold would be unknown.

        Raises:
            StoreError: ``database_missing``.
        """
        if not self.database_url.exists() and not self.database.exists():
            raise StoreError(
                "database_missing",
                f"{str(self.database)!r} is not there; nothing was started",
                "bring it back from the backup; gates send again what it does not know",
            )

    def make(self) -> None:
        """Creates the folders of a new central."""
        repository = self.metadata.parent
        for folder in (
            self.path,
            self.keys,
            self.root_keys,
            repository,
            self.metadata,
            self.targets,
        ):
            folder.mkdir(mode=0o700)


def save_secret(path: Path, content: bytes) -> None:
    """Writes a new file that only its owner may read, safely on disk before it returns."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def load_secret(path: Path) -> bytes:
    """Reads a secret.

    Raises:
        StoreError: ``secret_unreadable``.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(
            "secret_unreadable",
            f"{str(path)!r} cannot be read ({error.strerror})",
            "run as the account that owns the folder, or bring the file back from the backup",
        ) from error
