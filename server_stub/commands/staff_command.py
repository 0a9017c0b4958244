"""`portillon-central staff`.

Law: whoever may read the central's folder is its owner, so these commands ask for no password; the API does.

Source: docs/central.md, "Staff".
"""

from __future__ import annotations

import click

from server_stub.api import accounts
from server_stub.api.form_reading import parse_form
from server_stub.api.staff_forms import StaffForm, StaffRole, StaffRoleForm
from server_stub.central import Central
from server_stub.commands.terminal import answer, answer_records, central_command

ROLES = ", ".join(StaffRole)


@click.group()
def staff() -> None:
    """People who may use the API."""


@staff.command("add")
@click.argument("name")
@click.option("--role", required=True, help=f"{ROLES}.")
@central_command
def add(central: Central, name: str, role: str, *, as_json: bool) -> None:
    """Add an account; its one-time password is shown this once."""
    form, one_time = parse_form(StaffForm, {"name": name, "role": role}), accounts.create_one_time()
    with central.database.write() as connection:
        accounts.add_account(connection, form.name, form.role, one_time, central.clock.now_ms())
    _hand_out(name, one_time.password, f"{role} {name}", as_json=as_json)


@staff.command("list")
@central_command
def list_(central: Central, *, as_json: bool) -> None:
    """List the accounts."""
    answer_records(central, accounts.LISTED, "staff accounts", as_json=as_json)


@staff.command("role")
@click.argument("name")
@click.argument("role")
@central_command
def change_role(central: Central, name: str, role: str, *, as_json: bool) -> None:
    """Give an account another role, from its next request on."""
    form = parse_form(StaffRoleForm, {"role": role})
    with central.database.write() as connection:
        accounts.change_role(connection, name, form.role)
    answer({"done": True}, f"✔ {name} is {role}", as_json=as_json)


@staff.command("reset")
@click.argument("name")
@central_command
def reset(central: Central, name: str, *, as_json: bool) -> None:
    """Give an account another one-time password; a disabled one is back."""
    one_time = accounts.create_one_time()
    with central.database.write() as connection:
        accounts.reset_password(connection, name, one_time)
    _hand_out(name, one_time.password, name, as_json=as_json)


@staff.command("disable")
@click.argument("name")
@central_command
def disable(central: Central, name: str, *, as_json: bool) -> None:
    """End an account, also where it is signed in."""
    with central.database.write() as connection:
        accounts.disable_account(connection, name, central.clock.now_ms())
    answer({"done": True}, f"✔ {name} may do nothing any more", as_json=as_json)


def _hand_out(name: str, password: str, who: str, *, as_json: bool) -> None:
    answer(
        {"name": name, "one_time_password": password},
        f"✔ {who} signs in with this password, shown once, and then chooses another: {password}",
        as_json=as_json,
    )
