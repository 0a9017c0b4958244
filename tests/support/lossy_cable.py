"""A cable between two network namespaces that loses packets: a pair of TUN devices with this process between them.

Law: whole IP packets are passed on or not, each by chance; the kernels at both ends do with it what they do on a real
line (they wait, and send again). Nothing is delayed, altered or put in another order.

Source: Linux, Documentation/networking/tuntap.rst.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import select
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

DEVICE = Path("/dev/net/tun")
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET_BYTES = 2_048


@dataclass
class LossyCable:
    """``names`` of its two ends, and how many packets went in and got lost."""

    names: tuple[str, str]
    dice: random.Random
    loss: float = 0.0
    passed: int = 0
    lost: int = 0

    def carry(self, source: int, sink: int) -> None:
        """One packet."""
        packet = os.read(source, PACKET_BYTES)
        if self.dice.random() < self.loss:
            self.lost += 1
            return
        self.passed += 1
        # an end that is not up yet takes nothing
        with contextlib.suppress(OSError):
            os.write(sink, packet)


def can_make_cables() -> bool:
    """True where this account may make TUN devices."""
    try:
        os.close(_open_end(f"ptry{os.getpid()}"))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def lossy_cable(
    names: tuple[str, str], plug_in: Callable[[str], None], seed: int
) -> Iterator[LossyCable]:
    """A cable whose ends ``plug_in`` puts where they belong; it loses nothing before ``loss`` is set."""
    cable = LossyCable(names, random.Random(seed))
    ends = [_open_end(name) for name in names]
    wake, stop = os.pipe()
    thread = threading.Thread(target=_pump, args=(cable, ends, wake), daemon=True)
    try:
        for name in names:
            plug_in(name)
        thread.start()
        yield cable
    finally:
        os.close(stop)
        if thread.ident is not None:
            thread.join()
        for handle in (*ends, wake):
            os.close(handle)


def _pump(cable: LossyCable, ends: list[int], wake: int) -> None:
    """Until the pipe's other end is closed."""
    near, far = ends
    while True:
        ready, _, _ = select.select([near, far, wake], [], [])
        if wake in ready:
            return
        for source in ready:
            cable.carry(source, far if source == near else near)


def _open_end(name: str) -> int:
    handle = os.open(DEVICE, os.O_RDWR)
    try:
        fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError:
        os.close(handle)
        raise
    return handle
