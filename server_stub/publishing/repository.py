"""The TUF repository that gates fetch: roles, versions, files, and the order in which they appear.

Law: a publication becomes visible by one rename, of ``timestamp.json``, after everything it names is on disk; a crash
before it leaves the old one whole. Versions never go back, not even after a restored backup: the next one is
max(previous + 1, seconds since 1970), except the root's, which counts by one because clients ask for the next. Two of
three offline keys sign the root; the site's role may only name files under ``<site>/``.

Source: docs/sync-protocol.md, "Trust"; the TUF specification, 1.0.33, sections 4 and 6.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from securesystemslib.signer import CryptoSigner
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
from tuf.api.serialization.json import JSONSerializer

from scanner.core.units import SECOND_MS, Instant
from server_stub.clock import Clock
from server_stub.folder import ROOT_KEY_NUMBERS, Folder
from server_stub.publishing.keys import Signer, create_signer, load_signer
from sync.manifest import role_name

ROOT_THRESHOLD = 2
ONLINE_ROLES = ("timestamp", "snapshot", "targets", "site")
LIFETIMES_D: Mapping[str, int] = {
    "root": 3_650,
    "targets": 365,
    "site": 30,
    "snapshot": 30,
    "timestamp": 7,
}
"""How long metadata is good for. An expired one never stops scanning; it ends what an old copy can pass for."""

KEEP_PUBLICATIONS = 8
"""Older ones are deleted: a gate that is still fetching one has this many publications of time."""

Role = TypeVar("Role", Targets, Snapshot, Timestamp)

ROOT_JSON = JSONSerializer(compact=False, validate=True)


def create_repository(folder: Folder, site: str, clock: Clock) -> None:
    """Makes the keys and the first metadata, with nothing published yet."""
    online = {role: create_signer(key_path(folder, role)) for role in ONLINE_ROLES}
    offline = [create_signer(folder.root_key(number)) for number in ROOT_KEY_NUMBERS]
    now = clock.now_ms()
    root = Root(version=1, expires=expiry_of("root", now), consistent_snapshot=True)
    for signer in offline:
        root.add_key(CryptoSigner(signer.private).public_key, "root")
    root.roles["root"].threshold = ROOT_THRESHOLD
    for role in ("timestamp", "snapshot", "targets"):
        root.add_key(CryptoSigner(online[role].private).public_key, role)
    signed = Metadata(root)
    for signer in offline:
        signed.sign(CryptoSigner(signer.private), append=True)
    save_file(folder.metadata / "1.root.json", signed.to_bytes(ROOT_JSON))
    Repository(folder, site, clock).publish({}, clock.now_ms() // SECOND_MS)


def load_root_mark(folder: Folder) -> tuple[int, str]:
    """Version and SHA-256 (hex) of the newest root: what a new device starts its trust from."""
    version = max(int(path.name.split(".")[0]) for path in folder.metadata.glob("*.root.json"))
    content = (folder.metadata / f"{version}.root.json").read_bytes()
    return version, hashlib.sha256(content).hexdigest()


def load_root(folder: Folder) -> Metadata[Root]:
    """The newest root."""
    version, _sha256 = load_root_mark(folder)
    return Metadata[Root].from_file(str(folder.metadata / f"{version}.root.json"))


class Repository:
    """The files of one site, written by one process at a time."""

    def __init__(
        self,
        folder: Folder,
        site: str,
        clock: Clock,
        incoming: Mapping[str, Signer] | None = None,
    ) -> None:
        """``incoming``: keys by role that the next root will name; they sign beside those that it names now."""
        self._folder = folder
        self._site = site
        self._clock = clock
        self._role = role_name(site)
        self._incoming = dict(incoming or {})

    @contextmanager
    def turn(self, lock: str = "publish.lock") -> Iterator[None]:
        """The right to publish, or what else ``lock`` stands for; whoever comes second waits."""
        handle = os.open(self._folder.path / lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def next_version(self) -> int:
        """The version of the next publication, which is also the next snapshot's sequence."""
        return max(self._newest("timestamp") + 1, self._clock.now_ms() // SECOND_MS)

    def target_path(self, target: str, sha256: str) -> Path:
        """Where a target's file lies: its name with the hash before it."""
        folder, _, name = target.rpartition("/")
        return self._folder.targets / folder / f"{sha256}.{name}"

    def add_target(self, target: str, content: bytes) -> TargetFile:
        """Puts a file in place; nobody sees it before it is published."""
        path = self.target_path(target, hashlib.sha256(content).hexdigest())
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            save_file(path, content)
        return TargetFile.from_data(target, content, ["sha256"])

    def current_targets(self) -> dict[str, TargetFile]:
        """The files that are published now."""
        version = self._newest("timestamp")
        path = self._folder.metadata / f"{version}.{self._role}.json"
        return dict(Metadata[Targets].from_file(str(path)).signed.targets) if path.exists() else {}

    def load_target(self, name: str, target: TargetFile) -> bytes | None:
        """What a published file holds; None when it is not there."""
        path = self.target_path(name, target.hashes["sha256"])
        return path.read_bytes() if path.exists() else None

    def visible_files(self) -> dict[str, Path]:
        """What a gate may ask for now, by its path below ``repository/``."""
        newest = self._newest("timestamp")
        snapshot = f"{newest}.snapshot.json"
        top = Metadata[Snapshot].from_file(str(self._folder.metadata / snapshot)).signed
        names = [path.name for path in sorted(self._folder.metadata.glob("*.root.json"))]
        names += ["timestamp.json", snapshot, f"{top.meta['targets.json'].version}.targets.json"]
        names.append(f"{newest}.{self._role}.json")
        files = {f"metadata/{name}": self._folder.metadata / name for name in names}
        for name, target in self.current_targets().items():
            path = self.target_path(name, target.hashes["sha256"])
            files[f"targets/{path.relative_to(self._folder.targets)}"] = path
        return files

    def publish(self, targets: Mapping[str, TargetFile], version: int) -> None:
        """Makes these targets, and no others, the current ones."""
        now = self._clock.now_ms()
        site = Targets(version=version, expires=expiry_of("site", now), targets=dict(targets))
        snapshot = Snapshot(
            version=version,
            expires=expiry_of("snapshot", now),
            meta={
                f"{self._role}.json": self._sign(site, "site", f"{version}.{self._role}.json"),
                "targets.json": self._top_mark(version, now),
            },
        )
        mark = self._sign(snapshot, "snapshot", f"{version}.snapshot.json")
        timestamp = Timestamp(
            version=version, expires=expiry_of("timestamp", now), snapshot_meta=mark
        )
        self._sign(timestamp, "timestamp", "timestamp.json")

    def _top_mark(self, version: int, now: Instant) -> MetaFile:
        """The top role, signed anew only when it says something else or is half spent: gates fetch it less often."""
        wanted = self._top_targets(version, now)
        newest = self._newest("timestamp")
        path = self._folder.metadata / f"{newest}.snapshot.json"
        if path.exists():
            known = Metadata[Snapshot].from_file(str(path)).signed.meta["targets.json"]
            content = (self._folder.metadata / f"{known.version}.targets.json").read_bytes()
            held = Metadata[Targets].from_bytes(content).signed
            half = timedelta(days=LIFETIMES_D["targets"] / 2)
            is_same = held.delegations == wanted.delegations and self._is_signed_now(content)
            if is_same and wanted.expires - held.expires < half:
                return known
        return self._sign(wanted, "targets", f"{version}.targets.json")

    def _is_signed_now(self, content: bytes) -> bool:
        """True when every key that would sign the top role now has signed it."""
        signed = Metadata[Targets].from_bytes(content).signatures
        return {signer.public_key.keyid for signer in self._signers("targets")} <= set(signed)

    def _signers(self, role: str) -> list[CryptoSigner]:
        keys = [load_signer(key_path(self._folder, role))]
        keys += [self._incoming[role]] if role in self._incoming else []
        return [CryptoSigner(key.private) for key in keys]

    def _top_targets(self, version: int, now: Instant) -> Targets:
        """No files of its own: it only hands ``<site>/`` to the site's role."""
        key = CryptoSigner(load_signer(key_path(self._folder, "site")).private).public_key
        role = DelegatedRole(
            self._role, [key.keyid], threshold=1, terminating=True, paths=[f"{self._site}/*"]
        )
        return Targets(
            version=version,
            expires=expiry_of("targets", now),
            delegations=Delegations({key.keyid: key}, {self._role: role}),
        )

    def _sign(self, signed: Role, key: str, file_name: str) -> MetaFile:
        metadata = Metadata(signed)
        for signer in self._signers(key):
            metadata.sign(signer, append=True)
        content = metadata.to_bytes(ROOT_JSON)
        save_file(self._folder.metadata / file_name, content)
        return MetaFile.from_data(signed.version, content, ["sha256"])

    def _newest(self, role: str) -> int:
        path = self._folder.metadata / f"{role}.json"
        return Metadata.from_file(str(path)).signed.version if path.exists() else 0

    def sweep(self) -> None:
        """Deletes what the newest publications do not name."""
        versions = sorted(
            (int(p.name.split(".")[0]) for p in self._folder.metadata.glob("*.snapshot.json")),
            reverse=True,
        )
        kept_files: set[Path] = set()
        kept_tops: set[str] = set()
        for version in versions[:KEEP_PUBLICATIONS]:
            path = self._folder.metadata / f"{version}.snapshot.json"
            top = Metadata[Snapshot].from_file(str(path)).signed.meta["targets.json"]
            kept_tops.add(f"{top.version}.targets.json")
            site = (
                Metadata[Targets]
                .from_file(str(self._folder.metadata / f"{version}.{self._role}.json"))
                .signed
            )
            kept_files |= {
                self.target_path(name, target.hashes["sha256"])
                for name, target in site.targets.items()
            }
        for version in versions[KEEP_PUBLICATIONS:]:
            for role in ("snapshot", self._role):
                (self._folder.metadata / f"{version}.{role}.json").unlink(missing_ok=True)
        for path in self._folder.metadata.glob("*.targets.json"):
            if path.name not in kept_tops:
                path.unlink()
        for path in (self._folder.targets / self._site).glob("*"):
            if path not in kept_files:
                path.unlink()


def key_path(folder: Folder, role: str) -> Path:
    """Where the key of an online role lies."""
    return folder.keys / f"tuf-{role}.pem"


def expiry_of(role: str, now: Instant) -> datetime:
    """Until when metadata of a role that is signed now is good."""
    whole = datetime.fromtimestamp(now // SECOND_MS, UTC)
    return whole + timedelta(days=LIFETIMES_D[role])


def save_file(path: Path, content: bytes) -> None:
    """Writes a file under its final name in one step, durably."""
    building = path.with_name(f".{path.name}.new")
    with building.open("wb") as file:
        building.chmod(0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    building.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
