"""At no instant may a seat both be renewed by its holder and be released to the public (S77)."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.core.calendar import SiteCalendar
from scanner.core.units import Instant
from server_stub.rules.billing import Answer, Attempt
from server_stub.rules.campaign import (
    Campaign,
    CampaignMode,
    Choice,
    LinkAnswer,
    Member,
    first_charges,
    may_release,
    may_renew,
    open_link,
    retries,
)

sites = st.sampled_from(
    [SiteCalendar("Europe/Paris"), SiteCalendar("America/New_York", "04:00"), SiteCalendar("UTC")]
)
campaigns = st.builds(
    Campaign,
    campaign_id=st.just("c"),
    mode=st.sampled_from(CampaignMode),
    price_minor=st.just(100),
    priority_ends_on=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
attempts = st.lists(st.sampled_from(Answer), max_size=4).map(
    lambda answers: tuple(
        Attempt(f"c:h:{n}", Instant(0), Instant(10**12), answer)
        for n, answer in enumerate(answers, 1)
    )
)
members = st.builds(
    Member,
    holding_id=st.just("h"),
    seat=st.just("A-12"),
    choice=st.sampled_from(Choice),
    attempts=attempts,
    is_on_map=st.booleans(),
    is_released=st.booleans(),
)


@given(
    site=sites,
    campaign=campaigns,
    member=members,
    around_ms=st.integers(-3, 3),
    is_seat_free=st.booleans(),
)
@settings(deadline=None)
def test_paying_and_releasing_exclude_each_other(
    site: SiteCalendar, campaign: Campaign, member: Member, around_ms: int, *, is_seat_free: bool
) -> None:
    now = Instant(campaign.priority_until(site) + around_ms)
    pays = may_renew(campaign, member, now, site) is None

    assert not (pays and may_release(campaign, member, now, site) is None)
    answer = open_link(campaign, member, now, site, is_seat_free=is_seat_free)
    assert (answer is LinkAnswer.PAY) is pays
    if not pays:
        assert retries(campaign, [member], now, site) == ()
        assert first_charges(campaign, [member], now, site) == ()


@given(sites, campaigns, members)
@settings(deadline=None)
def test_a_run_charges_only_who_was_never_charged(
    site: SiteCalendar, campaign: Campaign, member: Member
) -> None:
    charges = first_charges(campaign, [member], Instant(campaign.priority_until(site) - 1), site)

    assert not (charges and member.attempts)
