"""The drills of docs/operations.md, "Keys": a gate follows every rotation, and no single root key is believed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from scanner.core.errors import GateError
from server_stub.central import Central, open_central
from server_stub.cli import main
from server_stub.commands.keys_command import keys
from server_stub.publishing.keys import create_signer, load_signer
from server_stub.publishing.publisher import publish
from support.central_site import CentralClock, museum, sell_annual
from support.checkout import ROOT
from support.stick_gate import StickGate
from sync.clock_proof import is_signed_by
from sync.device import save_device
from sync.wire import to_base64


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drills")
    with museum(folder) as central:
        sell_annual(central)
        publish(central)
    return folder


class Drill:
    """A central whose root keys were taken away, a gate that knows it from before, and somebody at the terminal."""

    def __init__(self, central: Central, folder: Path) -> None:
        self.central = central
        self.folder = folder
        self.gate = StickGate(central, folder / "gate")
        self.gate.fetch()
        self.places = [folder / f"safe-{number}.pem" for number in (1, 2, 3)]
        for number, place in enumerate(self.places, 1):
            central.folder.root_key(number).rename(place)

    def type(self, *words: str) -> Result:
        words = ("keys", *words, "--dir", str(self.central.folder.path))
        return CliRunner().invoke(main, words)

    def done(self, *words: str) -> dict[str, Any]:
        result = self.type(*words, "--json")
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.output)
        return found

    def ids(self, role: str) -> list[str]:
        found: Any = self.done("status")
        return [one["key"] for one in found if one["role"] == role]

    def two(self, *places: Path) -> list[str]:
        return [word for place in places or self.places[:2] for word in ("--root-key", str(place))]

    def follows(self) -> bool:
        """True when the gate takes the next publication, and believes it by the keys that are known from now on."""
        self._pass_time()
        newest = publish(self.central).seq
        fetched = self.gate.fetch()
        self.gate.device = fetched.device
        save_device(self.gate.settings.device_path, fetched.device)
        return fetched.seq == newest

    def _pass_time(self) -> None:
        assert isinstance(self.central.clock, CentralClock)
        # commands work by the machine's clock
        self.central.clock.now = max(self.central.clock.now, self._newest_ms()) + 5_000

    def _newest_ms(self) -> int:
        timestamp = json.loads((self.central.folder.metadata / "timestamp.json").read_text())
        return int(timestamp["signed"]["version"]) * 1_000

    def reopen(self) -> None:
        """The server is restarted."""
        self.central.database.close()
        self.central = open_central(self.central.folder.path, self.central.clock)
        self.gate.central = self.central


@pytest.fixture
def drill(template: Path, tmp_path: Path) -> Iterator[Drill]:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    with open_central(tmp_path / "central", CentralClock()) as central:
        made = Drill(central, tmp_path)
        yield made
        made.central.database.close()


def test_a_gate_follows_new_root_keys_and_the_old_ones_are_worthless(drill: Drill) -> None:
    before = drill.ids("root")
    new = drill.folder / "new"

    assert drill.done("rotate-root", *drill.two(), "--new-dir", str(new)) == {"version": 2}

    assert set(drill.ids("root")).isdisjoint(before)
    assert drill.follows()
    refused = drill.type("rotate-root", *drill.two(), "--new-dir", str(drill.folder / "newer"))
    assert (refused.exit_code, "[root_keys_too_few]" in refused.output) == (2, True)
    assert not (drill.folder / "newer").exists()
    again = drill.two(new / "root-1.pem", new / "root-3.pem")
    assert drill.done("rotate-online", "timestamp", *again) == {"version": 3}
    assert drill.follows()


@pytest.mark.parametrize("given", [["1"], ["1", "1"], ["1", "stranger"]])
def test_one_root_key_is_not_enough(drill: Drill, given: list[str]) -> None:
    create_signer(drill.folder / "safe-stranger.pem")
    places = [drill.folder / f"safe-{name}.pem" for name in given]

    result = drill.type("rotate-root", *drill.two(*places), "--new-dir", str(drill.folder / "new"))

    assert (result.exit_code, "[root_keys_too_few]" in result.output) == (2, True)
    assert not (drill.central.folder.metadata / "2.root.json").exists()
    assert drill.follows()


def test_a_gate_refuses_a_root_that_one_key_signed(drill: Drill) -> None:
    path = drill.central.folder.metadata / "1.root.json"
    forged = Metadata[Root].from_file(str(path))
    thief = CryptoSigner(load_signer(drill.places[0]).private)
    forged.signed.version = 2
    for number in (2, 3):
        keyid = CryptoSigner(load_signer(drill.places[number - 1]).private).public_key.keyid
        forged.signed.revoke_key(keyid, "root")
    forged.signed.roles["root"].threshold = 1
    forged.signatures.clear()
    forged.sign(thief)
    forged.to_file(str(path.with_name("2.root.json")))

    with pytest.raises(GateError) as caught:
        drill.follows()

    assert caught.value.code == "snapshot_signature_bad"
    assert drill.gate.cache.current() is not None


def test_a_key_is_never_written_over_another(drill: Drill) -> None:
    create_signer(drill.folder / "root-2.pem")

    result = drill.type("rotate-root", *drill.two(), "--new-dir", str(drill.folder))

    assert (result.exit_code, "[root_keys_exist]" in result.output) == (2, True)


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_gate_follows_a_new_online_key_at_once_and_later(drill: Drill, role: str) -> None:
    before = drill.ids(role)

    assert drill.done("rotate-online", role, *drill.two()) == {"version": 2}

    assert set(drill.ids(role)).isdisjoint(before)
    assert not drill.gate.fetch().is_new
    assert drill.follows()
    assert drill.follows()


def test_a_gate_follows_a_new_key_of_the_site_without_any_root_key(drill: Drill) -> None:
    before = drill.ids("site")

    drill.done("rotate-site")

    assert set(drill.ids("site")).isdisjoint(before)
    assert not drill.gate.fetch().is_new
    assert drill.follows()


def test_a_gate_knows_the_next_receipts_key_before_it_signs(drill: Drill) -> None:
    old = drill.central.secrets.receipts.kid
    refused = drill.type("rotate-receipts", "--switch")
    assert (refused.exit_code, "[receipts_not_announced]" in refused.output) == (2, True)

    kid = drill.done("rotate-receipts")["kid"]
    assert drill.done("rotate-receipts")["kid"] == kid
    assert drill.follows()
    assert set(drill.gate.device.central_keys) == {old, kid}

    assert drill.done("rotate-receipts", "--switch")["kid"] == kid
    drill.reopen()
    signed = drill.central.secrets.receipts.sign(b"a receipt")
    text = to_base64(signed)
    assert is_signed_by(drill.gate.device.public_keys(), kid, text, b"a receipt")
    assert drill.follows()
    assert set(drill.gate.device.central_keys) == {kid}


def test_tickets_of_an_earlier_key_stay_good_until_it_is_revoked(drill: Drill) -> None:
    old = drill.central.secrets.tickets.kid

    def states() -> dict[str, str]:
        return {row[0].hex(): row[2] for row in drill.gate.tables()["ticket_key"]}

    early = drill.type("revoke-tickets", old)
    assert (early.exit_code, "[ticket_key_in_use]" in early.output) == (2, True)
    kid = drill.done("rotate-tickets")["kid"]
    drill.reopen()
    assert drill.central.secrets.tickets.kid == kid
    assert drill.follows()
    assert states() == {old: "active", kid: "active"}

    drill.done("revoke-tickets", old)
    assert drill.follows()
    assert states() == {old: "revoked", kid: "active"}
    strange = drill.type("revoke-tickets", "00")
    assert (strange.exit_code, "[ticket_key_unknown]" in strange.output) == (2, True)


def test_somebody_who_looks_sees_all_keys_and_is_told_of_root_keys_that_lie_about(
    drill: Drill,
) -> None:
    assert "root keys lie in" not in drill.type("status").output
    drill.places[0].rename(drill.central.folder.root_key(1))

    said = drill.type("status").output

    assert "root keys lie in" in said
    for role in ("root", "timestamp", "snapshot", "targets", "site", "receipts", "tickets"):
        assert role in said


def test_every_drill_of_the_page_is_one_of_these_commands() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    drills = page.split("\n## Keys\n")[1].split("\n## ")[0]
    shown = set(re.findall(r"portillon-central keys ([a-z-]+)", drills))

    assert shown == set(keys.commands)
