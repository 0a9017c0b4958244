"""The line to the central: sockets, TLS and deadlines, under requests.

Law: a certificate's chain and name are always judged, its dates by the central's signed time and never by this
device's clock: a gate that woke up in 1970 must reach the central that can tell it the time. With a pinned key
(``tls_spki_sha256``, from enrolment) the pin replaces the chain. One deadline bounds a whole message, so a peer that
sends a byte now and then holds nobody up; who sends much gets the time that it takes on the slowest line. Redirects and
proxies from the environment are never followed.

Source: docs/sync.md, "The line"; RFC 5280, 4.1.2.5 and 4.1.2.7; OpenSSL, X509_VERIFY_PARAM_set_flags(3).
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, cast

import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME, which Python's ssl does not name."""
SECOND_MS = 1_000


class CertificateRefusedError(ssl.SSLError):
    """The certificate is not the pinned one, or not valid at the central's signed time."""


class Line(HTTPAdapter):
    """The requests adapter of one contact.

    Args:
        ca_file: certificates to trust instead of requests' own.
        spki_sha256: hex SHA-256 of the only public key to trust, instead of a chain.
    """

    def __init__(self, *, ca_file: Path | None = None, spki_sha256: str | None = None) -> None:
        self.judged_at_ms: int | None = None
        """The signed time by which certificate dates are judged; None before it is known: not judged."""
        self.sending_s = 0.0
        """How long a body may take to leave; 0 = what is left of the connect timeout."""
        self.ca_file = ca_file
        self.spki_sha256 = spki_sha256
        self._connection: HTTPConnection | None = None
        self._has_expired = False
        self._timer: threading.Timer | None = None
        self._timing = threading.Lock()
        self._allowed_s = 0.0
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Build the pools of our own connections."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._build_tls_context())
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self)

    def _build_tls_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | NO_CHECK_TIME)
        # a pinned key may be anybody's, under any name
        context.check_hostname = self.spki_sha256 is None
        return context

    def use(self, connection: HTTPConnection) -> None:
        """A connection is being opened; the deadline acts on the newest one."""
        self._connection = connection

    def give_time(self, connection: HTTPConnection) -> None:
        """What is sent now may take `sending_s`: urllib3 would give a whole body the time of a connect."""
        if connection.sock is not None and self.sending_s:
            connection.sock.settimeout(self.sending_s)

    def require_time(self) -> None:
        """A name look-up cannot be cut: what it used up is noticed here.

        Raises:
            TimeoutError: the deadline has passed.
        """
        if self._has_expired:
            raise TimeoutError

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Cut the line when the block takes longer.

        Raises:
            TimeoutError: instead of whatever the cut looked like from inside.
        """
        self._has_expired, self._allowed_s = False, 0.0
        self._start_timer(seconds)
        try:
            yield
        except Exception as error:
            if self._has_expired:
                raise TimeoutError(f"over {seconds:g} s") from error
            raise
        finally:
            self._stop_timer()
        if self._has_expired:
            raise TimeoutError(f"over {seconds:g} s")

    def allow(self, seconds: float) -> None:
        """Something came: the deadline is so much later."""
        with self._timing:
            self._allowed_s += seconds

    def _start_timer(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def _stop_timer(self) -> None:
        with self._timing:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _expire(self) -> None:
        with self._timing:
            if self._timer is None:
                return
            allowed_s, self._allowed_s = self._allowed_s, 0.0
            if allowed_s:
                self._start_timer(allowed_s)
                return
            self._has_expired = True
        self.cut()

    def cut(self) -> None:
        """End whatever the line is doing, from another thread."""
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            # shutdown wakes the reading thread, close alone would not
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def verify_certificate(self, der: bytes | None) -> None:
        """Judge what the chain check left open: the pin, and the dates.

        Raises:
            CertificateRefusedError: with the reason in words.
        """
        if der is None:
            raise CertificateRefusedError("the central showed no certificate")
        certificate = x509.load_der_x509_certificate(der)
        if self.spki_sha256 is not None and spki_sha256(certificate) != self.spki_sha256.lower():
            raise CertificateRefusedError("its key is not the one pinned at enrolment")
        if self.judged_at_ms is None:
            return
        at = datetime.fromtimestamp(self.judged_at_ms // SECOND_MS, UTC)
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise CertificateRefusedError(
                f"its certificate is valid {certificate.not_valid_before_utc:%Y-%m-%d} to"
                f" {certificate.not_valid_after_utc:%Y-%m-%d}, the central says it is {at:%Y-%m-%d}"
            )


def spki_sha256(certificate: x509.Certificate) -> str:
    """Hex SHA-256 of a certificate's public key (SubjectPublicKeyInfo)."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def build_http(line: Line) -> requests.Session:
    """A requests session that knows nothing but this line."""
    http = requests.Session()
    http.trust_env = False
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    # a pin replaces the chain: its one key may sign itself
    if line.spki_sha256 is not None:
        http.verify = False
    elif line.ca_file is not None:
        http.verify = str(line.ca_file)
    for prefix in ("https://", "http://"):
        http.mount(prefix, line)
    return http


def _pool_classes(line: Line) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections report to ``line``: urllib3 takes classes, not objects."""

    class PlainConnection(HTTPConnection):
        def connect(self) -> None:
            line.use(self)
            super().connect()
            line.require_time()

        def send(self, data: Any) -> None:
            line.give_time(self)
            super().send(data)

    class TlsConnection(HTTPSConnection):
        def connect(self) -> None:
            line.use(self)
            super().connect()
            line.require_time()
            tls = cast("ssl.SSLSocket", self.sock)
            line.verify_certificate(tls.getpeercert(binary_form=True))
            # after the pin: urllib3 would warn of an unverified peer
            self.is_verified = True

        def send(self, data: Any) -> None:
            line.give_time(self)
            super().send(data)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return {"http": PlainPool, "https": TlsPool}
