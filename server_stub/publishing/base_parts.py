"""A base's file as it travels: one zstd frame, cut into parts of 4 MiB.

Law: a base says itself which snapshot it is; the hash is of the plain file. Parts go where the caller puts them, one
after another, so that no more than one is in memory.

Source: docs/sync-protocol.md, "Snapshot".
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import zstandard
from tuf.api.metadata import TargetFile

from sync.delta_rows import load_meta
from sync.manifest import BaseFile, part_target
from sync.snapshot import PART_BYTES

COMPRESSION_LEVEL = 6
CHUNK_BYTES = 1024 * 1024


def cut_base(
    path: Path, site: str, add: Callable[[str, bytes], TargetFile]
) -> tuple[BaseFile, dict[str, TargetFile]]:
    """What a manifest says of a base, and its parts; ``add`` puts each of them somewhere."""
    with closing(sqlite3.connect(path)) as base:
        meta = load_meta(base)
    seq, targets, digest = int(meta["snapshot_seq"]), dict[str, TargetFile](), hashlib.sha256()
    for number, part in enumerate(_compressed(path, digest)):
        name = part_target(site, seq, number)
        targets[name] = add(name, part)
    made = BaseFile(
        parts=list(targets),
        bytes=path.stat().st_size,
        sha256=digest.hexdigest(),
        rows=int(meta["grants"]),
        seq=seq,
        created_at=int(meta["created_at"]),
    )
    return made, targets


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
