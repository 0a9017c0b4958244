"""A tally as the JSON of a base's ``counts`` column, and back.

Law: pure; nothing is lost that a decision asks for. Marks are written once and named by their place in ``marks``, the
ledgers they come from once in ``ledgers``. Of days that are long over only the numbers matter: ``detail_from`` drops
the marks of earlier days, and the monotonic instants of earlier marks.

``{"days": [[20261123, charged, entries, first, last, exit]...], "events": [[event_no, charged]...],
"marks": [[at, ledger, seq, gate_no, mono_ms]...], "ledgers": [[device, epoch, boot]...], "first": 0, "last": 0,
"charged": 0}``; a day without marks has three numbers only.

Source: docs/sync-protocol.md, "Tallies".
"""

from __future__ import annotations

from datetime import date

import msgspec

from scanner.core.errors import InputError
from scanner.core.tally import DayTally, Mark, Tally
from scanner.core.units import BootId, DeviceId, Epoch, EventNo, GateNo, Instant, MonoMs, Seq

DAY_NUMBERS = 3
"""A day without marks: date, charged, entries."""

_ENCODER = msgspec.json.Encoder(order="deterministic")


class _Counts(msgspec.Struct, omit_defaults=True):
    """The JSON as written."""

    days: list[list[int | None]] = []
    events: list[tuple[int, int]] = []
    marks: list[tuple[int, int, int, int, int]] = []
    ledgers: list[tuple[str, str, str]] = []
    first: int | None = None
    last: int | None = None
    charged: int | None = None


_DECODER = msgspec.json.Decoder(_Counts)


def encode_tally(tally: Tally, detail_from: Instant | None = None) -> str:
    """The counts of one tally, in full or without the marks of days over before ``detail_from``."""
    writer = _Writer(detail_from)
    counts = _Counts(
        days=[writer.day(when, day) for when, day in sorted(tally.days.items())],
        events=sorted((int(number), charged) for number, charged in tally.events.items()),
        first=writer.place(tally.first_entry),
        last=writer.place(tally.last_entry),
        charged=writer.place(tally.last_charged),
    )
    counts.marks, counts.ledgers = list(writer.marks), list(writer.ledgers)
    return _ENCODER.encode(counts).decode()


class _Writer:
    """Marks and ledgers met so far, each in its place."""

    def __init__(self, detail_from: Instant | None) -> None:
        self._detail_from = detail_from
        self.marks: dict[tuple[int, int, int, int, int], int] = {}
        self.ledgers: dict[tuple[str, str, str], int] = {}

    def place(self, mark: Mark | None) -> int | None:
        if mark is None:
            return None
        is_old = self._is_old(mark)
        ledger = (mark.device, mark.epoch, "" if is_old else mark.boot)
        where = self.ledgers.setdefault(ledger, len(self.ledgers))
        written = (mark.at, where, mark.seq, mark.gate_no, 0 if is_old else mark.mono_ms)
        return self.marks.setdefault(written, len(self.marks))

    def day(self, when: date, day: DayTally) -> list[int | None]:
        numbers = [_number(when), day.charged, day.entries]
        marks = (day.first_entry, day.last_entry, day.last_exit)
        if all(mark is None or self._is_old(mark) for mark in marks):
            return [*numbers]
        return [*numbers, *(self.place(mark) for mark in marks)]

    def _is_old(self, mark: Mark) -> bool:
        return self._detail_from is not None and mark.at < self._detail_from


def parse_tally(counts: str) -> Tally:
    """The tally of a ``counts`` column.

    Raises:
        InputError: ``snapshot_tally_wrong``.
    """
    try:
        return _tally(_DECODER.decode(counts))
    except (msgspec.MsgspecError, ValueError, IndexError, TypeError) as error:
        raise InputError(
            "snapshot_tally_wrong",
            f"counts of {len(counts)} characters cannot be read ({error})",
            "publish again with a central of this gate's version, or update the gate",
        ) from error


def _tally(counts: _Counts) -> Tally:
    marks = [
        Mark(
            Instant(at),
            DeviceId(counts.ledgers[ledger][0]),
            Epoch(counts.ledgers[ledger][1]),
            Seq(seq),
            GateNo(gate_no),
            BootId(counts.ledgers[ledger][2]),
            MonoMs(mono_ms),
        )
        for at, ledger, seq, gate_no, mono_ms in counts.marks
    ]
    places: dict[int | None, Mark | None] = {None: None, **dict(enumerate(marks))}
    return Tally(
        days={_date(day[0]): _day(day, places) for day in counts.days},
        events={EventNo(number): charged for number, charged in counts.events},
        first_entry=places[counts.first],
        last_entry=places[counts.last],
        last_charged=places[counts.charged],
    )


def _day(day: list[int | None], places: dict[int | None, Mark | None]) -> DayTally:
    charged, entries = day[1] or 0, day[2] or 0
    if len(day) == DAY_NUMBERS:
        return DayTally(charged, entries)
    _when, _charged, _entries, first, last, exit_ = day
    return DayTally(charged, entries, places[first], places[last], places[exit_])


def _number(when: date) -> int:
    return when.year * 10_000 + when.month * 100 + when.day


def _date(number: int | None) -> date:
    if number is None:
        raise ValueError("a day without a date")
    return date(number // 10_000, number // 100 % 100, number % 100)
