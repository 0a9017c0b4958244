"""What a newcomer gets wrong at the command line: an answer that says what to do, never a traceback."""

from __future__ import annotations

import json
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from server_stub.central import Central
from server_stub.cli import main
from server_stub.store import tables
from support.central_site import museum, rows
from support.certificates import issue, save_pem


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "list.json").write_text("[1]")
    (folder / "bad.pem").write_text("no key")
    with museum(folder) as made:
        yield made


def typed(central: Central, line: str) -> Result:
    here = central.folder.path.parent
    words = [word.replace("HERE", str(here)) for word in shlex.split(line)]
    return CliRunner().invoke(main, words, env={"PORTILLON_CENTRAL_DIR": str(central.folder.path)})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("type rule annual --rule-file HERE/list.json", "rule_file_wrong"),
        ("type rule annual", "--rule or --rule-file"),
        ("sell --type annual --png HERE", "is a directory"),
        ("sell --type annual --png HERE/none/x.png", "there is no folder"),
        ("sell --type annual --starts-on soon", "write 2026-12-31"),
        ("sell --type annual --starts-on 9999-12-31", "not within 1970 to 9000"),
        ("sell --type annual --seat '\x07'", "seat_label_bad"),
        (f"sell --type annual --holder {'a' * 81}", "name_bad"),
        ("sell --type annual --code ''", "code_bad"),
        ("sell --type annual --email ''", "email_bad"),
        ("sell --type annual --starts-on ''", "write 2026-12-31"),
        ("shop set S --type annual --opens-at ''", "date_bad"),
        ("order add 1 --type annual --kind ''", "field_wrong"),
        ("code replace 1 --svg HERE/none/x.svg", "there is no folder"),
        ("seat sell S A-1 --png HERE/none/x.png", "there is no folder"),
        ("subscription card 1 --png HERE/none/x.png", "there is no folder"),
        ("device add --gate G1 --png HERE/none/x.png", "there is no folder"),
        ("seat upgrade 1 A-1", "--price, or --undo"),
        ("season show '\udcff'", "word_unreadable"),
        ("policy set url 'http://[::1'", "url_bad"),
        (f"device add --gate G1 --url https://{'x' * 300}.example.org", "url_bad"),
        ("bundle export ''", "stick_not_named"),
        ("plan add P --type annual --every month", "--price or with --price-minor"),
        ("shop set S", "shop_types_missing"),
        ("segment set S --condition HERE", "is a directory"),
        ("segment set S --tag ''", "name_bad"),
        ("event add M --starts-at 0001-01-01T00:00 --ends-at 0001-01-01T01:00", "date_bad"),
        ("ticket deny 1 --reason nonsense", "'CANCELLED'"),
        ("serve --port 99999", "0<=x<=65535"),
        ("serve --port 0 --publish-every -1", "x>=0"),
        ("serve --port 0 --tls-cert HERE/bad.pem --tls-key HERE/bad.pem", "tls_unreadable"),
        ("init --dir HERE/other --site other --zone Europe/Paris --url ftp://x", "url_bad"),
        ("init --dir /proc/other --site other --zone Europe/Paris", "central_folder_unusable"),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(central: Central, line: str, said: str) -> None:
    before = (rows(central, tables.ticket), rows(central, tables.event))
    result = typed(central, line)

    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (2, True)
    assert said in result.stderr
    assert (rows(central, tables.ticket), rows(central, tables.event)) == before
    assert not (central.folder.path.parent / "other").exists()


def test_a_port_that_somebody_else_has_is_told_before_anything_is_served(central: Central) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = typed(central, f"serve --port {other.getsockname()[1]}")

    assert (result.exit_code, "address_unusable" in result.stderr) == (2, True)


def test_a_terminal_that_lacks_a_letter_gets_a_question_mark_and_the_code(central: Central) -> None:
    env = {"PORTILLON_CENTRAL_DIR": str(central.folder.path)}
    result = CliRunner(charset="latin-1").invoke(main, ["sell", "--type", "annual"], env=env)

    assert result.exit_code == 0
    assert result.stdout.startswith("? sold ticket")
    assert "TK1:" in result.stdout


def test_every_command_but_the_demo_answers_for_machines() -> None:
    silent = [
        name
        for name, command in walk_commands(main, "")
        if not isinstance(command, click.Group)
        and "as_json" not in {p.name for p in command.params}
    ]

    assert silent == [" demo"]


def walk_commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            below = command.get_command(context, child)
            assert below is not None
            yield from walk_commands(below, f"{name} {child}")


def test_a_picture_that_cannot_be_written_does_not_swallow_the_code(central: Central) -> None:
    result = typed(central, "sell --type annual --json --png /proc/picture.png")

    assert json.loads(result.stdout)["payload"].startswith("TK1:")
    assert (result.exit_code, "picture_unwritable" in result.stderr) == (2, True)


def test_a_key_of_another_certificate_is_told_before_anything_is_served(
    central: Central, tmp_path: Path
) -> None:
    cert = save_pem(tmp_path / "cert.pem", issue("central"))
    result = typed(central, f"serve --port 0 --tls-cert {cert} --tls-key HERE/bad.pem")

    assert (result.exit_code, "tls_key_unreadable" in result.stderr) == (2, True)
