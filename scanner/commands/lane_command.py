"""`portillon lane`: look at a running lane, and be its staff.

Law: talks to the gate over its control socket and does nothing itself. A PIN is asked for, never taken from the command
line, where every account of the machine could read it. What the gate refuses is printed with its code; exit 2.

Source: docs/commands.md; docs/architecture.md, "Control socket".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scanner.asking import PREPARED_MS
from scanner.commands.pin import ask_pin
from scanner.config import load_config
from scanner.control import ControlClient, Reply

LOOK_WITHIN_S = PREPARED_MS / 1000 + 2
REFUSED = 2


def _of_gate(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=Path("/etc/portillon/portillon.toml"),
        show_default=True,
        help="The installer's file, which says where the gate's socket is.",
    )(command)


def _by_operator(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--operator", required=True, help="Your name as the central knows it; asks for your PIN."
    )(command)


@click.group()
def lane() -> None:
    """Look at a running lane, change its mode, answer it."""


@lane.command()
@_of_gate
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def status(config: Path, *, as_json: bool) -> None:
    """Show mode, phase, doubts, and what staff may answer."""
    reply = _ask(config, "status")
    if as_json:
        click.echo(json.dumps(reply, ensure_ascii=False))
        return
    state, question = reply["lane"], reply["question"]
    click.echo(f"{reply['gate']['name']}: {state['mode']}, {state['phase']}")
    for doubt in reply["doubts"]:
        click.secho(f"✖ {doubt}", fg="red")
    if question is not None:
        answers = " | ".join(question["answers"])
        click.secho(f"? {question['seq']} {question['reason']}: {answers}", fg="yellow")


@lane.command()
@_of_gate
@click.argument("mode", type=click.Choice(["normal", "closed", "free"]))
@click.option(
    "--operator",
    help="Who does it; recorded. Free, and opening a closed lane, ask for the PIN, too.",
)
@click.option(
    "--minutes", type=click.IntRange(1, 1440), help="Free: for so long (at most free_max_min)."
)
def mode(config: Path, mode: str, operator: str | None, minutes: int | None) -> None:
    """Change the lane's mode; free ends by itself."""
    proof = {"pin": ask_pin()} if operator is not None and _lets_in(config, mode) else {}
    reply = _ask(config, "mode", mode=mode, operator=operator, minutes=minutes, **proof)
    left_s = reply.get("free_for_s")
    click.echo(f"the lane is {reply['mode']}" + ("" if left_s is None else f" for {left_s} s"))


@lane.command()
@_of_gate
@_by_operator
@click.option("--why", required=True, help="A few words for the record; no names.")
@click.option(
    "--direction", type=click.Choice(["in", "out"]), help="Which way, where the lane has two."
)
def release(config: Path, operator: str, why: str, direction: str | None) -> None:
    """Open the arm once, without a code."""
    given = {"operator": operator, "pin": ask_pin(), "why": why, "direction": direction}
    reply = _ask(config, "release", **given)
    click.echo(f"opens once ({reply['direction']}), recorded as {reply['seq']}")


@lane.command()
@_of_gate
@_by_operator
@click.option(
    "--direction", type=click.Choice(["in", "out"]), help="Which way, where the lane has two."
)
def pulse(config: Path, operator: str, direction: str | None) -> None:
    """Try the arm while nobody is between; nobody's passage."""
    given = {"operator": operator, "pin": ask_pin(), "direction": direction}
    reply = _ask(config, "pulse", **given)
    click.echo(f"pulses once ({reply['direction']}), recorded as {reply['seq']}")


@lane.command()
@_of_gate
@_by_operator
def repaired(config: Path, operator: str) -> None:
    """Clear "out of order", once the cause is mended."""
    reply = _ask(config, "repaired", operator=operator, pin=ask_pin())
    click.echo(f"the lane is {reply['phase']}")


@lane.command()
@_of_gate
@click.argument("answer", type=click.Choice(["accept", "refuse", "force"]))
@_by_operator
@click.option("--party", type=click.IntRange(min=1), help="Decide again for so many persons.")
@click.option("--why", help="A few words for the record; no names.")
def answer(config: Path, answer: str, operator: str, party: int | None, why: str | None) -> None:
    """Answer the last scan: a question, or (supervisors) a refusal."""
    question = _ask(config, "status")["question"]
    seq = None if question is None else question["seq"]
    given = {"answer": answer, "operator": operator, "pin": ask_pin(), "seq": seq, "why": why}
    if party is not None:
        given["party"] = party
    reply = _ask(config, "answer", **given)
    charged = f"{reply['charged']} charged"
    click.echo(f"opens, {charged}" if reply["opens"] else f"stays shut, {charged}")


@lane.command()
@_of_gate
@_by_operator
def inspect(config: Path, operator: str) -> None:
    """Have a look at the next code, without an entry."""
    client = _client(config, LOOK_WITHIN_S)
    with client.listening() as notices:
        _checked(client.ask("inspect", operator=operator, pin=ask_pin()))
        click.echo("hold the code up", err=True)
        for notice in notices:
            if notice.get("event") == "scan" and notice["inspection"]:
                click.echo(" ".join([notice["outcome"], notice["reason"], *notice["flags"]]))
                return
    click.secho("✖ no code was shown", fg="red", err=True)
    raise SystemExit(1)


@lane.command()
@_of_gate
@click.argument("persons", type=click.IntRange(min=1))
def party(config: Path, persons: int) -> None:
    """Say how many persons the next code is for."""
    reply = _ask(config, "party", persons=persons)
    click.echo(f"the next code within {reply['within_s']} s is for {reply['persons']}")


def _lets_in(config: Path, mode: str) -> bool:
    """Changes that the gate wants proven: holding the arm open, and opening a lane that somebody closed."""
    is_closed = mode == "normal" and _ask(config, "status")["lane"]["mode"] == "closed"
    return mode == "free" or is_closed


def _client(config: Path, within_s: float | None = None) -> ControlClient:
    path = load_config(config).runtime_dir / "gate.sock"
    return ControlClient(path) if within_s is None else ControlClient(path, within_s)


def _ask(config: Path, do: str, **fields: Any) -> Reply:
    return _checked(_client(config).ask(do, **fields))


def _checked(reply: Reply) -> Reply:
    if reply.get("ok") is True:
        return reply
    click.secho(f"✖ {reply.get('message')} [{reply.get('code')}]", fg="red", err=True)
    click.echo(f"  {reply.get('hint')}", err=True)
    raise SystemExit(REFUSED)
