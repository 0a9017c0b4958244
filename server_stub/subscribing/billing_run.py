"""A billing run: everything that is due is charged, told, suspended or ended, once, however often it is run.

Law: what is to be done is said by `server_stub.rules.billing.plan_run` and nothing else. Each subscription is carried
forward by itself, in short transactions around the provider's answer; a run that is repeated, killed half-way or run
twice at once charges a cycle once. Whatever one subscription raises does not stop the others: it is counted, named and
logged.

Source: docs/membership-rules.md, "Billing"; docs/model-b.md, "The billing run".
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from scanner.core.errors import GateError, StoreError
from scanner.core.units import Instant
from server_stub.central import Central
from server_stub.rules.billing import Action, Answer, Charge, Move, SendNotice, plan_run
from server_stub.rules.subscription import RUNNING, SubscriptionEvent, SubscriptionState
from server_stub.selling.card_checkout import ask_all_unanswered
from server_stub.selling.mailer import FileMailer, Outbox
from server_stub.selling.payments import ProviderName, Providers
from server_stub.selling.simulated_card import SimulatedCard
from server_stub.selling.till import Till
from server_stub.store.subscription_rows import Kept, apply_event, load_account, load_kept, look_at
from server_stub.store.subscription_tables import charge, subscription
from server_stub.subscribing.charging import (
    ask,
    ask_unknown,
    pay_cycle,
    record_charge,
    record_notice,
)
from server_stub.subscribing.notice_letters import post_notices

STEPS_MOST = 1_000
"""Of one subscription in one run: more than any number of days that a central stood still."""

_LOG = logging.getLogger("portillon.central.billing")

LIVE = (SubscriptionState.INCOMPLETE, *sorted(RUNNING))


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingReport:
    """What a run did. ``faults``: codes, with how often they stopped something; ``broken``: the subscriptions.

    ``orders``: that waited for a card's answer and have it. ``letters``: handed to the mailer.
    """

    subscriptions: int
    succeeded: int
    declined: int
    unknown: int
    notices: int
    letters: int
    orders: int
    moved: dict[str, int]
    faults: dict[str, int]
    broken: list[str]


def build_providers(central: Central) -> Providers:
    """The adapters of this central."""
    return {
        ProviderName.MANUAL: Till(central.database),
        ProviderName.CARD: SimulatedCard(central.database),
    }


def run_billing(
    central: Central,
    providers: Providers,
    watch: Callable[[int, int], None] = lambda _n, _of: None,
    outbox: Outbox | None = None,
) -> BillingReport:
    """One run over everything.

    Args:
        central: whose subscriptions.
        providers: who is asked for the money.
        watch: is told how many of how many are done.
        outbox: where letters go; None = into the folder ``mail/``.
    """
    due = _find_due(central)
    seen: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    broken: list[str] = []
    for number, subscription_id in enumerate(due, start=1):
        try:
            seen += advance(central, providers, subscription_id)
        except Exception as error:  # noqa: BLE001 - whatever one raises, the others are billed
            faults[_fault_of(error, subscription_id).code] += 1
            broken.append(subscription_id)
        watch(number, len(due))
    letters = _count(
        faults, lambda: post_notices(central, outbox or FileMailer(central.folder.mail))
    )
    orders = _count(faults, lambda: ask_all_unanswered(central, providers))
    events = {event.value: seen[event.value] for event in SubscriptionEvent if seen[event.value]}
    return BillingReport(
        subscriptions=len(due),
        succeeded=seen["charge_succeeded"],
        declined=seen["charge_declined"],
        unknown=seen["charge_unknown"],
        notices=seen["notice"],
        letters=letters,
        orders=orders,
        moved=events,
        faults=dict(faults),
        broken=broken,
    )


def advance(central: Central, providers: Providers, subscription_id: str) -> Counter[str]:
    """Carries one subscription as far as it goes now; counts what happened."""
    seen: Counter[str] = Counter()
    ask_unknown(central, providers, subscription_id)
    for _step in range(STEPS_MOST):
        with central.database.write() as connection:
            kept = load_kept(connection, subscription_id, central.clock.now_ms())
            actions = plan_run(load_account(connection, kept), kept.moment)
            key = _carry_out(connection, kept, actions, seen)
        if key is not None:
            answer = ask(central, providers, key, is_off_session=True)
            seen[f"charge_{answer.value}"] += 1
            if answer is Answer.UNKNOWN:
                return seen
        elif not any(isinstance(action, Move) for action in actions):
            return seen
    return seen


def _fault_of(error: Exception, subscription_id: str) -> GateError:
    """What to report, and in the log what was the matter."""
    known = isinstance(error, GateError)
    fault = error if isinstance(error, GateError) else _broken(subscription_id)
    extra = {"code": fault.code, "subscription_id": subscription_id}
    _LOG.warning("%s", fault.message, extra=extra, exc_info=None if known else error)
    return fault


def _broken(subscription_id: str) -> StoreError:
    return StoreError(
        "subscription_broken",
        f"what is kept of subscription {subscription_id!r} contradicts itself; it was left as it is",
        "look at it with `portillon-central subscription show`, and report the log's trace",
    )


def _count(faults: Counter[str], act: Callable[[], int]) -> int:
    """A fault of one part of a run does not stop the others."""
    try:
        return act()
    except GateError as error:
        faults[error.code] += 1
        return 0


def _carry_out(
    connection: Connection, kept: Kept, actions: tuple[Action, ...], seen: Counter[str]
) -> str | None:
    """Moves and notices; gives the key of a request that was recorded, to be asked after this transaction."""
    for action in actions:
        if isinstance(action, Move):
            kept = _move(connection, kept, action)
            seen[action.event.value] += 1
        elif isinstance(action, SendNotice):
            record_notice(connection, kept, action.key, action.kind)
            seen["notice"] += 1
        elif isinstance(action, Charge):
            return record_charge(
                connection, kept, action.key, action.amount_minor, cycle_at=action.cycle_at
            )
    return None


def _move(connection: Connection, kept: Kept, move: Move) -> Kept:
    """``payment_succeeded`` here is a cycle that a credit covers: an answer counts when it is heard."""
    if move.event is SubscriptionEvent.PAYMENT_SUCCEEDED and move.cycle_at is not None:
        return pay_cycle(connection, kept, move.cycle_at, None)
    return apply_event(connection, kept, move.event, move.cycle_at)


def _find_due(central: Central) -> list[str]:
    """Those with something to do now, looked for without a lock."""
    now = central.clock.now_ms()
    with central.database.read() as connection:
        waiting = set(
            connection.execute(
                select(charge.c.subscription_id).where(charge.c.answer == Answer.UNKNOWN)
            ).scalars()
        )
        live = connection.execute(
            select(subscription.c.subscription_id).where(subscription.c.state.in_(LIVE))
        ).scalars()
        due = {one for one in live.all() if _has_something_to_do(connection, one, now)}
    return sorted(due | waiting)


def _has_something_to_do(connection: Connection, subscription_id: str, now: Instant) -> bool:
    """What cannot be read is taken for due: its turn reports it."""
    try:
        kept = look_at(connection, subscription_id, now)
        return bool(plan_run(load_account(connection, kept), kept.moment))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return True
