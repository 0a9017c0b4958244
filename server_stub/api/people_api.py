"""People as a whole, for administrators: import them, hand out what is held about one, forget one.

Law: thin. Who is meant stands in the body, never in an address that a proxy would write down.

Source: docs/central.md, "Imports"; docs/privacy.md, "Export", "Erasure".
"""

from __future__ import annotations

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from server_stub.api.forms import Strict
from server_stub.api.idempotency import act_once
from server_stub.api.injected import TheCentral, TheOnce
from server_stub.people.erasure import Erased, erase_person
from server_stub.people.import_file import FileKind
from server_stub.people.imports import Imported, Importing, apply_import, import_file, parse_import
from server_stub.people.person_export import PersonExport, export_person


class ImportForm(Strict, frozen=True):
    """A file, as it is. ``is_dry``: only say what would come of it."""

    content: str
    kind: FileKind = FileKind.CSV
    is_dry: bool = False


class PersonForm(Strict, frozen=True):
    """An e-mail address or a ``customer_id``."""

    who: str


@post("/imports/{what:str}", sync_to_thread=True, status_code=200, summary="Import a file")
def import_people(
    central: TheCentral, once: TheOnce, what: FromPath[Importing], data: JSONBody[ImportForm]
) -> Imported:
    """All of it or nothing; `errors` of a refusal lists every mistake. The codes of passes are in this answer."""
    content = data.content.encode()
    if data.is_dry:
        return import_file(central, what, content, data.kind, is_dry=True)
    rows = parse_import(what, content, data.kind)
    return act_once(
        central,
        once,
        Imported,
        lambda connection: apply_import(connection, central, what, rows, is_dry=False),
    )


@post("/persons/export", sync_to_thread=True, status_code=200, summary="All about a person")
def export_one(central: TheCentral, data: JSONBody[PersonForm]) -> PersonExport:
    """For that person."""
    return export_person(central, data.who)


@post("/persons/erase", sync_to_thread=True, status_code=200, summary="Forget a person")
def erase_one(central: TheCentral, data: JSONBody[PersonForm]) -> Erased:
    """It cannot be undone. What was paid and counted stays, without the person."""
    return erase_person(central, data.who)


ROUTES: list[HTTPRouteHandler] = [import_people, export_one, erase_one]
