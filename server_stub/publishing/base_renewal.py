"""A new base beside the publications: made while deltas go on being published, named when it is there.

Law: whoever publishes waits for the copy of the mirror and for the naming, never for the packing. The base is one of
the snapshots that the visible manifest passes, so nothing a gate has or is about to fetch becomes wrong; it is no
publication of its own. Crashes leave files that the next renewal or sweep removes.

Source: docs/sync-protocol.md, "Deltas"; docs/adr/0016-bases-are-renewed-beside.md.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import update
from tuf.api.metadata import TargetFile

from server_stub.central import Central
from server_stub.publishing.base_parts import cut_base
from server_stub.publishing.delta_file import is_base_due, kept_deltas
from server_stub.publishing.mirror import MIRROR_FILE, drop_mirror, open_mirror
from server_stub.publishing.repository import Repository, save_file
from server_stub.publishing.visible import Visible, load_visible
from server_stub.site import Site, load_site
from server_stub.store import tables
from sync.manifest import BaseFile, Manifest, manifest_target

TURN = "renewal.lock"


def renew_base(central: Central) -> BaseFile | None:
    """The base that is due, made and named; None when none is, or when it came too late to be one of ours."""
    renewal = BaseRenewal(central)
    with renewal.repository.turn(TURN):
        try:
            if not renewal.copy():
                return None
            renewal.pack()
            return renewal.name()
        finally:
            renewal.clear()


@dataclass(frozen=True, slots=True)
class _Packed:
    """A base whose parts lie aside."""

    base: BaseFile
    targets: Mapping[str, TargetFile]


class BaseRenewal:
    """The three steps, in order; between them anybody may publish."""

    def __init__(self, central: Central) -> None:
        with central.database.read() as connection:
            self._site: Site = load_site(connection)
        self._central = central
        self.repository = Repository(central.folder, self._site.name, central.clock)
        self._folder = central.folder.path / "renewing"
        self._copy = self._folder / "copy.db"
        self._packed: _Packed | None = None

    def copy(self) -> bool:
        """The rows as gates have them, as a file of our own; False when no base is due."""
        self.clear()
        self._folder.mkdir(mode=0o700)
        mirror_path = self._central.folder.path / MIRROR_FILE
        with self.repository.turn():
            before = load_visible(self.repository, self._site.name)
            if before is None or not is_base_due(before.manifest):
                return False
            with open_mirror(mirror_path, before.manifest.seq, self._site) as mirror:
                if mirror is None:
                    return False
                mirror.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                shutil.copyfile(mirror_path, self._copy)
        return True

    def pack(self) -> None:
        """Without its free pages, compressed, in parts."""
        fresh = self._folder / "base.db"
        with closing(sqlite3.connect(self._copy, isolation_level=None)) as copied:
            copied.execute("VACUUM INTO ?", (str(fresh),))
        drop_mirror(self._copy)
        self._packed = _Packed(*cut_base(fresh, self._site.name, self._put_aside))

    def name(self) -> BaseFile | None:
        """The manifest that is visible now, with this base; None when it does not pass the base's snapshot."""
        if self._packed is None:
            return None
        with self.repository.turn():
            before = load_visible(self.repository, self._site.name)
            if before is None or not self._is_passed_by(before.manifest, self._packed.base):
                return None
            self._move_parts(self._packed.targets)
            self._show(before, self._packed)
            self.repository.sweep()
        return self._packed.base

    def clear(self) -> None:
        """Nothing of a renewal is left."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _put_aside(self, target: str, content: bytes) -> TargetFile:
        save_file(self._aside(target, hashlib.sha256(content).hexdigest()), content)
        return TargetFile.from_data(target, content, ["sha256"])

    def _aside(self, target: str, sha256: str) -> Path:
        return self._folder / self.repository.target_path(target, sha256).name

    def _is_passed_by(self, manifest: Manifest, base: BaseFile) -> bool:
        passed = {manifest.base_seq, *(delta.to_seq for delta in manifest.deltas)}
        return manifest.base_seq < base.seq and base.seq in passed

    def _move_parts(self, targets: Mapping[str, TargetFile]) -> None:
        folders = set[Path]()
        for name, target in targets.items():
            path = self.repository.target_path(name, target.hashes["sha256"])
            self._aside(name, target.hashes["sha256"]).replace(path)
            folders.add(path.parent)
        for folder in folders:
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _show(self, before: Visible, packed: _Packed) -> None:
        """Visible first, as ever, then written down: until it is, the publication says the base before."""
        old, base = before.manifest, packed.base
        kept = kept_deltas(old.deltas, base.seq, base.rows)
        manifest = msgspec.structs.replace(old, base=base, deltas=kept)
        name = manifest_target(self._site.name)
        others = set(before.targets) - {name, *old.base.parts, *(one.target for one in old.deltas)}
        targets = before.carried([*others, *(one.target for one in kept)]) | dict(packed.targets)
        targets[name] = self.repository.add_target(name, msgspec.json.encode(manifest))
        self.repository.publish(targets, self.repository.next_version())
        its = tables.publication.c.snapshot_seq == old.seq
        with self._central.database.write() as connection:
            connection.execute(
                update(tables.publication)
                .where(its)
                .values(sha256=base.sha256, base_bytes=base.bytes)
            )
