"""What the audience sees: a live line per act, the table at the end, and the proof that nothing was lost.

Law: colours always with an icon and a word; the same words without a terminal. Nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.terminal_theme import MONOKAI
from rich.text import Text

if TYPE_CHECKING:
    from server_stub.demo.play import Result

STYLES = {
    "green": "bold green",
    "amber": "bold yellow",
    "orange": "bold dark_orange",
    "red": "bold red",
    "blue": "bold blue",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that must be so at the end."""

    what: str
    expected: str
    actual: str

    @property
    def holds(self) -> bool:
        """True when it is so."""
        return self.expected == self.actual


def answer(result: Result) -> Text:
    """Icon, outcome and reason in the outcome's colour."""
    words = f"{result.icon} {result.outcome} {result.reason}"
    return Text(words, style=STYLES.get(result.colour, "bold"))


def say(console: Console, text: str) -> None:
    """A line of the set-up."""
    console.print(f"[dim]▸[/dim] {text}", highlight=False)


def show_act(console: Console, number: int, of: int, result: Result) -> None:
    """The live line of one act."""
    good, bad = Text("✔", style="green"), Text("✖ NOT AS EXPECTED", "bold red")
    remaining = "" if result.remaining is None else f"{result.remaining} left"
    line = Text.assemble(
        f"{number:>3}/{of}  {result.act.who:<52}",
        _padded(answer(result), 26),
        f" {remaining:<9}{result.passage:<12}",
        good if result.is_as_expected else bad,
    )
    console.print(line, soft_wrap=True)


def _padded(text: Text, width: int) -> Text:
    text.pad_right(max(0, width - text.cell_len))
    return text


def show_visitor(console: Console, number: int, result: Result) -> None:
    """Somebody came after the story."""
    line = Text.assemble(
        f"{number:>5}  ", f"{result.act.who:<12} ", answer(result), f"  {result.passage}"
    )
    console.print(line, soft_wrap=True)


def told(notice: Mapping[str, Any]) -> Text:
    """One notice of the gate as a line."""
    if notice["event"] != "scan":
        return Text(f"  {notice['event'].replace('_', ' ')}", "dim")
    words = f"{notice['icon']} {notice['outcome']} {notice['reason']}"
    return Text(words, style=STYLES.get(notice["colour"], "bold"))


def show_table(console: Console, results: list[Result]) -> None:
    """Expected against actual, one row an act."""
    table = Table(title="Expected against actual", title_justify="left", pad_edge=False)
    for name in ("event", "who", "expected", "actual", "left", "arm", ""):
        table.add_column(name, overflow="fold")
    for result in results:
        act = result.act
        table.add_row(
            str(result.seq),
            act.who,
            f"{act.expect} {act.reason}",
            answer(result),
            "" if result.remaining is None else str(result.remaining),
            result.passage,
            Text("✔", "green") if result.is_as_expected else Text("✖", "bold red"),
        )
    console.print(table)


def show_proofs(console: Console, proofs: list[Proof]) -> None:
    """The books: gate against central."""
    table = Table(title="Nothing lost, nothing doubled", title_justify="left", pad_edge=False)
    for name in ("what", "expected", "actual", ""):
        table.add_column(name, overflow="fold")
    for proof in proofs:
        mark = Text("✔", "green") if proof.holds else Text("✖", "bold red")
        table.add_row(proof.what, proof.expected, proof.actual, mark)
    console.print(table)


def picture(console: Console) -> str:
    """What a recording console has shown, as SVG that fetches nothing: no font from anywhere."""
    drawn = console.export_svg(title="portillon-central demo", theme=MONOKAI)
    without_fonts = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    return without_fonts.replace("Fira Code", "DejaVu Sans Mono")
