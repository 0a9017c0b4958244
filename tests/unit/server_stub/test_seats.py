"""Seats in the store: sold once, for a season or one match, moved, added, transferred, released (S67, S70–S75)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scanner.core.errors import InputError
from scanner.core.grants import EventException, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import EventNo, Instant
from server_stub.api.forms import SaleForm
from server_stub.api.season_forms import TimesForm
from server_stub.faults import FieldError
from server_stub.people.import_file import RowsRefusedError
from server_stub.rules.segments import HasRight, RightKind, customer_matches
from server_stub.seating import seasons, seat_transfers
from server_stub.seating.seat_map import import_map, parse_map
from server_stub.seating.seat_sale import SeatSaleForm, sell_seat
from server_stub.selling import checkout, orders
from server_stub.selling.customers import find_customer, load_customer
from server_stub.store.season_tables import event_seat, season_seat, seat_credit
from server_stub.store.seat_rows import CART_HOLD_MS
from support.central_site import rows
from support.databases import NewDatabase
from support.instants import wall
from support.stadium import MATCH, MATCHES, SEASON, STAND, Stadium, match, stadium

BEN, CLEO = "ben@example.org", "cleo@example.org"
BUYERS = 50


@pytest.fixture
def club(tmp_path: Path, new_database: NewDatabase) -> Iterator[Stadium]:
    with stadium(tmp_path, new_database()) as made:
        yield made


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Stadium]:
    """On SQLite only: what is tested is no matter of the database."""
    with stadium(tmp_path) as made:
        yield made


def refusal(act: Any, *arguments: Any, **fields: Any) -> str:
    """The code, and for a refusal of the rules its name."""
    with pytest.raises(InputError) as caught:
        act(*arguments, **fields)
    code, message = caught.value.code, caught.value.message
    return message.partition(":")[0] if code == "seat_refused" else code


def test_s67_fifty_buyers_at_once_of_a_season_or_of_a_match_make_one_sale(club: Stadium) -> None:
    def attempt(seat: str, event: int | None, number: int) -> str:
        try:
            club.buy(seat, f"b{number}@example.org", event)
        except InputError as error:
            return error.code
        return "sold"

    club.buy("A-12", "owner@example.org")
    with ThreadPoolExecutor(BUYERS) as pool:
        owned = list(pool.map(lambda n: attempt("A-12", (None, *MATCHES)[n % 4], n), range(BUYERS)))
        mixed = list(pool.map(lambda n: attempt("A-14", (None, 1)[n % 2], n), range(BUYERS)))

    assert owned == ["seat_refused"] * BUYERS
    assert sorted(mixed) == ["seat_refused"] * (BUYERS - 1) + ["sold"]
    assert club.state("A-12") == ("owned", "owner@example.org")
    assert len({club.holders(event)["A-12"] for event in MATCHES}) == 1


def test_s67_the_database_itself_holds_one_right_a_seat(club: Stadium) -> None:
    ticket = club.buy("A-12").tickets[0].ticket_id
    with pytest.raises(Exception, match=r"(?i)unique"):
        club.do(
            lambda connection: connection.execute(
                event_seat.insert().values(event_no=MATCHES[1], seat="A-12", ticket_id=ticket)
            )
        )

    assert rows(club.central, event_seat) == len(MATCHES)


def test_a_seat_sold_for_one_match_is_not_sold_for_the_season_until_that_is_over(
    quick: Stadium,
) -> None:
    quick.buy("A-12", event=MATCHES[0])

    assert refusal(quick.buy, "A-12", BEN) == "SEAT_TAKEN"
    quick.at("2026-09-06T00:00")
    quick.buy("A-12", BEN)
    assert quick.state("A-12") == ("owned", BEN)


def test_a_seat_in_a_cart_is_kept_and_let_go_by_the_clock_alone(quick: Stadium) -> None:
    def put(email: str, seat: str, event: int | None) -> str:
        with quick.central.database.write() as connection:
            now = quick.clock.now_ms()
            order_id = orders.create_order(connection, email, now)
            form = SaleForm(type=SEASON if event is None else MATCH, seat=seat, event=event)
            checkout.add_line(connection, order_id, form, now)
            return order_id

    season, single = put(BEN, "A-1", None), put(BEN, "A-2", MATCHES[0])
    quick.clock.pass_ms(CART_HOLD_MS - 1)
    assert refusal(quick.buy, "A-1", CLEO) == "SEAT_TAKEN"
    assert refusal(quick.buy, "A-1", CLEO, MATCHES[0]) == "SEAT_TAKEN"
    assert refusal(quick.buy, "A-2", CLEO) == "SEAT_TAKEN"
    quick.clock.pass_ms(1)
    quick.buy("A-1", CLEO)
    quick.buy("A-2", CLEO)

    for late in (season, single):
        assert refusal(quick.do, checkout.place, late, quick.clock.now_ms()) == "SEAT_TAKEN"
    assert quick.state("A-1") == quick.state("A-2") == ("owned", CLEO)


def test_a_refund_frees_the_seat_and_denies_the_card(quick: Stadium) -> None:
    sold = quick.buy("A-12")
    quick.do(checkout.refund, sold.order_id, None, quick.clock.now_ms(), quick.calendar)

    assert quick.right(sold.tickets[0].ticket_id).deny_reason is Reason.CANCELLED
    assert (quick.state("A-12"), quick.holders(MATCHES[0])) == (("available", None), {})
    quick.buy("A-12", BEN)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": SEASON}, "seat_missing"),
        ({"type": SEASON, "seat": "Z-1"}, "seat_unknown"),
        ({"type": MATCH, "seat": "A-1"}, "type_not_for_this"),
        ({"type": SEASON, "seat": "A-1", "event": 1}, "type_not_for_this"),
        ({"type": MATCH, "seat": "A-1", "event": 99}, "match_not_in_season"),
        ({"type": "annual", "event": 1}, "seat_not_asked"),
    ],
)
def test_what_a_sale_of_a_seat_must_say(shared: Stadium, fields: Any, code: str) -> None:
    def put() -> None:
        with shared.central.database.write() as connection:
            order_id = orders.create_order(connection, None, shared.clock.now_ms())
            checkout.add_line(connection, order_id, SaleForm(**fields), shared.clock.now_ms())

    assert refusal(put) == code


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stadium]:
    with stadium(tmp_path_factory.mktemp("shared")) as made:
        yield made


def test_s70_a_match_that_is_added_is_its_holders_and_needs_no_new_code(club: Stadium) -> None:
    card = club.buy("A-12").tickets[0]
    before = club.right(card.ticket_id)
    added = club.do(seasons.add_match, club.central, SEASON, match("2027-03-06"))

    assert club.right(card.ticket_id) == before
    assert club.holders(added) == {"A-12": card.ticket_id}
    assert refusal(club.buy, "A-12", BEN, added) == "SEAT_TAKEN"


def test_s70_a_match_that_is_moved_changes_its_own_tickets_and_no_card(club: Stadium) -> None:
    card = club.buy("A-12").tickets[0].ticket_id
    single = club.buy("A-13", BEN, MATCHES[1]).tickets[0].ticket_id
    before, first = club.right(card), club.right(single)
    times = TimesForm(starts_at="2026-10-04T18:00", ends_at="2026-10-04T20:00")
    club.do(seasons.move_match, MATCHES[1], times, club.clock.now_ms(), club.calendar)
    moved = club.right(single)

    assert club.right(card) == before
    assert (moved.valid_from, moved.valid_until) == (
        wall("2026-10-04T17:00"),
        wall("2026-10-04T20:00"),
    )
    assert moved.version == first.version + 1


def test_a_year_that_was_mistyped_does_not_end_a_match_for_ever(quick: Stadium) -> None:
    gone = match("2026-09-05")
    quick.at("2026-09-06T10:00")
    times = TimesForm(starts_at="2026-08-09T20:00", ends_at="2026-08-09T22:00")
    move = (MATCHES[1], times, quick.clock.now_ms(), quick.calendar)

    assert refusal(quick.do, seasons.add_match, quick.central, SEASON, gone) == "match_over"
    assert refusal(quick.do, seasons.move_match, *move) == "match_over"
    assert quick.buy("A-1", event=MATCHES[1]).total_minor == 2_000


def test_a_match_stays_within_its_season(quick: Stadium) -> None:
    late = match("2027-06-01")
    times = TimesForm(starts_at=late.starts_at, ends_at=late.ends_at)

    assert (
        refusal(quick.do, seasons.add_match, quick.central, SEASON, late) == "match_outside_season"
    )
    move = (seasons.move_match, MATCHES[0], times)
    assert refusal(quick.do, *move, quick.clock.now_ms(), quick.calendar) == "match_outside_season"


def test_a_match_that_is_over_does_not_come_back_to_a_seat_that_was_sold_since(
    quick: Stadium,
) -> None:
    quick.buy("A-12", event=MATCHES[0])
    quick.at("2026-09-06T00:00")
    quick.buy("A-12", BEN)
    times = TimesForm(starts_at="2026-09-20T20:00", ends_at="2026-09-20T22:00")
    move = (seasons.move_match, MATCHES[0], times)

    assert refusal(quick.do, *move, quick.clock.now_ms(), quick.calendar) == "match_over"


def test_a_printed_card_is_the_code_of_one_ticket(quick: Stadium) -> None:
    form = SeatSaleForm(season=SEASON, seat="A-1", code="4711-0815")
    sold = quick.do(sell_seat, quick.central, form)
    several = SeatSaleForm(season=SEASON, seat="A-2", code="4711-0816", per_event=True)

    assert [one.code.payload for one in sold.tickets] == ["4711-0815"]
    assert refusal(quick.do, sell_seat, quick.central, several) == "seat_code_for_several"


def test_a_season_as_one_ticket_a_match_also_for_one_that_is_added(quick: Stadium) -> None:
    sold = quick.buy("A-12", per_event=True)
    quick.do(seasons.add_match, quick.central, SEASON, match("2027-03-06"))
    scopes = {quick.right(one.ticket_id).scope_no for one in sold.tickets}

    assert len(sold.tickets) == len(scopes) == len(MATCHES)
    assert len({one.code.payload for one in sold.tickets}) == len(MATCHES)
    assert quick.holders(EventNo(4))["A-12"] not in {one.ticket_id for one in sold.tickets}
    assert sold.total_minor == 25_000


def test_a_segment_may_ask_who_has_a_card_of_a_season(quick: Stadium) -> None:
    quick.buy("A-12")
    quick.buy("A-13", BEN, MATCHES[1])
    quick.at("2026-09-01T10:00")

    assert [quick.do(held_seasons, who, quick.clock.now) for who in ("ann@example.org", BEN)] == [
        [SEASON],
        [],
    ]


def held_seasons(connection: Any, email: str, now: int) -> list[str]:
    customer = load_customer(connection, find_customer(connection, email).customer_id, now)
    is_one = customer_matches(HasRight(RightKind.SEASON, SEASON), customer, {}, Instant(now))
    return [SEASON] if is_one else []


def test_s71_s73_a_transfer_is_the_recipients_only_once_accepted(club: Stadium) -> None:
    card = club.buy("A-12").tickets[0].ticket_id
    club.do(seat_transfers.offer, MATCHES[2], "A-12", BEN, club.clock.now_ms())
    assert (club.exceptions(card), club.holders(MATCHES[2])) == ([], {"A-12": card})

    given = club.do(seat_transfers.accept, club.central, MATCHES[2], "A-12")
    right = club.right(given.ticket_id)
    assert club.exceptions(card) == [
        EventException(event_no=MATCHES[2], deny_reason=Reason.TRANSFERRED)
    ]
    assert (right.seat, right.state) == ("A-12", GrantState.ALLOW)
    assert (right.valid_from, right.valid_until) == (
        wall("2026-11-07T19:00"),
        wall("2026-11-07T22:00"),
    )
    assert club.holders(MATCHES[1]) == {"A-12": card}

    club.do(seat_transfers.recall, MATCHES[2], "A-12", club.clock.now_ms())
    assert club.exceptions(card) == []
    assert club.right(given.ticket_id).deny_reason is Reason.CANCELLED
    assert club.holders(MATCHES[2]) == {"A-12": card}


@pytest.mark.parametrize("undo", [seat_transfers.reject, seat_transfers.recall])
def test_s73_an_offer_that_is_undone_leaves_the_card_as_it_was(quick: Stadium, undo: Any) -> None:
    card = quick.buy("A-12").tickets[0].ticket_id
    now = quick.clock.now_ms()
    quick.do(seat_transfers.offer, MATCHES[2], "A-12", BEN, now)
    assert refusal(quick.do, seat_transfers.offer, MATCHES[2], "A-12", CLEO, now) == "OFFER_OPEN"
    quick.do(undo, MATCHES[2], "A-12", now)

    assert refusal(quick.do, seat_transfers.accept, quick.central, MATCHES[2], "A-12") == "NO_OFFER"
    assert quick.holders(MATCHES[2]) == {"A-12": card}


def test_s73_three_hours_before_nothing_changes_hands_and_received_is_not_passed_on(
    quick: Stadium,
) -> None:
    quick.buy("A-12")
    now = quick.clock.now_ms()
    for event in MATCHES[1:]:
        quick.do(seat_transfers.offer, event, "A-12", BEN, now)
    quick.do(seat_transfers.accept, quick.central, MATCHES[2], "A-12")
    passing_on = refusal(quick.do, seat_transfers.offer, MATCHES[2], "A-12", CLEO, now)
    quick.at("2026-10-03T17:00")
    late = refusal(quick.do, seat_transfers.accept, quick.central, MATCHES[1], "A-12")

    assert (passing_on, late) == ("RETRANSFER_NOT_ALLOWED", "CUT_OFF_PASSED")


def test_a_card_that_is_refunded_takes_what_was_transferred_of_it_with_it(quick: Stadium) -> None:
    sold = quick.buy("A-12")
    quick.do(seat_transfers.offer, MATCHES[2], "A-12", BEN, quick.clock.now_ms())
    given = quick.do(seat_transfers.accept, quick.central, MATCHES[2], "A-12")
    quick.do(checkout.refund, sold.order_id, None, quick.clock.now_ms(), quick.calendar)

    assert quick.right(given.ticket_id).deny_reason is Reason.CANCELLED
    assert quick.holders(MATCHES[2]) == {}


def test_s74_a_match_given_to_public_sale_locks_the_card_and_credits_its_holder_once(
    club: Stadium,
) -> None:
    card = club.buy("A-12").tickets[0].ticket_id
    now = club.clock.now_ms()
    club.do(seat_transfers.release, MATCHES[1], "A-12", now)
    locked = club.exceptions(card)
    club.do(seat_transfers.take_back, MATCHES[1], "A-12", now)
    unlocked = club.exceptions(card)
    club.do(seat_transfers.release, MATCHES[1], "A-12", now)
    bought = club.buy("A-12", BEN, MATCHES[1])

    assert locked == [EventException(event_no=MATCHES[1], deny_reason=Reason.RESALE)]
    assert unlocked == []
    assert club.exceptions(card) == locked
    assert club.holders(MATCHES[1]) == {"A-12": bought.tickets[0].ticket_id}
    assert rows(club.central, seat_credit) == 1
    assert refusal(club.do, seat_transfers.take_back, MATCHES[1], "A-12", now) == "SEAT_SOLD"
    assert refusal(club.buy, "A-12", CLEO, MATCHES[1]) == "SEAT_TAKEN"

    club.do(checkout.refund, bought.order_id, None, now, club.calendar)
    assert rows(club.central, seat_credit) == 0
    club.do(seat_transfers.take_back, MATCHES[1], "A-12", now)
    assert club.exceptions(card) == []


def test_s75_another_seat_at_one_match_frees_the_old_one_there_and_only_there(
    club: Stadium,
) -> None:
    card = club.buy("A-12").tickets[0].ticket_id
    now = club.clock.now_ms()
    club.do(seat_transfers.change_seat, MATCHES[1], "A-12", "A-14", now)

    assert club.exceptions(card) == [EventException(event_no=MATCHES[1], seat="A-14")]
    assert refusal(club.buy, "A-14", BEN, MATCHES[1]) == "SEAT_TAKEN"
    assert refusal(club.buy, "A-12", BEN, MATCHES[0]) == "SEAT_TAKEN"
    club.buy("A-12", BEN, MATCHES[1])
    assert (
        refusal(club.do, seat_transfers.change_seat, MATCHES[1], "A-14", "A-12", now)
        == "SEAT_TAKEN"
    )
    club.do(seat_transfers.change_seat, MATCHES[2], "A-12", "A-15", now)
    club.do(seat_transfers.change_seat, MATCHES[2], "A-15", "A-12", now)
    with pytest.raises(FieldError) as nowhere:
        club.do(seat_transfers.change_seat, MATCHES[2], "A-12", "Z-9", now)
    assert (nowhere.value.code, nowhere.value.field) == ("seat_unknown", "to_seat")
    assert club.holders(MATCHES[2]) == {"A-12": card}


def test_a_map_is_imported_whole_or_not_at_all_with_every_mistake_and_its_line(
    club: Stadium,
) -> None:
    club.buy("A-12")
    club.buy("A-13", event=MATCHES[0])
    wrong = "seat\nA-1\n\nA-2,x\nA-1\n" + "B" * 41 + "\nB-1\n"
    with pytest.raises(RowsRefusedError) as caught:
        club.do(import_map, SEASON, wrong, club.clock.now_ms())

    assert caught.value.code == "seat_map_wrong"
    assert [(one.line, one.message) for one in caught.value.problems] == [
        (0, "seat 'A-12' is missing, and somebody has it"),
        (0, "seat 'A-13' is missing, and somebody has it"),
        (4, "has 2 values, the first line names 1 columns"),
        (5, "seat 'A-1' stands in line 2 already"),
        (6, f"seat {'B' * 40!r} is not 1 to 40 printable characters"),
    ]
    assert "  line 5: seat 'A-1' stands" in caught.value.message
    assert rows(club.central, season_seat) == 20

    smaller = STAND.replace("A-20\n", "") + "B-1\n"
    seen: list[tuple[int, int]] = []
    now = club.clock.now_ms()
    done = club.do(import_map, SEASON, smaller, now, lambda *told: seen.append(told))
    assert seen == [(1, 2), (2, 2)]
    assert (done.seats, done.added, done.removed) == (20, 1, 1)
    assert refusal(club.buy, "A-20") == "seat_unknown"
    assert club.do(import_map, SEASON, STAND + "B-1\n", club.clock.now_ms()).back == 1


@pytest.mark.parametrize(
    ("text", "seats", "mistakes"),
    [
        ("block,row,number\nNorth,A,12\n", ["North-A-12"], 0),
        ("\ufeffseat\r\nA-1\r\n", ["A-1"], 0),
        ("\ufeffblock;row;number\r\nNord;A;12\r\n", ["Nord-A-12"], 0),
        ("", [], 1),
        ("seat\n", [], 1),
        ("chair\nA-1\n", [], 1),
        ("seat,row\nA-1,A\n", [], 1),
        ('seat\n"A-1\n', [], 1),
        ("block,number\nNorth,\n", [], 1),
    ],
)
def test_the_columns_of_a_map(text: str, seats: list[str], mistakes: int) -> None:
    found, said = parse_map(text)

    assert (found, len(said)) == (seats, mistakes)


@pytest.mark.parametrize(
    ("text", "found", "said"),
    [
        ('[{"row": "A", "number": 12}, {"seat": "B-1"}]', ["A-12", "B-1"], []),
        ('[{"seat": "A-1"}, {"seat": "A-1"}, {"row": "B"}]', [], [(3, "the columns are 'row'")]),
        (
            '[{"seat": "A-1"}, {"seat": "A-1"}]',
            ["A-1"],
            [(2, "seat 'A-1' stands in line 1 already")],
        ),
        ('[{"seat": ["A-1"]}, 7]', [], [(1, "is no flat object"), (2, "is no flat object")]),
        ('[{"seat": "A-1"', [], [(1, "this is no JSON")]),
        ("[]", [], [(2, "there is no seat")]),
    ],
)
def test_a_map_may_be_json_and_everything_wrong_is_said_with_its_place(
    text: str, found: list[str], said: list[tuple[int, str]]
) -> None:
    seats, mistakes = parse_map(text)

    assert seats == found
    assert [(one.line, one.message) for one in mistakes] == said
    assert all(one.hint for one in mistakes)


def test_a_file_of_something_else_is_not_answered_with_a_mistake_for_each_of_its_lines(
    quick: Stadium,
) -> None:
    with pytest.raises(RowsRefusedError) as caught:
        quick.do(import_map, SEASON, "seat\n" + "x,y\n" * 3_000, quick.clock.now_ms())

    assert len(caught.value.problems) == 1_001
    assert caught.value.problems[-1].message == "and 2000 more mistakes from here on"
