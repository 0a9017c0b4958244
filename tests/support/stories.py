"""Random stories of two lanes and three rights, as rehearsal files.

Law: whatever a file may say happens often; codes and gates are few, so that limits are reached.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

GATES = ("G1", "G2")
CODES = ("A", "B", "T", "rotating:A")
HEAD = """
[site]
clock_policy = "{clock_policy}"
[gates.G1]
direction = "both"
passage_sensor = true
[gates.G2]
zone = "expo"
[rules.r]
{rule}
party_max = 2
[events.match]
from = "2026-08-01T20:00"
until = "2026-08-03T22:00"
[[grants]]
id = "a"
codes = ["A", "B"]
rule = "r"
seat = "A-1"
[[grants]]
id = "b"
code = "B"
rule = "r"
seat = "A-1"
[[grants]]
id = "t"
code = "T"
rule = "r"
signed = true
listed = false
"""
RULES = (
    "max_total = 3\nmax_per_event = 2",
    'max_total = "unlimited"\nmax_per_day = 2\nmin_interval_s = 300',
    'max_total = 4\nreentry_mode = "after_exit"\ncounter_scope = "zone"',
    'max_total = 2\nreentry_mode = "free"\noveruse = "block_until_review"',
    'max_total = "unlimited"\nmax_distinct_days = 2\nreentry_window_s = 1200',
)
CUTS = st.tuples(
    st.sampled_from(["cut", "join"]), st.lists(st.sampled_from(GATES), min_size=1, unique=True)
)


def scans(**more: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"gate": st.sampled_from(GATES), "scan": st.sampled_from(CODES), **more},
        optional={
            "passage": st.sampled_from([False, "pending"]),
            "party": st.integers(1, 3),
            "override": st.sampled_from(["accept", "refuse", "force"]),
            "inspect": st.just(value=True),
        },
    )


DOINGS = st.one_of(
    CUTS.map(lambda cut: {"do": cut[0], "gates": cut[1]}),
    st.fixed_dictionaries(
        {
            "do": st.sampled_from(["turn", "timeout", "restart"]),
            "gate": st.sampled_from(GATES),
        }
    ),
    st.fixed_dictionaries(
        {
            "do": st.just("clock"),
            "gate": st.sampled_from(GATES),
            "state": st.sampled_from(["trusted", "holdover", "untrusted"]),
            "wall": st.sampled_from(["1970-01-01T00:00", "2026-08-01T19:00", "2026-08-03T10:00"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "do": st.just("lane"),
            "gate": st.sampled_from(GATES),
            "mode": st.sampled_from(["closed", "normal", "normal", "free", "fault"]),
        }
    ),
    st.fixed_dictionaries({"do": st.just("revoke"), "code": st.sampled_from(["A", "T"])}),
    st.just({"do": "change", "grant": "t", "set": {"listed": True}}),
    st.just({"do": "expect"}),
)
STEPS = st.lists(
    st.tuples(st.integers(0, 90), st.one_of(scans(), scans(), DOINGS)), min_size=8, max_size=20
)


def told(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {told(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(told, value))}]"
    return repr(value).replace("'", '"')


def story(rule: str, clock_policy: str, steps: list[tuple[int, dict[str, Any]]]) -> str:
    """A file: each step so many minutes after the last."""
    lines, minutes = [HEAD.format(rule=rule, clock_policy=clock_policy)], 20 * 60
    for wait, step in steps:
        minutes += wait
        day, left = divmod(minutes, 24 * 60)
        lines.append(f'[[steps]]\nat = "2026-08-{day + 1:02}T{left // 60:02}:{left % 60:02}"')
        lines += [f"{name} = {told(value)}" for name, value in step.items()]
    return "\n".join(lines)
