"""Rendered frames are the same for the same seed, and honest about what they show."""

from __future__ import annotations

import numpy as np
import pytest

from server_stub.demo.scenes import Scene, Shown, empty_lane, render
from server_stub.demo.symbols import DRAWABLE, draw_modules, quiet_zone_modules

SHOWN = Shown(payload=b"TK1:1")
PAYLOADS = {
    "ean13": b"4006381333931",
    "ean8": b"96385074",
    "upca": b"036602301467",
    "itf": b"0053611912",
    "codabar": b"A123B",
}


def test_the_same_scene_is_the_same_frame() -> None:
    scene = Scene(shown=(SHOWN,), seed=3, walker=0.4)

    assert np.array_equal(render(scene), render(scene))
    assert not np.array_equal(render(scene), render(Scene(shown=(SHOWN,), seed=4, walker=0.4)))


def test_a_frame_has_the_cameras_size_and_pixels() -> None:
    frame = render(Scene(shown=(SHOWN,)))

    assert (frame.shape, frame.dtype) == ((720, 1280), np.uint8)
    assert empty_lane(1, 640, 480).shape == (480, 640)


def test_somebody_walking_changes_the_empty_lane() -> None:
    changed = np.abs(empty_lane(1).astype(int) - empty_lane(1, walker=0.5)) > 30

    assert 0.05 < changed.mean() < 0.5


def middle(shown: Shown) -> float:
    return float(render(Scene(shown=(shown,)))[300:420, 580:700].mean())


def test_a_dim_screen_is_darker_and_a_lamp_is_brighter() -> None:
    dim = Shown(payload=b"TK1:1", brightness=0.3)
    lamp = Shown(payload=b"TK1:1", glare=True)

    assert middle(dim) < 0.5 * middle(SHOWN)
    assert middle(lamp) > middle(SHOWN)


def test_a_tilted_code_is_narrower() -> None:
    lane = empty_lane(0).astype(int)

    def width(tilt_deg: float) -> int:
        shown = Shown(payload=b"TK1:1", tilt_deg=tilt_deg, medium="paper")
        frame = render(Scene(shown=(shown,)))
        return int((np.abs(frame - lane) > 30).any(axis=0).sum())

    assert 0.6 < width(40) / width(0) < 0.85


def test_two_codes_stand_side_by_side() -> None:
    lane = empty_lane(0).astype(int)
    frame = render(Scene(shown=(SHOWN, SHOWN)))
    columns = (np.abs(frame - lane) > 30).any(axis=0)

    assert columns[1280 // 3]
    assert columns[2 * 1280 // 3]
    assert not columns[640]


@pytest.mark.parametrize("symbology", DRAWABLE)
def test_every_symbology_is_drawn_with_its_quiet_zone(symbology: str) -> None:
    modules = draw_modules(PAYLOADS.get(symbology, b"CODE1"), symbology)

    assert modules.any()
    assert not modules.all()
    assert quiet_zone_modules(symbology) >= 2


def test_a_symbology_that_cannot_be_drawn_says_which_can() -> None:
    with pytest.raises(ValueError, match="qr, microqr"):
        draw_modules(b"1", "maxicode")
