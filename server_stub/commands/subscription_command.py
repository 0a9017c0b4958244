"""`portillon-central plan | subscription | billing`.

Source: docs/model-b.md.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from scanner.core.units import Instant
from server_stub.api.form_reading import parse_form
from server_stub.central import Central
from server_stub.commands.pictures import draw, png_option
from server_stub.commands.terminal import (
    answer,
    central_command,
    given_fields,
    progress,
    table,
)
from server_stub.reporting.listings import load_records
from server_stub.rules.subscription import SubscriptionState
from server_stub.selling.amounts import format_minor, parse_minor
from server_stub.selling.till import Means
from server_stub.site import load_currency, load_site
from server_stub.store.subscription_rows import Kept
from server_stub.subscribing import subscriptions
from server_stub.subscribing.billing_run import BillingReport, build_providers, run_billing
from server_stub.subscribing.plans import PlanForm, add_plan
from server_stub.subscribing.subscription_codes import card_of, renewal_token
from server_stub.subscribing.subscription_listings import load_story, load_subscriptions
from server_stub.subscribing.subscriptions import Paid, SubscribeForm

Record = dict[str, Any]
INSTANTS = ("_at", "_until")


@click.group()
def plan() -> None:
    """What can be subscribed to."""


@plan.command("add")
@click.argument("name")
@click.option(
    "--type", "type", required=True, help="The ticket type: where it admits, by which rule."
)
@click.option("--every", required=True, help="How often is billed: month, 2 weeks, 1 year.")
@click.option("--price", help="For one period: 10.00.")
@click.option("--price-minor", type=int, help="The same in cents, instead of --price.")
@click.option("--currency", help="ISO 4217, such as CHF; none = the site's.")
@click.option("--minimum-cycles", type=int, help="So many periods at least (default 0).")
@click.option("--grace-days", type=int, help="Days that the card still opens unpaid (default 7).")
@click.option("--when-unpaid", help="After the last retry: suspend (default) or cancel.")
@click.option("--benefits-only", is_flag=True, help="It opens no gate.")
@click.option("--no-benefit-grace", is_flag=True, help="Benefits stop as soon as a payment fails.")
@click.option("--renewal-notice", is_flag=True, help="A fixed term under French law.")
@click.option("--tag", "tags", multiple=True, help="Pinned on the subscriber, as long as benefits.")
@central_command
def add(
    central: Central,
    *,
    benefits_only: bool,
    no_benefit_grace: bool,
    renewal_notice: bool,
    tags: tuple[str, ...],
    price: str | None,
    as_json: bool,
    **fields: Any,
) -> None:
    """Make a plan. It is never changed: a new price is a new plan."""
    raw = {name: value for name, value in fields.items() if value is not None}
    if (price is None) == ("price_minor" not in raw):
        raise click.UsageError("say what it costs, with --price or with --price-minor")
    with central.database.read() as connection:
        raw.setdefault("currency", load_currency(connection))
    if price is not None:
        raw["price_minor"] = parse_minor(price, raw["currency"])
    form = parse_form(
        PlanForm,
        raw
        | {"admits": not benefits_only, "benefit_grace": not no_benefit_grace}
        | {"needs_renewal_notice": renewal_notice, "tags": [{"tag": tag} for tag in tags]},
    )
    with central.database.write() as connection:
        number = add_plan(connection, form, central.clock.now_ms())
    answer({"plan_no": number}, f"✔ plan {form.name!r}", as_json=as_json)


@plan.command("list")
@central_command
def list_plans(central: Central, *, as_json: bool) -> None:
    """List the plans."""
    with central.database.read() as connection:
        records = load_records(connection, "plans")
    _answer_records(central, records, "no plan yet", as_json=as_json)


@click.group()
def subscription() -> None:
    """Who subscribed to what, and how it is paid."""


@subscription.command("add")
@click.option("--plan", required=True)
@click.option("--email", help="The customer; none = a nameless one.")
@click.option("--card", help="The number of a test card; none = staff take the money.")
@central_command
def add_subscription(central: Central, *, as_json: bool, **fields: Any) -> None:
    """Subscribe somebody. Nothing is given before the first payment."""
    form = parse_form(SubscribeForm, given_fields(fields))
    paid = subscriptions.subscribe(central, build_providers(central), form)
    _answer_paid(paid, as_json=as_json)


@subscription.command("list")
@central_command
def list_subscriptions(central: Central, *, as_json: bool) -> None:
    """List the newest subscriptions."""
    with central.database.read() as connection:
        records = load_subscriptions(connection, central.clock.now_ms())
    _answer_records(central, records, "no subscription yet", as_json=as_json)


@subscription.command("show")
@click.argument("subscription_id")
@central_command
def show(central: Central, subscription_id: str, *, as_json: bool) -> None:
    """Show what was charged, and what the customer is to be told or given back."""
    with central.database.read() as connection:
        records = load_story(connection, subscription_id, central.clock.now_ms())
    _answer_records(central, records, "nothing happened yet", as_json=as_json)


@subscription.command("pay")
@click.argument("subscription_id")
@click.option(
    "--means", type=click.Choice([means.value for means in Means]), help="What staff were handed."
)
@click.option("--reference", help="Number of the receipt or transfer; no names.")
@click.option("--in-advance", is_flag=True, help="For the next cycle, which is not due yet.")
@central_command
def pay(
    central: Central,
    subscription_id: str,
    means: str | None,
    reference: str | None,
    *,
    in_advance: bool,
    as_json: bool,
) -> None:
    """Pay what is open: with the known card, or record what staff were handed."""
    providers = build_providers(central)
    if means is None:
        paid = subscriptions.pay(central, providers, subscription_id)
    else:
        paid = subscriptions.take_payment(
            central,
            providers,
            subscription_id,
            Means(means),
            reference=reference,
            is_in_advance=in_advance,
        )
    _answer_paid(paid, as_json=as_json)


@subscription.command("change-card")
@click.argument("subscription_id")
@click.option("--card", required=True, help="The number of a test card.")
@central_command
def change_card(central: Central, subscription_id: str, card: str, *, as_json: bool) -> None:
    """Have it paid by this card from now on."""
    subscriptions.change_card(central, subscription_id, card)
    answer({"done": True}, "✔ the card is changed", as_json=as_json)


@subscription.command("card")
@click.argument("subscription_id")
@click.option("--code", help="The number that is already printed on a card.")
@click.option("--symbology", help="Of an EAN/UPC card: ean13, ean8, upca ...")
@png_option
@central_command
def card(
    central: Central,
    subscription_id: str,
    code: str | None,
    symbology: str | None,
    png: Path | None,
    *,
    as_json: bool,
) -> None:
    """Make the code that opens gates, or show it again."""
    made = card_of(central, subscription_id, code, symbology)
    answer(made, made.payload, as_json=as_json)
    draw([made.payload], png)


@subscription.command("token")
@click.argument("subscription_id")
@png_option
@central_command
def token(central: Central, subscription_id: str, png: Path | None, *, as_json: bool) -> None:
    """Make a renewal token: for a gate that has not heard of a payment."""
    payload = renewal_token(central, subscription_id)
    answer({"payload": payload}, payload, as_json=as_json)
    draw([payload], png)


@subscription.command("pause")
@click.argument("subscription_id")
@central_command
def pause(central: Central, subscription_id: str, *, as_json: bool) -> None:
    """Pause: gates refuse, nothing is billed, the rest is credited."""
    _answer_kept(subscriptions.pause(central, subscription_id), as_json=as_json)


@subscription.command("resume")
@click.argument("subscription_id")
@central_command
def resume(central: Central, subscription_id: str, *, as_json: bool) -> None:
    """Resume: a new period from today, charged less the credit."""
    kept = subscriptions.resume(central, build_providers(central), subscription_id)
    _answer_kept(kept, as_json=as_json)


@subscription.command("cancel")
@click.argument("subscription_id")
@click.option("--undo", is_flag=True, help="Take a cancellation back, before it takes effect.")
@central_command
def cancel(central: Central, subscription_id: str, *, undo: bool, as_json: bool) -> None:
    """Cancel to the end of the period, or of the minimum term."""
    change = subscriptions.undo_cancellation if undo else subscriptions.cancel
    _answer_kept(change(central, subscription_id), as_json=as_json)


@subscription.command("end")
@click.argument("subscription_id")
@central_command
def end(central: Central, subscription_id: str, *, as_json: bool) -> None:
    """End it at once: by staff, or where the law lets the customer go."""
    kept, refund_minor = subscriptions.end(central, subscription_id)
    text = f"✔ ended; to be given back: {format_minor(refund_minor, kept.currency)}"
    answer({"state": "ended", "refund_minor": refund_minor}, text, as_json=as_json)


@subscription.command("upgrade")
@click.argument("subscription_id")
@click.option("--plan", "name", required=True, help="A dearer plan with the same rhythm.")
@central_command
def upgrade(central: Central, subscription_id: str, name: str, *, as_json: bool) -> None:
    """Change to a dearer plan for the difference of the rest of the cycle."""
    providers = build_providers(central)
    paid = subscriptions.upgrade_plan(central, providers, subscription_id, name)
    _answer_paid(paid, as_json=as_json)


@click.group()
def billing() -> None:
    """What is due."""


@billing.command("run")
@central_command
def run(central: Central, *, as_json: bool) -> None:
    """Charge what is due, tell, suspend, end. Twice or two at once charges once."""
    providers = build_providers(central)
    with progress("billing", is_quiet=as_json) as watch:
        report = run_billing(central, providers, watch)
    answer(report, _sentence(report), as_json=as_json)
    if report.faults:
        sys.exit(1)


def _sentence(report: BillingReport) -> str:
    said = (
        f"✔ {report.subscriptions} looked at: {report.succeeded} charged, {report.declined} declined, "
        f"{report.unknown} without an answer, {report.notices} notices, {report.letters} letters, "
        f"{report.orders} orders settled"
    )
    moved = ", ".join(f"{name} {count}" for name, count in report.moved.items())
    faults = ", ".join(f"{code} × {count}" for code, count in report.faults.items())
    broken = "".join(f"\n  subscription {one}" for one in report.broken)
    failed = f"\n✖ faults: {faults}{broken}" if faults else ""
    return said + (f"\n{moved}" if moved else "") + failed


def _answer_paid(paid: Paid, *, as_json: bool) -> None:
    if paid.answer is not None:
        said = f"payment {paid.answer.value}"
    elif paid.state is SubscriptionState.INCOMPLETE:
        said = "no card: record what you are handed with `subscription pay`"
    else:
        said = "a credit covered it"
    text = f"✔ subscription {paid.subscription_id} is {paid.state.value} ({said})"
    answer(paid, text, as_json=as_json)


def _answer_kept(kept: Kept, *, as_json: bool) -> None:
    now = kept.subscription
    text = f"✔ subscription {now.subscription_id} is {now.state.value}"
    if now.ends_at is not None:
        wall = kept.moment.site.wall(now.ends_at)
        text += f"; it ends {wall:%Y-%m-%d %H:%M}"
    answer(asdict(now), text, as_json=as_json)


def _answer_records(central: Central, records: list[Record], none: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(records).decode())
        return
    with central.database.read() as connection:
        site = load_site(connection).calendar
    shown = [
        {
            name: f"{site.wall(Instant(value)):%Y-%m-%d %H:%M}"
            if value is not None and name.endswith(INSTANTS)
            else value
            for name, value in record.items()
        }
        for record in records
    ]
    click.echo(table(shown) if shown else none)
