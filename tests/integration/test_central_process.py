"""The central as a process: it serves, publishes what other processes change, speaks TLS, and ends when told."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from scanner.core.errors import ConfigError, StoreError
from server_stub.api.background import BackgroundPublisher
from server_stub.api.serving import Serving, build_server, is_loopback
from server_stub.central import Central, open_central
from server_stub.folder import Folder
from server_stub.gates.certificates import load_spki_sha256
from server_stub.publishing.publisher import load_newest_seq
from server_stub.selling.codes import revoke_code
from support.central_site import CentralClock, museum, sell_annual
from support.eventually import eventually


def newest(central: Central) -> int:
    with central.database.read() as connection:
        return load_newest_seq(connection)


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    with museum(tmp_path) as made:
        yield made


@pytest.fixture
def publisher(central: Central) -> Iterator[BackgroundPublisher]:
    made = BackgroundPublisher(central, every_s=0.01, refresh_s=900)
    yield made
    made.stop()


def test_a_process_serves_publishes_what_another_sells_and_ends_when_told(tmp_path: Path) -> None:
    with museum(tmp_path) as central:
        command = "from server_stub.cli import main; main()"
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", command, "serve", "--json", "--port", "0"),
                *("--dir", str(tmp_path / "central"), "--publish-every", "0.05"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            assert requests.get(f"{url}/v1/health", timeout=10).json() == {"status": "ok"}
            assert eventually(lambda: newest(central) > 0, 30)
            before = newest(central)
            sell_annual(central)
            assert eventually(lambda: newest(central) > before, 30)
        finally:
            process.send_signal(signal.SIGTERM)
            _out, said = process.communicate(timeout=30)

    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["grants"] for line in lines if line["message"] == "published"][-1] == 1
    assert {line["level"] for line in lines} == {"info"}


def test_a_revocation_is_published_without_anybody_asking(
    central: Central, publisher: BackgroundPublisher
) -> None:
    sold = sell_annual(central)
    publisher.start()
    assert eventually(lambda: newest(central) > 0)
    first = newest(central)
    with central.database.write() as connection:
        revoke_code(connection, sold.credential_no, 5)

    assert eventually(lambda: newest(central) > first)


def test_nothing_is_published_while_nothing_changes(
    central: Central, publisher: BackgroundPublisher
) -> None:
    publisher.start()
    assert eventually(lambda: newest(central) > 0)
    first = newest(central)

    assert not eventually(lambda: newest(central) > first, 0.3)


def test_an_unchanged_site_is_published_anew_so_that_gates_know_it_lives(
    central: Central, publisher: BackgroundPublisher
) -> None:
    assert isinstance(central.clock, CentralClock)
    publisher.start()
    assert eventually(lambda: newest(central) > 0)
    first = newest(central)
    central.clock.now += 900_000

    assert eventually(lambda: newest(central) > first)


def test_a_failed_publication_is_said_once_and_tried_again(
    central: Central, publisher: BackgroundPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    key = central.folder.keys / "tuf-site.pem"
    away = key.rename(key.with_suffix(".away"))
    publisher.start()
    assert eventually(lambda: "secret_unreadable" in caplog.text)
    away.rename(key)

    assert eventually(lambda: newest(central) > 0)
    assert len([r for r in caplog.records if "secret_unreadable" in r.getMessage()]) == 1


def test_a_publisher_that_never_started_can_be_stopped(publisher: BackgroundPublisher) -> None:
    publisher.stop()
    publisher.stop()

    assert not publisher._thread.is_alive()


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("central.example", False),
    ],
)
def test_only_this_machine_is_served_without_tls(
    central: Central, host: str, *, is_ours: bool
) -> None:
    assert is_loopback(host) is is_ours
    if not is_ours:
        with pytest.raises(ConfigError) as caught:
            build_server(central, Serving(host=host))
        assert caught.value.code == "tls_missing"


def certificate(folder: Path) -> tuple[Path, Path, str]:
    """A self-signed certificate for 127.0.0.1, its key, and the hash of its public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "central")])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=9_000))
        .sign(key, SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(made.public_bytes(Encoding.PEM))
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return cert_path, key_path, hashlib.sha256(spki).hexdigest()


def test_tls_is_spoken_with_the_key_that_gates_can_pin(central: Central, tmp_path: Path) -> None:
    cert_path, key_path, pin = certificate(tmp_path)
    addresses: list[str] = []
    server = build_server(
        central, Serving(port=0, tls_cert=cert_path, tls_key=key_path), addresses.append
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert eventually(lambda: bool(addresses))
    shown = ssl.get_server_certificate(("127.0.0.1", int(addresses[0].rsplit(":", 1)[1])))
    server.should_exit = True
    thread.join(20)

    assert addresses[0].startswith("https://127.0.0.1:")
    assert load_spki_sha256(cert_path) == pin
    assert shown.strip() == cert_path.read_text().strip()


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_a_certificate_that_is_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cert.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_spki_sha256(path)

    assert caught.value.code == "tls_unreadable"


def test_a_folder_that_lost_its_database_is_not_silently_begun_anew(tmp_path: Path) -> None:
    with museum(tmp_path) as central:
        folder = central.folder
    folder.database.unlink()

    with pytest.raises(StoreError) as caught:
        open_central(Folder(folder.path).path, CentralClock())
    assert caught.value.code == "database_missing"
