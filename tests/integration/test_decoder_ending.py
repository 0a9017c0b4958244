"""What a decoder leaves behind in a process that ends while a thread still holds it."""

from __future__ import annotations

import subprocess
import sys

from support.gates import environment

PROGRAM = """
import threading
import numpy as np
from hardware.frames import Frame
from scanner.reading.decode import Decoder

decoder = Decoder(("qr",))
decoder.read(Frame(np.random.default_rng(0).integers(0, 255, (360, 640), np.uint8), 0, 1))
threading.Thread(target=lambda held: threading.Event().wait(), args=(decoder,), daemon=True).start()
decoder.close()
"""


def test_a_closed_decoder_leaves_its_library_nothing_to_complain_about() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment(), capture_output=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, b"")
