"""A real gate answers a console: what it looks at, what a technician does, and what one that asks too fast gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scanner.core.events import FactKind
from scanner.panel.turns import PER_SECOND
from support.gates import GateRig, card, open_site
from support.snapshots import Site
from sync.operator_pins import encode_pin

PINS = {"Ines": "4711", "Theo": "31415"}


def site() -> Site:
    """Ines is a supervisor, Theo a technician."""
    roles = {"Ines": "supervisor", "Theo": "technician"}
    operators = [
        (name, role, encode_pin(PINS[name], b"%b" % name[:1].encode() * 16), 1)
        for name, role in roles.items()
    ]
    return open_site(operators=operators)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateRig]:
    with GateRig(tmp_path_factory.mktemp("gate"), site()) as rig:
        rig.hold_up()
        rig.start_ready()
        yield rig
        assert rig.stop() == 0
        assert not [secret for secret in PINS.values() if secret in rig.log_text()]


def ask(gate: GateRig, do: str, **fields: Any) -> dict[str, Any]:
    """Politely: again after a moment where the gate says that this second is full."""
    found: list[dict[str, Any]] = []

    def is_answered() -> bool:
        found[:] = [gate.ask(do, **fields)]
        return found[0].get("code") != "control_too_often"

    gate.wait_until(is_answered, f"an answer to {do}")
    return found[0]


def came(gate: GateRig) -> int:
    return int(ask(gate, "overview")["today"]["entries"])


def by(name: str) -> dict[str, str]:
    return {"operator": name, "pin": PINS[name]}


def test_a_console_is_told_everything_that_it_shows(gate: GateRig) -> None:
    before = ask(gate, "overview")["today"]
    gate.hold_up(card(1))
    gate.wait_until(lambda: came(gate) == before["entries"] + 1, "an entry in the counts")
    gate.hold_up()
    gate.wait_until(gate.is_idle, "an arm at rest")
    overview = ask(gate, "overview")
    assert overview["today"]["inside"] == before["inside"] + 1
    assert overview["site"]["zone"] == "Europe/Paris"
    assert overview["machine"]["disk_free"] > 0

    scans = ask(gate, "scans", outcome="SUCCESS")["scans"]
    assert [(scan["outcome"], scan["passage"]) for scan in scans] == [("SUCCESS", "passed")]
    assert ask(gate, "scans", outcome="DECLINED")["scans"] == []
    assert len(ask(gate, "scans", seek="ok")["scans"]) == 1
    told = "\n".join(ask(gate, "explain", seq=scans[0]["seq"], language="fr")["lines"])
    assert "BIENVENUE" in told
    assert ask(gate, "explain", seq=1)["code"] == "ledger_row_no_decision"

    camera = ask(gate, "camera")
    picture = camera["picture"]
    assert (picture["width"], picture["height"]) == (96, 54)
    assert camera["reads"][0]["shape"] == "9" * 14
    (way,) = ask(gate, "hardware")["ways"]
    assert way["direction"] == "in"
    sources = {row["name"]: row["source"] for row in ask(gate, "settings")["settings"]}
    assert (sources["camera.fps"], sources["gate.log_level"]) == ("file", "default")
    assert sources["site.debounce_s"] == "central"
    assert any("is ready" in line["message"] for line in ask(gate, "log")["lines"])
    assert ask(gate, "peers")["peers"] == []


def test_acts_take_the_right_person_and_are_facts(gate: GateRig) -> None:
    assert gate.ask("release", why="pram")["code"] == "operator_pin_wrong"
    assert gate.ask("mode", mode="free")["code"] == "operator_pin_wrong"
    assert gate.ask("release", **by("Ines"))["code"] == "release_without_reason"
    assert gate.ask("lamps", **by("Ines"))["code"] == "operator_not_technician"
    assert gate.ask("wipe", **by("Theo"))["code"] == "wipe_not_sent"
    assert gate.ask("roll_back", **by("Theo"))["code"] == "no_base_before"
    assert gate.ask("lamps", **by("Theo"))["ok"] is True

    seq = gate.ask("release", why="a pram", **by("Ines"))["seq"]
    gate.wait_until(gate.is_idle, "an arm at rest")
    shown = ask(gate, "scans")["scans"][0]
    assert (shown["seq"], shown["staff"], shown["passage"]) == (seq, "release", "passed")
    assert gate.ask("mode", mode="closed")["mode"] == "closed"
    assert gate.ask("release", why="again", **by("Theo"))["code"] == "answer_lane_not_ready"
    assert gate.ask("mode", mode="free", **by("Theo"))["mode"] == "free"
    assert gate.ask("mode", mode="normal")["mode"] == "normal"

    facts = gate.facts()
    released = next(fact for fact in facts if fact.seq == seq)
    assert (released.kind, released.operator) == (FactKind.OVERRIDE, "Ines")
    assert (released.note, released.charged) == ("release: a pram", 0)
    noted = [(fact.note, fact.operator) for fact in facts if fact.kind is FactKind.SERVICE]
    assert noted == [("lamps", "Theo")]


def test_a_console_that_asks_too_fast_is_refused_and_the_lane_goes_on(gate: GateRig) -> None:
    replies = [gate.ask("log").get("code") for _ in range(5 * PER_SECOND)]
    assert "control_too_often" in replies
    assert gate.status()["ok"] is True
