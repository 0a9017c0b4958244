"""Files that people bring: CSV or JSON, as rows with the line each stands in, and everything that is wrong at once.

Law: pure: bytes in, rows or one refusal out. A refusal lists every mistake, each with its line, its column and what to
do, so that nobody mends a file one error at a time. It never repeats a value: a file of customers is full of names.
Nothing is guessed: a file that is not UTF-8 is refused, not read with wrong letters.

Source: docs/central.md, "Imports"; RFC 4180.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from scanner.core.errors import InputError
from server_stub.faults import FieldError

FILE_BYTES_MOST = 3 * 1024 * 1024
ROWS_MOST = 20_000
CELL_CHARACTERS_MOST = 500
SHOWN_MOST = 20
DELIMITERS = ";,\t"
ATTRIBUTE = "attribute."
"""A column may be any name after it."""


class FileKind(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row. ``line``: where it begins in the file (of JSON: which of the array). Empty cells are left out."""

    line: int
    values: dict[str, str]


class RowProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One mistake. ``column`` null = the whole line; ``line`` 0: what is missing stands in none."""

    line: int
    column: str | None
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file may have. ``open_prefix``: of columns that may be named by whoever writes the file."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    open_prefix: str | None = None

    def has(self, name: str) -> bool:
        """True for a column that we know."""
        is_open = self.open_prefix is not None and name.startswith(self.open_prefix)
        return (
            name in self.needed or name in self.optional or (is_open and name != self.open_prefix)
        )


class RowsRefusedError(FieldError):
    """A file in which something is wrong; nothing of it was kept. ``problems``: all of it, in the file's order."""

    def __init__(self, code: str, problems: Collection[RowProblem], field: str) -> None:
        self.problems = sorted(problems, key=lambda one: (one.line, one.column or ""))
        count = len(self.problems)
        shown = [_told_problem(one) for one in self.problems[:SHOWN_MOST]]
        if count > SHOWN_MOST:
            shown.append(f"  and {count - SHOWN_MOST} more: --json lists them all")
        super().__init__(
            code,
            f"{count} {'mistake' if count == 1 else 'mistakes'}; nothing was imported\n"
            + "\n".join(shown),
            "mend all of them in the file, then import it again",
            field=field,
        )


class ImportRefusedError(RowsRefusedError):
    """Of customers or passes."""

    def __init__(self, problems: Collection[RowProblem]) -> None:
        super().__init__("import_refused", problems, "content")


def _told_problem(one: RowProblem) -> str:
    line = f"line {one.line}" if one.line else ""
    place = ", ".join(filter(None, (line, one.column)))
    said = f"  {place}: {one.message}" if place else f"  {one.message}"
    return said + (f" ({one.hint})" if one.hint else "")


def load_file(path: Path) -> tuple[bytes, FileKind]:
    """A file's bytes, and how it is written, by its name.

    Raises:
        InputError: ``import_not_readable``, ``import_too_long``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MOST + 1)
    except OSError as error:
        raise InputError(
            "import_not_readable",
            f"{str(path)!r} cannot be read ({error.strerror}); nothing was imported",
            "name a file that you may read",
        ) from error
    return content, FileKind.JSON if path.suffix.lower() == ".json" else FileKind.CSV


def parse_rows(content: bytes, kind: FileKind, columns: Columns) -> tuple[ImportRow, ...]:
    """The rows of a file.

    Raises:
        InputError: ``import_too_long``, ``import_encoding``, ``import_empty``.
        ImportRefusedError: ``import_refused``.
    """
    text = _parse_text(content)
    problems: list[RowProblem] = []
    rows = parse_json(text, problems) if kind is FileKind.JSON else _parse_csv(text, problems)
    if not rows and not problems:
        raise FieldError(
            "import_empty",
            "the file has no rows; nothing was imported",
            f"the first line names the columns: {', '.join(columns.needed)}",
            field="content",
        )
    if len(rows) > ROWS_MOST:
        raise _too_long(f"{len(rows)} rows, over {ROWS_MOST}")
    _judge_columns(rows, columns, problems)
    for row in rows:
        problems += _judge_cells(row, columns)
    if problems:
        raise ImportRefusedError(problems)
    return tuple(rows)


def find_repeated(
    rows: Iterable[ImportRow], of: Callable[[ImportRow], object | None], hint: str
) -> list[RowProblem]:
    """The rows that say again what another said before; None = it cannot be said twice."""
    first: dict[object, int] = {}
    problems = []
    for row in rows:
        said = of(row)
        if said is None:
            continue
        if said in first:
            problems.append(RowProblem(row.line, None, f"repeats line {first[said]}", hint))
        first.setdefault(said, row.line)
    return problems


def problem_of(row: ImportRow, error: InputError, column: str | None = None) -> RowProblem:
    """A refusal of ours, as a mistake of a row; what it says of "nothing" is said once for the whole file."""
    message = error.message.rpartition("; nothing")[0] or error.message
    return RowProblem(row.line, column or getattr(error, "field", None), message, error.hint)


def _parse_text(content: bytes) -> str:
    if len(content) > FILE_BYTES_MOST:
        raise _too_long(f"over {FILE_BYTES_MOST} bytes")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _encoding("is UTF-16, as spreadsheets call 'Unicode text'")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _encoding(f"is not UTF-8 (line {line}); it may be Latin-1 or Windows-1252") from error
    if "\0" in text:
        raise _encoding("holds NUL characters, so it is no text")
    return text


def _encoding(why: str) -> FieldError:
    return FieldError(
        "import_encoding",
        f"the file {why}; nothing was imported",
        "save it as 'CSV UTF-8', or: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW",
        field="content",
    )


def _too_long(why: str) -> FieldError:
    return FieldError(
        "import_too_long",
        f"the file has {why}; nothing was imported",
        f"cut it into files of at most {ROWS_MOST} rows and {FILE_BYTES_MOST} bytes, each with its header",
        field="content",
    )


def find_delimiter(text: str) -> str:
    """What stands most often in the header, a comma where nothing does."""
    header_line = next((line for line in text.splitlines() if line.strip()), "")
    found: str = max((",", *DELIMITERS), key=header_line.count)
    return found


def _parse_csv(text: str, problems: list[RowProblem]) -> list[ImportRow]:
    delimiter = find_delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    rows: list[ImportRow] = []
    line = 0
    try:
        for cells in reader:
            begins, line = line + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _header(cells, begins, problems)
            elif len(cells) != len(header):
                problems.append(_wrong_width(begins, len(cells), len(header), delimiter))
            else:
                named = zip(header, (cell.strip() for cell in cells), strict=True)
                rows.append(ImportRow(begins, {name: cell for name, cell in named if cell}))
            if len(rows) > ROWS_MOST:
                raise _too_long(f"over {ROWS_MOST} rows")
    except csv.Error:
        problems.append(
            RowProblem(line + 1, None, "a quotation mark is not closed", 'write "" for one inside')
        )
    return rows


def _header(cells: list[str], line: int, problems: list[RowProblem]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    problems += [
        RowProblem(line, name, "this column is there twice", "leave one out")
        for name in sorted({name for name in names if name and names.count(name) > 1})
    ]
    return names


def _wrong_width(line: int, cells: int, names: int, delimiter: str) -> RowProblem:
    return RowProblem(
        line,
        None,
        f"has {cells} cells, the header has {names}",
        f"put a cell that holds {delimiter!r} between quotation marks",
    )


def parse_json(text: str, problems: list[RowProblem]) -> list[ImportRow]:
    """The flat objects of an array, numbered from 1 where a CSV file has lines; what is none goes to ``problems``."""
    if not text.strip():
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        problems.append(RowProblem(line, None, "this is no JSON", "write an array of objects"))
        return []
    if not isinstance(found, list):
        problems.append(RowProblem(1, None, "this is no array", 'write [{"email": "…"}, …]'))
        return []
    rows = []
    for number, one in enumerate(found, start=1):
        if not isinstance(one, dict) or not all(_is_plain(value) for value in one.values()):
            hint = "write an object whose values are texts or numbers"
            problems.append(RowProblem(number, None, "is no flat object", hint))
            continue
        said = {name.strip().casefold(): _told(value) for name, value in one.items()}
        rows.append(ImportRow(number, {name: cell for name, cell in said.items() if cell}))
    return rows


def _is_plain(value: Any) -> bool:
    return value is None or (isinstance(value, str | int) and not isinstance(value, bool))


def _told(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _judge_columns(rows: Iterable[ImportRow], columns: Columns, problems: list[RowProblem]) -> None:
    """An unknown column is said once, at its first line."""
    known = ", ".join((*columns.needed, *columns.optional))
    if columns.open_prefix is not None:
        known += f", {columns.open_prefix}NAME"
    said: set[str] = set()
    for row in rows:
        for name in row.values:
            if not columns.has(name) and name not in said:
                said.add(name)
                what = f"there is no column {name[:40]!r}" if name else "a column has no name"
                problems.append(RowProblem(row.line, name[:40] or None, what, f"valid: {known}"))


def _judge_cells(row: ImportRow, columns: Columns) -> list[RowProblem]:
    problems = [
        RowProblem(row.line, name, "is missing", "every row needs it")
        for name in columns.needed
        if name not in row.values
    ]
    for name, cell in row.values.items():
        if len(cell) > CELL_CHARACTERS_MOST:
            said = f"has {len(cell)} characters, over {CELL_CHARACTERS_MOST}"
            problems.append(RowProblem(row.line, name, said, "shorten it"))
        elif not cell.isprintable():
            said = "holds a line break or another character that cannot be shown"
            problems.append(RowProblem(row.line, name, said, "take it out"))
    return problems
