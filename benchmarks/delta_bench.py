"""A delta at a gate: what a hundred rows cost on a small base and on a large one (figure 13).

Law: the real cache over real files; both bases are measured by turns in the same minutes, and quoted as a ratio of
medians. No test asserts a time.

Use: `python benchmarks delta`, `python benchmarks/delta_bench.py [--large 1000000]`.

Source: docs/performance.md.
"""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import zstandard
from figures import Figure, show

from sync.cache import Cache
from sync.delta import Delta, Header, Upsert, digest_text, encode_delta, parse_delta, row_digest
from sync.delta_rows import save_meta, state_digest
from sync.manifest import BaseFile, Manifest
from sync.snapshot import FORMAT, schema_sql

ROUNDS = 30
ROWS = 100
SMALL, LARGE = 10_000, 200_000
SITE, PEPPER = "museum", "p1"


def grant(number: int, version: int) -> tuple[int | str | None, ...]:
    """A row of ``access_grant``."""
    return (number, 1, 1, None, None, None, None, None, 0, None, None, None, None, version)


@dataclass
class Gate:
    """A cache with one base of ``grants`` grants, and the central's deltas for it."""

    cache: Cache
    grants: int
    digest: int
    seq: int = 1

    def next_delta(self, dice: Random) -> tuple[Manifest, bytes]:
        """A hundred rights that changed, as they travel."""
        numbers = dice.sample(range(1, self.grants + 1), ROWS)
        pointer = self.cache.current()
        assert pointer is not None
        with closing(sqlite3.connect(self.cache.base_path(pointer))) as base:
            find = "SELECT * FROM access_grant WHERE grant_no = ?"
            before = [base.execute(find, (number,)).fetchone() for number in numbers]
        changes = [Upsert("access_grant", grant(row[0], row[-1] + 1)) for row in before]
        digest = self.digest
        for old, change in zip(before, changes, strict=True):
            digest += row_digest(*change) - row_digest("access_grant", old)
        self.digest = digest % 2**128
        header = Header(
            1,
            SITE,
            self.seq,
            self.seq + 1,
            1,
            PEPPER,
            self.grants,
            ROWS,
            digest_text(self.digest),
        )
        self.seq += 1
        return manifest(self.seq), encode_delta(header, changes)

    def apply_s(self, told: Manifest, raw: bytes) -> float:
        """From the fetched bytes to the pointer on the disk."""
        began = perf_counter()
        delta: Delta = parse_delta(raw)
        self.cache.apply(told, [delta])
        return perf_counter() - began


def manifest(seq: int, base: BaseFile | None = None) -> Manifest:
    """What a publication says."""
    return Manifest(FORMAT, SITE, seq, 1, PEPPER, base or BaseFile([], 1, "", 0))


def new_gate(folder: Path, grants: int) -> Gate:
    """A gate whose base was placed as ever."""
    path = folder / f"{grants}.made"
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("PRAGMA journal_mode = OFF")
        for statement in schema_sql():
            base.execute(statement)
        base.execute("BEGIN")
        marks = ", ".join("?" * 14)
        base.executemany(f"INSERT INTO access_grant VALUES ({marks})", _grants(grants))
        base.execute("INSERT INTO config VALUES ('zone', 'Europe/Paris')")
        digest = state_digest(base)
        save_meta(
            base,
            format=FORMAT,
            site=SITE,
            snapshot_seq=1,
            created_at=1,
            pepper_id=PEPPER,
            grants=grants,
            digest=digest_text(digest),
        )
        base.execute("COMMIT")
    raw = path.read_bytes()
    part = folder / f"{grants}.part"
    part.write_bytes(zstandard.ZstdCompressor(level=1).compress(raw))
    cache = Cache(folder / str(grants))
    told = BaseFile(["part"], len(raw), hashlib.sha256(raw).hexdigest(), grants)
    cache.place(manifest(1, told), [part])
    return Gate(cache, grants, digest)


def _grants(grants: int) -> Iterator[tuple[int | str | None, ...]]:
    return (grant(number, 1) for number in range(1, grants + 1))


def rows(large: int = LARGE) -> list[Figure]:
    """The figures of this file."""
    dice = Random(13)
    with tempfile.TemporaryDirectory() as name:
        gates = [new_gate(Path(name), grants) for grants in (SMALL, large)]
        times: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for gate, taken in zip(gates, times, strict=True):
                taken.append(gate.apply_s(*gate.next_delta(dice)))
    small, big = (median(taken) for taken in times)
    note = f"{small * 1_000:.1f} and {big * 1_000:.1f} ms on {SMALL} and {large} grants"
    what = f"delta of {ROWS} rows on many grants / on {SMALL}"
    return [Figure(13, what, big / small, "x", 2, 1.1, note)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", type=int, default=LARGE)
    show(rows(parser.parse_args().large))
