"""A campaign's run: who is due is charged, tried again, or gives their seat back, once, however often it runs.

Law: what is to be done is said by `server_stub.rules.campaign` and nothing else. All holders who are to be charged are
recorded in one transaction, then asked one by one outside of any; a run that is repeated, killed half-way or run twice
at once charges a holder once. A seat is released only after the last instant of the priority window, and never under a
charge without an answer.

Source: docs/membership-rules.md, "Campaigns"; docs/model-c.md, "The run".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from scanner.core.errors import GateError
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRun:
    """What a run did. ``faults``: codes, with how many holders they stopped."""

    campaign: str
    state: str
    charged: int
    renewed: int
    declined: int
    unknown: int
    released: int
    revoked: int
    faults: dict[str, int]


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
    seen: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    asked: set[str] = set()
    for _step in range(STEPS_MOST):
        with central.database.write() as connection:
            kept, keys = _advance(connection, number, central.clock.now_ms(), seen)
        fresh = [key for key in keys if key not in asked]
        if not fresh:
            break
        asked.update(fresh)
        _ask_all(central, providers, fresh, seen, faults, watch)
    return CampaignRun(
        campaign=kept.name,
        state=kept.state.value,
        charged=seen["charged"],
        renewed=seen["succeeded"],
        declined=seen["declined"],
        unknown=seen["unknown"],
        released=seen["released"],
        revoked=seen["revoked"],
        faults=dict(faults),
    )


def _ask_all(
    central: Central,
    providers: Providers,
    keys: list[str],
    seen: Counter[str],
    faults: Counter[str],
    watch: Watch,
) -> None:
    """A fault of one holder does not stop the others."""
    for done, key in enumerate(keys, start=1):
        try:
            seen[ask(central, providers, key, is_off_session=True).value] += 1
        except GateError as error:
            faults[error.code] += 1
        watch(done, len(keys))


def _advance(
    connection: Connection, number: int, now: Instant, seen: Counter[str]
) -> tuple[Kept, list[str]]:
    """Moves, records and releases what is due; gives the keys of everything that waits for an answer."""
    kept = load_numbered(connection, number)
    for _step in range(STEPS_MOST):
        members = load_members(connection, kept)
        seen["charged"] += _record_due(connection, kept, members, now)
        members = load_members(connection, kept)
        if kept.state is CampaignState.RELEASING:
            seen["released"] += _release_due(connection, kept, members, now)
            members = load_members(connection, kept)
        what = due_event(kept.campaign, kept.state, members, now, kept.site)
        if what is None:
            break
        kept = move(connection, kept, what)
    seen["revoked"] += revoke_superseded(connection, kept, now)
    return kept, list(unanswered(members))


def _record_due(connection: Connection, kept: Kept, members: list[Member], now: Instant) -> int:
    """The batch: everybody who is to be charged, or tried again."""
    due: list[RenewalCharge] = []
    if kept.state is CampaignState.CHARGING:
        due += first_charges(kept.campaign, members, now, kept.site)
    if kept.state in {CampaignState.CHARGING, CampaignState.LATE}:
        due += retries(kept.campaign, members, now, kept.site)
    by_ticket = {member.holding_id: member for member in members}
    for charge in due:
        record(connection, kept, by_ticket[charge.holding_id], now)
    return len(due)


def _release_due(connection: Connection, kept: Kept, members: list[Member], now: Instant) -> int:
    """The seats that nobody renewed; from this instant on anybody may buy them."""
    released = 0
    for member in members:
        if member.is_released or standing(member) in {Standing.RENEWED, Standing.STOPPED}:
            continue
        if may_release(kept.campaign, member, now, kept.site) is not None:
            continue
        release_claim(connection, load_old_seat(connection, kept, member.seat), kept.season_no)
        connection.execute(
            update(campaign_member)
            .where(
                campaign_member.c.campaign_no == kept.campaign_no,
                campaign_member.c.seat == member.seat,
            )
            .values(is_released=1)
        )
        released += 1
    return released
