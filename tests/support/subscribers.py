"""A museum with plans, and somebody who subscribes: what the tests of model B share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from scanner.core.calendar import SiteCalendar
from scanner.core.grants import AccessGrant
from scanner.core.units import Instant
from server_stub.api.forms import RuleForm, TypeForm
from server_stub.central import Central
from server_stub.rules.subscription import SubscriptionState, paid_until
from server_stub.selling.catalogue import add_type
from server_stub.selling.payments import Providers
from server_stub.site import load_site
from server_stub.store.subscription_rows import Kept, load_right
from server_stub.store.subscription_tables import charge, paid_cycle, subscription_notice
from server_stub.subscribing.billing_run import BillingReport, build_providers, run_billing
from server_stub.subscribing.plans import PlanForm, add_plan
from server_stub.subscribing.subscriptions import SubscribeForm, look, subscribe
from support.central_site import CentralClock, museum
from support.instants import wall

GOOD, BAD, BAD_LATER = "4242424242424242", "4000000000000002", "4000000000000341"
SILENT, SILENT_BAD = "4000000000000119", "4000000000000127"
MONTHLY = PlanForm(name="Friends", type="member", every="month", price_minor=1_000, currency="EUR")
PARIS = SiteCalendar("Europe/Paris")


def changed(**fields: Any) -> PlanForm:
    """The monthly plan, but."""
    own = {name: getattr(MONTHLY, name) for name in MONTHLY.__struct_fields__}
    return PlanForm(**own | fields)


@dataclass
class Club:
    """An opened central, its clock, its payment providers."""

    central: Central
    clock: CentralClock
    providers: Providers

    def at(self, text: str) -> None:
        """It is now this wall time in Paris."""
        self.clock.now = wall(text)

    def plan(self, **fields: Any) -> None:
        with self.central.database.write() as connection:
            add_plan(connection, changed(**fields), self.clock.now_ms())

    def join(
        self, card: str | None = GOOD, plan: str = "Friends", email: str | None = "a@b.org"
    ) -> str:
        form = SubscribeForm(plan=plan, email=email, card=card)
        return subscribe(self.central, self.providers, form).subscription_id

    def bill(self) -> BillingReport:
        return run_billing(self.central, self.providers)

    def look(self, who: str) -> Kept:
        return look(self.central, who)

    def state(self, who: str) -> SubscriptionState:
        return self.look(who).subscription.state

    def paid_until(self, who: str) -> Instant:
        kept = self.look(who)
        return paid_until(kept.subscription, kept.moment)

    def right(self, who: str) -> AccessGrant | None:
        grant_no = self.look(who).grant_no
        if grant_no is None:
            return None
        with self.central.database.read() as connection:
            return load_right(connection, grant_no)

    def charges(self, who: str) -> list[tuple[int, str]]:
        """Amount and answer of each, in order."""
        return [(row.amount_minor, row.answer) for row in self._of(charge, who, charge.c.asked_at)]

    def cycles(self, who: str) -> list[int]:
        return [row.cycle_at for row in self._of(paid_cycle, who, paid_cycle.c.cycle_at)]

    def notices(self, who: str) -> list[tuple[str, int | None]]:
        rows = self._of(subscription_notice, who, subscription_notice.c.at)
        return [(row.kind, row.amount_minor) for row in rows]

    def _of(self, table: Any, who: str, order: Any) -> list[Any]:
        with self.central.database.read() as connection:
            rows = connection.execute(
                select(table).where(table.c.subscription_id == who).order_by(order)
            )
            return list(rows.all())


@contextmanager
def club(folder: Path, database_url: str | None = None) -> Iterator[Club]:
    """On 31 January 2026, 10:00: a monthly plan of 10.00."""
    clock = CentralClock(wall("2026-01-31T10:00"))
    with museum(folder, clock, database_url) as central:
        member = TypeForm(name="member", validity="always", rule=RuleForm(max_total=None))
        with central.database.write() as connection:
            add_type(connection, member, load_site(connection).calendar)
            add_plan(connection, MONTHLY, clock.now_ms())
        yield Club(central, clock, build_providers(central))
