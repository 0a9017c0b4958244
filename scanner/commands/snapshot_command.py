"""`portillon snapshot`: which snapshot this gate works from, and what a person may do about it.

Law: thin; works while the gate and sync run. Exit 0 when it was done or all is well, 1 when there is no snapshot yet or
one waits for a yes, 2 for what a person can mend.

Source: docs/commands.md; docs/sync.md, "Held snapshots" and "Without a network".
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.commands.pin import ask_pin
from scanner.commands.sync_command import CONFIG_OPTION, named_settings
from scanner.config import Config, load_config
from scanner.control import ControlClient
from scanner.core.errors import ConfigError

if TYPE_CHECKING:
    from sync.letters import Letter

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")


@click.group()
def snapshot() -> None:
    """Show, bring, accept or go back from the snapshot this gate works from."""


@snapshot.command("status")
@CONFIG_OPTION
@JSON_OPTION
def status(config_path: Path, *, as_json: bool) -> None:
    """Which snapshot, how old, how many grants, what waits for a yes, and how the last contact went."""
    from hardware.system_clock import SystemClock
    from sync.snapshot_status import describe_status, load_snapshot_status

    found = load_snapshot_status(load_config(config_path).sync, SystemClock())
    _say(found, describe_status(found), as_json=as_json)
    sys.exit(0 if found.seq and found.held is None else 1)


@snapshot.command("import")
@CONFIG_OPTION
@JSON_OPTION
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def import_(config_path: Path, path: Path, *, as_json: bool) -> None:
    """Bring a snapshot without a network.

    PATH is what `portillon-central bundle export` wrote (with receipts and other lanes' facts for this gate), or the
    folder `repository/` of the central, or a .tar or .zip of it. It is verified as if it came over the network, and
    never older than the one in use.
    """
    import msgspec

    from hardware.system_clock import SystemClock
    from sync.snapshot_status import load_snapshot_status
    from sync.snapshot_verbs import import_snapshot

    settings = named_settings(load_config(config_path).sync)
    fetched, letter = import_snapshot(path, settings, SystemClock())
    words = f"✔ snapshot {fetched.seq} is in use" + ("" if fetched.is_new else ", as before")
    if fetched.held is not None:
        doubt = fetched.held.doubt
        words = f"✖ {doubt.message} [{doubt.code}]\n  → {doubt.hint}"
    words += "" if letter is None else f"\n{_letter_words(letter)}"
    status_now = load_snapshot_status(settings, SystemClock())
    _say(msgspec.to_builtins(status_now) | {"letter": letter}, words, as_json=as_json)
    sys.exit(0 if fetched.held is None else 1)


def _letter_words(letter: Letter) -> str:
    if letter.is_waiting:
        return "  the letter waits: the running sync takes it at its next turn"
    if letter.state == "revoked":
        return "  the central has revoked this device: snapshot and peppers are erased"
    rows = "no receipt" if letter.have is None else f"rows up to {letter.have} are receipted"
    return f"  {rows}, {letter.facts} facts of other lanes"


@snapshot.command("accept")
@CONFIG_OPTION
@JSON_OPTION
def accept(config_path: Path, *, as_json: bool) -> None:
    """Say yes to the snapshot that is held: the next contact or import puts it in place."""
    from sync.snapshot_verbs import accept_held

    hold = accept_held(load_config(config_path).sync)
    words = f"✔ snapshot {hold.seq} and newer ones may come; the next contact brings them"
    _say(hold, words, as_json=as_json)


@snapshot.command("rollback")
@CONFIG_OPTION
@JSON_OPTION
@click.option(
    "--operator", help="A supervisor's name; asks for the PIN. Needed where the site has any."
)
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask whether you are sure.")
def rollback(config_path: Path, operator: str | None, *, is_sure: bool, as_json: bool) -> None:
    """Go back to the base before; newer snapshots, revocations too, wait for `accept` from then on."""
    from hardware.system_clock import SystemClock
    from sync.cache import Cache
    from sync.going_back import roll_back
    from sync.staff import require_supervisor

    config = load_config(config_path)
    cache = Cache(config.sync.cache_dir)
    cache.find_before(cache.current())
    if not is_sure:
        click.confirm("Go back, and take no revocation until you accept?", abort=True, err=True)
    by = require_supervisor(cache, operator, ask_pin)
    _note_in_ledger(config, by)
    pointer = roll_back(config.sync, SystemClock(), by)
    words = f"✔ back to snapshot {pointer.seq}; newer ones wait for: portillon snapshot accept"
    _say(pointer, words, as_json=as_json)


def _note_in_ledger(config: Config, by: str | None) -> None:
    """Before it is done; a gate that does not run has nothing to record, and its ledger is its own."""
    client = ControlClient(config.runtime_dir / "gate.sock")
    try:
        client.ask("went_back", operator=by)
    except ConfigError:
        click.echo("  the gate does not run: its ledger says nothing of this", err=True)


@snapshot.command("diff")
@CONFIG_OPTION
@JSON_OPTION
def diff(config_path: Path, *, as_json: bool) -> None:
    """What differs between the base before and the one in use, by table."""
    from sync.snapshot_verbs import describe_diff, diff_snapshots

    found = diff_snapshots(load_config(config_path).sync)
    _say(found, describe_diff(found), as_json=as_json)


def _say(found: Any, words: str, *, as_json: bool) -> None:
    import msgspec

    click.echo(msgspec.json.encode(found).decode() if as_json else words)
