"""The books at the end of the day: what the gate recorded against what the central holds.

Law: both sides are asked by their own public means; nothing is derived from the story but the number of its acts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from server_stub.demo.play import Result
from server_stub.demo.report import Proof

Fact = Mapping[str, Any]


def entries_kept(facts: Sequence[Fact]) -> int:
    """Charged entries that were not given back."""
    charged = {
        fact["seq"]: fact.get("charged", 0) for fact in facts if fact.get("movement") == "in"
    }
    for fact in facts:
        if fact["kind"] == "NOT_PASSED":
            charged[fact["refers_to"]] = max(0, charged[fact["refers_to"]] - fact.get("persons", 1))
    return sum(charged.values())


def answers(facts: Sequence[Fact]) -> Counter[tuple[str, str]]:
    """Scans by outcome and reason."""
    return Counter((fact["outcome"], fact["reason"]) for fact in facts if fact["kind"] == "SCAN")


def proofs(
    results: Sequence[Result],
    facts: Sequence[Fact],
    counts: Mapping[str, Any],
    chain: Mapping[str, Any],
    receipted_seq: int,
) -> list[Proof]:
    """Everything that must be so.

    Args:
        results: of the acts.
        facts: the gate's ledger, exported.
        counts: the central's counts.
        chain: ``portillon ledger verify --json``.
        receipted_seq: rows up to it are acknowledged by a receipt whose signature sync verified.
    """
    ledger = counts["ledgers"][0]
    at_central = Counter(
        {(row["outcome"], row["reason"]): row["scans"] for row in counts["answers"]}
    )
    lost = answers(facts) - at_central
    doubled = at_central - answers(facts)
    kept = sum(row["charged"] for row in counts["entries"])
    return [
        Proof("acts as expected", str(len(results)), str(sum(r.is_as_expected for r in results))),
        Proof("one event an act", str(len(results)), str(sum(answers(facts).values()))),
        Proof("facts at the gate = at the central", str(len(facts)), str(ledger["facts"])),
        Proof("entries kept at the gate = at the central", str(entries_kept(facts)), str(kept)),
        Proof("scans lost", "0", str(sum(lost.values()))),
        Proof("scans doubled", "0", str(sum(doubled.values()))),
        Proof("hash chain of the ledger", "whole", "whole" if chain["is_whole"] else "BROKEN"),
        Proof("head of the chain = at the central", chain["head"][:16], ledger["head"][:16]),
        Proof("signed receipt for the newest fact", str(facts[-1]["seq"]), str(receipted_seq)),
        Proof("alerts at the central", "0", str(counts["open_alerts"])),
    ]
