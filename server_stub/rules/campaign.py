"""A renewal campaign: all holders of a season are asked, or charged, at once.

Law: a holder is charged for a renewal at most once: who has an attempt is not charged again by a new run, and a retry
has its own number under its own key. Until the last millisecond of the priority window the seat is the holder's to
take; from the next on it is to be released: at no instant both. No seat is released under a charge without an answer.

    draft ─▶ scheduled ─▶ open ─▶ charging ─▶ late ─▶ releasing ─▶ completed
                           └──────pay_link─────────────▶ ▲

Source: docs/decisions.md, "Central: state machines"; docs/membership-rules.md, "Campaigns".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from server_stub.rules.billing import Answer, Attempt, retry_at
from server_stub.rules.machine import Row, Table
from server_stub.rules.refusals import Refusal


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    OPEN = "open"
    CHARGING = "charging"
    LATE = "late"
    RELEASING = "releasing"
    COMPLETED = "completed"


class CampaignEvent(StrEnum):
    """What can happen to a campaign. ``charged``: everybody who is to be charged was."""

    SCHEDULED = "scheduled"
    UNSCHEDULED = "unscheduled"
    OPENED = "opened"
    CHARGING_BEGAN = "charging_began"
    CHARGED = "charged"
    PRIORITY_ENDED = "priority_ended"
    RELEASED = "released"


class CampaignMode(StrEnum):
    """Who is charged: who said yes, who did not say no, or nobody: they pay by a link."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    PAY_LINK = "pay_link"


class Choice(StrEnum):
    """What a holder said."""

    NONE = "none"
    IN = "in"
    OUT = "out"


_S, _E = CampaignState, CampaignEvent

CAMPAIGN_TABLE: Table[CampaignState, CampaignEvent] = {
    _S.DRAFT: Row({_E.SCHEDULED: _S.SCHEDULED}, Refusal.CAMPAIGN_NOT_READY),
    _S.SCHEDULED: Row(
        {_E.OPENED: _S.OPEN, _E.UNSCHEDULED: _S.DRAFT, _E.SCHEDULED: Refusal.CAMPAIGN_RUNS},
        Refusal.CAMPAIGN_NOT_READY,
    ),
    _S.OPEN: Row(
        {
            _E.CHARGING_BEGAN: _S.CHARGING,
            _E.PRIORITY_ENDED: _S.RELEASING,
            _E.CHARGED: Refusal.CAMPAIGN_NOT_READY,
            _E.RELEASED: Refusal.PRIORITY_RUNS,
        },
        Refusal.CAMPAIGN_RUNS,
    ),
    _S.CHARGING: Row(
        {
            _E.CHARGING_BEGAN: _S.CHARGING,
            _E.CHARGED: _S.LATE,
            _E.PRIORITY_ENDED: Refusal.CHARGES_OPEN,
            _E.RELEASED: Refusal.PRIORITY_RUNS,
        },
        Refusal.CAMPAIGN_RUNS,
    ),
    _S.LATE: Row(
        {_E.PRIORITY_ENDED: _S.RELEASING, _E.RELEASED: Refusal.PRIORITY_RUNS},
        Refusal.CAMPAIGN_RUNS,
    ),
    _S.RELEASING: Row({_E.RELEASED: _S.COMPLETED}, Refusal.CAMPAIGN_RUNS),
    _S.COMPLETED: Row({}, Refusal.CAMPAIGN_OVER),
}
"""What each event does in each state."""


class Standing(StrEnum):
    """How a holder stands in a campaign: each is in exactly one of these."""

    RENEWED = "renewed"
    STOPPED = "stopped"
    RELEASED = "released"
    OPTED_OUT = "opted_out"
    LATE = "late"
    WAITING = "waiting"


SETTLED = frozenset({Standing.RENEWED, Standing.STOPPED, Standing.RELEASED})
"""Nothing more becomes of a holder who stands here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Charged from ``charge_at`` on (None = by hand); the priority window ends with ``priority_ends_on``."""

    campaign_id: str
    mode: CampaignMode
    price_minor: int
    priority_ends_on: date
    charge_at: Instant | None = None

    def priority_until(self, site: SiteCalendar) -> Instant:
        """The first instant at which the seats are the holders' no more."""
        return site.day(self.priority_ends_on).until or Instant(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A holder in a campaign. ``is_on_map``: the next season still has the seat."""

    holding_id: str
    seat: str
    choice: Choice = Choice.NONE
    attempts: tuple[Attempt, ...] = ()
    is_on_map: bool = True
    is_released: bool = False


@dataclass(frozen=True, slots=True)
class RenewalCharge:
    """Record an attempt under ``key`` and ask the provider for the money."""

    key: str
    holding_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A holder whose charge failed. ``retry_at`` None = no retry before the window ends; the holder may still pay."""

    holding_id: str
    seat: str
    failed: int
    retry_at: Instant | None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a campaign: how many stand where, and everybody whom somebody should write to."""

    standings: dict[Standing, int]
    charged: int
    failures: tuple[Failure, ...]
    stopped: tuple[str, ...]


class LinkAnswer(StrEnum):
    """What a holder finds behind the pay link. ``buy``: the seat is free, at the public price and terms."""

    PAY = "pay"
    RENEWED = "renewed"
    BUY = "buy"
    WAITLIST = "waitlist"
    SEAT_GONE = "seat_gone"


def standing(member: Member) -> Standing:
    """How a holder stands."""
    if _has(member, Answer.SUCCEEDED):
        return Standing.RENEWED
    if not member.is_on_map:
        return Standing.STOPPED
    if member.is_released:
        return Standing.RELEASED
    if member.choice is Choice.OUT:
        return Standing.OPTED_OUT
    return Standing.LATE if _has(member, Answer.DECLINED) else Standing.WAITING


def due_event(
    campaign: Campaign,
    state: CampaignState,
    members: Iterable[Member],
    now: Instant,
    site: SiteCalendar,
) -> CampaignEvent | None:
    """The event that a run applies next, once everything that is to be charged or released was; None = none yet."""
    everybody = tuple(members)
    is_over = now >= campaign.priority_until(site)
    if state is CampaignState.CHARGING:
        is_open = first_charges(campaign, everybody, now, site) or unanswered(everybody)
        return None if is_open else CampaignEvent.CHARGED
    if state is CampaignState.RELEASING:
        is_done = all(standing(member) in SETTLED for member in everybody)
        return CampaignEvent.RELEASED if is_done else None
    if state not in {CampaignState.OPEN, CampaignState.LATE}:
        return None
    if is_over:
        return CampaignEvent.PRIORITY_ENDED
    charges = campaign.mode is not CampaignMode.PAY_LINK and state is CampaignState.OPEN
    is_time = campaign.charge_at is not None and now >= campaign.charge_at
    return CampaignEvent.CHARGING_BEGAN if charges and is_time else None


def first_charges(
    campaign: Campaign, members: Iterable[Member], now: Instant, site: SiteCalendar
) -> tuple[RenewalCharge, ...]:
    """Whom the run is to charge: everybody the mode names who has no attempt yet, within the priority window."""
    is_early = campaign.charge_at is not None and now < campaign.charge_at
    if is_early or now >= campaign.priority_until(site):
        return ()
    return tuple(
        _charge(campaign, member)
        for member in members
        if not member.attempts
        and _is_named(campaign.mode, member.choice)
        and standing(member) is Standing.WAITING
    )


def retries(
    campaign: Campaign, members: Iterable[Member], now: Instant, site: SiteCalendar
) -> tuple[RenewalCharge, ...]:
    """Whom a later run tries again: after 1, 3 and 7 days, within the priority window."""
    due = []
    for member in members:
        failure = _failure(campaign, member, site)
        if failure is None or failure.retry_at is None or _has(member, Answer.UNKNOWN):
            continue
        if failure.retry_at <= now < campaign.priority_until(site):
            due.append(_charge(campaign, member))
    return tuple(due)


def unanswered(members: Iterable[Member]) -> tuple[str, ...]:
    """The keys of charges whose answer is to be asked for again."""
    return tuple(
        attempt.key
        for member in members
        for attempt in member.attempts
        if attempt.answer is Answer.UNKNOWN
    )


def may_renew(
    campaign: Campaign, member: Member, now: Instant, site: SiteCalendar
) -> Refusal | None:
    """Whether the holder may pay now; having opted out is no hindrance while the window is open."""
    if _has(member, Answer.SUCCEEDED):
        return Refusal.ALREADY_RENEWED
    if not member.is_on_map:
        return Refusal.SEAT_NOT_ON_MAP
    if _has(member, Answer.UNKNOWN):
        return Refusal.CHARGES_OPEN
    if member.is_released or now >= campaign.priority_until(site):
        return Refusal.RENEWAL_CLOSED
    return None


def may_release(
    campaign: Campaign, member: Member, now: Instant, site: SiteCalendar
) -> Refusal | None:
    """Whether the seat may go to public sale now; its holding's ``priority_ended`` waits for the same answer."""
    if _has(member, Answer.SUCCEEDED):
        return Refusal.ALREADY_RENEWED
    if not member.is_on_map:
        return Refusal.SEAT_NOT_ON_MAP
    if now < campaign.priority_until(site):
        return Refusal.PRIORITY_RUNS
    return Refusal.CHARGES_OPEN if _has(member, Answer.UNKNOWN) else None


def open_link(
    campaign: Campaign, member: Member, now: Instant, site: SiteCalendar, *, is_seat_free: bool
) -> LinkAnswer | Refusal:
    """What a pay link answers; only ``pay`` may lead to a charge for a renewal.

    Args:
        campaign: whose link it is.
        member: whose link it is.
        now: when it is opened, and again when it is paid.
        site: whose days are counted.
        is_seat_free: nobody owns or holds the seat in the next season.
    """
    refusal = may_renew(campaign, member, now, site)
    if refusal is None:
        return LinkAnswer.PAY
    if refusal is Refusal.RENEWAL_CLOSED:
        return LinkAnswer.BUY if is_seat_free else LinkAnswer.WAITLIST
    return LINK_ANSWERS.get(refusal, refusal)


LINK_ANSWERS = {
    Refusal.ALREADY_RENEWED: LinkAnswer.RENEWED,
    Refusal.SEAT_NOT_ON_MAP: LinkAnswer.SEAT_GONE,
}


def report(campaign: Campaign, members: Iterable[Member], site: SiteCalendar) -> Report:
    """What came of a campaign, at any stage."""
    everybody = tuple(members)
    standings = dict.fromkeys(Standing, 0)
    for member in everybody:
        standings[standing(member)] += 1
    failures = (_failure(campaign, member, site) for member in everybody)
    return Report(
        standings=standings,
        charged=sum(bool(member.attempts) for member in everybody),
        failures=tuple(failure for failure in failures if failure is not None),
        stopped=tuple(m.holding_id for m in everybody if standing(m) is Standing.STOPPED),
    )


def renewal_key(campaign_id: str, holding_id: str, number: int) -> str:
    """The idempotency key of attempt ``number`` (from 1) at one holder's renewal."""
    return f"{campaign_id}:{holding_id}:{number}"


def _charge(campaign: Campaign, member: Member) -> RenewalCharge:
    key = renewal_key(campaign.campaign_id, member.holding_id, len(member.attempts) + 1)
    return RenewalCharge(key, member.holding_id, campaign.price_minor)


def _failure(campaign: Campaign, member: Member, site: SiteCalendar) -> Failure | None:
    if standing(member) is not Standing.LATE:
        return None
    failed = tuple(a.at for a in member.attempts if a.answer is Answer.DECLINED)
    next_at = retry_at(failed, site)
    if next_at is not None and next_at >= campaign.priority_until(site):
        next_at = None
    return Failure(member.holding_id, member.seat, len(failed), next_at)


def _is_named(mode: CampaignMode, choice: Choice) -> bool:
    if mode is CampaignMode.OPT_OUT:
        return choice is not Choice.OUT
    return mode is CampaignMode.OPT_IN and choice is Choice.IN


def _has(member: Member, answer: Answer) -> bool:
    return any(attempt.answer is answer for attempt in member.attempts)
