"""The machine's network interfaces and their addresses, as the kernel tells them. Read, never changed.

Law: nothing is sent. The loopback interface is none of them. Every path hangs below one root, so that a folder can
stand for a machine.

Source: Linux Documentation/ABI/testing/sysfs-class-net; proc(5), ``/proc/net/if_inet6``; netdevice(7), ``SIOCGIFADDR``.
"""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

SIOCGIFADDR = 0x8915
NAME_BYTES = 15
LINK_LOCAL = "20"
"""The scope of addresses that no central is reached by."""


@dataclass(frozen=True, slots=True)
class Interface:
    """``is_up``: a cable or a radio link is there."""

    name: str
    is_up: bool
    addresses: tuple[str, ...]


def interfaces(root: Path = Path("/")) -> tuple[Interface, ...]:
    """All but the loopback, by name."""
    sixes = _sixes(root / "proc/net/if_inet6")
    return tuple(
        Interface(one.name, _is_up(one), (*_four(one.name), *sixes.get(one.name, ())))
        for one in sorted((root / "sys/class/net").glob("*"))
        if one.name != "lo" and (one / "operstate").is_file()
    )


def _is_up(folder: Path) -> bool:
    try:
        return (folder / "carrier").read_text(encoding="ascii").strip() == "1"
    except OSError:
        # an interface that is switched off does not even say
        return False


def _four(name: str) -> tuple[str, ...]:
    asked = struct.pack("256s", name.encode()[:NAME_BYTES])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            told = fcntl.ioctl(any_socket.fileno(), SIOCGIFADDR, asked)
        except OSError:
            return ()
    return (socket.inet_ntoa(told[20:24]),)


def _sixes(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except OSError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for digits, _number, _prefix, scope, _flags, name in rows:
        if scope != LINK_LOCAL:
            address = str(ipaddress.IPv6Address(int(digits, 16)))
            found[name] = (*found.get(name, ()), address)
    return found
