"""`portillon-central campaign`.

Source: docs/model-c.md, "The campaign".
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from server_stub.api.form_reading import parse_form
from server_stub.api.forms import PaidBy
from server_stub.api.season_forms import CampaignForm, ChoiceForm
from server_stub.central import Central
from server_stub.commands.terminal import (
    answer,
    answer_list,
    answer_records,
    central_command,
    progress,
    table,
)
from server_stub.rules.campaign import CampaignMode
from server_stub.seating import campaigns
from server_stub.seating.campaign_report import CampaignReport, load_report
from server_stub.seating.campaign_run import (
    CampaignRun,
    begin_charging,
    run_campaign,
    run_campaigns,
)
from server_stub.seating.season_listings import links_of
from server_stub.selling.amounts import parse_minor
from server_stub.site import load_currency, load_site
from server_stub.store.campaign_rows import load_campaign
from server_stub.subscribing.billing_run import build_providers


@click.group()
def campaign() -> None:
    """Renewal campaigns: all holders of a season at once."""


@campaign.command("add")
@click.argument("name")
@click.option("--season", required=True, help="The season they renew into; it follows another.")
@click.option(
    "--mode",
    required=True,
    type=click.Choice([mode.value for mode in CampaignMode]),
    help="Who is charged: who said yes, who did not say no, nobody.",
)
@click.option("--priority-until", "priority_ends_on", required=True, help="Last day: 2027-06-30.")
@click.option("--charge-at", help="Local time from which a run charges: 2027-06-01T09:00.")
@click.option("--price", help="Default: that of a season card.")
@click.option("--new-codes", is_flag=True, help="A new code each; default: the old card opens.")
@central_command
def add(
    central: Central, price: str | None, *, new_codes: bool, as_json: bool, **fields: Any
) -> None:
    """Make a campaign. It asks nobody before it is opened."""
    raw = {name: value for name, value in fields.items() if value is not None}
    with central.database.write() as connection:
        if price is not None:
            raw["price_minor"] = parse_minor(price, load_currency(connection))
        form = parse_form(CampaignForm, raw | {"keeps_codes": not new_codes})
        now, site = central.clock.now_ms(), load_site(connection).calendar
        number = campaigns.add_campaign(connection, form, now, site)
    answer({"number": number}, f"✔ campaign {form.name!r}", as_json=as_json)


@campaign.command("list")
@central_command
def list_campaigns(central: Central, *, as_json: bool) -> None:
    """List the campaigns."""
    answer_list(central, "campaigns", as_json=as_json)


@campaign.command("schedule")
@click.argument("name")
@central_command
def schedule(central: Central, name: str, *, as_json: bool) -> None:
    """Say that it is meant; it still asks nobody."""
    with central.database.write() as connection:
        kept = campaigns.schedule(connection, name)
    answer({"state": kept.state}, f"✔ campaign {name!r} is {kept.state.value}", as_json=as_json)


@campaign.command("open")
@click.argument("name")
@central_command
def open_(central: Central, name: str, *, as_json: bool) -> None:
    """Give every holder a claim on their seat: nobody else can buy it."""
    with progress("opening", is_quiet=as_json) as watch, central.database.write() as connection:
        holders = campaigns.open_campaign(connection, name, central.clock.now_ms(), watch)
    answer({"holders": holders}, f"✔ {holders} holders may renew", as_json=as_json)


@campaign.command("links")
@click.argument("name")
@central_command
def links(central: Central, name: str, *, as_json: bool) -> None:
    """List who is asked, with the secret of each pay link."""
    with central.database.read() as connection:
        number = load_campaign(connection, name).campaign_no
    answer_records(central, links_of(number), "holders", as_json=as_json)


@campaign.command("choose")
@click.argument("name")
@click.argument("seat")
@click.argument("choice", type=click.Choice(["in", "out", "none"]))
@central_command
def choose(central: Central, name: str, *, as_json: bool, **fields: Any) -> None:
    """Note that a holder wants to renew, or does not."""
    form = parse_form(ChoiceForm, fields)
    with central.database.write() as connection:
        campaigns.choose(connection, name, form.seat, form.choice)
    answer({"done": True}, f"✔ seat {form.seat}: {form.choice.value}", as_json=as_json)


@campaign.command("pay")
@click.argument("name")
@click.argument("seat")
@click.option(
    "--by",
    "paid_by",
    type=click.Choice([one.value for one in PaidBy]),
    help="What staff were handed.",
)
@click.option("--card", help="The number of a test card; without --by and --card the known one.")
@central_command
def pay(
    central: Central, name: str, seat: str, paid_by: str | None, card: str | None, *, as_json: bool
) -> None:
    """Renew one seat: by what staff were handed, or by card."""
    if paid_by is not None:
        with central.database.write() as connection:
            by = PaidBy(paid_by)
            ticket_id = campaigns.renew_at_desk(connection, central, name, seat, by)
        answer({"ticket_id": ticket_id}, f"✔ {seat} is renewed: {ticket_id}", as_json=as_json)
        return
    said = campaigns.renew_by_card(central, build_providers(central), name, seat, card)
    answer({"answer": said}, f"✔ seat {seat}: payment {said.value}", as_json=as_json)


@campaign.command("run")
@click.argument("name", required=False)
@click.option("--charge-now", is_flag=True, help="Begin to charge NAME, whatever the hour.")
@central_command
def run(central: Central, name: str | None, *, charge_now: bool, as_json: bool) -> None:
    """Charge, try again, release: what is due. Twice or two at once charges once."""
    providers = build_providers(central)
    with progress("charging", is_quiet=as_json) as watch:
        if name is None:
            done = run_campaigns(central, providers, watch)
        else:
            done = [run_campaign(central, providers, _begun(central, name, charge_now), watch)]
    answer(done, "\n".join(map(_run_said, done)) or "no campaign is open", as_json=as_json)
    if any(one.faults for one in done):
        sys.exit(1)


@campaign.command("report")
@click.argument("name")
@central_command
def report(central: Central, name: str, *, as_json: bool) -> None:
    """Show where everybody stands, and whom somebody should write to."""
    with central.database.read() as connection:
        made = load_report(connection, name)
        wall = load_site(connection).calendar.wall
    answer(made, _report_said(made, lambda at: f"{wall(at):%Y-%m-%d %H:%M}"), as_json=as_json)


def _begun(central: Central, name: str, charge_now: bool) -> int:  # noqa: FBT001 - one caller
    with central.database.write() as connection:
        if charge_now:
            return begin_charging(connection, name)
        return load_campaign(connection, name).campaign_no


def _run_said(done: CampaignRun) -> str:
    said = (
        f"✔ {done.campaign} is {done.state}: {done.renewed} renewed, {done.declined} declined,"
        f" {done.unknown} without an answer, {done.released} released"
    )
    faults = ", ".join(f"{code} × {count}" for code, count in done.faults.items())
    broken = "".join(f"\n  seat {seat}" for seat in done.broken)
    return said + (f"\n✖ faults: {faults}{broken}" if faults else "")


def _report_said(made: CampaignReport, local: Callable[[Any], str]) -> str:
    lines = [
        f"{made.campaign} is {made.state}; priority until {local(made.priority_until)}",
        table([{"holders": made.holders, "charged": made.charged} | made.standings]),
    ]
    late = [
        {
            "seat": one.seat,
            "email": one.email,
            "failed": one.failed,
            "tried again": None if one.retry_at is None else local(one.retry_at),
        }
        for one in made.late
    ]
    stopped = [{"seat": s.seat, "email": s.email, "why": s.why} for s in made.stopped]
    refunds = [
        {"seat": r.seat, "email": r.email, "give back": r.amount_minor} for r in made.refunds_due
    ]
    return "\n".join([*lines, *(table(one) for one in (late, stopped, refunds) if one)])
