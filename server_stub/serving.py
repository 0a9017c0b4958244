"""The running server: where it listens, with or without TLS, and how it ends.

Law: plain http only on this machine's own addresses; anything else needs a certificate or is refused before it starts.
SIGTERM and SIGINT finish what is under way. The one catch-all of this process is in `server_stub.problems`.

Source: docs/central.md, "Serving".
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.core.errors import ConfigError
from server_stub.background import BackgroundPublisher
from server_stub.central import Central
from server_stub.http import build_app

GRACE_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How to serve. ``port`` 0 = any free one. ``publish_every_s`` 0 = only by hand."""

    host: str = "127.0.0.1"
    port: int = 8377
    tls_cert: Path | None = None
    tls_key: Path | None = None
    publish_every_s: float = 2.0
    refresh_s: float = 900.0


def build_server(central: Central, wish: Serving) -> uvicorn.Server:
    """A server that is ready to run.

    Raises:
        ConfigError: ``tls_missing``, ``tls_incomplete``.
    """
    _require_safe(wish)
    config = uvicorn.Config(
        build_app(central),
        host=wish.host,
        port=wish.port,
        ssl_certfile=None if wish.tls_cert is None else str(wish.tls_cert),
        ssl_keyfile=None if wish.tls_key is None else str(wish.tls_key),
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=256,
    )
    return uvicorn.Server(config)


def serve(central: Central, wish: Serving) -> None:
    """Serves and publishes until it is told to end."""
    server = build_server(central, wish)
    publisher = BackgroundPublisher(central, wish.publish_every_s, wish.refresh_s)
    if wish.publish_every_s:
        publisher.start()
    try:
        server.run()
    finally:
        publisher.stop()


def load_spki_sha256(tls_cert: Path) -> str:
    """What a gate may pin: the SHA-256 (hex) of the certificate's public key.

    Raises:
        ConfigError: ``tls_unreadable``.
    """
    try:
        certificate = x509.load_pem_x509_certificate(tls_cert.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            "tls_unreadable",
            f"{str(tls_cert)!r} is no PEM certificate that can be read",
            "name the file that `serve --tls-cert` uses",
        ) from error
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def is_loopback(host: str) -> bool:
    """True for this machine's own addresses."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_safe(wish: Serving) -> None:
    if (wish.tls_cert is None) != (wish.tls_key is None):
        raise ConfigError(
            "tls_incomplete",
            "a certificate needs its key, and a key its certificate; nothing was started",
            "give both --tls-cert and --tls-key, or neither",
        )
    if wish.tls_cert is None and not is_loopback(wish.host):
        raise ConfigError(
            "tls_missing",
            f"host {wish.host!r} is not this machine alone, and there is no certificate; nothing was started",
            "give --tls-cert and --tls-key, or serve 127.0.0.1 behind a proxy that speaks TLS",
        )
