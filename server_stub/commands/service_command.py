"""`portillon-central init | serve | publish`.

Source: docs/central.md.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from server_stub.central import Central
from server_stub.commands.terminal import (
    answer,
    central_command,
    folder_option,
    json_option,
    opened_central,
    progress,
)
from server_stub.folder import Folder
from server_stub.founding import DEFAULT_URL, Founding, found_central
from server_stub.system_clock import SystemClock


@click.command()
@folder_option
@json_option
@click.option("--site", required=True, help="Short name: a-z, 0-9 and -. Cannot be changed later.")
@click.option("--zone", required=True, help="Time zone of the venue, such as Europe/Paris.")
@click.option("--day-cutoff", default="00:00", show_default=True, help="Where a day begins.")
@click.option("--url", default=DEFAULT_URL, show_default=True, help="Where gates find it.")
@click.option("--database", help="Another database: postgresql+psycopg://...")
@click.option("--admin", default="admin", show_default=True, help="Name of the first account.")
def init(folder: Path, database: str | None, admin: str, *, as_json: bool, **wish: str) -> None:
    """Found a central."""
    from server_stub.api.accounts import create_one_time  # argon2 is needed nowhere else here

    first = create_one_time()
    made = found_central(
        Founding(path=folder, database_url=database, admin=(admin, first), **wish), SystemClock()
    )
    answer(
        _paths(made, admin, first.password),
        _welcome(made, admin, first.password),
        as_json=as_json,
    )


def _paths(made: Folder, admin: str, password: str) -> dict[str, Any]:
    return {
        "dir": str(made.path),
        "admin": admin,
        "one_time_password": password,
        "root_keys": sorted(str(path) for path in made.root_keys.iterdir()),
    }


def _welcome(made: Folder, admin: str, password: str) -> str:
    return "\n".join(
        (
            f"✔ a central is founded in {made.path}",
            f"  sign in to its API as {admin} with this password, shown once and good for one login: {password}",
            f"  take the three files of {made.root_keys} to three different places and delete them here:",
            "  any two of them can replace every other key; nothing needs them until then",
            "  next: portillon-central zone add, type add, gate add, device add, serve",
        )
    )


@click.command()
@folder_option
@json_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8377,
    show_default=True,
    help="0 = any free one.",
)
@click.option("--tls-cert", type=click.Path(path_type=Path, dir_okay=False), help="PEM chain.")
@click.option("--tls-key", type=click.Path(path_type=Path, dir_okay=False), help="PEM key.")
@click.option(
    "--publish-every",
    "publish_every_s",
    type=click.FloatRange(min=0),
    default=0.1,
    show_default=True,
    help="Seconds between two looks for changes to publish; 0 = only by hand.",
)
@click.option(
    "--refresh",
    "refresh_s",
    type=click.FloatRange(min=1),
    default=900.0,
    show_default=True,
    help="Seconds after which an unchanged state is published anew, so that gates know its age.",
)
def serve(folder: Path, *, as_json: bool, **wish: Any) -> None:
    """Serve gates and organisers."""
    from server_stub.api.serving import Serving  # the web stack is slow to load
    from server_stub.api.serving import serve as serve_central
    from server_stub.logs import start_logging  # only the server logs as JSON

    start_logging()
    logging.getLogger("alembic").setLevel(logging.WARNING)

    def say(url: str) -> None:
        answer({"url": url}, f"✔ listening on {url}", as_json=as_json)

    with opened_central(folder) as central:
        serve_central(central, Serving(**wish), say)


@click.command()
@central_command
def publish(central: Central, *, as_json: bool) -> None:
    """Publish the state of now to the gates."""
    from server_stub.publishing.publisher import (
        publish as publish_now,  # python-tuf is slow to load
    )

    with progress("rights and codes", is_quiet=as_json) as watch:
        made = publish_now(central, watch)
    how = f"{made.base_bytes} bytes, {made.wire_bytes} on the wire"
    if made.delta_rows is not None:
        how = f"a delta of {made.delta_rows} rows, {made.delta_bytes} bytes on the wire"
    answer(
        made,
        f"✔ published snapshot {made.seq}: {made.grants} grants, {how}",
        as_json=as_json,
    )
