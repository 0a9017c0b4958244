"""The manifest: which files make the newest snapshot, as TUF targets. One definition for both ends.

Law: pure. Every target of a site lies flat under ``<site>/`` (a TUF path pattern does not cross a slash) and belongs to
the delegated role `role_name`. The manifest names parts in order; their concatenation, decompressed, is the base.

Source: docs/sync-protocol.md, "Snapshot".
"""

from __future__ import annotations

import msgspec

FORMAT = 1
MANIFEST_BYTES = 256 * 1024
"""A manifest, at most."""
BASE_BYTES = 4 * 1024 * 1024 * 1024
"""A decompressed base, at most: a zip bomb stops here."""


class BaseFile(msgspec.Struct, frozen=True):
    """``parts`` are target names; ``bytes`` and ``sha256`` (hex) are of the decompressed SQLite file.

    ``seq`` and ``created_at`` are the base's own; 0 = those of the manifest.
    """

    parts: list[str]
    bytes: int
    sha256: str
    rows: int
    seq: int = 0
    created_at: int = 0


class DeltaFile(msgspec.Struct, frozen=True, rename={"from_seq": "from", "to_seq": "to"}):
    """A delta from one snapshot to a later one; ``rows`` is how many it changes."""

    target: str
    from_seq: int
    to_seq: int
    rows: int


class Manifest(msgspec.Struct, frozen=True):
    """What a gate fetches first. ``seq`` never goes back.

    ``rows``: grants at ``seq``; None = those of the base. ``deltas`` lead on from one another, in order, to ``seq``;
    the base is one of the snapshots they pass.
    """

    format: int
    site: str
    seq: int
    created_at: int
    pepper_id: str
    base: BaseFile
    rows: int | None = None
    deltas: list[DeltaFile] = []

    @property
    def base_seq(self) -> int:
        """Which snapshot the base is."""
        return self.base.seq or self.seq

    @property
    def base_created_at(self) -> int:
        """From when the base is."""
        return self.base.created_at or self.created_at

    @property
    def grants(self) -> int:
        """How many grants there are when all is applied."""
        return self.base.rows if self.rows is None else self.rows


class CentralKeys(msgspec.Struct, frozen=True):
    """Keys that sign receipts and time: kid → base64 Ed25519 public key."""

    keys: dict[str, str]


def role_name(site: str) -> str:
    """The delegated TUF role of a site."""
    return f"site-{site}"


def manifest_target(site: str) -> str:
    """Target name of the manifest."""
    return f"{site}/manifest.json"


def central_keys_target(site: str) -> str:
    """Target name of the central's signing keys."""
    return f"{site}/central-keys.json"


def part_target(site: str, seq: int, number: int) -> str:
    """Target name of one part of a base."""
    return f"{site}/base-{seq}-{number:04d}.zst"


def delta_target(site: str, from_seq: int, to_seq: int) -> str:
    """Target name of a delta."""
    return f"{site}/delta-{from_seq}-{to_seq}.zst"
