"""Second opinions that say what they were told to."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from scanner.core.errors import DeviceError
from scanner.reading.candidate import Box
from scanner.reading.second_opinion import LinearReading


class PreparedOpinion:
    """Says the same of every picture, and counts how often it was asked."""

    def __init__(self, *payloads: bytes, fault: DeviceError | None = None) -> None:
        self.asked = 0
        self.is_closed = False
        self.fault = fault
        self._payloads = payloads

    def read(
        self, grey: NDArray[np.uint8], symbologies: Iterable[str]
    ) -> list[LinearReading] | None:
        self.asked += 1
        if self.fault is not None:
            return None
        height, width = grey.shape
        box = Box(0, 0, width, height)
        return [
            LinearReading(name, payload, box) for name in symbologies for payload in self._payloads
        ]

    def close(self) -> None:
        self.is_closed = True
