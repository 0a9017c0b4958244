"""What a gate believes about a published site, and what it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from scanner.core.errors import CentralError, GateError, StoreError
from support.published_site import NOW_MS, YEAR_MS, FolderFetcher, PublishedSite, build_base
from sync.manifest import BASE_BYTES, BaseFile, manifest_target
from sync.trust import Repository, verify_root

Meddle = Callable[[str, bytes], bytes]


@pytest.fixture
def base(tmp_path: Path) -> bytes:
    return build_base(tmp_path / "base.db", seq=5, grants=400).read_bytes()


@pytest.fixture
def site(tmp_path: Path, base: bytes) -> PublishedSite:
    site = PublishedSite(tmp_path / "site")
    site.add_snapshot(base, seq=5)
    site.publish()
    return site


@pytest.fixture
def visit(tmp_path: Path, site: PublishedSite) -> Callable[..., Repository]:
    """Opens the repository as a gate does, with the metadata of earlier visits."""

    def open_repository(
        meddle: Meddle | None = None, *, at_ms: int = NOW_MS, name: str = "museum"
    ) -> Repository:
        return Repository(
            site=name,
            root=site.root,
            metadata=tmp_path / "tuf",
            parts=tmp_path / "parts",
            fetcher=FolderFetcher(site.folder, meddle),
            at_ms=at_ms,
        )

    return open_repository


Visit = Callable[..., Repository]


def refused(action: Callable[[], object]) -> GateError:
    with pytest.raises(GateError) as caught:
        action()
    return caught.value


def test_manifest_keys_and_parts_come_verified(visit: Visit, base: bytes) -> None:
    repository = visit()

    manifest = repository.fetch_manifest()
    parts = [repository.fetch_part(name) for name in manifest.base.parts]

    assert (manifest.seq, manifest.site) == (5, "museum")
    assert manifest.base.sha256 == hashlib.sha256(base).hexdigest()
    assert len(parts) > 1
    assert sum(repository.part_bytes(name) for name in manifest.base.parts) == sum(
        part.stat().st_size for part in parts
    )
    assert repository.fetch_central_keys().keys == {"k1": "AAAA"}


def test_a_part_that_is_here_is_not_fetched_again(
    tmp_path: Path, site: PublishedSite, visit: Visit
) -> None:
    names = visit().fetch_manifest().base.parts
    visit().fetch_part(names[0])
    line = FolderFetcher(site.folder)
    again = Repository(
        site="museum",
        root=site.root,
        metadata=tmp_path / "tuf",
        parts=tmp_path / "parts",
        fetcher=line,
        at_ms=NOW_MS,
    )

    for name in names:
        again.fetch_part(name)

    assert [name for name in line.fetched if name.endswith(".zst")] == [
        f"{again._find(name, 10**7).hashes['sha256']}.{name.rpartition('/')[2]}"
        for name in names[1:]
    ]


def test_a_part_that_was_cut_off_on_disk_is_fetched_again(visit: Visit) -> None:
    repository = visit()
    name = repository.fetch_manifest().base.parts[0]
    path = repository.fetch_part(name)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])

    assert repository.fetch_part(name).read_bytes() == whole


def meddled(ending: str, change: Callable[[bytes], bytes]) -> Meddle:
    return lambda name, raw: change(raw) if name.endswith(ending) else raw


@pytest.mark.parametrize(
    ("ending", "change", "code"),
    [
        ("timestamp.json", lambda raw: raw[:-20], "snapshot_untrusted"),
        ("timestamp.json", lambda _raw: b"<html>", "snapshot_untrusted"),
        ("timestamp.json", lambda raw: raw + b" " * 20_000, "snapshot_oversize"),
        ("timestamp.json", lambda raw: raw.replace(b'"version":1', b'"version":9'), None),
        ("snapshot.json", lambda raw: raw[:-1], "snapshot_damaged"),
        ("site-museum.json", lambda raw: raw.replace(b"zst", b"zsT"), "snapshot_damaged"),
        ("manifest.json", lambda raw: raw.replace(b"museum", b"MUSEUM"), "snapshot_damaged"),
        ("manifest.json", lambda raw: raw[:50], "snapshot_damaged"),
        ("manifest.json", lambda raw: raw + b" ", "snapshot_oversize"),
    ],
)
def test_what_was_altered_on_its_way_is_refused(
    visit: Visit, ending: str, change: Callable[[bytes], bytes], code: str | None
) -> None:
    fault = refused(lambda: visit(meddled(ending, change)).fetch_manifest())

    assert fault.code == (code or "snapshot_signature_bad")
    assert "old state stays" in fault.message
    assert visit().fetch_manifest().seq == 5


def test_a_part_that_was_cut_off_on_its_way_is_refused(visit: Visit) -> None:
    repository = visit(meddled(".zst", lambda raw: raw[:-1]))
    name = repository.fetch_manifest().base.parts[0]

    assert refused(lambda: repository.fetch_part(name)).code == "snapshot_damaged"


@pytest.mark.fault("attack: a forged answer")
def test_a_site_role_that_somebody_else_signed_is_refused(
    site: PublishedSite, visit: Visit
) -> None:
    site.publish(signer=CryptoSigner.generate_ed25519())

    assert refused(lambda: visit().fetch_manifest()).code == "snapshot_signature_bad"


@pytest.mark.fault("attack: rolled back or frozen")
def test_an_older_publication_is_refused_after_a_newer_one(
    site: PublishedSite, visit: Visit
) -> None:
    site.publish(version=20)
    assert visit().fetch_manifest().seq == 5

    site.publish(version=19)

    assert refused(lambda: visit().fetch_manifest()).code == "snapshot_rolled_back"


@pytest.mark.fault("attack: rolled back or frozen")
def test_a_held_back_publication_is_refused_when_its_signatures_have_run_out(
    visit: Visit,
) -> None:
    fault = refused(lambda: visit(at_ms=NOW_MS + 2 * YEAR_MS).fetch_manifest())

    assert fault.code == "snapshot_expired"


@pytest.mark.fault("attack: another site's snapshot")
def test_another_sites_manifest_is_refused_even_when_it_is_signed(
    site: PublishedSite, visit: Visit, base: bytes
) -> None:
    site.add_snapshot(base, seq=6, site="louvre")
    site.publish()

    assert refused(lambda: visit().fetch_manifest()).code == "snapshot_wrong_site"


@pytest.mark.fault("attack: another site's snapshot")
def test_another_sites_targets_cannot_be_reached(visit: Visit) -> None:
    assert refused(lambda: visit(name="louvre").fetch_manifest()).code == "snapshot_not_published"


@pytest.mark.fault("attack: another site's snapshot")
def test_a_role_cannot_vouch_for_files_of_another_site(site: PublishedSite, visit: Visit) -> None:
    site.add(manifest_target("louvre"), b"{}")
    site.publish()

    assert refused(lambda: visit(name="louvre").fetch_manifest()).code == "snapshot_not_published"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": 2}, "snapshot_format_unknown"),
        (
            {"base": BaseFile(parts=[], bytes=BASE_BYTES + 1, sha256="", rows=1)},
            "snapshot_oversize",
        ),
        ({"base": BaseFile(parts=[], bytes=0, sha256="", rows=0)}, "snapshot_oversize"),
    ],
)
def test_a_manifest_beyond_our_limits_is_refused(
    site: PublishedSite, visit: Visit, base: bytes, changes: dict[str, object], code: str
) -> None:
    site.add_snapshot(base, seq=6, **changes)
    site.publish()

    assert refused(lambda: visit().fetch_manifest()).code == code


def test_a_signed_manifest_that_is_no_manifest_is_refused(
    site: PublishedSite, visit: Visit
) -> None:
    site.add(manifest_target("museum"), b'{"format": 1}')
    site.publish()

    assert refused(lambda: visit().fetch_manifest()).code == "snapshot_file_unreadable"


def test_a_manifest_that_is_too_long_is_not_fetched(site: PublishedSite, visit: Visit) -> None:
    site.add(manifest_target("museum"), b" " * 300_000)
    site.publish()

    assert refused(lambda: visit().fetch_manifest()).code == "snapshot_oversize"


@pytest.mark.fault("attack: a forged root")
def test_a_rotated_root_is_followed_and_a_forged_one_is_not(
    site: PublishedSite, visit: Visit
) -> None:
    site.save_root(2)
    site.publish()
    assert visit().fetch_manifest().seq == 5

    site.save_root(3, signers=site.offline[:1])

    assert refused(lambda: visit().fetch_manifest()).code == "snapshot_signature_bad"


def test_before_the_first_publication_there_is_nothing_to_fetch(tmp_path: Path) -> None:
    site = PublishedSite(tmp_path / "new")
    repository = Repository(
        site="museum",
        root=site.root,
        metadata=tmp_path / "tuf",
        parts=tmp_path / "parts",
        fetcher=FolderFetcher(site.folder),
        at_ms=NOW_MS,
    )

    assert refused(repository.fetch_manifest).code == "snapshot_not_published"


def test_a_disk_that_takes_no_download_is_named(tmp_path: Path, visit: Visit) -> None:
    repository = visit()
    names = repository.fetch_manifest().base.parts
    path = repository.fetch_part(names[0])
    path.unlink()
    path.mkdir()

    with pytest.raises(StoreError) as caught:
        repository.fetch_part(names[0])
    assert caught.value.code == "file_not_written"


def test_only_the_pinned_root_is_taken() -> None:
    pin = hashlib.sha256(b"root").hexdigest()

    assert verify_root(b"root", pin.upper()) == b"root"
    with pytest.raises(CentralError) as caught:
        verify_root(b"other", pin)
    assert caught.value.code == "root_not_pinned"
