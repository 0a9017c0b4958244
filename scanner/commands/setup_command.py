"""`portillon setup`: asks the few questions of an installation, or reads their answers, and writes the configuration.

Law: nothing is written before every answer is good and the program itself would accept the file. A configuration that
is there is replaced only after a yes, and kept beside the new one. The token goes to sync's file and nowhere else.
Exit 0 when it was written, 1 after a no, 2 for what a person can mend.

Source: docs/operations.md, "Set up".
"""

from __future__ import annotations

import os
import sys
import tomllib
from gettext import NullTranslations
from pathlib import Path

import click

from scanner.config import Config, parse_config
from scanner.core.errors import ConfigError
from scanner.installing.answers import (
    ASKED,
    Answers,
    Problem,
    Question,
    config_text,
    judge,
    judge_all,
)
from scanner.installing.writing import give_away, kept_path, write_config
from scanner.texts.catalogue import language_of, languages, load_texts
from scanner.texts.english import SETTING_UP

ANSWERS_BYTES = 64 * 1024
EMPTY = "-"
NOTHING_CHANGED = 1


@click.command()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("/etc/portillon/portillon.toml"),
    show_default=True,
    help="The file to write.",
)
@click.option(
    "--from",
    "answers_path",
    type=click.Path(path_type=Path),
    help="A TOML file of answers, instead of questions; an answer that it lacks is the proposed one.",
)
@click.option("--yes", is_flag=True, help="Replace a configuration that is there; it is kept.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(languages()),
    help="The language of the words; without it the environment's (LANG), else English.",
)
def setup(config_path: Path, answers_path: Path | None, language: str | None, *, yes: bool) -> None:
    """Ask the few questions of an installation and write the configuration.

    The questions are: site, direction, relay_in, sensor_in, relay_out, sensor_out, camera, scanner, central, token; the
    same names are the keys of a file of answers.
    """
    texts = load_texts(language or language_of(os.environ))
    answers = _ask(texts) if answers_path is None else _load(answers_path, texts)
    text = config_text(answers)
    config = parse_config(text.encode(), config_path.name)
    if config_path.exists() and not yes:
        _refuse_or_ask(config_path, texts, may_ask=answers_path is None)
    write_config(config_path, text)
    click.echo(f"✔ {_said(texts, 'written', path=config_path)}")
    if answers.get("token"):
        _hand_over(config, answers["token"])
        click.echo(f"✔ {_said(texts, 'handed')}")
    click.echo(f"  {_said(texts, 'next' if answers.get('token') else 'later')}")


def _ask(texts: NullTranslations) -> dict[str, str]:
    answers: dict[str, str] = {}
    for question in ASKED:
        if question.is_asked(answers):
            answers[question.key] = _ask_one(question, answers, texts)
    return answers


def _ask_one(question: Question, answers: Answers, texts: NullTranslations) -> str:
    """Ask until the answer is good."""
    while True:
        said = click.prompt(
            texts.gettext(question.text),
            default=question.proposal or (EMPTY if question.may_be_empty else None),
            hide_input=question.is_secret and sys.stdin.isatty(),
            show_default=not question.is_secret,
        ).strip()
        value = "" if said == EMPTY else said
        problem = judge(question, value, answers)
        if problem is None:
            return value
        click.secho(f"✖ {_told(problem, texts)}", fg="red", err=True)


def _load(path: Path, texts: NullTranslations) -> dict[str, str]:
    """The answers of a file.

    Raises:
        ConfigError: ``setup_file_bad``, ``setup_answer_bad``.
    """
    try:
        with path.open("rb") as file:
            given = tomllib.loads(file.read(ANSWERS_BYTES).decode("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            "setup_file_bad",
            f"answers {path.name!r} cannot be read: {getattr(error, 'strerror', None) or error}",
            "write a TOML file with lines such as site = 'Museum'; docs/operations.md has an example",
        ) from error
    answers, problems = judge_all({key: _plain(value) for key, value in given.items()})
    if problems:
        raise ConfigError(
            "setup_answer_bad",
            f"{path.name}: " + "; ".join(_told(problem, texts) for problem in problems),
            "mend these lines; nothing was written",
        )
    return answers


def _plain(value: object) -> str:
    return "" if value == EMPTY else str(value).strip()


def _refuse_or_ask(path: Path, texts: NullTranslations, *, may_ask: bool) -> None:
    if not may_ask:
        raise ConfigError(
            "setup_would_overwrite",
            f"{str(path)!r} is there already; nothing was changed",
            "say --yes to replace it (the old one is kept), or name another file with --config",
        )
    if not click.confirm(_said(texts, "there", path=path, kept=kept_path(path).name)):
        click.echo(_said(texts, "kept"))
        sys.exit(NOTHING_CHANGED)


def _hand_over(config: Config, token: str) -> None:
    """Leave the token where sync looks for what the gate's camera read."""
    from sync.durable import save_atomically

    path = config.sync.invitation_path
    save_atomically(path, token.encode())
    give_away(config.data_dir, path.parent, path)


def _said(texts: NullTranslations, key: str, **places: object) -> str:
    return texts.gettext(SETTING_UP[key]).format(**places)


def _told(problem: Problem, texts: NullTranslations) -> str:
    value = problem.value[:80]
    return texts.gettext(problem.text).format(key=problem.key, value=value)
