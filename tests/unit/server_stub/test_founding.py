"""How a central begins."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root

from scanner.core.errors import ConfigError, GateError, InputError, StoreError
from server_stub.central import open_central
from server_stub.founding import Founding, found_central
from server_stub.publishing.repository import load_root_mark
from server_stub.site import load_site, set_policy, set_url
from support.central_site import CentralClock, found
from support.postgres import Postgres


def test_a_central_has_a_site_keys_and_an_empty_repository(tmp_path: Path) -> None:
    with found(tmp_path / "c", CentralClock(), day_cutoff="04:00") as central:
        with central.database.read() as connection:
            site = load_site(connection)

        assert (site.name, site.calendar.zone, site.calendar.day_cutoff) == (
            "museum",
            "Europe/Paris",
            "04:00",
        )
        assert set(central.secrets.peppers) == {site.pepper_id}
        assert load_root_mark(central.folder)[0] == 1


def test_nobody_else_may_read_a_byte_of_it(tmp_path: Path) -> None:
    found(tmp_path / "c", CentralClock()).database.close()
    modes = {
        path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "c", *(tmp_path / "c").rglob("*"))
    }

    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_two_of_three_offline_keys_make_a_root(tmp_path: Path) -> None:
    with found(tmp_path / "c", CentralClock()) as central:
        root = Metadata[Root].from_file(str(central.folder.metadata / "1.root.json"))

        assert root.signed.roles["root"].threshold == 2
        assert len(root.signed.roles["root"].keyids) == 3
        assert len(list(central.folder.root_keys.iterdir())) == 3
        root.verify_delegate("root", root)


def test_every_secret_is_its_own(tmp_path: Path) -> None:
    with found(tmp_path / "a", CentralClock()) as one, found(tmp_path / "b", CentralClock()) as two:
        files = [
            path.read_bytes()
            for central in (one, two)
            for folder in (central.folder.keys, central.folder.root_keys)
            for path in folder.iterdir()
        ]

        assert len(files) == len(set(files))


def test_a_central_is_never_made_over_another_one(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "something").write_text("precious")
    with pytest.raises(ConfigError) as caught:
        found_central(Founding(path=tmp_path / "c", site="museum", zone="UTC"), CentralClock())

    assert caught.value.code == "central_exists"
    assert (tmp_path / "c" / "something").read_text() == "precious"


@pytest.mark.parametrize(
    ("site", "zone", "cutoff"),
    [
        ("Museum", "UTC", "00:00"),
        ("", "UTC", "00:00"),
        ("a/b", "UTC", "00:00"),
        ("-a", "UTC", "00:00"),
        ("museum", "Mars/Olympus", "00:00"),
        ("museum", "UTC", "25:00"),
    ],
)
def test_what_cannot_be_a_site_leaves_nothing_behind(
    tmp_path: Path, site: str, zone: str, cutoff: str
) -> None:
    with pytest.raises(GateError):
        found_central(
            Founding(path=tmp_path / "c", site=site, zone=zone, day_cutoff=cutoff), CentralClock()
        )

    assert list(tmp_path.iterdir()) == []


def test_a_founding_that_breaks_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    wish = Founding(
        path=tmp_path / "c", site="museum", zone="UTC", database_url="sqlite:////nowhere/at/all.db"
    )
    with pytest.raises(StoreError, match="nowhere"):
        found_central(wish, CentralClock())

    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_central_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_central(tmp_path, CentralClock())

    assert caught.value.code == "central_not_founded"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("seal.key", None, "secret_unreadable"),
        ("tickets.pem", b"not a key", "key_unreadable"),
        ("receipts.pem", None, "secret_unreadable"),
    ],
)
def test_a_missing_or_broken_key_shows_at_the_start(
    tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    found(tmp_path / "c", CentralClock()).database.close()
    path = tmp_path / "c" / "keys" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        open_central(tmp_path / "c", CentralClock())

    assert caught.value.code == code
    assert name in caught.value.message


def test_policies_are_kept_only_if_they_can_be_used(tmp_path: Path) -> None:
    with found(tmp_path / "c", CentralClock()) as central:
        with central.database.write() as connection:
            set_policy(connection, "soft_age_s", "7200")
            set_policy(connection, "clock_policy", "action")
            set_url(connection, "https://central.example/")
        with central.database.read() as connection:
            site = load_site(connection)

        assert (site.policy.soft_age_s, site.policy.clock_policy) == (7_200, "action")
        assert site.url == "https://central.example"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("soft_age", "1", "policy_unknown"),
        ("calendar", "x", "policy_unknown"),
        ("soft_age_s", "long", "policy_bad"),
        ("soft_age_s", "-1", "policy_bad"),
        ("clock_policy", "maybe", "policy_bad"),
    ],
)
def test_a_policy_that_cannot_be_is_answered_with_what_can(
    tmp_path: Path, name: str, value: str, code: str
) -> None:
    with (
        found(tmp_path / "c", CentralClock()) as central,
        central.database.write() as connection,
        pytest.raises(InputError) as caught,
    ):
        set_policy(connection, name, value)

    assert caught.value.code == code
    assert caught.value.hint


def test_a_database_that_has_a_central_gets_no_second_one(
    tmp_path: Path, postgres: Postgres
) -> None:
    url = postgres.new_url(empty=True)
    found(tmp_path / "one", CentralClock(), database_url=url).database.close()
    with pytest.raises(ConfigError) as caught:
        found(tmp_path / "two", CentralClock(), database_url=url)

    assert caught.value.code == "database_taken"
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize(
    "url", ["nowhere", "mysql://root@localhost/x", "postgresql+nothing://localhost/x", ""]
)
def test_a_database_that_we_do_not_know_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        found(tmp_path / "c", CentralClock(), database_url=url)

    assert caught.value.code == "database_url_bad"
    assert not (tmp_path / "c").exists()


def test_a_database_that_does_not_answer_is_a_named_fault_without_its_password(
    tmp_path: Path,
) -> None:
    url = f"postgresql+psycopg://ann:s3cret@/x?host={tmp_path}"
    with pytest.raises(StoreError) as caught:
        found(tmp_path / "c", CentralClock(), database_url=url)

    assert caught.value.code == "database_unwritable"
    assert "s3cret" not in str(caught.value)
