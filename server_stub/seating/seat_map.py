"""A season's seat map: one CSV or JSON file, all of it or nothing.

Law: every line is looked at before one is kept, and everything that is wrong is said at once, with its line. A map
replaces the one before it: a seat that is gone is sold no more, and one that somebody has cannot go. A seat under a
renewal's claim may go: the campaign stops for its holder and says why.

Source: docs/model-c.md, "The seat map"; RFC 4180.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, insert, or_, select, update

from scanner.core.units import Instant
from server_stub.people.import_file import (
    RowProblem,
    RowsRefusedError,
    find_delimiter,
    parse_json,
)
from server_stub.rules.season import OWNED_STATES, HoldingState
from server_stub.seating.seasons import find_season
from server_stub.seating.seat_labels import SEAT_CHARACTERS, is_seat
from server_stub.store.season_tables import event_seat, season_seat
from server_stub.store.seat_rows import coming_events

SEATS_MOST = 200_000
COLUMNS = ("seat", "block", "row", "number")
MISTAKES_SHOWN = 1_000
SEATS_AT_ONCE = 1_000


class SeatMapResult(msgspec.Struct, frozen=True):
    """What an import did. ``back``: seats that an earlier map had and a later one had not."""

    seats: int
    added: int
    back: int
    removed: int


def import_map(
    connection: Connection,
    name: str,
    text: str,
    now: Instant,
    watch: Callable[[int, int], None] = lambda _done, _of_all: None,
) -> SeatMapResult:
    """Replaces a season's map, in the caller's transaction; ``watch`` is told how many of how many rows are written.

    Raises:
        InputError: ``name_unknown``.
        RowsRefusedError: ``seat_map_wrong``: nothing was imported.
    """
    season_no = find_season(connection, name).season_no
    seats, mistakes = parse_map(text)
    known = dict(
        connection.execute(
            select(season_seat.c.seat, season_seat.c.is_on_map).where(
                season_seat.c.season_no == season_no
            )
        ).all()
    )
    gone = {seat for seat, is_on_map in known.items() if is_on_map} - set(seats)
    used = _in_use(connection, season_no, gone, now)
    mistakes += [
        RowProblem(0, None, f"seat {seat!r} is missing, and somebody has it", "leave it in")
        for seat in used
    ]
    if mistakes:
        raise RowsRefusedError("seat_map_wrong", _at_most(mistakes), "csv")
    fresh = [seat for seat in seats if seat not in known]
    back = [seat for seat in seats if known.get(seat) == 0]
    _write(connection, season_no, fresh, back, gone, watch)
    return SeatMapResult(len(seats), len(fresh), len(back), len(gone))


def parse_map(text: str) -> tuple[list[str], list[RowProblem]]:
    """The seats of a CSV or JSON file in their order, and everything that is wrong with it."""
    text = text.removeprefix("\ufeff")
    return _parse_json(text) if text.lstrip().startswith("[") else _parse_csv(text)


def _parse_json(text: str) -> tuple[list[str], list[RowProblem]]:
    mistakes: list[RowProblem] = []
    rows = [(row.line, row.values) for row in parse_json(text, mistakes)]
    for line, values in rows:
        mistakes += _columns_problems(line, list(values))
    return ([], mistakes) if mistakes else _parse_rows(rows)


def _parse_csv(text: str) -> tuple[list[str], list[RowProblem]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(text), strict=True)
    try:
        lines = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        said = f"this is no CSV: {error}"
        return [], [RowProblem(reader.line_num, None, said, 'write "" for a quotation mark inside')]
    if not lines:
        return [], [RowProblem(1, None, "the file is empty", "its first line names the columns")]
    names = [name.strip().lower() for name in lines[0][1]]
    if mistakes := _columns_problems(lines[0][0], names):
        return [], mistakes
    rows, torn = [], []
    for line, cells in lines[1:]:
        if len(cells) == len(names):
            rows.append((line, dict(zip(names, (cell.strip() for cell in cells), strict=True))))
        else:
            said = f"has {len(cells)} values, the first line names {len(names)} columns"
            torn.append(RowProblem(line, None, said, "write one value for each column"))
    seats, mistakes = _parse_rows(rows) if rows or not torn else ([], [])
    return seats, torn + mistakes


def _columns_problems(line: int, names: list[str]) -> list[RowProblem]:
    hint = "valid: seat, or number with block and row"
    wrong = [name for name in names if name not in COLUMNS]
    if wrong or len(set(names)) != len(names) or not ({"seat"} == set(names) or "number" in names):
        said = ", ".join(repr(name[:SEAT_CHARACTERS]) for name in names[: len(COLUMNS) + 1])
        return [RowProblem(line, None, f"the columns are {said or 'none'}", hint)]
    if "seat" in names and len(names) > 1:
        said = "seat stands alone, without block, row and number"
        return [RowProblem(line, "seat", said, hint)]
    return []


def _parse_rows(
    rows: Sequence[tuple[int, Mapping[str, str]]],
) -> tuple[list[str], list[RowProblem]]:
    first_at: dict[str, int] = {}
    mistakes = []
    for line, values in rows:
        seat = "-".join(values[name] for name in COLUMNS if values.get(name))
        problem = _problem(line, seat, values)
        if problem is None and seat in first_at:
            said = f"seat {seat!r} stands in line {first_at[seat]} already"
            problem = RowProblem(line, None, said, "leave one of them out")
        if problem is not None:
            mistakes.append(problem)
        else:
            first_at[seat] = line
    if not rows:
        mistakes.append(RowProblem(2, None, "there is no seat", "write one seat a line"))
    if len(rows) > SEATS_MOST:
        said = f"is more than {SEATS_MOST:,} seats"
        mistakes.append(RowProblem(rows[SEATS_MOST][0], None, said, "make two seasons of it"))
    return list(first_at), mistakes


def _problem(line: int, seat: str, values: Mapping[str, str]) -> RowProblem | None:
    column = "seat" if "seat" in values else "number"
    if not values.get(column):
        return RowProblem(line, column, "the seat has no name", "write what is painted on it")
    if not is_seat(seat):
        said = f"seat {seat[:SEAT_CHARACTERS]!r} is not 1 to {SEAT_CHARACTERS} printable characters"
        return RowProblem(line, None, said, "shorten it")
    return None


def _at_most(mistakes: list[RowProblem]) -> list[RowProblem]:
    """A file of other things has a mistake in every line."""
    mistakes = sorted(mistakes, key=lambda one: one.line)
    more = mistakes[MISTAKES_SHOWN:]
    if not more:
        return mistakes
    said = f"and {len(more)} more mistakes from here on"
    return [*mistakes[:MISTAKES_SHOWN], RowProblem(more[0].line, None, said, "mend these first")]


def _in_use(connection: Connection, season_no: int, gone: set[str], now: Instant) -> list[str]:
    """Those that somebody owns, has in a cart, or has bought for one match."""
    owned = connection.execute(
        select(season_seat.c.seat).where(
            season_seat.c.season_no == season_no,
            or_(
                season_seat.c.state.in_(sorted(OWNED_STATES)),
                (season_seat.c.state == HoldingState.HELD) & (season_seat.c.held_until > now),
            ),
        )
    ).scalars()
    singly = connection.execute(
        select(event_seat.c.seat).where(
            event_seat.c.event_no.in_(coming_events(connection, season_no, now)),
            or_(event_seat.c.held_until.is_(None), event_seat.c.held_until > now),
        )
    ).scalars()
    return sorted(gone & {*owned, *singly})


def _write(
    connection: Connection,
    season_no: int,
    fresh: list[str],
    back: list[str],
    gone: set[str],
    watch: Callable[[int, int], None],
) -> None:
    new = {"season_no": season_no, "is_on_map": 1, "state": HoldingState.AVAILABLE}
    of_all, done = len(fresh) + len(back) + len(gone), 0
    for begin in range(0, len(fresh), SEATS_AT_ONCE):
        some = fresh[begin : begin + SEATS_AT_ONCE]
        connection.execute(insert(season_seat), [new | {"seat": seat} for seat in some])
        done += len(some)
        watch(done, of_all)
    for seats, is_on_map in ((back, 1), (sorted(gone), 0)):
        for seat in seats:
            connection.execute(
                update(season_seat)
                .where(season_seat.c.season_no == season_no, season_seat.c.seat == seat)
                .values(is_on_map=is_on_map)
            )
            done += 1
            watch(done, of_all)
