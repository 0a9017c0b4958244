"""python-tuf keeps its time where `sync.trust.set_reference_time` puts it; if it moves, this fails first."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tuf.api.exceptions import ExpiredMetadataError
from tuf.ngclient import Updater
from tuf.ngclient._internal import trusted_metadata_set

from support.published_site import NOW_MS, FolderFetcher, PublishedSite, build_base
from sync.trust import METADATA_PATH, TARGETS_PATH, YEAR_9999_MS, set_reference_time

DAY_MS = 86_400_000


@pytest.fixture
def site(tmp_path: Path) -> PublishedSite:
    site = PublishedSite(tmp_path / "site")
    site.add_snapshot(build_base(tmp_path / "base.db", seq=5).read_bytes(), seq=5)
    site.publish()
    return site


def updater(site: PublishedSite, tmp_path: Path) -> Updater:
    return Updater(
        str(tmp_path / "trusted"),
        METADATA_PATH,
        target_base_url=TARGETS_PATH,
        fetcher=FolderFetcher(site.folder),
        bootstrap=site.root,
    )


@pytest.mark.parametrize("at_ms", [0, NOW_MS, NOW_MS + 364 * DAY_MS])
def test_what_has_not_run_out_by_the_given_time_is_taken(
    site: PublishedSite, tmp_path: Path, at_ms: int
) -> None:
    one = updater(site, tmp_path)
    set_reference_time(one, at_ms)

    one.refresh()

    assert one.get_targetinfo("museum/manifest.json") is not None


@pytest.mark.parametrize("at_ms", [NOW_MS + 366 * DAY_MS, YEAR_9999_MS, 10**30])
def test_what_has_run_out_by_the_given_time_is_refused(
    site: PublishedSite, tmp_path: Path, at_ms: int
) -> None:
    one = updater(site, tmp_path)
    set_reference_time(one, at_ms)

    with pytest.raises(ExpiredMetadataError):
        one.refresh()


def test_the_library_asks_the_system_for_the_time_in_one_line_only() -> None:
    source = inspect.getsource(trusted_metadata_set)

    assert source.count(".now(") == 1
    assert "self.reference_time = datetime.datetime.now(" in source
    assert source.count("is_expired(") == source.count("is_expired(self.reference_time)")


def test_the_given_time_is_utc(site: PublishedSite, tmp_path: Path) -> None:
    one = updater(site, tmp_path)
    set_reference_time(one, NOW_MS)

    assert one._trusted_set.reference_time == datetime.fromtimestamp(NOW_MS // 1000, UTC)
