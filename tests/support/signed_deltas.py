"""Deltas as a central would sign them, good or bad as told, over the bases of `support.published_site`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from support.published_site import NOW_MS, PublishedSite, build_base, cut_into_parts, manifest_of
from sync.delta import Change, Header, digest_text, encode_delta, parse_digest
from sync.delta_rows import apply_changes, save_meta, state_digest
from sync.manifest import (
    CentralKeys,
    DeltaFile,
    Manifest,
    central_keys_target,
    delta_target,
    manifest_target,
    part_target,
)

CONFIG = "INSERT INTO config VALUES ('zone', 'Europe/Paris')"


def base_with_digest(folder: Path, *, seq: int, grants: int = 3) -> bytes:
    """A base that takes deltas."""
    path = build_base(folder / f"made-{seq}.db", seq=seq, grants=grants, extra=(CONFIG,))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        save_meta(connection, digest=digest_text(state_digest(connection)))
    return path.read_bytes()


def digest_after(base: bytes, changes: Sequence[Change]) -> str:
    """What the rows of a base add up to after some changes."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(base)
        (digest,) = connection.execute("SELECT value FROM meta WHERE name = 'digest'").fetchone()
        return digest_text(apply_changes(connection, changes, parse_digest(digest)))


def made_delta(
    base: bytes, changes: Sequence[Change], *, from_seq: int, to_seq: int, **header: Any
) -> bytes:
    """A delta of a base."""
    told = Header(
        format=1,
        site="museum",
        from_seq=from_seq,
        to_seq=to_seq,
        created_at=NOW_MS + to_seq,
        pepper_id="p1",
        grants=3,
        rows=len(changes),
        digest=digest_after(base, changes),
    )
    return encode_delta(msgspec.structs.replace(told, **header), changes)


def publish_delta(
    site: PublishedSite,
    base: bytes,
    deltas: Sequence[tuple[int, int, bytes]],
    *,
    base_seq: int,
    rows: int = 1,
    **manifest: Any,
) -> Manifest:
    """Sign a base and deltas on it: (from, to, bytes)."""
    parts = cut_into_parts(base)
    for number, part in enumerate(parts):
        site.add(part_target(site.site, base_seq, number), part)
    entries = []
    for from_seq, to_seq, raw in deltas:
        name = delta_target(site.site, from_seq, to_seq)
        site.add(name, raw)
        entries.append(DeltaFile(name, from_seq, to_seq, rows))
    newest = deltas[-1][1] if deltas else base_seq
    plain = manifest_of(base, len(parts), seq=base_seq)
    told = msgspec.structs.replace(
        plain,
        seq=newest,
        created_at=NOW_MS + newest,
        base=msgspec.structs.replace(plain.base, seq=base_seq, created_at=NOW_MS),
        rows=3,
        deltas=entries,
    )
    told = msgspec.structs.replace(told, **manifest)
    site.add(manifest_target(site.site), msgspec.json.encode(told))
    site.add(central_keys_target(site.site), msgspec.json.encode(CentralKeys({"k1": "AAAA"})))
    site.publish()
    return told
