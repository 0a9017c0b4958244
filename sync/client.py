"""Requests to the central: signed, bounded in time and size, and every way to fail has a name.

Law: nothing is believed about a reply before it is seen: its size is counted while it comes, its type must be the one
asked for, redirects are not followed, bodies are never decompressed. Plain http goes to this machine only. A nonce is
used for one request; a 401 that brings a fresh one is answered once, by signing again.

Source: docs/sync-protocol.md, "Signed requests" and "Errors"; docs/sync.md, "The line".
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests import PreparedRequest, Response

from scanner.core.errors import ConfigError, InputError
from sync.central_faults import (
    line_error,
    nonce_missing,
    read_capped,
    refusal,
    refuse_html,
    refuse_other_types,
    unreadable,
)
from sync.clock_proof import Clock
from sync.device_key import Signer
from sync.settings import SyncSettings
from sync.signing import sign_request
from sync.transport import Line, build_http
from sync.wire import NONCE_HEADER, NonceReply, parse_message

NONCE_PATH = "/v1/nonce"
REPLY_BYTES = 8 * 1024 * 1024
"""A message from the central, at most."""
PIECE_BYTES = 1_024
"""Of a stream, at once."""
SLOWEST_BYTES_S = 1_024
"""A line slower than this is given up (one of 10 kbit/s has 1,250)."""

_GOOD = (requests.codes.ok, requests.codes.created)
_GOOD_PIECE = (*_GOOD, requests.codes.partial_content)
_NONCE = re.compile(r"[\x21-\x7e]{1,256}")


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom requests are signed."""

    device: str
    signer: Signer


class Held(Protocol):
    """What is here of a file (`sync.partial_file`)."""

    def size(self) -> int:
        """So many bytes."""

    def start_over(self) -> None:
        """Nothing of it counts."""


Reply = TypeVar("Reply")


def parse_central_url(url: str) -> str:
    """The central's address without a trailing slash.

    Raises:
        ConfigError: ``central_url_bad``.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in {"http", "https"}:
        raise _bad_url(url, "it must look like https://central.example")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _bad_url(f"{parts.scheme}://{host}", "it must hold no account, ? or #")
    if parts.scheme == "http" and not _is_loopback(host):
        raise _bad_url(f"http://{host}", "plain http is allowed to this machine only, use https")
    place = f"[{host}]" if ":" in host else host
    place += f":{port}" if port else ""
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def _bad_url(shown: str, why: str) -> ConfigError:
    return ConfigError(
        "central_url_bad",
        f"central.url {shown[:200]!r}: {why}",
        "mend central.url in the configuration, or enrol with --url",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class CentralClient:
    """One contact's requests.

    Args:
        url: the central's address, see `parse_central_url`.
        identity: None before enrolment: then nothing can be signed.
        spki_sha256: the pinned TLS key, if enrolment gave one.
    """

    def __init__(
        self,
        url: str,
        settings: SyncSettings,
        clock: Clock,
        identity: Identity | None = None,
        spki_sha256: str | None = None,
    ) -> None:
        self.url = parse_central_url(url)
        self._settings = settings
        self._clock = clock
        self._identity = identity
        self._line = Line(ca_file=settings.ca_file, spki_sha256=spki_sha256)
        self._http = build_http(self._line)
        self._nonce: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. Idempotent."""
        self._http.close()

    def judge_certificates_at(self, now_ms: int) -> None:
        """From here on certificate dates count, by the central's signed time; a TLS connection begins anew."""
        self._line.judged_at_ms = now_ms
        if self.url.startswith("https:"):
            self._http.close()

    def fetch_nonce(self) -> str:
        """A fresh nonce of the central."""
        self._nonce = _parse_nonce(self.call("GET", NONCE_PATH, NonceReply, is_signed=False).nonce)
        return self._take_nonce()

    def call(
        self,
        method: str,
        path: str,
        kind: type[Reply],
        body: bytes | None = None,
        *,
        is_signed: bool = True,
        limit_bytes: int = REPLY_BYTES,
    ) -> Reply:
        """Send a message and read the one that answers it.

        Raises:
            LineError: nothing whole was heard.
            RefusedError: the answer is not what was asked for.
            CentralError: ``central_oversize``, ``central_reply_unreadable``.
        """
        with (
            self._deadline(self._settings.total_timeout_s + _on_the_slowest_line_s(body)),
            self._open(method, path, body, is_signed=is_signed) as response,
        ):
            refuse_other_types(response)
            raw = b"".join(self._read(response, limit_bytes))
        try:
            return parse_message(kind, raw, limit_bytes)
        except InputError as error:
            raise unreadable(error) from error

    def stream(self, path: str, limit_bytes: int, held: Held | None = None) -> Iterator[bytes]:
        """The bytes of a file, as they come.

        Args:
            path: which file.
            limit_bytes: at most so many come now.
            held: what is here already; told to start over when the whole comes nevertheless, because a central does
                not send pieces.

        Raises:
            LineError: nothing whole was heard.
            RefusedError: the answer is not a file.
            CentralError: ``central_oversize``.
        """
        seconds = self._settings.total_timeout_s + limit_bytes / SLOWEST_BYTES_S
        start = held.size() if held else 0
        with (
            self._deadline(seconds),
            self._open("GET", path, None, is_signed=True, start=start) as response,
        ):
            refuse_html(response)
            if held and start and response.status_code != requests.codes.partial_content:
                held.start_over()
            yield from read_capped(response, limit_bytes)

    def listen(self, path: str) -> Iterator[bytes]:
        """The pieces of a stream as they come, for as long as it is held; what is not taken at once is not kept.

        Raises:
            LineError: the stream ended, or was silent for ``read_timeout_s``.
            RefusedError: the answer is no stream.
        """
        try:
            with self._open("GET", path, None, is_signed=True) as response:
                refuse_html(response)
                yield b""
                yield from response.raw.stream(PIECE_BYTES, decode_content=False)
            raise ConnectionError("the stream ended")
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise line_error(error, self.url) from error

    def cut(self) -> None:
        """End a request that another thread waits for."""
        self._line.cut()

    def _read(self, response: Response, limit_bytes: int) -> Iterator[bytes]:
        """A body as it comes; what came gives the rest its time."""
        for chunk in read_capped(response, limit_bytes):
            self._line.allow(_on_the_slowest_line_s(chunk))
            yield chunk

    @contextlib.contextmanager
    def _open(
        self, method: str, path: str, body: bytes | None, *, is_signed: bool, start: int = 0
    ) -> Iterator[Response]:
        """An answered request whose status is good."""
        response = self._send(method, path, body, is_signed=is_signed, start=start)
        try:
            if response.status_code == requests.codes.unauthorized and is_signed and self._nonce:
                response.close()
                response = self._send(method, path, body, is_signed=is_signed, start=start)
            if response.status_code not in (_GOOD_PIECE if start else _GOOD):
                raise refusal(response)
            yield response
        finally:
            response.close()

    def _send(
        self, method: str, path: str, body: bytes | None, *, is_signed: bool, start: int = 0
    ) -> Response:
        request = self._prepare(method, path, body)
        if start:
            request.headers["Range"] = f"bytes={start}-"
        if is_signed:
            self._sign(request, self._take_nonce() if self._nonce else self.fetch_nonce())
        # a body that waits in this machine's own buffers looks like a silent central
        leaving_s = _on_the_slowest_line_s(body)
        self._line.sending_s = self._settings.connect_timeout_s + leaving_s
        response = self._http.send(
            request,
            stream=True,
            allow_redirects=False,
            timeout=(self._settings.connect_timeout_s, self._settings.read_timeout_s + leaving_s),
            verify=self._http.verify,
        )
        self._nonce = _parse_nonce(response.headers.get(NONCE_HEADER)) or self._nonce
        return response

    def _prepare(self, method: str, path: str, body: bytes | None) -> PreparedRequest:
        headers = {
            "Accept": "application/json, application/octet-stream, text/event-stream",
            "Accept-Encoding": "identity",
            "User-Agent": self._settings.software,
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._http.prepare_request(
            requests.Request(method, self.url + path, headers=headers, data=body)
        )

    def _sign(self, request: PreparedRequest, nonce: str) -> None:
        if self._identity is None:
            raise RuntimeError("a request cannot be signed before enrolment")
        sign_request(
            request,
            device=self._identity.device,
            signer=self._identity.signer,
            nonce=nonce,
            created_ms=self._clock.now_ms(),
        )

    def _take_nonce(self) -> str:
        nonce, self._nonce = self._nonce, None
        if nonce is None:
            raise nonce_missing()
        return nonce

    @contextlib.contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Bound the time, and give every way a line can fail its code."""
        try:
            with self._line.deadline(seconds):
                yield
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise line_error(error, self.url) from error


def _on_the_slowest_line_s(body: bytes | None) -> float:
    return len(body or b"") / SLOWEST_BYTES_S


def _parse_nonce(text: str | None) -> str | None:
    return text if text is not None and _NONCE.fullmatch(text) else None
