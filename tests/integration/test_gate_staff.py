"""Staff at a real gate: a question answered, a refusal forced, a look, a party, all over the control socket."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from scanner.core.events import FactKind
from scanner.core.grants import GrantFlag, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import RuleNo
from support.gates import ENTRIES, GateRig, card, command, environment, open_site
from support.rights import grant, rule
from support.snapshots import Site
from support.warm import WarmProcess, run
from sync.operator_pins import encode_pin

PINS = {"Ada": "2468", "Ines": "4711"}
ASKED, PAUSED = range(1, 5), range(5, 9)


def staffed_site() -> Site:
    """Cards 1 to 4 are asked about, 5 to 8 paused, 9 to 12 good for up to three at once."""
    details = frozenset({GrantFlag.DETAILS_REQUIRED})
    grants = [
        *(grant(grant_no=no, flags=details) for no in ASKED),
        *(grant(grant_no=no, state=GrantState.DENY, deny_reason=Reason.PAUSED) for no in PAUSED),
        *(grant(grant_no=no) for no in range(9, 13)),
    ]
    return open_site(
        cards=12,
        grants=grants,
        rules=[rule(rule_no=RuleNo(1), max_total=ENTRIES, party_max=3)],
        operators=[
            ("Ada", "operator", encode_pin(PINS["Ada"], b"a" * 16), 1),
            ("Ines", "supervisor", encode_pin(PINS["Ines"], b"i" * 16), 1),
            ("Zoe", "of the future", encode_pin("0000", b"z" * 16), 1),
        ],
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateRig]:
    with GateRig(tmp_path_factory.mktemp("gate"), staffed_site()) as rig:
        rig.hold_up()
        rig.start_ready()
        yield rig
        assert rig.stop() == 0
        told = rig.log_text()
        assert not [secret for secret in (*PINS, *PINS.values()) if secret in told]


@pytest.fixture
def gate(running: GateRig) -> Iterator[GateRig]:
    yield running
    running.hold_up()
    running.wait_until(running.is_idle, "an arm at rest")


def give(gate: GateRig, answer: str, name: str, **fields: object) -> dict[str, object]:
    """An answer by the right PIN to what the lane asks now."""
    question = gate.status()["question"]
    given = {"operator": name, "pin": PINS[name], "seq": question and question["seq"]}
    return gate.ask("answer", answer=answer, **(given | fields))


def run_lane(gate: GateRig, *arguments: str, pin: str = "") -> subprocess.CompletedProcess[str]:
    words = command("lane", arguments[0], "--config", str(gate.config_path), *arguments[1:])
    return run(words, f"{pin}\n", env=environment())


def test_a_question_is_shown_and_an_operator_accepts_it(gate: GateRig) -> None:
    with gate.watch() as watcher:
        asked = gate.scan(watcher, card(1))
        question = gate.status()["question"]
        assert (question["seq"], question["reason"]) == (asked["seq"], "DETAILS_REQUIRED")
        assert question["answers"] == ["accept", "refuse"]

        reply = give(gate, "accept", "Ada", why="showed a passport")

        assert (reply["ok"], reply["opens"], reply["charged"]) == (True, True, 1)
        gate.hold_up()
        assert watcher.hear(("passed",))["refers_to"] == reply["seq"]
    fact = gate.facts(FactKind.OVERRIDE)[-1]
    assert (fact.operator, fact.note) == ("Ada", "accept: showed a passport")
    assert gate.status()["question"] is None


def test_a_refusal_is_forced_by_a_supervisor_only(gate: GateRig) -> None:
    with gate.watch() as watcher:
        assert gate.scan(watcher, card(5))["reason"] == "PAUSED"
        assert gate.status()["question"]["answers"] == ["force"]

        refused = give(gate, "force", "Ada")
        assert (refused["ok"], refused["code"]) == (False, "answer_needs_supervisor")
        assert give(gate, "accept", "Ada")["code"] == "answer_not_asked"
        forced = give(gate, "force", "Ines")

        assert (forced["ok"], forced["opens"], forced["charged"]) == (True, True, 1)
        gate.hold_up()
        watcher.hear(("passed",))


def test_a_wrong_pin_answers_nothing_and_is_recorded_nowhere(gate: GateRig) -> None:
    with gate.watch() as watcher:
        gate.scan(watcher, card(2))
        before = gate.facts()
        for name, pin in (("Ada", "1357"), ("Nobody", "2468"), ("Zoe", "0000"), ("Ada", 2468)):
            reply = give(gate, "accept", "Ada", operator=name, pin=pin)
            assert (reply["ok"], reply["code"]) == (False, "operator_pin_wrong")
        assert gate.facts() == before
        assert give(gate, "refuse", "Ada")["opens"] is False
    assert b"1357" not in gate.ledger.read_bytes()


def test_an_answer_that_fits_nothing_is_named_and_may_be_given_better(gate: GateRig) -> None:
    misfits: list[tuple[dict[str, object], str]] = [
        ({"seq": 1}, "answer_not_asked"),
        ({"answer": "maybe"}, "answer_unknown"),
        ({"party": 0}, "party_size_bad"),
        ({"party": "many"}, "party_size_bad"),
        ({"party": True}, "party_size_bad"),
        ({"answer": "force"}, "answer_not_refused"),
    ]
    with gate.watch() as watcher:
        gate.scan(watcher, card(3))
        for fields, code in misfits:
            said = {"answer": "accept"} | fields
            reply = give(gate, str(said.pop("answer")), "Ines", **said)
            assert (reply["ok"], reply["code"]) == (False, code)
        assert gate.ask("mode", mode="closed")["ok"]
        assert give(gate, "accept", "Ines")["code"] == "answer_lane_not_ready"
        assert gate.ask("mode", mode="normal")["code"] == "operator_pin_wrong"
        ines = {"operator": "Ines", "pin": PINS["Ines"]}
        assert gate.ask("mode", mode="normal", **ines)["ok"]
        assert give(gate, "refuse", "Ines")["ok"] is True


def test_a_party_that_is_too_large_is_asked_about_and_decided_again_when_it_is_smaller(
    gate: GateRig,
) -> None:
    with gate.watch() as watcher:
        assert gate.ask("party", persons=9)["persons"] == 9
        assert gate.status()["next"] == {"persons": 9, "inspection": False}
        assert gate.scan(watcher, card(9))["reason"] == "PARTY_SIZE"
        assert gate.status()["next"] is None

        reply = give(gate, "accept", "Ada", party=2)

        assert (reply["opens"], reply["charged"], reply["outcome"]) == (True, 2, "SUCCESS")
        assert watcher.hear(("scan",))["charged"] == 2
        gate.hold_up()
        watcher.hear(("passed", "not_passed"))


def test_a_look_names_the_operator_and_enters_nobody(gate: GateRig) -> None:
    with gate.watch() as watcher:
        asked = gate.ask("inspect", operator="Ada", pin=PINS["Ada"])
        assert (asked["ok"], asked["within_s"]) == (True, 30)
        look = gate.scan(watcher, card(10))
        assert (look["inspection"], look["outcome"], look["charged"]) == (True, "SUCCESS", 0)
    fact = gate.facts(FactKind.INSPECTED)[-1]
    assert (fact.operator, fact.movement) == ("Ada", None)
    assert gate.is_idle()
    assert gate.status()["question"] is None


def test_a_technician_does_it_from_the_command_line(gate: GateRig) -> None:
    closed = run_lane(gate, "mode", "closed", "--operator", "Ada")
    assert (closed.returncode, closed.stdout) == (0, "the lane is closed\n")
    opened = run_lane(gate, "mode", "normal", "--operator", "Ines", pin=PINS["Ines"])
    assert (opened.returncode, opened.stdout) == (0, "the lane is normal\n")
    with gate.watch() as watcher:
        gate.scan(watcher, card(4))
        shown = run_lane(gate, "status")
        assert "DETAILS_REQUIRED: accept | refuse" in shown.stdout

        wrong = run_lane(gate, "answer", "accept", "--operator", "Ines", pin="9999")
        assert (wrong.returncode, "[operator_pin_wrong]" in wrong.stderr) == (2, True)
        said = run_lane(gate, "answer", "accept", "--operator", "Ines", pin=PINS["Ines"])

        assert (said.returncode, said.stdout) == (0, "opens, 1 charged\n"), said.stderr
        gate.hold_up()
        watcher.hear(("passed",))
    assert run_lane(gate, "party", "2").stdout == "the next code within 30 s is for 2\n"
    assert '"persons": 2' in run_lane(gate, "status", "--json").stdout
    with WarmProcess(
        command("lane", "inspect", "--config", str(gate.config_path), "--operator", "Ada"),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as looking:
        assert looking.stdin is not None
        looking.stdin.write(PINS["Ada"] + "\n")
        looking.stdin.close()
        gate.wait_until(lambda: (gate.status()["next"] or {}).get("inspection"), "a look")
        gate.hold_up(card(11))
        assert looking.stdout is not None
        assert looking.stdout.readline() == "SUCCESS OK\n"
    assert looking.returncode == 0
