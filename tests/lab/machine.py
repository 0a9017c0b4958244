"""A machine of the lab: QEMU without KVM, from power on to the end that a boot was meant to have.

Law: one machine at a time. Its disk forgets what is written to it; only the state disk stays, as it is when the power
goes. Every wait has an end.

Source: docs/lab.md, "How it is made".
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Self

LINE = "console=ttyS0 quiet loglevel=3 mitigations=off nokaslr tsc=reliable panic=0"
BOOT_WITHIN_S = 900.0
"""Also the longest that the guest may say nothing."""


class MachineStuckError(Exception):
    """The guest said nothing for too long, or died."""


@dataclass
class Machine:
    """One boot. ``rtc``: what its clock says at power on. ``keeps_levels``: pins are like a Raspberry Pi's."""

    lab: Path
    log: Path
    rtc: str = "utc"
    keeps_levels: bool = True
    process: subprocess.Popen[str] | None = None
    _lines: Queue[str | None] = field(default_factory=Queue)

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.cut()

    def lines(self) -> Iterator[str]:
        """What the guest says, until it is off.

        Raises:
            MachineStuckError: it says nothing.
        """
        while True:
            try:
                line = self._lines.get(timeout=BOOT_WITHIN_S)
            except Empty:
                raise MachineStuckError(
                    f"nothing for {BOOT_WITHIN_S:.0f} s; see {self.log}"
                ) from None
            if line is None:
                return
            yield line

    def cut(self) -> None:
        """The power goes."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def _listen(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        with self.log.open("w", encoding="utf-8") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                self._lines.put(line.strip())
        self._lines.put(None)

    def _command(self) -> list[str]:
        disks = (
            f"file={self.lab}/root.img,if=virtio,format=raw,snapshot=on",
            f"file={self.lab}/run/state.img,if=virtio,format=raw,cache=writeback",
        )
        return [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", "q35,usb=off"),
            *("-cpu", "max", "-smp", "2", "-m", "1024", "-nodefaults", "-no-reboot"),
            *("-display", "none", "-monitor", "none", "-serial", "stdio"),
            *("-kernel", f"{self.lab}/kernel/vmlinuz", "-initrd", f"{self.lab}/kernel/initrd.gz"),
            *("-append", f"{LINE} lab.keeps_levels={int(self.keeps_levels)}"),
            *(word for disk in disks for word in ("-drive", disk)),
            *("-fsdev", f"local,id=lab,path={self.lab},security_model=none,readonly=on"),
            *("-device", "virtio-9p-pci,fsdev=lab,mount_tag=lab"),
            *("-rtc", f"base={self.rtc}", "-device", "i6300esb", "-action", "watchdog=poweroff"),
        ]
