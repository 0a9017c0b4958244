"""The lane follows the snapshot that sync names, and never loses a good one to a worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.current_base import CurrentBase
from support.snapshots import PEPPER, Site, enrol, place, point, write_base


@pytest.fixture
def bases(tmp_path: Path) -> Iterator[CurrentBase]:
    enrol(tmp_path)
    found = CurrentBase(tmp_path)
    yield found
    found.close()


def seq_of(bases: CurrentBase) -> int | None:
    in_use = bases.follow()
    return None if in_use is None else in_use.base.tables.mark.seq


def test_before_the_first_snapshot_there_is_none(bases: CurrentBase) -> None:
    assert bases.follow() is None
    assert bases.doubts.open_codes == ()


def test_a_new_snapshot_is_used_from_the_next_look_up(bases: CurrentBase, tmp_path: Path) -> None:
    place(tmp_path, Site(seq=1))
    assert seq_of(bases) == 1

    place(tmp_path, Site(seq=2))

    assert seq_of(bases) == 2


def test_nothing_is_opened_again_while_nothing_changes(bases: CurrentBase, tmp_path: Path) -> None:
    place(tmp_path, Site(seq=1))

    assert bases.follow() is bases.follow()


def test_the_base_in_use_may_be_deleted_by_its_owner(bases: CurrentBase, tmp_path: Path) -> None:
    path = place(tmp_path, Site(seq=1))
    in_use = bases.follow()
    path.unlink()

    assert bases.follow() is in_use
    assert in_use is not None
    assert in_use.base.is_known(Site().card_key(b"40012345678901"))


def a_missing_file(folder: Path) -> None:
    point(folder, "2.db", 2)


def no_database(folder: Path) -> None:
    (folder / "2.db").write_bytes(b"not a database" * 500)
    point(folder, "2.db", 2)


def a_cut_off_file(folder: Path) -> None:
    path = write_base(folder / "2.db", Site(seq=2))
    path.write_bytes(path.read_bytes()[:8_192])
    point(folder, "2.db", 2)


def an_empty_file(folder: Path) -> None:
    (folder / "2.db").touch()
    point(folder, "2.db", 2)


def another_sites(folder: Path) -> None:
    place(folder, Site(seq=2, site="club"))


def one_under_another_pepper(folder: Path) -> None:
    place(folder, Site(seq=2, pepper_id="p9"))


def a_pointer_to_nothing(folder: Path) -> None:
    (folder / "current").write_bytes(b"{}")


def a_pointer_out_of_the_folder(folder: Path) -> None:
    write_base(folder.parent / "elsewhere.db", Site(seq=9))
    point(folder, "../elsewhere.db", 9)


BAD = [
    (a_missing_file, "snapshot_not_opened"),
    (no_database, "snapshot_not_opened"),
    (a_cut_off_file, "snapshot_not_opened"),
    (an_empty_file, "snapshot_not_opened"),
    (another_sites, "snapshot_of_another_site"),
    (one_under_another_pepper, "snapshot_pepper_missing"),
    (a_pointer_to_nothing, "snapshot_unusable"),
    (a_pointer_out_of_the_folder, "snapshot_not_opened"),
]


@pytest.mark.parametrize(("spoil", "code"), BAD)
def test_a_worse_snapshot_changes_nothing_and_is_told_once(
    bases: CurrentBase, tmp_path: Path, spoil: Callable[[Path], None], code: str
) -> None:
    place(tmp_path, Site(seq=1))
    assert seq_of(bases) == 1

    spoil(tmp_path)

    assert seq_of(bases) == 1
    assert bases.doubts.open_codes == (code,)


@pytest.mark.parametrize(("spoil", "code"), BAD)
def test_a_gate_that_starts_takes_the_newest_that_can_be_used(
    tmp_path: Path, spoil: Callable[[Path], None], code: str
) -> None:
    folder = tmp_path / "cache"
    enrol(folder)
    place(folder, Site(seq=1))
    spoil(folder)
    bases = CurrentBase(folder)

    assert seq_of(bases) == 1
    assert code in bases.doubts.open_codes
    bases.close()


def test_the_doubt_ends_with_a_good_snapshot(bases: CurrentBase, tmp_path: Path) -> None:
    place(tmp_path, Site(seq=1))
    bases.follow()
    no_database(tmp_path)
    bases.follow()

    place(tmp_path, Site(seq=3))

    assert seq_of(bases) == 3
    assert bases.doubts.open_codes == ()


def test_another_fault_takes_the_place_of_the_one_before(
    bases: CurrentBase, tmp_path: Path
) -> None:
    place(tmp_path, Site(seq=1))
    (tmp_path / "current").write_bytes(b"")
    assert seq_of(bases) == 1
    assert bases.doubts.open_codes == ("snapshot_unusable",)

    a_missing_file(tmp_path)

    assert seq_of(bases) == 1
    assert bases.doubts.open_codes == ("snapshot_not_opened",)


def test_no_pointer_is_no_snapshot(bases: CurrentBase, tmp_path: Path) -> None:
    place(tmp_path, Site(seq=1))
    assert seq_of(bases) == 1

    (tmp_path / "current").unlink()

    assert bases.follow() is None


def test_a_base_that_fails_while_it_is_read_is_given_up_for_the_one_before(
    bases: CurrentBase, tmp_path: Path
) -> None:
    place(tmp_path, Site(seq=1))
    place(tmp_path, Site(seq=2))
    assert seq_of(bases) == 2

    before = bases.give_up(RuntimeError("page 7 is damaged"))

    assert before is not None
    assert before.base.tables.mark.seq == 1
    assert seq_of(bases) == 1
    assert bases.give_up(RuntimeError("page 8 too")) is None
    assert bases.doubts.open_codes == ("snapshot_unusable",)


def test_a_new_pepper_is_taken_up_with_the_papers(bases: CurrentBase, tmp_path: Path) -> None:
    place(tmp_path, Site(seq=1))
    place(tmp_path, Site(seq=2, pepper_id="p2"))
    assert seq_of(bases) == 1

    enrol(tmp_path, p1=PEPPER, p2=b"the new one")

    in_use = bases.follow()
    assert in_use is not None
    assert (in_use.base.tables.mark.seq, in_use.reader.pepper) == (2, b"the new one")


def test_papers_that_cannot_be_read_leave_the_snapshot_in_use(
    bases: CurrentBase, tmp_path: Path
) -> None:
    place(tmp_path, Site(seq=1))
    bases.follow()

    (tmp_path / "device.json").write_bytes(b"{")

    assert seq_of(bases) == 1
    assert bases.device is not None


def test_a_gate_that_is_not_enrolled_uses_no_snapshot(tmp_path: Path) -> None:
    place(tmp_path, Site(seq=1))

    assert CurrentBase(tmp_path).follow() is None
