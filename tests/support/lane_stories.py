"""Stories of several lanes for property tests: a file of rehearsal as text, and the site it left behind.

Law: wide and legal. The story begins in the last week of a year with 53 weeks, so that days, weeks, months and years
end within it; limits are small, so that they are reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from scanner.core.rehearsal import Report, run
from scanner.core.rehearsal_lane import CoreLane
from scanner.core.rehearsal_script import Script, ScriptGate
from scanner.core.rehearsal_site import RehearsedSite
from scanner.rehearsing.rehearsal_file import parse_script

Doing = dict[str, Any]
Told = list[tuple[int, Doing]]
"""Each step, and how many minutes after the last."""

LANES = ("G1", "G2", "G3")
BEGINS = datetime.fromisoformat("2026-12-30T20:00")
SITE = """
[gates.G1]
direction = "both"
passage_sensor = true
[gates.G2]
direction = "both"
passage_sensor = true
zone = "expo"
[gates.G3]
direction = "both"
[events.match]
from = "2026-12-30T20:00"
until = "2027-01-01T22:00"
[rules.r]
{rule}
[[grants]]
id = "a"
codes = ["A", "A-again"]
rule = "r"
[[grants]]
id = "b"
codes = ["B", "A-again"]
rule = "r"
[[grants]]
id = "t"
code = "T"
rule = "r"
signed = true
listed = false
"""

RULE: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("max_per_day", "max_per_week", "max_per_month"), st.integers(1, 4)),
    **dict.fromkeys(("max_per_year", "max_per_event", "max_distinct_days"), st.integers(1, 4)),
    "min_interval_s": st.sampled_from([600, 86_400]),
    "reentry_window_s": st.sampled_from([1_200, 86_400]),
    "reentry_mode": st.sampled_from(["none", "after_exit", "free"]),
    "counter_scope": st.sampled_from(["global", "zone"]),
}


@st.composite
def rules(draw: st.DrawFn, **fixed: Any) -> Doing:
    """Any few limits; ``fixed`` ones as they are."""
    names = draw(st.lists(st.sampled_from(sorted(RULE)), max_size=4, unique=True))
    total = draw(st.sampled_from([1, 2, 3, 5, "unlimited"]))
    drawn = {name: draw(RULE[name]) for name in names}
    if "max_distinct_days" in drawn:
        drawn["consecutive_only"] = draw(st.booleans())
    return {"max_total": total, "party_max": 3} | drawn | fixed


def scans(lanes: Iterable[str] = LANES) -> st.SearchStrategy[Doing]:
    """Somebody shows a code; staff say yes to what they are asked, and force nothing."""
    return st.fixed_dictionaries(
        {
            "gate": st.sampled_from(list(lanes)),
            "scan": st.sampled_from(["A", "A", "A-again", "B", "T"]),
            "override": st.just("accept"),
        },
        optional={
            "direction": st.sampled_from(["in", "out"]),
            "party": st.integers(1, 3),
            "passage": st.sampled_from([False, "pending"]),
        },
    )


endings = st.fixed_dictionaries(
    {"do": st.sampled_from(["turn", "timeout"]), "gate": st.sampled_from(LANES)}
)
waits = st.one_of(st.integers(0, 30), st.sampled_from([90, 12 * 60, 24 * 60, 3 * 24 * 60]))


def told(steps: st.SearchStrategy[Doing], at_most: int = 14) -> st.SearchStrategy[Told]:
    """Some steps, each a while after the last."""
    return st.lists(st.tuples(waits, steps), min_size=4, max_size=at_most)


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return repr(value).replace("'", '"')


def script_of(rule: Doing, steps: Told) -> Script:
    """The story as a script."""
    lines, now = [SITE.format(rule="\n".join(f"{k} = {toml(v)}" for k, v in rule.items()))], BEGINS
    for wait, step in steps:
        now += timedelta(minutes=wait)
        lines.append(f'[[steps]]\nat = "{now.isoformat()}"')
        lines += [f"{name} = {toml(value)}" for name, value in step.items()]
    return parse_script("story.toml", "\n".join(lines))


def play(script: Script) -> tuple[Report, RehearsedSite]:
    """Tell the story to the pure rules; also the site as it is in the end."""
    sites: list[RehearsedSite] = []

    def build(name: str, of: ScriptGate, script: Script, site: RehearsedSite) -> CoreLane:
        sites.append(site)
        return CoreLane(name, of, script, site)

    return run(script, build), sites[0]
