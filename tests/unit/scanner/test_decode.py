"""The stream decoder reads what people hold up, within a few frames, byte for byte, and never falls over."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import segno
from numpy.typing import NDArray

from hardware.frames import Frame, read_only
from scanner.core.errors import ConfigError
from scanner.reading.candidate import Box, bounds
from scanner.reading.decode import Decoder, build_decoder
from scanner.reading.linear_shape import LinearShape
from scanner.reading.symbologies import ALL_FORMATS
from scanner.tries import QUIET_FRAMES
from server_stub.demo.scenes import Shown, empty_lane
from support.eventually import eventually
from support.lane_film import FRAME_MS, all_reads, film, first_read
from support.opinions import PreparedOpinion

TICKET = bytes(range(40, 190))
"""As long as a signed ticket: a QR of version 8."""

CARD = b"4006381333931"

ITF_CARD = b"12345678901231"
"""Within it stand the signs that begin and end ITF: lines across a part of it read 1234567890 and 78901231."""

HELD = {
    "straight": Shown(payload=TICKET),
    "tilted by 40°": Shown(payload=TICKET, tilt_deg=40),
    "turned by 15°": Shown(payload=TICKET, rotation_deg=15),
    "turned by 45°": Shown(payload=TICKET, rotation_deg=45),
    "turned by 90°": Shown(payload=TICKET, rotation_deg=90),
    "upside down": Shown(payload=TICKET, rotation_deg=180),
    "tilted and turned": Shown(payload=TICKET, tilt_deg=30, rotation_deg=15),
    "moving by one module": Shown(payload=TICKET, motion_modules=1),
    "out of focus by 0.55 modules": Shown(payload=TICKET, blur_modules=0.55),
    "on a screen at 30 %": Shown(payload=TICKET, brightness=0.3),
    "under a lamp": Shown(payload=TICKET, glare=True),
    "with moiré": Shown(payload=TICKET, moire=1.0),
    "in dark mode": Shown(payload=TICKET, inverted=True),
    "under a thumb": Shown(payload=TICKET, covered=0.15),
    "small": Shown(payload=TICKET, medium="paper", px_per_module=2.2),
    "small and tilted": Shown(payload=TICKET, px_per_module=3, tilt_deg=35),
}

CARDS = {
    "code128": b"MEMBER-00042",
    "ean13": CARD,
    "ean8": b"96385074",
    "code39": b"CLUB-7",
    "itf": b"00536119125",
    "codabar": b"31117013206375",
    "code93": b"CODE93",
}


def frame_of(grey: NDArray[np.uint8], number: int = 1) -> Frame:
    return Frame(read_only(grey), FRAME_MS * number, number)


def qr_picture(code: segno.QRCode, scale: int = 4) -> NDArray[np.uint8]:
    modules = np.pad(np.array(code.matrix, np.uint8), 4)
    return np.kron(np.uint8(255) * (1 - modules), np.ones((scale, scale), np.uint8))


@pytest.mark.parametrize("shown", HELD.values(), ids=HELD)
def test_a_ticket_is_read_within_a_quarter_of_a_second(shown: Shown) -> None:
    decoder = Decoder(("qr",))
    after, found = first_read(decoder, film((shown,), frames=8))

    assert 1 <= after <= 8
    assert [(candidate.payload, candidate.agreed) for candidate in found] == [(TICKET, None)]
    assert decoder.faults == 0


@pytest.mark.parametrize("symbology", ["microqr", "datamatrix", "aztec", "pdf417"])
def test_every_matrix_format_is_read_when_switched_on(symbology: str) -> None:
    shown = Shown(payload=b"TICKET-9", symbology=symbology, px_per_module=6)
    _, found = first_read(Decoder(("qr", symbology)), film((shown,), frames=6))

    assert [(c.payload, c.symbology) for c in found] == [(b"TICKET-9", symbology)]


@pytest.mark.parametrize(("symbology", "payload"), CARDS.items())
def test_every_linear_format_is_read_when_switched_on(symbology: str, payload: bytes) -> None:
    drawn = {"itf": payload + b"0", "codabar": b"A" + payload + b"B"}.get(symbology, payload)
    printed = drawn if symbology == "itf" else payload
    shown = Shown(payload=drawn, symbology=symbology, medium="card", px_per_module=3)
    _, found = first_read(Decoder(("qr", symbology)), film((shown,), frames=8))

    assert [(c.payload, c.symbology, c.agreed) for c in found] == [(printed, symbology, False)]


@pytest.mark.parametrize("rotation_deg", [0, 10, 90, 180, 270])
def test_a_card_is_read_in_any_quarter_turn(rotation_deg: float) -> None:
    shown = Shown(payload=CARD, symbology="ean13", medium="card", rotation_deg=rotation_deg)
    _, found = first_read(Decoder(("qr", "ean13")), film((shown,), frames=8))

    assert [candidate.payload for candidate in found] == [CARD]


@pytest.mark.parametrize("rotation_deg", [12, 80])
def test_itf_bars_that_a_line_leaves_over_their_edge_give_no_shorter_number(
    rotation_deg: float,
) -> None:
    shown = Shown(
        payload=ITF_CARD, symbology="itf", px_per_module=3, rotation_deg=rotation_deg, medium="card"
    )

    assert all_reads(Decoder(("itf",)), film((shown,), frames=4)) == {ITF_CARD}


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        (LinearShape((8, 14), ("99", "12")), {ITF_CARD}),
        (LinearShape((8, 10)), set()),
        (LinearShape(prefixes=("99",)), set()),
    ],
    ids=["fits", "another length", "another beginning"],
)
def test_bars_of_another_shape_than_the_sites_cards_are_not_read(
    shape: LinearShape, read: set[bytes]
) -> None:
    shown = (Shown(payload=ITF_CARD, symbology="itf", px_per_module=3, medium="card"),)

    assert all_reads(Decoder(("itf",), shape=shape), film(shown, frames=3)) == read


def test_a_shape_of_bars_is_not_asked_of_dots() -> None:
    decoder = Decoder(("qr", "itf"), shape=LinearShape((14,)))

    assert all_reads(decoder, film((Shown(payload=TICKET),), frames=3)) == {TICKET}


def test_a_format_that_is_switched_off_is_not_read() -> None:
    shown = Shown(payload=b"TICKET-9", symbology="aztec", px_per_module=6)

    assert all_reads(Decoder(("qr",)), film((shown,), frames=8)) == set()


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ConfigError):
        Decoder(("qr", "maxicode"))


def test_two_codes_in_one_picture_are_both_read() -> None:
    pair = (Shown(payload=b"A" + TICKET), Shown(payload=b"poster", medium="paper"))

    assert all_reads(Decoder(("qr",)), film(pair, frames=4)) == {b"A" + TICKET, b"poster"}


def test_a_barcode_beside_a_ticket_is_read_though_the_ticket_is_followed() -> None:
    pair = (Shown(payload=TICKET), Shown(payload=CARD, symbology="ean13", medium="card"))

    assert all_reads(Decoder(("qr", "ean13")), film(pair, frames=15)) == {TICKET, CARD}


def test_a_candidate_says_where_it_is() -> None:
    shown = Shown(payload=TICKET, centre=(0.25, 0.5), px_per_module=4)
    _, found = first_read(Decoder(("qr",)), film((shown,), frames=4))
    box = bounds(found[0].quad)

    assert abs((box.left + box.right) / 2 - 320) < 12
    assert abs((box.top + box.bottom) / 2 - 360) < 12
    assert abs(box.width - 49 * 4) < 24


@pytest.mark.parametrize(
    "payload",
    [b"nul\0in the middle\0", bytes(range(256)), b"\xff\xfe\xfd", "é€".encode(), b" spaces \r\n"],
    ids=["NUL", "every byte", "no UTF-8", "UTF-8", "white space"],
)
def test_bytes_stay_bytes(payload: bytes) -> None:
    picture = qr_picture(segno.make(payload, mode="byte", micro=False))
    [candidate] = Decoder(("qr",)).read(frame_of(picture))

    assert candidate.payload == payload


def test_a_part_of_a_structured_append_is_no_candidate_and_stops_nobody() -> None:
    parts = segno.make_sequence("a text in several symbols " * 4, symbol_count=3)
    decoder = Decoder(("qr",))
    found = [decoder.read(frame_of(qr_picture(part), n)) for n, part in enumerate(parts)]
    whole = decoder.read(frame_of(qr_picture(segno.make(b"whole", micro=False)), 9))

    assert found == [(), (), ()]
    assert decoder.parts >= 3
    assert [candidate.payload for candidate in whole] == [b"whole"]
    assert decoder.faults == 0


def test_random_pixels_are_neither_read_nor_a_fault() -> None:
    decoder = Decoder(ALL_FORMATS)
    random = np.random.default_rng(5)
    noise = [random.integers(0, 256, (240, 320)).astype(np.uint8) for _ in range(8)]

    assert [decoder.read(frame_of(grey, n)) for n, grey in enumerate(noise)] == [()] * 8
    assert decoder.faults == 0


@pytest.mark.parametrize("shape", [(2, 2), (2, 300), (7, 7), (480, 9)])
def test_a_strange_frame_is_no_fault(shape: tuple[int, int]) -> None:
    decoder = Decoder(ALL_FORMATS)

    assert [decoder.read(frame_of(np.zeros(shape, np.uint8), n)) for n in range(4)] == [()] * 4
    assert decoder.faults == 0


def test_a_frame_that_breaks_a_decoder_is_counted_and_the_next_one_read() -> None:
    decoder = Decoder(("qr",))
    broken = Frame(np.zeros((4, 4, 3, 2), np.uint8), 0, 1)
    after_it = frame_of(qr_picture(segno.make(b"next", micro=False)), 2)

    assert decoder.read(broken) == ()
    assert decoder.faults == 1
    assert [candidate.payload for candidate in decoder.read(after_it)] == [b"next"]


def test_the_frames_pixels_are_left_alone() -> None:
    for frame in film((Shown(payload=TICKET, blur_modules=0.7),), frames=8):
        before = frame.grey.copy()
        Decoder(ALL_FORMATS).read(frame)
        assert np.array_equal(frame.grey, before)


def test_an_empty_lane_is_read_as_empty() -> None:
    decoder = Decoder(ALL_FORMATS)
    lane = [frame_of(empty_lane(n, walker=0.5), n) for n in range(2 * QUIET_FRAMES)]

    assert [decoder.read(frame) for frame in lane] == [()] * len(lane)


def test_a_code_that_was_there_before_the_gate_started_is_read() -> None:
    frames = list(film((Shown(payload=TICKET),), frames=1))

    assert [c.payload for c in Decoder(("qr",)).read(frames[-1])] == [TICKET]


EAN_CARD = Shown(payload=CARD, symbology="ean13", medium="card", px_per_module=3)


def test_bars_that_both_decoders_read_alike_are_agreed() -> None:
    decoder = Decoder(("ean13",), PreparedOpinion(CARD))
    _, found = first_read(decoder, film((EAN_CARD,), frames=6))

    assert [(c.payload, c.agreed) for c in found] == [(CARD, True)]


@pytest.mark.parametrize("opinion", [PreparedOpinion(), PreparedOpinion(b"4006381333948")])
def test_bars_that_only_one_decoder_reads_are_single(opinion: PreparedOpinion) -> None:
    _, found = first_read(Decoder(("ean13",), opinion), film((EAN_CARD,), frames=6))

    assert [(c.payload, c.agreed) for c in found] == [(CARD, False)]


def test_an_agreed_value_is_not_asked_about_in_every_frame() -> None:
    opinion = PreparedOpinion(CARD)
    all_reads(Decoder(("ean13",), opinion), film((EAN_CARD,), frames=12))

    assert opinion.asked == 1


def test_a_ticket_is_never_asked_about() -> None:
    opinion = PreparedOpinion()
    all_reads(Decoder(("qr", "ean13"), opinion), film((Shown(payload=TICKET),), frames=4))

    assert opinion.asked == 0


def test_a_upc_a_card_is_an_ean_13_for_a_gate_that_asks_for_no_upc_a() -> None:
    shown = Shown(payload=b"0036602301467", symbology="ean13", medium="card", px_per_module=3)
    _, found = first_read(Decoder(("ean13",)), film((shown,), frames=6))
    _, as_upca = first_read(Decoder(("ean13", "upca")), film((shown,), frames=6))

    assert [(c.payload, c.symbology) for c in found] == [(b"0036602301467", "ean13")]
    assert [(c.payload, c.symbology) for c in as_upca] == [(b"036602301467", "upca")]


def test_closing_a_decoder_closes_its_second_opinion() -> None:
    opinion = PreparedOpinion()
    decoder = Decoder(("ean13",), opinion)
    decoder.close()

    assert opinion.is_closed


def test_a_gate_without_bars_starts_no_second_decoder() -> None:
    decoder = build_decoder(("qr", "aztec"))

    assert decoder.fault is None
    decoder.close()


def test_a_gate_with_bars_reads_a_card_that_libzbar_confirms() -> None:
    decoder = build_decoder(("qr", "ean13"))
    card = list(film((EAN_CARD,), frames=2))[-1]
    seconds = count(1)

    def is_agreed() -> bool:
        later = replace(card, captured_ms=1_000 * next(seconds))
        return any(candidate.agreed for candidate in decoder.read(later))

    assert eventually(is_agreed)
    decoder.close()


def test_the_second_opinion_can_be_switched_off() -> None:
    decoder = build_decoder(("ean13",), second_opinion=False)
    _, found = first_read(decoder, film((EAN_CARD,), frames=6))

    assert [(c.payload, c.agreed) for c in found] == [(CARD, False)]


def test_boxes_join_grow_and_meet() -> None:
    box, other = Box(10, 10, 20, 20), Box(30, 5, 40, 15)

    assert box.joined(other) == Box(10, 5, 40, 20)
    assert box.grown(50, Box(0, 0, 60, 60)) == Box(0, 0, 60, 60)
    assert not box.overlaps(other)
    assert box.overlaps(Box(19, 19, 50, 50))
