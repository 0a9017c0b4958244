"""Files that people bring, read to the last mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.core.errors import InputError
from server_stub.people.import_file import (
    CELL_CHARACTERS_MOST,
    FILE_BYTES_MOST,
    ROWS_MOST,
    Columns,
    FileKind,
    ImportRefusedError,
    ImportRow,
    find_repeated,
    load_file,
    parse_rows,
)

COLUMNS = Columns(("email",), ("tag",), "attribute.")
WANTED = (
    ImportRow(2, {"email": "ann@example.org", "tag": "Press, online"}),
    ImportRow(3, {"email": "bob@example.org"}),
)


def rows(text: str | bytes, kind: FileKind = FileKind.CSV) -> tuple[ImportRow, ...]:
    return parse_rows(text if isinstance(text, bytes) else text.encode(), kind, COLUMNS)


def refused(text: str | bytes, kind: FileKind = FileKind.CSV) -> list[tuple[int, str | None, str]]:
    with pytest.raises(ImportRefusedError) as caught:
        rows(text, kind)
    return [(one.line, one.column, one.message) for one in caught.value.problems]


def code_of(text: str | bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        rows(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        'email,tag\nann@example.org,"Press, online"\nbob@example.org,\n',
        "email;tag\nann@example.org;Press, online\nbob@example.org;\n",
        "email\ttag\r\nann@example.org\tPress, online\r\nbob@example.org\t\r\n",
        "\ufeffE-Mail".replace("E-Mail", "EMAIL")
        + " ;Tag\nann@example.org;Press, online\nbob@example.org;",
        b'email,tag\rann@example.org,"Press, online"\rbob@example.org,\r',
    ],
    ids=["commas", "semicolons", "tabs and CRLF", "byte order mark and capitals", "old Mac lines"],
)
def test_a_csv_file_is_read_however_a_spreadsheet_writes_it(text: str | bytes) -> None:
    assert rows(text) == WANTED


def test_blank_lines_are_no_rows_and_a_row_is_where_it_begins() -> None:
    text = 'email,tag\n\nann@example.org,"two\nlines"\n,,\nbob@example.org,x\n'

    assert refused(text) == [
        (3, "tag", "holds a line break or another character that cannot be shown")
    ]
    assert [one.line for one in rows(text.replace("two\nlines", "one"))] == [3, 5]


def test_json_is_an_array_of_flat_objects() -> None:
    text = '[{"email": "ann@example.org", "tag": null}, {"Email": "bob@example.org", "tag": 7}]'

    assert rows(text, FileKind.JSON) == (
        ImportRow(1, {"email": "ann@example.org"}),
        ImportRow(2, {"email": "bob@example.org", "tag": "7"}),
    )


def test_every_mistake_is_told_at_once_and_no_value_is_repeated() -> None:
    long = "x" * (CELL_CHARACTERS_MOST + 1)
    text = f"email,town,tag\n,Lyon,\nann@example.org,Paris,{long}\nbob@example.org\n"
    found = refused(text)

    assert found == [
        (2, "email", "is missing"),
        (2, "town", "there is no column 'town'"),
        (3, "tag", f"has {len(long)} characters, over {CELL_CHARACTERS_MOST}"),
        (4, None, "has 1 cells, the header has 3"),
    ]
    assert not any(word in str(found) for word in ("Lyon", "Paris", "ann@", "bob@"))


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("email,email\na@b.org,c@d.org\n", "email", "this column is there twice"),
        ("email,\na@b.org,c\n", None, "a column has no name"),
        ("email,attribute.\na@b.org,c\n", "attribute.", "there is no column 'attribute.'"),
        ('email,tag\n"a@b.org,c\n', None, "a quotation mark is not closed"),
    ],
)
def test_a_header_or_a_quotation_mark_that_is_wrong_is_named(
    text: str, column: str | None, message: str
) -> None:
    assert (column, message) in [(found[1], found[2]) for found in refused(text)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "this is no JSON"),
        ("{}", "this is no array"),
        ('[{"email": ["a@b.org"]}]', "is no flat object"),
        ('[{"email": true}]', "is no flat object"),
        ('["a@b.org"]', "is no flat object"),
        ("[" * 100_000, "this is no JSON"),
    ],
)
def test_json_of_another_shape_is_told_so(text: str, message: str) -> None:
    assert message in [found[2] for found in refused(text, FileKind.JSON)]


def test_letters_that_are_not_utf_8_are_never_guessed() -> None:
    latin = "email,tag\na@b.org,caf\xe9\n".encode("latin-1")
    found = code_of(latin)

    assert (found.code, "line 2" in found.message) == ("import_encoding", True)
    assert "iconv" in found.hint
    assert code_of("email\n".encode("utf-16")).code == "import_encoding"
    assert code_of("email\na@b.org\0\n").code == "import_encoding"


def test_a_file_without_rows_says_which_columns_it_needs() -> None:
    for text in ("", "\n \n", "email,tag\n", "\ufeff"):
        found = code_of(text)
        assert (found.code, "email" in found.hint) == ("import_empty", True)


def test_a_file_that_is_too_long_is_refused_before_it_is_understood(tmp_path: Path) -> None:
    assert code_of("email\n" + "a@b.org\n" * (ROWS_MOST + 1)).code == "import_too_long"
    assert code_of(b"x" * (FILE_BYTES_MOST + 1)).code == "import_too_long"
    path = tmp_path / "huge.CSV"
    path.write_bytes(b"x" * (FILE_BYTES_MOST + 100))
    content, kind = load_file(path)
    assert (len(content), kind) == (FILE_BYTES_MOST + 1, FileKind.CSV)
    assert load_file(Path(__file__))[1] is FileKind.CSV
    with pytest.raises(InputError, match="cannot be read"):
        load_file(tmp_path)


def test_what_says_the_same_again_is_named_with_the_line_that_said_it_first() -> None:
    found = find_repeated(
        rows("email\na@b.org\nc@d.org\na@b.org\n"), lambda one: one.values["email"], "!"
    )

    assert [(one.line, one.message) for one in found] == [(4, "repeats line 2")]


def test_a_long_list_of_mistakes_is_cut_on_a_terminal_and_whole_for_machines() -> None:
    with pytest.raises(ImportRefusedError) as caught:
        rows("email,tag\n" + ",x\n" * 30)

    assert "30 mistakes" in str(caught.value)
    assert "and 10 more" in str(caught.value)
    assert len(caught.value.problems) == 30


@given(content=st.binary(max_size=300), kind=st.sampled_from(FileKind))
def test_no_bytes_break_the_reader(content: bytes, kind: FileKind) -> None:
    try:
        found = parse_rows(content, kind, COLUMNS)
    except InputError:
        return
    assert all(row.values["email"] for row in found)


@given(
    cells=st.lists(
        st.tuples(st.emails(), st.text(st.characters(categories=["L", "N", "P"]), max_size=20)),
        min_size=1,
        max_size=5,
    ),
    delimiter=st.sampled_from(";,\t"),
)
def test_what_a_spreadsheet_writes_is_what_is_read(
    cells: list[tuple[str, str]], delimiter: str
) -> None:
    import csv
    import io

    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(("email", "tag"))
    writer.writerows(cells)
    found = rows(text.getvalue())

    assert [(one.values["email"], one.values.get("tag", "")) for one in found] == cells
