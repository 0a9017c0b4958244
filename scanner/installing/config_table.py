"""A configuration that is there already, with some of its settings answered anew.

Law: pure. What nobody was asked about stays as it is; a back end is simulated only because the file said so before.

Source: docs/operations.md, "Set up"; TOML 1.0.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from scanner.installing.answers import NONE, Answers

Table = dict[str, Any]
WAYS = ("in", "out")


def answers_in(table: Mapping[str, Any]) -> dict[str, str]:
    """The answers that would have led to these settings; what no answer leads to is left out."""
    turnstile, camera = table.get("turnstile", {}), table.get("camera", {})
    answers = {"central": str(table.get("central", {}).get("url", ""))}
    for way in WAYS:
        wired = turnstile.get(f"way_{way}", {})
        if wired.get("relay"):
            answers |= {f"relay_{way}": wired["relay"], f"sensor_{way}": wired.get("sensor", "")}
    has = [way for way in WAYS if f"relay_{way}" in answers]
    if has:
        answers["direction"] = "both" if len(has) == len(WAYS) else has[0]
    if not isinstance(camera, dict):
        return answers
    source = camera.get("source", "v4l2" if camera else "")
    if source in {"v4l2", "none"}:
        answers["camera"] = camera.get("device", "") if source == "v4l2" else NONE
    return answers


def merged(table: Mapping[str, Any], answers: Answers) -> Table:
    """The settings with these answers in their places."""
    new: Table = copy.deepcopy(dict(table))
    if answers.get("central"):
        new.setdefault("central", {})["url"] = answers["central"]
    if "camera" in answers:
        camera = new.setdefault("camera", {})
        is_none = answers["camera"] == NONE
        camera |= {"source": NONE} if is_none else {"source": "v4l2", "device": answers["camera"]}
    if "direction" in answers:
        _merge_ways(new.setdefault("turnstile", {"backend": "gpiod"}), answers)
    return new


def _merge_ways(turnstile: Table, answers: Answers) -> None:
    for way in WAYS:
        if answers["direction"] not in {way, "both"}:
            turnstile.pop(f"way_{way}", None)
            continue
        wired = turnstile.setdefault(f"way_{way}", {})
        wired["relay"] = answers[f"relay_{way}"]
        wired.pop("sensor", None)
        if answers.get(f"sensor_{way}"):
            wired["sensor"] = answers[f"sensor_{way}"]


def with_contact(table: Mapping[str, Any], way: str) -> Table:
    """The other kind of contact for a way's sensor."""
    new: Table = copy.deepcopy(dict(table))
    wired = new["turnstile"][f"way_{way}"]
    wired["sensor_contact"] = "no" if wired.get("sensor_contact") == "nc" else "nc"
    return new


def with_other_level(table: Mapping[str, Any]) -> Table:
    """Relays that switch on at the other level."""
    new: Table = copy.deepcopy(dict(table))
    new["turnstile"]["active_low"] = new["turnstile"].get("active_low") is not True
    return new


def toml_text(table: Mapping[str, Any], heading: str) -> str:
    """The file."""
    return "\n".join((f"# {heading}", *_lines(table, ""))) + "\n"


def _lines(table: Mapping[str, Any], place: str) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not _is_section(value)}
    if place and (plain or not table):
        yield from ("", f"[{place}]")
    yield from (f"{key} = {_value(value)}" for key, value in plain.items())
    for key, value in table.items():
        name = f"{place}.{key}" if place else key
        if isinstance(value, dict):
            yield from _lines(value, name)
        elif _is_section(value):
            for one in value:
                yield from ("", f"[[{name}]]", *(f"{k} = {_value(v)}" for k, v in one.items()))


def _is_section(value: Any) -> bool:
    is_list = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
    return isinstance(value, dict) or is_list


def _value(value: Any) -> str:
    """For printable text, numbers and truths TOML and JSON are written alike."""
    return json.dumps(value, ensure_ascii=False)
