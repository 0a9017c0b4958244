"""Whatever is in a symbol comes out of it, and whatever is in a frame stops nobody."""

from __future__ import annotations

import numpy as np
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.frames import Frame, read_only
from scanner.reading.decode import Decoder
from scanner.reading.linear_values import full_ascii_code39, printed_as
from scanner.reading.symbologies import ALL_FORMATS
from support.examples import examples


@examples(0.6)
@given(payload=st.binary(min_size=1, max_size=300))
def test_a_payload_comes_out_of_a_frame_as_it_went_into_the_symbol(payload: bytes) -> None:
    modules = np.pad(np.array(segno.make(payload, mode="byte", micro=False).matrix, np.uint8), 4)
    picture = np.kron(np.uint8(255) * (1 - modules), np.ones((4, 4), np.uint8))
    found = Decoder(("qr",)).read(Frame(read_only(picture), 0, 1))

    assert [candidate.payload for candidate in found] == [payload]


@examples(0.4)
@given(
    seed=st.integers(0, 2**32 - 1),
    width=st.integers(2, 200),
    height=st.integers(2, 200),
    spread=st.floats(0, 255),
)
def test_no_frame_is_a_fault(seed: int, width: int, height: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    decoder = Decoder(ALL_FORMATS)
    for number in range(4):
        noise = random.normal(128, spread, (height, width))
        grey = np.clip(noise, 0, 255).astype(np.uint8)
        decoder.read(Frame(read_only(grey), number, number))

    assert decoder.faults == 0


@settings(deadline=None)
@given(payload=st.binary(max_size=40), name=st.sampled_from(ALL_FORMATS))
def test_spelling_a_value_never_fails_and_never_adds_to_it(payload: bytes, name: str) -> None:
    _, printed = printed_as(name, payload, ALL_FORMATS)

    assert printed in payload
    assert len(full_ascii_code39(payload)) <= len(payload)
