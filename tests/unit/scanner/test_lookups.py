"""What the gate knows of a presented code: base, ledger and clock, gathered for one decision."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner.core.clock import ClockState
from scanner.core.credential import CredentialKind
from scanner.core.events import FactKind
from scanner.core.grants import EventException
from scanner.core.question import Facts, Scope, SeatEntry
from scanner.core.reasons import Reason
from scanner.core.units import BootId, DeviceId, Direction, Instant, LaneReadiness
from scanner.lookups import Lookups
from scanner.records.ledger import Ledger
from support.ledgers import ENTRY, EXIT, record
from support.rights import (
    EXPO,
    GATE,
    MAIN,
    NOON,
    at,
    counts,
    entry,
    event,
    gate,
    grant,
    reading,
    rule,
    untrusted,
)
from support.snapshots import CARD, HERE, PEPPER, Site, enrol, place, revoked_key, ticket

OLD_CARD = b"40000000000001"
ID = bytes(range(16))
FORGED = ticket()[:-1] + b"1"


class Gate:
    """A lane's ledger and look-ups over one cache folder."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.ledger = Ledger.open(folder / "ledger", HERE)
        enrol(self.cache)
        self._lookups: Lookups | None = None

    @property
    def lookups(self) -> Lookups:
        if self._lookups is None:
            self._lookups = Lookups(self.cache, self.ledger.own)
        return self._lookups

    def serve(self, **site: Any) -> Site:
        served = Site(**site)
        place(self.cache, served)
        return served

    def look(self, code: bytes = CARD, direction: Direction = Direction.IN, **clock: Any) -> Facts:
        return self.lookups.facts_for(code, None, direction, reading(**clock), LaneReadiness.READY)

    def record(self, *shapes: dict[str, Any], wall: str = NOON) -> None:
        for number, shape in enumerate(shapes):
            named = {"at": Instant(at(wall) + number), "zone_no": MAIN, "grant_no": 1}
            record(self.ledger, ENTRY | named | shape)

    def close(self) -> None:
        self.ledger.close()
        self.lookups.close()


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Gate]:
    built = Gate(tmp_path)
    yield built
    built.close()


def total(facts: Facts, zone: Any = MAIN) -> int:
    return facts.grants[0].tallies[zone].total if zone in facts.grants[0].tallies else 0


def test_a_card_leads_to_its_grant_and_its_rule(lane: Gate) -> None:
    site = lane.serve(grants=[grant(seat="A 1")], rules=[rule(max_per_day=2)])

    facts = lane.look()

    (found,) = facts.grants
    assert found.grant == grant(seat="A 1")
    assert found.rule == rule(max_per_day=2)
    assert facts.snapshot == site.mark
    assert facts.gate == GATE
    assert facts.presented.key == site.card_key(CARD)
    assert (facts.unlisted, facts.events, facts.seat_entries) == (None, (), ())


def test_under_an_untrusted_clock_the_snapshot_grows_old_by_the_monotonic_clock(
    lane: Gate,
) -> None:
    site = lane.serve()
    lane.look(state=ClockState.UNTRUSTED, floor=site.created, mono=1_000)

    facts = lane.look(state=ClockState.UNTRUSTED, floor=site.created, mono=61_000)
    after_restart = lane.look(
        state=ClockState.UNTRUSTED, floor=site.created, mono=500, boot=BootId("next")
    )

    assert facts.age_mark is not None
    assert facts.age_mark.age_ms == 60_000
    assert after_restart.age_mark is not None
    assert after_restart.age_mark.age_ms == 0


def test_a_card_that_nobody_knows_has_a_key_and_no_grant(lane: Gate) -> None:
    site = lane.serve()

    facts = lane.look(b"99999999999999")

    assert facts.grants == ()
    assert facts.unlisted is None
    assert facts.presented.key == site.card_key(b"99999999999999")


def test_one_card_may_stand_for_several_grants(lane: Gate) -> None:
    lane.serve(grants=[grant(), grant(grant_no=2)], cards={CARD: (2, 1)})

    assert [found.grant.grant_no for found in lane.look().grants] == [1, 2]


def test_a_signed_ticket_is_found_by_its_id_whatever_else_it_says(lane: Gate) -> None:
    site = lane.serve(tickets={ID: (1,)})

    facts = lane.look(ticket(ID, seat="B 2"))

    assert facts.presented.kind is CredentialKind.SIGNED
    assert facts.presented.key == site.ticket_key(ID)
    assert facts.presented.claims is not None
    assert facts.presented.claims.seat == "B 2"
    assert len(facts.grants) == 1


def test_a_good_ticket_without_a_row_brings_its_type_and_what_its_key_has_used(lane: Gate) -> None:
    site = lane.serve(rules=[rule(max_total=3)])
    lane.record({"grant_no": None, "key": site.ticket_key(ID).hex()})

    unlisted = lane.look(ticket(ID)).unlisted

    assert unlisted is not None
    assert unlisted.ticket_type is not None
    assert unlisted.ticket_type.name == "Annual"
    assert unlisted.rule == rule(max_total=3)
    assert unlisted.tallies[MAIN].total == 1


def test_a_good_ticket_of_a_type_that_is_not_known_says_so(lane: Gate) -> None:
    lane.serve()

    unlisted = lane.look(ticket(ID, type_no=99)).unlisted  # type: ignore[arg-type]

    assert unlisted is not None
    assert (unlisted.ticket_type, unlisted.rule) == (None, None)


REFUSED_TICKETS = {
    "forged": (FORGED, {}, Reason.BAD_SIGNATURE),
    "by a key nobody knows": (ticket(), {"ticket_keys": ()}, Reason.UNKNOWN_KEY),
    "by a revoked key": (ticket(), {"ticket_keys": (revoked_key(),)}, Reason.KEY_REVOKED),
    "of no syntax": (b"a\x00b", {}, Reason.UNREADABLE),
}


@pytest.mark.parametrize(("code", "site", "problem"), REFUSED_TICKETS.values())
def test_a_refused_ticket_looks_nothing_up(
    lane: Gate, code: bytes, site: dict[str, Any], problem: Reason
) -> None:
    lane.serve(tickets={bytes(16): (1,)}, **site)

    facts = lane.look(code)

    assert facts.presented.problem is problem
    assert facts.grants == ()
    assert facts.unlisted is None


def test_the_same_forgery_has_the_same_key_and_no_tickets(lane: Gate) -> None:
    site = lane.serve()
    keys = {lane.look(FORGED).presented.key, lane.look(FORGED).presented.key}

    assert len(keys) == 1
    assert keys != {site.ticket_key(bytes(16))}


def test_a_revoked_key_is_revoked_by_its_prefix(lane: Gate) -> None:
    key = Site().card_key(CARD)
    lane.serve(revoked=[key], cards={CARD: (1,), OLD_CARD: (1,)})

    assert lane.look().is_revoked
    assert not lane.look(OLD_CARD).is_revoked


def test_counts_are_the_bases_and_the_facts_above_its_vector(lane: Gate) -> None:
    lane.record({}, {}, {})
    lane.serve(
        tallies={1: counts(entry("2026-03-09 10:00"), entry("2026-03-10 09:00"))},
        vector={(HERE, lane.ledger.epoch): 1},
    )

    assert total(lane.look()) == 4


def test_facts_of_an_older_life_of_the_ledger_are_not_taken_for_this_one(lane: Gate) -> None:
    lane.record({}, {})
    lane.serve(vector={(HERE, "another-epoch"): 9})  # type: ignore[dict-item]

    assert total(lane.look()) == 2


def test_counts_are_kept_by_zone(lane: Gate) -> None:
    lane.serve(tallies={1: counts(entry("2026-03-09 10:00", zone=EXPO))})
    lane.record({}, {"zone_no": EXPO})

    facts = lane.look()

    assert (total(facts, MAIN), total(facts, EXPO)) == (1, 2)


def test_a_give_back_takes_the_entry_out(lane: Gate) -> None:
    lane.serve()
    lane.record({}, {"kind": FactKind.NOT_PASSED, "refers_to": 1, "movement": None})

    assert lane.look().grants[0].tallies == {}


def test_what_was_recorded_a_moment_ago_counts_now(lane: Gate) -> None:
    lane.serve()
    assert total(lane.look()) == 0

    lane.record({})

    assert total(lane.look()) == 1


def test_an_unlisted_entry_does_not_vanish_when_the_row_arrives(lane: Gate) -> None:
    site = lane.serve()
    lane.record({"grant_no": None, "key": site.card_key(CARD).hex()}, {"key": "00" * 16})

    assert total(lane.look()) == 2


def test_an_old_cards_unlisted_entries_count_for_the_new_card(lane: Gate) -> None:
    site = lane.serve(
        shared_cards={1: (CARD, OLD_CARD)},
        key_tallies={OLD_CARD: counts(entry("2026-03-09 10:00"))},
        tallies={1: counts(entry("2026-03-08 10:00"), entry("2026-03-08 10:00", zone=EXPO))},
    )
    lane.record({"grant_no": None, "key": site.card_key(OLD_CARD).hex()})

    facts = lane.look()

    assert (total(facts, MAIN), total(facts, EXPO)) == (3, 1)


def test_a_corrected_clock_moves_the_facts_of_its_boot(lane: Gate) -> None:
    lane.serve()
    correct = at("2026-03-08 10:00")
    lane.record({"clock": ClockState.UNTRUSTED, "mono_ms": 5, "boot": BootId("boot-a")})
    record(
        lane.ledger,
        {"kind": FactKind.CLOCK_OFFSET, "boot": BootId("boot-a"), "offset_ms": correct - 5},
    )

    last = lane.look().grants[0].tallies[MAIN].last_entry

    assert last is not None
    assert last.at == correct


def test_the_centrals_correction_is_used_where_the_gate_has_none(lane: Gate) -> None:
    correct = at("2026-03-08 10:00")
    lane.serve(offsets={(HERE, "boot-a"): correct - 5})
    lane.record({"mono_ms": 5, "boot": BootId("boot-a")})

    last = lane.look().grants[0].tallies[MAIN].last_entry

    assert last is not None
    assert last.at == correct


def test_under_an_untrusted_clock_this_boots_facts_are_counted_by_themselves(lane: Gate) -> None:
    lane.record({"boot": BootId("boot-a")}, {"boot": BootId("boot-b")})
    lane.serve(vector={(HERE, lane.ledger.epoch): 2}, tallies={1: counts(entry(NOON))})
    clock = replace(untrusted(), boot=BootId("boot-b"))

    facts = lane.lookups.facts_for(CARD, None, Direction.IN, clock, LaneReadiness.READY)

    assert facts.grants[0].tallies[MAIN].total == 1
    assert facts.grants[0].boot_tallies[MAIN].total == 1
    assert lane.look().grants[0].boot_tallies == {}


def test_only_events_whose_doors_are_open_here_are_candidates(lane: Gate) -> None:
    closed = event(3, doors=("2026-03-10 08:00", NOON))
    later = event(4, doors=("2026-03-10 12:01", "2026-03-10 20:00"))
    elsewhere = event(2, zones=frozenset({EXPO}))
    lane.serve(events=[later, closed, elsewhere, event(1), event(5, zones=frozenset({MAIN}))])

    assert [found.event_no for found in lane.look().events] == [1, 5]


def test_a_scope_names_its_events_and_the_last_doors(lane: Gate) -> None:
    last = event(2, doors=("2026-04-01 11:00", "2026-04-01 12:00"))
    lane.serve(
        grants=[grant(scope_no=5), grant(grant_no=2, scope_no=6), grant(grant_no=3, scope_no=7)],
        cards={CARD: (1, 2, 3)},
        events=[event(1), last],
        scopes={5: (1, 2), 6: ()},
    )

    listed, every, missing = (found.scope for found in lane.look().grants)

    assert listed == Scope(event_nos=frozenset({1, 2}), last_doors_from=last.doors_from)
    assert every == Scope(event_nos=None, last_doors_from=last.doors_from)
    assert missing == Scope(event_nos=frozenset())


def test_a_grants_exceptions_come_with_it(lane: Gate) -> None:
    transferred = EventException(event_no=1, deny_reason=Reason.TRANSFERRED)  # type: ignore[arg-type]
    lane.serve(exceptions={1: (transferred,)})

    assert lane.look().grants[0].exceptions == {1: transferred}


SEATED = {"event_no": 1, "seat": "A 1", "grant_no": 9}


def test_who_sits_on_the_seat_is_known_from_base_and_ledger(lane: Gate) -> None:
    lane.serve(
        grants=[grant(seat="A 1")],
        events=[event(1)],
        seat_entries=[(1, "A 1", 8, None), (1, "A 2", 7, None)],
    )
    lane.record(SEATED, SEATED | {"seat": "A 2"}, SEATED | {"event_no": 2})

    assert lane.look().seat_entries == (
        SeatEntry(1, "A 1", 8, None),  # type: ignore[arg-type]
        SeatEntry(1, "A 1", 9, ENTRY["key"]),  # type: ignore[arg-type]
    )


def test_a_seat_that_was_given_back_is_free(lane: Gate) -> None:
    lane.serve(grants=[grant(seat="A 1")], events=[event(1)])
    lane.record(SEATED, {"kind": FactKind.NOT_PASSED, "refers_to": 1, "movement": None})

    assert lane.look().seat_entries == ()


def test_another_seat_for_one_event_is_the_seat_asked_for(lane: Gate) -> None:
    moved = EventException(event_no=1, seat="C 7")  # type: ignore[arg-type]
    lane.serve(grants=[grant(seat="A 1")], events=[event(1)], exceptions={1: (moved,)})
    lane.record(SEATED, SEATED | {"seat": "C 7"})

    assert [found.seat for found in lane.look().seat_entries] == ["C 7"]


def test_an_unlisted_ticket_asks_for_the_seat_it_names(lane: Gate) -> None:
    lane.serve(events=[event(1)])
    lane.record(SEATED)

    assert [found.seat for found in lane.look(ticket(ID, seat="A 1")).seat_entries] == ["A 1"]


def test_an_exit_asks_for_no_seat(lane: Gate) -> None:
    lane.serve(grants=[grant(seat="A 1")], events=[event(1)])
    lane.record(SEATED)

    assert lane.look(direction=Direction.OUT).seat_entries == ()


def test_exits_are_facts_too(lane: Gate) -> None:
    lane.serve()
    lane.record({}, EXIT | {"grant_no": 1})

    day = next(iter(lane.look().grants[0].tallies[MAIN].days.values()))
    assert not day.is_inside


def test_an_article_number_is_one_number_in_every_length(lane: Gate) -> None:
    lane.serve(cards={b"0012345678905": (1,)})

    facts = lane.lookups.facts_for(
        b"012345678905", "upca", Direction.IN, reading(), LaneReadiness.READY
    )

    assert len(facts.grants) == 1


def test_a_known_card_is_known_and_nothing_else_is(lane: Gate) -> None:
    lane.serve(tickets={ID: (1,)})

    assert lane.lookups.is_known(CARD, None)
    assert not lane.lookups.is_known(b"poster", None)
    assert not lane.lookups.is_known(ticket(ID), None)


def test_without_a_snapshot_nothing_is_known(lane: Gate) -> None:
    facts = lane.look()

    assert facts.snapshot is None
    assert facts.grants == ()
    assert facts.presented.key is None
    assert facts.gate.gate_no == 1
    assert lane.look(ticket()).presented.problem is Reason.UNKNOWN_KEY
    assert not lane.lookups.is_known(CARD, None)
    assert lane.lookups.snapshot is None


def test_a_gate_that_the_snapshot_does_not_know_stands_in_no_zone(lane: Gate) -> None:
    lane.serve(gates=[gate(gate_no=2)])

    assert lane.look().gate.zone_no == 0
    assert "gate_not_in_snapshot" in lane.lookups.fault_codes


def test_policy_and_gate_are_those_of_the_last_look_up(lane: Gate) -> None:
    lane.serve()
    lane.look()
    assert lane.lookups.gate == GATE
    assert lane.lookups.policy == Site().policy


def test_a_grant_whose_rule_is_missing_is_unknown_and_said_so(lane: Gate) -> None:
    lane.serve(grants=[grant(rule_no=9), grant(grant_no=2)], cards={CARD: (1, 2)})

    assert [found.grant.grant_no for found in lane.look().grants] == [2]
    assert lane.lookups.fault_codes == ("snapshot_rule_missing",)


def test_an_unlisted_ticket_whose_counts_cannot_be_read_is_of_no_type(lane: Gate) -> None:
    lane.serve()
    path = lane.cache / "100.db"
    key = Site().ticket_key(ID)
    with sqlite3.connect(path) as base:
        base.execute("INSERT INTO key_tally VALUES (?, 1, 'never')", (key,))

    unlisted = lane.look(ticket(ID)).unlisted

    assert unlisted is not None
    assert unlisted.rule is None
    assert lane.lookups.fault_codes == ("snapshot_tally_wrong",)


def test_a_base_that_is_damaged_while_it_is_used_is_given_up_for_the_one_before(
    lane: Gate,
) -> None:
    lane.serve(seq=1, grants=[grant(seat="old")])
    lane.serve(seq=2, grants=[grant(seat="new")])
    assert lane.lookups.snapshot is not None
    assert lane.lookups.snapshot.seq == 2
    path = lane.cache / "2.db"
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * (path.stat().st_size - 4_096))

    facts = lane.look()

    assert facts.snapshot is not None
    assert facts.snapshot.seq == 1
    assert facts.grants[0].grant.seat == "old"
    assert lane.lookups.is_known(CARD, None)
    assert "snapshot_unusable" in lane.lookups.fault_codes


def test_when_every_base_is_damaged_nothing_is_known(lane: Gate) -> None:
    lane.serve()
    assert lane.lookups.snapshot is not None
    path = lane.cache / "100.db"
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * (path.stat().st_size - 4_096))

    assert not lane.lookups.is_known(CARD, None)
    assert lane.look().snapshot is None


def test_other_lanes_facts_are_united_with_our_own(lane: Gate, tmp_path: Path) -> None:
    lane.serve()
    lane.record({})
    with Ledger.open(tmp_path / "other", DeviceId("gate4")) as other:
        record(other, ENTRY | {"at": at(NOON), "grant_no": 1})
        both = Lookups(lane.cache, lane.ledger.own, other.own)
        facts = both.facts_for(CARD, None, Direction.IN, reading(), LaneReadiness.READY)
        twice = Lookups(lane.cache, lane.ledger.own, lane.ledger.own)
        same = twice.facts_for(CARD, None, Direction.IN, reading(), LaneReadiness.READY)
        both.close()
        twice.close()

    assert total(facts) == 2
    assert total(same) == 1


def test_the_pepper_is_the_snapshots(lane: Gate) -> None:
    enrol(lane.cache, p1=PEPPER, p2=b"another")
    site = lane.serve(pepper_id="p2", pepper=b"another")

    assert lane.look().presented.key == site.card_key(CARD)
    assert len(lane.look().grants) == 1
