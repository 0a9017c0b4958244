"""What gates can fetch now: the newest publication's manifest, and the files it names.

Law: read from the repository, as a gate reads it; the database may say something else after a restored backup, and
whoever goes on from here asks it.

Source: docs/sync-protocol.md, "Snapshot".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from tuf.api.metadata import TargetFile

from server_stub.publishing.repository import Repository
from sync.manifest import Manifest, manifest_target


@dataclass(frozen=True, slots=True)
class Visible:
    """A publication. ``targets``: every file it names, the manifest too."""

    manifest: Manifest
    targets: Mapping[str, TargetFile]

    def carried(self, names: Iterable[str]) -> dict[str, TargetFile]:
        """Those of its files that are named so."""
        return {name: self.targets[name] for name in names if name in self.targets}


def load_visible(repository: Repository, site: str) -> Visible | None:
    """The newest publication; None before the first."""
    targets = repository.current_targets()
    name = manifest_target(site)
    raw = repository.load_target(name, targets[name]) if name in targets else None
    return None if raw is None else Visible(msgspec.json.decode(raw, type=Manifest), targets)
