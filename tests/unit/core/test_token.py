"""The signed ticket: one shape, four refusals, small enough for a small QR code."""

from __future__ import annotations

import cbor2
import pytest
import segno

from scanner.core import base45
from scanner.core.errors import InputError
from scanner.core.reasons import Reason
from scanner.core.token import (
    SEAT_MAX_BYTES,
    Claims,
    KeyRing,
    KeyState,
    Refusal,
    TicketKey,
    encode,
    key_id,
    outer_seconds,
    seed_signer,
    verify,
)
from scanner.core.units import Instant, Interval, SnapshotSeq, TypeNo
from support.tickets import (
    ANNUAL,
    CREDENTIAL_ID,
    EXTREME,
    MEMBERSHIP,
    OTHER_SITE,
    OWN,
    RING,
    SEEDS,
    SIGNERS,
    SITE,
    TYPICAL,
    protected_of,
    sealed,
    tampered,
    ticket,
    ticket_key,
)

GOOD = cbor2.dumps({7: CREDENTIAL_ID, -1: 7})
SECOND = 1_000


def reason(token: bytes, ring: KeyRing = RING) -> Reason | None:
    """Why a text is no ticket; None when it is one."""
    judged = verify(token, ring)
    return judged.reason if isinstance(judged, Refusal) else None


@pytest.mark.parametrize("name", [*TYPICAL, *EXTREME])
def test_what_was_issued_is_what_is_read(name: str) -> None:
    claims = (TYPICAL | EXTREME)[name]
    assert verify(ticket(claims), RING) == claims


def test_the_seal_of_these_tests_is_the_issuers() -> None:
    assert sealed(GOOD) == ticket(MEMBERSHIP)


@pytest.mark.parametrize(
    ("name", "most_bytes", "version"),
    [
        ("membership", 106, 7),
        ("annual pass", 114, 7),
        ("match with seat", 130, 8),
        ("renewal token", 118, 8),
    ],
)
def test_figure_20_a_typical_ticket_fits_a_small_qr_code(
    name: str, most_bytes: int, version: int
) -> None:
    text = ticket(TYPICAL[name])
    assert len(base45.decode(text[4:]) or b"") <= most_bytes <= 130
    code = segno.make_qr(text.decode("ascii"), error="m", boost_error=False)
    assert code.mode == "alphanumeric"
    assert int(code.version) <= version <= 8


def test_s55_any_changed_byte_of_a_ticket_is_refused() -> None:
    token = ticket(TYPICAL["match with seat"])
    size = len(base45.decode(token[4:]) or b"")
    answers = {reason(tampered(token, at)) for at in range(size)}
    assert answers == {Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY}
    kid = {reason(tampered(token, at)) for at in range(8, 16)}
    assert kid == {Reason.UNKNOWN_KEY}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("unknown", Reason.UNKNOWN_KEY),
        ("revoked", Reason.KEY_REVOKED),
        ("other_site", Reason.WRONG_SITE),
    ],
)
def test_who_signed_it_decides(key: str, expected: Reason) -> None:
    assert reason(ticket(key=key)) is expected


@pytest.mark.parametrize("key", ["revoked", "other_site"])
def test_a_keys_status_is_judged_only_after_its_signature(key: str) -> None:
    assert reason(tampered(ticket(key=key))) is Reason.BAD_SIGNATURE


def test_a_revoked_key_of_another_site_is_revoked() -> None:
    ring = KeyRing(SITE, [ticket_key("own", site=OTHER_SITE, state=KeyState.REVOKED)])
    assert reason(ticket(), ring) is Reason.KEY_REVOKED


def test_a_type_that_its_key_may_not_sign_is_as_good_as_not_signed() -> None:
    ring = KeyRing(SITE, [ticket_key("own", types=frozenset({ANNUAL}))])
    assert reason(ticket(MEMBERSHIP), ring) is Reason.BAD_SIGNATURE
    assert reason(ticket(TYPICAL["annual pass"]), ring) is None


def test_a_gate_without_keys_knows_no_key() -> None:
    assert reason(ticket(), KeyRing(SITE, [])) is Reason.UNKNOWN_KEY


WELL_SIGNED_BUT = {
    "no map": cbor2.dumps([7, CREDENTIAL_ID]),
    "nothing": cbor2.dumps({}),
    "no id": cbor2.dumps({-1: 7}) + bytes(20),
    "no type": cbor2.dumps({7: CREDENTIAL_ID, -2: 7}),
    "id of 15 bytes": cbor2.dumps({7: CREDENTIAL_ID[:15], -1: 7, -2: 300}),
    "id as text": cbor2.dumps({7: "x" * 16, -1: 7}),
    "unknown claim": cbor2.dumps({6: 1, 7: CREDENTIAL_ID, -1: 7}),
    "unknown private claim": cbor2.dumps({7: CREDENTIAL_ID, -1: 7, -5: 1}),
    "labels not sorted": cbor2.dumps({-1: 7, 7: CREDENTIAL_ID}),
    "a label twice": b"\xa3\x07\x50" + CREDENTIAL_ID + b"\x20\x07\x20\x08",
    "count too high": b"\xa3" + GOOD[1:],
    "count too low": b"\xa2" + cbor2.dumps({7: CREDENTIAL_ID, -1: 7, -2: 1})[1:],
    "map without length": b"\xbf" + GOOD[1:] + b"\xff",
    "map length of two bytes": b"\xb8\x02" + GOOD[1:],
    "bytes after the map": GOOD + b"\x00",
    "cut short": GOOD[:-1] + b"\x18",
    "integer of two bytes that needs one": GOOD[:-1] + b"\x18\x07",
    "integer of three bytes that needs two": GOOD[:-1] + b"\x19\x00\x80",
    "integer of five bytes that needs three": GOOD[:-1] + b"\x1a\x00\x00\x80\x00",
    "integer of nine bytes that needs five": b"\xa3\x04\x1b" + bytes(4) + b"\xff" * 4 + GOOD[1:],
    "type as float": cbor2.dumps({7: CREDENTIAL_ID, -1: 7.0}),
    "label as float": cbor2.dumps({7.0: CREDENTIAL_ID, -1: 7}),
    "type as bool": cbor2.dumps({7: CREDENTIAL_ID, -1: True}),
    "type as null": cbor2.dumps({7: CREDENTIAL_ID, -1: None}),
    "type as bignum": GOOD[:-1] + b"\xc2\x41\x07",
    "type below 0": cbor2.dumps({7: CREDENTIAL_ID, -1: -7}),
    "type above 32 bits": cbor2.dumps({7: CREDENTIAL_ID, -1: 2**32}),
    "no entries at all": cbor2.dumps({7: CREDENTIAL_ID, -1: 7, -2: 0}),
    "end as text": cbor2.dumps({4: "2026-01-01", 7: CREDENTIAL_ID, -1: 7}),
    "end as float": cbor2.dumps({4: 1.5e9, 7: CREDENTIAL_ID, -1: 7}),
    "end with a date tag": b"\xa3\x04\xc1\x1a\x70\x00\x00\x00" + GOOD[1:],
    "end before 1970": cbor2.dumps({4: -1, 7: CREDENTIAL_ID, -1: 7}),
    "end in the year 10000": cbor2.dumps({4: 253_402_300_800, 7: CREDENTIAL_ID, -1: 7}),
    "start in the year 10000": cbor2.dumps({5: 253_402_300_800, 7: CREDENTIAL_ID, -1: 7}),
    "seat empty": cbor2.dumps({7: CREDENTIAL_ID, -1: 7, -3: ""}),
    "seat as bytes": cbor2.dumps({7: CREDENTIAL_ID, -1: 7, -3: b"A-12"}),
    "seat of 65 bytes": cbor2.dumps({7: CREDENTIAL_ID, -1: 7, -3: "x" * (SEAT_MAX_BYTES + 1)}),
    "seat that is no UTF-8": b"\xa3" + GOOD[1:] + b"\x22\x62\xc3\x28",
    "long seat that is no UTF-8": b"\xa3" + GOOD[1:] + b"\x22\x78\x18" + b"\xff" * 24,
    "seat with a line end": cbor2.dumps({7: CREDENTIAL_ID, -1: 7, -3: "A\n12"}),
    "seat written backwards": cbor2.dumps({7: CREDENTIAL_ID, -1: 7, -3: "\u202e21-A"}),
    "seat in pieces": b"\xa3" + GOOD[1:] + b"\x22\x7f\x62A-\x6212\xff",
    "seat length of two bytes that needs one": b"\xa3" + GOOD[1:] + b"\x22\x78\x04A-12",
    "renewal without an end": cbor2.dumps({7: CREDENTIAL_ID, -1: 7, -4: 1_773_000_000}),
    "256 bytes": GOOD + bytes(256 - len(GOOD)),
}


@pytest.mark.parametrize("name", WELL_SIGNED_BUT)
def test_claims_that_no_issuer_of_ours_would_sign_are_as_good_as_not_signed(name: str) -> None:
    assert reason(sealed(WELL_SIGNED_BUT[name])) is Reason.BAD_SIGNATURE


OTHER_SHAPES = {
    "untagged": sealed(GOOD, start=b"\x84"),
    "tag 98, COSE_Sign": sealed(GOOD, start=b"\xd8\x62\x84"),
    "tagged as CWT too": sealed(GOOD, start=b"\xd8\x3d\xd2\x84"),
    "array without length": sealed(GOOD, start=b"\xd2\x9f", end=b"\xff"),
    "array of five": sealed(GOOD, start=b"\xd2\x85", end=b"\x00"),
    "bytes after the message": sealed(GOOD, end=b"\x00"),
    "another algorithm": sealed(GOOD, protected=cbor2.dumps({1: -7, 4: OWN.kid})),
    "no algorithm": sealed(GOOD, protected=cbor2.dumps({4: OWN.kid})),
    "algorithm not protected": sealed(
        GOOD, protected=cbor2.dumps({4: OWN.kid}), unprotected=cbor2.dumps({1: -8})
    ),
    "kid not protected": sealed(
        GOOD, protected=cbor2.dumps({1: -8}), unprotected=cbor2.dumps({4: OWN.kid})
    ),
    "kid of four bytes": sealed(GOOD, protected=cbor2.dumps({1: -8, 4: OWN.kid[:4]})),
    "headers not sorted": sealed(GOOD, protected=cbor2.dumps({4: OWN.kid, 1: -8})),
    "unknown critical header": sealed(
        GOOD, protected=cbor2.dumps({1: -8, 2: [99], 4: OWN.kid, 99: 1})
    ),
    "unknown header": sealed(GOOD, protected=cbor2.dumps({1: -8, 4: OWN.kid, 99: 1})),
    "unknown unprotected header": sealed(GOOD, unprotected=b"\xa1\x01\x26"),
    "protected header without length": sealed(
        GOOD, protected=b"\xbf" + protected_of()[1:] + b"\xff"
    ),
    "nothing signed": sealed(b""),
}


@pytest.mark.parametrize("name", OTHER_SHAPES)
def test_a_message_in_any_other_shape_is_refused_although_its_signature_is_good(name: str) -> None:
    assert reason(OTHER_SHAPES[name]) is Reason.BAD_SIGNATURE


def test_a_payload_size_that_is_not_the_shortest_is_refused() -> None:
    message = base45.decode(sealed(GOOD)[4:]) or b""
    payload_at = message.index(GOOD)
    assert message[payload_at - 1] == 0x40 | len(GOOD)
    for head in (
        b"\x58" + bytes((len(GOOD),)),
        b"\x59\x00" + bytes((len(GOOD),)),
        b"\x57",
        b"\x56",
    ):
        changed = message[: payload_at - 1] + head + message[payload_at:]
        assert reason(b"TK1:" + base45.encode(changed)) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"TK1",
        b"TK1:",
        b"TK1:A",
        b"TK1:0",
        b"TK1:000",
        b"tk1:" + ticket()[4:],
        ticket()[4:],
        ticket().lower(),
        ticket() + b" ",
        ticket()[:-1],
        ticket()[:-3],
        b"TK1:" + ticket(),
        b"TK1:" + b":" * 100,
        b"TK1:" + b"0" * 4_000,
        b"TK1:\xff\xff\xff",
    ],
)
def test_a_text_that_is_none_is_a_bad_signature(text: bytes) -> None:
    assert reason(text) is Reason.BAD_SIGNATURE


def test_a_ticket_over_512_bytes_is_not_even_decoded() -> None:
    longest = b"TK1:" + base45.encode(bytes(512))
    assert reason(longest) is reason(longest + b"0") is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "claims",
    [
        MEMBERSHIP._replace(credential_id=b"short"),
        MEMBERSHIP._replace(type_no=TypeNo(-1)),
        MEMBERSHIP._replace(not_after=Instant(1_500)),
        MEMBERSHIP._replace(not_before=Instant(-SECOND)),
        MEMBERSHIP._replace(max_total=0),
        MEMBERSHIP._replace(seat=""),
        MEMBERSHIP._replace(seat="x" * 65),
        MEMBERSHIP._replace(issued_seq=SnapshotSeq(1)),
    ],
)
def test_an_issuer_is_told_at_once_what_no_gate_would_read(claims: Claims) -> None:
    with pytest.raises(RuntimeError):
        encode(claims, OWN)


def test_a_printed_ticket_never_shortens_a_right() -> None:
    assert outer_seconds(Interval(Instant(1_999), Instant(2_001))) == Interval(
        Instant(1_000), Instant(3_000)
    )
    assert outer_seconds(Interval(Instant(1_000), Instant(2_000))) == Interval(
        Instant(1_000), Instant(2_000)
    )
    assert outer_seconds(Interval(None, None)) == Interval(None, None)


def test_a_key_is_named_by_the_hash_of_itself() -> None:
    signer, public = seed_signer(SEEDS["own"])
    assert signer.kid == key_id(public) == SIGNERS["own"].kid
    assert len(signer.kid) == 8


@pytest.mark.parametrize(
    ("kid", "public"),
    [(key_id(b"short"), b"short"), (b"12345678", seed_signer(SEEDS["own"])[1])],
)
def test_a_damaged_key_is_a_clear_error_without_the_key(kid: bytes, public: bytes) -> None:
    with pytest.raises(InputError) as caught:
        KeyRing(SITE, [TicketKey(kid=kid, public=public, site=SITE)])
    assert caught.value.code == "ticket_key_damaged"
    assert public.hex() not in str(caught.value)
