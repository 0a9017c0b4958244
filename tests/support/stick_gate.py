"""A gate that gets a real central's snapshots as from a stick: no line, the same checks and places."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server_stub.central import Central
from server_stub.publishing.repository import load_root_mark
from sync.cache import Cache
from sync.delta_rows import load_meta, state_digest
from sync.device import Device, save_device
from sync.fetching import Fetched, fetch_snapshot
from sync.row_layout import layouts
from sync.settings import SyncSettings
from sync.stick import StickFetcher, open_stick

Meddle = Callable[[str, bytes], bytes]


class MeddledFetcher(StickFetcher):
    """Sees and may change every file on its way; remembers their names."""

    def __init__(self, fetcher: StickFetcher, meddle: Meddle) -> None:
        super().__init__(fetcher._open_name)
        self._meddle = meddle
        self.names: list[str] = []

    def _fetch(self, url: str) -> Any:
        name = url.rpartition("/")[2]
        raw = b"".join(super()._fetch(url))
        self.names.append(name)
        yield self._meddle(name, raw)


@dataclass
class StickGate:
    """The network side's files of one gate of a central in this process."""

    central: Central
    folder: Path
    max_shrink: float = 0.5

    def __post_init__(self) -> None:
        self.settings = SyncSettings(
            data_dir=self.folder,
            runtime_dir=self.folder / "run",
            key_path=self.folder / "device.key",
            max_shrink=self.max_shrink,
        )
        version, sha256 = load_root_mark(self.central.folder)
        root = (self.central.folder.metadata / f"{version}.root.json").read_bytes()
        self.settings.tuf_dir.mkdir(parents=True)
        self.settings.root_path.write_bytes(root)
        self.device = Device(
            device="gate1",
            site="museum",
            gate_no=1,
            peppers={
                name: base64.b64encode(one).decode()
                for name, one in self.central.secrets.peppers.items()
            },
            central_keys={},
            central_url="",
            root_version=version,
            root_sha256=sha256,
        )
        save_device(self.settings.device_path, self.device)
        self.cache = Cache(self.settings.cache_dir)
        self.fetched: list[str] = []

    def fetch(self, meddle: Meddle | None = None) -> Fetched:
        """Look at the repository, as a contact does."""
        with open_stick(self.central.folder.path) as stick:
            fetcher = MeddledFetcher(stick, meddle or (lambda _name, raw: raw))
            try:
                now = self.central.clock.now_ms()
                return fetch_snapshot(fetcher, self.settings, self.device, now)
            finally:
                self.fetched = fetcher.names

    @property
    def kinds(self) -> set[str]:
        """Of the last look: were parts of a base fetched, were deltas?"""
        names = (name.partition(".")[2] for name in self.fetched)
        return {name.partition("-")[0] for name in names if name.endswith(".zst")}

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row that a lane would find, and what the base says of itself."""
        with self.opened() as connection:
            assert load_meta(connection)["digest"] == f"{state_digest(connection):032x}"
            return tables_of(connection)

    @contextlib.contextmanager
    def opened(self) -> Any:
        """The base in use, to read."""
        pointer = self.cache.current()
        assert pointer is not None
        uri = f"file:{self.cache.base_path(pointer)}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            yield connection


def tables_of(connection: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows by table, in an order of their own."""
    return {
        table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
        for table in layouts()
    }
