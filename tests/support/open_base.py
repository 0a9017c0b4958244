"""The published repository looked at with the real python-tuf client, and a base opened as a gate would."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from support.central_site import CentralClock
from sync.delta import parse_delta, walk
from sync.delta_rows import apply_delta
from sync.manifest import Manifest, manifest_target


class FolderFetcher(FetcherInterface):
    """Fetches from a folder, as from a USB stick."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self.folder / url.removeprefix("repo://")
        if not path.is_file():
            raise DownloadHTTPError("not there", 404)
        yield path.read_bytes()


class PublishedSite:
    """A client's trusted state: what it believed stays when a later fetch is refused."""

    def __init__(
        self,
        repository: Path,
        state: Path,
        clock: CentralClock,
        fetcher: FetcherInterface | None = None,
    ) -> None:
        self.clock = clock
        self.state = state
        self.targets = state / "targets"
        self.root = (repository / "metadata" / "1.root.json").read_bytes()
        self.fetcher = fetcher or FolderFetcher(repository)
        for folder in (state, self.targets):
            folder.mkdir(exist_ok=True)

    def fetch(self, site: str = "museum") -> tuple[Manifest, bytes]:
        """The newest manifest and the snapshot it names, base and deltas, verified by python-tuf."""
        updater = Updater(
            str(self.state),
            "repo://metadata/",
            str(self.targets),
            "repo://targets/",
            fetcher=self.fetcher,
            config=UpdaterConfig(),
            bootstrap=self.root,
        )
        # python-tuf has no public way to be told the time; see sync/trust.py
        updater._trusted_set.reference_time = datetime.fromtimestamp(self.clock.now // 1_000, UTC)
        updater.refresh()
        manifest = msgspec.json.decode(self._target(updater, manifest_target(site)), type=Manifest)
        parts = b"".join(self._target(updater, name) for name in manifest.base.parts)
        base = zstandard.ZstdDecompressor().decompressobj().decompress(parts)
        assert len(base) == manifest.base.bytes
        assert hashlib.sha256(base).hexdigest() == manifest.base.sha256
        way = list(walk(manifest.deltas, manifest.base_seq))
        return manifest, brought_forward(base, [self._target(updater, d.target) for d in way])

    @staticmethod
    def _target(updater: Updater, name: str) -> bytes:
        found = updater.get_targetinfo(name)
        assert found is not None, name
        return Path(updater.download_target(found)).read_bytes()


def brought_forward(base: bytes, deltas: Iterable[bytes]) -> bytes:
    """A base after some deltas, which have to fit."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(base)
        for raw in deltas:
            apply_delta(connection, parse_delta(raw))
        return bytes(connection.serialize())


def query(base: bytes, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of a base."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(base)
        return connection.execute(statement, values).fetchall()
