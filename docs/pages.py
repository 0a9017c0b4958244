"""Writes the parts of these pages that are made from the program itself, so that they cannot be wrong.

    python docs/pages.py            writes them anew (`make docs`)
    python docs/pages.py --check    exits 1 and names the pages that are out of date

Law: only what stands between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->`` is touched; every NAME is a function
of `BLOCKS`. The words around it are a person's.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from scanner.config import settings_table
from scanner.core.decision import CODE_ROWS, RIGHT_ROWS, STEPS
from scanner.core.meanings import MEANINGS
from scanner.core.reasons import ACCEPT_ORDER, FACES, OUTCOMES_OF, Flag
from scanner.texts.catalogue import load_texts
from scanner.texts.english import CHECKS, FLAGS
from server_stub.api.authorisation import ACT_OF, ACTS_OF, Act
from server_stub.api.staff_forms import StaffRole
from server_stub.rules import refusals as central
from server_stub.rules.campaign import CAMPAIGN_TABLE
from server_stub.rules.event_seat import SEAT_TABLE
from server_stub.rules.machine import Table
from server_stub.rules.orders import ORDER_TABLE
from server_stub.rules.season import HOLDING_TABLE
from server_stub.rules.subscription import SUBSCRIPTION_TABLE

DOCS = Path(__file__).resolve().parent
PROGRAMS = {
    "portillon": "scanner.cli",
    "portillon-console": "ui.cli",
    "portillon-central": "server_stub.cli",
}
MACHINES: dict[str, Table[Any, Any]] = {
    "Order": ORDER_TABLE,
    "Subscription": SUBSCRIPTION_TABLE,
    "Seat of a season": HOLDING_TABLE,
    "Seat at one event": SEAT_TABLE,
    "Campaign": CAMPAIGN_TABLE,
}
BLOCK = re.compile(r"(<!-- begin: (\w+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)


def settings() -> str:
    """Every setting of the gate's file, one table a section."""
    parts: list[str] = []
    section = ""
    for row in settings_table():
        here, _, key = row.name.rpartition(".")
        if here != section:
            section = here
            parts += [
                "",
                f"### `[{section}]`",
                "",
                "| setting | value | default | meaning |",
                "| --- | --- | --- | --- |",
            ]
        kind = row.kind.replace("|", "\\|")
        parts.append(f"| `{key}` | {kind} | `{row.default}` | {row.meaning} |")
    return "\n".join(parts[1:]) + "\n"


def outcomes() -> str:
    """What each outcome looks and sounds like, and the reasons that may carry it."""
    rows = [
        "| outcome | colour | icon and word | in French | sound | arm | reasons |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    french = load_texts("fr").gettext
    for outcome, face in FACES.items():
        arm = "opens" if face.opens else "stays shut"
        reasons = ", ".join(f"`{reason}`" for reason in sorted(OUTCOMES_OF[outcome]))
        sound = face.sound.replace("_", " ")
        rows.append(
            f"| `{outcome}` | {face.colour} | {face.icon} {face.word} | {french(face.word)} |"
            f" {sound} | {arm} | {reasons} |"
        )
    return "\n".join(rows) + "\n"


def flags() -> str:
    """Flags that are no reasons."""
    french = load_texts("fr").gettext
    rows = [f"| `{flag}` | {FLAGS[flag]} | {french(FLAGS[flag])} |" for flag in Flag]
    return "\n".join(["| flag | what it says | in French |", "| --- | --- | --- |", *rows]) + "\n"


def shown_first() -> str:
    """Which of several accept reasons is the reason."""
    return " → ".join(f"`{reason}`" for reason in ACCEPT_ORDER) + "\n"


def questions() -> str:
    """Each check as it is put to people."""
    french = load_texts("fr").gettext
    rows = [f"| `{name}` | {text} | {french(text)} |" for name, text in CHECKS.items()]
    return "\n".join(["| row | question | in French |", "| --- | --- | --- |", *rows]) + "\n"


def meanings() -> str:
    """What each reason means."""
    french = load_texts("fr").gettext
    rows = [f"| `{reason}` | {text} | {french(text)} |" for reason, text in MEANINGS.items()]
    heads = ["| reason | what happened, and what to do | in French |", "| --- | --- | --- |"]
    return "\n".join([*heads, *rows]) + "\n"


def order() -> str:
    """The rows of a decision in their order; the words are those of the functions themselves."""
    rows = [
        "| step | asks for | row | | may answer |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, title in enumerate(STEPS):
        found = [row for row in (*CODE_ROWS, *RIGHT_ROWS) if row.step == number]
        if not found:
            rows.append(f"| {number} | {title} | – | Settled before: it makes no event. | |")
        for row in found:
            says = (inspect.getdoc(row.judge) or "").split("\n")[0]
            mark = " ⏲" if row.needs_clock else ""
            answers = ", ".join(f"`{reason}`" for reason in row.answers)
            rows.append(f"| {number} | {title} | `{row.name}`{mark} | {says} | {answers} |")
    return "\n".join(rows) + "\n"


def machines() -> str:
    """The state tables of the central: what may happen in each state, and the answer to everything else."""
    parts: list[str] = []
    for name, table in MACHINES.items():
        parts += [
            f"### {name}",
            "",
            "| state | what may happen | all else |",
            "| --- | --- | --- |",
        ]
        for state, row in table.items():
            moves = [f"{event.replace('_', ' ')} → `{after}`" for event, after in row.moves.items()]
            parts.append(f"| `{state}` | {'<br>'.join(moves) or '–'} | `{row.otherwise}` |")
        parts.append("")
    return "\n".join(parts)


def refusals() -> str:
    """What each refusal of the central means."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in central.MEANINGS.items()]
    return "\n".join(["| refusal | what it says |", "| --- | --- |", *rows]) + "\n"


def roles() -> str:
    """Which role may do what, and the routes that each act is asked for by."""
    heads = " | ".join(f"`{role}`" for role in StaffRole)
    rows = [f"| act | {heads} | routes |", "| --- |" + " :---: |" * len(StaffRole) + " --- |"]
    for act in Act:
        marks = " | ".join("yes" if act in ACTS_OF[role] else "–" for role in StaffRole)
        routes = [route for route, needed in ACT_OF.items() if needed is act]
        told = "<br>".join(f"`{route.replace('/v1/admin/', '')}`" for route in routes)
        rows.append(f"| {act.value} | {marks} | {told} |")
    return "\n".join(rows) + "\n"


def commands() -> str:
    """Every command of the three programs with its arguments and options."""
    parts: list[str] = []
    for program, module in PROGRAMS.items():
        if importlib.util.find_spec(module) is None:
            continue
        root: click.Command = importlib.import_module(module).main
        parts += [f"## {program}\n", *_command_texts(root, program)]
    return "\n".join(parts)


def walk_commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """The full name of every command below this one, itself included."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            try:
                below = command.get_command(context, child)
            except ModuleNotFoundError:
                below = click.Command(child)
            if below is not None:
                yield from walk_commands(below, f"{name} {child}")


def _command_texts(root: click.Command, program: str) -> Iterator[str]:
    for name, command in walk_commands(root, program):
        yield f"### `{name}`\n"
        if command.help:
            yield re.sub(r"\n +", "\n", command.help.strip().replace("\b\n", "")) + "\n"
        options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
        arguments = [p for p in command.params if isinstance(p, click.Argument)]
        rows = [f"- `{p.human_readable_name}`: an argument" for p in arguments]
        rows += [f"- `{' / '.join(p.opts + p.secondary_opts)}`: {p.help or ''}" for p in options]
        if rows:
            yield "\n".join(rows) + "\n"


BLOCKS = {
    "settings": settings,
    "outcomes": outcomes,
    "flags": flags,
    "meanings": meanings,
    "order": order,
    "shown_first": shown_first,
    "questions": questions,
    "commands": commands,
    "machines": machines,
    "refusals": refusals,
    "roles": roles,
}


def filled(text: str) -> str:
    """The page with every block made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[3]}", text)


def main() -> int:
    """Write or check every page."""
    pages = {page: page.read_text(encoding="utf-8") for page in sorted(DOCS.rglob("*.md"))}
    stale = {page: filled(text) for page, text in pages.items() if filled(text) != text}
    for page, text in stale.items():
        if "--check" not in sys.argv:
            page.write_text(text, encoding="utf-8")
        print(page.relative_to(DOCS.parent))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
