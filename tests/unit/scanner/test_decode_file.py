"""A picture that is given all the time it needs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.reading.candidate import bounds
from scanner.reading.decode_file import LADDER, PictureReport, read_picture
from scanner.reading.picture_advice import advise
from scanner.reading.picture_views import (
    MAX_VIEW_PIXELS,
    as_it_is,
    averaged_down,
    contrasted,
    scaled,
    sharpened,
    shrunk_to,
    softened,
    turned,
)
from scanner.reading.second_opinion import ZbarProcess
from scanner.reading.symbologies import ALL_FORMATS
from server_stub.demo.scenes import Scene, Shown, empty_lane, render
from support.opinions import PreparedOpinion

TICKET = bytes(range(40, 190))
CARD = b"4006381333931"
ALL_VIEWS = {rung.name for rungs in LADDER for rung in rungs}


@pytest.fixture(scope="module")
def zbar() -> Iterator[ZbarProcess]:
    process = ZbarProcess(limit_s=20)
    yield process
    process.close()


def picture_of(*shown: Shown, seed: int = 1) -> NDArray[np.uint8]:
    return render(Scene(shown=shown, seed=seed), 640, 480)


@cache
def lane() -> NDArray[np.uint8]:
    return empty_lane(1, 320, 240, walker=0.5)


def payloads(report: PictureReport) -> set[bytes]:
    return {candidate.payload for candidate in report.candidates}


CARD_HELD = Shown(payload=CARD, symbology="ean13", medium="card", px_per_module=2.5)


@pytest.mark.parametrize(
    "shown",
    [
        Shown(payload=TICKET, px_per_module=3),
        Shown(payload=TICKET, px_per_module=3, inverted=True),
        Shown(payload=TICKET, px_per_module=5, blur_modules=0.55),
        Shown(payload=TICKET, px_per_module=3, tilt_deg=40, rotation_deg=30),
    ],
)
def test_a_ticket_is_read_byte_for_byte(shown: Shown) -> None:
    report = read_picture(picture_of(shown), ALL_FORMATS)

    assert [(c.payload, c.symbology) for c in report.candidates] == [(TICKET, "qr")]


def test_a_card_is_agreed_by_both_decoders(zbar: ZbarProcess) -> None:
    [candidate] = read_picture(picture_of(CARD_HELD), ALL_FORMATS, zbar).candidates

    assert (candidate.payload, candidate.symbology, candidate.agreed) == (CARD, "ean13", True)


def test_a_card_held_askew_is_read_where_it_is(zbar: ZbarProcess) -> None:
    shown = Shown(
        payload=CARD, symbology="ean13", medium="card", px_per_module=2.5, rotation_deg=45
    )
    [candidate] = read_picture(picture_of(shown), ALL_FORMATS, zbar).candidates
    box = bounds(candidate.quad)

    assert candidate.payload == CARD
    assert box.left < 320 < box.right
    assert box.top < 240 < box.bottom


def test_without_a_second_opinion_a_card_is_single() -> None:
    [candidate] = read_picture(picture_of(CARD_HELD), ("ean13",)).candidates

    assert (candidate.payload, candidate.agreed) == (CARD, False)


def test_a_second_decoder_that_says_otherwise_spoils_a_doubtful_value() -> None:
    report = read_picture(picture_of(CARD_HELD), ("ean13",), PreparedOpinion(b"5901234123457"))

    assert b"5901234123457" not in payloads(report)


def test_a_picture_with_two_codes_gives_both(zbar: ZbarProcess) -> None:
    picture = render(Scene(shown=(Shown(payload=TICKET), CARD_HELD)))

    assert payloads(read_picture(picture, ALL_FORMATS, zbar)) == {TICKET, CARD}


def test_a_settled_picture_is_not_looked_at_longer() -> None:
    report = read_picture(picture_of(Shown(payload=TICKET, px_per_module=4)), ("qr",))

    assert report.tried == tuple(rung.name for rung in LADDER[0])


def test_an_empty_picture_is_looked_at_in_every_way(zbar: ZbarProcess) -> None:
    report = read_picture(lane(), ALL_FORMATS, zbar)

    assert report.candidates == ()
    assert set(report.tried) == ALL_VIEWS


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (16, 16)])
def test_a_strange_picture_holds_nothing(shape: tuple[int, int], zbar: ZbarProcess) -> None:
    assert read_picture(np.full(shape, 128, np.uint8), ALL_FORMATS, zbar).candidates == ()


VIEWS = {
    "as it is": as_it_is,
    "enlarged": scaled(2),
    "halved": scaled(0.5),
    "sharpened": sharpened(2, 4, 2),
    "contrasted": contrasted(2),
    "averaged": averaged_down(3, 9, 3, 4),
    "softened": softened(1),
    "turned": turned(30),
}


@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS)
def test_a_view_knows_its_way_back(make: object) -> None:
    picture = np.full((120, 160), 90, np.uint8)
    cv2.circle(picture, (40, 90), 9, 255, -1)
    assert callable(make)
    view = make(picture)
    bright = view.grey.astype(int) > 200
    y, x = (round(float(axis.mean())) for axis in np.nonzero(bright))
    [(back_x, back_y), *_] = view.quad(((x, y),) * 4)

    assert abs(back_x - 40) <= 2
    assert abs(back_y - 90) <= 2


def test_a_view_of_a_view_knows_its_way_back_to_the_picture() -> None:
    large = shrunk_to(np.zeros((1000, 2000), np.uint8), 500_000)
    view = large.seen_through(scaled(2))

    assert large.grey.shape == (500, 1000)
    assert view is not None
    assert view.quad(((100, 200),) * 4)[0] == (100, 200)


def test_a_picture_of_a_telephones_size_is_read_where_it_is() -> None:
    shown = Shown(payload=TICKET, px_per_module=7, blur_modules=0.55, centre=(0.7, 0.4))
    picture = render(Scene(shown=(shown,)), 2400, 1800)
    [candidate] = read_picture(picture, ("qr",)).candidates
    box = bounds(candidate.quad)

    assert candidate.payload == TICKET
    assert abs((box.left + box.right) / 2 - 0.7 * 2400) < 30
    assert abs((box.top + box.bottom) / 2 - 0.4 * 1800) < 30


def test_a_huge_picture_is_not_made_larger() -> None:
    side = int(MAX_VIEW_PIXELS**0.5) + 1

    assert scaled(2)(np.zeros((side, side), np.uint8)) is None
    assert turned(45)(np.zeros((side, side), np.uint8)) is None


def advice_for(picture: NDArray[np.uint8]) -> str:
    height, width = picture.shape
    report = read_picture(picture, ("qr",))
    return "\n".join(advise(report, width, height, ("qr",)))


def test_advice_names_what_was_tried_and_what_is_needed() -> None:
    advice = advice_for(lane())

    assert "turned by 45°" in advice
    assert "looked for qr" in advice
    assert "320 by 240" in advice
    assert "2 pixels a module" in advice


@pytest.mark.parametrize(
    ("picture", "word"),
    [
        (np.zeros((90, 90), np.uint8), "very dark"),
        (np.full((90, 90), 250, np.uint8), "very bright"),
        (np.full((90, 90), 128, np.uint8), "blurred"),
    ],
)
def test_advice_names_what_is_in_the_way(picture: NDArray[np.uint8], word: str) -> None:
    assert word in advice_for(picture)
