"""The steps of a rehearsal file, in order of time.

Law: a step names only what the file has; a wall time that the site's clocks skip is an error, of two equal ones the
first is meant unless the step says ``second``. What a step may say depends on what it does; all else is refused.

Source: docs/rehearsal.md, "Steps".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from scanner.core.calendar import SiteCalendar
from scanner.core.clock import ClockState
from scanner.core.override import StaffAnswer
from scanner.core.reasons import Flag, Outcome, Reason
from scanner.core.rehearsal_script import (
    IGNORED,
    ChangeEvent,
    ChangeGrant,
    Cut,
    EndPassage,
    ExpectCounts,
    Expected,
    GateMode,
    Join,
    Passage,
    Place,
    Restart,
    Revoke,
    ScanStep,
    ScriptGate,
    ScriptGrant,
    SetClock,
    SetDisk,
    SetMode,
    Shown,
    Signer,
    Step,
)
from scanner.core.units import Direction, Instant
from scanner.rehearsing.rehearsal_fields import EPOCH, Table, instant_of, shown
from scanner.rehearsing.rehearsal_grants import ROTATING, GrantReader, Names

ANSWERS = (*(outcome.value for outcome in Outcome), IGNORED)
REASONS = tuple(reason.value for reason in Reason)
FLAGS = (*REASONS, *(flag.value for flag in Flag))
PENDING = "pending"
DISK_STATES = ("full", "ok")

Gates = Mapping[str, tuple[ScriptGate, tuple[str, ...]]]


class StepReader:
    """The steps of one file."""

    def __init__(self, site: SiteCalendar, names: Names, gates: Gates, grants: GrantReader) -> None:
        self._site = site
        self._names = names
        self._gates = gates
        self._grants = grants
        self._last: tuple[str, Instant] | None = None
        self._readers: Mapping[str, Callable[[Table, Place], Step]] = {
            "cut": lambda table, place: Cut(place, self._several(table)),
            "join": lambda table, place: Join(place, self._several(table)),
            "revoke": self._revoke,
            "change": self._change,
            "event": self._event,
            "clock": self._clock,
            "turn": lambda table, place: EndPassage(place, self._gate(table), True),
            "timeout": lambda table, place: EndPassage(place, self._gate(table), False),
            "restart": lambda table, place: Restart(place, self._gate(table)),
            "lane": self._lane,
            "disk": self._disk,
            "expect": self._counts,
        }

    def steps(self, tables: Sequence[Table]) -> tuple[Step, ...]:
        """Every step of the file."""
        return tuple(self._step(table, number) for number, table in enumerate(tables))

    def _step(self, table: Table, number: int) -> Step:
        place = Place(number, self._at(table))
        read: Callable[[Table, Place], Step] = self._scan
        if "do" in table:
            read = self._readers.get(table.known_word("do", self._readers) or "", self._nothing)
        step = read(table, place)
        if read != self._nothing:
            table.close()
        return step

    def _at(self, table: Table) -> Instant:
        table.require("at")
        moment, second = table.moment("at"), table.flag("second", default=False)
        if moment is None:
            return self._last[1] if self._last else EPOCH
        if moment.tzinfo is None and not self._site.exists(moment):
            table.wrong(
                "at", f"{_wall(moment)} does not exist in {self._site.zone}: clocks skip it"
            )
        at = instant_of(moment, self._site, second=second)
        if self._last is not None and at < self._last[1]:
            table.wrong("at", f"{_wall(moment)} is before the step before it ({self._last[0]})")
            return self._last[1]
        self._last = _wall(moment), at
        return at

    def _nothing(self, _table: Table, place: Place) -> Step:
        return Cut(place, ())

    def _scan(self, table: Table, place: Place) -> Step:
        gate = self._gate(table)
        return ScanStep(
            place=place,
            gate=gate,
            shown=self._shown(table),
            direction=self._direction(table, gate),
            party=table.number("party", 1, least=1),
            passage=_passage(table),
            override=table.optional_choice("override", StaffAnswer),
            is_inspection=table.flag("inspect", default=False),
            expected=self._expected(table),
        )

    def _shown(self, table: Table) -> Shown:
        raw, code = table.raw("raw"), table.text("scan")
        if (raw is None) == (not code):
            table.wrong("scan", "a step shows either scan or raw (or it says what to do)")
        look = Shown(
            code=code.removeprefix(ROTATING),
            raw=self._bytes(table, raw),
            is_rotating=code.startswith(ROTATING),
            is_tampered=table.flag("tampered", default=False),
            signer=table.choice("key", Signer, Signer.OWN),
            renewal_until=table.instant("renewal_until", self._site, second=True),
        )
        self._require_ticket(table, look)
        return look

    @staticmethod
    def _bytes(table: Table, raw: object) -> bytes | None:
        """One byte for each character up to ÿ, as a scanner gives them; text beyond that is UTF-8."""
        if raw is None:
            return None
        if not isinstance(raw, str):
            table.wrong("raw", f"{shown(raw)} is not a text")
            return b""
        try:
            return raw.encode("latin-1")
        except UnicodeEncodeError:
            return raw.encode()

    def _require_ticket(self, table: Table, look: Shown) -> None:
        """What only a signed ticket can be needs one."""
        owner = self._owner(look.code)
        if owner is None and (look.is_rotating or look.renewal_until is not None):
            self._refuse_code(table, "scan", look.code)
            return
        is_ticket = owner is not None and (
            owner.is_signed
            or look.is_rotating
            or look.code in owner.rotating
            or look.renewal_until is not None
        )
        for key, is_asked in (
            ("tampered", look.is_tampered),
            ("key", look.signer is not Signer.OWN),
        ):
            if is_asked and not is_ticket:
                table.wrong(key, f"{shown(look.code)} is not a signed ticket of this file")

    def _refuse_code(self, table: Table, key: str, code: str) -> None:
        codes = _list(code for grant in self._grants.now.values() for code in grant.codes)
        table.wrong(key, f"{shown(code)} is not a code of this file (valid: {codes})")

    def _owner(self, code: str) -> ScriptGrant | None:
        return next((grant for grant in self._grants.now.values() if code in grant.codes), None)

    def _direction(self, table: Table, gate: str) -> Direction:
        only = self._gates[gate][0].gate.direction if gate in self._gates else None
        given = table.choice("direction", Direction, only or Direction.IN)
        if only is not None and given is not only:
            table.wrong("direction", f"gate {gate!r} is one-way ({only.value})")
        return given

    def _expected(self, table: Table) -> Expected:
        flags = table.texts("flags")
        for flag in flags:
            if flag not in FLAGS:
                table.wrong("flags", f"{shown(flag)} is no flag (valid: {', '.join(FLAGS)})")
        return Expected(
            answer=table.known_word("expect", ANSWERS),
            reason=table.known_word("reason", REASONS),
            flags=frozenset(flags) if "flags" in table else None,
            remaining=table.optional_number("remaining"),
            charged=table.optional_number("charged"),
            seat=table.text("seat") or None,
            grant=table.known("grant", "a grant", self._grants.now),
        )

    def _revoke(self, table: Table, place: Place) -> Step:
        table.require("code")
        code = table.text("code").removeprefix(ROTATING)
        if "code" in table and self._owner(code) is None:
            self._refuse_code(table, "code", code)
        return Revoke(place, code)

    def _change(self, table: Table, place: Place) -> Step:
        name, change = self._changed(table, "grant", "a grant", self._grants.now)
        if name is None:
            return self._nothing(table, place)
        grant = self._grants.changed_grant(name, change)
        return ChangeGrant(place, grant, "state" in change)

    def _event(self, table: Table, place: Place) -> Step:
        name, change = self._changed(table, "event", "an event", self._names.events)
        if name is None:
            return self._nothing(table, place)
        return ChangeEvent(place, self._grants.changed_event(name, change))

    @staticmethod
    def _changed(
        table: Table, key: str, kind: str, names: Iterable[str]
    ) -> tuple[str | None, Table]:
        table.require(key)
        table.require("set")
        return table.known(key, kind, names), table.table("set")

    def _clock(self, table: Table, place: Place) -> Step:
        table.require("state")
        state = table.choice("state", ClockState, ClockState.TRUSTED)
        return SetClock(place, self._gate(table), state, table.instant("wall", self._site))

    def _lane(self, table: Table, place: Place) -> Step:
        table.require("mode")
        return SetMode(place, self._gate(table), table.choice("mode", GateMode, GateMode.NORMAL))

    def _disk(self, table: Table, place: Place) -> Step:
        table.require("state")
        state = table.known_word("state", DISK_STATES)
        return SetDisk(place, self._gate(table), state == "full")

    def _counts(self, table: Table, place: Place) -> Step:
        grants = tuple(self._grants.now)
        return ExpectCounts(
            place,
            _numbers(table.table("used"), "a grant", grants),
            _numbers(table.table("overuse"), "a grant", grants),
            _numbers(table.table("inside"), "a zone", self._names.zones),
        )

    def _gate(self, table: Table) -> str:
        """The lane that a step is about; it need not be named where there is only one."""
        only = next(iter(self._gates))
        if len(self._gates) > 1:
            table.require("gate")
        return table.known("gate", "a gate", self._gates) or only

    def _several(self, table: Table) -> tuple[str, ...]:
        table.require("gates")
        return table.all_known("gates", "a gate", self._gates)


def _passage(table: Table) -> Passage:
    value = table.raw("passage")
    if value is None or value is True:
        return Passage.TURNED
    if value is False:
        return Passage.NOT_TURNED
    if value != PENDING:
        table.wrong("passage", f"{shown(value)} is unknown (valid: true, false, {PENDING!r})")
    return Passage.PENDING


def _numbers(table: Table, kind: str, names: Iterable[str]) -> dict[str, int]:
    found = {}
    names = tuple(names)
    for name in table.keys:
        if name in names:
            found[name] = table.number(name, 0)
        else:
            table.raw(name)
            table.wrong(name, f"{shown(name)} is not {kind} of this file (valid: {_list(names)})")
    return found


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _wall(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")
