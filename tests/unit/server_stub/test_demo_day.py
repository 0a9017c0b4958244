"""The demo's own folder, what it starts with, and what counts as expected."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.core.errors import ConfigError
from server_stub.cli import main
from server_stub.demo.play import Result
from server_stub.demo.scratch import take_scratch
from server_stub.demo.story import STORY

AS_TOLD = Result(
    act=STORY[1],
    seq=5,
    outcome="SUCCESS",
    reason="OK",
    remaining=2,
    passage="turned",
    colour="green",
    icon="✔",
    extra_events=0,
)


def test_an_act_is_as_expected_only_if_answer_entries_arm_and_number_of_events_are() -> None:
    others = (
        replace(AS_TOLD, outcome="HIGHLIGHTED"),
        replace(AS_TOLD, reason="GRACE"),
        replace(AS_TOLD, remaining=1),
        replace(AS_TOLD, passage="given back"),
        replace(AS_TOLD, extra_events=1),
    )

    assert AS_TOLD.is_as_expected
    assert not any(result.is_as_expected for result in others)


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()

    with contextlib.ExitStack() as stack, pytest.raises(ConfigError) as caught:
        take_scratch(tmp_path, stack)

    assert caught.value.code == "demo_folder_foreign"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


@pytest.mark.parametrize("left", [("demo.lock", "gate/x"), ("central/x", "frames/x")])
def test_what_a_demo_left_is_made_anew_but_by_one_demo_at_a_time(
    tmp_path: Path, left: tuple[str, ...]
) -> None:
    for name in left:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        take_scratch(tmp_path, first)
        (tmp_path / "frames").mkdir()
        with pytest.raises(ConfigError) as caught:
            take_scratch(tmp_path, second)

        assert caught.value.code == "demo_folder_in_use"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.lock", "frames"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with contextlib.ExitStack() as stack, pytest.raises(ConfigError) as caught:
        take_scratch(tmp_path / "file" / "below", stack)

    assert caught.value.code == "demo_folder_unusable"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--camera", "/dev/does-not-exist"), "there is no camera '/dev/does-not-exist'"),
        (("--camera", ""), "there is no camera ''"),
        (("--svg", "/nonexistent/x.svg"), "there is no folder '/nonexistent'"),
    ],
)
def test_a_camera_or_a_place_that_is_not_there_is_told_before_anything_is_started(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    result = CliRunner().invoke(main, ["demo", "--dir", str(tmp_path / "demo"), *words])

    assert (result.exit_code, said in result.stderr) == (2, True)
    assert not (tmp_path / "demo").exists()
