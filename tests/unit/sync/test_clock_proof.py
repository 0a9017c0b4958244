"""What signed time proves."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.core.errors import CentralError
from sync.clock_proof import ROUND_TRIP_MOST_MS, Asked, TimeProof, is_signed_by, verify_time
from sync.wire import TimeReply, time_statement, to_base64

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {"k1": KEY.public_key().public_bytes_raw()}
NOW = 1_775_000_000_000


def asked(round_trip_ms: int = 40) -> Asked:
    return Asked(
        nonce="n-1", boot="b-1", sent_mono_ms=5_000, received_mono_ms=5_000 + round_trip_ms
    )


def signed(now: int = NOW, nonce: str = "n-1", kid: str = "k1") -> TimeReply:
    return TimeReply(now, nonce, kid, to_base64(KEY.sign(time_statement(now, nonce))))


def test_a_signed_time_holds_at_the_instant_its_answer_came_plus_half_the_way() -> None:
    assert verify_time(signed(), asked(40), KEYS) == TimeProof(
        boot="b-1", mono_ms=5_040, now_ms=NOW + 20, kid="k1"
    )


@pytest.mark.parametrize(
    ("reply", "question", "code"),
    [
        (signed(nonce="old"), asked(), "time_nonce_wrong"),
        (signed(), asked(ROUND_TRIP_MOST_MS + 1), "time_too_slow"),
        (signed(), asked(-1), "time_too_slow"),
        (signed(kid="k2"), asked(), "central_key_unknown"),
        (TimeReply(NOW + 1, "n-1", "k1", signed().signature), asked(), "time_signature_bad"),
        (TimeReply(NOW, "n-1", "k1", "no base64!"), asked(), "time_signature_bad"),
        (TimeReply(NOW, "n-1", "k1", ""), asked(), "time_signature_bad"),
    ],
)
def test_what_proves_nothing_is_refused_with_its_reason(
    reply: TimeReply, question: Asked, code: str
) -> None:
    with pytest.raises(CentralError) as caught:
        verify_time(reply, question, KEYS)
    assert caught.value.code == code


def test_a_stored_key_that_is_no_key_signs_nothing() -> None:
    assert not is_signed_by({"k": b"short"}, "k", signed().signature, b"anything")


def test_a_proof_says_the_time_later_in_its_boot_and_nothing_about_others() -> None:
    proof = TimeProof(boot="b-1", mono_ms=1_000, now_ms=NOW, kid="k1")

    assert proof.now_at("b-1", 4_000) == NOW + 3_000
    assert proof.now_at("b-2", 4_000) is None
    assert proof.now_at("b-1", 999) is None
