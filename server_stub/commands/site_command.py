"""`portillon-central policy | zone | gate | type | scope | event | operator`.

Source: docs/central.md, "Setting up".
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import click

from scanner.core.errors import InputError
from server_stub.api.form_reading import parse_form
from server_stub.api.forms import EventForm, GateForm, OperatorForm, RuleForm, TypeForm
from server_stub.central import Central
from server_stub.commands.terminal import answer, answer_list, central_command
from server_stub.gates import operators
from server_stub.selling import catalogue
from server_stub.selling.amounts import parse_minor
from server_stub.selling.event_attributes import set_event_attribute
from server_stub.site import load_currency, load_site, set_currency, set_policy, set_url

RULE_FILE = "it is TOML, or JSON if named .json: max_total = 50"


@click.group()
def zone() -> None:
    """Areas with their own right."""


@zone.command("add")
@click.argument("name")
@central_command
def add_zone(central: Central, name: str, *, as_json: bool) -> None:
    """Add a zone."""
    with central.database.write() as connection:
        number = catalogue.add_zone(connection, name)
    answer({"number": number}, f"✔ zone {name!r} is number {number}", as_json=as_json)


@click.group()
def scope() -> None:
    """Lists of events that one right covers (a season)."""


@scope.command("add")
@click.argument("name")
@central_command
def add_scope(central: Central, name: str, *, as_json: bool) -> None:
    """Add a scope."""
    with central.database.write() as connection:
        number = catalogue.add_scope(connection, name)
    answer({"number": number}, f"✔ scope {name!r} is number {number}", as_json=as_json)


@click.group()
def gate() -> None:
    """Lanes."""


@gate.command("add")
@click.argument("name")
@click.option("--zone", required=True, help="The zone it opens to.")
@click.option("--direction", default="in", show_default=True, help="in, out or both.")
@click.option("--type", "types", multiple=True, help="A ticket type it admits; none = all.")
@central_command
def add_gate(central: Central, name: str, direction: str, *, as_json: bool, **fields: Any) -> None:
    """Add a gate."""
    wanted = None if direction == "both" else direction
    form = parse_form(GateForm, {"name": name, "direction": wanted} | _given(fields))
    with central.database.write() as connection:
        number = catalogue.add_gate(connection, form)
    answer({"number": number}, f"✔ gate {name!r} is number {number}", as_json=as_json)


@click.group("type")
def ticket_type() -> None:
    """Ticket types with their validity and scan rule."""


def _rule_options(function: Any) -> Any:
    function = click.option(
        "--rule",
        "pairs",
        multiple=True,
        metavar="FIELD=VALUE",
        help="A field of the scan rule: max_total=50, max_total=null, reentry_mode=after_exit ...",
    )(function)
    return click.option(
        "--rule-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="The scan rule as TOML or JSON; --rule comes on top.",
    )(function)


@ticket_type.command("add")
@click.argument("name")
@click.option(
    "--validity",
    required=True,
    help="'365 days after purchase', '2026-01-01..2026-12-31', 'always' ...",
)
@click.option("--rounding", help="end_of_business_day (default) or instant.")
@click.option("--count-first-day", is_flag=True, default=None, help="The first day is day one.")
@click.option("--zone", "zones", multiple=True, help="Where it admits; none = everywhere.")
@click.option("--scope", help="The events it covers; none = all.")
@click.option(
    "--personal", "is_personal", is_flag=True, default=None, help="Needs a holder's name."
)
@click.option("--dated", "is_dated", is_flag=True, help="Its codes carry the dates (no renewal).")
@click.option("--price", help="What it costs: 80.00.")
@click.option("--fee", help="On top: 2.00.")
@click.option("--tag", "tags", multiple=True, help="Pinned on the buyer, as long as the ticket.")
@_rule_options
@central_command
def add_type(
    central: Central,
    name: str,
    rule_file: Path | None,
    pairs: tuple[str, ...],
    price: str | None,
    fee: str | None,
    tags: tuple[str, ...],
    *,
    is_dated: bool,
    as_json: bool,
    **fields: Any,
) -> None:
    """Add a ticket type."""
    raw = {"name": name, "rule": _rule(rule_file, pairs), "is_renewable": not is_dated}
    raw["tags"] = [{"tag": tag} for tag in tags]
    with central.database.write() as connection:
        for field, text in (("price_minor", price), ("fee_minor", fee)):
            raw[field] = parse_minor(text or "0", load_currency(connection))
        form = parse_form(TypeForm, raw | _given(fields))
        number = catalogue.add_type(connection, form, load_site(connection).calendar)
    answer({"number": number}, f"✔ ticket type {name!r} is number {number}", as_json=as_json)


@ticket_type.command("rule")
@click.argument("name")
@_rule_options
@central_command
def change_rule(
    central: Central, name: str, rule_file: Path | None, pairs: tuple[str, ...], *, as_json: bool
) -> None:
    """Give a ticket type another scan rule, also for tickets already sold."""
    if rule_file is None and not pairs:
        raise click.UsageError("say what the rule is: --rule or --rule-file")
    form = parse_form(RuleForm, _rule(rule_file, pairs))
    with central.database.write() as connection:
        catalogue.change_rule(connection, name, form)
    answer({"done": True}, f"✔ ticket type {name!r} has another rule", as_json=as_json)


@click.group()
def event() -> None:
    """Matches and concerts."""


@event.command("add")
@click.argument("name")
@click.option("--starts-at", required=True, help="Local time: 2026-05-01T20:00.")
@click.option("--ends-at", required=True)
@click.option("--doors-from", help="Default: an hour before it starts.")
@click.option("--doors-until", help="Default: when it ends.")
@click.option("--zone", "zones", multiple=True, help="Where; none = everywhere.")
@click.option("--scope", "scopes", multiple=True, help="A season it belongs to.")
@central_command
def add_event(central: Central, name: str, *, as_json: bool, **fields: Any) -> None:
    """Add an event."""
    form = parse_form(EventForm, {"name": name} | _given(fields))
    with central.database.write() as connection:
        number = catalogue.add_event(connection, form, load_site(connection).calendar)
    answer({"number": number}, f"✔ event {name!r} is number {number}", as_json=as_json)


@event.command("cancel")
@click.argument("number", type=int)
@central_command
def cancel_event(central: Central, number: int, *, as_json: bool) -> None:
    """Cancel an event: gates answer EVENT_CANCELLED."""
    with central.database.write() as connection:
        catalogue.cancel_event(connection, number)
    answer({"done": True}, f"✔ event {number} is cancelled", as_json=as_json)


@event.command("attribute")
@click.argument("number", type=int)
@click.argument("name")
@click.argument("value", required=False)
@central_command
def set_attribute(
    central: Central, number: int, name: str, value: str | None, *, as_json: bool
) -> None:
    """Note an attribute of an event; without a value it is taken away."""
    with central.database.write() as connection:
        set_event_attribute(connection, number, name, value)
    answer({"done": True}, f"✔ attribute {name!r} of event {number} is set", as_json=as_json)


@click.group()
def operator() -> None:
    """People at the lanes."""


@operator.command("set")
@click.argument("name")
@click.option("--role", required=True, help="operator, supervisor or technician.")
@click.option("--pin", prompt=True, hide_input=True, confirmation_prompt=True)
@central_command
def set_operator(central: Central, name: str, *, as_json: bool, **fields: Any) -> None:
    """Add an operator, or give one another role and PIN."""
    form = parse_form(OperatorForm, {"name": name} | fields)
    with central.database.write() as connection:
        operators.set_operator(connection, form)
    answer({"done": True}, f"✔ {form.role} {name!r} is set", as_json=as_json)


@click.group()
def policy() -> None:
    """The site's policies (soft_age_s, clock_policy ...) and the central's own address."""


@policy.command("set")
@click.argument("name")
@click.argument("value")
@central_command
def set_one(central: Central, name: str, value: str, *, as_json: bool) -> None:
    """Set a policy, or ``url``, or ``currency``."""
    with central.database.write() as connection:
        if name == "url":
            set_url(connection, value)
        elif name == "currency":
            set_currency(connection, value)
        else:
            set_policy(connection, name, value)
    answer({"done": True}, f"✔ {name} is {value}", as_json=as_json)


def _add_listing(group: click.Group, what: str) -> None:
    @group.command("list")
    @central_command
    def list_(central: Central, *, as_json: bool) -> None:
        answer_list(central, what, as_json=as_json)

    list_.help = f"List the {what}."


for _group, _what in (
    (zone, "zones"),
    (scope, "scopes"),
    (gate, "gates"),
    (ticket_type, "types"),
    (event, "events"),
    (operator, "operators"),
    (policy, "settings"),
):
    _add_listing(_group, _what)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, as a form has them."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
        if value is not None and value != ()
    }


def _rule(rule_file: Path | None, pairs: tuple[str, ...]) -> dict[str, Any]:
    raw = {} if rule_file is None else _load_rule(rule_file)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError("rule_pair_wrong", f"--rule {pair!r} has no '='", "write max_total=50")
        raw[name] = _value(value)
    return raw


def _value(text: str) -> Any:
    """A JSON value where it is one, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _load_rule(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(
            "rule_file_wrong",
            f"{str(path)!r} cannot be read: {error}",
            RULE_FILE,
        ) from error
    if not isinstance(raw, dict):
        raise InputError("rule_file_wrong", f"{str(path)!r} holds no fields of a rule", RULE_FILE)
    return raw
