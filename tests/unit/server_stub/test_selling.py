"""From an order to a code, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scanner.core import credential as credentials
from scanner.core import token as tokens
from scanner.core.errors import InputError, StoreError
from scanner.core.grants import AccessGrant, GrantState
from scanner.core.reasons import Reason
from scanner.core.units import SECOND_MS
from server_stub.api.forms import CodeKind, RuleForm, SaleForm, TypeForm
from server_stub.central import Central
from server_stub.rules.orders import OrderState
from server_stub.selling.catalogue import add_type, change_rule
from server_stub.selling.codes import (
    find_by_payload,
    find_by_ticket,
    replace_code,
    revoke_code,
    show_code,
)
from server_stub.selling.issuer import qr_png, qr_svg, qr_version, seal, unseal
from server_stub.selling.orders import deny_ticket, load_grant, move_order
from server_stub.selling.sales import Sold, sell
from server_stub.site import load_site
from server_stub.store import tables
from server_stub.store.changes import load_rights_count
from support.central_site import CentralClock, museum, rows, sell_annual
from support.databases import NewDatabase

TICKET_MOST_BYTES = 130
QR_VERSION_MOST = 8


@pytest.fixture
def clock() -> CentralClock:
    return CentralClock()


@pytest.fixture
def central(tmp_path: Path, clock: CentralClock, new_database: NewDatabase) -> Iterator[Central]:
    with museum(tmp_path, clock, new_database()) as made:
        yield made


def grant_of_ticket(central: Central, sold: Sold) -> AccessGrant:
    with central.database.read() as connection:
        return load_grant(connection, sold.ticket_id)


def verified(central: Central, payload: str) -> tokens.Claims:
    keys = central.secrets.tickets
    ring = tokens.KeyRing(
        "museum",
        [tokens.TicketKey(kid=bytes.fromhex(keys.kid), public=keys.public, site="museum")],
    )
    claims = tokens.verify(payload.encode(), ring)
    assert isinstance(claims, tokens.Claims)
    return claims


def rights_count(central: Central) -> int:
    with central.database.read() as connection:
        return load_rights_count(connection)


def write(central: Central, change: Any, *arguments: Any) -> Any:
    with central.database.write() as connection:
        return change(connection, *arguments)


def test_a_signed_ticket_is_one_that_gates_accept(central: Central) -> None:
    sold = sell_annual(central)
    claims = verified(central, sold.payload)
    (pepper,) = central.secrets.peppers.values()
    with central.database.read() as connection:
        keys = connection.execute(select(tables.credential_key.c.key)).scalars().all()

    assert (claims.type_no, claims.not_after) == (1, None)
    assert keys == [credentials.signed_key(pepper, claims.credential_id)]
    assert sold.valid_until == grant_of_ticket(central, sold).valid_until


def test_a_signed_ticket_fits_a_small_qr_code(central: Central) -> None:
    plain, seated = sell_annual(central), sell_annual(central, seat="Balcony left, row 12, seat 34")
    for sold in (plain, seated):
        assert qr_version(sold.payload) <= QR_VERSION_MOST
    assert len(plain.payload) * 2 / 3 <= TICKET_MOST_BYTES


def test_a_dated_type_puts_its_dates_into_the_ticket(central: Central) -> None:
    form = TypeForm(name="day", validity="0 days after purchase", is_renewable=False)
    with central.database.write() as connection:
        add_type(connection, form, load_site(connection).calendar)
    sold = sell(central, SaleForm(type="day"))
    claims = verified(central, sold.payload)

    assert sold.valid_until is not None
    assert sold.valid_from is not None
    assert claims.not_after == sold.valid_until
    assert claims.not_before == sold.valid_from // SECOND_MS * SECOND_MS


def test_an_opaque_code_is_made_or_taken_from_a_card(central: Central) -> None:
    made = sell_annual(central, kind=CodeKind.OPAQUE)
    card = sell_annual(central, kind=CodeKind.OPAQUE, code="MEMBER-0001")

    assert len(made.payload) == 16
    assert card.payload == "MEMBER-0001"


def test_an_ean_card_is_found_by_its_thirteen_digits(central: Central) -> None:
    sold = sell_annual(central, kind=CodeKind.OPAQUE, code="012345678905", symbology="upca")
    (pepper,) = central.secrets.peppers.values()
    read = credentials.parse(b"012345678905", "upca")
    assert isinstance(read, credentials.Opaque)
    with central.database.read() as connection:
        key = connection.execute(select(tables.credential_key.c.key)).scalar_one()

    assert key == credentials.opaque_key(pepper, read.code)
    assert sold.kind is CodeKind.OPAQUE


@pytest.mark.parametrize("code", ["", "TK1:ABC", "TR1:1+2+3", "bell\x07", "x" * 5_000])
def test_what_cannot_be_a_card_is_not_sold(central: Central, code: str) -> None:
    with pytest.raises(InputError) as caught:
        sell_annual(central, kind=CodeKind.OPAQUE, code=code)

    assert caught.value.code == "code_bad"
    assert rows(central, tables.customer_order) == 0


def test_a_code_is_never_given_out_twice_not_even_after_it_was_revoked(central: Central) -> None:
    first = sell_annual(central, kind=CodeKind.OPAQUE, code="CARD-1")
    write(central, revoke_code, first.credential_no, 1)
    with pytest.raises(InputError) as caught:
        sell_annual(central, kind=CodeKind.OPAQUE, code="CARD-1")

    assert caught.value.code == "code_taken"
    assert rows(central, tables.ticket) == 1


def test_a_signed_ticket_takes_no_code(central: Central) -> None:
    with pytest.raises(InputError) as caught:
        sell_annual(central, code="CARD-1")

    assert caught.value.code == "code_not_asked"


def test_an_unknown_type_names_the_known_ones_and_sells_nothing(central: Central) -> None:
    with pytest.raises(InputError) as caught:
        sell(central, SaleForm(type="anual"))

    assert caught.value.code == "name_unknown"
    assert "'annual'" in caught.value.hint
    assert rows(central, tables.customer) == 0


def test_one_customer_is_found_by_any_spelling_of_the_address(central: Central) -> None:
    for email in ("Ann@Example.org", " ann@example.org "):
        sell_annual(central, email=email)
    sell_annual(central)

    assert rows(central, tables.customer) == 2


@pytest.mark.parametrize("email", ["", "ann", "@x.org", "a b@x.org", "ann@org", "a@x.\x01org"])
def test_an_address_that_is_none_is_refused_without_repeating_it(
    central: Central, email: str
) -> None:
    with pytest.raises(InputError) as caught:
        sell_annual(central, email=email)

    assert caught.value.code == "email_bad"
    assert not email or email not in caught.value.message


def test_the_database_alone_tells_no_code_and_no_secret(central: Central, tmp_path: Path) -> None:
    signed = sell_annual(central)
    card = sell_annual(central, kind=CodeKind.OPAQUE, code="CARD-SECRET-1")
    (pepper,) = central.secrets.peppers.values()
    with closing(sqlite3.connect(tmp_path / "central" / "central.db")) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (tmp_path / "central" / "central.db").read_bytes()

    for secret in (
        signed.payload.encode(),
        signed.payload.removeprefix("TK1:").encode(),
        card.payload.encode(),
        pepper,
        central.secrets.seal,
    ):
        assert secret not in content


def test_a_code_can_be_shown_again_exactly(central: Central) -> None:
    signed = sell_annual(central, seat="A-12")
    card = sell_annual(central, kind=CodeKind.OPAQUE, code="CARD-1")
    with central.database.read() as connection:
        shown = [
            show_code(connection, central.secrets, sold.credential_no).payload
            for sold in (signed, card)
        ]

    assert shown == [signed.payload, card.payload]


def test_a_sealed_code_opens_with_its_own_key_only(central: Central, tmp_path: Path) -> None:
    sealed = seal(b"CARD-1", central.secrets)
    assert unseal(sealed, central.secrets) == b"CARD-1"
    with (
        museum(tmp_path / "other", has_own_keys=True) as other,
        pytest.raises(StoreError) as caught,
    ):
        unseal(sealed, other.secrets)

    assert caught.value.code == "code_unreadable"
    assert seal(b"CARD-1", central.secrets) != sealed


def test_a_replacement_points_to_the_same_right_and_the_old_card_is_dead(central: Central) -> None:
    sold = sell_annual(central)
    fresh = write(central, replace_code, central.secrets, sold.credential_no, 5)
    with central.database.read() as connection:
        states = dict(
            connection.execute(
                select(tables.credential.c.credential_no, tables.credential.c.state)
            ).all()
        )
        pointing = connection.execute(select(tables.credential_grant)).all()

    assert states == {sold.credential_no: "revoked", fresh.credential_no: "active"}
    assert {row.grant_no for row in pointing} == {sold.grant_no}
    assert verified(central, fresh.payload).credential_id != (
        verified(central, sold.payload).credential_id
    )


def test_a_lost_card_may_be_replaced_by_one_with_a_number(central: Central) -> None:
    sold = sell_annual(central, kind=CodeKind.OPAQUE, code="CARD-1")
    fresh = write(central, replace_code, central.secrets, sold.credential_no, 5, "CARD-2")

    assert fresh.payload == "CARD-2"


def test_a_printed_card_takes_the_place_of_a_signed_ticket(central: Central) -> None:
    sold = sell_annual(central)
    fresh = write(central, replace_code, central.secrets, sold.credential_no, 5, "CARD-3")

    assert (fresh.kind, fresh.payload) == (CodeKind.OPAQUE, "CARD-3")
    found = write(central, find_by_payload, central.secrets, "CARD-3")
    assert found == fresh.credential_no


def test_revoking_again_changes_nothing(central: Central) -> None:
    sold = sell_annual(central)
    write(central, revoke_code, sold.credential_no, 5)
    before = rights_count(central)
    write(central, revoke_code, sold.credential_no, 9)

    assert rights_count(central) == before
    with central.database.read() as connection:
        assert connection.execute(select(tables.credential.c.revoked_at)).scalar_one() == 5


def test_a_credential_is_found_by_its_ticket_or_its_code(central: Central) -> None:
    signed = sell_annual(central)
    card = sell_annual(central, kind=CodeKind.OPAQUE, code="CARD-1")
    with central.database.read() as connection:
        assert find_by_ticket(connection, signed.ticket_id) == [signed.credential_no]
        for sold in (signed, card):
            assert find_by_payload(connection, central.secrets, sold.payload) == sold.credential_no


@pytest.mark.parametrize("payload", ["nobody's", "TK1:GARBAGE", "", "bell\x07"])
def test_a_code_that_is_not_ours_is_said_to_be_so(central: Central, payload: str) -> None:
    with central.database.read() as connection, pytest.raises(InputError) as caught:
        find_by_payload(connection, central.secrets, payload)

    assert caught.value.code == "credential_unknown"
    assert not payload or payload not in str(caught.value)


def test_a_refund_denies_the_right_and_cannot_be_taken_back(
    central: Central, clock: CentralClock
) -> None:
    sold = sell_annual(central)
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        move_order(connection, sold.order_id, OrderState.REFUNDED, clock.now_ms(), calendar)
    grant = grant_of_ticket(central, sold)
    with central.database.write() as connection, pytest.raises(InputError) as caught:
        move_order(connection, sold.order_id, OrderState.COMPLETED, clock.now_ms(), calendar)

    assert (grant.state, grant.deny_reason, grant.version) == (
        GrantState.DENY,
        Reason.CANCELLED,
        2,
    )
    assert caught.value.code == "order_state"


def test_a_denial_can_be_taken_back_and_every_change_raises_the_version(central: Central) -> None:
    sold = sell_annual(central)
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
    write(central, deny_ticket, sold.ticket_id, Reason.UNPAID, calendar)
    denied = grant_of_ticket(central, sold)
    write(central, deny_ticket, sold.ticket_id, Reason.UNPAID, calendar)
    still = grant_of_ticket(central, sold)
    write(central, deny_ticket, sold.ticket_id, None, calendar)
    allowed = grant_of_ticket(central, sold)

    assert (denied.state, denied.deny_reason, denied.version) == (
        GrantState.DENY,
        Reason.UNPAID,
        2,
    )
    assert still == denied
    assert (allowed.state, allowed.version) == (GrantState.ALLOW, 3)


def test_only_reasons_that_a_right_can_have_deny_it(central: Central) -> None:
    sold = sell_annual(central)
    with central.database.write() as connection, pytest.raises(InputError) as caught:
        deny_ticket(connection, sold.ticket_id, Reason.EXPIRED, load_site(connection).calendar)

    assert caught.value.code == "deny_reason_wrong"
    assert "UNPAID" in caught.value.hint


def test_every_change_that_gates_must_hear_of_is_counted(central: Central) -> None:
    before = rights_count(central)
    sold = sell_annual(central)
    after_sale = rights_count(central)
    write(central, revoke_code, sold.credential_no, 5)
    after_revocation = rights_count(central)
    write(central, change_rule, "annual", RuleForm(max_total=3))

    assert before < after_sale < after_revocation < rights_count(central)


def test_pictures_of_a_code_are_pictures(central: Central) -> None:
    sold = sell_annual(central)

    assert qr_png(sold.payload).startswith(b"\x89PNG")
    assert b"<svg" in qr_svg(sold.payload)
