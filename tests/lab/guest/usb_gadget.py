"""A USB barcode scanner that is made of software: a keyboard and a serial line on a dummy host controller.

Law: the product sees what a cable would bring: `/dev/ttyACM0` and `/dev/input/event…`, there while it is plugged in.

Source: Linux, Documentation/usb/gadget_configfs.rst; USB HID 1.11, appendix B.1 (the keyboard's descriptor).
"""

from __future__ import annotations

import threading
from pathlib import Path

import serial

from board import wait_until
from installed_gate import run

GADGET = Path("/sys/kernel/config/usb_gadget/scanner")
MODULES = (
    *("dummy_hcd", "libcomposite", "usb_f_hid", "usb_f_acm"),
    *("usbhid", "hid_generic", "cdc_acm", "evdev"),
)
KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508"
    "1500256505071900296581"
    "00c0"
)
PRODUCT = "Lab Barcode Imager"
SHIFT, ENTER, DASH = 2, 0x28, 0x2D
REPORT_BYTES = 8


class UsbScanner:
    """Plugged in when it is made."""

    def __init__(self) -> None:
        for module in MODULES:
            run("modprobe", module)
        strings, config = GADGET / "strings/0x409", GADGET / "configs/c.1"
        for folder in (strings, config, GADGET / "functions/hid.0", GADGET / "functions/acm.0"):
            folder.mkdir(parents=True)
        for name, text in (("idVendor", "0x1d6b"), ("idProduct", "0x0104")):
            (GADGET / name).write_text(text, encoding="ascii")
        (strings / "product").write_text(PRODUCT, encoding="ascii")
        for name, text in (("protocol", "1"), ("subclass", "1"), ("report_length", "8")):
            (GADGET / "functions/hid.0" / name).write_text(text, encoding="ascii")
        (GADGET / "functions/hid.0/report_desc").write_bytes(KEYBOARD)
        for name in ("hid.0", "acm.0"):
            (config / name).symlink_to(GADGET / "functions" / name)
        self.plug_in()

    def plug_in(self) -> None:
        """Its cable is in."""
        controller = next(Path("/sys/class/udc").iterdir()).name
        (GADGET / "UDC").write_text(controller, encoding="ascii")
        wait_until(self.is_there, "a plugged scanner")

    def pull_out(self) -> None:
        """Its cable is out."""
        (GADGET / "UDC").write_text("\n", encoding="ascii")

    def is_there(self) -> bool:
        """True when both devices are."""
        return Path("/dev/ttyACM0").exists() and self.keyboard() is not None

    def keyboard(self) -> str | None:
        """The event device of its keyboard."""
        for name in Path("/sys/class/input").glob("event*/device/name"):
            device = Path("/dev/input") / name.parts[-3]
            if PRODUCT in name.read_text(encoding="utf-8") and device.exists():
                return str(device)
        return None

    def type_in(self, text: str) -> None:
        """As a wedge types a code; a new line is Enter."""
        with Path("/dev/hidg0").open("wb", buffering=0) as keys:
            for char in text:
                keys.write(bytes([SHIFT if char.isupper() else 0, 0, usage(char), 0, 0, 0, 0, 0]))
                keys.write(bytes(REPORT_BYTES))

    def send(self, data: bytes) -> None:
        """As a serial imager sends a code."""
        with serial.Serial("/dev/ttyGS0", 115_200) as line:
            line.write(data)
            line.flush()
            threading.Event().wait(1)  # what the line has not sent when it is closed is lost


def usage(char: str) -> int:
    """The HID usage of a key."""
    if char.isalpha():
        return 4 + ord(char.lower()) - ord("a")
    if char.isdigit():
        return 30 + (int(char) + 9) % 10
    return {"-": DASH, "\n": ENTER}[char]
