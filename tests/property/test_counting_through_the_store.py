"""Base and ledger together count what the full list of facts counts, wherever the vector cuts it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.events import Fact, FactKind
from scanner.core.tally import fold, resolve
from scanner.core.units import Direction, Instant, LaneReadiness, Seq
from scanner.lookups import Lookups
from scanner.records.ledger import Ledger
from support.examples import examples
from support.ledgers import ENTRY, EXIT, REFUSAL, fact
from support.rights import EXPO, MAIN, NOON, PARIS, at, reading
from support.snapshots import CARD, HERE, Site, enrol, place

HOUR_MS = 3_600_000
CARD_KEY = Site().card_key(CARD).hex()

shapes = st.sampled_from(
    [
        ENTRY | {"grant_no": 1},
        ENTRY | {"grant_no": 1, "persons": 3, "charged": 3},
        ENTRY | {"grant_no": 1, "charged": 0, "event_no": 4},
        ENTRY | {"grant_no": None, "key": CARD_KEY},
        ENTRY | {"grant_no": 2},
        EXIT | {"grant_no": 1},
        REFUSAL | {"grant_no": 1},
    ]
)
steps = st.tuples(
    shapes,
    st.sampled_from([MAIN, EXPO]),
    st.integers(-60, 0),
    st.integers(0, 3),
)
"""Shape, zone, hours before noon, persons given back (at most one call later)."""


def recorded(ledger: Ledger, plan: list[tuple[dict[str, Any], Any, int, int]]) -> list[list[Fact]]:
    """Each attempt with its give-back, if it had one."""
    groups = []
    for shape, zone, hours, back in plan:
        named = {"at": Instant(at(NOON) + hours * HOUR_MS), "zone_no": zone}
        group = [fact(ledger, **(shape | named))]
        if back and group[0].movement is Direction.IN:
            given = {"kind": FactKind.NOT_PASSED, "refers_to": group[0].seq, "persons": back}
            group.append(fact(ledger, ahead=1, **(named | given)))
        ledger.append(group)
        groups.append(group)
    return groups


def counted(facts: list[Fact]) -> dict[Any, Any]:
    """The tallies of grant 1: its own facts, the grant-less ones on its card, and what was given back."""
    return fold({}, resolve(facts, {}), PARIS)


def of_grant_1(groups: list[list[Fact]]) -> list[Fact]:
    return [
        one
        for group in groups
        if group[0].grant_no == 1 or (group[0].grant_no is None and group[0].key == CARD_KEY)
        for one in group
    ]


@examples(0.4)
@given(plan=st.lists(steps, max_size=12), data=st.data())
def test_base_and_ledger_count_what_the_full_list_counts(
    plan: list[tuple[dict[str, Any], Any, int, int]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        enrol(cache)
        with Ledger.open(Path(folder) / "ledger", HERE) as ledger:
            groups = recorded(ledger, plan)
            below = data.draw(st.integers(0, len(groups)))
            base = groups[:below]
            listed = [group for group in base if group[0].grant_no == 1]
            grantless = [group for group in base if group[0].grant_no is None]
            last = max((one.seq for group in base for one in group), default=Seq(0))
            site = Site(
                tallies={1: counted([one for group in listed for one in group])},
                key_tallies={CARD: counted([one for group in grantless for one in group])},
                vector={(HERE, ledger.epoch): last},
            )
            place(cache, site)
            lookups = Lookups(cache, ledger.own)
            found = lookups.facts_for(CARD, None, Direction.IN, reading(), LaneReadiness.READY)
            lookups.close()

    assert found.grants[0].tallies == counted(of_grant_1(groups))
