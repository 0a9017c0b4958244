"""The running server: where it listens, with or without TLS, and how it ends.

Law: plain http only on this machine's own addresses; anything else needs a certificate or is refused before it starts.
SIGTERM and SIGINT finish what is under way. The one catch-all of this process is in `server_stub.api.problems`.

Source: docs/central.md, "Serving".
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from scanner.core.errors import ConfigError
from server_stub.api.background import BackgroundPublisher
from server_stub.api.http import build_app
from server_stub.api.notices import Notices
from server_stub.central import Central
from server_stub.gates.certificates import load_spki_sha256

GRACE_S = 5
CONNECTIONS_MOST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How to serve. ``port`` 0 = any free one. ``publish_every_s`` 0 = only by hand."""

    host: str = "127.0.0.1"
    port: int = 8377
    tls_cert: Path | None = None
    tls_key: Path | None = None
    publish_every_s: float = 0.1
    refresh_s: float = 900.0


class Server(uvicorn.Server):
    """A server that says where it listens once it does, and ends the streams that gates hold before it ends."""

    def __init__(
        self, config: uvicorn.Config, say: Callable[[str], None], notices: Notices
    ) -> None:
        super().__init__(config)
        self._say = say
        self.notices = notices

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As inherited, and then the address: with port 0 nobody knew it before."""
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
            self._say(f"{'https' if self.config.is_ssl else 'http'}://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As inherited, without waiting for who only listens."""
        self.notices.close()
        await super().shutdown(sockets)


def build_server(
    central: Central, wish: Serving, say: Callable[[str], None] = lambda _url: None
) -> Server:
    """A server that is ready to run.

    Raises:
        ConfigError: ``tls_missing``, ``tls_incomplete``, ``tls_unreadable``, ``tls_key_unreadable``.
    """
    _require_safe(wish)
    _require_readable(wish)
    notices = Notices(central)
    config = uvicorn.Config(
        build_app(central, notices),
        host=wish.host,
        port=wish.port,
        ssl_certfile=None if wish.tls_cert is None else str(wish.tls_cert),
        ssl_keyfile=None if wish.tls_key is None else str(wish.tls_key),
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=CONNECTIONS_MOST,
    )
    return Server(config, say, notices)


def serve(central: Central, wish: Serving, say: Callable[[str], None]) -> None:
    """Serves and publishes until it is told to end.

    Raises:
        ConfigError: as `build_server`, and ``address_unusable``.
    """
    server = build_server(central, wish, say)
    _require_free(wish)
    publisher = BackgroundPublisher(
        central, wish.publish_every_s, wish.refresh_s, server.notices.stir
    )
    if wish.publish_every_s:
        publisher.start()
    try:
        server.run()
    finally:
        publisher.stop()


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


def _require_free(wish: Serving) -> None:
    """Told before anything is published, in words: uvicorn only logs it."""
    family = socket.AF_INET6 if ":" in wish.host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((wish.host, wish.port))
    except OSError as error:
        raise ConfigError(
            "address_unusable",
            f"nobody can listen at {wish.host} port {wish.port} ({error.strerror}); nothing was started",
            "end the program that has the port (`ss -ltnp` shows it), or give another --port or --host",
        ) from error


def _require_readable(wish: Serving) -> None:
    if wish.tls_cert is None or wish.tls_key is None:
        return
    load_spki_sha256(wish.tls_cert)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(wish.tls_cert, wish.tls_key, password="")
    except OSError as error:
        raise ConfigError(
            "tls_key_unreadable",
            f"{str(wish.tls_key)!r} is no PEM key without a password that belongs to the certificate",
            "give the key that the certificate was made with; nothing was started",
        ) from error
