"""`portillon snapshot`: brought on a stick, held for a yes, gone back from, compared."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete

from scanner.cli import main
from scanner.core.override import Role
from server_stub.api.forms import OperatorForm
from server_stub.central import Central
from server_stub.gates.operators import set_operator
from server_stub.publishing.mirror import MIRROR_FILE
from server_stub.publishing.publisher import Publication, publish
from server_stub.store import tables
from server_stub.store.changes import note_rights_changed
from support.central_site import CentralClock, museum, sell_annual
from support.stick_gate import StickGate

SOLD = 4


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A central that sold four passes, and a gate that knows them."""
    folder = tmp_path_factory.mktemp("verbs")
    with museum(folder) as central:
        for _ in range(SOLD):
            sell_annual(central)
        publish(central)
    return folder


class Visit:
    """A central, a gate, and the gate's command line."""

    def __init__(self, central: Central, folder: Path) -> None:
        self.central = central
        self.folder = folder
        self.gate = StickGate(central, folder / "gate")
        self.config = folder / "gate.toml"
        self.config.write_text(
            f'[gate]\ndata_dir = "{folder / "gate"}"\nruntime_dir = "{folder / "run"}"\n'
            '[camera]\nsource = "none"\n[turnstile]\nbackend = "simulated"\n'
        )

    def run(self, *words: str, typed: str = "") -> Result:
        line = ["snapshot", *words, "--config", str(self.config)]
        return CliRunner().invoke(main, line, input=typed)

    def told(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*words, "--json").output)
        return found

    def publish(self) -> Publication:
        assert isinstance(self.central.clock, CentralClock)
        self.central.clock.pass_ms(1_000)
        return publish(self.central)

    def publish_base(self) -> Publication:
        """By a base of everything, as after a crash."""
        (self.central.folder.path / MIRROR_FILE).unlink()
        return self.publish()

    def lose_passes(self, leave: int) -> Publication:
        """A central that forgot its customers."""
        with self.central.database.write() as connection:
            for table in (tables.ticket, tables.credential_grant, tables.access_grant):
                connection.execute(delete(table).where(table.c.grant_no > leave))
            note_rights_changed(connection)
        return self.publish()

    def grants(self) -> int:
        return len(self.gate.tables()["access_grant"])


@pytest.fixture
def visit(template: Path, tmp_path: Path) -> Iterator[Visit]:
    from server_stub.central import open_central

    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    with open_central(tmp_path / "central", CentralClock()) as central:
        yield Visit(central, tmp_path)


def as_folder(visit: Visit) -> Path:
    return visit.central.folder.path / "repository"


def as_folder_above(visit: Visit) -> Path:
    return visit.central.folder.path


def as_tar(visit: Visit) -> Path:
    path = visit.folder / "stick.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(as_folder(visit), "stick/repository")
    return path


def as_zip(visit: Visit) -> Path:
    path = visit.folder / "stick.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(as_folder(visit).rglob("*")):
            archive.write(file, str(file.relative_to(as_folder(visit))))
    return path


@pytest.mark.parametrize("stick", [as_folder, as_folder_above, as_tar, as_zip])
def test_a_snapshot_comes_on_a_stick(visit: Visit, stick: Callable[[Visit], Path]) -> None:
    done = visit.run("import", str(stick(visit)))

    assert done.exit_code == 0, done.output
    assert "is in use" in done.output
    assert visit.grants() == SOLD
    assert "as before" in visit.run("import", str(stick(visit))).output


def test_an_older_stick_is_refused(visit: Visit) -> None:
    old = as_tar(visit)
    visit.publish()
    visit.run("import", str(as_folder(visit)))

    done = visit.run("import", str(old))

    assert done.exit_code == 2
    assert "[snapshot_rolled_back]" in done.output


def junk(folder: Path) -> None:
    folder.write_bytes(b"no archive at all" * 100)


def an_empty_folder(folder: Path) -> None:
    folder.mkdir()


def another_archive(folder: Path) -> None:
    with zipfile.ZipFile(folder, "w") as archive:
        archive.writestr("readme.txt", "nothing")


def a_compressed_tar(folder: Path) -> None:
    with tarfile.open(folder, "w:gz") as archive:
        archive.add(__file__, "metadata/timestamp.json")


@pytest.mark.parametrize("make", [junk, an_empty_folder, another_archive, a_compressed_tar])
def test_what_is_no_repository_is_refused_by_name(
    visit: Visit, make: Callable[[Path], None]
) -> None:
    make(visit.folder / "stick")

    done = visit.run("import", str(visit.folder / "stick"))

    assert done.exit_code == 2
    assert "[import_unreadable]" in done.output


def test_a_device_that_is_not_enrolled_takes_no_stick(visit: Visit) -> None:
    visit.gate.settings.device_path.unlink()

    done = visit.run("import", str(as_folder(visit)))

    assert done.exit_code == 2
    assert "[import_not_enrolled]" in done.output


def test_the_keys_of_a_stick_are_kept(visit: Visit) -> None:
    from sync.device import load_device

    visit.run("import", str(as_folder(visit)))
    device = load_device(visit.gate.settings.device_path)

    assert device is not None
    assert set(device.central_keys) == {visit.central.secrets.receipts.kid}


def test_a_snapshot_that_lost_most_of_its_rights_waits_for_a_yes(visit: Visit) -> None:
    visit.gate.fetch()
    lost = visit.lose_passes(leave=1)

    held = visit.run("import", str(as_folder(visit)))
    status = visit.told("status")

    assert held.exit_code == 1
    assert "[snapshot_shrunk]" in held.output
    assert (status["held"]["seq"], status["held"]["rows"], status["held"]["rows_before"]) == (
        lost.seq,
        1,
        SOLD,
    )
    assert "[snapshot_shrunk]" in visit.run("status").output
    assert visit.run("status").exit_code == 1
    assert visit.grants() == SOLD

    assert visit.run("accept").exit_code == 0
    visit.publish()
    visit.run("import", str(as_folder(visit)))

    assert visit.grants() == 1
    assert visit.told("status")["held"] is None


def test_a_yes_counts_for_no_more_than_it_was_asked(visit: Visit) -> None:
    visit.gate.fetch()
    visit.lose_passes(leave=1)
    visit.gate.fetch()
    visit.run("accept")
    visit.lose_passes(leave=0)

    assert visit.gate.fetch().held is not None
    assert visit.grants() == SOLD
    assert visit.told("status")["held"]["rows"] == 0


def test_a_snapshot_that_came_back_to_its_size_needs_no_yes(visit: Visit) -> None:
    visit.gate.fetch()
    visit.lose_passes(leave=1)
    visit.gate.fetch()
    for _ in range(SOLD):
        sell_annual(visit.central)
    visit.publish()

    assert visit.gate.fetch().held is None
    assert visit.told("status")["held"] is None
    assert visit.grants() == SOLD + 1


def test_a_half_lost_is_not_yet_suspicious(visit: Visit) -> None:
    visit.gate.fetch()
    visit.lose_passes(leave=SOLD // 2)

    assert visit.gate.fetch().is_new


def test_a_person_goes_back_and_nothing_newer_comes_before_a_yes(visit: Visit) -> None:
    visit.gate.fetch()
    first = visit.told("status")["seq"]
    sell_annual(visit.central)
    bad = visit.publish_base()
    visit.gate.fetch()
    assert visit.grants() == SOLD + 1

    done = visit.run("rollback", "--yes")
    status = visit.told("status")

    assert done.exit_code == 0, done.output
    assert (status["seq"], status["held"]["why"]) == (first, "gone_back")
    assert visit.grants() == SOLD
    sell_annual(visit.central)
    visit.publish()
    assert visit.gate.fetch().held is not None
    assert visit.grants() == SOLD

    visit.run("accept")
    newest = visit.publish()
    visit.gate.fetch()
    assert visit.grants() == SOLD + 2
    assert visit.told("status")["seq"] == newest.seq > bad.seq


def test_what_somebody_went_back_from_is_nothing_to_go_back_to(visit: Visit) -> None:
    visit.gate.fetch()
    first = visit.told("status")["seq"]
    bad = visit.publish_base()
    visit.gate.fetch()
    visit.run("rollback", "--yes")
    visit.run("accept")
    visit.publish_base()
    visit.gate.fetch()

    assert bad.seq not in visit.told("status")["kept"]
    visit.run("rollback", "--yes")
    assert visit.told("status")["seq"] == first


def test_nobody_goes_back_by_mistake(visit: Visit) -> None:
    visit.gate.fetch()
    newest = visit.publish_base()
    visit.gate.fetch()

    assert visit.run("rollback").exit_code == 1
    assert visit.told("status")["seq"] == newest.seq


@pytest.mark.parametrize("who", ["Ada", "Tea"])
def test_where_a_site_has_staff_who_may_goes_back_and_the_hold_says_who(
    visit: Visit, who: str
) -> None:
    with visit.central.database.write() as connection:
        for name, role in (("Ada", "supervisor"), ("Bob", "operator"), ("Tea", "technician")):
            set_operator(connection, OperatorForm(name=name, role=Role(role), pin="2580"))
    visit.publish()
    visit.gate.fetch()
    newest = visit.publish_base()
    visit.gate.fetch()

    assert "[supervisor_needed]" in visit.run("rollback", "--yes").output
    for name, pin in (("Ada", "2581"), ("Bob", "2580"), ("Cyd", "")):
        refused = visit.run("rollback", "--yes", "--operator", name, typed=pin)
        assert "[supervisor_pin_wrong]" in refused.output, name
    assert visit.told("status")["seq"] == newest.seq
    done = visit.run("rollback", "--operator", who, typed="y\n2580\n")

    assert done.exit_code == 0, done.output
    assert visit.told("status")["held"]["by"] == who
    assert visit.told("status")["seq"] < newest.seq


@pytest.mark.parametrize("verb", ["rollback", "diff"])
def test_without_a_base_before_there_is_nothing_to_go_back_to(visit: Visit, verb: str) -> None:
    assert "[no_base_before]" in visit.run(verb).output
    visit.gate.fetch()

    done = visit.run(verb)

    assert done.exit_code == 2
    assert "[no_base_before]" in done.output


def test_without_anything_held_there_is_nothing_to_say_yes_to(visit: Visit) -> None:
    done = visit.run("accept")

    assert done.exit_code == 2
    assert "[nothing_held]" in done.output


def test_the_difference_is_told_by_table(visit: Visit) -> None:
    visit.gate.fetch()
    sell_annual(visit.central)
    visit.publish_base()
    visit.gate.fetch()

    told = visit.told("diff")

    assert told["tables"] == [
        {"table": "access_grant", "written": 1, "gone": 0},
        {"table": "credential", "written": 1, "gone": 0},
    ]
    assert "credential" in visit.run("diff").output


def test_nobody_writes_while_another_does(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.cache.TURN_LOOK_S", 0.01)
    cache = visit.gate.cache
    with (
        cache.turn(),
        pytest.raises(Exception, match="another process") as caught,
        cache.turn(0.02),
    ):
        pass
    assert getattr(caught.value, "code", "") == "cache_in_use"
