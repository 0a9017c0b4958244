"""A campaign's run: who is due is charged, tried again, or gives their seat back, once, however often it runs.

Law: what is to be done is said by `server_stub.rules.campaign` and nothing else. All holders who are to be charged are
recorded in one transaction, then asked one by one outside of any; a run that is repeated, killed half-way or run twice
at once charges a holder once. A seat is released only after the last instant of the priority window, and never under a
charge without an answer. Whatever one holder raises does not stop the others: it is counted, named and logged.

Source: docs/membership-rules.md, "Campaigns"; docs/model-c.md, "The run".
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, select, update

from scanner.core.errors import GateError, StoreError
from scanner.core.units import Instant
from server_stub.central import Central
from server_stub.rules.campaign import (
    CampaignEvent,
    CampaignState,
    Member,
    RenewalCharge,
    Standing,
    due_event,
    first_charges,
    may_release,
    retries,
    standing,
    unanswered,
)
from server_stub.seating.campaign_charging import ask, record
from server_stub.seating.campaign_renewal import revoke_superseded
from server_stub.seating.seat_claims import release_claim
from server_stub.selling.payments import Providers
from server_stub.store.campaign_rows import (
    Kept,
    load_campaign,
    load_members,
    load_numbered,
    load_old_seat,
    move,
)
from server_stub.store.season_tables import campaign, campaign_member

STEPS_MOST = 20
Watch = Callable[[int, int], None]

_LOG = logging.getLogger("portillon.central.campaign")


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRun:
    """What a run did. ``faults``: codes, with how many holders they stopped; ``broken``: the seats of those."""

    campaign: str
    state: str
    charged: int
    renewed: int
    declined: int
    unknown: int
    released: int
    revoked: int
    faults: dict[str, int]
    broken: list[str]


@dataclass(slots=True)
class _Seen:
    """What a run has done so far."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    broken: set[str] = field(default_factory=set)

    @contextmanager
    def one_holder(self, seat: str) -> Iterator[None]:
        """Whatever happens to this one, the others are asked."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever one raises, the others are charged
            self.faults[_fault_of(error, seat).code] += 1
            self.broken.add(seat)


def run_campaigns(
    central: Central, providers: Providers, watch: Watch = lambda _n, _of: None
) -> list[CampaignRun]:
    """One run over everything that is not a draft."""
    with central.database.read() as connection:
        numbers = connection.execute(
            select(campaign.c.campaign_no)
            .where(campaign.c.state.not_in([CampaignState.DRAFT, CampaignState.SCHEDULED]))
            .order_by(campaign.c.campaign_no)
        ).scalars()
        all_of_them = list(numbers)
    return [run_campaign(central, providers, number, watch) for number in all_of_them]


def begin_charging(connection: Connection, name: str) -> int:
    """By hand, before or without the hour that was set; gives the campaign's number.

    Raises:
        InputError: ``name_unknown``, ``campaign_refused``.
    """
    kept = load_campaign(connection, name)
    return move(connection, kept, CampaignEvent.CHARGING_BEGAN).campaign_no


def run_campaign(
    central: Central, providers: Providers, number: int, watch: Watch = lambda _n, _of: None
) -> CampaignRun:
    """Carries one campaign as far as it goes now. ``watch`` is told how many of how many were asked for money."""
    seen = _Seen()
    asked: set[str] = set()
    for _step in range(STEPS_MOST):
        with central.database.write() as connection:
            kept, waiting = _advance(connection, number, central.clock.now_ms(), seen)
        fresh = {key: seat for key, seat in waiting.items() if key not in asked}
        if not fresh:
            break
        asked.update(fresh)
        _ask_all(central, providers, fresh, seen, watch)
    return CampaignRun(
        campaign=kept.name,
        state=kept.state.value,
        charged=seen.counts["charged"],
        renewed=seen.counts["succeeded"],
        declined=seen.counts["declined"],
        unknown=seen.counts["unknown"],
        released=seen.counts["released"],
        revoked=seen.counts["revoked"],
        faults=dict(seen.faults),
        broken=sorted(seen.broken),
    )


def _fault_of(error: Exception, seat: str) -> GateError:
    """What to report, and in the log what was the matter."""
    known = isinstance(error, GateError)
    fault = error if isinstance(error, GateError) else _broken(seat)
    extra = {"code": fault.code, "seat": seat}
    _LOG.warning("%s", fault.message, extra=extra, exc_info=None if known else error)
    return fault


def _broken(seat: str) -> StoreError:
    return StoreError(
        "renewal_broken",
        f"what is kept of the renewal of seat {seat!r} contradicts itself; it was left as it is",
        "look at it with `portillon-central campaign report`, and report the log's trace",
    )


def _ask_all(
    central: Central, providers: Providers, waiting: dict[str, str], seen: _Seen, watch: Watch
) -> None:
    for done, (key, seat) in enumerate(waiting.items(), start=1):
        with seen.one_holder(seat):
            seen.counts[ask(central, providers, key, is_off_session=True).value] += 1
        watch(done, len(waiting))


def _advance(
    connection: Connection, number: int, now: Instant, seen: _Seen
) -> tuple[Kept, dict[str, str]]:
    """Moves, records and releases what is due; gives the keys of all that waits for an answer, with their seats."""
    kept = load_numbered(connection, number)
    for _step in range(STEPS_MOST):
        members = load_members(connection, kept)
        _record_due(connection, kept, members, now, seen)
        members = load_members(connection, kept)
        if kept.state is CampaignState.RELEASING:
            _release_due(connection, kept, members, now, seen)
            members = load_members(connection, kept)
        what = due_event(kept.campaign, kept.state, members, now, kept.site)
        if what is None:
            break
        kept = move(connection, kept, what)
    seen.counts["revoked"] += revoke_superseded(connection, kept, now)
    seat_of = {attempt.key: member.seat for member in members for attempt in member.attempts}
    return kept, {key: seat_of[key] for key in unanswered(members)}


def _record_due(
    connection: Connection, kept: Kept, members: list[Member], now: Instant, seen: _Seen
) -> None:
    """The batch: everybody who is to be charged, or tried again."""
    due: list[RenewalCharge] = []
    if kept.state is CampaignState.CHARGING:
        due += first_charges(kept.campaign, members, now, kept.site)
    if kept.state in {CampaignState.CHARGING, CampaignState.LATE}:
        due += retries(kept.campaign, members, now, kept.site)
    by_ticket = {member.holding_id: member for member in members}
    for charge in due:
        member = by_ticket[charge.holding_id]
        if member.seat not in seen.broken:
            with seen.one_holder(member.seat), connection.begin_nested():
                record(connection, kept, member, now)
                seen.counts["charged"] += 1


def _release_due(
    connection: Connection, kept: Kept, members: list[Member], now: Instant, seen: _Seen
) -> None:
    """The seats that nobody renewed; from this instant on anybody may buy them."""
    for member in members:
        if member.is_released or standing(member) in {Standing.RENEWED, Standing.STOPPED}:
            continue
        if may_release(kept.campaign, member, now, kept.site) is not None:
            continue
        if member.seat not in seen.broken:
            with seen.one_holder(member.seat), connection.begin_nested():
                _release(connection, kept, member)
                seen.counts["released"] += 1


def _release(connection: Connection, kept: Kept, member: Member) -> None:
    release_claim(connection, load_old_seat(connection, kept, member.seat), kept.season_no)
    connection.execute(
        update(campaign_member)
        .where(
            campaign_member.c.campaign_no == kept.campaign_no,
            campaign_member.c.seat == member.seat,
        )
        .values(is_released=1)
    )
