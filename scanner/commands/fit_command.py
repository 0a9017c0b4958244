"""`portillon fit`: the bench of the set-up wizard; JSON lines on standard input and output.

Law: whoever started it holds the other end. When that end is gone, or a signal comes, the arm is locked and the lane
let go: a wizard that crashes, a line that drops and a terminal that is closed all end so. Exit 0 then, 2 for what a
person can mend.

Source: docs/console.md, "Set-up"; docs/adr/0018-the-wizard-has-a-bench-of-its-own.md.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.commands.sync_command import CONFIG_OPTION
from scanner.core.errors import GateError

if TYPE_CHECKING:
    from scanner.installing.bench import Bench

Reply = dict[str, Any]
TICK_S = 0.05
LINE_BYTES = 64 * 1024


@click.command()
@CONFIG_OPTION
def fit(config_path: Path) -> None:
    """Serve the set-up wizard: answers, errands, and the devices of a lane that is not in service."""
    from hardware.system_clock import SystemClock
    from scanner.installing.bench import Bench

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    bench = Bench(config_path.absolute(), SystemClock())
    try:
        bench.begin()
        serve(bench, sys.stdin.fileno())
    finally:
        bench.close()


def serve(bench: Bench, source: int) -> None:
    """Answer until the other end is gone."""
    commands = bench.commands()
    for line in _lines(source):
        if line is None:
            bench.tick()
        else:
            click.echo(json.dumps(answer(commands, line), ensure_ascii=False))


def answer(commands: Mapping[str, Callable[[Mapping[str, Any]], Reply]], line: bytes) -> Reply:
    """The reply to one line; it carries the question's number ``n``."""
    number = None
    try:
        body = json.loads(line)
        number, command = body.get("n"), commands[body["do"]]
        return {"n": number, "ok": True, **command(body)}
    except GateError as error:
        return {"n": number, "ok": False, **error.told()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        told = {
            "code": "fit_not_understood",
            "message": f"no such question ({type(error).__name__})",
        }
        return {"n": number, "ok": False, "hint": "", **told}


def _lines(source: int) -> Iterator[bytes | None]:
    """Whole lines; None when it was quiet for a moment."""
    told = b""
    while True:
        yield None
        if not select.select([source], [], [], TICK_S)[0]:
            continue
        chunk = os.read(source, LINE_BYTES)
        if not chunk or len(told) > LINE_BYTES:
            return
        *lines, told = (told + chunk).split(b"\n")
        yield from lines
