"""Bases that the real cache puts in place, one after another, under a lane that asks all the while."""

from __future__ import annotations

import threading
from pathlib import Path

from scanner.current_base import CurrentBase
from support.published_site import cut_into_parts, manifest_of
from support.snapshots import CARD, Site, enrol, write_base
from sync.cache import Cache
from sync.manifest import Manifest

KEY = Site().card_key(CARD)
FIRST, LAST = 100, 120


def offered(folder: Path, seq: int) -> tuple[Manifest, list[Path]]:
    site = Site(seq=seq)
    raw = write_base(folder / f"made-{seq}", site).read_bytes()
    parts = [folder / f"{seq}-{number}" for number, _ in enumerate(cut_into_parts(raw))]
    for part, piece in zip(parts, cut_into_parts(raw), strict=True):
        part.write_bytes(piece)
    named = {"pepper_id": site.pepper_id, "created_at": site.mark.created_at}
    return manifest_of(raw, len(parts), seq=seq, site=site.site, **named), parts


def seen(bases: CurrentBase) -> int:
    """The snapshot by which the card was found."""
    in_use = bases.follow()
    assert in_use is not None
    with bases.moment(in_use) as (base, _reader, _gate):
        assert len(list(base.grant_rows(KEY))) == 1
        return base.tables.mark.seq


def test_look_ups_beside_bases_that_are_put_in_place_find_the_card_every_time(
    tmp_path: Path,
) -> None:
    cache = Cache(tmp_path / "cache")
    offers = [offered(tmp_path, seq) for seq in range(FIRST, LAST + 1)]
    cache.place(*offers[0])
    enrol(cache.folder)
    bases = CurrentBase(cache.folder)

    looked = threading.Event()

    def put_in_place() -> None:
        for offer in offers[1:]:
            looked.clear()
            assert looked.wait(10)
            cache.place(*offer)

    writer = threading.Thread(target=put_in_place)
    writer.start()
    found = [seen(bases)]
    while writer.is_alive():
        found.append(seen(bases))
        looked.set()
    writer.join()
    found.append(seen(bases))
    bases.close()

    assert found == sorted(found)
    assert (found[0], found[-1]) == (FIRST, LAST)
    assert len(set(found)) > 2, "nobody asked while a base was put in place"
    assert bases.doubts.open_codes == ()
