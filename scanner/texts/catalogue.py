"""Texts in the language of the reader.

Law: English stands in the code (`scanner.texts.english` and what it gathers) and is the key of every other language's
catalogue, ``<language>.po`` beside this file: plain gettext, compiled in memory when it is loaded, so nothing has to be
built or committed twice. A text that a catalogue lacks is shown in English. Catalogues are ours: a wrong one is a bug,
found by a test.

Source: docs/ledger.md, "Languages"; the gettext manual, "The Format of PO Files" and "The Format of GNU MO Files".
"""

from __future__ import annotations

import ast
import io
import struct
from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

ENGLISH = "en"
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Where the environment says the language, the first that is set counts."""

_MAGIC = 0x950412DE
_HEADER = struct.Struct("<7I")
_ENTRY = struct.Struct("<2I")


@cache
def languages() -> tuple[str, ...]:
    """The languages there are texts in."""
    found = [one.name for one in files(__package__).iterdir() if one.name.endswith(".po")]
    return (ENGLISH, *sorted(name.removesuffix(".po") for name in found))


def language_of(environment: Mapping[str, str]) -> str:
    """The language that an environment asks for; English where it asks for none of ours."""
    said = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    language = said.partition(".")[0].partition("_")[0].lower()
    return language if language in languages() else ENGLISH


@cache
def load_texts(language: str) -> NullTranslations:
    """The texts of one of `languages`: ``gettext(english)`` gives the text to show."""
    if language == ENGLISH:
        return NullTranslations()
    text = files(__package__).joinpath(f"{language}.po").read_text(encoding="utf-8")
    return GNUTranslations(io.BytesIO(_compiled(parse_po(text))))


def parse_po(text: str) -> dict[str, str]:
    """The texts of a catalogue by their English; without plurals, contexts and fuzzy marks, which we do not use.

    Raises:
        ValueError: a line that is none of ours, or a text that stands twice.
    """
    entries: list[dict[str, str]] = []
    field = ""
    for number, line in enumerate(text.splitlines(), start=1):
        word, _, rest = line.strip().partition(" ")
        if not line.strip() or word.startswith("#"):
            continue
        if word == "msgid":
            entries.append({})
        if word in {"msgid", "msgstr"}:
            field = word
        elif word.startswith('"'):
            rest = line.strip()
        if not rest.startswith('"') or not entries:
            raise ValueError(f"line {number} is no line of a catalogue: {line!r}")
        entries[-1][field] = entries[-1].get(field, "") + ast.literal_eval(rest)
    texts = {entry["msgid"]: entry.get("msgstr", "") for entry in entries}
    if len(texts) < len(entries):
        raise ValueError("a text stands twice")
    return texts


def _compiled(texts: Mapping[str, str]) -> bytes:
    """A catalogue as a GNU MO file: two tables of lengths and places, then the strings."""
    pairs = sorted((one.encode(), other.encode()) for one, other in texts.items() if other)
    start = _HEADER.size + 2 * _ENTRY.size * len(pairs)
    tables: list[bytes] = []
    strings = b""
    for side in zip(*pairs, strict=True):
        for string in side:
            tables.append(_ENTRY.pack(len(string), start + len(strings)))
            strings += string + b"\0"
    theirs = _HEADER.size + _ENTRY.size * len(pairs)
    header = _HEADER.pack(_MAGIC, 0, len(pairs), _HEADER.size, theirs, 0, start)
    return header + b"".join(tables) + strings
