"""The contents of examples for the page, read in advance, so that nobody waits for the next one.

The page asks for examples in another order than that of the batches. So one pass over the batches
runs in the background, and writes the contents to a file without a name.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread

import pandas as pd

from assay.catalogue import payloads
from assay.cleaning import review_page
from assay.contract import files
from assay.contract.errors import InputError

_BLOCK = 256  # examples that are read at a time
_SIDE = 512  # pixels of a larger image


class Contents:
    """The contents of some rows of the catalogue. Memory does not grow with their number."""

    def __init__(self, examples: pd.DataFrame) -> None:
        self._examples, self._file = examples, files.scratch()
        self._places: dict[int, tuple[int, int]] = {}  # offset and length in the file, by row
        Thread(target=self._fill, daemon=True).start()

    def _fill(self) -> None:
        offset = 0
        shown = payloads.shown(self._examples, _BLOCK, _SIDE)
        with suppress(OSError, InputError):  # `of` raises it again
            for row, text in zip(self._examples.index, shown, strict=True):
                content = review_page.cut(text).encode()
                length = os.pwrite(self._file.fileno(), content, offset)
                self._places[int(row)] = offset, length
                offset += length

    def of(self, rows: Sequence[int]) -> dict[int, str]:
        """The contents of ascending rows, by row. Those that the pass has not reached are read."""
        at_hand = {row: self._places[row] for row in rows if row in self._places}
        contents = {
            row: os.pread(self._file.fileno(), length, offset).decode()
            for row, (offset, length) in at_hand.items()
        }
        others = [row for row in rows if row not in at_hand]
        shown = payloads.shown(self._examples.loc[others], _BLOCK, _SIDE)
        return contents | dict(zip(others, map(review_page.cut, shown), strict=True))
