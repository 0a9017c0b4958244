"""What is installed is what is declared, pinned and built: the locks, the wheel, the commands."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import scanner
from support.checkout import PACKAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("requirements.lock", "requirements-dev.lock", "tests/oracle/requirements.lock")
}


def pins(lock: str) -> dict[str, str]:
    """Name → everything that belongs to its pin: version, marker, hashes."""
    blocks = re.split(r"^(?=[a-zA-Z0-9])", LOCKS[lock], flags=re.MULTILINE)[1:]
    return {re.split(r"[=\[ ]", block)[0]: block for block in blocks}


def normal(requirement: str) -> str:
    """The bare, normalised name in a requirement."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name.group()).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_an_exact_version_and_hashes(lock: str) -> None:
    loose = [
        n for n, block in pins(lock).items() if "==" not in block or "--hash=sha256:" not in block
    ]

    assert loose == []
    assert len(pins(lock)) > 5


def test_what_the_project_needs_is_pinned() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    needed = {
        normal(r)
        for r in (*PROJECT["project"]["dependencies"], *extras["console"], *extras["central"])
    }

    assert needed - set(pins("requirements.lock")) == set()


def test_what_developers_need_is_pinned() -> None:
    groups = PROJECT["dependency-groups"]

    assert {normal(r) for r in groups["dev"]} - set(pins("requirements-dev.lock")) == set()
    assert {normal(r) for r in groups["oracle"]} - set(
        pins("tests/oracle/requirements.lock")
    ) == set()


def test_the_two_locks_agree_where_they_overlap() -> None:
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    version = re.compile(r"==([^ \\\n]+)")

    assert {n: version.findall(run[n]) for n in run.keys() & dev.keys()} == {
        n: version.findall(dev[n]) for n in run.keys() & dev.keys()
    }


def test_the_wheel_holds_the_five_packages() -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)


def test_every_program_that_tests_skip_without_is_installed_for_them() -> None:
    """A test that skips on a bare Debian shows nothing to whoever runs `make test` there."""
    tests = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/*/test_*.py"))
    script = (ROOT / ".ci/setup").read_text(encoding="utf-8")

    wanted = {"strace", "ip", *re.findall(r"which\(\"([\w-]+)\"\)", tests)}
    listed = re.findall(r"^([\w-]+) [\w-]+$", script, flags=re.MULTILINE)
    assert wanted - set(listed) == set()
    assert {"systemd-analyze", "tmux"} <= wanted


def test_a_package_brings_every_file_of_the_units_folder() -> None:
    script = (ROOT / ".ci/deb").read_text(encoding="utf-8")
    patterns = re.findall(r"systemd/\*[\w.*-]+", script)

    packed = {path for pattern in patterns for path in ROOT.glob(pattern)}
    assert set((ROOT / "systemd").iterdir()) - packed == set()


def test_the_script_of_the_image_recipe_is_one() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    found = re.search(r"^ {7}#!/bin/bash -e\n(?: {7}.*\n|\n)+", page, flags=re.MULTILINE)
    assert found

    read = subprocess.run(
        ["bash", "-n"],
        input=textwrap.dedent(found.group()),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (read.returncode, read.stderr) == (0, "")
    assert found.group().count("<<'END'") == found.group().count("\n       END\n") == 3


@pytest.mark.skipif(not sys.flags.safe_path, reason="not run by make: PYTHONSAFEPATH is not set")
def test_the_installed_wheel_is_tested_not_the_folders_of_the_checkout() -> None:
    assert not Path(scanner.__file__).is_relative_to(ROOT / "scanner")
    assert metadata.version("portillon") == PROJECT["project"]["version"]
    assert {
        s.name
        for s in metadata.entry_points(group="console_scripts")
        if s.dist and s.dist.name == "portillon"
    } == set(PROJECT["project"]["scripts"])
