"""docs/lab.md has a row for every test of the lab, and none for anything else."""

from __future__ import annotations

import ast
import re

from support.checkout import ROOT, walk

LAB = ROOT / "tests" / "lab"


def sentences_of_the_guest() -> set[str]:
    """The sentences of the files that a boot runs, and of the contract suite that it runs as well."""
    files = [path for path in walk(LAB / "guest") if path.name.startswith("test_")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    names = [node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {said(name) for name in names if name.startswith("test_")}


def sentences_of_the_host() -> set[str]:
    """How a boot has to end, and the steps of the package's life."""
    boots = (LAB / "__main__.py").read_text(encoding="utf-8")
    package = (LAB / "package.py").read_text(encoding="utf-8")
    ends = re.findall(r'ends="(.+)"', boots)
    steps = re.findall(r'^    \(\w+, "(.+)"\),$', package, flags=re.MULTILINE)
    return set(ends) | set(steps)


def said(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def rows() -> set[str]:
    page = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8").split("## Its tests")[1]
    return set(re.findall(r"^\| (.+?) \| [^|]+ \| [^|]+ \|$", page, flags=re.MULTILINE)[2:])


def test_the_page_of_the_lab_has_a_row_for_every_test() -> None:
    endless = {"people scan until the power goes", "the kernel hangs and nobody feeds the watchdog"}
    tests = (sentences_of_the_guest() | sentences_of_the_host()) - endless

    assert len(tests) > 20
    assert rows() == tests | {"the contract suite of pin banks"}
