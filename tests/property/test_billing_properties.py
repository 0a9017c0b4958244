"""Billing runs at any times, with any answers, killed anywhere: one success a cycle, nothing done twice (S44)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.calendar import Unit
from scanner.core.units import Instant, RuleNo, TypeNo
from server_stub.rules.billing import (
    Account,
    Action,
    Answer,
    AskAgain,
    Attempt,
    Charge,
    Move,
    SendNotice,
    plan_run,
)
from server_stub.rules.cycles import Period
from server_stub.rules.refusals import Refusal
from server_stub.rules.subscription import Moment, Plan, Subscription, SubscriptionState
from server_stub.rules.subscription_steps import step
from support.examples import examples
from support.instants import PARIS, wall

START = wall("2026-01-31T10:00")
DAY_MS = 86_400_000
PLAN = Plan(period=Period(1, Unit.MONTHS), price_minor=1_000, type_no=TypeNo(1), rule_no=RuleNo(1))


@dataclass
class SimulatedProvider:
    """Answers in turn, and under a key it knows with the answer it gave; may have nothing to say the first time."""

    answers: Iterator[tuple[Answer, bool]]

    def __post_init__(self) -> None:
        self.said: dict[str, Answer] = {}

    def charge(self, key: str) -> Answer:
        if key in self.said:
            return self.said[key]
        self.said[key], is_heard = next(self.answers)
        return self.said[key] if is_heard else Answer.UNKNOWN


def carried_out(
    account: Account, action: Action, moment: Moment, bank: SimulatedProvider
) -> Account:
    if isinstance(action, SendNotice):
        assert action.key not in account.notices, "a notice was sent twice"
        return replace(account, notices=account.notices | {action.key})
    if isinstance(action, Move):
        after = step(account.subscription, action.event, moment, action.cycle_at)
        assert not isinstance(after, Refusal), f"{action} was refused: {after}"
        return replace(account, subscription=after)
    assert isinstance(action, Charge | AskAgain)
    others = tuple(a for a in account.attempts if a.key != action.key)
    new = Attempt(action.key, action.cycle_at, moment.now, bank.charge(action.key))
    return replace(account, attempts=(*others, new))


def run_until_quiet(
    account: Account, moment: Moment, bank: SimulatedProvider, steps: int
) -> Account:
    """As a command would: the first action of each plan, at most so many (then it is killed)."""
    for _ in range(steps):
        actions = plan_run(account, moment)
        if not actions:
            return account
        account = carried_out(account, actions[0], moment, bank)
    return account


answers = st.tuples(st.sampled_from([Answer.SUCCEEDED, Answer.DECLINED]), st.booleans())
runs = st.lists(st.tuples(st.integers(0, 12 * DAY_MS), st.integers(0, 40)), max_size=25)


@given(runs, st.lists(answers, min_size=300, max_size=300))
@examples(0.75)
def test_however_often_it_runs_a_cycle_is_paid_once(
    runs: list[tuple[int, int]], answers: list[tuple[Answer, bool]]
) -> None:
    bank = SimulatedProvider(iter(answers))
    account = Account(
        Subscription(
            subscription_id="s",
            state=SubscriptionState.ACTIVE,
            started_at=START,
            anchor_at=START,
            paid_cycles=1,
        )
    )
    now = START
    for later_ms, steps in runs:
        now = Instant(now + later_ms)
        moment = Moment(now, PLAN, PARIS)
        account = run_until_quiet(account, moment, bank, steps)
        paid = [key.split(":")[1] for key, said in bank.said.items() if said is Answer.SUCCEEDED]
        assert len(paid) == len(set(paid))
        assert account.subscription.paid_cycles <= 1 + len(paid)
    moment = Moment(now, PLAN, PARIS)
    account = run_until_quiet(account, moment, bank, 200)

    assert plan_run(account, moment) == ()
    paid = [key for key, said in bank.said.items() if said is Answer.SUCCEEDED]
    assert account.subscription.paid_cycles == 1 + len(paid)
