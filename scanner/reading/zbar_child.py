"""The child process that runs libzbar: pictures in on a socket, readings out.

Law: libzbar may abort, hang or raise; it does so here, where nothing is lost. The child ends when its parent
does. It imports neither numpy nor anything of ours, so that it starts in a blink.

Protocol, on file descriptor 0: the child first sends one line of JSON, `{"ready": true}` or
`{"ready": false, "why": ...}`. Then for each request (three little-endian 32-bit numbers: width, height, a bit
mask over `SYMBOLS`; then the grey pixels) it answers one line of JSON: a list of
`[symbol, payload as hex, [left, top, right, bottom]]`, or `{"fault": ...}`.

Source: docs/decoding.md, "The second opinion".
"""

from __future__ import annotations

import json
import signal
import socket
import struct
from collections.abc import Iterable
from typing import Any

SYMBOLS = ("EAN13", "UPCA", "EAN8", "UPCE", "I25", "CODE39", "CODE93", "CODE128", "CODABAR")
REQUEST = struct.Struct("<III")


def mask_of(symbols: Iterable[str]) -> int:
    """The bit mask that stands for these names of `SYMBOLS`."""
    return sum(1 << SYMBOLS.index(symbol) for symbol in set(symbols))


def main() -> None:
    """Answer requests until the parent closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=0) as parent, parent.makefile("rb") as requests:
        try:
            from pyzbar import pyzbar
        except ImportError as error:
            _say(parent, {"ready": False, "why": str(error)})
            return
        _say(parent, {"ready": True})
        while header := requests.read(REQUEST.size):
            width, height, mask = REQUEST.unpack(header)
            _say(parent, _read(pyzbar, requests.read(width * height), width, height, mask))


def _read(pyzbar: Any, pixels: bytes, width: int, height: int, mask: int) -> object:
    wanted = [pyzbar.ZBarSymbol[name] for bit, name in enumerate(SYMBOLS) if mask >> bit & 1]
    try:
        found = pyzbar.decode((pixels, width, height), symbols=wanted)
    except Exception as error:  # noqa: BLE001 - whatever it raises, the next picture may be read
        return {"fault": type(error).__name__}
    return [
        [
            symbol.type,
            symbol.data.hex(),
            [
                symbol.rect.left,
                symbol.rect.top,
                symbol.rect.left + symbol.rect.width,
                symbol.rect.top + symbol.rect.height,
            ],
        ]
        for symbol in found
    ]


def _say(parent: socket.socket, answer: object) -> None:
    parent.sendall(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
