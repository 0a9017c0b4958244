"""A tally as the JSON of a base's ``counts`` column, and back.

Law: pure; nothing is lost that a decision asks for. What is written twice in a tally is written once: marks are named
by their place in ``marks``, the ledgers and boots they come from by their place in ``ledgers``. Of what is long past
only the numbers matter: before ``detail_from`` a day keeps no marks, and a mark only its instant and gate (its ledger
and monotonic time order what happened within milliseconds or within one boot).

``{"days": [20261122, [20261123, 2, 3, 0, 1, null]], "events": [[4, 1]], "marks": [[at, gate_no, ledger, seq, mono_ms],
[at, gate_no]], "ledgers": [[device, epoch, boot]], "first": 1, "last": 0, "charged": 0}``. A day is its date alone if
it had one entry, charged once; else date, charged, entries and, if kept, the marks of its first and last entry and its
last exit.

Source: docs/sync-protocol.md, "Snapshot".
"""

from __future__ import annotations

from datetime import date

import msgspec

from scanner.core.errors import InputError
from scanner.core.tally import DayTally, Mark, Tally
from scanner.core.units import BootId, DeviceId, Epoch, EventNo, GateNo, Instant, MonoMs, Seq

DAY_NUMBERS = 3
"""A day without marks: date, charged, entries."""

MARK_NUMBERS = 2
"""A mark of long ago: instant, gate."""

_USUAL_DAY = DayTally(charged=1, entries=1)
_ENCODER = msgspec.json.Encoder(order="deterministic")


class _Counts(msgspec.Struct, omit_defaults=True):
    """The JSON as written."""

    days: list[int | list[int | None]] = []
    events: list[tuple[int, int]] = []
    marks: list[list[int]] = []
    ledgers: list[tuple[str, str, str]] = []
    first: int | None = None
    last: int | None = None
    charged: int | None = None


_DECODER = msgspec.json.Decoder(_Counts)


def encode_tally(tally: Tally, detail_from: Instant | None = None) -> str:
    """The counts of one tally, in full or without the detail of before ``detail_from``."""
    writer = _Writer(detail_from)
    counts = _Counts(
        days=[writer.day(when, day) for when, day in sorted(tally.days.items())],
        events=sorted((int(number), charged) for number, charged in tally.events.items()),
        first=writer.place(tally.first_entry),
        last=writer.place(tally.last_entry),
        charged=writer.place(tally.last_charged),
    )
    counts.marks, counts.ledgers = list(map(list, writer.marks)), list(writer.ledgers)
    return _ENCODER.encode(counts).decode()


class _Writer:
    """Marks and ledgers met so far, each in its place."""

    def __init__(self, detail_from: Instant | None) -> None:
        self._detail_from = detail_from
        self.marks: dict[tuple[int, ...], int] = {}
        self.ledgers: dict[tuple[str, str, str], int] = {}

    def place(self, mark: Mark | None) -> int | None:
        if mark is None:
            return None
        written: tuple[int, ...] = (mark.at, mark.gate_no)
        if not self._is_old(mark):
            ledger = (mark.device, mark.epoch, mark.boot)
            where = self.ledgers.setdefault(ledger, len(self.ledgers))
            written = (*written, where, mark.seq, mark.mono_ms)
        return self.marks.setdefault(written, len(self.marks))

    def day(self, when: date, day: DayTally) -> int | list[int | None]:
        marks = (day.first_entry, day.last_entry, day.last_exit)
        if not all(mark is None or self._is_old(mark) for mark in marks):
            numbers = [_number(when), day.charged, day.entries]
            return [*numbers, *(self.place(mark) for mark in marks)]
        if (day.charged, day.entries) == (1, 1):
            return _number(when)
        return [_number(when), day.charged, day.entries]

    def _is_old(self, mark: Mark) -> bool:
        return self._detail_from is not None and mark.at < self._detail_from


def parse_tally(counts: str) -> Tally:
    """The tally of a ``counts`` column.

    Raises:
        InputError: ``snapshot_tally_wrong``.
    """
    try:
        return _tally(_DECODER.decode(counts))
    except (msgspec.MsgspecError, ValueError, LookupError, TypeError) as error:
        raise InputError(
            "snapshot_tally_wrong",
            f"counts of {len(counts)} characters cannot be read ({error})",
            "publish again with a central of this gate's version, or update the gate",
        ) from error


def _tally(counts: _Counts) -> Tally:
    marks = [_mark(written, counts.ledgers) for written in counts.marks]
    places: dict[int | None, Mark | None] = {None: None, **dict(enumerate(marks))}
    return Tally(
        days=dict(_day(written, places) for written in counts.days),
        events={EventNo(number): charged for number, charged in counts.events},
        first_entry=places[counts.first],
        last_entry=places[counts.last],
        last_charged=places[counts.charged],
    )


def _mark(written: list[int], ledgers: list[tuple[str, str, str]]) -> Mark:
    if len(written) == MARK_NUMBERS:
        at, gate_no = written
        return Mark(Instant(at), DeviceId(""), Epoch(""), Seq(0), GateNo(gate_no))
    at, gate_no, ledger, seq, mono_ms = written
    device, epoch, boot = ledgers[ledger]
    return Mark(
        Instant(at),
        DeviceId(device),
        Epoch(epoch),
        Seq(seq),
        GateNo(gate_no),
        BootId(boot),
        MonoMs(mono_ms),
    )


def _day(
    written: int | list[int | None], places: dict[int | None, Mark | None]
) -> tuple[date, DayTally]:
    if isinstance(written, int):
        return _date(written), _USUAL_DAY
    when, charged, entries = written[:DAY_NUMBERS]
    if when is None or charged is None or entries is None:
        raise ValueError("a day without its numbers")
    if len(written) == DAY_NUMBERS:
        return _date(when), DayTally(charged, entries)
    first, last, exit_ = written[DAY_NUMBERS:]
    return _date(when), DayTally(charged, entries, places[first], places[last], places[exit_])


def _number(when: date) -> int:
    return when.year * 10_000 + when.month * 100 + when.day


def _date(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)
