"""Codes: no bytes crash a parser, what is written is read, and nothing else is."""

from __future__ import annotations

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from scanner.core import base45, rotating
from scanner.core.credential import (
    Opaque,
    Rotating,
    Signed,
    Unreadable,
    clean,
    normalised,
    opaque_key,
    parse,
    signed_key,
)
from scanner.core.presentation import Presentations
from scanner.core.reasons import Reason
from scanner.core.token import Claims, Refusal, encode, verify
from scanner.core.units import SECOND_MS, Direction, Instant, MonoMs, SnapshotSeq, TypeNo
from support.tickets import OWN, RING, protected_of, sealed, tampered

texts = st.text(st.sampled_from(base45.ALPHABET.decode()), max_size=300).map(str.encode)
codes = (
    st.binary(max_size=200)
    | texts
    | st.sampled_from([b"TK1:", b"TR1:", b"\\000026"]).flatmap(
        lambda prefix: (st.binary(max_size=60) | texts).map(lambda rest: prefix + rest)
    )
)
times = st.none() | st.integers(0, 253_402_300_799).map(lambda at: Instant(at * SECOND_MS))
numbers = st.integers(0, 2**32 - 1)
seats = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1, max_size=64
).filter(lambda label: len(label.encode()) <= 64)


@st.composite
def legal_claims(draw: st.DrawFn) -> Claims:
    """Anything an issuer may state."""
    not_after = draw(times)
    seqs = st.none() if not_after is None else st.none() | st.integers(0, 2**40 - 1)
    issued_seq = draw(seqs)
    return Claims(
        credential_id=draw(st.binary(min_size=16, max_size=16)),
        type_no=TypeNo(draw(numbers)),
        not_before=draw(times),
        not_after=not_after,
        max_total=draw(st.none() | st.integers(1, 2**32 - 1)),
        seat=draw(st.none() | seats),
        issued_seq=None if issued_seq is None else SnapshotSeq(issued_seq),
    )


def by_the_book(text: bytes) -> bytes | None:
    """RFC 9285 step by step."""
    values = [base45.ALPHABET.find(letter) for letter in text]
    if len(values) % 3 == 1 or -1 in values:
        return None
    raw = bytearray()
    for at in range(0, len(values), 3):
        group = values[at : at + 3]
        number = sum(value * 45**place for place, value in enumerate(group))
        size = len(group) - 1
        if number >= 256**size:
            return None
        raw += number.to_bytes(size)
    return bytes(raw)


@given(st.binary(max_size=600))
def test_base45_reads_what_it_writes(raw: bytes) -> None:
    assert base45.decode(base45.encode(raw)) == raw


@given(texts | st.binary(max_size=40))
def test_base45_reads_as_the_rfc_says_and_each_text_is_the_only_one(text: bytes) -> None:
    raw = base45.decode(text)
    assert raw == by_the_book(text)
    assert raw is None or base45.encode(raw) == text


@given(codes)
def test_cleaning_is_done_once(raw: bytes) -> None:
    cleaned = clean(raw)
    assert clean(cleaned) == cleaned
    assert raw.find(cleaned) >= 0


@given(codes, st.none() | st.sampled_from(["qr", "ean8", "upca", "EAN-13", "", "?"]))
def test_every_code_is_exactly_one_kind(code: bytes, symbology: str | None) -> None:
    credential = parse(code, symbology)
    match credential:
        case Signed(token):
            assert token == code
        case Rotating(at_s, totp, token):
            assert code == f"TR1:{at_s}+{totp}+".encode() + token.removeprefix(b"TK1:")
        case Opaque(value):
            assert value == normalised(code, symbology)
            assert normalised(value, symbology) == value
        case Unreadable(why):
            assert why


@given(st.binary(max_size=64), st.binary(max_size=64), st.binary(max_size=64))
def test_a_signed_and_an_opaque_code_never_share_a_key(
    pepper: bytes, secret: bytes, code: bytes
) -> None:
    assert len(signed_key(pepper, secret)) == len(opaque_key(pepper, code)) == 16
    assert signed_key(pepper, secret) != opaque_key(pepper, code)


@given(legal_claims())
def test_what_is_issued_is_read(claims: Claims) -> None:
    assert verify(encode(claims, OWN), RING) == claims


@given(codes | codes.map(lambda code: b"TK1:" + base45.encode(code)))
def test_no_bytes_crash_the_verifier(code: bytes) -> None:
    assert isinstance(verify(code, RING), Refusal)


@given(legal_claims(), st.data())
def test_no_changed_ticket_is_accepted(claims: Claims, data: st.DataObject) -> None:
    token = encode(claims, OWN)
    size = len(base45.decode(token[4:]) or b"")
    judged = verify(tampered(token, data.draw(st.integers(0, size - 1))), RING)
    assert judged in {Refusal(Reason.BAD_SIGNATURE), Refusal(Reason.UNKNOWN_KEY)}


@given(legal_claims(), st.data())
def test_no_cut_or_stretched_ticket_is_accepted(claims: Claims, data: st.DataObject) -> None:
    token = encode(claims, OWN)
    at = data.draw(st.integers(0, len(token) - 1))
    extra = data.draw(texts.filter(bool))
    for changed in (token[:at], token + extra, token[:at] + extra + token[at:]):
        assert verify(changed, RING) == Refusal(Reason.BAD_SIGNATURE) or changed == token


labels = st.sampled_from([4, 5, 7, -1, -2, -3, -4]) | st.integers(-30, 30)
values = (
    numbers
    | st.binary(min_size=15, max_size=17)
    | st.text(max_size=5)
    | st.floats()
    | st.booleans()
    | st.none()
)
payloads = (
    st.dictionaries(labels, values, max_size=7).map(cbor2.dumps)
    | st.binary(max_size=300)
    | st.tuples(st.integers(-(2**40), 2**40), st.binary(max_size=40)).map(
        lambda drawn: cbor2.dumps({7: bytes(16), -1: drawn[0]}) + drawn[1]
    )
)


@given(payloads)
def test_of_well_signed_payloads_only_the_issuers_own_form_is_read(payload: bytes) -> None:
    token = sealed(payload)
    claims = verify(token, RING)
    assert isinstance(claims, Refusal) or encode(claims, OWN) == token


@given(st.binary(max_size=80), st.binary(max_size=40))
def test_no_signed_headers_crash_the_verifier(protected: bytes, unprotected: bytes) -> None:
    token = sealed(cbor2.dumps({7: bytes(16), -1: 7}), protected=protected, unprotected=unprotected)
    is_ours = protected == protected_of() and unprotected == b"\xa0"
    assert isinstance(verify(token, RING), Claims) is is_ours


@given(legal_claims(), st.integers(0, 4_102_444_800), st.binary(min_size=20, max_size=20))
def test_a_rotating_code_is_good_when_it_is_shown(claims: Claims, at_s: int, key: bytes) -> None:
    token = encode(claims, OWN)
    code = parse(rotating.encode(token, key, at_s))
    assert isinstance(code, Rotating)
    assert (code.at_s, code.token) == (at_s, token)
    assert rotating.judge(code, key, Instant(at_s * SECOND_MS)) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"A", b"B", b""]),
            st.sampled_from(Direction),
            st.integers(0, 2_000),
            st.sampled_from(["read", "await", "passed", "forget"]),
        ),
        max_size=30,
    )
)
def test_presentations_agree_with_a_plain_diary(
    happenings: list[tuple[bytes, Direction, int, str]],
) -> None:
    state = Presentations(debounce_ms=3_000)
    diary: dict[tuple[bytes, Direction], int] = {}
    pending = None
    now = 0
    for code, direction, elapsed, what in happenings:
        now += elapsed
        shown = (code, direction)
        if what == "read":
            recent = shown in diary and now - diary[shown] < 3_000
            is_on_its_way = pending is not None and pending[0] == code
            is_same, state = state.see(code, direction, MonoMs(now))
            assert is_same is (code == b"" or recent or is_on_its_way)
            diary[shown] = now
        elif what == "await":
            state, pending = state.awaiting(code, direction), shown
        elif what == "passed":
            state, pending = state.passed(), None
        else:
            state = state.forget(code, direction)
            diary.pop(shown, None)
            pending = None if pending == shown else pending
