"""Choose the range of values for pictures of more than 8 bits in a batch."""

import math
from typing import Literal

import numpy as np

DEPTH = 16  # bits of a grey value, if the format of payloads names no range
# Usual ranges of floats. A batch has the first of these ranges of which it uses more than half.
_USUAL_RANGES: tuple[tuple[float, float], ...] = ((0, 1), (-1, 1), (0, 255), (0, 65535))


class Values:
    """The values of more than 8 bits that were seen so far."""

    def __init__(self) -> None:
        self.low = np.inf
        self.high = -np.inf
        self.are_whole = True

    def add(self, values: np.ndarray) -> None:
        """Take values (n,) into account."""
        if values.size:
            self.low = min(self.low, float(values.min()))
            self.high = max(self.high, float(values.max()))
        if values.dtype.kind == "f" or self.low < 0 or self.high >= 2**DEPTH:
            self.are_whole = False

    def range(self, depth: Literal["auto"] | int | tuple[float, float]) -> tuple[float, float]:
        """The value that becomes 0, and the value that would become 256.

        So the brightest value that is kept is just below the second.
        """
        if isinstance(depth, tuple):
            return depth
        if self.are_whole:
            bits = max(8, int(max(self.high, 0)).bit_length()) if depth == "auto" else depth
            return 0, 2**bits
        for low, high in _USUAL_RANGES:
            if low <= self.low and self.high <= high and self.high - self.low > (high - low) / 2:
                return low, high
        span = self.high - self.low
        if span <= 0:  # one value, or none that is finite
            return min(self.low, 0), max(self.high, 0) or 1
        # rounded outward, so that similar batches get the same range
        step = 10.0 ** math.floor(math.log10(span / 2))
        low, high = math.floor(self.low / step) * step, math.ceil(self.high / step) * step
        return float(f"{low:.9g}"), float(f"{high:.9g}")

    def brightest(self, white: float) -> float:
        """The value that becomes 255, for people; `white` is the one that would become 256.

        For whole numbers with a range of full bits it is `white - 1`, such as 65535.
        """
        is_of_bits = white in [2**bits for bits in range(8, DEPTH + 1)]
        return white - 1 if self.are_whole and is_of_bits else white
