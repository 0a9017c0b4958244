"""`portillon-central device | alert`.

Source: docs/central.md, "Devices".
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from server_stub.central import Central
from server_stub.commands.pictures import draw, picture_options
from server_stub.commands.terminal import answer, answer_list, central_command
from server_stub.gates import alerts, devices
from server_stub.selling import issuer
from sync.wire import EnrolmentText


@click.group()
def device() -> None:
    """The machines at the gates."""


@device.command("add")
@click.option("--gate", required=True)
@click.option("--url", help="Where this gate finds the central, if not at the usual address.")
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Have the gate pin this certificate's key.",
)
@picture_options
@central_command
def add(
    central: Central,
    gate: str,
    url: str | None,
    tls_cert: Path | None,
    png: Path | None,
    svg: Path | None,
    *,
    as_json: bool,
) -> None:
    """Make a device for a gate; its enrolment code is good once, for 15 minutes."""
    from server_stub.gates.certificates import load_spki_sha256

    pin = None if tls_cert is None else load_spki_sha256(tls_cert)
    name, text = devices.add_device(central, gate, url, pin)
    encoded = msgspec.json.encode(text).decode()
    if as_json:
        answer({"device": name, "enrolment": text}, "", as_json=True)
    else:
        _show(name, gate, encoded, text)
    draw([encoded], png, svg)


def _show(name: str, gate: str, encoded: str, text: EnrolmentText) -> None:
    click.echo(f"✔ device {name} for gate {gate!r} waits for its enrolment at {text.url}")
    click.echo("  hold this before the gate's camera within 15 minutes, or give it the text:")
    click.echo(issuer.qr_text(encoded))
    click.echo(encoded)


@device.command("list")
@central_command
def list_devices(central: Central, *, as_json: bool) -> None:
    """List the devices."""
    answer_list(central, "devices", as_json=as_json)


@device.command("revoke")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask: the gate erases itself, and admits nobody.")
@central_command
def revoke(central: Central, name: str, *, yes: bool, as_json: bool) -> None:
    """End a device for ever: it erases itself at its next contact."""
    if not yes:
        click.confirm("End this gate's device, and have it erased?", abort=True, err=True)
    with central.database.write() as connection:
        devices.revoke_device(connection, name, central.clock.now_ms())
    answer({"done": True}, f"✔ device {name} is revoked", as_json=as_json)


@device.command("release")
@click.argument("name")
@central_command
def release(central: Central, name: str, *, as_json: bool) -> None:
    """End a quarantine, after you have looked."""
    with central.database.write() as connection:
        devices.release_device(connection, name, central.clock.now_ms())
    answer({"done": True}, f"✔ device {name} is active again", as_json=as_json)


@click.group()
def alert() -> None:
    """What a person has to look at."""


@alert.command("list")
@central_command
def list_alerts(central: Central, *, as_json: bool) -> None:
    """List the newest alerts."""
    answer_list(central, "alerts", as_json=as_json)


@alert.command("resolve")
@click.argument("number", type=int)
@central_command
def resolve(central: Central, number: int, *, as_json: bool) -> None:
    """Say that you have looked."""
    with central.database.write() as connection:
        alerts.resolve_alert(connection, number, central.clock.now_ms())
    answer({"done": True}, f"✔ alert {number} is resolved", as_json=as_json)
