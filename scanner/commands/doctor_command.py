"""`portillon doctor`: one look over the whole gate, with a light, a sentence and a hint for each part.

Law: read-only. Exit 0 when all is good, 1 when somebody should look, 2 when something is bad: the worst light. Colour
never stands alone.

Source: docs/commands.md; docs/hardware.md, "Health".
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from scanner.commands.sync_command import CONFIG_OPTION
from scanner.config import Config, load_config
from scanner.health.sign import Light, Sign, worst

COLOURS = {Light.GREEN: "green", Light.AMBER: "yellow", Light.RED: "red"}
NAME_CHARACTERS = 12


@click.command()
@CONFIG_OPTION
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def doctor(config_path: Path, *, as_json: bool) -> None:
    """Look the gate over: machine, devices, files. Exit 0 good, 1 look, 2 bad."""
    signs = _signs(load_config(config_path))
    light = worst(signs)
    if as_json:
        click.echo(json.dumps(_as_json(signs, light), ensure_ascii=False))
    else:
        _print(signs, light)
    sys.exit(light.value)


def _signs(config: Config) -> list[Sign]:
    from hardware.machine import Machine
    from hardware.system_clock import SystemClock
    from scanner.doctor import examine_gate, examine_machine, kernel_holder_of

    clock = SystemClock()
    is_proven, of_central = _of_central(config, clock)
    of_machine = examine_machine(config, clock, Machine(), is_time_proven=is_proven)
    return [*of_machine, *examine_gate(config, kernel_holder_of), *of_central]


def _of_central(config: Config, clock: Any) -> tuple[bool, list[Sign]]:
    """Whether the central's time is known, and what came of the last contacts."""
    from scanner.core.errors import GateError
    from scanner.health.gate_signs import contact_sign, snapshot_sign
    from scanner.health.sign import failed
    from sync.contact import load_proof
    from sync.snapshot_status import load_snapshot_status

    try:
        found, proof = load_snapshot_status(config.sync, clock), load_proof(config.sync)
    except (GateError, OSError) as error:
        return False, [failed("snapshot", str(error), "run as root or as portillon")]
    now = proof.now_at(clock.boot_id(), clock.monotonic_ms()) if proof else None
    last, ok_at = found.last, None if found.last is None else found.last.last_ok_at_ms
    since_ok_s = None if ok_at is None else max(0, clock.now_ms() - ok_at) // 1_000
    unsent = 0 if last is None else last.report.unsent
    alarms = () if last is None else tuple(fault.code for fault in last.report.alarms)
    return now is not None, [
        snapshot_sign(found.seq, found.age_s, is_held=found.held is not None),
        contact_sign(since_ok_s, unsent, alarms),
    ]


def _as_json(signs: list[Sign], light: Light) -> dict[str, Any]:
    return {
        "light": light.name.lower(),
        "signs": [
            {"name": s.name, "light": s.light.name.lower(), "says": s.says, "hint": s.hint}
            for s in signs
        ],
    }


def _print(signs: list[Sign], light: Light) -> None:
    for sign in signs:
        head = f"{sign.light.icon} {sign.light.word:<4} {sign.name:<{NAME_CHARACTERS}}"
        click.echo(f"{click.style(head, fg=COLOURS[sign.light])} {sign.says}")
        if sign.hint:
            click.echo(f"{' ' * (len(head) + 1)}→ {sign.hint}")
    counted = ", ".join(f"{sum(s.light is one for s in signs)} {one.word}" for one in Light)
    click.secho(f"{light.icon} {light.word}: {counted}", fg=COLOURS[light], bold=True)
