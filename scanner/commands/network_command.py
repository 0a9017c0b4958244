"""`portillon network`: what this machine's network looks like, and whether the central answers.

Law: read-only; asks the central one question that needs no identity, and believes nothing of the answer but that there
was one. Exit 0 when the central answered, or where none is named and there is an address; else 1.

Source: docs/commands.md; docs/console.md, "Set-up".
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from scanner.commands.sync_command import CONFIG_OPTION
from scanner.config import Config, load_config
from scanner.core.errors import ConfigError, GateError


@click.command()
@CONFIG_OPTION
@click.option("--url", default="", help="Ask this central instead of the configuration's.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def network(config_path: Path, url: str, *, as_json: bool) -> None:
    """Look at the network: interfaces, addresses, clock, and does the central answer?"""
    found = _look(_config(config_path), url)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else _told(found))
    sys.exit(0 if found["ok"] else 1)


def _config(path: Path) -> Config:
    """The installer's file; what is shipped where there is none yet."""
    try:
        return load_config(path, may_lack_ways=True)
    except ConfigError as error:
        if error.code != "config_missing":
            raise
        return Config()


def _look(config: Config, url: str) -> dict[str, Any]:
    from hardware.interfaces import interfaces
    from hardware.system_clock import SystemClock

    clock = SystemClock()
    links = [
        {"name": one.name, "is_up": one.is_up, "addresses": list(one.addresses)}
        for one in interfaces()
    ]
    found: dict[str, Any] = {
        "interfaces": links,
        "clock": {"now": clock.now_ms(), "state": clock.sync_state().value},
        "url": url or config.sync.central_url or _url_of_device(config),
    }
    if not found["url"]:
        return found | {"ok": any(link["addresses"] for link in links), "code": "no_central"}
    try:
        _ask(found["url"], config, clock)
    except GateError as error:
        return found | {"ok": False} | error.told()
    return found | {"ok": True, "code": "ok"}


def _url_of_device(config: Config) -> str:
    from sync.device import load_device

    try:
        device = load_device(config.sync.device_path)
    except (GateError, OSError):
        return ""
    return "" if device is None else device.central_url


def _ask(url: str, config: Config, clock: Any) -> None:
    """One nonce, which is thrown away."""
    from sync.client import CentralClient, parse_central_url

    with CentralClient(parse_central_url(url), config.sync, clock) as client:
        client.fetch_nonce()


def _told(found: dict[str, Any]) -> str:
    lines = [
        f"{'✔' if link['is_up'] else '✖'} {link['name']:<10} {', '.join(link['addresses']) or 'no address'}"
        for link in found["interfaces"]
    ]
    lines.append(f"  clock      {found['clock']['state']}")
    if found["code"] == "no_central":
        return "\n".join((*lines, "▲ central    none is named; add --url, or use a code"))
    if found["ok"]:
        return "\n".join((*lines, f"✔ central    {found['url']} answers"))
    why = f"✖ central    {found['message']} [{found['code']}]"
    return "\n".join((*lines, why, *([f"    → {found['hint']}"] if found["hint"] else [])))
