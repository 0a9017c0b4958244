"""What gates have counted, folded for the next base: by grant and zone, as of a vector.

Law: only facts at or below the vector are folded, each with its whole effect (`server_stub.rules.vector`); those of
revoked devices wait for review and count nothing. Facts with a grant count for the grant, facts without for their key,
as the gates do it. One grant's facts are in memory at a time. What purged facts had
counted is folded in from `kept_tally`.

Source: docs/decisions.md, "Counting".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true

from scanner.core.calendar import SiteCalendar
from scanner.core.events import Fact, FactKind
from scanner.core.tally import Movement, Offsets, Tally, fold, resolve
from scanner.core.units import ZoneNo
from server_stub.rules.vector import PassageFact, foldable_until
from server_stub.store.retention_tables import kept_tally
from server_stub.store.tables import clock_offset, fact, ledger, publication, publication_vector
from sync.tally_rows import parse_tally
from sync.wire import parse_fact

Ledger = tuple[str, str]
"""(device, epoch)"""

Vector = Mapping[Ledger, int]

_Owned = tuple[Any, bool, Any]
"""An owner (grant or key), whether the row is of `kept_tally`, the row."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The standing movements of one grant, or of one key that had none; ``facts`` and ``given_back`` are theirs.

    ``purged``: what facts that are gone had counted; it is in ``tallies`` too.
    """

    grant_no: int | None
    key: str | None
    facts: tuple[Fact, ...]
    given_back: tuple[Fact, ...]
    movements: tuple[Movement, ...]
    tallies: Mapping[ZoneNo, Tally]
    purged: Mapping[ZoneNo, Tally]


def load_vector(connection: Connection) -> dict[Ledger, int]:
    """How far each ledger can be folded now."""
    folded = load_last_vector(connection)
    haves = connection.execute(select(ledger.c.device, ledger.c.epoch, ledger.c.have)).all()
    return {
        (device, epoch): foldable_until(
            have, _passages(connection, (device, epoch), folded.get((device, epoch), 0))
        )
        for device, epoch, have in haves
    }


def load_last_vector(connection: Connection) -> dict[Ledger, int]:
    """What the newest publication has folded."""
    newest = select(publication.c.snapshot_seq).order_by(publication.c.snapshot_seq.desc()).limit(1)
    rows = connection.execute(
        select(publication_vector).where(
            publication_vector.c.snapshot_seq == newest.scalar_subquery()
        )
    )
    return {(row.device, row.epoch): row.seq for row in rows}


def load_offsets(connection: Connection) -> dict[tuple[Any, Any], int]:
    """(device, boot) → what to add to that boot's monotonic time."""
    rows = connection.execute(
        select(clock_offset.c.device, clock_offset.c.boot, clock_offset.c.offset_ms)
    )
    return {(device, boot): offset for device, boot, offset in rows}


@dataclass(frozen=True, slots=True)
class Owners:
    """Some of those who were counted: by their grants, and by keys that have none. Both None = everybody."""

    grants: Collection[int] | None = None
    keys: Collection[str] | None = None


EVERYBODY = Owners()
_BY_KEY = and_(fact.c.grant_no.is_(None), fact.c.key.is_not(None))


def load_counted(
    connection: Connection,
    vector: Vector,
    offsets: Offsets,
    calendar: SiteCalendar,
    of: Owners = EVERYBODY,
) -> Iterator[Counted]:
    """Everything counted at or below a vector, first by grant, then by key; ``of`` chooses some of them."""
    returned = _load_returned(connection, vector, of)
    for which, column, kept, chosen in (
        (fact.c.grant_no.is_not(None), fact.c.grant_no, kept_tally.c.grant_no, of.grants),
        (_BY_KEY, fact.c.key, kept_tally.c.key, of.keys),
    ):
        if of is not EVERYBODY and not chosen:
            continue
        moved = _moved(connection, and_(which, _one_of(column, chosen)), column)
        purged_rows = _kept(connection, kept, _one_of(kept, chosen))
        both = merge(moved, purged_rows, key=itemgetter(0))
        for _owner, rows in groupby(both, key=itemgetter(0)):
            facts, purged = _parted(rows, vector)
            if facts or purged:
                yield counted_of(facts, returned, offsets, calendar, purged)


def counted_of(
    facts: list[Fact],
    returned: Mapping[tuple[str, str, int], list[Fact]],
    offsets: Offsets,
    calendar: SiteCalendar,
    purged: list[Any],
) -> Counted:
    """One owner's facts, upon what is kept of those that were purged.

    Args:
        facts: entries and exits of one grant, or of one key without a grant.
        returned: by the identity of an entry, the facts that give it back.
        offsets: clock corrections.
        calendar: the site's.
        purged: the owner's rows of `kept_tally`.
    """
    given_back = [
        back for one in facts for back in returned.get((one.device, one.epoch, one.seq), ())
    ]
    movements = resolve([*facts, *given_back], offsets)
    first = facts[0] if facts else purged[0]
    before = {ZoneNo(row.zone_no): parse_tally(row.counts) for row in purged}
    return Counted(
        grant_no=first.grant_no,
        key=first.key,
        facts=tuple(facts),
        given_back=tuple(given_back),
        movements=movements,
        tallies=fold(before, movements, calendar),
        purged=before,
    )


def _one_of(column: ColumnElement[Any], chosen: Collection[Any] | None) -> ColumnElement[bool]:
    return true() if chosen is None else column.in_(chosen)


def _parted(rows: Iterator[_Owned], vector: Vector) -> tuple[list[Fact], list[Any]]:
    facts: list[Fact] = []
    purged: list[Any] = []
    for _owner, is_purged, row in rows:
        if is_purged:
            purged.append(row)
        elif row.seq <= vector.get(_ledger_of(row), 0):
            facts.append(parse_fact(row.body))
    return facts, purged


def _ledger_of(row: Any) -> Ledger:
    return row.device, row.epoch


def _moved(
    connection: Connection, which: ColumnElement[bool], owner: ColumnElement[Any]
) -> Iterator[_Owned]:
    rows = connection.execution_options(yield_per=5_000).execute(
        select(owner.label("owner"), fact.c.device, fact.c.epoch, fact.c.seq, fact.c.body)
        .where(which, fact.c.movement.is_not(None), fact.c.is_under_review == 0)
        .order_by(owner, fact.c.device, fact.c.epoch, fact.c.seq)
    )
    for row in rows:
        yield row.owner, False, row


def _kept(
    connection: Connection, owner: ColumnElement[Any], which: ColumnElement[bool]
) -> Iterator[_Owned]:
    rows = connection.execution_options(yield_per=5_000).execute(
        select(owner.label("owner"), kept_tally).where(owner.is_not(None), which).order_by(owner)
    )
    for row in rows:
        yield row.owner, True, row


def _load_returned(
    connection: Connection, vector: Vector, of: Owners
) -> dict[tuple[str, str, int], list[Fact]]:
    """The NOT_PASSED facts by the entry they give back."""
    returned: dict[tuple[str, str, int], list[Fact]] = {}
    back = fact.alias("back")
    given_back = select(back.c.device, back.c.epoch, back.c.seq, back.c.refers_to, back.c.body)
    if of is not EVERYBODY:
        # from the owners' entries to what names them, by the index on it
        names_it = and_(
            back.c.device == fact.c.device,
            back.c.epoch == fact.c.epoch,
            back.c.refers_to == fact.c.seq,
        )
        # an empty choice would hide the indexes from the planner
        its: list[ColumnElement[bool]] = [fact.c.grant_no.in_(of.grants)] if of.grants else []
        its += [and_(_BY_KEY, fact.c.key.in_(of.keys))] if of.keys else []
        given_back = given_back.select_from(fact.join(back, names_it)).where(or_(false(), *its))
    given_back = given_back.where(back.c.kind == FactKind.NOT_PASSED, back.c.refers_to.is_not(None))
    for device, epoch, seq, refers_to, body in connection.execute(given_back):
        if seq <= vector.get((device, epoch), 0):
            returned.setdefault((device, epoch, refers_to), []).append(parse_fact(body))
    return returned


def _passages(connection: Connection, of: Ledger, above: int) -> list[PassageFact]:
    rows = connection.execute(
        select(fact.c.seq, fact.c.kind, fact.c.persons, fact.c.refers_to, fact.c.awaits_passage)
        .where(
            fact.c.device == of[0],
            fact.c.epoch == of[1],
            fact.c.seq > above,
            or_(
                fact.c.awaits_passage == 1,
                fact.c.refers_to.is_not(None),
                fact.c.kind == FactKind.LANE_STARTED,
            ),
        )
        .order_by(fact.c.seq)
    )
    return [
        PassageFact(seq, FactKind(kind), persons, refers_to, bool(awaits))
        for seq, kind, persons, refers_to, awaits in rows
    ]
