"""What every fault ends in, beside facts that are there once: counts are those of the facts, and limits are right.

Law: the truth is the gate's ledger, read row by row; the gate's own look-ups, the central's fold and its report of
overuse are held to it.
"""

from __future__ import annotations

from contextlib import closing

from scanner.core.events import FactKind
from server_stub.api.forms import CodeKind, SaleForm
from server_stub.central import Central
from server_stub.reporting.overuses import load_overuse
from server_stub.selling.sales import Sold, sell
from support.ledgers import ENTRY
from support.venue import used_at, used_by_files
from sync.ledger_format import connect_reader, load_rows
from sync.settings import SyncSettings
from sync.wire import parse_fact

LIMIT = 1
"""Entries on a pass of `support.real_central.found`."""


def sell_what_is_scanned(central: Central) -> Sold:
    """The pass on whose right `support.ledgers` has its entries; call it at a central that has sold nothing."""
    sold = [
        sell(central, SaleForm(type="pass", kind=CodeKind.OPAQUE)) for _ in range(ENTRY["grant_no"])
    ]
    assert sold[-1].grant_no == ENTRY["grant_no"]
    return sold[-1]


def require_right_limits(central: Central, settings: SyncSettings, sold: Sold) -> None:
    """Gate and central count what the ledger says, and the central reports whoever is beyond the limit."""
    charged = _charged(settings, sold)
    assert used_by_files(settings, sold) == charged
    assert used_at(central, sold) == charged
    with central.database.read() as connection:
        over = [one.persons for one in load_overuse(connection) if one.grant_no == sold.grant_no]
    assert sum(over) == max(0, charged - LIMIT)


def _charged(settings: SyncSettings, sold: Sold) -> int:
    with closing(connect_reader(settings.ledger_path)) as connection:
        facts = [parse_fact(row.body) for row in load_rows(connection, 0, 1_000_000)]
    entries = {fact.seq: fact.charged for fact in facts if fact.grant_no == sold.grant_no}
    back = [
        fact for fact in facts if fact.kind is FactKind.NOT_PASSED and fact.refers_to in entries
    ]
    return sum(entries.values()) - sum(fact.persons for fact in back)
