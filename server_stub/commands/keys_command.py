"""`portillon-central keys`: what is signed by what, and new keys in place of old ones.

Source: docs/operations.md, "Keys".
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from server_stub.central import Central
from server_stub.commands.terminal import answer, central_command, table

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def root_keys_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Two of the offline keys."""
    return click.option(
        "--root-key",
        "root_keys",
        type=FILE,
        multiple=True,
        required=True,
        help="A root key's file; give it twice, for two of the three.",
    )(function)


@click.group()
def keys() -> None:
    """Show or change the keys of this central."""


@keys.command("status")
@central_command
def status(central: Central, *, as_json: bool) -> None:
    """List every key that gates are told of, and whether the root keys still lie here."""
    from server_stub.publishing.key_rotation import load_status

    found = load_status(central)
    if as_json:
        answer(found, "", as_json=True)
        return
    click.echo(table([msgspec.to_builtins(one) for one in found]))
    here = sorted(path.name for path in central.folder.root_keys.glob("*.pem"))
    if here:
        click.echo(f"✖ root keys lie in {central.folder.root_keys}: {', '.join(here)}")
        click.echo("  → take them to three different places and delete them here")


@keys.command("rotate-root")
@root_keys_option
@click.option(
    "--new-dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where the three new root keys are written.",
)
@central_command
def rotate_root(
    central: Central, root_keys: tuple[Path, ...], new_dir: Path, *, as_json: bool
) -> None:
    """Three new root keys; the three of now are worthless afterwards."""
    from server_stub.publishing import key_rotation

    version = key_rotation.rotate_root(central, root_keys, new_dir)
    words = f"✔ root {version}: take the three keys of {new_dir} to three places, delete them here"
    answer({"version": version}, words, as_json=as_json)


@keys.command("rotate-online")
@click.argument("role", type=click.Choice(["timestamp", "snapshot", "targets"]))
@root_keys_option
@central_command
def rotate_online(
    central: Central, role: str, root_keys: tuple[Path, ...], *, as_json: bool
) -> None:
    """A new key for a role that the root names."""
    from server_stub.publishing import key_rotation

    version = key_rotation.rotate_online(central, role, root_keys)
    answer({"version": version}, f"✔ root {version} names the new {role} key", as_json=as_json)


@keys.command("rotate-site")
@central_command
def rotate_site(central: Central, *, as_json: bool) -> None:
    """A new key for the site's role; needs no root key."""
    from server_stub.publishing import key_rotation

    key_rotation.rotate_site(central)
    answer({"done": True}, "✔ the site's role has a new key", as_json=as_json)


@keys.command("rotate-receipts")
@click.option(
    "--switch", is_flag=True, help="Second step: sign with the announced key from now on."
)
@central_command
def rotate_receipts(central: Central, *, switch: bool, as_json: bool) -> None:
    """A new key for receipts, time and letters, in two steps.

    First it is announced; when every gate had contact, stop the server, run this with --switch, start it again.
    """
    from server_stub.publishing import key_rotation

    if switch:
        kid = key_rotation.switch_receipts(central)
        words = f"✔ key {kid} signs receipts and time; start the server (or publish) now"
    else:
        kid = key_rotation.announce_receipts(central)
        words = f"✔ key {kid} is announced; when every gate had contact: --switch"
    answer({"kid": kid}, words, as_json=as_json)


@keys.command("rotate-tickets")
@central_command
def rotate_tickets(central: Central, *, as_json: bool) -> None:
    """A new key for tickets made from now on; restart the server. Tickets of earlier keys stay good."""
    from server_stub.publishing import key_rotation

    kid = key_rotation.rotate_tickets(central)
    words = f"✔ key {kid} signs tickets from now on; restart the server so that it uses it"
    answer({"kid": kid}, words, as_json=as_json)


@keys.command("revoke-tickets")
@click.argument("kid")
@central_command
def revoke_tickets(central: Central, kid: str, *, as_json: bool) -> None:
    """Make every ticket that an earlier key signed worthless, for ever."""
    from server_stub.publishing import key_rotation

    key_rotation.revoke_tickets(central, kid)
    answer({"done": True}, f"✔ tickets signed by {kid} open nothing any more", as_json=as_json)
