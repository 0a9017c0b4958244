"""A site as its central would publish it: base files and a TUF repository in a folder, good or bad as told."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import zstandard
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.ngclient import FetcherInterface

from sync.manifest import (
    BaseFile,
    CentralKeys,
    Manifest,
    central_keys_target,
    manifest_target,
    part_target,
    role_name,
)
from sync.snapshot import FORMAT, schema_sql

NOW_MS = 1_775_000_000_000
YEAR_MS = 365 * 86_400_000


def build_base(
    path: Path,
    *,
    seq: int,
    site: str = "museum",
    grants: int = 3,
    created_at: int = NOW_MS,
    extra: tuple[str, ...] = (),
    meta: dict[str, str] | None = None,
) -> Path:
    """A base file as a central makes it, with ``extra`` statements run at the end."""
    connection = sqlite3.connect(path)
    for statement in schema_sql():
        connection.execute(statement)
    facts = {
        "format": str(FORMAT),
        "site": site,
        "snapshot_seq": str(seq),
        "created_at": str(created_at),
        "pepper_id": "p1",
        "grants": str(grants),
    } | (meta or {})
    connection.executemany("INSERT INTO meta VALUES (?, ?)", facts.items())
    connection.executemany(
        "INSERT INTO access_grant (grant_no, rule_no, type_no, is_denied, version)"
        " VALUES (?, 1, 1, 0, 1)",
        [(number,) for number in range(1, grants + 1)],
    )
    for statement in extra:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def cut_into_parts(base: bytes, part_bytes: int = 2_000) -> list[bytes]:
    """One compressed stream, cut as a central cuts it."""
    whole = zstandard.ZstdCompressor(level=3).compress(base)
    return [whole[n : n + part_bytes] for n in range(0, len(whole), part_bytes)]


def manifest_of(
    base: bytes, parts: int, /, *, seq: int, site: str = "museum", **changes: object
) -> Manifest:
    """The manifest of a base in ``parts`` parts."""
    manifest = Manifest(
        format=1,
        site=site,
        seq=seq,
        created_at=NOW_MS,
        pepper_id="p1",
        base=BaseFile(
            parts=[part_target(site, seq, number) for number in range(parts)],
            bytes=len(base),
            sha256=hashlib.sha256(base).hexdigest(),
            rows=3,
        ),
    )
    return msgspec.structs.replace(manifest, **changes)


@dataclass
class PublishedSite:
    """A TUF repository in ``folder``: root 2 of 3, one delegated site role."""

    folder: Path
    site: str = "museum"
    expires_ms: int = NOW_MS + YEAR_MS
    version: int = 0
    offline: list[CryptoSigner] = field(
        default_factory=lambda: [CryptoSigner.generate_ed25519() for _ in range(3)]
    )
    online: CryptoSigner = field(default_factory=CryptoSigner.generate_ed25519)

    def __post_init__(self) -> None:
        (self.folder / "metadata").mkdir(parents=True)
        (self.folder / "targets" / self.site).mkdir(parents=True)
        self._targets: dict[str, TargetFile] = {}
        self.save_root(1)

    @property
    def root(self) -> bytes:
        """The first root."""
        return (self.folder / "metadata" / "1.root.json").read_bytes()

    def save_root(self, version: int, signers: list[CryptoSigner] | None = None) -> None:
        """Sign and put a root in place."""
        root = Root(version=version, expires=self._expires(), consistent_snapshot=True)
        for signer in self.offline:
            root.add_key(signer.public_key, "root")
        root.roles["root"].threshold = 2
        for role in ("timestamp", "snapshot", "targets"):
            root.add_key(self.online.public_key, role)
        signed = Metadata(root)
        for signer in signers or self.offline[:2]:
            signed.sign(signer, append=True)
        signed.to_file(str(self.folder / "metadata" / f"{version}.root.json"))

    def add(self, name: str, content: bytes) -> None:
        """A target of the next publication."""
        target = TargetFile.from_data(name, content, ["sha256"])
        self._targets[name] = target
        folder, _, file = name.rpartition("/")
        path = self.folder / "targets" / folder / f"{target.hashes['sha256']}.{file}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def add_snapshot(self, base: bytes, /, *, seq: int, **changes: object) -> Manifest:
        """Parts, manifest and central keys of a base."""
        parts = cut_into_parts(base)
        for number, part in enumerate(parts):
            self.add(part_target(self.site, seq, number), part)
        manifest = manifest_of(base, len(parts), seq=seq, **{"site": self.site} | changes)  # type: ignore[arg-type]
        self.add(manifest_target(self.site), msgspec.json.encode(manifest))
        self.add(central_keys_target(self.site), msgspec.json.encode(CentralKeys({"k1": "AAAA"})))
        return manifest

    def publish(self, version: int | None = None, *, signer: CryptoSigner | None = None) -> None:
        """Sign everything anew; ``signer`` instead of the right one for the site's role."""
        self.version = version or self.version + 1
        key = self.online.public_key
        role = role_name(self.site)
        delegated = DelegatedRole(
            role, [key.keyid], threshold=1, terminating=True, paths=[f"{self.site}/*"]
        )
        top = Targets(version=self.version, expires=self._expires())
        top.delegations = Delegations({key.keyid: key}, {role: delegated})
        own = Targets(version=self.version, expires=self._expires(), targets=dict(self._targets))
        snapshot = Snapshot(
            version=self.version,
            expires=self._expires(),
            meta={
                "targets.json": self._sign(top, "targets"),
                f"{role}.json": self._sign(own, role, signer),
            },
        )
        timestamp = Timestamp(version=self.version, expires=self._expires())
        timestamp.snapshot_meta = self._sign(snapshot, "snapshot")
        self._sign(timestamp, "timestamp", prefix="")

    def _sign(
        self,
        signed: Targets | Snapshot | Timestamp,
        role: str,
        signer: CryptoSigner | None = None,
        prefix: str | None = None,
    ) -> MetaFile:
        metadata = Metadata(signed)
        metadata.sign(signer or self.online)
        raw = metadata.to_bytes()
        before = f"{signed.version}." if prefix is None else prefix
        (self.folder / "metadata" / f"{before}{role}.json").write_bytes(raw)
        return MetaFile.from_data(signed.version, raw, ["sha256"])

    def _expires(self) -> datetime:
        return datetime.fromtimestamp(self.expires_ms // 1000, UTC)


class FolderFetcher(FetcherInterface):
    """Fetches from a published folder; ``meddle`` sees and may change every file on its way."""

    def __init__(self, folder: Path, meddle: Callable[[str, bytes], bytes] | None = None) -> None:
        self.folder = folder
        self.meddle = meddle or (lambda _name, raw: raw)
        self.fetched: list[str] = []

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix("/v1/repo/")
        self.fetched.append(name.rpartition("/")[2])
        path = self.folder / name
        if not path.is_file():
            raise DownloadHTTPError("not found", 404)
        yield self.meddle(path.name, path.read_bytes())
