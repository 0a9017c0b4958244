"""What is recorded of a decision is enough to make it again, whatever was looked at."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given

from scanner.core.clock import ClockReading
from scanner.core.decision import decide
from scanner.core.events import Identity
from scanner.core.lane_facts import may_open, scanned
from scanner.core.question import Facts, Scan
from scanner.core.rules import ScanRule, SitePolicy, rule_problems
from scanner.core.units import Seq
from scanner.local_facts import encode_local
from scanner.records.recorded import Recorded, is_same, parse_recorded
from support.examples import examples
from support.rights import EPOCH, HERE
from support.scan_strategies import all_facts, policies, readings, scans
from sync.ledger_format import LOCAL_BYTES
from sync.wire import encode_fact, parse_fact


def rules_of(facts: Facts) -> list[ScanRule]:
    """Every rule that was looked at."""
    own = [grant.rule for grant in facts.grants]
    unlisted = facts.unlisted
    return own if unlisted is None or unlisted.rule is None else [*own, unlisted.rule]


@examples(2)
@given(scans, all_facts, policies, readings())
def test_the_decision_is_made_again_to_the_last_value_of_its_trace(
    scan: Scan, facts: Facts, policy: SitePolicy, clock: ClockReading
) -> None:
    assume(not any(map(rule_problems, rules_of(facts))))
    decision = decide(scan, facts, policy, clock)
    fact = scanned(
        decision,
        facts.presented,
        Identity(HERE, EPOCH, Seq(1)),
        clock,
        facts.gate,
        scan.direction,
        is_watched=True,
    )
    local = encode_local(facts, policy, clock)

    recorded = parse_recorded(parse_fact(encode_fact(fact)), local)

    assert len(local) <= LOCAL_BYTES
    assert isinstance(recorded, Recorded)
    again = recorded.decide()
    assert replace(again, trace=()) == replace(decision, trace=())
    assert again.trace == decision.trace
    assert is_same(recorded.fact, again, again.charged if may_open(again) else 0)
