"""The pages name every command, setting, outcome and reason, and every source that a module cites is there."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import click
import pytest

from scanner.config import settings_table
from scanner.core.reasons import Flag, Outcome, Reason
from support.checkout import ROOT, modules, name_of, scripts, tree_of, walk

DOCS = ROOT / "docs"
CITED = re.compile(r"(docs/[\w./-]+\.md)((?:,? (?:and )?\"[^\"]+\")*)")


def load_pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages", DOCS / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = load_pages()


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


@cache
def headings(page: Path) -> set[str]:
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {heading.strip().replace("`", "") for heading in found}


def commands() -> Iterator[str]:
    for program, module in PAGES.PROGRAMS.items():
        if importlib.util.find_spec(module) is not None:
            for name, _command in PAGES.walk_commands(
                importlib.import_module(module).main, program
            ):
                yield name


def citations() -> Iterator[tuple[str, str, str]]:
    """(file, cited page, cited heading or empty) of every module docstring."""
    for path in (*modules(), *scripts()):
        for page, titles in CITED.findall(ast.get_docstring(tree_of(path)) or ""):
            for title in re.findall(r'"([^"]+)"', titles.replace("\n", " ")) or [""]:
                yield name_of(path), page, " ".join(title.split())


def test_what_is_made_from_the_program_is_up_to_date() -> None:
    texts = {name_of(p): p.read_text(encoding="utf-8") for p in DOCS.rglob("*.md")}

    assert [name for name, text in texts.items() if PAGES.filled(text) != text] == [], "make docs"


def test_a_command_has_its_place() -> None:
    named = set(commands())

    assert len(named) > 50
    assert named - headings(DOCS / "commands.md") == set()


@pytest.mark.parametrize("name", [setting.name for setting in settings_table()])
def test_a_setting_has_its_row(name: str) -> None:
    section, _, key = name.rpartition(".")
    after = text_of("configuration.md").split(f"### `[{section}]`\n")[1].split("\n### ")[0]

    assert f"| `{key}` |" in after


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_is_explained(reason: Reason) -> None:
    rows = re.findall(rf"^\| `{reason}` \| (.+) \|$", text_of("decisions.md"), flags=re.MULTILINE)

    assert len(rows) == 1
    assert len(rows[0]) > 20


@pytest.mark.parametrize("name", [*Outcome, *Flag])
def test_an_outcome_and_a_flag_are_named(name: str) -> None:
    assert f"`{name}`" in text_of("decisions.md")


def test_a_cited_source_is_there() -> None:
    cited = set(citations())

    assert len(cited) > 100
    assert [one for one in cited if not (ROOT / one[1]).is_file()] == []
    assert [one for one in cited if one[2] and one[2] not in headings(ROOT / one[1])] == []


def test_a_page_can_be_found_from_the_readme_or_another_page() -> None:
    texts = {p: p.read_text(encoding="utf-8") for p in (ROOT / "README.md", *DOCS.rglob("*.md"))}
    pages = [p for p in walk(DOCS) if p.suffix == ".md"]

    assert [
        name_of(page)
        for page in pages
        if not any(page.name in text for other, text in texts.items() if other != page)
    ] == []


@pytest.mark.parametrize("page", sorted((DOCS / "adr").glob("[0-9]*.md")), ids=name_of)
def test_a_decision_record_says_what_it_costs(page: Path) -> None:
    assert {"Context", "Decision", "What it costs", "Rejected"} <= headings(page)


def test_a_lazy_command_that_is_offered_exists() -> None:
    from scanner.cli import COMMANDS

    missing = sorted(
        {module for module, _help in COMMANDS.values() if importlib.util.find_spec(module) is None}
    )
    if missing:
        pytest.skip(f"still to be written: {', '.join(missing)}")
    for name, (module, _help) in COMMANDS.items():
        assert isinstance(getattr(importlib.import_module(module), name), click.Command)
