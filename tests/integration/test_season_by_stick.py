"""Gates that never see a network: a season by stick, and every stick that came to harm on its way."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard
from click.testing import CliRunner, Result
from sqlalchemy import select

from scanner.cli import main as gate_main
from scanner.core.errors import GateError
from server_stub.api.forms import CodeKind
from server_stub.central import Central, open_central
from server_stub.cli import main as central_main
from server_stub.gates.devices import release_device, revoke_device
from server_stub.gates.stick import write_stick
from server_stub.store import tables
from support.central_site import CentralClock, museum, rows, sell_annual
from support.disk_words import pieces_of
from support.stick_lane import StickLane, meddled, taken
from support.venue import used_at
from sync import bundle_format
from sync.bundle_format import BundleHead, BundleKind, letter_name, open_bundle, write_bundle
from sync.device_key import load_or_create_signer, load_signer
from sync.letters import take_letter
from sync.peers import open_peers
from sync.stick import open_stick
from sync.wire import Batch, key_id, to_base64
from sync.worker import Worker, only_worker

CODE, EMAIL, HOLDER = "77001234567890123456", "quidam@stick.example", "Quidam Perdu"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A central, two gates that have its snapshot, and a pass that was sold."""
    folder = tmp_path_factory.mktemp("season")
    with museum(folder) as central:
        lanes = [StickLane(central, folder / gate, gate) for gate in ("G1", "G2")]
        for number in range(3):
            sell_annual(
                central, kind=CodeKind.OPAQUE, email=EMAIL, holder=HOLDER, code=f"{CODE}{number}"
            )
        for lane in lanes:
            lane.refuse(1)
        for lane in lanes:
            lane.fetch(folder / "down.tar")
    return folder


class Season:
    """The central, its two lanes, and sticks."""

    def __init__(self, central: Central, folder: Path) -> None:
        self.central = central
        self.folder = folder
        self.lanes = [StickLane(central, folder / gate, gate) for gate in ("G1", "G2")]
        self.sold = [sold_again(central, number) for number in (1, 2, 3)]
        self.up, self.down = folder / "up.bundle", folder / "down.tar"

    def pass_time(self) -> None:
        assert isinstance(self.central.clock, CentralClock)
        self.central.clock.pass_ms(3_600_000)

    def round(self) -> None:
        """Every lane's stick to the central, then one stick back to every lane."""
        for lane in self.lanes:
            lane.send(self.up)
        self.pass_time()
        write_stick(self.central, self.down)
        for lane in self.lanes:
            lane.read(self.down)

    def facts(self) -> int:
        return rows(self.central, tables.fact)


def sold_again(central: Central, credential_no: int) -> Any:
    """What was sold to the template, by its number."""
    with central.database.read() as connection:
        found = select(tables.credential_grant.c.grant_no).where(
            tables.credential_grant.c.credential_no == credential_no
        )
        grant_no = connection.execute(found).scalar_one()
    payload = f"{CODE}{credential_no - 1}"
    return SimpleNamespace(payload=payload, credential_no=credential_no, grant_no=grant_no)


@pytest.fixture
def season(template: Path, tmp_path: Path) -> Iterator[Season]:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    with open_central(tmp_path / "central", CentralClock()) as central:
        yield Season(central, tmp_path)


def everywhere(season: Season, sold: Any) -> set[int]:
    return {used_at(season.central, sold), *(lane.used(sold) for lane in season.lanes)}


def test_a_season_by_stick_counts_the_same_everywhere(season: Season) -> None:
    """Sticks get lost, come twice and come late; one lane records more than a batch."""
    north, south = season.lanes
    one, two, three = season.sold
    north.admit(one)
    assert (north.used(one), south.used(one)) == (1, 0)
    season.round()
    assert everywhere(season, one) == {1}

    south.admit(one)
    south.admit(two)
    north.refuse(600)
    north.write(season.folder / "lost.bundle")
    south.send(season.up)
    shutil.copy(season.up, season.folder / "again.bundle")
    season.pass_time()
    write_stick(season.central, season.folder / "lost.tar")
    assert (used_at(season.central, one), north.used(one)) == (2, 1)

    north.admit(three)
    season.round()
    assert taken(season.central, season.folder / "again.bundle").new == 0
    assert taken(season.central, season.folder / "lost.bundle").new == 0
    season.round()

    assert [everywhere(season, sold) for sold in season.sold] == [{2}, {1}, {1}]
    assert north.write(season.up).first > north.write(season.up).last
    assert season.facts() == 1 + 1 + 1 + 2 + 600 + 1
    for path in (season.up, season.down):
        leaves_no_word(season, path)


def leaves_no_word(season: Season, path: Path) -> None:
    """A found stick tells no code, no name and no address, packed or not."""
    folder = season.folder / f"found-{path.name}"
    folder.mkdir()
    if path.suffix == ".tar":
        with tarfile.open(path) as archive:
            for number, member in enumerate(one for one in archive if one.isfile()):
                content = archive.extractfile(member)
                assert content is not None
                (folder / f"{number}-{Path(member.name).name}").write_bytes(content.read())
    else:
        shutil.copy(path, folder)
    pieces = list(pieces_of(folder))
    assert any(b'"kind":' in piece.content for piece in pieces)
    for secret in (CODE, EMAIL, HOLDER):
        assert [piece.where for piece in pieces if secret.encode() in piece.content] == []


def test_a_round_from_the_command_line(season: Season) -> None:
    north, south = season.lanes
    north.admit(season.sold[0])
    config = season.folder / "gate.toml"
    here = ["--dir", str(season.central.folder.path)]

    def typed(main: Any, lane: StickLane, *words: str) -> Result:
        data = lane.settings
        config.write_text(
            f'[gate]\ndata_dir = "{data.data_dir}"\nruntime_dir = "{data.runtime_dir}"\n'
            '[camera]\nsource = "none"\n[turnstile]\nbackend = "simulated"\n'
        )
        return CliRunner().invoke(main, [*words])

    done = [
        typed(gate_main, north, "bundle", "export", str(season.up), "--config", str(config)),
        typed(central_main, north, "bundle", "import", str(season.up), *here),
        typed(central_main, north, "bundle", "export", str(season.down), *here),
        typed(gate_main, south, "snapshot", "import", str(season.down), "--config", str(config)),
    ]

    assert [one.exit_code for one in done] == [0, 0, 0, 0], [one.output for one in done]
    said = [one.output for one in done]
    assert "rows 1 to 2" in said[0]
    assert "2 new rows of 2, held up to 2" in said[1]
    assert "letters for 2 gates" in said[2]
    assert "1 facts of other lanes" in said[3]
    assert south.used(season.sold[0]) == 1
    full = typed(central_main, north, "bundle", "export", "/dev/full/stick.tar", *here)
    assert (full.exit_code, "[stick_not_written]" in full.output) == (2, True)


# --- sticks to the central --------------------------------------------------------------------


def cut(raw: bytes) -> bytes:
    return raw[: len(raw) * 2 // 3]


def repacked(raw: bytes, change: Callable[[bytes], bytes]) -> bytes:
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    return zstandard.ZstdCompressor().compress(change(plain))


def without_seal(raw: bytes) -> bytes:
    return repacked(raw, lambda plain: b"".join(plain.splitlines(keepends=True)[:-1]))


def without_a_batch(raw: bytes) -> bytes:
    def drop(plain: bytes) -> bytes:
        head, _batch, *rest = plain.splitlines(keepends=True)
        return b"".join([head, *rest])

    return repacked(raw, drop)


def edited(raw: bytes) -> bytes:
    return repacked(raw, lambda plain: plain.replace(b'charged\\":1', b'charged\\":0'))


def flipped(raw: bytes) -> bytes:
    return raw[:-20] + bytes([raw[-20] ^ 1]) + raw[-19:]


def of_a_newer_format(raw: bytes) -> bytes:
    return repacked(raw, lambda plain: plain.replace(b'"format":1', b'"format":9', 1))


@pytest.mark.parametrize(
    ("meddle", "code"),
    [
        (cut, "bundle_cut_off"),
        (without_seal, "bundle_cut_off"),
        (without_a_batch, "bundle_cut_off"),
        (edited, "bundle_signature"),
        (flipped, "bundle_unreadable"),
        (of_a_newer_format, "bundle_unreadable"),
        (
            lambda raw: repacked(raw, lambda plain: plain.replace(b'"museum"', b'"casino"', 1)),
            "bundle_wrong_site",
        ),
        (lambda _raw: b"no bundle at all", "bundle_unreadable"),
        (lambda _raw: b"", "bundle_cut_off"),
        (lambda raw: repacked(raw, lambda _plain: b"x" * 20_000_000), "bundle_too_long"),
    ],
)
def test_a_stick_that_came_to_harm_changes_nothing_and_the_next_one_has_it_all(
    season: Season, meddle: Callable[[bytes], bytes], code: str
) -> None:
    north = season.lanes[0]
    north.admit(season.sold[0])
    north.write(season.up)
    before = season.facts()

    with pytest.raises(GateError) as caught:
        taken(season.central, meddled(season.up, meddle))

    assert (caught.value.code, season.facts()) == (code, before)
    assert taken(season.central, season.up).new == north.send(season.up).replayed == 2


def test_a_bundle_over_its_size_is_not_read(
    season: Season, monkeypatch: pytest.MonkeyPatch
) -> None:
    season.lanes[0].write(season.up)
    monkeypatch.setattr(bundle_format, "BUNDLE_BYTES", 100)
    with pytest.raises(GateError) as caught:
        taken(season.central, season.up)

    assert caught.value.code == "bundle_too_long"


def test_a_letter_is_no_bundle_of_facts_and_a_bundle_no_letter(season: Season) -> None:
    north = season.lanes[0]
    write_stick(season.central, season.down)
    north.write(season.up)
    with open_stick(season.down) as stick:
        letter = stick.open_file(letter_name(north.device.device))
        assert letter is not None
        season.folder.joinpath("letter").write_bytes(letter.read())

    for take in (
        lambda: taken(season.central, season.folder / "letter"),
        lambda: left(north, season.up.read_bytes()),
    ):
        with pytest.raises(GateError) as caught:
            take()
        assert caught.value.code == "bundle_wrong_kind"


def test_a_device_that_is_not_ours_or_lends_another_ones_name_is_refused(season: Season) -> None:
    north, south = season.lanes
    forged = season.folder / "forged.bundle"
    with forged.open("wb") as file:
        signer = load_signer(south.settings.key_path)
        head = BundleHead(1, BundleKind.FACTS, "museum", north.device.device, 0)
        write_bundle(
            file, head, [], lambda text: (key_id(signer.public_key), to_base64(signer.sign(text)))
        )
    foreign = season.folder / "foreign.bundle"
    with foreign.open("wb") as file:
        write_bundle(file, replace_head(head, device="stranger"), [], lambda _text: ("", ""))

    codes = []
    for path in (forged, foreign):
        with pytest.raises(GateError) as caught:
            taken(season.central, path)
        codes.append(caught.value.code)
    assert codes == ["bundle_signature", "bundle_foreign"]


def replace_head(head: BundleHead, **fields: Any) -> BundleHead:
    return BundleHead(**({name: getattr(head, name) for name in head.__struct_fields__} | fields))


def test_the_ledger_of_a_copied_gate_is_found_on_its_stick_too(season: Season) -> None:
    north = season.lanes[0]
    north.send(season.up)
    shutil.copytree(north.folder, season.folder / "copy")
    north.admit(season.sold[0])
    north.send(season.up)
    clone = StickLane(season.central, season.folder / "copy", "G1")
    clone.refuse(1)

    found = clone.send(season.up)

    assert (found.forked, found.new) == (1, 0)
    with season.central.database.read() as connection:
        assert [row.code for row in connection.execute(select(tables.alert))] == ["ledger_forked"]
    assert north.fetch(season.down).state == "quarantined"
    with season.central.database.write() as connection:
        release_device(connection, north.device.device, season.central.clock.now_ms())


def test_a_central_that_was_restored_gets_everything_again_by_its_next_letter(
    season: Season,
) -> None:
    north = season.lanes[0]
    backup = season.folder / "backup.db"
    with closing(sqlite3.connect(season.central.folder.database)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    north.admit(season.sold[0])
    season.round()
    north.admit(season.sold[0])
    north.write(season.up)
    season.central.database.close()
    for side in ("", "-wal", "-shm"):
        (season.central.folder.path / f"central.db{side}").unlink(missing_ok=True)
    shutil.copy(backup, season.central.folder.database)

    with open_central(season.central.folder.path, season.central.clock) as restored:
        assert taken(restored, season.up).has_gap
        north.central = restored
        season.pass_time()
        with pytest.raises(GateError) as caught:
            north.fetch(season.down)
        assert caught.value.code == "letter_leaves_gap"
        found = north.send(season.up)

        assert (found.has_gap, found.new, found.have) == (False, 3, 3)
        season.pass_time()
        assert north.fetch(season.down).have == 3
        assert used_at(restored, season.sold[0]) == north.used(season.sold[0]) == 2


# --- letters to a gate ------------------------------------------------------------------------


def left(lane: StickLane, raw: bytes) -> Any:
    """A letter before the sync of a lane."""
    lane.settings.letter_path.write_bytes(raw)
    peers, _aside = open_peers(lane.settings.peers_path)
    with peers:
        return take_letter(lane.settings, peers)


def letter_for(season: Season, lane: StickLane) -> bytes:
    season.pass_time()
    write_stick(season.central, season.down)
    with open_stick(season.down) as stick:
        letter = stick.open_file(letter_name(lane.device.device))
        assert letter is not None
        return letter.read()


def known_facts(lane: StickLane) -> int:
    peers, _aside = open_peers(lane.settings.peers_path)
    with peers:
        return peers.count_facts()


def test_a_letter_that_is_not_ours_or_was_altered_is_not_used(season: Season) -> None:
    north, south = season.lanes
    north.admit(season.sold[0])
    north.send(season.up)
    to_south, to_north = letter_for(season, south), letter_for(season, north)
    known = known_facts(south)

    codes = []
    for raw in (
        to_north,
        repacked(to_south, lambda p: p.replace(b"SUCCESS", b"FAILURE")),
        cut(to_south),
    ):
        with pytest.raises(GateError) as caught:
            left(south, raw)
        codes.append(caught.value.code)
        assert not south.settings.letter_path.exists()

    assert codes == ["letter_not_ours", "letter_signature_bad", "bundle_cut_off"]
    assert known_facts(south) == known
    assert left(south, to_south).facts == 1
    assert left(south, to_south).facts == 1
    assert known_facts(south) == known + 1


def test_the_facts_of_a_letter_that_leads_on_from_what_was_lost_are_not_used(
    season: Season,
) -> None:
    north, south = season.lanes
    north.admit(season.sold[0])
    north.send(season.up)
    south.fetch(season.down)
    south.send(season.up)
    for path in (*south.settings.peers_dir.iterdir(), *south.settings.cache_dir.glob("*.db*")):
        if path.is_file():
            path.unlink()

    with pytest.raises(GateError) as caught:
        left(south, letter_for(season, south))

    assert caught.value.code == "letter_leaves_gap"
    assert known_facts(south) == 0


def test_a_revoked_gate_erases_itself_by_letter_and_its_facts_still_go_up(season: Season) -> None:
    south = season.lanes[1]
    south.admit(season.sold[0])
    with season.central.database.write() as connection:
        revoke_device(connection, south.device.device, season.central.clock.now_ms())

    letter = south.fetch(season.down)

    assert (letter.state, south.device.is_revoked, south.device.peppers) == ("revoked", True, {})
    assert not list(south.settings.cache_dir.glob("*.db"))
    assert south.send(season.up).new == 2
    with season.central.database.read() as connection:
        reviewed = connection.execute(select(tables.fact.c.is_under_review)).scalars().all()
    assert set(reviewed) == {1}


def test_a_running_sync_takes_the_letter_itself(season: Season) -> None:
    north, south = season.lanes
    north.admit(season.sold[0])
    north.send(season.up)
    write_stick(season.central, season.down)
    settings = replace(south.settings, central_url="http://127.0.0.1:9")

    with Worker.open(settings, south.clock) as worker:
        _fetched, letter = south.read(season.down)
        assert letter is not None
        assert letter.is_waiting
        assert south.settings.letter_path.exists()
        worker.turn()

    assert not south.settings.letter_path.exists()
    assert south.used(season.sold[0]) == 1
    with only_worker(south.settings.peers_dir):
        pass


def test_a_bundle_is_read_as_it_was_sealed_whatever_the_stick_says_later(season: Season) -> None:
    season.lanes[0].write(season.up)
    with season.up.open("rb") as file, open_bundle(file, BundleKind.FACTS) as bundle:
        season.up.write_bytes(b"")
        batches = list(bundle.messages(Batch))

    assert [batch.last_seq for batch in batches] == [1]


def test_a_device_without_a_key_or_papers_writes_no_bundle(season: Season) -> None:
    north = season.lanes[0]
    north.settings.key_path.unlink()
    with pytest.raises(GateError) as keyless:
        north.write(season.up)
    north.settings.device_path.unlink()
    with pytest.raises(GateError) as nameless:
        north.write(season.up)

    codes = (keyless.value.code, nameless.value.code)
    assert codes == ("device_key_missing", "bundle_not_enrolled")
    assert not season.up.exists()
    load_or_create_signer(north.settings.key_path)
