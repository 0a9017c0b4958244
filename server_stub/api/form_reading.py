"""Decoded JSON or TOML becomes a form, and what is wrong with it is said by field, with the values that would be right.

Law: pure. msgspec decides; the words are ours.

Source: docs/central.md, "API".
"""

from __future__ import annotations

import re
from enum import EnumType
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from server_stub.faults import FieldError

SAID_CHARACTERS = 200
"""Of a complaint: it may quote what was sent."""

Form = TypeVar("Form", bound=msgspec.Struct)


def parse_form(kind: type[Form], raw: dict[str, Any]) -> Form:
    """A form of already decoded JSON or TOML.

    Raises:
        InputError: ``field_wrong``.
    """
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        raise field_wrong(kind, str(error)) from error


def field_wrong(kind: type[Any], said: str) -> FieldError:
    """The complaint of msgspec in our words, with the values that would have been valid."""
    what, _, path = said.partition(" - at `$.")
    what = what if len(what) <= SAID_CHARACTERS else f"{what[:SAID_CHARACTERS]} …"
    path = path.rstrip("`")
    label, valid = valid_values(kind, path, said)
    how = "write 2026-12-31" if "RFC3339" in said else "see docs/central.md"
    return FieldError(
        "field_wrong",
        f"{path or kind.__name__}: {what[:1].lower()}{what[1:]}; nothing was changed",
        f"{label}: {', '.join(valid)}" if valid else how,
        field=path or (_named(said) if label == "fields" else ""),
        valid=valid,
    )


def valid_values(kind: type[Any], path: str, said: str) -> tuple[str, tuple[str, ...]]:
    """What may stand at a path of a form, as far as it can be listed."""
    found: Any = kind
    for name in filter(None, re.split(r"[.\[\]]+", path)):
        if name == "..." or name.isdigit():
            found = next(iter(get_args(found)), Any)
        elif isinstance(found, type) and issubclass(found, msgspec.Struct):
            names = {f.encode_name: f.name for f in msgspec.structs.fields(found)}
            found = get_type_hints(found).get(names.get(name, name), Any)
    for one in (found, *get_args(found)):
        if isinstance(one, EnumType):
            return "valid", tuple(map(str, one))
        if "field" in said and isinstance(one, type) and issubclass(one, msgspec.Struct):
            return "fields", tuple(f.encode_name for f in msgspec.structs.fields(one))
    return "valid", ()


def _named(said: str) -> str:
    """The field that msgspec has quoted: one that is missing, or that we do not know."""
    quoted = re.search(r"field `([^`]*)`", said)
    return quoted.group(1) if quoted else ""
