"""Tickets: figures 4 and 20 of docs/performance.md, and what a bad ticket costs.

Law: every time stands beside a bare Ed25519 verification, measured by turns in the same seconds, as CPU time of this
process. No test asserts a time.

Use: `python benchmarks/token_bench.py`.

Source: docs/credentials.md, "The signed ticket"; docs/performance.md.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time_ns

import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from figures import Figure, show

from scanner.core import base45
from scanner.core.token import Claims, KeyRing, TicketKey, encode, seed_signer, verify
from scanner.core.units import Instant, SnapshotSeq, TypeNo

ROUNDS = 150
CALLS = 20
SITE = "museum"
SEED = bytes(range(32))
ID = bytes.fromhex("f0e1d2c3b4a5968778695a4b3c2d1e0f")

TYPICAL = {
    "membership": Claims(ID, TypeNo(300)),
    "annual pass": Claims(ID, TypeNo(300), not_after=Instant(1_773_183_600_000)),
    "match with seat": Claims(
        ID,
        TypeNo(300),
        not_before=Instant(1_785_513_600_000),
        not_after=Instant(1_785_628_800_000),
        max_total=1,
        seat="A-12",
    ),
    "renewal token": Claims(
        ID,
        TypeNo(300),
        not_after=Instant(1_804_719_600_000),
        issued_seq=SnapshotSeq(1_773_000_000),
    ),
}


def rows() -> list[Figure]:
    """One row a figure: its number, what, value, unit, and what it must and should be."""
    return [*_times(), *_versions()]


def _times() -> list[Figure]:
    signer, public = seed_signer(SEED)
    ring = KeyRing(SITE, [TicketKey(kid=signer.kid, public=public, site=SITE)])
    good = encode(TYPICAL["annual pass"], signer)
    forged = _changed(good, at=-1)
    unknown = _changed(good, at=10)
    oversized = b"TK1:" + b"0" * 4_000
    bare = _bare_verification()
    work = {
        "good": lambda: verify(good, ring),
        "forged": lambda: verify(forged, ring),
        "unknown key": lambda: verify(unknown, ring),
        "oversized": lambda: verify(oversized, ring),
    }
    ratio = _ratios(bare, work)
    return [
        _row(4, "verify a signed ticket / bare Ed25519 verify", ratio["good"], "x", 1.3, 1.15),
        *(
            _row(None, f"verify, {name} / a good one", ratio[name] / ratio["good"], "x", 2.0, 1.1)
            for name in ("forged", "unknown key", "oversized")
        ),
    ]


def _versions() -> list[Figure]:
    signer, _ = seed_signer(SEED)
    found = []
    for name, claims in TYPICAL.items():
        text = encode(claims, signer)
        code = segno.make_qr(text.decode("ascii"), error="m", boost_error=False)
        size = len(base45.decode(text[4:]) or b"")
        found.append(
            _row(20, f"QR version at level M, {name}, {size} bytes", int(code.version), "", 8, 7)
        )
    return found


def _bare_verification() -> Callable[[], None]:
    """The floor: the same signature over as many bytes, with a prepared key."""
    private = Ed25519PrivateKey.from_private_bytes(SEED)
    public = private.public_key()
    signed = bytes(57)
    signature = private.sign(signed)
    return lambda: public.verify(signature, signed)


def _changed(token: bytes, at: int) -> bytes:
    message = bytearray(base45.decode(token[4:]) or b"")
    message[at] ^= 1
    return b"TK1:" + base45.encode(bytes(message))


def _ratios(bare: Callable[[], object], work: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median, over the rounds, of each piece's CPU time against the bare one's in the same round."""
    found: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        floor = _cpu_ns(bare)
        for name, call in work.items():
            found[name].append(_cpu_ns(call) / floor)
    return {name: median(values) for name, values in found.items()}


def _cpu_ns(call: Callable[[], object]) -> int:
    began = process_time_ns()
    for _ in range(CALLS):
        call()
    return process_time_ns() - began


def _row(figure: int | None, what: str, value: float, unit: str, must: float, aim: float) -> Figure:
    return Figure(figure, what, value, unit, must, aim)


if __name__ == "__main__":
    show(rows())
