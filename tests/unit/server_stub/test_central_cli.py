"""`portillon-central`, as somebody at a terminal and as a script."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server_stub.cli import COMMANDS, main


class Terminal:
    """A person with one central."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def type(self, *words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(
            main,
            [*words],
            input=stdin,
            env={"PORTILLON_CENTRAL_DIR": str(self.folder)},
            prog_name="portillon-central",
        )

    def get(self, *words: str) -> Any:
        """What a command answers to a script."""
        result = self.type(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


SET_UP = (
    ("zone", "add", "hall"),
    ("type", "add", "annual", "--validity", "365 days after purchase", "--rule", "max_total=50"),
    ("gate", "add", "G1", "--zone", "hall"),
)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``new`` is a central as init leaves it, ``museum`` one that is set up; tests begin with copies."""
    folder = tmp_path_factory.mktemp("founded")
    made = Terminal(folder / "new").type("init", "--site", "museum", "--zone", "Europe/Paris")
    assert made.exit_code == 0
    shutil.copytree(folder / "new", folder / "museum")
    for words in SET_UP:
        assert Terminal(folder / "museum").type(*words).exit_code == 0
    return folder


@pytest.fixture
def terminal(tmp_path: Path, founded: Path) -> Terminal:
    return Terminal(shutil.copytree(founded / "new", tmp_path / "central"))


@pytest.fixture
def museum(tmp_path: Path, founded: Path) -> Terminal:
    return Terminal(shutil.copytree(founded / "museum", tmp_path / "central"))


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = Terminal(tmp_path).type("--help").output

    assert [name for name in COMMANDS if not re.search(rf"^  {name}\b", shown, re.MULTILINE)] == []


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])
def test_every_command_explains_itself(tmp_path: Path, name: str) -> None:
    result = Terminal(tmp_path).type(name, "--help")

    assert result.exit_code == 0
    assert "Usage: portillon-central" in result.output


def test_init_says_what_to_do_with_the_root_keys(tmp_path: Path) -> None:
    result = Terminal(tmp_path / "c").type("init", "--site", "museum", "--zone", "Europe/Paris")

    assert "three different places" in result.output
    assert str(tmp_path / "c" / "root-keys") in result.output


def test_init_refuses_to_overwrite(terminal: Terminal) -> None:
    result = terminal.type("init", "--site", "museum", "--zone", "Europe/Paris")

    assert result.exit_code == 2
    assert "central_exists" in result.stderr


def test_a_command_without_a_central_says_how_to_make_one(tmp_path: Path) -> None:
    result = Terminal(tmp_path / "none").type("zone", "list")

    assert result.exit_code == 2
    assert "portillon-central init" in result.stderr
    assert "Traceback" not in result.output


def test_a_site_is_set_up_and_a_pass_sold(museum: Terminal, tmp_path: Path) -> None:
    png, svg = tmp_path / "pass.png", tmp_path / "pass.svg"
    sold = museum.type("sell", "--type", "annual", "--png", str(png), "--svg", str(svg))
    ticket = museum.get("ticket", "list")[0]

    assert re.search(r"^TK1:", sold.output, re.MULTILINE)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in svg.read_bytes()
    assert (ticket["type"], ticket["order"], ticket["code"]) == ("annual", "completed", "active")


def test_a_card_is_sold_by_its_number_shown_again_replaced_and_revoked(museum: Terminal) -> None:
    sold = museum.get("sell", "--type", "annual", "--code", "CARD-1")
    shown = museum.get("code", "show", str(sold["credential_no"]))
    fresh = museum.get("code", "replace", str(sold["credential_no"]), "--code", "CARD-2")
    by_code = museum.get("revoke", "--code", "CARD-2")
    again = museum.get("revoke", "--ticket", sold["ticket_id"])

    assert (sold["kind"], shown["payload"], fresh["payload"]) == ("opaque", "CARD-1", "CARD-2")
    assert by_code == {"revoked": [fresh["credential_no"]]}
    assert again == {"revoked": []}


def test_a_ticket_is_denied_allowed_and_refunded(museum: Terminal) -> None:
    sold = museum.get("sell", "--type", "annual")

    def reason() -> Any:
        return museum.get("ticket", "list")[0]["deny_reason"]

    museum.get("ticket", "deny", sold["ticket_id"], "--reason", "UNPAID")
    denied = reason()
    museum.get("ticket", "allow", sold["ticket_id"])
    allowed = reason()
    museum.get("ticket", "refund", sold["order_id"])

    assert (denied, allowed, reason()) == ("UNPAID", None, "CANCELLED")


def test_publishing_and_the_report(museum: Terminal) -> None:
    museum.get("sell", "--type", "annual")
    made = museum.get("publish")
    counts = museum.get("report")
    shown = museum.type("report").output

    assert (made["grants"], counts["snapshot_seq"]) == (1, made["seq"])
    assert f"snapshot {made['seq']}" in shown


def test_a_device_gets_a_code_to_enrol_with(museum: Terminal, tmp_path: Path) -> None:
    png = tmp_path / "enrol.png"
    added = museum.get(
        "device", "add", "--gate", "G1", "--url", "https://c.example", "--png", str(png)
    )
    shown = museum.type("device", "add", "--gate", "G1").output
    listed = museum.get("device", "list")

    assert added["enrolment"]["url"] == "https://c.example"
    assert png.read_bytes().startswith(b"\x89PNG")
    assert '"token"' in shown
    assert [device["state"] for device in listed] == ["waiting", "waiting"]


def test_a_device_is_revoked_and_a_healthy_one_is_not_released(museum: Terminal) -> None:
    device = museum.get("device", "add", "--gate", "G1")["device"]
    refused = museum.type("device", "release", device)
    museum.get("device", "revoke", device, "--yes")

    assert "device_not_quarantined" in refused.stderr
    assert museum.get("device", "list")[0]["state"] == "revoked"


def test_events_scopes_operators_and_policies_are_set_up(museum: Terminal) -> None:
    museum.get("scope", "add", "season")
    times = ("--starts-at", "2026-05-01T20:00", "--ends-at", "2026-05-01T22:00")
    number = museum.get("event", "add", "match", *times, "--scope", "season")["number"]
    museum.get("event", "cancel", str(number))
    museum.type("operator", "set", "Ines", "--role", "supervisor", stdin="4711\n4711\n")
    museum.get("policy", "set", "soft_age_s", "60")
    museum.get("policy", "set", "url", "https://central.example")
    settings = {row["name"]: row["value"] for row in museum.get("policy", "list")}

    assert [event["status"] for event in museum.get("event", "list")] == ["cancelled"]
    assert museum.get("operator", "list") == [{"name": "Ines", "role": "supervisor"}]
    assert (settings["soft_age_s"], settings["url"]) == ("60", "https://central.example")


def test_a_pin_is_asked_for_and_never_shown(museum: Terminal) -> None:
    result = museum.type("operator", "set", "Ines", "--role", "operator", stdin="4711\n4711\n")

    assert result.exit_code == 0
    assert "4711" not in result.output


def test_a_rule_comes_from_a_file_and_from_options(museum: Terminal, tmp_path: Path) -> None:
    rule = tmp_path / "rule.toml"
    rule.write_text(
        'max_per_day = 1\n[[windows]]\ndays = ["mon"]\nfrom = "09:00"\nuntil = "16:00"\n'
    )
    museum.get("type", "rule", "annual", "--rule-file", str(rule), "--rule", "max_total=null")
    kept = json.loads(museum.get("type", "list")[0]["rule"])

    assert (kept["max_per_day"], kept["max_total"], len(kept["windows"])) == (1, None, 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("type", "add", "x", "--validity", "always", "--rule", "max_total"), "rule_pair_wrong"),
        (("type", "add", "x", "--validity", "always", "--rule", "max_totl=1"), "max_total"),
        (("type", "add", "x", "--validity", "soon"), "365 days after purchase"),
        (("type", "add", "x", "--validity", "always", "--zone", "moon"), "'hall'"),
        (("gate", "add", "x", "--zone", "hall", "--direction", "up"), "in, out"),
        (("sell", "--type", "anual"), "'annual'"),
        (("sell", "--type", "annual", "--flag", "vip"), "concession"),
        (("revoke",), "nothing_named"),
        (("revoke", "99"), "credential_unknown"),
        (("revoke", "--ticket", "none"), "ticket_unknown"),
        (("ticket", "deny", "none", "--reason", "NO"), "CANCELLED"),
        (("policy", "set", "soft_age_s", "long"), "policy_bad"),
        (("policy", "set", "url", "nowhere"), "url_bad"),
        (("serve", "--host", "0.0.0.0"), "tls_missing"),
        (("serve", "--tls-cert", "x.pem"), "tls_incomplete"),
    ],
)
def test_a_mistake_is_answered_with_what_would_have_been_right(
    museum: Terminal, words: tuple[str, ...], says: str
) -> None:
    result = museum.type(*words)

    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_a_broken_rule_file_is_named(museum: Terminal, tmp_path: Path) -> None:
    rule = tmp_path / "rule.toml"
    rule.write_text("max_total = = 1")
    result = museum.type("type", "rule", "annual", "--rule-file", str(rule))

    assert "rule_file_wrong" in result.stderr


def test_lists_are_tables_in_local_time(museum: Terminal) -> None:
    assert museum.type("ticket", "list").output == "no tickets yet\n"
    museum.get("sell", "--type", "annual")
    header, row = museum.type("ticket", "list").output.splitlines()

    assert header.split()[:3] == ["ticket_id", "order_id", "type"]
    assert re.search(r"\d{4}-\d\d-\d\d 00:00:00", row)


def test_init_shows_a_one_time_password_that_is_kept_nowhere(tmp_path: Path) -> None:
    made = Terminal(tmp_path / "c").get(
        "init", "--site", "museum", "--zone", "Europe/Paris", "--admin", "ann"
    )
    kept = [
        path
        for path in (tmp_path / "c").rglob("*")
        if path.is_file() and made["one_time_password"].encode() in path.read_bytes()
    ]

    assert made["admin"] == "ann"
    assert len(made["one_time_password"]) == 20
    assert kept == []


def test_staff_is_added_changed_reset_and_ended_on_the_machine(museum: Terminal) -> None:
    first = museum.get("staff", "add", "ines", "--role", "desk")["one_time_password"]
    museum.get("staff", "role", "ines", "organiser")
    second = museum.get("staff", "reset", "ines")["one_time_password"]
    museum.get("staff", "disable", "ines")
    listed = {one["name"]: one for one in museum.get("staff", "list")}

    assert first != second
    assert (listed["admin"]["role"], listed["admin"]["must_change"]) == ("admin", 1)
    assert listed["ines"]["role"] == "organiser"
    assert listed["ines"]["disabled_at"] is not None
    assert "password" not in " ".join(listed["ines"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "ann", "--role", "boss"), "admin, organiser, desk, viewer"),
        (("add", "Ann Smith", "--role", "desk"), "staff_name_bad"),
        (("add", "admin", "--role", "desk"), "staff_name_taken"),
        (("role", "admin", "desk"), "last_admin"),
        (("disable", "admin"), "last_admin"),
        (("reset", "nobody"), "staff_unknown"),
    ],
)
def test_a_mistake_about_staff_is_answered_with_what_would_have_been_right(
    museum: Terminal, words: tuple[str, ...], says: str
) -> None:
    result = museum.type("staff", *words)

    assert result.exit_code == 2
    assert says in result.stderr


def test_a_bar_is_for_terminals_only(museum: Terminal) -> None:
    shown = museum.type("publish")

    assert shown.stderr == ""
    assert shown.stdout.startswith("✔ published snapshot")
    assert json.loads(museum.type("publish", "--json").stdout)["grants"] == 0


def test_a_cell_is_shown_as_it_is(museum: Terminal) -> None:
    museum.get("zone", "add", "[bold]east[/bold] :smile:")

    assert "[bold]east[/bold] :smile:" in museum.type("zone", "list").output
