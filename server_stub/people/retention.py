"""The retention run: what is older than its period goes, and leaves sums.

Law: each step is one transaction that moves some facts from their rows into `daily_count` and `kept_tally`, so a run
that is killed, repeated or run twice at once counts nothing twice and loses nothing. What a right has used up is the
same before and after. Which facts may go is said by `server_stub.rules.purging` and nothing else.

Source: docs/privacy.md, "How long"; docs/decisions.md, "Counting".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from scanner.core.clock import ClockState
from scanner.core.events import Fact, FactKind
from scanner.core.tally import Offsets, corrected_at
from scanner.core.units import Direction, Instant
from server_stub.central import Central
from server_stub.gates.tallies import Ledger, counted_of, load_offsets
from server_stub.people.retention_periods import DAY_MS, load_periods
from server_stub.rules.orders import OrderState
from server_stub.rules.purging import (
    DayCount,
    OldFact,
    folded_by_all,
    purgeable_until,
    standing_of,
)
from server_stub.site import Site, load_site
from server_stub.store import tables
from server_stub.store.benefit_tables import customer_login, customer_session
from server_stub.store.retention_tables import daily_count, kept_tally
from server_stub.store.staff_tables import staff_session
from sync.tally_rows import encode_tally
from sync.wire import parse_fact

STEP_FACTS = 5_000
BASES_IN_USE = 2
"""A gate may still work from the base before the newest."""

_DayKey = tuple[str, int, int, str, str]
"""Day, gate, type, outcome, reason: the key of a `daily_count` row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What a run did, or (``is_dry``) would do. ``facts`` went into daily counts, from ``ledgers`` ledgers."""

    is_dry: bool
    facts: int
    ledgers: int
    put_aside: int
    drafts: int
    sign_ins: int
    letters: int


@dataclass(frozen=True, slots=True)
class _Old:
    """A stored fact with what is known of its time."""

    row: Any
    fact: Fact
    at: Instant

    @property
    def is_counted(self) -> bool:
        return not self.row.is_under_review


def run_retention(
    central: Central, *, is_dry: bool, watch: Callable[[int, int], None] = lambda _n, _of: None
) -> Retained:
    """One run. ``watch`` is told how many ledgers of how many are done."""
    with central.database.read() as connection:
        periods, site = load_periods(connection), load_site(connection)
        ledgers = _ledgers(connection)
    now = central.clock.now_ms()
    horizon = Instant(now - periods.facts_days * DAY_MS)
    purged: Counter[Ledger] = Counter()
    for number, ledger in enumerate(ledgers, start=1):
        purged[ledger] = _purge_ledger(central, site, ledger, horizon, is_dry=is_dry)
        watch(number, len(ledgers))
    with central.database.write() as connection:
        swept = [
            _sweep(connection, what, is_dry=is_dry)
            for what in (
                _put_aside(horizon),
                _drafts(Instant(now - periods.drafts_days * DAY_MS)),
                _sign_ins(now),
            )
        ]
    letters = _sweep_letters(central, now - periods.letters_days * DAY_MS, is_dry=is_dry)
    return Retained(
        is_dry=is_dry,
        facts=purged.total(),
        ledgers=sum(1 for count in purged.values() if count),
        put_aside=sum(swept[0]),
        drafts=swept[1][-1],
        sign_ins=sum(swept[2]),
        letters=letters,
    )


def _ledgers(connection: Connection) -> list[Ledger]:
    table = tables.ledger
    rows = connection.execute(
        select(table.c.device, table.c.epoch).order_by(table.c.device, table.c.epoch)
    )
    return [(row.device, row.epoch) for row in rows]


def _purge_ledger(
    central: Central, site: Site, ledger: Ledger, horizon: Instant, *, is_dry: bool
) -> int:
    """Step by step until nothing of a ledger may go any more."""
    above = done = 0
    while True:
        if is_dry:
            with central.database.read() as connection:
                old = _load_old(connection, ledger, above, horizon)
        else:
            with central.database.write() as connection:
                old = _load_old(connection, ledger, above, horizon)
                if old:
                    _purge(connection, site, ledger, old, horizon)
        if not old:
            return done
        above, done = old[-1].row.seq, done + len(old)


def _load_old(connection: Connection, ledger: Ledger, above: int, horizon: Instant) -> list[_Old]:
    """The facts of the next step; none = it is done."""
    fact, offsets = tables.fact, load_offsets(connection)
    rows = connection.execute(
        select(fact)
        .where(fact.c.device == ledger[0], fact.c.epoch == ledger[1], fact.c.seq > above)
        .order_by(fact.c.seq)
        .limit(STEP_FACTS)
    ).all()
    facts = [_old(row, offsets) for row in rows]
    until = purgeable_until(
        [OldFact(old.row.seq, old.at, old.row.refers_to) for old in facts],
        folded_by_all(_load_vectors(connection), ledger),
        horizon,
    )
    later = select(func.min(fact.c.refers_to)).where(
        fact.c.device == ledger[0],
        fact.c.epoch == ledger[1],
        fact.c.seq > until,
        fact.c.refers_to <= until,
    )
    parted = connection.execute(later).scalar()
    return [
        old for old in facts if old.row.seq <= until and (parted is None or old.row.seq < parted)
    ]


def _old(row: Any, offsets: Offsets) -> _Old:
    fact = parse_fact(row.body)
    at = corrected_at(fact, offsets)
    is_known = fact.clock is not ClockState.UNTRUSTED or (fact.device, fact.boot) in offsets
    return _Old(row, fact, Instant(min(at, row.received_at)) if is_known else row.received_at)


def _load_vectors(connection: Connection) -> list[dict[Ledger, int]]:
    """What the bases in use have folded; fewer of them than may be in use = nothing is sure yet."""
    newest = list(
        connection.execute(
            select(tables.publication.c.snapshot_seq)
            .order_by(tables.publication.c.snapshot_seq.desc())
            .limit(BASES_IN_USE)
        ).scalars()
    )
    if len(newest) < BASES_IN_USE:
        return []
    vectors: dict[int, dict[Ledger, int]] = {seq: {} for seq in newest}
    table = tables.publication_vector
    for row in connection.execute(select(table).where(table.c.snapshot_seq.in_(newest))):
        vectors[row.snapshot_seq][row.device, row.epoch] = row.seq
    return list(vectors.values())


def _purge(
    connection: Connection, site: Site, ledger: Ledger, old: list[_Old], horizon: Instant
) -> None:
    """Moves facts into sums, and away."""
    counted = [one for one in old if one.is_counted]
    returned: dict[tuple[str, str, int], list[Fact]] = defaultdict(list)
    for one in counted:
        if one.fact.kind is FactKind.NOT_PASSED and one.fact.refers_to is not None:
            returned[(*ledger, one.fact.refers_to)].append(one.fact)
    _keep_days(connection, _by_day(counted, returned, site))
    _keep_tallies(connection, site, counted, returned, horizon)
    fact = tables.fact
    of_ledger = (fact.c.device == ledger[0]) & (fact.c.epoch == ledger[1])
    gone = connection.execute(
        delete(fact).where(of_ledger, fact.c.seq.between(old[0].row.seq, old[-1].row.seq))
    ).rowcount
    table = tables.ledger
    connection.execute(
        update(table)
        .where(table.c.device == ledger[0], table.c.epoch == ledger[1])
        .values(purged=table.c.purged + gone)
    )


def _by_day(
    counted: Iterable[_Old], returned: dict[tuple[str, str, int], list[Fact]], site: Site
) -> dict[_DayKey, list[DayCount]]:
    days: dict[_DayKey, list[DayCount]] = defaultdict(list)
    for one in counted:
        fact = one.fact
        key = (
            site.calendar.business_date(one.at).isoformat(),
            one.row.gate_no,
            one.row.type_no or 0,
            one.row.outcome or "",
            one.row.reason or "",
        )
        if fact.kind is FactKind.SCAN:
            days[key].append(DayCount(scans=1))
        if fact.movement is not None:
            back = sum(f.persons for f in returned.get((fact.device, fact.epoch, fact.seq), ()))
            is_entry = fact.movement is Direction.IN
            days[key].append(standing_of(fact.persons, fact.charged, back, is_entry=is_entry))
    return days


def _keep_days(connection: Connection, days: dict[_DayKey, list[DayCount]]) -> None:
    keys = ("day", "gate_no", "type_no", "outcome", "reason")
    for key, counts in sorted(days.items()):
        sums = {f.name: sum(getattr(c, f.name) for c in counts) for f in fields(DayCount)}
        named = dict(zip(keys, key, strict=True))
        of_key = [daily_count.c[name] == value for name, value in named.items()]
        added = {name: daily_count.c[name] + amount for name, amount in sums.items()}
        if not connection.execute(update(daily_count).where(*of_key).values(added)).rowcount:
            connection.execute(insert(daily_count).values(**named, **sums))


def _keep_tallies(
    connection: Connection,
    site: Site,
    counted: Iterable[_Old],
    returned: dict[tuple[str, str, int], list[Fact]],
    horizon: Instant,
) -> None:
    offsets = load_offsets(connection)
    owners: dict[tuple[int | None, str | None], list[Fact]] = defaultdict(list)
    for one in counted:
        fact = one.fact
        if fact.movement is not None and (fact.grant_no is not None or fact.key is not None):
            owner = (fact.grant_no, None if fact.grant_no is not None else fact.key)
            owners[owner].append(fact)
    for (grant_no, key), facts in owners.items():
        if grant_no is not None and not _exists(connection, grant_no):
            continue
        owned = (
            kept_tally.c.grant_no == grant_no if grant_no is not None else kept_tally.c.key == key
        )
        before = list(connection.execute(select(kept_tally).where(owned)))
        after = counted_of(facts, returned, offsets, site.calendar, before)
        connection.execute(delete(kept_tally).where(owned))
        for zone_no, tally in after.tallies.items():
            connection.execute(
                insert(kept_tally).values(
                    grant_no=grant_no,
                    key=key,
                    zone_no=zone_no,
                    counts=encode_tally(tally, horizon),
                )
            )


def _exists(connection: Connection, grant_no: int) -> bool:
    """False for the right of somebody who was erased: it uses up nothing any more."""
    grant = tables.access_grant
    found = connection.execute(select(grant.c.grant_no).where(grant.c.grant_no == grant_no))
    return found.first() is not None


def _put_aside(horizon: Instant) -> list[Any]:
    """Rows that cannot be read, and forks: old enough that nobody looks into them any more."""
    return [
        delete(table).where(table.c.received_at < horizon)
        for table in (tables.rejected_row, tables.forked_row)
    ]


def _drafts(horizon: Instant) -> list[Any]:
    order = tables.customer_order
    old = (order.c.state == OrderState.DRAFT) & (order.c.created_at < horizon)
    of_old = tables.ticket.c.order_id.in_(select(order.c.order_id).where(old))
    return [delete(tables.ticket).where(of_old), delete(order).where(old)]


def _sign_ins(now: Instant) -> list[Any]:
    """Codes and sessions that are over."""
    return [
        delete(table).where(table.c.expires_at <= now)
        for table in (customer_login, customer_session, staff_session)
    ]


def _sweep(connection: Connection, statements: list[Any], *, is_dry: bool) -> list[int]:
    """How many rows each statement takes away."""
    if not is_dry:
        return [connection.execute(one).rowcount for one in statements]
    return [
        connection.execute(
            select(func.count()).select_from(one.table).where(one.whereclause)
        ).scalar_one()
        for one in statements
    ]


def _sweep_letters(central: Central, before: int, *, is_dry: bool) -> int:
    if not central.folder.mail.is_dir():
        return 0
    old = [
        path
        for path in central.folder.mail.iterdir()
        if path.stat().st_mtime_ns < before * 1_000_000
    ]
    for path in old if not is_dry else ():
        path.unlink(missing_ok=True)
    return len(old)
