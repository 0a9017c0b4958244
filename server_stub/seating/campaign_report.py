"""What came of a campaign, for people.

Law: read-only. Every holder is counted in exactly one standing; whoever has to be written to is listed by seat.

Source: docs/membership-rules.md, "Campaigns"; docs/model-c.md, "The report".
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from server_stub.rules.campaign import Member, report
from server_stub.rules.refusals import MEANINGS, Refusal
from server_stub.store.campaign_rows import Kept, load_campaign, load_members
from server_stub.store.season_tables import campaign_charge, campaign_member, season_seat
from server_stub.store.tables import customer


class LateHolder(msgspec.Struct, frozen=True):
    """A charge that failed. ``retry_at`` null: it is not tried again; the holder may still pay."""

    seat: str
    email: str | None
    failed: int
    retry_at: int | None


class StoppedHolder(msgspec.Struct, frozen=True):
    """Somebody for whom the campaign stopped, and why."""

    seat: str
    email: str | None
    why: str


class RefundDue(msgspec.Struct, frozen=True):
    """Money that came when the seat could not be renewed any more."""

    seat: str
    email: str | None
    amount_minor: int


class CampaignReport(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign at one instant. ``standings``: how many holders stand where."""

    campaign: str
    state: str
    holders: int
    standings: dict[str, int]
    charged: int
    late: list[LateHolder]
    stopped: list[StoppedHolder]
    refunds_due: list[RefundDue]
    priority_until: int


def load_report(connection: Connection, name: str) -> CampaignReport:
    """Raises `InputError` ``name_unknown``."""
    kept = load_campaign(connection, name)
    members = load_members(connection, kept)
    emails = _emails(connection, kept)
    made = report(kept.campaign, members, kept.site)
    by_ticket = {member.holding_id: member for member in members}
    return CampaignReport(
        campaign=kept.name,
        state=kept.state.value,
        holders=len(members),
        standings={standing.value: count for standing, count in made.standings.items()},
        charged=made.charged,
        late=[LateHolder(f.seat, emails[f.seat], f.failed, f.retry_at) for f in made.failures],
        stopped=[_stopped(connection, kept, by_ticket[one], emails) for one in made.stopped],
        refunds_due=_refunds(connection, kept, emails),
        priority_until=kept.campaign.priority_until(kept.site),
    )


def _stopped(
    connection: Connection, kept: Kept, member: Member, emails: dict[str, str | None]
) -> StoppedHolder:
    is_holder = connection.execute(
        select(season_seat.c.seat).where(
            season_seat.c.season_no == kept.old_no,
            season_seat.c.ticket_id == member.holding_id,
        )
    ).first()
    refusal = Refusal.ORDER_CLOSED if is_holder is None else Refusal.SEAT_NOT_ON_MAP
    return StoppedHolder(member.seat, emails[member.seat], f"{refusal.value}: {MEANINGS[refusal]}")


def _emails(connection: Connection, kept: Kept) -> dict[str, str | None]:
    rows = connection.execute(
        select(campaign_member.c.seat, customer.c.email)
        .join(customer, customer.c.customer_id == campaign_member.c.customer_id)
        .where(campaign_member.c.campaign_no == kept.campaign_no)
    )
    return {row.seat: row.email for row in rows}


def _refunds(connection: Connection, kept: Kept, emails: dict[str, str | None]) -> list[RefundDue]:
    rows = connection.execute(
        select(campaign_charge)
        .where(
            campaign_charge.c.campaign_no == kept.campaign_no,
            campaign_charge.c.is_refund_due == 1,
        )
        .order_by(campaign_charge.c.key)
    )
    return [RefundDue(row.seat, emails[row.seat], row.amount_minor) for row in rows]
