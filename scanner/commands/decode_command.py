"""`portillon decode`: what is on this picture, and if nothing, why not.

Law: one answer a file, in the order given, whatever the file is. A file that is no picture is said so and the
others are read. Standard output holds answers only; with ``--json`` exactly one line for each file.

Source: docs/decoding.md, "The command".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import cv2

from hardware.pictures import PICTURE_SUFFIXES, list_pictures, load_grey
from scanner.core.errors import GateError, InputError
from scanner.reading.candidate import Candidate
from scanner.reading.decode_file import PictureReport, read_picture
from scanner.reading.picture_advice import advise
from scanner.reading.second_opinion import SecondOpinion, ZbarProcess
from scanner.reading.symbologies import SYMBOLOGIES, parse_formats
from scanner.verdict import Reading

ZBAR_LIMIT_S = 20.0
"""For the whole of a large picture; nobody waits at an arm here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said about one file."""

    width: int
    height: int
    report: PictureReport
    ms: float


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--formats",
    default="all",
    show_default=True,
    help="Kinds of code to look for, with commas between them.",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each file.")
def decode(files: tuple[Path, ...], formats: str, as_json: bool) -> None:  # noqa: FBT001
    """Read the codes in pictures and say why not.

    FILES are pictures, or folders of pictures.
    """
    cv2.setNumThreads(1)
    wanted = parse_formats(formats)
    opinion = ZbarProcess(ZBAR_LIMIT_S) if _has_bars(wanted) else None
    failed = False
    try:
        for path in files:
            for picture, answer in _answers(path, wanted, opinion):
                failed = failed or isinstance(answer, GateError)
                say = _as_json if as_json else partial(_as_text, formats=wanted)
                click.echo(say(picture, answer))
    finally:
        if opinion is not None:
            _warn_once(opinion)
            opinion.close()
    if failed:
        raise SystemExit(2)


def _answers(
    path: Path, formats: tuple[str, ...], opinion: SecondOpinion | None
) -> Iterator[tuple[Path, Answer | InputError]]:
    """One answer for a file, one for each picture of a folder."""
    pictures = list_pictures(path) if path.is_dir() else [path]
    if not pictures:
        yield path, _unreadable(path, "the folder holds no picture")
    for picture in pictures:
        try:
            yield picture, read_file(picture, formats, opinion)
        except InputError as error:
            yield picture, error


def read_file(path: Path, formats: tuple[str, ...], opinion: SecondOpinion | None) -> Answer:
    """Read one picture file.

    Raises:
        InputError: `picture_unreadable`.
    """
    began_s = perf_counter()
    grey = load_grey(path)
    if grey is None:
        why = "it is no picture" if path.is_file() else "there is no such file"
        raise _unreadable(path, why)
    report = read_picture(grey, formats, opinion)
    height, width = grey.shape
    return Answer(width, height, report, round(1000 * (perf_counter() - began_s), 1))


def display_text(candidate: Candidate, reading: Reading) -> str:
    """The payload as text, for display only: UTF-8, else what zxing-cpp takes it for, else Latin-1."""
    try:
        return candidate.payload.decode("utf-8")
    except UnicodeDecodeError:
        return reading.text or candidate.payload.decode("latin-1")


def _has_bars(formats: tuple[str, ...]) -> bool:
    return any(SYMBOLOGIES[name].is_linear for name in formats)


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        "picture_unreadable",
        f"{str(path)!r} cannot be read: {why}",
        f"Name a picture ({', '.join(sorted(PICTURE_SUFFIXES))}) or a folder of pictures.",
    )


def _warn_once(opinion: SecondOpinion) -> None:
    if opinion.fault is not None:
        click.secho(f"✖ {opinion.fault}", fg="yellow", err=True)


def _as_json(path: Path, answer: Answer | InputError) -> str:
    """One line of ASCII: whatever a payload holds, a line stays a line."""
    if isinstance(answer, InputError):
        error = {"code": answer.code, "message": answer.message, "hint": answer.hint}
        return json.dumps({"file": str(path), "error": error})
    codes = [_code(candidate, reading) for candidate, reading in answer.report.verdict.believed]
    return json.dumps({"file": str(path), "codes": codes, "ms": answer.ms})


def _code(candidate: Candidate, reading: Reading) -> dict[str, Any]:
    return {
        "text": display_text(candidate, reading),
        "bytes_b64": base64.b64encode(candidate.payload).decode("ascii"),
        "symbology": candidate.symbology,
        "quad": candidate.quad,
        "agreed": candidate.agreed,
    }


def _as_text(path: Path, answer: Answer | InputError, formats: tuple[str, ...]) -> str:
    if isinstance(answer, InputError):
        return f"{path}: {answer}"
    lines = [f"{path}: {len(answer.report.candidates)} found in {answer.ms} ms"]
    lines += [_line(*believed) for believed in answer.report.verdict.believed]
    if not answer.report.candidates:
        advice = advise(answer.report, answer.width, answer.height, formats)
        lines += [f"  · {line}" for line in advice]
    return "\n".join(lines)


def _line(candidate: Candidate, reading: Reading) -> str:
    proof = {None: "", True: ", both decoders agree", False: ", one decoder only"}
    part = ", one part of several: no ticket" if reading.is_part else ""
    corners = " ".join(f"{x},{y}" for x, y in candidate.quad)
    return (
        f"  {candidate.symbology} {escaped(display_text(candidate, reading))}"
        f" ({len(candidate.payload)} bytes) at {corners}{proof[candidate.agreed]}{part}"
    )


def escaped(text: str) -> str:
    """The text in quotes, with everything that a terminal would obey or hide spelled out."""
    return "'" + "".join(_spelled(letter) for letter in text) + "'"


def _spelled(letter: str) -> str:
    if letter in "\\'":
        return "\\" + letter
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
