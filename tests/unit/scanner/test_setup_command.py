"""`portillon setup` at the keyboard and from a file: what it writes, keeps and refuses."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scanner.cli import main
from scanner.config import load_config

TYPED = ["Musée", "up", "both", "", "-", "", "GPIO17", "GPIO23", "", "", "-", "-"]
"""A way that is none and a line that has a purpose are asked again; Enter takes the proposal."""


def run(*arguments: object, typed: list[str] | None = None, language: str = "C") -> Result:
    lines = None if typed is None else "".join(f"{line}\n" for line in typed)
    environment = {"LC_ALL": language}
    return CliRunner().invoke(main, ["setup", *map(str, arguments)], input=lines, env=environment)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "portillon.toml"


def test_at_the_keyboard_a_wrong_answer_is_explained_and_asked_again(config: Path) -> None:
    result = run("--config", config, typed=TYPED, language="fr_FR.UTF-8")

    assert result.exit_code == 0, result.output
    assert "'up' n'est pas un sens" in result.output
    assert "'GPIO17' a déjà un rôle" in result.output
    turnstile = load_config(config).turnstile
    assert (turnstile.way_in.relay, turnstile.way_in.sensor) == ("GPIO17", "")
    assert (turnstile.way_out.relay, turnstile.way_out.sensor) == ("GPIO18", "GPIO23")
    assert stat.S_IMODE(config.stat().st_mode) == 0o644


def test_a_file_of_answers_needs_no_keyboard(config: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text("site = 'Club'\ncamera = '/dev/video2'\n", encoding="utf-8")

    result = run("--config", config, "--from", answers)

    assert result.exit_code == 0, result.output
    assert load_config(config).camera.device == "/dev/video2"


def test_a_file_with_mistakes_changes_nothing_and_names_them(config: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text("site = ''\nrelay_in = '?'\n", encoding="utf-8")

    result = run("--config", config, "--from", answers)

    assert result.exit_code == 2
    assert "setup_answer_bad" in result.output
    assert "site: ''" in result.output
    assert "relay_in: '?'" in result.output
    assert not config.exists()


@pytest.mark.parametrize("text", [b"site = ", b"\xff"])
def test_a_file_that_is_no_toml_is_refused(config: Path, tmp_path: Path, text: bytes) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_bytes(text)

    result = run("--config", config, "--from", answers)

    assert (result.exit_code, "setup_file_bad" in result.output) == (2, True)


def test_a_configuration_that_is_there_is_replaced_only_after_a_yes(config: Path) -> None:
    config.parent.mkdir()
    config.write_text("# the old one\n", encoding="utf-8")
    answers = config.with_name("answers.toml")
    answers.write_text("site = 'Club'\n", encoding="utf-8")

    refused = run("--config", config, "--from", answers)
    declined = run("--config", config, typed=[*TYPED, "n"])

    assert (refused.exit_code, "setup_would_overwrite" in refused.output) == (2, True)
    assert declined.exit_code == 1
    assert config.read_text(encoding="utf-8") == "# the old one\n"

    accepted = run("--config", config, "--from", answers, "--yes")

    assert accepted.exit_code == 0
    assert config.with_name("portillon.toml.before").read_text() == "# the old one\n"
    assert load_config(config).turnstile.way_in.relay == "GPIO17"
