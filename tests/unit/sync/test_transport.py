"""TLS as a gate with a wrong clock needs it, on a real loopback socket."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from support.certificates import VALID, Identity, issue, save_pem
from support.fixed_clock import FixedClock
from support.scripted_server import ScriptedServer, reply
from sync.central_faults import LineError
from sync.client import CentralClient
from sync.settings import SyncSettings
from sync.transport import spki_sha256
from sync.wire import NonceReply

DAY = timedelta(days=1)


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def serve(folder: Path, identity: Identity) -> ScriptedServer:
    """A central that gives nonces over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(save_pem(folder / "server.pem", identity))
    return ScriptedServer(
        lambda _heard: reply(msgspec.json.encode(NonceReply("nonce-over-tls"))), tls=context
    )


@pytest.fixture(scope="module")
def authority() -> Identity:
    return issue("a test's authority", address=None)


@pytest.fixture
def settings(tmp_path: Path, authority: Identity) -> SyncSettings:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    return SyncSettings(
        data_dir=tmp_path, runtime_dir=tmp_path, key_path=tmp_path / "key", ca_file=ca_file
    )


@pytest.fixture
def central(tmp_path: Path, authority: Identity) -> Iterator[ScriptedServer]:
    with serve(tmp_path, issue("central", authority)) as server:
        yield server


def test_a_gate_whose_clock_is_wrong_by_decades_can_still_ask_the_time(
    central: ScriptedServer, settings: SyncSettings
) -> None:
    with CentralClient(central.url, settings, FixedClock(now_ms=0)) as line:
        assert line.fetch_nonce() == "nonce-over-tls"


def test_from_the_signed_time_on_the_dates_of_certificates_count(
    central: ScriptedServer, settings: SyncSettings
) -> None:
    with CentralClient(central.url, settings, FixedClock(now_ms=0)) as line:
        line.judge_certificates_at(ms(VALID + DAY))
        assert line.fetch_nonce() == "nonce-over-tls"

        for wrong in (VALID - DAY, VALID + 91 * DAY):
            line.judge_certificates_at(ms(wrong))
            with pytest.raises(LineError) as caught:
                line.fetch_nonce()
            assert caught.value.code == "central_certificate_refused"
            assert f"it is {wrong:%Y-%m-%d}" in caught.value.message


def test_a_chain_to_nobody_we_know_is_refused_whatever_the_time(
    tmp_path: Path, settings: SyncSettings
) -> None:
    with (
        serve(tmp_path, issue("impostor")) as server,
        CentralClient(server.url, settings, FixedClock()) as line,
        pytest.raises(LineError) as caught,
    ):
        line.fetch_nonce()

    assert caught.value.code == "central_tls_bad"
    assert server.heard == []


def test_a_certificate_for_another_name_is_refused(
    tmp_path: Path, settings: SyncSettings, authority: Identity
) -> None:
    with (
        serve(tmp_path, issue("other", authority, "127.0.0.2")) as server,
        CentralClient(server.url, settings, FixedClock()) as line,
        pytest.raises(LineError) as caught,
    ):
        line.fetch_nonce()

    assert caught.value.code == "central_tls_bad"


@pytest.mark.filterwarnings("error")
def test_a_pinned_key_needs_no_authority(tmp_path: Path, settings: SyncSettings) -> None:
    own = issue("a central of its own making")
    pin = spki_sha256(own.certificate).upper()
    plain = replace(settings, ca_file=None)

    with (
        serve(tmp_path, own) as server,
        CentralClient(server.url, plain, FixedClock(), spki_sha256=pin) as line,
    ):
        assert line.fetch_nonce() == "nonce-over-tls"


def test_another_key_than_the_pinned_one_is_refused_before_anything_is_sent(
    central: ScriptedServer, settings: SyncSettings
) -> None:
    pin = spki_sha256(issue("somebody else").certificate)

    with (
        CentralClient(central.url, settings, FixedClock(), spki_sha256=pin) as line,
        pytest.raises(LineError) as caught,
    ):
        line.fetch_nonce()

    assert caught.value.code == "central_certificate_refused"
    assert "not the one pinned" in caught.value.message
    assert central.heard == []


def test_a_peer_that_speaks_no_tls_is_named(settings: SyncSettings) -> None:
    with ScriptedServer(lambda _heard: reply()) as server:
        url = server.url.replace("http:", "https:")
        with CentralClient(url, settings, FixedClock()) as line, pytest.raises(LineError) as caught:
            line.fetch_nonce()

    assert caught.value.code in {"central_tls_bad", "central_cut_off"}
