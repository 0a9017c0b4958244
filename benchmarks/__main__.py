"""`make bench`: every figure of docs/performance.md that this machine can measure, as a table and as JSON.

Law: one command, one run, ratios against floors measured in the same minutes. No test asserts a time.

Use: `python benchmarks [NAME ...] [--large 10000000] [--json FILE]`, NAME one of `PARTS`.

Source: docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import base_bench
import busy_bench
import console_bench
import decision_bench
import decode_bench
import delta_bench
import frame_bench
import line_bench
import peers_bench
import publish_bench
import scan_bench
import start_bench
import token_bench
from figures import LARGE, Figure, show

PARTS: dict[str, Callable[[int], list[Figure]]] = {
    "scan": lambda _large: scan_bench.rows(),
    "token": lambda _large: token_bench.rows(),
    "decode": lambda _large: decode_bench.rows(),
    "frame": lambda _large: frame_bench.rows(),
    "decision": lambda _large: decision_bench.rows(),
    "delta": lambda _large: delta_bench.rows(),
    "peers": peers_bench.rows,
    "publish": lambda _large: publish_bench.rows(),
    "line": lambda _large: line_bench.rows(),
    "base": base_bench.rows,
    "busy": busy_bench.rows,
    "start": start_bench.rows,
    "console": lambda _large: console_bench.rows(),
}
"""Each takes how many rights the large site has, where it compares one."""


def main(arguments: list[str]) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="NAME", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--large", type=int, default=LARGE, help="rights of the large site")
    parser.add_argument("--json", type=Path, default=Path(".portillon/bench.json"))
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.parts) - set(PARTS))
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)} (valid: {', '.join(PARTS)})")
    figures = []
    for name in asked.parts or PARTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        figures += PARTS[name](asked.large)
    show(figures)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1))
    print(f"written to {asked.json}")


if __name__ == "__main__":
    main(sys.argv[1:])
