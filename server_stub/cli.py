"""`portillon-central`: the central's command line. Each command lives in ``server_stub/commands/``.

Law: a command's module is imported only when it is called. A fault prints its message, code and hint, and exits 2; it
never prints a traceback for what a person can mend.

Source: docs/commands.md; docs/central.md.
"""

from __future__ import annotations

import importlib
import io
import sys
from typing import Any

import click

from scanner.core.errors import GateError, InputError

COMMANDS: dict[str, tuple[str, str]] = {
    "init": (
        "server_stub.commands.service_command:init",
        "Found a central: folder, keys, database.",
    ),
    "serve": (
        "server_stub.commands.service_command:serve",
        "Serve gates and organisers, publish changes.",
    ),
    "publish": (
        "server_stub.commands.service_command:publish",
        "Publish the state of now to the gates.",
    ),
    "report": (
        "server_stub.commands.report_command:report",
        "Show what was counted: all, by hour ...",
    ),
    "policy": (
        "server_stub.commands.site_command:policy",
        "Show or set the site's policies and address.",
    ),
    "zone": ("server_stub.commands.site_command:zone", "Add or list zones."),
    "gate": ("server_stub.commands.site_command:gate", "Add or list gates."),
    "type": ("server_stub.commands.site_command:ticket_type", "Add, change or list ticket types."),
    "scope": ("server_stub.commands.site_command:scope", "Add or list scopes (seasons)."),
    "event": ("server_stub.commands.site_command:event", "Add, cancel or list events."),
    "operator": ("server_stub.commands.site_command:operator", "Add, change or list operators."),
    "staff": (
        "server_stub.commands.staff_command:staff",
        "Add, list, change or end staff accounts.",
    ),
    "sell": ("server_stub.commands.sale_command:sell", "Sell a ticket and hand out its code."),
    "order": (
        "server_stub.commands.order_command:order",
        "Open, place, pay, cancel or refund orders.",
    ),
    "customer": (
        "server_stub.commands.order_command:customer",
        "List customers; give tags, attributes.",
    ),
    "segment": ("server_stub.commands.order_command:segment", "Set or list segments of customers."),
    "entitlement": (
        "server_stub.commands.order_command:entitlement",
        "Set, switch or list benefits.",
    ),
    "shop": ("server_stub.commands.order_command:shop", "Set or list shops, public or secret."),
    "ticket": ("server_stub.commands.sale_command:ticket", "List, deny, allow or refund tickets."),
    "code": (
        "server_stub.commands.sale_command:code",
        "Show a code again, or replace a lost card.",
    ),
    "revoke": ("server_stub.commands.sale_command:revoke", "Make a code worthless, for ever."),
    "plan": ("server_stub.commands.subscription_command:plan", "Add or list plans."),
    "subscription": (
        "server_stub.commands.subscription_command:subscription",
        "Subscribe, pay, cancel.",
    ),
    "billing": ("server_stub.commands.subscription_command:billing", "Charge what is due."),
    "season": ("server_stub.commands.season_command:season", "Add seasons, seat maps and matches."),
    "seat": (
        "server_stub.commands.seat_command:seat",
        "Sell seats; hand one match on, or release it.",
    ),
    "campaign": (
        "server_stub.commands.campaign_command:campaign",
        "Renew all holders of a season.",
    ),
    "import": (
        "server_stub.commands.import_command:import_",
        "Bring customers and passes from a file.",
    ),
    "person": ("server_stub.commands.person_command:person", "Export or forget a person."),
    "retention": ("server_stub.commands.retention_command:retention", "Purge what is old enough."),
    "device": (
        "server_stub.commands.device_command:device",
        "Add, list, revoke or release devices.",
    ),
    "bundle": (
        "server_stub.commands.bundle_command:bundle",
        "Carry facts and snapshots on a stick.",
    ),
    "keys": ("server_stub.commands.keys_command:keys", "Show or change the keys of this central."),
    "alert": (
        "server_stub.commands.device_command:alert",
        "List or resolve what a person must look at.",
    ),
    "demo": ("server_stub.demo.demo_command:demo", "Play a day at a museum, without hardware."),
}
"""Command → (where it is, one-line help)."""


UNREADABLE = InputError(
    "word_unreadable",
    "a word of this command is not UTF-8; nothing was changed",
    "set the terminal to UTF-8, or write the word without accents",
)
"""Such a word comes from a terminal in another encoding, and can be stored nowhere."""


class LazyGroup(click.Group):
    """A click group that imports a sub-command only when it is needed."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, text) in COMMANDS.items()])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        _speak_to_any_terminal()
        try:
            return super().main(*args, **kwargs)
        except GateError as error:
            click.secho(f"✖ {error}", fg="red", err=True)
            sys.exit(2)
        except UnicodeEncodeError:
            click.secho(f"✖ {UNREADABLE}", fg="red", err=True)
            sys.exit(2)


def _speak_to_any_terminal() -> None:
    """What a terminal has no letter for is shown as ?: a fault after a sale would hide what was sold."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@click.group(cls=LazyGroup)
@click.version_option(package_name="portillon", message="portillon %(version)s")
def main() -> None:
    """The central: sells rights, publishes them to gates, takes in every scan."""
