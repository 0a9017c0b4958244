"""Picture files become grey pixels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.pictures import list_pictures, load_grey

BLACK_AND_WHITE = np.array([[0, 255], [255, 0]], np.uint8)


def write(path: Path, picture: NDArray[np.uint8] | NDArray[np.uint16]) -> Path:
    assert cv2.imwrite(str(path), picture)
    return path


def transparent() -> NDArray[np.uint8]:
    """Black everywhere; only one diagonal is opaque."""
    picture = np.zeros((2, 2, 4), np.uint8)
    picture[:, :, 3] = 255 - BLACK_AND_WHITE
    return picture


@pytest.mark.parametrize(
    "picture",
    [
        BLACK_AND_WHITE,
        np.repeat(BLACK_AND_WHITE[:, :, None], 3, axis=2),
        BLACK_AND_WHITE.astype(np.uint16) * 257,
        transparent(),
    ],
    ids=["grey", "colour", "16 bits", "transparent on black"],
)
def test_every_kind_of_picture_becomes_the_same_grey(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    grey = load_grey(write(tmp_path / "a.png", picture))

    assert grey is not None
    assert grey.dtype == np.uint8
    assert np.array_equal(grey, BLACK_AND_WHITE)
    assert not grey.flags.writeable


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_file_that_is_no_picture_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)

    assert load_grey(path) is None


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert load_grey(tmp_path / "a.png") is None
    assert load_grey(tmp_path) is None


def test_pictures_are_listed_in_name_order_without_other_files(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "notes.txt", ".hidden.png", "c.png.part"):
        (tmp_path / name).write_bytes(b"")

    assert [path.name for path in list_pictures(tmp_path)] == ["a.jpg", "b.PNG"]
