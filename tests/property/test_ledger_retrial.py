"""Recorded scans tried again: as recorded all is the same, under other rules all is as if these had been in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scanner.core.meanings import MEANINGS
from scanner.core.rehearsal import Report, run
from scanner.core.rehearsal_script import ScriptGate
from scanner.core.tally import fold
from scanner.core.units import DeviceId
from scanner.news import merged, news_of
from scanner.records.explaining import Explanation
from scanner.records.ledger_decisions import load_decision, load_kept
from scanner.records.recorded import DECIDED, parse_recorded
from scanner.rehearsing.rehearsal_file import parse_script
from scanner.rehearsing.rehearsal_gate import MEMORY, GateLane
from scanner.rehearsing.retrial import Retrial, retry
from scanner.rehearsing.rules_file import AS_RECORDED, OtherRules, parse_rules
from scanner.texts.catalogue import languages, load_texts
from support.examples import examples
from support.rights import PARIS, counts
from support.scan_strategies import entries, exits
from support.stories import RULES, STEPS, story
from sync.ledger_format import FILE_NAME, connect_reader

POLICIES = st.sampled_from(["accept", "action", "decline"])


@contextmanager
def told(text: str) -> Iterator[tuple[Report, list[Path]]]:
    """A story told to whole gates, and the ledgers that they leave."""
    memory = MEMORY if MEMORY.is_dir() else None
    with TemporaryDirectory(dir=memory) as scratch, ExitStack() as open_:

        def build(name: str, of: ScriptGate, *more: Any) -> GateLane:
            return open_.enter_context(GateLane(name, of, *more, Path(scratch) / name))

        report = run(parse_script("story.toml", text), build)
        yield report, sorted(Path(scratch).glob(f"*/ledger/{FILE_NAME}"))


def tried(ledger: Path, rules: OtherRules) -> Retrial:
    with closing(connect_reader(ledger)) as connection:
        return retry(load_kept(connection), rules.put)


@examples(0.25)
@given(st.sampled_from(RULES), POLICIES, STEPS)
def test_as_recorded_every_decision_of_every_lane_comes_out_the_same(
    rule: str, clock_policy: str, steps: list[tuple[int, dict[str, Any]]]
) -> None:
    with told(story(rule, clock_policy, steps)) as (_, ledgers):
        for ledger in ledgers:
            again = tried(ledger, AS_RECORDED)
            assert (again.differences, again.not_kept) == ([], [])


@examples(0.1)
@given(st.sampled_from(RULES), POLICIES, STEPS)
def test_every_decision_can_be_explained_in_every_language(
    rule: str, clock_policy: str, steps: list[tuple[int, dict[str, Any]]]
) -> None:
    with told(story(rule, clock_policy, steps)) as (_, ledgers), ExitStack() as stack:
        for ledger in ledgers:
            connection = stack.enter_context(closing(connect_reader(ledger)))
            for fact, local in [*load_kept(connection)]:
                if fact.kind not in DECIDED:
                    continue
                decision = load_decision(connection, fact.seq)
                for language in languages():
                    texts = load_texts(language)
                    recorded = parse_recorded(fact, local)
                    explanation = Explanation(decision, recorded, texts, lambda text, _: text)
                    said = "\n".join(explanation.lines())
                    assert fact.reason is not None
                    assert texts.gettext(MEANINGS[fact.reason]) in said
                    assert fact.key is None or fact.key not in said
                    assert explanation.json()["is_same_again"]


SCANS = st.fixed_dictionaries(
    {"gate": st.just("G1"), "scan": st.sampled_from(["A", "B", "rotating:A"])},
    optional={
        "party": st.integers(1, 3),
        "direction": st.sampled_from(["in", "out"]),
        "inspect": st.just(value=True),
    },
)
ONE_LANE = st.lists(st.tuples(st.integers(1, 400), SCANS), min_size=6, max_size=16)


@examples(0.4)
@given(st.sampled_from(RULES), st.sampled_from(RULES), ONE_LANE)
def test_under_other_rules_it_is_as_if_they_had_been_in_force(
    rule: str, other: str, steps: list[tuple[int, dict[str, Any]]]
) -> None:
    anew = run(parse_script("other.toml", story(other, "accept", steps)))
    expected = [one.answered.decision for one in anew.steps if one.answered is not None]
    rules = parse_rules("rules.toml", f"[rules.r]\n{other}\nparty_max = 2")

    with told(story(rule, "accept", steps)) as (report, ledgers):
        was = [one.answered.decision for one in report.steps if one.answered is not None]
        again = tried(ledgers[0], rules)
        different = {one.fact.seq: one for one in again.differences}
        with closing(connect_reader(ledgers[0])) as connection:
            rows = [kept.fact.seq for kept in load_kept(connection) if kept.fact.kind in DECIDED]

    assert again.not_kept == []
    assert len(rows) == len(was) == len(expected)
    for seq, then, now in zip(rows, was, expected, strict=True):
        decided = different[seq].decision if seq in different else then
        assert (decided.outcome, decided.reason) == (now.outcome, now.reason)
        assert set(decided.flags) == set(now.flags)
        if seq in different:
            assert decided.remaining == now.remaining


histories = st.lists(entries | exits, max_size=4)


@given(histories, histories)
def test_what_was_to_be_expected_and_the_news_are_what_was_recorded(
    mine: list[Any], theirs: list[Any]
) -> None:
    theirs = [replace(one, mark=one.mark._replace(device=DeviceId("lane-2"))) for one in theirs]
    recorded = fold(counts(*mine), theirs, PARIS)
    expected = counts(*mine)
    news = news_of(recorded, expected, {movement.mark for movement in mine})

    again = merged(expected, news)
    for zone, tally in recorded.items():
        assert again[zone].total == tally.total
        assert again[zone].events == {n: c for n, c in tally.events.items() if c}
        assert {d: (t.charged, t.entries) for d, t in again[zone].days.items()} == {
            d: (t.charged, t.entries) for d, t in tally.days.items()
        }
        assert again[zone].last_entry == tally.last_entry
