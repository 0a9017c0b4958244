"""Publishing: the state of this moment as a base in a signed repository.

Law: one publication at a time; its sequence is higher than every one before it, also after a restored backup. What is
published is one consistent view of the database. A crash at any point leaves the previous publication whole.

Source: docs/sync-protocol.md, "Snapshot"; docs/central.md, "Publishing".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import zstandard
from sqlalchemy import Connection, func, insert, select
from tuf.api.metadata import TargetFile

from scanner.core.grants import SnapshotMark
from scanner.core.units import SnapshotSeq
from server_stub import tables
from server_stub.base_file import Watch, build_base, unwatched
from server_stub.central import Central
from server_stub.changes import load_rights_count
from server_stub.repository import Repository
from server_stub.site import Site, load_site
from server_stub.tallies import Ledger, load_vector
from sync.manifest import (
    FORMAT,
    BaseFile,
    CentralKeys,
    Manifest,
    central_keys_target,
    manifest_target,
    part_target,
)
from sync.snapshot import PART_BYTES
from sync.wire import to_base64

COMPRESSION_LEVEL = 6
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What was published."""

    seq: SnapshotSeq
    created_at: int
    grants: int
    base_bytes: int
    wire_bytes: int
    rights_count: int


def publish(central: Central, watch: Watch = unwatched) -> Publication:
    """Makes the state of now the one that gates fetch; ``watch`` hears how many rows are written, of how many."""
    with central.database.read() as connection:
        site = load_site(connection)
    repository = Repository(central.folder, site.name, central.clock)
    path = central.folder.path / "publishing.db"
    with repository.turn():
        # what a killed publisher left
        path.unlink(missing_ok=True)
        try:
            return _publish(central, repository, path, watch)
        finally:
            path.unlink(missing_ok=True)


def load_newest_seq(connection: Connection) -> int:
    """The sequence of the newest publication; 0 = none yet."""
    return connection.execute(select(func.max(tables.publication.c.snapshot_seq))).scalar() or 0


def _publish(central: Central, repository: Repository, path: Path, watch: Watch) -> Publication:
    with central.database.read() as connection:
        site = load_site(connection)
        seq = SnapshotSeq(max(repository.next_version(), load_newest_seq(connection) + 1))
        mark = SnapshotMark(seq=seq, created_at=central.clock.now_ms())
        rights_count = load_rights_count(connection)
        vector = load_vector(connection)
        grants = build_base(connection, path, site, mark, vector, watch)
    base, targets = _add_parts(repository, site, mark, path, grants)
    targets |= _add_documents(central, repository, site, mark, base)
    repository.publish(targets, seq)
    publication = Publication(
        seq=seq,
        created_at=mark.created_at,
        grants=grants,
        base_bytes=base.bytes,
        wire_bytes=sum(targets[part].length for part in base.parts),
        rights_count=rights_count,
    )
    _record(central, publication, base, vector)
    return publication


def _add_parts(
    repository: Repository, site: Site, mark: SnapshotMark, path: Path, grants: int
) -> tuple[BaseFile, dict[str, TargetFile]]:
    targets: dict[str, TargetFile] = {}
    digest = hashlib.sha256()
    for number, part in enumerate(_compressed(path, digest)):
        name = part_target(site.name, mark.seq, number)
        targets[name] = repository.add_target(name, part)
    base = BaseFile(
        parts=list(targets), bytes=path.stat().st_size, sha256=digest.hexdigest(), rows=grants
    )
    return base, targets


def _compressed(path: Path, digest: hashlib._Hash) -> Iterator[bytes]:
    """A file as one zstd frame, cut into parts; the plain bytes go through ``digest``."""
    compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compressobj(
        size=path.stat().st_size
    )
    waiting = bytearray()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            waiting += compressor.compress(chunk)
            while len(waiting) >= PART_BYTES:
                yield bytes(waiting[:PART_BYTES])
                del waiting[:PART_BYTES]
    waiting += compressor.flush()
    while waiting:
        yield bytes(waiting[:PART_BYTES])
        del waiting[:PART_BYTES]


def _add_documents(
    central: Central, repository: Repository, site: Site, mark: SnapshotMark, base: BaseFile
) -> dict[str, TargetFile]:
    manifest = Manifest(
        format=FORMAT,
        site=site.name,
        seq=mark.seq,
        created_at=mark.created_at,
        pepper_id=site.pepper_id,
        base=base,
    )
    receipts = central.secrets.receipts
    documents: Mapping[str, msgspec.Struct] = {
        manifest_target(site.name): manifest,
        central_keys_target(site.name): CentralKeys({receipts.kid: to_base64(receipts.public)}),
    }
    return {
        name: repository.add_target(name, msgspec.json.encode(document))
        for name, document in documents.items()
    }


def _record(
    central: Central, made: Publication, base: BaseFile, vector: Mapping[Ledger, int]
) -> None:
    with central.database.write() as connection:
        connection.execute(
            insert(tables.publication).values(
                snapshot_seq=made.seq,
                created_at=made.created_at,
                rights_count=made.rights_count,
                grants=made.grants,
                base_bytes=made.base_bytes,
                sha256=base.sha256,
            )
        )
        rows = [
            {"snapshot_seq": made.seq, "device": device, "epoch": epoch, "seq": seq}
            for (device, epoch), seq in vector.items()
        ]
        if rows:
            connection.execute(insert(tables.publication_vector), rows)
