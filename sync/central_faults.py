"""What can go wrong between gate and central, as faults with codes.

Law: a line that failed (`LineError`) and an answer that is not what was asked for (`RefusedError`) are told apart,
because after the first nothing else will be heard either. Foreign words are cut and cleaned before they reach a log. A
reply's size is counted while it comes, whatever it announced.

Source: docs/sync-protocol.md, "Errors"; docs/sync.md, "The line".
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from typing import Self
from urllib.parse import urlsplit

import requests
import urllib3
from requests import Response

from scanner.core.errors import CentralError, InputError
from sync.backoff import parse_retry_after
from sync.transport import CertificateRefusedError
from sync.wire import ERROR_BYTES, Problem, parse_message

CHUNK_BYTES = 64 * 1024
WORDS_MOST = 500
"""Characters of a foreign message that are kept."""

OVERSIZE = "central_oversize"

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_JSON = ("application/json", "application/problem+json")
_HTML = ("text/html", "application/xhtml+xml")


class LineError(CentralError):
    """Nothing, or nothing whole, was heard from the central."""


class RefusedError(CentralError):
    """The central (or something that speaks for it) answered, and not with what was asked.

    ``status`` is HTTP's; ``retry_after_s`` what it asked for.
    """

    def __init__(
        self, code: str, message: str, hint: str = "", *, status: int, retry_after_s: float = 0
    ) -> None:
        super().__init__(code, message, hint)
        self.status = status
        self.retry_after_s = retry_after_s

    @classmethod
    def of_problem(cls, problem: Problem, status: int, retry_after_s: float) -> Self:
        """The central's own words, under its own code."""
        return cls(
            problem.code,
            _plain(problem.message),
            _plain(problem.hint),
            status=status,
            retry_after_s=retry_after_s,
        )


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:WORDS_MOST])


def read_capped(response: Response, limit_bytes: int) -> Iterator[bytes]:
    """A reply's body as it comes, never decompressed.

    Raises:
        CentralError: ``central_oversize``.
    """
    announced = response.headers.get("Content-Length", "")
    is_too_long = announced.isdigit() and int(announced[:19]) > limit_bytes
    received = 0
    for chunk in () if is_too_long else response.raw.stream(CHUNK_BYTES, decode_content=False):
        received += len(chunk)
        if received > limit_bytes:
            is_too_long = True
            break
        yield chunk
    if is_too_long:
        raise CentralError(
            "central_oversize",
            f"the central's answer is over {limit_bytes} bytes; the rest is not read",
            "this is not our central, or it runs a version with other limits",
        )


def unreadable(error: InputError) -> CentralError:
    """A reply that is no message of ours."""
    return CentralError(
        "central_reply_unreadable",
        f"{error.message}; it is not used",
        "this is not our central, or it runs another version",
    )


def refuse_html(response: Response) -> None:
    """A web page is never an answer of ours.

    Raises:
        RefusedError: ``captive_portal``.
    """
    if _media_type(response) in _HTML:
        raise _captive_portal(response, "a web page answered instead of the central")


def refuse_other_types(response: Response) -> None:
    """Only JSON is read as a message.

    Raises:
        RefusedError: ``captive_portal`` or ``central_content_type``.
    """
    refuse_html(response)
    if (found := _media_type(response)) not in _JSON:
        raise RefusedError(
            "central_content_type",
            f"the central answered with {found[:60]!r} instead of JSON; it is not used",
            "this is not our central: look at central.url",
            status=response.status_code,
        )


def _media_type(response: Response) -> str:
    return response.headers.get("Content-Type", "").split(";")[0].strip().lower()


def _captive_portal(response: Response, what: str) -> RefusedError:
    return RefusedError(
        "captive_portal",
        f"{what} (status {response.status_code}); it is not followed and nothing of it is used",
        "this network wants somebody to log in with a browser, or central.url is wrong",
        status=response.status_code,
    )


def refusal(response: Response) -> RefusedError:
    """What a reply with a bad status means."""
    status = response.status_code
    wait_s = parse_retry_after(response.headers.get("Retry-After"), response.headers.get("Date"))
    is_elsewhere = requests.codes.multiple_choices <= status < requests.codes.bad_request
    if is_elsewhere or status == requests.codes.network_authentication:
        return _captive_portal(response, "the answer sends us elsewhere")
    if status == requests.codes.too_many or status >= requests.codes.server_error:
        return RefusedError(
            "central_busy",
            f"the central (or a proxy before it) answered {status}; asked again later",
            "look at the central's log",
            status=status,
            retry_after_s=wait_s,
        )
    if _media_type(response) in _HTML:
        return _captive_portal(response, "a web page answered instead of the central")
    problem = _read_problem(response)
    if problem is not None and _CODE.fullmatch(problem.code):
        return RefusedError.of_problem(problem, status, wait_s)
    return RefusedError(
        "central_refuses",
        f"the central answered {status} without a reason of its own",
        "look at the central's log, and at what is between it and this gate",
        status=status,
        retry_after_s=wait_s,
    )


def _read_problem(response: Response) -> Problem | None:
    if _media_type(response) in _JSON:
        with contextlib.suppress(CentralError, InputError):
            return parse_message(Problem, b"".join(read_capped(response, ERROR_BYTES)))
    return None


def line_error(error: Exception, url: str) -> LineError:
    """What went wrong under requests, by its innermost reason."""
    # an expired deadline looks like anything from inside
    reasons = (error,) if isinstance(error, TimeoutError) else tuple(_reasons(error))
    code, found = next(
        (code, reason)
        for kinds, code in _LINE_CODES.items()
        for reason in reasons
        if isinstance(reason, kinds)
    )
    what, hint = _LINE_WORDS[code]
    detail = str(found.args[0]) if isinstance(found, CertificateRefusedError) else ""
    return LineError(code, f"{urlsplit(url).netloc}: {what}{detail}", hint)


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """An exception and all it was made from, outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


_TLS_HINT = "look at the central's certificate, or pin its key in the enrolment code"
_LINE_CODES: dict[tuple[type[BaseException], ...], str] = {
    (CertificateRefusedError,): "central_certificate_refused",
    (requests.exceptions.SSLError, urllib3.exceptions.SSLError): "central_tls_bad",
    (urllib3.exceptions.NameResolutionError, socket.gaierror): "central_name_unknown",
    (ConnectionRefusedError,): "central_refused",
    # urllib3 counts it among the time-outs, whatever the reason
    (urllib3.exceptions.NewConnectionError,): "central_unreachable",
    (
        TimeoutError,
        requests.exceptions.Timeout,
        urllib3.exceptions.TimeoutError,
    ): "central_timeout",
    (urllib3.exceptions.ProtocolError, ConnectionError): "central_cut_off",
    (BaseException,): "central_unreachable",
}
_LINE_WORDS: dict[str, tuple[str, str]] = {
    "central_certificate_refused": ("nothing was sent, ", _TLS_HINT),
    "central_tls_bad": ("no trusted TLS connection, nothing was sent", _TLS_HINT),
    "central_name_unknown": (
        "the name cannot be resolved",
        "look at central.url and at the network's DNS",
    ),
    "central_timeout": (
        "no whole answer in time",
        "the line is dead or very slow; scanning goes on, facts wait in the ledger",
    ),
    "central_refused": (
        "nothing listens there",
        "the central is down, or central.url names a wrong port",
    ),
    "central_cut_off": (
        "the line was cut in the middle of a message",
        "what came whole is kept; the next contact goes on from there",
    ),
    "central_unreachable": ("the line failed", "look at cable, modem and central"),
}


def nonce_missing() -> LineError:
    """Without a nonce nothing can be signed."""
    return LineError(
        "central_nonce_missing",
        "the central gave no nonce; nothing can be signed",
        "something between gate and central removes headers, or this is not our central",
    )
