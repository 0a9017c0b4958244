"""A lane beside work: decisions while a large delta comes in (figure 8), and over a season of unsent facts (figure 10).

Law: the real lane over what the real central published; the delta is applied by the real cache in a process of its own,
as sync is one. Quiet and busy are measured by turns in the same minutes. No test asserts a time.

Use: `python benchmarks busy`, `python benchmarks/busy_bench.py [--large 1000000]`.

Source: docs/performance.md.
"""

from __future__ import annotations

import argparse
import select
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
from big_site import DEVICE, BigSite, big_site
from children import child, environment
from figures import LARGE, Figure, percentile, show
from scan_bench import BenchLane, compared

from hardware.virtual_clock import VirtualClock
from sync.cache import Cache
from sync.delta import (
    FORMAT,
    Header,
    Upsert,
    digest_text,
    encode_delta,
    parse_delta,
    parse_digest,
    row_digest,
)
from sync.delta_rows import load_meta
from sync.manifest import Manifest

DELTAS, DELTA_ROWS = 12, 10_000
QUIET_SCANS = 150
"""Before each delta."""
BACKLOG_SCANS = 1_000
US = 1e6


def rows(large: int = LARGE) -> list[Figure]:
    """The figures of this file."""
    site = big_site(large)
    return [*_beside_deltas(site), _with_backlog(site)]


# --- figure 8 -----------------------------------------------------------------------------------


def _beside_deltas(site: BigSite) -> list[Figure]:
    quiet, busy = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = site.new_gate(folder)
        deltas = list(_made_deltas(site, cache, folder))
        with _lane(site, folder) as lane, _applier(folder) as applier:
            for delta in deltas:
                quiet += [lane.admit_next() for _ in range(QUIET_SCANS)]
                applier.begin(delta)
                while not applier.is_done():
                    busy.append(lane.admit_next())
            ended_at = lane.lookups.snapshot
        if ended_at is None or ended_at.seq != deltas[-1].seq:
            raise RuntimeError(f"the deltas lead to {deltas[-1].seq}, the lane is at {ended_at}")
    what = f"while {DELTA_ROWS:,} rows of a delta come in / quiet, {site.grants:,} grants"
    of = f", {len(busy)} and {len(quiet)} scans"
    p99 = [percentile([took * US for took in times], 99) for times in (busy, quiet)]
    p50 = [median(times) * US for times in (busy, quiet)]
    return [
        _noted(compared(8, f"decision p99 {what}", p99[0], p99[1], 1.3, 1.1), of),
        compared(None, f"decision p50 {what}", p50[0], p50[1], 1.3, 1.1),
    ]


def _noted(figure: Figure, more: str) -> Figure:
    return Figure(
        figure.number,
        figure.what,
        figure.value,
        figure.unit,
        figure.must,
        figure.aim,
        figure.note + more,
    )


@dataclass(frozen=True, slots=True)
class _MadeDelta:
    """A delta in a file, and the snapshot that it leads to."""

    path: Path
    seq: int


def _made_deltas(site: BigSite, cache: Cache, folder: Path) -> Iterator[_MadeDelta]:
    """Deltas that lead on from the base, each changing other rights."""
    pointer = cache.current()
    if pointer is None:
        raise RuntimeError("there is no base")
    with closing(sqlite3.connect(cache.base_path(pointer))) as base:
        meta = load_meta(base)
        digest, seq = parse_digest(meta["digest"]), int(meta["snapshot_seq"])
        for number in range(DELTAS):
            first = 1 + number * (site.grants // DELTAS)
            held = base.execute(
                "SELECT * FROM access_grant WHERE grant_no >= ? LIMIT ?", (first, DELTA_ROWS)
            ).fetchall()
            changes = [Upsert("access_grant", (*row[:-1], row[-1] + 1)) for row in held]
            for old, change in zip(held, changes, strict=True):
                digest += row_digest(*change) - row_digest("access_grant", old)
            digest %= 2**128
            header = Header(
                format=FORMAT,
                site=meta["site"],
                from_seq=seq,
                to_seq=seq + 1,
                created_at=int(meta["created_at"]),
                pepper_id=meta["pepper_id"],
                grants=int(meta["grants"]),
                rows=len(changes),
                digest=digest_text(digest),
            )
            seq += 1
            path = folder / f"{seq}.delta"
            path.write_bytes(encode_delta(header, changes))
            _manifest_path(path).write_bytes(
                msgspec.json.encode(msgspec.structs.replace(site.manifest, seq=seq))
            )
            yield _MadeDelta(path, seq)


def _manifest_path(delta: Path) -> Path:
    return delta.with_suffix(".manifest")


class _Applier:
    """The process that puts deltas in place."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, delta: _MadeDelta) -> None:
        """It applies this one from now on."""
        self._say(str(delta.path))

    def is_done(self) -> bool:
        """True once the pointer is on the disk."""
        out = self._process.stdout
        if out is None or not select.select([out], [], [], 0)[0]:
            return False
        if not out.readline():
            raise RuntimeError("the applying process died")
        return True

    def _say(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()


@contextmanager
def _applier(folder: Path) -> Iterator[_Applier]:
    with subprocess.Popen(
        child(__file__, "--apply", str(folder)),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield _Applier(process)


def _apply(folder: Path) -> None:
    """In the applying process."""
    cache = Cache(folder / "cache")
    for line in sys.stdin:
        path = Path(line.strip())
        manifest = msgspec.json.decode(_manifest_path(path).read_bytes(), type=Manifest)
        cache.apply(manifest, [parse_delta(path.read_bytes())])
        print("applied", flush=True)


# --- figure 10 ----------------------------------------------------------------------------------


def _with_backlog(site: BigSite) -> Figure:
    """As many facts that nobody fetched as there are rights."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / which for which in ("empty", "full")]
        for folder in folders:
            site.new_gate(folder)
        site.record_season(folders[1])
        with _lane(site, folders[0]) as empty, _lane(site, folders[1]) as full:
            times = _by_turns([full, empty])
    p50 = [median(taken) * US for taken in times]
    what = f"decision p50 with {site.grants:,} unsent facts / none"
    return compared(10, what, p50[0], p50[1], 1.1, 1.0)


def _by_turns(lanes: Sequence[BenchLane]) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in lanes]
    for _ in range(BACKLOG_SCANS):
        for lane, taken in zip(lanes, times, strict=True):
            taken.append(lane.admit_next())
    return times


@contextmanager
def _lane(site: BigSite, folder: Path) -> Iterator[BenchLane]:
    clock = VirtualClock(site.manifest.created_at + 60_000)
    lane = BenchLane(folder, list(site.tickets), clock, DEVICE)
    try:
        yield lane
    finally:
        lane.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", type=int, default=LARGE)
    parser.add_argument("--apply", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.apply is not None:
        _apply(asked.apply)
    else:
        show(rows(asked.large))
