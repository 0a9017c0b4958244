"""What a frame is worth: tries are spread over frames, and a quiet lane costs next to nothing."""

from __future__ import annotations

from scanner.reading.candidate import Box
from scanner.tries import (
    CHANGE_MARGIN_PX,
    FOLLOW_FRAMES,
    FOLLOW_MARGIN_PX,
    FULL_LOOK_EVERY_MS,
    QUIET_FRAMES,
    Try,
    TryPlan,
)

WHOLE = Box(0, 0, 1280, 720)
SMALL = Box(500, 300, 700, 500)
LARGE = Box(100, 50, 1200, 700)
FRAME_MS = 33


def planned(plan: TryPlan, changed: Box | None, frames: int, start_ms: int = 0) -> list[list[Try]]:
    return [plan.tries(changed, WHOLE, start_ms + n * FRAME_MS) for n in range(frames)]


def test_a_change_is_looked_at_with_a_margin() -> None:
    [first, *_] = TryPlan(("qr",)).tries(SMALL, WHOLE, 0)

    assert first.box == SMALL.grown(CHANGE_MARGIN_PX, WHOLE)


def test_dark_mode_is_tried_on_every_other_frame() -> None:
    looks = planned(TryPlan(("qr",)), SMALL, 6)

    assert [tries[0].invert for tries in looks] == [False, True] * 3


def test_of_four_unread_frames_one_is_sharpened_and_one_enlarged_and_thresholded() -> None:
    looks = planned(TryPlan(("qr",)), SMALL, 4)

    assert [len(tries) for tries in looks] == [1, 1, 2, 3]
    assert looks[2][1].sharpen
    assert looks[3][1].scale == 2
    assert looks[3][2].by_histogram


def test_a_large_region_is_neither_sharpened_nor_enlarged() -> None:
    looks = planned(TryPlan(("qr",)), LARGE, 8)

    assert {len(tries) for tries in looks} == {1}


def test_bars_are_looked_for_in_one_frame_of_three_in_any_direction() -> None:
    looks = planned(TryPlan(("qr", "code128")), SMALL, 6)
    with_bars = [any("code128" in t.formats and t.rotate for t in tries) for tries in looks]

    assert with_bars == [False, True, False] * 2


def test_a_gate_for_bars_only_looks_for_them_in_every_frame() -> None:
    looks = planned(TryPlan(("code128",)), SMALL, 6)

    assert all(tries[0].formats == ("code128",) for tries in looks)


def test_on_the_whole_frame_other_matrix_formats_take_turns() -> None:
    looks = planned(TryPlan(("qr", "aztec", "pdf417")), LARGE, 6)
    formats = [tries[0].formats for tries in looks]

    assert formats == [
        ("qr",),
        ("qr", "aztec"),
        ("qr",),
        ("qr", "pdf417"),
        ("qr",),
        ("qr", "aztec"),
    ]


def test_a_gate_without_qr_looks_for_what_it_has() -> None:
    looks = planned(TryPlan(("aztec", "datamatrix")), LARGE, 2)

    assert {tries[0].formats for tries in looks} == {("datamatrix", "aztec")} or {
        tries[0].formats for tries in looks
    } == {("aztec", "datamatrix")}


def test_a_read_code_is_followed_where_it_was_as_it_was_read() -> None:
    plan = TryPlan(("qr", "code128"))
    [[first, *_]] = planned(plan, SMALL, 1)
    plan.note_read(Box(550, 350, 650, 450), first)
    [followed] = plan.tries(SMALL, WHOLE, FRAME_MS)

    assert followed.box == Box(550, 350, 650, 450).grown(FOLLOW_MARGIN_PX, WHOLE)
    assert followed.formats == first.formats


def test_while_a_code_is_followed_one_frame_of_three_looks_for_others() -> None:
    plan = TryPlan(("qr",))
    planned(plan, SMALL, 1)
    found = Try(SMALL, ("qr",))
    around = []
    for frame in range(6):
        plan.note_read(Box(550, 350, 560, 360), found)
        [first, *_] = plan.tries(SMALL, WHOLE, frame * FRAME_MS)
        around.append(first.box == SMALL.grown(CHANGE_MARGIN_PX, WHOLE))

    assert around == [False, True, False] * 2


def test_a_code_that_is_gone_is_followed_for_six_frames_only() -> None:
    plan = TryPlan(("qr",))
    planned(plan, SMALL, 1)
    plan.note_read(Box(550, 350, 560, 360), Try(SMALL, ("qr",)))
    boxes = [tries[0].box for tries in planned(plan, SMALL, 12)]

    assert boxes[0] == Box(550, 350, 560, 360).grown(FOLLOW_MARGIN_PX, WHOLE)
    assert set(boxes[FOLLOW_FRAMES:]) == {SMALL.grown(CHANGE_MARGIN_PX, WHOLE)}


def test_a_quiet_lane_is_looked_at_twice_a_second_as_a_whole() -> None:
    plan = TryPlan(("qr",))
    planned(plan, SMALL, 1)
    planned(plan, None, QUIET_FRAMES)
    looks = planned(plan, None, 60, start_ms=10_000)
    worked = [n * FRAME_MS for n, tries in enumerate(looks) if tries]

    assert len(worked) == 1 + 59 * FRAME_MS // FULL_LOOK_EVERY_MS
    assert all(tries[0].box == WHOLE for tries in looks if tries)


def test_a_quiet_lane_is_searched_for_every_kind_of_code_in_turn() -> None:
    plan = TryPlan(("qr", "aztec", "code128"))
    planned(plan, None, QUIET_FRAMES)
    looks = [plan.tries(None, WHOLE, 60_000 + n * FULL_LOOK_EVERY_MS) for n in range(12)]

    assert {len(tries) for tries in looks} == {1}
    assert {name for [look] in looks for name in look.formats} == {"qr", "aztec", "code128"}
    assert {look.invert for [look] in looks} == {False, True}


def test_a_code_that_is_held_still_is_looked_for_again_where_it_was() -> None:
    plan = TryPlan(("qr", "aztec", "code128"))
    planned(plan, None, QUIET_FRAMES)
    found = Try(SMALL, ("code128",), rotate=True)
    again = []
    for n in range(6):
        plan.note_read(Box(550, 350, 560, 360), found)
        [look] = plan.tries(None, WHOLE, 60_000 + n * FULL_LOOK_EVERY_MS)
        again.append(look.formats == ("code128",) and look.box != WHOLE)

    assert again.count(True) == 4


def test_what_just_stopped_moving_is_looked_at_where_it_was() -> None:
    plan = TryPlan(("qr",))
    planned(plan, SMALL, 1)
    [first, *_] = plan.tries(None, WHOLE, FRAME_MS)

    assert first.box == SMALL.grown(CHANGE_MARGIN_PX, WHOLE)
