"""What the demo holds up is read on the lane and by `portillon decode`, in every way in which its story holds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scanner.reading.decode import Decoder
from scanner.reading.decode_file import read_picture
from scanner.reading.second_opinion import ZbarProcess
from scanner.reading.symbologies import ALL_FORMATS, DEFAULT_FORMATS
from server_stub.demo.scenes import Scene, Shown, render
from server_stub.demo.story import STORY, Look
from support.lane_film import film, first_read

LOOKS = {
    f"{look.medium} {number}": look
    for number, look in enumerate(dict.fromkeys(act.look for act in STORY))
}
CODES = {"qr": bytes(range(40, 190)), "code128": b"MEMBER-00042", "ean13": b"4006381333931"}


@pytest.fixture(scope="module")
def zbar() -> Iterator[ZbarProcess]:
    process = ZbarProcess(limit_s=20)
    yield process
    process.close()


def shown(look: Look, symbology: str) -> Shown:
    return Shown(
        payload=CODES[symbology],
        symbology=symbology,
        medium=look.medium,
        tilt_deg=look.tilt_deg,
        rotation_deg=look.rotation_deg,
        px_per_module=look.px_per_module,
        blur_modules=look.blur_modules,
        brightness=look.brightness,
        inverted=look.is_inverted,
    )


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_ticket_of_the_demo_is_read_on_the_lane(look: Look) -> None:
    decoder = Decoder(DEFAULT_FORMATS)
    _, found = first_read(decoder, film((shown(look, "qr"),), frames=8))

    assert [candidate.payload for candidate in found] == [CODES["qr"]]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_ticket_of_the_demo_is_read_by_the_command(look: Look, zbar: ZbarProcess) -> None:
    report = read_picture(render(Scene(shown=(shown(look, "qr"),))), ALL_FORMATS, zbar)

    assert [candidate.payload for candidate in report.candidates] == [CODES["qr"]]


@pytest.mark.parametrize("symbology", ["code128", "ean13"])
@pytest.mark.parametrize("look", [look for look in LOOKS.values() if look.medium == "card"])
def test_a_card_of_the_demo_is_agreed_on_the_lane(
    look: Look, symbology: str, zbar: ZbarProcess
) -> None:
    decoder = Decoder(("qr", symbology), zbar)
    _, found = first_read(decoder, film((shown(look, symbology),), frames=8))

    assert [(c.payload, c.agreed) for c in found] == [(CODES[symbology], True)]
