"""What a gate makes of deltas: all of one or nothing, and the base where they do not fit."""

from __future__ import annotations

import base64
import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scanner.core.errors import GateError
from support.published_site import NOW_MS, FolderFetcher, PublishedSite
from support.signed_deltas import base_with_digest, made_delta, publish_delta
from sync.cache import Cache
from sync.delta import DELTA_BYTES, DELTA_WIRE_BYTES, Change, Tombstone, Upsert, parse_delta
from sync.delta_rows import load_meta, state_digest
from sync.device import Device
from sync.fetching import Fetched, fetch_snapshot
from sync.manifest import Manifest
from sync.settings import SyncSettings

REVOKED = Upsert("revoked", (b"\1" * 8,))
KILLED, FINISHED = 9, 0


@dataclass
class Gate:
    """The files of a gate of a published site."""

    site: PublishedSite
    folder: Path
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = SyncSettings(
            data_dir=self.folder, runtime_dir=self.folder, key_path=self.folder / "device.key"
        )
        self.settings.tuf_dir.mkdir(parents=True)
        self.settings.root_path.write_bytes(self.site.root)
        self.cache = Cache(self.settings.cache_dir)

    def fetch(self, meddle: Callable[[str, bytes], bytes] | None = None) -> Fetched:
        import hashlib

        device = Device(
            device="d1",
            site="museum",
            gate_no=1,
            peppers={"p1": base64.b64encode(b"pepper").decode()},
            central_keys={},
            central_url="",
            root_version=1,
            root_sha256=hashlib.sha256(self.site.root).hexdigest(),
        )
        fetcher = FolderFetcher(self.site.folder, meddle)
        try:
            return fetch_snapshot(fetcher, self.settings, device, NOW_MS)
        finally:
            self.fetched = fetcher.fetched

    @property
    def took_a_base(self) -> bool:
        return any(".base-" in name for name in self.fetched)

    def state(self) -> tuple[str, int]:
        """Which snapshot a lane reads, and how many revocations it has; whole, or this fails."""
        pointer = self.cache.current()
        assert pointer is not None
        uri = f"file:{self.cache.base_path(pointer)}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            meta = load_meta(connection)
            assert meta["digest"] == f"{state_digest(connection):032x}"
            (revoked,) = connection.execute("SELECT count(*) FROM revoked").fetchone()
            return meta["snapshot_seq"], revoked


@pytest.fixture
def base(tmp_path: Path) -> bytes:
    return base_with_digest(tmp_path, seq=5)


@pytest.fixture
def site(tmp_path: Path, base: bytes) -> PublishedSite:
    site = PublishedSite(tmp_path / "site")
    publish_delta(site, base, [], base_seq=5)
    return site


@pytest.fixture
def gate(site: PublishedSite, tmp_path: Path) -> Gate:
    """A gate at snapshot 5."""
    gate = Gate(site, tmp_path / "gate")
    gate.fetch()
    return gate


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(GateError) as caught:
        action()
    return caught.value.code


def test_a_delta_changes_the_base_in_use_and_the_pointer_follows(
    gate: Gate, site: PublishedSite, base: bytes
) -> None:
    delta = made_delta(base, [REVOKED], from_seq=5, to_seq=6)
    publish_delta(site, base, [(5, 6, delta)], base_seq=5)

    fetched = gate.fetch()

    assert (fetched.seq, fetched.is_new, gate.took_a_base) == (6, True, False)
    assert gate.state() == ("6", 1)
    pointer = gate.cache.current()
    assert pointer is not None
    assert (pointer.file, pointer.seq, pointer.created_at) == ("5.db", 6, NOW_MS + 6)
    assert gate.cache.kept() == [5]
    assert not gate.fetch().is_new


def test_a_gate_that_is_a_few_behind_takes_them_in_one_go(
    gate: Gate, site: PublishedSite, base: bytes
) -> None:
    first = made_delta(base, [REVOKED], from_seq=5, to_seq=6)
    more = [REVOKED, Upsert("revoked", (b"\2" * 8,))]
    second = made_delta(base, more, from_seq=6, to_seq=9)
    publish_delta(site, base, [(5, 6, first), (6, 9, second)], base_seq=5)

    gate.fetch()

    assert gate.state() == ("9", 2)
    assert not gate.took_a_base


def test_a_gap_is_closed_by_the_base(gate: Gate, site: PublishedSite, base: bytes) -> None:
    delta = made_delta(base, [REVOKED], from_seq=6, to_seq=7)
    newer = base_with_digest(site.folder, seq=6)
    publish_delta(site, newer, [(6, 7, delta)], base_seq=6)

    gate.fetch()

    assert gate.took_a_base
    assert gate.state() == ("7", 1)
    assert gate.cache.kept() == [7, 5]


@pytest.mark.fault("gate: a row of the cache edited by hand")
def test_a_gate_that_drifted_finds_out_and_takes_the_base(
    gate: Gate, site: PublishedSite, base: bytes
) -> None:
    with closing(sqlite3.connect(gate.settings.cache_dir / "5.db")) as connection:
        connection.execute("UPDATE access_grant SET seat = 'forged' WHERE grant_no = 2")
        connection.commit()
    row = (2, 1, 1, None, None, None, None, None, 0, None, None, "A-2", None, 2)
    delta = made_delta(base, [Upsert("access_grant", row)], from_seq=5, to_seq=6)
    publish_delta(site, base, [(5, 6, delta)], base_seq=5)

    gate.fetch()

    assert gate.took_a_base
    assert gate.state() == ("6", 0)


def of_another_site(base: bytes) -> bytes:
    return made_delta(base, [REVOKED], from_seq=5, to_seq=6, site="club")


def of_another_pepper(base: bytes) -> bytes:
    return made_delta(base, [REVOKED], from_seq=5, to_seq=6, pepper_id="p9")


def to_another_snapshot(base: bytes) -> bytes:
    return made_delta(base, [REVOKED], from_seq=5, to_seq=8)


def of_another_format(base: bytes) -> bytes:
    return made_delta(base, [REVOKED], from_seq=5, to_seq=6, format=2)


def with_another_sum(base: bytes) -> bytes:
    return made_delta(base, [REVOKED], from_seq=5, to_seq=6, digest="0" * 32)


def no_delta_at_all(_base: bytes) -> bytes:
    return b"\0" * 100


def a_zip_bomb(_base: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor().compress(bytes(DELTA_BYTES + 1))


@pytest.mark.parametrize(
    "spoilt",
    [
        of_another_site,
        of_another_pepper,
        to_another_snapshot,
        of_another_format,
        with_another_sum,
        no_delta_at_all,
        a_zip_bomb,
    ],
)
def test_a_signed_delta_that_does_not_fit_is_never_used_and_a_newer_base_mends_it(
    gate: Gate, site: PublishedSite, base: bytes, spoilt: Callable[[bytes], bytes]
) -> None:
    newer = base_with_digest(site.folder, seq=6)
    publish_delta(site, newer, [(5, 6, spoilt(base))], base_seq=6)

    gate.fetch()

    assert gate.took_a_base
    assert gate.state() == ("6", 0)


@pytest.mark.parametrize("spoilt", [of_another_site, with_another_sum, no_delta_at_all])
def test_where_the_base_needs_that_delta_too_the_old_state_stays(
    gate: Gate, site: PublishedSite, base: bytes, spoilt: Callable[[bytes], bytes]
) -> None:
    publish_delta(site, base, [(5, 6, spoilt(base))], base_seq=5)

    code = refused(gate.fetch)

    assert code in {"delta_out_of_place", "delta_digest_wrong", "delta_unreadable"}
    assert gate.state() == ("5", 0)
    assert sorted(path.name for path in gate.settings.cache_dir.glob("*.db")) == ["5.db"]


UNREADABLE: list[list[Change]] = [
    [Upsert("access_grant", (2, 1, 1, None, "x", None, None, None, 0, None, None, None, None, 2))],
    [Upsert("rule", (1, '{"max_total":0}', 1))],
    [Upsert("type", (1, 7, "no rule", None, None, 1))],
    [Upsert("tally", (2, 1, "{"))],
    [Upsert("event", (1, "x", 1, 2, 1, 2, None, "perhaps", 1))],
    [Tombstone("config", ("zone",), None)],
]


@pytest.mark.parametrize("changes", UNREADABLE)
def test_what_a_lane_could_not_read_is_refused_before_it_is_lost_to_it(
    gate: Gate, site: PublishedSite, base: bytes, changes: list[Change]
) -> None:
    publish_delta(site, base, [(5, 6, made_delta(base, changes, from_seq=5, to_seq=6))], base_seq=5)

    assert refused(gate.fetch) == "delta_rows_wrong"
    assert gate.state() == ("5", 0)


def test_a_row_that_its_table_does_not_take_changes_nothing(
    gate: Gate, site: PublishedSite, base: bytes
) -> None:
    rows: list[Change] = [REVOKED, Upsert("zone", (1, "hall", 1))]
    raw = made_delta(base, rows, from_seq=5, to_seq=6)
    odd = parse_delta(raw)
    odd = odd._replace(changes=(REVOKED, Upsert("zone", (1, None, 1))))

    assert refused(lambda: gate.cache.apply(_manifest(6), [odd])) == "delta_not_applied"
    assert gate.state() == ("5", 0)


def _manifest(seq: int) -> Manifest:
    from support.published_site import manifest_of

    return manifest_of(b"", 0, seq=seq)


@pytest.mark.fault("attack: a snapshot altered on its way")
def test_a_delta_that_was_altered_on_the_way_is_refused(
    gate: Gate, site: PublishedSite, base: bytes
) -> None:
    delta = made_delta(base, [REVOKED], from_seq=5, to_seq=6)
    publish_delta(site, base, [(5, 6, delta)], base_seq=5)

    def altered(name: str, raw: bytes) -> bytes:
        return raw[:-1] + bytes([raw[-1] ^ 1]) if ".delta-" in name else raw

    assert refused(lambda: gate.fetch(altered)) == "snapshot_damaged"
    assert gate.state() == ("5", 0)
    gate.fetch()
    assert gate.state() == ("6", 1)


def test_a_delta_that_is_too_long_is_not_fetched(
    gate: Gate, site: PublishedSite, base: bytes
) -> None:
    publish_delta(site, base, [(5, 6, os.urandom(DELTA_WIRE_BYTES + 1))], base_seq=5)

    assert refused(gate.fetch) == "snapshot_oversize"
    assert not any(".delta-" in name for name in gate.fetched)


@pytest.mark.parametrize(("rows", "is_base"), [(1_000, False), (1_001, True)])
def test_many_rows_are_left_to_the_base(
    gate: Gate, site: PublishedSite, base: bytes, rows: int, *, is_base: bool
) -> None:
    delta = made_delta(base, [REVOKED], from_seq=5, to_seq=6)
    newer = base_with_digest(site.folder, seq=6)
    publish_delta(site, newer, [(5, 6, delta)], base_seq=6, rows=rows)

    gate.fetch()

    assert gate.took_a_base == is_base


def test_a_crash_between_the_delta_and_the_pointer_is_settled(
    gate: Gate, site: PublishedSite, base: bytes
) -> None:
    before = gate.cache.pointer_path.read_bytes()
    delta = made_delta(base, [REVOKED], from_seq=5, to_seq=6)
    publish_delta(site, base, [(5, 6, delta)], base_seq=5)
    gate.fetch()
    gate.cache.pointer_path.write_bytes(before)

    fetched = gate.fetch()

    assert not fetched.is_new
    pointer = gate.cache.current()
    assert pointer is not None
    assert pointer.seq == 6


def apply_and_die(gate: Gate, delta: bytes, at: int) -> int:
    """Apply in a child that ends at its ``at``-th call of any function. Returns its exit code."""
    child = os.fork()
    if child == 0:
        left = at

        def count_down(*_arguments: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(KILLED)

        with contextlib.suppress(BaseException):
            parsed = [parse_delta(delta)]
            sys.setprofile(count_down)
            gate.cache.apply(_manifest(6), parsed)
            os._exit(FINISHED)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.fault("kill -9 while a delta is applied")
def test_killed_anywhere_while_it_applies_a_gate_has_all_of_a_delta_or_nothing(
    gate: Gate, base: bytes
) -> None:
    changes = [Upsert("revoked", (bytes([n]) * 8,)) for n in range(40)]
    delta = made_delta(base, changes, from_seq=5, to_seq=6)
    seen, at = [("5", 0)], 1

    while seen[-1][0] == "5":
        code = apply_and_die(gate, delta, at)
        assert code in {KILLED, FINISHED}
        seen.append(gate.state())
        at = at * 5 // 4 + 1

    assert len(seen) > 20
    assert set(seen) == {("5", 0), ("6", 40)}
    pointer = gate.cache.settle()
    assert pointer is not None
    assert pointer.seq == 6
