"""A base at a gate: from the downloaded parts to the lane that works from it (figure 11), and what it weighs (12).

Law: the parts are what the real central published, and are put in place by the real cache; the floor unpacks, hashes,
writes and flushes the very same bytes. Both by turns in the same minutes. No test asserts a time.

Use: `python benchmarks base`, `python benchmarks/base_bench.py [--large 1000000]`.

Source: docs/performance.md.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import zstandard
from big_site import BigSite, big_site
from figures import LARGE, SMALL, Figure, show
from scan_bench import BenchLane

from hardware.virtual_clock import VirtualClock
from sync.cache import Cache

ROUNDS = 5
CHUNK_BYTES = 1024 * 1024


def rows(large: int = LARGE) -> list[Figure]:
    """The figures of this file, at a small site and at a large one."""
    return [*_figures(big_site(SMALL)), *_figures(big_site(large))]


def _figures(site: BigSite) -> list[Figure]:
    ours, floor = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            floor.append(_floor_s(site, Path(folder)))
            ours.append(_live_s(site, Path(folder)))
    at, note = f"{site.grants:,} grants", f"{median(ours):.2f} s / {median(floor):.2f} s"
    ratio = median(ours) / median(floor)
    what = f"base of {at}: downloaded → live / same bytes"
    # a small one is a few flushes and the lane's opening, which no site feels
    small = Figure(None, what, ratio, "x", note=note)
    live = small if site.grants == SMALL else Figure(11, what, ratio, "x", 3, 2, note)
    wire, disk = site.wire_bytes / site.grants, site.manifest.base.bytes / site.grants
    return [
        live,
        Figure(12, f"bytes a grant on the wire, {at}", wire, "B", 70, 50),
        Figure(12, f"bytes a grant in the cache, {at}", disk, "B", 140, 100),
    ]


def _live_s(site: BigSite, folder: Path) -> float:
    """Until a lane that had nothing admits by it, without what opening the lane itself takes."""
    site.enrol(folder)
    lane = BenchLane(folder, list(site.tickets), VirtualClock(site.manifest.created_at + 60_000))
    try:
        began = perf_counter()
        Cache(folder / "cache").place(site.manifest, site.parts)
        lane.admit_next()
        return perf_counter() - began
    finally:
        lane.close()
        shutil.rmtree(folder / "cache")


def _floor_s(site: BigSite, folder: Path) -> float:
    """Unpack, hash, write, flush."""
    began = perf_counter()
    digest, unpacker = hashlib.sha256(), zstandard.ZstdDecompressor().decompressobj()
    with (folder / "floor").open("wb") as file:
        for part in site.parts:
            with part.open("rb") as packed:
                while chunk := packed.read(CHUNK_BYTES):
                    plain = unpacker.decompress(chunk)
                    digest.update(plain)
                    file.write(plain)
        file.flush()
        os.fsync(file.fileno())
    took = perf_counter() - began
    if digest.hexdigest() != site.manifest.base.sha256:
        raise RuntimeError("the floor unpacked something else")
    return took


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", type=int, default=LARGE)
    show(rows(parser.parse_args().large))
